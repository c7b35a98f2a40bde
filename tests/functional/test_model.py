"""Random lives of one identity: its owner's phones, a thief, a mailbox, sheets of paper, and a clock.

A model of the requirements is played beside the real handlers. It knows who holds what, and after every step it says
what must never be: a device bound without the two codes or a paired device's word, a spent, replaced, cancelled or
expired thing that works, an identity that has neither a device nor a way back, a log with a gap, an answer that blames
the server.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from local.phone import Answer, made_up_code, other_digits
from restore.keys import short_of
from tests.functional.world import DAY, HOUR, MINUTE, World, WorldPhone, make_world

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

HOLD = 24 * HOUR


@dataclass
class Attempt:
    """A restoration as the model knows it."""

    phone: WorldPhone
    number: str
    paper: str
    code: str
    expires: float
    attempts: int
    dead_codes: list[str] = field(default_factory=list)
    over: bool = False
    done: bool = False


@dataclass
class Offer:
    """A pairing as the model knows it."""

    number: str
    secret: str
    by: str
    expires: float
    over: bool = False


class Life(RuleBasedStateMachine):
    """One identity's life, in a world that `begin` makes."""

    def __init__(self) -> None:
        super().__init__()
        self.identity, self.address = "ada", "ada@example.com"
        self.begin()
        self.phones: dict[str, WorldPhone] = {}
        self.paired: set[str] = set()
        self.held: dict[str, float] = {}
        self.brought: dict[str, str] = {}
        self.aside: set[str] = set()
        self.aside_until = 0.0
        self.live: dict[str, str] = {}
        self.dead: list[str] = []
        self.attempts: list[Attempt] = []
        self.offers: list[Offer] = []

    def begin(self) -> None:
        """Make a world in memory, with a clock of its own."""
        self.patches = pytest.MonkeyPatch()
        self.making = cast("Generator[World]", make_world(self.patches))
        self.world: Any = next(self.making)

    def teardown(self) -> None:
        """The owner, who has lost nothing but time, gets the identity back."""
        try:
            if self.phones:
                self._must_find_a_way_back()
        finally:
            self.end()

    def end(self) -> None:
        """Leave nothing of the world."""
        self.making.close()
        self.patches.undo()

    # What the model knows

    @property
    def now(self) -> float:
        """The clock."""
        return float(self.world.clock.now)

    def is_held(self, key: str) -> bool:
        """Whether a paired device is under a hold."""
        return self.held.get(key, 0) > self.now

    def is_pending(self, attempt: Attempt) -> bool:
        """Whether a restoration still awaits its code."""
        return not attempt.over and attempt.expires > self.now and attempt.attempts > 0

    def replace_codes(self, *codes: str) -> None:
        """Other codes are in force from now on; what was begun with the old ones is over."""
        self.dead += [code for code in self.live if code not in codes]
        self.live = dict.fromkeys(codes, "")
        for attempt in self.attempts:
            attempt.over = True

    def end_offers(self, *, of: str | None = None) -> None:
        """Offers end with restore, or with the device that shows them."""
        for offer in self.offers:
            offer.over = offer.over or of is None or offer.by == of

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """Keys in the order in which their phones came: keys are random, and a life has to be played again alike."""
        wanted = set(keys)
        return [key for key in self.phones if key in wanted]

    def paired_phone(self, data: st.DataObject, *, free: bool | None = None) -> WorldPhone | None:
        """Some paired phone; `free`: one that is not held."""
        keys = [key for key in self.in_order(self.paired) if free is None or self.is_held(key) != free]
        return self.phones[data.draw(st.sampled_from(keys))] if keys else None

    def new_phone(self) -> WorldPhone:
        """A phone that is not paired."""
        phone: WorldPhone = self.world.phone(name=f"phone {len(self.phones)}", identity=self.identity)
        self.phones[phone.id] = phone
        return phone

    # Steps

    @initialize()
    def is_created(self) -> None:
        """An identity with a phone, a confirmed address and restore enabled."""
        owner = self.world.owner(self.identity)
        self.phones[owner.phone.id] = owner.phone
        self.paired = {owner.phone.id}
        self.live = {owner.restore_code: ""}

    @rule(seconds=st.sampled_from([1, 31, 5 * MINUTE, 11 * MINUTE, 2 * HOUR, HOLD + 1, 3 * DAY]))
    def waits(self, seconds: int) -> None:
        """Time passes."""
        self.world.clock.move(seconds)

    @rule(data=st.data())
    def enables(self, data: st.DataObject) -> None:
        """A paired phone makes a new code; a held one may not."""
        phone = self.paired_phone(data)
        if phone is None:
            return
        answer = phone.enable()
        if self.is_held(phone.id):
            answer.expect(403, "not_allowed")
        else:
            self.replace_codes(answer.expect(201)["restore_code"])

    @rule(data=st.data())
    def disables(self, data: st.DataObject) -> None:
        """A paired phone switches restore off; a held one may not."""
        phone = self.paired_phone(data)
        if phone is None:
            return
        answer = phone.disable()
        if self.is_held(phone.id):
            answer.expect(403, "not_allowed")
        else:
            answer.expect(204)
            self.replace_codes()
            self.end_offers()

    @rule(data=st.data())
    def signs_in(self, data: st.DataObject) -> None:
        """Every phone that ever was tries; those that are paired get in."""
        phone = self.phones[data.draw(st.sampled_from(list(self.phones)))]
        answer = phone.sign_in()
        answer.expect(201) if phone.id in self.paired else answer.expect(401, "not_paired")

    @rule(data=st.data())
    def asks(self, data: st.DataObject) -> None:
        """Somebody asks for a restoration with a code: one in force, an ended one, or a guess at one."""
        codes = [*self.live, *self.dead[-3:], made_up_code(), *(made_up_code(one[:9]) for one in list(self.live)[:1])]
        code = data.draw(st.sampled_from(codes))
        phone = self.new_phone()
        answer = phone.request_restore(self.identity, code)
        if code not in self.live:
            assert answer.code in {"restore_refused", "too_many_requests"}, answer.text
            return
        if answer.status == 429:
            return  # mails an hour
        restoration = answer.expect(202)["restoration"]
        waiting = [one for one in self.attempts if self.is_pending(one)]
        for oldest in waiting[: max(0, len(waiting) - 2)]:
            oldest.over = True
        self.attempts.append(
            Attempt(
                phone,
                restoration["id"],
                code,
                self.world.mailed_code(self.address),
                self.now + 10 * MINUTE,
                restoration["attempts_left"],
            )
        )

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def asks_for_another_code(self, data: st.DataObject) -> None:
        """The mailed code is replaced; the old one is dead."""
        attempt = data.draw(st.sampled_from(self.attempts))
        answer = attempt.phone.resend_code(attempt.number)
        if answer.status == 202:
            assert self.is_pending(attempt)
            attempt.dead_codes.append(attempt.code)
            attempt.code, attempt.expires = self.world.mailed_code(self.address), self.now + 10 * MINUTE

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), guess=st.booleans(), unpair=st.booleans(), stranger=st.booleans())
    def completes(self, data: st.DataObject, *, guess: bool, unpair: bool, stranger: bool) -> None:
        """Somebody types a mailed code: the right one or another, into the phone that asked or into another."""
        attempt = data.draw(st.sampled_from(self.attempts))
        phone = self.new_phone() if stranger else attempt.phone
        wrong = [*attempt.dead_codes, other_digits(attempt.code)]
        code = data.draw(st.sampled_from(wrong)) if guess else attempt.code
        pending = self.is_pending(attempt)
        answer = phone.complete(attempt.number, code, "unpair" if unpair else "keep")
        if attempt.done and not stranger:
            self._repeats(attempt, answer, code)
        elif stranger or not pending or (guess and code != attempt.code):
            assert answer.status in {401, 403, 410}, answer.text
            if pending and not stranger:
                attempt.attempts = answer.expect(403, "wrong_code")["attempts_left"]
        else:
            self._is_bound(attempt, answer.expect(201), unpair=unpair)

    def _repeats(self, attempt: Attempt, answer: Answer, code: str) -> None:
        key = attempt.phone.id
        if key not in self.paired:
            assert answer.status in {401, 410}, answer.text
        elif answer.status == 200 and "restore_code" in answer.document:
            assert code == attempt.code
            self.replace_codes(answer.document["restore_code"])
        else:
            assert answer.status in {200, 410}, answer.text

    def _is_bound(self, attempt: Attempt, done: dict[str, Any], *, unpair: bool) -> None:
        assert attempt.paper in self.live, "a restoration went on with a code that had ended"
        key = attempt.phone.id
        if self.aside_until <= self.now:
            self.aside = set()
        if unpair:
            self.aside |= {other for other in self.paired if not self.is_held(other)}
            for other in self.paired:
                self.end_offers(of=other)
            self.paired = set()
        self.paired.add(key)
        self.held[key] = self.aside_until = self.now + HOLD
        attempt.done = attempt.over = True
        self.replace_codes(done["restore_code"])
        self.brought[key] = done["restore_code"]

    @precondition(lambda self: self.attempts and self.paired)
    @rule(data=st.data())
    def vetoes(self, data: st.DataObject) -> None:
        """A paired phone ends a restoration; a held one may not."""
        attempt, phone = data.draw(st.sampled_from(self.attempts)), self.paired_phone(data)
        assert phone is not None
        answer = phone.veto(attempt.number)
        if answer.status == 204:
            assert not self.is_held(phone.id)
            attempt.over = True

    @rule(data=st.data())
    def unpairs(self, data: st.DataObject) -> None:
        """A paired phone unpairs one; never the last while nobody could restore."""
        phone = self.paired_phone(data)
        if phone is None:
            return
        target = data.draw(st.sampled_from(self.in_order(self.paired)))
        held, target_held = self.is_held(phone.id), self.is_held(target)
        answer = phone.unpair(target)
        if len(self.paired) == 1 and not self.live:
            answer.expect(409, "last_device")
            return
        answer.expect(204)
        self.paired.discard(target)
        self.end_offers(of=target)
        if held and not target_held and self.aside_until > self.now:
            self.aside.add(target)
        if target_held and not held and self.brought.get(target) in self.live:
            self.replace_codes()
            self.end_offers()

    @rule(data=st.data())
    def offers_a_pairing(self, data: st.DataObject) -> None:
        """A paired phone shows a QR code."""
        phone = self.paired_phone(data)
        if phone is None:
            return
        answer = phone.act("POST", phone.path("/pairings"), {}, verified=True)
        if self.is_held(phone.id):
            answer.expect(403, "not_allowed")
        elif not self.live:
            answer.expect(409, "restore_not_enabled")
        else:
            made = answer.expect(201)
            still = [one for one in self.offers if not one.over and one.expires > self.now]
            for oldest in still[: max(0, len(still) - 9)]:
                oldest.over = True
            self.offers.append(Offer(made["pairing"]["id"], made["secret"], phone.id, self.now + 5 * MINUTE))

    @precondition(lambda self: self.offers)
    @rule(data=st.data(), guess=st.booleans())
    def scans(self, data: st.DataObject, *, guess: bool) -> None:
        """A new phone uses a pairing's secret, or makes one up."""
        offer, phone = data.draw(st.sampled_from(self.offers)), self.new_phone()
        secret = "A" * len(offer.secret) if guess else offer.secret
        body = {"secret": secret, "device": phone.device}
        answer = phone.act("POST", phone.path(f"/pairings/{offer.number}/completion"), body, verified=True)
        if guess:
            answer.expect(401, "not_paired")
        elif offer.over or offer.expires <= self.now:
            assert answer.status == 410, answer.text
        elif len(self.paired) >= 10:
            answer.expect(409, "limit_reached")
        else:
            answer.expect(201)
            offer.over = True
            self.paired.add(phone.id)
            if self.aside_until <= self.now:
                self.aside = set()
            self.held[phone.id] = self.aside_until = self.now + HOLD

    @rule(data=st.data())
    def comes_back(self, data: st.DataObject) -> None:
        """A phone tries the way back of those that were set aside."""
        phone = self.phones[data.draw(st.sampled_from(list(self.phones)))]
        answer = phone.act("DELETE", phone.path("/devices/held"), verified=True)
        if phone.id in self.paired:
            assert answer.status in {204, 404}, answer.text
        elif phone.id in self.aside and self.aside_until > self.now:
            answer.expect(204)
            self.paired = {key for key in self.paired if not self.is_held(key)} | self.aside
            self.aside, self.aside_until = set(), 0.0
            for key in self.aside | self.paired:
                self.held.pop(key, None)
            self.replace_codes()
            self.end_offers()
        else:
            answer.expect(401, "not_paired")

    # What must always hold

    @invariant()
    def only_those_are_paired_who_may(self) -> None:
        """S7 S17 N4: the paired devices are those that two codes or a paired device's word have bound, no others."""
        if self.phones:
            assert set(self.world.item(self.identity, "I")["devices"]) == {short_of(key) for key in self.paired}

    @invariant()
    def nothing_blames_the_server(self) -> None:
        """ASVS 16.5.3: no odd order of acts brings an answer of 5xx."""
        assert all(answer.status < 500 for answer in self.world.answers[-3:])

    @invariant()
    def there_is_a_way(self) -> None:
        """B8 S17: an identity has a device, or can be restored, or both."""
        if self.phones:
            assert self.paired or self.live

    @invariant()
    def the_log_is_whole(self) -> None:
        """B4: every row is numbered and chained."""
        self.world.must_have_whole_logs()

    def _must_find_a_way_back(self) -> None:
        """After a hold at the most somebody who has a paired phone, or the sheet and the mailbox, is in."""
        self.world.clock.move(HOLD + 2 * HOUR)
        if self.paired:
            phone = self.phones[self.in_order(self.paired)[0]]
            code = phone.enable().expect(201)["restore_code"]
        else:
            code = next(iter(self.live))
        new = self.new_phone()
        number = new.request_restore(self.identity, code).expect(202)["restoration"]["id"]
        new.complete(number, self.world.mailed_code(self.address), "unpair").expect(201)
        new.sign_in().expect(201)


def test_no_sequence_of_acts_breaks_the_rules() -> None:
    """A model of the requirements finds no sequence of acts that breaks them (`LIVES=200` plays more).

    S7 S17 B1 B6 B7 B8 N2 N4 N6 N8 A 2.3.1 2.3.3.
    """
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=int(os.environ.get("LIVES", "15")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
