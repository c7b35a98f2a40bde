"""The model of the requirements, played against the deployed stack, with two phones acting at the same moment."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from local.phone import Answer, Phone
from restore.keys import identity_key
from restore.store import unpack
from tests.functional.test_model import Attempt, Life
from tests.stack.people import Person, some_source
from tests.stack.racing import at_once, check_history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

_DEPLOYED: list[Stack] = []


@pytest.fixture
def deployed(stack: Stack) -> Iterator[None]:
    """Hand the stack to the lives: hypothesis makes them itself."""
    _DEPLOYED.append(stack)
    yield
    _DEPLOYED.clear()


class WallClock:
    """The clock of a deployed stack: nobody moves it."""

    @property
    def now(self) -> float:
        """The time."""
        return time.time()


@dataclass
class Owner:
    """Somebody whose restore is enabled."""

    phone: Phone
    restore_code: str


@dataclass
class Deployed:
    """The stack in the place of the world in memory."""

    stack: Stack
    clock: WallClock = field(default_factory=WallClock)
    answers: list[Answer] = field(default_factory=list)
    identity: str = ""

    def owner(self, identity: str) -> Owner:
        """Create an identity with restore enabled."""
        self.identity = identity
        person = Person.new(self.stack)
        person.identity = identity
        person.inbox.address = f"{identity}@example.com"
        person.phone.create(identity, person.inbox.address).expect(201)
        person.phone.confirm_email(self.mailed_code(person.inbox.address)).expect(200)
        return Owner(person.phone, str(person.phone.enable().expect(201)["restore_code"]))

    def phone(self, **options: Any) -> Phone:
        """A phone with fresh keys, and an address of its own."""
        return Phone(self.stack.api, source=some_source(), log=self.answers, **options)

    def mailed_code(self, address: str) -> str:
        """The code in the latest mail to an address that has one."""
        texts = [mail.text for mail in self.stack.mailbox.mails(address)]
        found = (re.search(r"^\s*([0-9]{8})\s*$", text, re.MULTILINE) for text in reversed(texts))
        return next(str(code[1]) for code in found if code)

    def item(self, identity: str, sort: str) -> dict[str, Any]:
        """One item of the identity as it lies in the table."""
        key = {name: {"S": value} for name, value in {**identity_key(identity), "SK": sort}.items()}
        found = self.stack.client("dynamodb").get_item(TableName=self.stack.table, Key=key, ConsistentRead=True)
        return unpack(found.get("Item", {}))

    def must_have_whole_logs(self) -> None:
        """B4: no gap, no fork."""
        if self.identity and self.item(self.identity, "I")["devices"]:
            check_history(self.stack, self.identity)


class LifeOnTheStack(Life):
    """The same life, where time passes by itself, and where two phones can act at once."""

    def begin(self) -> None:
        """Take a name that nobody has."""
        self.world = Deployed(_DEPLOYED[0])
        self.identity = f"life-{os.urandom(6).hex()}"
        self.address = f"{self.identity}@example.com"

    def end(self) -> None:
        """The stack stays."""

    @rule()
    def waits(self) -> None:
        """Nobody moves this clock."""

    def _must_find_a_way_back(self) -> None:
        """Where no hold has to be waited for: a phone that is not held, or the sheet and the mailbox, are enough."""
        free = [key for key in self.in_order(self.paired) if not self.is_held(key)]
        if free:
            self.phones[free[0]].enable().expect(201)
        else:
            assert self.live or self.aside or self.paired

    @precondition(lambda self: sum(self.is_pending(one) for one in self.attempts) > 1)
    @rule(data=st.data())
    def two_complete_at_once(self, data: st.DataObject) -> None:
        """Two phones with a right code each, at the same moment: one is bound, and one code is spent."""
        pending = [one for one in self.attempts if self.is_pending(one)]
        pair: list[Attempt] = data.draw(st.permutations(pending))[:2]
        answers = at_once([one.phone.prepare_completion(one.number, one.code, "keep") for one in pair])
        bound = [number for number, answer in enumerate(answers) if answer.status == 201]
        assert len(bound) == 1, [answer.text for answer in answers]
        assert answers[1 - bound[0]].status == 410
        self._is_bound(pair[bound[0]], answers[bound[0]].expect(201), unpair=False)

    @precondition(lambda self: any(self.is_pending(one) for one in self.attempts) and self.paired)
    @rule(data=st.data())
    def one_vetoes_while_another_completes(self, data: st.DataObject) -> None:
        """Either the veto comes first or the completion does, never both."""
        attempt = data.draw(st.sampled_from([one for one in self.attempts if self.is_pending(one)]))
        phone = self.paired_phone(data, free=True)
        if phone is None:
            return
        path = phone.path(f"/restorations/{attempt.number}")
        veto, done = at_once(
            [
                phone.prepare("DELETE", path, verified=True),
                attempt.phone.prepare_completion(attempt.number, attempt.code, "keep"),
            ]
        )
        assert {veto.status, done.status} in ({204, 410}, {410, 201}), (veto.text, done.text)
        if done.status == 201:
            self._is_bound(attempt, done.expect(201), unpair=False)
        else:
            attempt.over = True

    @precondition(lambda self: len(self.paired) > 1)
    @rule(data=st.data())
    def two_unpair_each_other(self, data: st.DataObject) -> None:
        """Two phones at once: whoever was first is left, or neither where the identity can be restored."""
        pair = [self.phones[key] for key in data.draw(st.permutations(self.in_order(self.paired)))[:2]]
        if any(self.is_held(phone.id) for phone in pair):
            return
        answers = at_once([pair[0].prepare_unpairing(pair[1].id), pair[1].prepare_unpairing(pair[0].id)])
        gone = {pair[1 - number].id for number, answer in enumerate(answers) if answer.status == 204}
        assert len(gone) == 1, [answer.text for answer in answers]
        self.paired -= gone
        self.end_offers(of=gone.pop())


@pytest.mark.usefixtures("deployed")
def test_the_model_holds_on_the_deployed_stack() -> None:
    """Two phones at once, and everything else a life has, break no rule on the stack as it is deployed.

    S7 S17 B1 B4 B6 B7 N2 N4 N8 A 2.3.1 2.3.3 15.4.2. `LIVES=50` plays more.
    """
    run_state_machine_as_test(
        LifeOnTheStack,
        settings=settings(
            max_examples=int(os.environ.get("LIVES", "8")),
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.generate],  # what happened on the wire does not happen again, so nothing is made smaller
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
