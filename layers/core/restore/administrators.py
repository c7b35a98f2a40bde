"""Administrators: who they are by the token that API Gateway has checked, and what their role allows.

The authorizer checks signature, pool and expiry of the token; what it does not check is checked here, from its claims:
that it is an id token of this deployment's own client, which role it gives, and how long ago the person signed in. An
*auditor* reads, *helpdesk* also helps, *admin* also sees codes and sets policy.

An act of an administrator is counted before anything else about it is looked at, and one that is refused is written
into the administrators' log (`restore.adminlog`) like one that is done. What one person did in the last hour lies in an
item of theirs: the limit holds exactly, and refused acts are written down, too, but not without end.
"""

from __future__ import annotations

import copy
import re
import time
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Literal

from restore import adminlog, signatures, standing
from restore.conditions import replace
from restore.errors import Problem, invalid
from restore.http import (
    MAX_BODY_BYTES,
    Answer,
    Call,
    empty,
    guarded,
    header,
    identity_of,
    is_json,
    language_of,
    parsed,
    source_of,
)
from restore.keys import IDENTITY_NAME, person_key
from restore.settling import attempts
from restore.startup import wired
from restore.store import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restore.conditions import Item
    from restore.policy import Policy
    from restore.store import Table

Role = Literal["auditor", "helpdesk", "admin"]

ROLES: Final[tuple[Role, ...]] = ("auditor", "helpdesk", "admin")
"""Each may do what those before it may."""

HOUR: Final = 3600
REFUSALS_AN_HOUR: Final = 60
"""So many refused acts of one person are written into the log; the functions' logs have every one."""

