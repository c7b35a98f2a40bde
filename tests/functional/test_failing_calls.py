"""AWS fails at every call of every act in turn: a retry where that is safe, else 503, and nothing is half done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.functional.acts import ACTS, DISPUTES, LAST, VARIATIONS
from tests.functional.faults import BY_NAME, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.phone import Answer
    from tests.functional.faults import Fault
    from tests.functional.world import World

SERVICE: Final = {"GetSecretValue": "secretsmanager", "SendEmail": "sesv2", "Encrypt": "kms", "Decrypt": "kms"}
UNTOLD: Final = frozenset({"ver", "seq", "head", "lang"})
"""The log, and the language of mails: it is remembered beside an act, and the next request tells it again."""
ROWS_ALONE: Final = frozenset({"reading"})
"""What changes nothing but the log."""
FOR_EVER: Final = ("throttled", "conflict", "answer lost")
ALIKE: Final = ("broken", "unreachable")
"""To the client's retry they are what throttling is: tried at the first call of each operation."""
SECOND_STEPS: Final = {"sign_in": ("GetItem", "UpdateItem")}
"""What follows when the act is done: a sign-in is counted first, and only then read what to tell of it."""
PATIENCE_TRIED: Final = ("throttled", "dynamodb")
"""Conflicts for ever try the same patience with fewer calls: botocore does not repeat them itself."""
COLD: Final = ("GetSecretValue", "GetItem")
"""What a function asks for when it has just started: the pepper and the policy."""


class Shape:
    """What the table says, without what differs each time (random values, times, nonces, counters) and without the log.

    A random value of the state before stands as it is, so that one in its place is seen. The log is checked for itself:
    a mail that was refused adds rows to it that tell of what was taken back.
    """

    def __init__(self, world: World, act: str) -> None:
        self._known = set(strings(list(world.items().values())))
        self._with_rows = act in ROWS_ALONE

    def __call__(self, world: World) -> dict[tuple[str, str], Any]:
        """The shape of what there is now."""
        told = {
            key: self._masked({name: value for name, value in item.items() if name not in UNTOLD})
            for key, item in (
                (key, world.item(key[0].removeprefix("ID#"), key[1])) for key in world.items(counters=False)
            )
            if not key[1].startswith("E#")
        }
        rows = [row["type"] for row in world.events("ada")] if self._with_rows else None
        return {**told, ("ID#ada", "E#"): rows}

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return sorted(
                (self._text(name), str(self._text(member, 0) if name == "label" else self._masked(member)))
                for name, member in value.items()
                if name != "seen" and not (name.startswith("n") and name[1:].isdigit())
            )
        if isinstance(value, list):
            return [self._masked(member) for member in value]
        if isinstance(value, str):
            return self._text(value)
        return "time" if isinstance(value, int) and value > 10**9 else value

    def _text(self, value: str, shortest: int = 18) -> str:
        return value if len(value) < shortest or value in self._known else "*"


def strings(value: Any) -> Iterator[str]:
    """Every text in a value, names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from (name, *strings(member))
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)


def must_be_success_or_503(answer: Answer, success: int) -> bool:
    """Whether it succeeded; what did not says when to come again."""
    if answer.status == 503:
        assert answer.header("Content-Type") in {"application/problem+json", "text/html; charset=utf-8"}
        if answer.header("Content-Type") == "application/problem+json":
            answer.expect(503, "unavailable")
            assert int(answer.header("Retry-After") or 0) >= 1
        return False
    assert answer.status in {success, 200}, answer.text
    return True


@pytest.mark.parametrize("act", ACTS)
def test_every_call_failing_in_turn(world: World, act: str) -> None:
    """ASVS 2.3.3, 16.5.3: a success or 503, the state before or the state after; signed afresh it then succeeds."""
    make = ACTS[act](world)
    shape = Shape(world, act)
    saved, before = world.save(), shape(world)
    for cold in (True, False):
        world.go_back(saved)
        if cold:
            world.handlers.clear()
        with Wire() as wire:
            first = world.send(make())
        assert first.status < 300
        after, calls = shape(world), wire.calls
        assert before != after
        for fault, at, for_ever in cases(calls, patience=act not in VARIATIONS):
            if cold and calls[at] not in COLD:
                continue  # the same as in a warm function
            world.go_back(saved)
            if cold:
                world.handlers.clear()
            what = f"{act}: call {at} ({calls[at]}) {fault} {'for ever' if for_ever else 'once'}"
            with Wire(fault, at, for_ever=for_ever) as wire:
                answer = world.send(make())
            assert wire.failed, what
            now = shape(world)
            world.must_have_whole_logs()
            if must_be_success_or_503(answer, first.status):
                assert now == after, what
                continue
            if fault.after or calls[at] in SECOND_STEPS.get(act, ()):
                assert now in (before, after), what
            else:
                assert now == before, what
            world.clock.move(30)  # the pause that a resend has to keep
            again = world.send(make())
            assert again.status in expected_again(act, first.status, done=now == after), f"{what}: then {again.text}"
            world.must_have_whole_logs()


def expected_again(act: str, success: int, *, done: bool) -> set[int]:
    """What the same act, signed afresh, may be answered: its success, unless it was done and can be done but once."""
    if done and act in DISPUTES:
        return {410}
    return {401} if done and act in LAST else {success, 200}


def cases(calls: list[str], *, patience: bool) -> list[tuple[Fault, int, bool]]:
    """Which fault at which call, once or for ever: those that the call's service can have.

    Patience is the layer's and not an act's, and most of the time that this takes: variations of an act do without.
    """
    found: list[tuple[Fault, int, bool]] = []
    for at, operation in enumerate(calls):
        service = SERVICE.get(operation, "dynamodb")
        for name, fault in BY_NAME.items():
            if not fault.fits(service) or (name in ALIKE and operation in calls[:at]):
                continue
            found.append((fault, at, False))
            if patience and name in FOR_EVER and (name, service) != PATIENCE_TRIED:
                found.append((fault, at, True))
    return found
