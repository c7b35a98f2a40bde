"""ASVS 6.3.8, B5: who does not know the code learns nothing, neither by bytes nor by what the server does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from local.phone import made_up_code, selector
from restore import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.functional.world import Owner, World

SERVICES = ("dynamodb", "secretsmanager", "sesv2")


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
