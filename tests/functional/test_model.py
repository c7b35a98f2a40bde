"""Random lives of one identity: its owner's phones, thieves, mailboxes, sheets of paper, and a clock.

A model of the requirements is played beside the real handlers. It knows who holds what, and after every step it says
what must never be: a device bound without the two codes or a paired device's word, a spent, replaced, cancelled or
expired thing that works, an identity that has neither a device nor a way back, a log with a gap, an answer that blames
the server. Its rules are in `life/`, by what they are about.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from tests.functional.life.ending import ENDINGS, OF_COMPLETIONS, Ending
from tests.functional.life.known import MAIN, Awaited, Bound, Code, Rules
from tests.functional.life.offices import Order
from tests.functional.life.post import World
from tests.functional.world import DAY, HOUR, MINUTE

POLICIES = st.builds(
    Rules,
    waiting_hours=st.sampled_from([0, 0, 48]),
    hold_hours=st.sampled_from([24, 24, 0, 96]),
    keep_sealed_codes=st.booleans(),
    require_verification_key=st.sampled_from([True, True, False]),
    unpair_others_on_restore=st.sampled_from([False, False, True]),
    unpair_others_on_pairing=st.sampled_from([False, False, True]),
    two_person_approval=st.sampled_from([False, True]),
    enforce_on_creation=st.booleans(),
)
PAUSES = [1, 31, 31, 5 * MINUTE, 5 * MINUTE, 11 * MINUTE, 2 * HOUR, 25 * HOUR, 3 * DAY, 8 * DAY]
BEGINNINGS = ["enabled", "enabled", "enabled", "without an address", "with an address"]


class Life(Ending):
    """One identity's life, in a world that `begin` makes."""

    @initialize(
        beginning=st.sampled_from(BEGINNINGS),
        ending=st.sampled_from(ENDINGS),
        policy=st.one_of(st.just(Rules()), POLICIES),
        overtaken=st.one_of(st.none(), OF_COMPLETIONS),
    )
    def is_created(
        self, beginning: str, ending: str, policy: Rules, overtaken: tuple[str, Any, Any] | None = None
    ) -> None:
        """An identity with a phone; mostly with a confirmed address and restore enabled."""
        self.overtaken = overtaken
        self.begins(beginning, ending, policy)

    def begins(self, beginning: str, ending: str, policy: Rules) -> None:
        """Create it."""
        self.ending = ending
        address = f"{self.identity}@example.com"
        if beginning != "enabled":
            self._has_policy(policy)
        if beginning == "enabled":
            owner = self.world.owner(self.identity)
            phone = owner.phone
            self.address[MAIN] = address
            self.live, self.on = {owner.restore_code: Code(self.now)}, True
            self.proved[MAIN] = self.world.mailed_code(address)
            self.settled[MAIN] = (self.proved[MAIN], "used")
        else:
            phone = self.world.phone(name="phone 0")
            if policy.enforce_on_creation and beginning == "without an address":
                phone.create(self.identity).expect(409, "email_required")
                beginning = "with an address"
            made = phone.create(self.identity, address if beginning == "with an address" else None).expect(201)
            assert ("restore_code" in made) == policy.enforce_on_creation
            if policy.enforce_on_creation:
                self.live, self.on = {made["restore_code"]: Code(self.now, kept=policy.keep_sealed_codes)}, True
        if beginning == "with an address":
            self.awaited[MAIN] = Awaited(address, self.world.mailed_code(address), self.now + 10 * MINUTE, self.now)
        self.phones[phone.id] = phone
        self.paired = {phone.id}
        self.bound[phone.id] = Bound(self.now)
        if beginning != "without an address":
            self.confirmation_mails.append(self.now)
            self.mails_to[address] = 1
        if beginning == "enabled":
            self._has_policy(policy)

    def _has_policy(self, policy: Rules) -> None:
        if policy != self.policy:
            self.gives("anna", Order("policy", "/policy", rules=policy, version=self.version))

    @rule(
        seconds=st.sampled_from([1, 31, 31, 5 * MINUTE, 5 * MINUTE, 11 * MINUTE, 2 * HOUR, 25 * HOUR, 3 * DAY, 8 * DAY])
    )
    def waits(self, seconds: int) -> None:
        """Time passes."""
        self.world.clock.move(seconds)


def test_no_sequence_of_acts_breaks_the_rules() -> None:
    """A model of the requirements finds no sequence of acts that breaks them (`LIVES=200` plays more).

    S7 S17 B1 B4 B6 B7 B8 B13 N2 N4 N6 N8 A 2.3.1 2.3.3 14.2.
    """
    with World.made():
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=int(os.environ.get("LIVES", "6")),
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
