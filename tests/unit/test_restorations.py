"""Restorations as pure functions: whatever is asked for in whatever order, the diagram of the module holds."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from restore import completion, restorations
from restore.codes import Pepper
from restore.errors import Problem
from restore.http import Call
from restore.limits import Limits
from restore.policy import Policy
from restore.signatures import Signed

if TYPE_CHECKING:
    from collections.abc import Callable

PEPPER = Pepper.parse(json.dumps({"current": "1", "1": "a" * 64}))
LIMITS = Limits()
START = 1_795_000_200
CODE = "1.selector"
DAY = 86400

NEXT = {
    "awaiting_code": {"awaiting_code", "waiting", "completed", "cancelled", "expired", "exhausted"},
    "waiting": {"waiting", "completed", "cancelled", "expired"},
    "completed": {"completed"},
    "cancelled": {"cancelled"},
    "expired": {"expired"},
    "exhausted": {"exhausted", "cancelled"},
}
"""The arrows of the diagram. A code that was exhausted may be told as cancelled where a new restore code ended it."""


def call_of(device: str, now: int, nonce: int) -> Call:
    """A request of a device."""
    signed = Signed(device, f"{nonce:022d}", (), ("base",))
    return Call(
        signed=signed,
        identity="ada",
        path={},
        body=None,
        server="https://id.example.com",
        source="192.0.2.1",
        language=None,
        now=now,
    )


def refusal_or[Made](act: Callable[[], Made]) -> Made | Problem:
    """What an act gives, or the refusal that it raises."""
    try:
        return act()
    except Problem as problem:
        return problem


class Restorations(RuleBasedStateMachine):
    """One identity with one restore code, three phones that want to be restored, and a clock."""

    begun = Bundle("begun")

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.nonce = 0
        self.restore: dict[str, Any] = {}
        self.codes: dict[str, str] = {}
        self.former: dict[str, list[str]] = {}
        self.wrong: dict[str, int] = {}
        self.resent: dict[str, int] = {}
        self.seen: dict[str, str] = {}
        self.done: list[str] = []
        self.policy = Policy()

    @initialize(hours=st.sampled_from([0, 1, 48]))
    def enabled(self, hours: int) -> None:
        """Restore is enabled."""
        self.restore = {"on": True, "email": "ada@example.com", "codes": {CODE: {"label": "K7QD"}}}
        self.policy = Policy(waiting_hours=hours)

    def call(self, phone: str) -> Call:
        """A request with a fresh nonce."""
        self.nonce += 1
        return call_of(phone, self.now, self.nonce)

    @rule(seconds=st.sampled_from([1, 29, 30, 60, 299, 600, 3600, 7200, DAY, 8 * DAY]))
    def time_passes(self, seconds: int) -> None:
        """The clock moves."""
        self.now += seconds

    @rule(target=begun, phone=st.sampled_from(["one", "two", "three"]))
    def asks(self, phone: str) -> Any:
        """With the right restore code: the one under way, or a new one; ten mails an hour."""
        call = self.call(phone)
        before = restorations.asked_before(self.restore, CODE, call)
        if before:
            assert restorations.status(before[1], self.now) in restorations.PENDING
            return multiple()
        made = refusal_or(
            lambda: restorations.request(
                self.restore, CODE, name="x", platform="ios", pepper=PEPPER, limits=LIMITS, call=call
            )
        )
        if isinstance(made, Problem):
            assert made.code == "too_many_requests"
            assert made.retry_after
            assert 0 < made.retry_after <= 3600
            return multiple()
        assert made.number not in self.codes
        self.codes[made.number], self.former[made.number] = made.code, []
        self.wrong[made.number] = self.resent[made.number] = 0
        return made.number

    def entry(self, number: str) -> dict[str, Any] | None:
        """The restoration, unless it is forgotten."""
        entry: dict[str, Any] | None = self.restore.get("rst", {}).get(number)
        return entry

    @rule(number=begun)
    def resends(self, number: str) -> None:
        """Three at most, apart, while it awaits its code: the old code is dead and attempts are not refilled."""
        entry = self.entry(number)
        if entry is None:
            return
        attempts = entry["a"]
        call = self.call(entry["k"])
        made = refusal_or(lambda: restorations.resend(self.restore, number, pepper=PEPPER, limits=LIMITS, call=call))
        if isinstance(made, Problem):
            over = {"expired", "cancelled", "used", "attempts_exhausted"}
            assert made.code in {"limit_reached", "too_many_requests"} | over
            return
        self.resent[number] += 1
        assert self.resent[number] <= 3
        assert entry["a"] == attempts
        self.former[number].append(self.codes[number])
        self.codes[number] = made.code

    @rule(number=begun, right=st.booleans(), data=st.data())
    def types_a_code(self, number: str, right: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn
        """A right one settles it, a wrong or former one costs an attempt; five at most, whatever is resent."""
        entry = self.entry(number)
        if entry is None or restorations.status(entry, self.now) != "awaiting_code":
            return
        wrong = data.draw(st.sampled_from(["00000000", *self.former[number]]))
        code = self.codes[number] if right else wrong
        fits = restorations.code_fits(entry, number, code, identity="ada", pepper=PEPPER)
        assert fits == (code == self.codes[number])
        assert not restorations.code_fits(entry, number, code, identity="eve", pepper=PEPPER)
        if not fits:
            problem = restorations.miss(self.restore, entry, limits=LIMITS, now=self.now)
            self.wrong[number] += 1
            assert problem.members["attempts_left"] == entry["a"] >= 0
            assert self.wrong[number] <= 5
            return
        nothing = SimpleNamespace(verification_key=None, other_devices=None)
        completion.settle(self.restore, entry, nothing, self.call(entry["k"]), self.policy)
        assert entry["ready"] == self.now + self.policy.waiting_hours * 3600
        self.binds(number)

    @rule(number=begun)
    def binds(self, number: str) -> None:
        """Once ready it is completed, and every other one under way is cancelled; the code is spent."""
        entry = self.entry(number)
        if entry is None or restorations.status(entry, self.now) != "waiting" or entry["ready"] > self.now:
            return
        restorations.finish(self.restore, number, entry, self.now)
        assert restorations.pending(self.restore, self.now) == {}
        self.done.append(number)

    @rule(number=begun)
    def vetoes(self, number: str) -> None:
        """What is under way ends; what is over says why."""
        entry = self.entry(number)
        if entry is None:
            return
        before = restorations.status(entry, self.now)
        changed = refusal_or(lambda: restorations.cancel(entry, self.now))
        if isinstance(changed, Problem):
            assert before in {"completed", "expired", "exhausted"}
            assert changed.status == 410
            return
        assert changed == (before != "cancelled")
        assert restorations.status(entry, self.now) == "cancelled"

    @rule()
    def a_new_code(self) -> None:
        """Ends whatever is under way, and counts start at nought."""
        restorations.cancel_pending(self.restore, self.now)
        self.restore["codes"] = {CODE: {"label": "NEXT"}}
        assert restorations.pending(self.restore, self.now) == {}

    @invariant()
    def at_most_three_await_their_code(self) -> None:
        """A fourth has ended the oldest."""
        waiting = [one for one in restorations.pending(self.restore, self.now).values() if one["st"] == "awaiting_code"]
        assert len(waiting) <= 3

    @invariant()
    def states_follow_the_arrows(self) -> None:
        """And what is over is over; what is remembered is bounded."""
        for number, entry in self.restore.get("rst", {}).items():
            state = restorations.status(entry, self.now)
            assert state in NEXT[self.seen.get(number, "awaiting_code")], (number, self.seen.get(number), state)
            self.seen[number] = state
        assert len(self.restore.get("rst", {})) <= 64

    @invariant()
    def the_item_stays_small(self) -> None:
        """What is over is dropped, the oldest first, with the next request."""
        restorations.forget(self.restore, self.now)
        over = [one for one in self.restore.get("rst", {}).values() if one["st"] not in restorations.PENDING]
        assert len(over) <= restorations.KEPT_WHEN_OVER


TestRestorations = Restorations.TestCase
TestRestorations.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_what_was_completed_outlives_what_ended_in_the_same_second() -> None:
    """A repeat of the completion is answered, however many it has cancelled, and in whatever order they are read."""
    most = restorations.KEPT_WHEN_OVER
    over = {f"c{order}": entry_of(st="cancelled", end=START, o=order) for order in range(most + 2)}
    done = {"done": entry_of(st="completed", end=START, o=0)}
    for entries in ({**over, **done}, {**done, **over}):
        restore = {"rst": dict(entries)}
        restorations.forget(restore, START)
        assert set(restore["rst"]) == {"done", *(f"c{order}" for order in range(3, most + 2))}


def entry_of(**members: Any) -> dict[str, Any]:
    """A restoration that awaits its code."""
    return {"st": "awaiting_code", "k": "new", "a": 5, "r": 3, "x": START + 600, "s": START, "at": START, **members}


@pytest.mark.parametrize(
    ("entry", "at", "state"),
    [
        (entry_of(), 599, "awaiting_code"),
        (entry_of(), 600, "expired"),
        (entry_of(a=0), 0, "exhausted"),
        (entry_of(a=0), 600, "exhausted"),
        (entry_of(st="waiting", ready=START + 3600), 600, "waiting"),
        (entry_of(st="waiting", ready=START + 3600), 3600 + 7 * DAY - 1, "waiting"),
        (entry_of(st="waiting", ready=START + 3600), 3600 + 7 * DAY, "expired"),
        (entry_of(st="completed", end=START), 9 * DAY, "completed"),
        (entry_of(st="cancelled", end=START), 9 * DAY, "cancelled"),
    ],
)
def test_time_and_attempts_end_a_restoration_without_a_write(entry: dict[str, Any], at: int, state: str) -> None:
    """TTL is only the dustman: expiry is compared."""
    assert restorations.status(entry, START + at) == state


def test_a_stranger_hears_one_answer_whatever_there_is() -> None:
    """No identity, no such restoration, another's key: `not_paired`."""
    restore = {"rst": {"r": entry_of()}}
    for item, number, device in ((None, "r", "new"), ({}, "r", "new"), (restore, "other", "new"), (restore, "r", "x")):
        with pytest.raises(Problem, match="not_paired"):
            restorations.of_new_device(item, number, call_of(device, START, 1))
    assert restorations.of_new_device(restore, "r", call_of("new", START, 1)) is restore["rst"]["r"]