_UNTOLD: Final = frozenset({"unavailable", "too_large"})
_BRACKETED: Final = re.compile(r"\[(.*)\]", re.DOTALL)
_WEIGHT: Final = re.compile(r"q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """A person as the token tells. `sub` names them for ever; `name` is how people know them; a role they may lack."""

    sub: str
    name: str
    role: Role | None
    signed_in_at: int

    def must_be(self, role: Role) -> None:
        """Refuse who has a lesser role, or none."""
        if self.role is None or ROLES.index(self.role) < ROLES.index(role):
            raise Problem("not_allowed", reason=f"role {self.role} where {role} is needed")

    def must_have_signed_in_lately(self, seconds: int, now: int) -> None:
        """Refuse where the person signed in too long ago for an act, whatever the token's own life."""
        if not now - seconds <= self.signed_in_at <= now + signatures.MAX_SKEW_SECONDS:
            raise Problem("reauthentication_required")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminCall(Call):
    """One request of an administrator.

    `route` is its path below the server's address; `queries` are its parameters; `if_match` and `approval` the headers
    of these names, or None; `wants_csv` what `Accept` says.
    """

    administrator: Administrator
    method: str
    route: str
    queries: Mapping[str, str] = field(default_factory=dict)
    if_match: str | None = None
    approval: str | None = None
    wants_csv: bool = False

    def only_queries(self, *known: str) -> None:
        """Refuse parameters that a route does not know: a filter that is misspelt must not show everything."""
        for name in self.queries:
            if name not in known:
                raise invalid(name[:64], "is not known")


def of_event(event: Mapping[str, Any]) -> Administrator:
    """The administrator whose token the authorizer has let through; `token_invalid` for one that is no good here."""
    claims: Mapping[str, Any] = (event["requestContext"].get("authorizer") or {}).get("claims") or {}
    client = (event.get("stageVariables") or {}).get("client")
    if not client or claims.get("aud") != client or claims.get("token_use") != "id" or not claims.get("sub"):
        raise Problem("token_invalid")
    signed_in_at = str(claims.get("auth_time", ""))
    return Administrator(
        sub=str(claims["sub"]),
        name=str(claims.get("email") or claims.get("cognito:username") or claims["sub"])[:254],
        role=_role(claims.get("cognito:groups")),
        signed_in_at=int(signed_in_at) if signed_in_at.isdecimal() else 0,
    )


def reading(
    routes: Mapping[str, Callable[[AdminCall], Answer]], role: Role = "auditor"
) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """A Lambda handler for routes that change nothing, each `<method> <path>` with what answers it."""

    def answer(event: dict[str, Any]) -> Answer:
        who = of_event(event)
        who.must_be(role)
        return routes[f"{event['httpMethod']} {event['resource']}"](_read(event, who, None, int(time.time())))

    return wired(guarded(answer))


class Desk:
    """Where acts of administrators come in: what all of them go by, handed over by the `app.py` that wires it.

    `policy` is the template's; `acts_an_hour` None: these acts are not counted.
    """

    def __init__(self, table: Table, policy: Policy, sign_in_seconds: int, acts_an_hour: int | None) -> None:
        self.table = table
        self.policy = policy
        self._sign_in_seconds = sign_in_seconds
        self._acts_an_hour = acts_an_hour

    def acting(
        self, *, role: Role, body: Any, counts: Callable[[Mapping[str, Any]], bool] = lambda _: True
    ) -> Callable[[Callable[[AdminCall], Answer]], Callable[[dict[str, Any], Any], dict[str, Any]]]:
        """Make an act of an administrator a Lambda handler.

        `body` is the pydantic model of the request's body; `counts` says whether this request counts as an act.
        """

        def decorate(act: Callable[[AdminCall], Answer]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
            def answer(event: dict[str, Any]) -> Answer:
                who, now = of_event(event), int(time.time())
                try:
                    who.must_be(role)
                    who.must_have_signed_in_lately(self._sign_in_seconds, now)
                    if self._acts_an_hour is not None and counts(event):
                        count(self.table, who.sub, self._acts_an_hour, now)
                    return act(_read(event, who, body, now))
                except Problem as problem:
                    tell_refused(self.table, who, event, problem, now)
                    raise

            return wraps(act)(wired(guarded(answer)))

        return decorate


def count(table: Table, sub: str, most: int, now: int) -> None:
    """Count one act of a person, or refuse it: so many in any hour, whatever becomes of them."""

    def one_more(person: Item) -> None:
        recent = [at for at in person.get("acts", []) if at > now - HOUR]
        if len(recent) >= most:
            raise Problem(
                "too_many_requests", retry_after=recent[-most] + HOUR - now, reason="acts of an administrator"
            )
        person["acts"] = [*recent, now]

    _change(table, sub, one_more, now)


def tell_refused(table: Table, who: Administrator, event: Mapping[str, Any], problem: Problem, now: int) -> None:
    """Write a refused act into the administrators' log, as long as the person has not filled it this hour."""
    if problem.code in _UNTOLD:
        return

    def one_more(person: Item) -> None:
        recent = [at for at in person.get("refused", []) if at > now - HOUR]
        if len(recent) >= REFUSALS_AN_HOUR:
            raise Problem("too_many_requests")
        person["refused"] = [*recent, now]

    try:
        _change(table, who.sub, one_more, now)
    except Problem:
        return
    name = str((event.get("pathParameters") or {}).get("identity", "")).lower()
    detail: dict[str, Any] = {
        "route": f"{event['httpMethod']} {event['resource']}",
        "code": problem.code,
        "administrator": who.sub,
    }
    if problem.members.get("policy"):
        detail["policy"] = problem.members["policy"]
    source = source_of(event)
    # a name that nobody has is not written down: nothing would ever erase it
    named = IDENTITY_NAME.fullmatch(name) and adminlog.tell(
        table, "act.refused", now, source=source, identity=name, further=[standing.exists(name)], **detail
    )
    if not named:
        adminlog.tell(table, "act.refused", now, source=source, **detail)


def _read(event: dict[str, Any], who: Administrator, model: Any, now: int) -> AdminCall:
    server = signatures.server_address(event)
    text: str | None = event.get("body")
    raw = (text or "").encode()
    if len(raw) > MAX_BODY_BYTES:
        raise Problem("too_large")
    if raw and not is_json(event):
        raise Problem("not_json")
    path = event.get("pathParameters") or {}
    if any("%" in value for value in path.values()):
        raise Problem("not_found")  # no id or name has a symbol that needs it
    return AdminCall(
        signed=None,
        administrator=who,
        method=event["httpMethod"],
        route=_route(event),
        identity=identity_of(path["identity"], "identity") if "identity" in path else "",
        path=path,
        body=empty(raw) if model is None else parsed(raw, model),
        server=server,
        source=source_of(event),
        language=language_of(event),
        now=now,
        queries=_queries(event),
        if_match=header(event, "if-match"),
        approval=header(event, "approval"),
        wants_csv=_wants_csv(header(event, "accept")),
    )


def _route(event: Mapping[str, Any]) -> str:
    """The path below the server's address, as the route's template and the path's variables make it."""
    route: str = event["resource"]
    for name, value in (event.get("pathParameters") or {}).items():
        route = route.replace(f"{{{name}}}", value)
    return route


def _queries(event: Mapping[str, Any]) -> dict[str, str]:
    """The query's parameters as API Gateway has decoded them; one that is there twice is refused."""
    found = {}
    for name, values in (event.get("multiValueQueryStringParameters") or {}).items():
        if len(values) != 1:
            raise invalid(name[:64], "is there more than once")
        found[name] = values[0]
    return found


def _wants_csv(accept: str | None) -> bool:
    """Whether `Accept` names CSV, and neither refuses it nor would rather have JSON (of equals the first)."""
    kinds = []
    for one in (accept or "").split(","):
        kind, *parameters = (part.strip().lower() for part in one.split(";"))
        if kind in {"text/csv", "application/json"}:
            kinds.append((kind, _weight(parameters)))
    kind, weight = max(kinds, key=lambda one: one[1], default=("", 0))
    return kind == "text/csv" and weight > 0


def _weight(parameters: list[str]) -> float:
    """The weight that a kind of answer is given (RFC 9110, 12.4.2)."""
    return next((float(one[2:]) for one in parameters if _WEIGHT.fullmatch(one)), 1)


def _change(table: Table, sub: str, change: Callable[[Item], None], now: int) -> None:
    for _ in attempts():
        before = table.get(person_key(sub))
        person = copy.deepcopy(before) or {**person_key(sub), "form": 1}
        change(person)
        person["ttl"] = now + 2 * HOUR
        try:
            table.write(replace(person, before), returning="NONE")
        except Refused:
            continue
        return
    raise Problem("unavailable", retry_after=1, reason="conflicts")


def _role(groups: Any) -> Role | None:
    """The highest role among the groups: `a,b` in the cloud, `[a, b]` or `[a b]` elsewhere, perhaps a list.

    Each form is taken apart as it was put together, and no further: else somebody whose group only has a role's name in
    its own would have the role.
    """
    if isinstance(groups, list):
        names = groups
    elif bracketed := _BRACKETED.fullmatch(str(groups)):
        names = bracketed[1].replace(",", " ").split()
    else:
        names = str(groups).split(",")
    return next((role for role in reversed(ROLES) if role in names), None)
