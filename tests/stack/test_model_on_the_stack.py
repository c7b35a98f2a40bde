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
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from local.clerk import Clerk
from local.phone import Answer, Phone
from local.user_pool import Administrators
from restore.keys import ADMINISTRATION, identity_key
from restore.store import unpack
from tests.functional.life.known import Attempt, Rules
from tests.functional.test_model import BEGINNINGS, Life
from tests.stack.people import some_source
from tests.stack.racing import at_once, check_history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack

_DEPLOYED: list[Stack] = []
PATIENCE = 20
"""Seconds for what comes by the table's stream."""


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
    told: set[str] = field(default_factory=set)
    clerks: dict[str, Clerk] = field(default_factory=dict)
    life: str = field(default_factory=lambda: os.urandom(4).hex())

    def rest(self) -> None:
        """The stack stays."""

    def clerk(self, role: str, person: str) -> Clerk:
        """Somebody who administers, one for each life: an hour has thirty acts of a person."""
        if person not in self.clerks:
            name = f"{re.sub('[^a-z]', '', person)}-{self.life}"
            token = Administrators.of(self.stack.summary).token(role, name)
            self.clerks[person] = Clerk(self.stack.api, token, self.answers)
        return self.clerks[person]

    def owner(self, identity: str) -> Owner:
        """Create an identity with restore enabled."""
        address, phone = f"{identity}@example.com", self.phone()
        phone.create(identity, address).expect(201)
        phone.confirm_email(self.mailed_code(address)).expect(200)
        return Owner(phone, str(phone.enable().expect(201)["restore_code"]))

    def phone(self, **options: Any) -> Phone:
        """A phone with fresh keys, and an address of its own."""
        return Phone(self.stack.api, source=some_source(), log=self.answers, **options)

    def mailed_code(self, address: str) -> str:
        """The code in the latest mail to an address that has one."""
        texts = [mail.text for mail in self.stack.mailbox.mails(address)]
        found = (re.search(r"^\s*([0-9]{8})\s*$", text, re.MULTILINE) for text in reversed(texts))
        return next(str(code[1]) for code in found if code)

    def links(self, about: str, to: set[str]) -> dict[str, set[str]]:
        """The new links about a device or an address, once they have come by the stream to all of these."""
        end = time.monotonic() + PATIENCE
        found: dict[str, set[str]] = {}
        while set().union(*found.values()) != to and time.monotonic() < end:
            found = {}
            for address in to:
                for mail in self.stack.mailbox.mails(address):
                    for token in re.findall(r"/dispute/(\S+)", mail.text, re.MULTILINE):
                        if token.rsplit(".", 2)[1] == about and token not in self.told:
                            found.setdefault(token, set()).add(address)
        self.told |= set(found)
        return found

    def unexpected_links(self) -> set[str]:
        """Mails come when they come: what else there might be is looked for in memory alone."""
        return set()

    def paired(self, identity: str) -> set[str]:
        """The short names of the devices that are paired, as the table has them."""
        return set(self.item(identity, "I").get("devices", {}))

    def item(self, identity: str, sort: str) -> dict[str, Any]:
        """One item of the identity as it lies in the table."""
        key = {name: {"S": value} for name, value in {**identity_key(identity), "SK": sort}.items()}
        found = self.stack.client("dynamodb").get_item(TableName=self.stack.table, Key=key, ConsistentRead=True)
        return unpack(found.get("Item", {}))

    def rows(self, identity: str) -> list[dict[str, Any]]:
        """The rows of a log, oldest first."""
        found: list[dict[str, Any]] = []
        pages = self.stack.client("dynamodb").get_paginator("query")
        key = identity_key(identity)["PK"]
        for page in pages.paginate(
            TableName=self.stack.table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :key AND begins_with(SK, :events)",
            ExpressionAttributeValues={":key": {"S": key}, ":events": {"S": "E#"}},
        ):
            found += [row for item in page["Items"] for row in unpack(item)["rows"]]
        return found

    def office_rows(self) -> list[dict[str, Any]]:
        """The rows of the administrators' log, oldest first."""
        return self.rows(ADMINISTRATION)

    def letters(self, to: set[str]) -> dict[str, int]:
        """How many mails each of these addresses has had."""
        return {address: len(self.stack.mailbox.mails(address)) for address in to}

    def must_have_written(self, to: set[str], before: dict[str, int]) -> None:
        """Each of these addresses has had a mail since, or gets one soon."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not all(n > before[address] for address, n in self.letters(to).items()):
            time.sleep(0.2)
        assert all(n > before[address] for address, n in self.letters(to).items()), "nobody was told"

    def must_have_whole_logs(self, identity: str) -> None:
        """B4: no gap, no fork."""
        if self.item(identity, "I").get("devices"):
            check_history(self.stack, identity)

    def finish_erasing(self, identity: str) -> None:
        """It is finished by itself, soon after."""
        end = time.monotonic() + PATIENCE
        while self.item(identity, "R") and time.monotonic() < end:
            time.sleep(0.2)
        assert not self.item(identity, "R")


class LifeOnTheStack(Life):
    """The same life, where time passes by itself, and where two phones can act at once."""

    slack = 30

    def begin(self) -> None:
        """Take a name that nobody has."""
        self.world = Deployed(_DEPLOYED[0])
        self.identity = f"life-{os.urandom(6).hex()}"

    @initialize(
        beginning=st.sampled_from(BEGINNINGS),
        ending=st.sampled_from(["comes in", "erases"]),
        policy=st.just(Rules()),
    )
    def is_created(self, beginning: str, ending: str, policy: Rules) -> None:
        """As in memory, under the policy that the stack has."""
        self.begins(beginning, ending, policy)

    def changes_policy(self, *_: Any, **__: Any) -> None:
        """The stack keeps the policy that it has: others live there, too."""

    allows_again = changes_policy
    waits_and_is_overtaken = asks_and_is_overtaken = offers_and_is_overtaken = changes_policy

    @rule(seconds=st.just(0))
    def waits(self, seconds: int) -> None:
        """Nobody moves this clock."""

    def must_find_a_way_back(self) -> None:
        """Where no hold has to be waited for: a phone that is not held, or the sheet and the mailbox, are enough."""
        self.opens_again()
        free = [key for key in self.in_order(self.paired) if not self.is_held(key)]
        if free:
            self.must_have_all_rights(self.phones[free[0]])
        else:
            assert self.live or self.aside or self.paired

    def ready(self) -> list[Attempt]:
        """Restorations that the right code would finish, each of another phone."""
        good = {one.phone.id: one for one in self.attempts if self.awaits_code(one) and one.code is not None}
        return [
            one for key, one in good.items() if key not in self.bound and len(self.paired) < self.policy.max_devices
        ]

    @precondition(lambda self: len(self.ready()) > 1)
    @rule(data=st.data())
    def two_complete_at_once(self, data: st.DataObject) -> None:
        """Two phones with a right code each, at the same moment: one is bound, and one code is spent."""
        pair: list[Attempt] = data.draw(st.permutations(self.ready()))[:2]
        answers = at_once([one.phone.prepare_completion(one.number, one.code, "keep") for one in pair])
        bound = [number for number, answer in enumerate(answers) if answer.status == 201]
        assert len(bound) == 1, [answer.text for answer in answers]
        assert answers[1 - bound[0]].status == 410
        self.is_bound(pair[bound[0]], answers[bound[0]].expect(201))

    @precondition(lambda self: self.ready() and self.paired)
    @rule(data=st.data())
    def one_vetoes_while_another_completes(self, data: st.DataObject) -> None:
        """Either the veto comes first or the completion does, never both."""
        attempt = data.draw(st.sampled_from(self.ready()))
        phone = self.paired_phone(data)
        if self.is_held(phone.id):
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
            self.is_bound(attempt, done.expect(201))
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
            max_examples=int(os.environ.get("LIVES", "7")),
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.generate],  # what happened on the wire does not happen again, so nothing is made smaller
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
