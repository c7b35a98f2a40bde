"""ASVS 6.3.8, B5: who does not know the code learns nothing, neither by bytes nor by what the server does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from local.phone import VERIFIED_TAG, Key, fresh_nonce, made_up_code, selector, signed
from restore import aws
from restore.keys import short_of
from tests.functional.world import routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.phone import Request
    from tests.functional.world import Owner, Route, World

SERVICES = ("dynamodb", "secretsmanager", "sesv2", "kms")


class Tally:
    """What was asked of AWS: each call with its expressions, and the units that DynamoDB says it consumed."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.units: list[Any] = []

    def ask(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
        """Ask for the units, and note what is asked."""
        if model.service_model.service_name == "dynamodb":
            params = {**params, "ReturnConsumedCapacity": "INDEXES"}
        self.calls.append((model.name, _form(params)))
        return params

    def told(self, parsed: dict[str, Any], **_: Any) -> None:
        """Note the answer's form."""
        self.units.append((parsed["ResponseMetadata"]["HTTPStatusCode"], parsed.get("ConsumedCapacity")))


def _form(value: Any) -> Any:
    """A call without its values: names, expressions and the kinds of the values stay."""
    if isinstance(value, dict):
        return {name: member if name in EXPRESSIONS else _form(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_form(member) for member in value]
    if isinstance(value, str):
        kind = re.sub(r"[A-Za-z0-9_-]{22}", "*", value)
        return {"on", "email", "barred", "codes", "n", "ttl", "PK", "SK"} & {value} or len(kind)
    return value


EXPRESSIONS = frozenset({"ConditionExpression", "UpdateExpression", "KeyConditionExpression", "TableName"})


@pytest.fixture
def tally() -> Iterator[Tally]:
    """Watch every call."""
    tally = Tally()
    for service in SERVICES:
        events = aws.client(service).meta.events
        events.register_last("provide-client-params", tally.ask, unique_id="tally ask")
        events.register_last("after-call", tally.told, unique_id="tally told")
    yield tally
    for service in SERVICES:
        events = aws.client(service).meta.events
        events.unregister("provide-client-params", unique_id="tally ask")
        events.unregister("after-call", unique_id="tally told")


def unknown(world: World, owner: Owner) -> tuple[str, str]:
    """An identity that does not exist: of a name as long as the others'."""
    return "bob", owner.restore_code


def wrong(world: World, owner: Owner) -> tuple[str, str]:
    """Another code than the one in force."""
    return "ada", made_up_code()


def off(world: World, owner: Owner) -> tuple[str, str]:
    """Restore was disabled."""
    owner.phone.disable().expect(204)
    return "ada", owner.restore_code


def unconfirmed(world: World, owner: Owner) -> tuple[str, str]:
    """The address was never confirmed, the code is right."""
    phone = world.phone()
    phone.create("eve").expect(201)
    return "eve", phone.enable("eve@example.com").expect(201)["restore_code"]


def barred(world: World, owner: Owner) -> tuple[str, str]:
    """Barred by an administrator, the code is right."""
    world.set("ada", "R", barred=True)
    return "ada", owner.restore_code


def replaced(world: World, owner: Owner) -> tuple[str, str]:
    """A code that was right once."""
    owner.phone.enable().expect(201)
    return "ada", owner.restore_code


REASONS: dict[str, Callable[[World, Owner], tuple[str, str]]] = {
    reason.__name__: reason for reason in (unknown, wrong, off, unconfirmed, barred, replaced)
}


def refusal(world: World, tally: Tally, reason: str) -> tuple[bytes, Any, Any, Any]:
    """The second refusal for a reason, in a function that has started: its bytes, headers, calls and units."""
    owner = world.owner()
    identity, code = REASONS[reason](world, owner)
    world.phone().request_restore(identity, made_up_code()).expect(403, "restore_refused")
    tally.calls.clear()
    tally.units.clear()
    answer = world.phone().request_restore(identity, code)
    answer.expect(403, "restore_refused")
    return answer.body, answer.headers, list(tally.calls), list(tally.units)


@pytest.mark.parametrize("reason", sorted(set(REASONS) - {"unknown"}))
def test_every_reason_is_refused_alike(world: World, tally: Tally, reason: str) -> None:
    """Byte for byte, with the same headers, the same calls with the same expressions, the same units; no mail."""
    saved = world.save()
    body, headers, calls, units = refusal(world, tally, "unknown")
    world.go_back(saved)
    assert refusal(world, tally, reason) == (body, headers, calls, units)
    assert [name for name, _ in calls] == ["TransactWriteItems"]
    assert len(world.events("ada")) == len([row for row in world.events("ada") if row["type"] != "restoration.refused"])


def test_restore_forbidden_by_policy_is_refused_with_as_many_calls(world: World, tally: Tally) -> None:
    """The policy is the server's, not the identity's: known and unknown identities are one there, too."""
    owner = world.owner()
    world.redeploy(RestoreEnabled="false")
    answers, calls = [], []
    for identity in ("ada", "bob"):
        world.phone().request_restore(identity, made_up_code()).expect(403, "restore_refused")
        tally.calls.clear()
        answers.append(world.phone().request_restore(identity, owner.restore_code))
        calls.append(list(tally.calls))
    assert answers[0].body == answers[1].body
    assert calls[0] == calls[1]


def test_a_wrong_code_with_the_right_selector_costs_one_call_more(world: World, tally: Tally) -> None:
    """Its sender has a third of the paper: the answer is the same, the count is on the code."""
    body, headers, calls, _ = refusal(world, tally, "wrong")
    owner = world.owner("cleo")
    tally.calls.clear()
    answer = world.phone().request_restore("cleo", made_up_code(selector(owner.restore_code)))
    assert (answer.body, answer.headers) == (body, headers)
    assert [name for name, _ in tally.calls] == [name for name, _ in calls] * 2


def test_the_throttle_answers_unknown_identities_as_known_ones(world: World, tally: Tally) -> None:
    """429 with the same bytes and calls, whatever there is."""
    owner = world.owner()
    world.redeploy(WrongCodesPerSource="2")
    for _ in range(2):
        world.phone().request_restore("ada", made_up_code()).expect(403, "restore_refused")
    answers, calls = [], []
    for identity, code in (("bob", made_up_code()), ("ada", made_up_code()), ("ada", owner.restore_code)):
        tally.calls.clear()
        answers.append(world.phone().request_restore(identity, code))
        calls.append([name for name, _ in tally.calls])
        answers[-1].expect(429, "too_many_requests")
    assert len({(answer.body, answer.headers) for answer in answers}) == 1
    assert calls[0] == calls[1] == calls[2]


# Every other route that a stranger can call

EXEMPT = {
    ("POST", "/v1/identities"): "a name that is taken is told (409): else nobody could choose one",
    ("POST", "/v1/identities/{identity}/restorations"): "above",
}
OPEN = [
    route
    for route in routes()
    if route.path.startswith(("/v1/identities", "/dispute/")) and (route.method, route.path) not in EXEMPT
]
"""Those that name an identity, and that no authorizer guards."""
NEW_KEY = Key.generate()
BODIES: dict[str, dict[str, Any]] = {
    "back-up-prompt": {"answer": "not_now"},
    "email": {"email": "stranger@example.net"},
    "second-email": {"email": "stranger@example.net"},
    "confirmation": {"code": "12345678"},
    "drill": {"restore_code": made_up_code()},
    "verification-key": {"verification_key": NEW_KEY.public},
}
"""What is sent, by the last part of the path; nothing but `{}` or no body where it is not here."""


def stranger(world: World, route: Route, identity: str, ids: dict[str, str]) -> Request:
    """A stranger's well-made request of a route, for this identity; `ids` are of what there is of ada's."""
    phone = world.phone(identity=identity)
    if route.path.startswith("/dispute/"):
        return phone.unsigned(route.method, f"/dispute/{identity}.{ids['about']}.{'x' * 22}", b"")
    path = route.path.format(**{**ids, "identity": identity})
    last = path.rpartition("/")[2]
    if last == "completion" and "{pairing}" in route.path:
        return phone.prepare_scan(identity, ids["pairing"], "x" * 22)
    if last == "completion":
        return phone.prepare_completion(ids["restoration"], "12345678")
    body = BODIES.get(last, {}) if route.method in {"POST", "PUT"} else None
    created, nonce = int(world.clock.now), fresh_nonce()
    request = phone.prepare(route.method, path, body, verified=True, created=created, nonce=nonce)
    if last == "verification-key":
        request = signed(request, NEW_KEY, tag=VERIFIED_TAG, label="new", created=created, nonce=nonce)
    return request


def everything(world: World) -> dict[str, str]:
    """Ada with a device that is held, a restoration and a pairing under way, mails with links; the ids of it all."""
    owner = world.owner()
    held = world.restored(owner)
    _, restoration, _ = world.begun(held)
    pairing = owner.phone.offer_pairing().expect(201)["pairing"]["id"]
    owner.phone.change_second_email("ada@second.example").expect(202)
    ids = {"restoration": restoration, "pairing": pairing, "device": held.phone.id}
    return ids | {"about": short_of(held.phone.id)}


@pytest.mark.parametrize("route", OPEN, ids=lambda route: f"{route.method} {route.path}")
def test_a_stranger_sees_no_difference(world: World, tally: Tally, route: Route) -> None:
    """B5, ASVS 6.3.8: known or unknown identity: the same bytes, calls in the same order, and units.

    In a function that has just started, too: what it then asks for once, such as the pepper, tells nothing either.
    """
    ids = everything(world)
    abouts = [ids["about"]]
    if "token" in route.path:
        abouts += [short_of(world.phone().id), "email", "second_email"]
    before = world.items()
    for about in abouts:
        for cold in (True, False):
            seen = []
            for identity in ("ada", "bob"):
                if cold:
                    world.handlers.clear()
                tally.calls.clear()
                tally.units.clear()
                answer = world.send(stranger(world, route, identity, ids | {"about": about}))
                assert answer.status in {401, 410}, answer.text
                seen.append((answer.status, answer.body, answer.headers, list(tally.calls), list(tally.units)))
            known, unknown = seen
            assert [name for name, _ in known[3]] == [name for name, _ in unknown[3]], "cold" if cold else "warm"
            assert known == unknown
            assert {"Query", "GetItem", "UpdateItem"} & {name for name, _ in known[3]}, "nothing was looked up"
    assert world.items() == before


def test_every_route_is_compared() -> None:
    """A new one is, too, as soon as it is in the template: whatever is left out names no identity, or is guarded."""
    others = [route.path for route in routes() if route not in OPEN and (route.method, route.path) not in EXEMPT]
    guarded_or_public = ("/v1/admin/", "/.well-known/", "/restore", "/pair", "/problems/", "/dashboard")
    assert [path for path in others if not path.startswith(guarded_or_public)] == []
    assert {(route.method, route.path) for route in routes()} >= set(EXEMPT)
    assert len(OPEN) >= 30
