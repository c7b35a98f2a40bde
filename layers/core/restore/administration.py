"""Acts of administrators: settled like any other act, told to the user, and written into a log of their own.

The administrators' log is a chain like an identity's (`restore.audit`), under a name that no identity can have. One
transaction holds the act, the identity's own row of it, the administrators' row with who, why and about whom, the spent
approval where two people are asked for, and a check that policy is still what the act went by: no act without its row,
and none by a policy that another administrator has just changed.

What one administrator did in the last hour lies in an item of theirs: the limit holds exactly, and a refused act is
written down, too, but not without end.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from restore import approvals, standing
from restore.audit import Act
from restore.audit import erased as audit_erased
from restore.conditions import Write, deletion, put, put_new, replace
from restore.errors import Problem
from restore.http import source_of
from restore.keys import (
    ADMINISTRATION,
    IDENTITY_NAME,
    approval_key,
    event_key,
    order_key,
    person_key,
    policy_key,
    restore_key,
)
from restore.policies import stored
from restore.settling import Change, View, act_of, attempts, commit, raise_for, writes_of
from restore.store import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restore.administrators import AdminCall, Administrator
    from restore.conditions import Item
    from restore.policy import Policy
    from restore.store import Table

HOUR: Final = 3600
REFUSALS_AN_HOUR: Final = 60
"""So many refused acts of one person are written into the log; the functions' logs have every one."""

_UNTOLD: Final = frozenset({"unavailable", "too_large"})


@dataclass(slots=True)
class Terms:
    """What an act goes by: policy, read for this very act, and whether it only asks for a second person's word."""

    policy: Policy
    version: int
    asking: bool


@dataclass(slots=True)
class Order:
    """What an act decided.

    `name` is its noun in the administrators' log, whose row is `<name>.ordered` unless `row` is another type;
    `two_people` what it is called where a second one has to approve it, or empty where one is enough; `tells` are
    further members of the row: ids, labels, and for policy what was changed.
    """

    name: str
    change: Change
    two_people: str = ""
    tells: dict[str, Any] = field(default_factory=dict)
    row: str = ""


@dataclass(slots=True)
class Done:
    """An act that is written: what it decided to answer, and the restore item before and after."""

    answer: Any
    before: Item
    after: Item


def settle(
    table: Table, call: AdminCall, defaults: Policy, decide: Callable[[View, Act, Terms], Order]
) -> Done | approvals.Asked:
    """Settle an act of an administrator, on the identity of the call or, without one, on nobody.

    Where policy asks for two people and `Approval` is not there, nothing is done but asking; the act is decided all the
    same, so that what would be refused is refused now. An approval counts only for the very same request, once.
    """
    for _ in attempts():
        policy, version = stored(table, defaults)
        approval = approvals.given(table, call, version) if call.approval is not None else None
        view, before = _view(table, call)
        act = act_of(call)
        order = decide(view, act, Terms(policy, version, asking=policy.two_person_approval and approval is None))
        change = order.change
        if not change.written:
            return Done(change.answer, before, before)
        log, log_before = _log(table)
        told = Act(ADMINISTRATION, now=call.now, device=None, source=call.source, server=call.server)
        asked: approvals.Asked | None = None
        if order.two_people and policy.two_person_approval and approval is None:
            asked = approvals.ask(table, call, order.two_people, version)
            if asked.write is None:
                return asked  # asked for before, and still open
            told.tell("approval.requested", approval=asked.entry["SK"], act=order.two_people, **_about(call))
            change = Change(further=[(asked.write, None)])
            if call.identity:
                change.further.append((standing.exists(call.identity), Problem("not_found")))
            own: list[Write] = []
        else:
            told.tell(order.row or f"{order.name}.ordered", **_about(call), **order.tells)
            own = writes_of(view.restore, before, act) if call.identity else []
            if not any(write.key == policy_key() for write, _ in change.further):
                change.further.append((_policy_stays(version), None))
            if approval is not None:
                change.further.append((approvals.spent(approval, call), Problem("not_allowed", reason="approval used")))
        writes = [*own, *writes_of(log, log_before, told), *_marker(call.identity, log)]
        try:
            commit(table, writes, change)
        except Refused as refused:
            raise_for(refused, len(writes), change)
            continue
        return asked or Done(change.answer, before, view.restore)
    raise Problem("unavailable", retry_after=1, reason="conflicts")


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
    named = IDENTITY_NAME.fullmatch(name) and tell(
        table, "act.refused", now, source=source, identity=name, further=[standing.exists(name)], **detail
    )
    if not named:
        tell(table, "act.refused", now, source=source, **detail)


def tell(
    table: Table,
    kind: str,
    now: int,
    *,
    source: str,
    identity: str | None = None,
    further: list[Write] | None = None,
    **detail: Any,
) -> bool:
    """Write a row of its own into the administrators' log; False where a further write's condition did not hold."""
    for _ in attempts():
        log, before = _log(table)
        act = Act(ADMINISTRATION, now=now, device=None, source=source, server="")
        act.tell(kind, **({"identity": identity} if identity else {}), **detail)
        writes = [*writes_of(log, before, act), *_marker(identity, log)]
        try:
            table.transact([*writes, *(further or [])])
        except Refused as refused:
            if any(found is not None for found in refused.found[len(writes) :]):
                return False
            continue
        return True
    raise Problem("unavailable", retry_after=1, reason="conflicts")


def erased(table: Table, seq: int) -> list[Write]:
    """Take what is personal out of a row of the administrators' log, because whom it names is erased.

    With the name goes who did it and why: one digest covers all three. What was done and when stays, and the chain
    holds. An approval that the row is about goes, too.
    """
    item = table.get(event_key(ADMINISTRATION, seq))
    if item is None:
        return []
    numbers = {row["detail"]["approval"] for row in item["rows"] if "approval" in row.get("detail", {})}
    return [
        put({**item, "rows": [audit_erased(row, administrators=True) for row in item["rows"]]}),
        *(deletion(approval_key(number)) for number in numbers),
    ]


def _view(table: Table, call: AdminCall) -> tuple[View, Item]:
    if not call.identity:
        return View({}), {}
    found = table.collection(call.identity)
    if found.restore is None or found.identity is None:
        raise Problem("not_found")
    return View(copy.deepcopy(found.restore), found.identity, found.devices), found.restore


def _about(call: AdminCall) -> dict[str, Any]:
    """Who did it, about whom and why: members of the administrators' row."""
    about: dict[str, Any] = {"administrator": call.administrator.sub, "name": call.administrator.name}
    if call.identity:
        about["identity"] = call.identity
    if reason := getattr(call.body, "reason", None):
        about["reason"] = reason
    if call.approval is not None:
        about["approval"] = call.approval
    return about


def _log(table: Table) -> tuple[Item, Item | None]:
    """The item with the head of the administrators' log, to be changed, and as it was read."""
    before = table.get(restore_key(ADMINISTRATION))
    return copy.deepcopy(before) or {**restore_key(ADMINISTRATION), "form": 1}, before


def _marker(identity: str | None, log: Item) -> list[Write]:
    """Where the identity's own items say which row names it: erasing it goes by them."""
    return [put_new({**order_key(identity, log["seq"]), "form": 1})] if identity else []


def _policy_stays(version: int) -> Write:
    """The policy that the act went by is in force when it is written: two people may be asked for since."""
    check = Write("ConditionCheck", policy_key())
    name = check.name("ver")
    return check.when(f"{name} = {check.value(version)}" if version else f"attribute_not_exists({name})")


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
