"""The world in memory as a life needs it: functions stay started from life to life, and mails are read as they come."""

from __future__ import annotations

import email
import email.policy
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.ses.models import ses_backends

from restore import aws
from restore.audit import chained, genesis
from restore.keys import ADMINISTRATION
from restore.store import unpack
from tests.functional import world
from tests.functional.bus import Bus
from tests.functional.clerks import Clerk
from tests.functional.world import DAY, REGION, TABLE, Mail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.phone import Answer
    from tests.functional.world import Clock, Owner, WorldPhone

YEAR = 365 * DAY


class World:
    """A world in which one life after the other is lived, each as if nothing had been before."""

    _made: World | None = None

    def __init__(self, within: world.World) -> None:
        self.within = within
        self._pristine = within.save()
        self._lives = 0
        self._seal_key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self._bus = Bus(within)
        self._clock = pytest.MonkeyPatch()

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[None]:
        """Be there for lives."""
        patches, real = pytest.MonkeyPatch(), {name: getattr(time, name) for name in ("time", "monotonic", "sleep")}
        making = world.make_world(patches)
        World._made = made = cls(next(making))
        for name, function in real.items():
            patches.setattr(time, name, function)  # hypothesis, which plans lives, has a clock of its own
        hooks = aws.client("kms").meta.events
        hooks.register("provide-client-params.kms", made._name_the_key)
        try:
            yield
        finally:
            hooks.unregister("provide-client-params.kms", made._name_the_key)
            World._made = None
            patches.undo()

    @classmethod
    def for_a_new_life(cls) -> World:
        """The world as it was before any life."""
        assert cls._made is not None
        cls._made._begin()
        return cls._made

    def rest(self) -> None:
        """A life is over: its clock is not everybody's any more."""
        self._clock.undo()

    def _begin(self) -> None:
        clock = self.within.clock
        self._clock.setattr(time, "time", lambda: clock.now)
        # never goes back: what a function remembers of an earlier life's policy is old
        self._clock.setattr(time, "monotonic", lambda: clock.now + self._lives * YEAR)
        self._clock.setattr(time, "sleep", clock.move)
        self.within.go_back(self._pristine)
        self.within.answers.clear()
        self._lives += 1
        self._read = 0
        self._letters: dict[str, list[str]] = {}
        self._acts = 0
        self._codes: dict[str, str] = {}
        self._links: dict[str, set[str]] = {}

    def _name_the_key(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Functions know the key by a reference of the template, which moto takes for no key."""
        return {**params, "KeyId": self._seal_key} if "KeyId" in params else params

    @property
    def clock(self) -> Clock:
        """The clock of everybody."""
        return self.within.clock

    @property
    def answers(self) -> list[Answer]:
        """Everything that was answered."""
        return self.within.answers

    def owner(self, identity: str) -> Owner:
        """Somebody whose restore is enabled and whose address is confirmed."""
        return self.within.owner(identity)

    def phone(self, **options: Any) -> WorldPhone:
        """A phone with fresh keys."""
        return self.within.phone(**options)

    def clerk(self, role: str, person: str) -> Clerk:
        """Somebody who administers, just signed in."""
        return Clerk(self.within, role, sub=person)

    def paired(self, identity: str) -> set[str]:
        """The short names of the devices that are paired, as the table has them."""
        return {short for item in self._items(identity, "I") for short in item["devices"]}

    def rows(self, identity: str) -> list[dict[str, Any]]:
        """The rows of a log, oldest first."""
        return [row for item in self._items(identity, "E#") for row in item["rows"]]

    def office_rows(self) -> list[dict[str, Any]]:
        """The rows of the administrators' log, oldest first."""
        return self.rows(ADMINISTRATION)

    def must_have_whole_logs(self, identity: str) -> None:
        """B4: no gap, no fork, in the identity's log and in the administrators'."""
        for log in (identity, ADMINISTRATION):
            self._must_be_whole(log)

    def _must_be_whole(self, identity: str) -> None:
        rows = self.rows(identity)
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        head = genesis(identity)
        for row in rows:
            head = chained(head, row)
            assert row["hash"] == head
        for item in self._items(identity, "R"):
            assert (item["seq"], item["head"]) == (len(rows), head)

    def _items(self, identity: str, begin: str) -> list[dict[str, Any]]:
        """The items of an identity whose sort key begins so, in their order."""
        partition = (
            dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]
            .tables[TABLE]
            .items.get(DynamoType({"S": f"ID#{identity}"}), {})
        )
        raw = [item.to_json()["Attributes"] for item in partition.values()]
        found = [unpack(item) for item in raw if item["SK"]["S"].startswith(begin)]
        return sorted(found, key=lambda item: str(item["SK"]))

    def finish_erasing(self, identity: str) -> None:
        """Let everything happen that happens after an erasure; nothing is left under the name."""
        with self._bus.listening() as bus:
            bus.published.clear()
            bus.finish()
        assert not self._items(identity, "")

    # Mail

    def mailed_code(self, address: str) -> str:
        """The code in the latest mail to an address that has one."""
        self._read_on()
        return self._codes[address]

    def links(self, about: str, _to: set[str]) -> dict[str, set[str]]:
        """The new links about a device or an address, and whom they were mailed to; each is told once."""
        self._deliver()
        found = {token: to for token, to in self._links.items() if token.rsplit(".", 2)[1] == about}
        for token in found:
            del self._links[token]
        return found

    def letters(self, to: set[str]) -> dict[str, int]:
        """How many mails each of these addresses has had."""
        self._deliver()
        return {address: len(self._letters.get(address, [])) for address in to}

    def must_have_written(self, to: set[str], before: dict[str, int]) -> None:
        """Each of these addresses has had a mail since."""
        assert all(number > before[address] for address, number in self.letters(to).items()), "nobody was told"

    def has_mailed(self, restore_code: str) -> set[str]:
        """Whose mails have ever had a restore code in them."""
        self._deliver()
        return {to for to, texts in self._letters.items() if any(restore_code in text for text in texts)}

    def unexpected_links(self) -> dict[str, set[str]]:
        """Links that were mailed and that nobody has asked for."""
        self._deliver()
        return self._links

    def _deliver(self) -> None:
        acts = sum(map(len, dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].items.values()))
        if acts != self._acts:
            self._acts = acts
            self.within.deliver()
        self._read_on()

    def _read_on(self) -> None:
        sent = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        for one in sent[self._read :]:
            message = email.message_from_string(one.raw_data, policy=email.policy.default)
            mail = Mail(str(message["To"]), message)
            self._letters.setdefault(mail.to, []).append(mail.text)
            for code in mail.codes:
                self._codes[mail.to] = code
            for token in mail.tokens:
                self._links.setdefault(token, set()).add(mail.to)
        self._read = len(sent)
