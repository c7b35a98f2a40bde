"""Administrators as API Gateway's authorizer hands them on, and their calls of the real handlers."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from local.phone import Answer, Request
from restore import aws
from tests.functional.world import ADDRESS, HOUR, Context, routes
from tests.unit.events import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.functional.world import World

CLIENT: Final = "the-client"
"""The stage variable of the pool's client, as the template sets it."""
OFFICE: Final = "203.0.113.20"
POLICY_SECONDS: Final = 30
"""The contract: a policy is in force within so long."""


@dataclass
class Clerk:
    """A person who administers. `claims` are laid over those of an ordinary token."""

    world: World
    role: str | None
    sub: str = ""
    signed_in_at: float | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    client: str | None = CLIENT

    def __post_init__(self) -> None:
        """Everybody has a name."""
        self.sub = self.sub or f"sub-of-{self.role}"

    def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        if_match: str | None = None,
        approval: str | None = None,
        accept: str | None = None,
        raw: str | None = None,
        content_type: str | None = "application/json",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        """Call a route below `/v1/admin`, with the query in the target; `headers` are further ones."""
        made, function, request = self.prepare(
            method,
            target,
            body,
            if_match=if_match,
            approval=approval,
            accept=accept,
            raw=raw,
            content_type=content_type,
            headers=headers,
        )
        result = self.world.handler(function)(made, Context())
        answer = Answer(request, result["statusCode"], tuple(result["headers"].items()), result["body"].encode(), 0.0)
        self.world.answers.append(answer)
        return answer

    def prepare(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        if_match: str | None = None,
        approval: str | None = None,
        accept: str | None = None,
        raw: str | None = None,
        content_type: str | None = "application/json",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> tuple[dict[str, Any], str, Request]:
        """The event that API Gateway makes of a call, the function that it goes to, and the request."""
        parts = urlsplit(f"/v1/admin{target}")
        text = raw if raw is not None else None if body is None else json.dumps(body)
        given = (
            ("Content-Type", content_type if text is not None else None),
            ("If-Match", if_match),
            ("Approval", approval),
            ("Accept", accept),
        )
        headers += tuple((name, value) for name, value in given if value is not None)
        route, variables = next(
            (one, found) for one in routes() if (found := one.match(method, parts.path)) is not None
        )
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        made = event(ADDRESS, method, route.path, variables, headers=headers, query=query, body=text)
        made["requestContext"]["identity"]["sourceIp"] = OFFICE
        made["requestContext"]["authorizer"] = {"claims": self._claims()}
        if self.client is not None:
            made["stageVariables"] = {**(made.get("stageVariables") or {}), "client": self.client}
        sent = None if text is None else text.encode()
        request = Request(method, ADDRESS.url, f"{ADDRESS.sent}/v1/admin{target}", headers, sent)
        return made, route.function, request

    def act(self, identity: str, what: str, reason: str = "as asked by phone", **more: Any) -> Answer:
        """Do something about an identity; `what` is what stands behind its name."""
        approval = more.pop("approval", None)
        return self.call("POST", f"/identities/{identity}/{what}", {"reason": reason, **more}, approval=approval)

    def _claims(self) -> dict[str, Any]:
        signed_in_at = self.world.clock.now - 60 if self.signed_in_at is None else self.signed_in_at
        claims = {
            "sub": self.sub,
            "aud": CLIENT,
            "token_use": "id",
            "email": f"{self.sub}@company.example",
            "auth_time": str(int(signed_in_at)),
            "exp": "Sat Nov 28 20:37:48 UTC 2026",
            **({"cognito:groups": self.role} if self.role else {}),
        }
        return {name: value for name, value in {**claims, **self.claims}.items() if value is not None}


def set_policy(world: World, **fields: Any) -> Answer:
    """Set some fields of the policy, the others as they are, and wait until it is in force everywhere."""
    clerk = Clerk(world, "admin", sub="who-sets-policy")
    policy = clerk.call("GET", "/policy").expect(200)
    version = policy.pop("version")
    answer = clerk.call("PUT", "/policy", {**policy, **fields}, if_match=f'"{version}"')
    world.clock.move(POLICY_SECONDS)
    return answer


@contextmanager
def meanwhile(act: Callable[[], Any], operation: str = "TransactWriteItems", *, times: int = 1) -> Iterator[None]:
    """Let something else happen just before the next calls of this kind reach DynamoDB: races, lost on purpose."""
    events, name, pending = aws.client("dynamodb").meta.events, f"before-send.dynamodb.{operation}", [act] * times
    busy: list[bool] = []

    def before(**_: Any) -> None:
        if pending and not busy:
            busy.append(True)  # the other act's own calls are let through
            pending.pop()()
            busy.clear()

    events.register_first(name, before, unique_id="meanwhile")
    try:
        yield
    finally:
        events.unregister(name, unique_id="meanwhile")
    assert not pending, "nothing of this kind was called"


def long_ago(world: World) -> float:
    """A sign-in that is too old to act on."""
    return world.clock.now - HOUR - 1
