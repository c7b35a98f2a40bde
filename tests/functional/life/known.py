"""What the model of a life knows: who holds what, what is in force, what is over, and who was mailed which link."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.functional.life.post import World
from tests.functional.world import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.phone import Answer, Key, Phone

MAIN: Final = "email"
SECOND: Final = "second_email"
WEEK: Final = 7 * DAY
HELD_BY_DISPUTE: Final = 72 * HOUR


@dataclass(frozen=True)
class Rules:
    """The policy that a life is lived under, until an administrator sets another one."""

    restore_enabled: bool = True
    enforce_on_creation: bool = False
    unpair_others_on_restore: bool = False
    unpair_others_on_pairing: bool = False
    pairing_enabled: bool = True
    keep_sealed_codes: bool = False
    two_person_approval: bool = False
    require_verification_key: bool = True
    prompt_at_sign_in: int = 6
    max_devices: int = 10
    waiting_hours: int = 0
    hold_hours: int = 24
    email_domains: tuple[str, ...] | None = None

    @property
    def hold(self) -> int:
        """How long a new device is held, in seconds."""
        return self.hold_hours * HOUR

    def admits(self, address: str) -> bool:
        """Whether an address may come into force."""
        return self.email_domains is None or address.partition("@")[2] in self.email_domains


@dataclass
class Code:
    """A restore code in force. `by` is the restoration that made it, if one did; an issued one has an end."""

    made: float
    by: str = ""
    kept: bool = False
    ends: float | None = None
    sent_to: set[str | None] = field(default_factory=set)
    """To whom it was mailed: who has the mailbox may have both codes."""


@dataclass
class Attempt:
    """A restoration."""

    phone: Phone
    number: str
    paper: str
    code: str | None
    """The mailed code that is good; None once it lies in a mailbox that is not the owner's any more."""
    expires: float
    attempts: int
    sent: float
    links: list[str] = field(default_factory=list)
    resends: int = 3
    dead_codes: list[str] = field(default_factory=list)
    approved: bool = False
    held_until: float = 0.0
    ready: float | None = None
    """Since its code was proved: when it may be completed."""
    verification: Key | None = None
    said_unpair: bool = False
    unpair: bool = False
    over: bool = False
    done: float | None = None


@dataclass
class Offer:
    """A pairing."""

    number: str
    secret: str
    by: str
    expires: float
    over: bool = False
    used_by: str = ""


@dataclass
class Bound:
    """A device that is or was one, and how it came: what its links take away, and what they make good again."""

    at: float
    attempt: str = ""
    ended: dict[str, Code] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)


@dataclass
class Awaited:
    """An address that is to be confirmed."""

    to: str
    code: str
    expires: float
    sent: float
    link: str | None = None
    attempts: int = 5
    resends: int = 3
    dead_codes: list[str] = field(default_factory=list)


@dataclass
class Moved:
    """A change of an address that a link can put back."""

    slot: str
    was: str | None
    at: float
    links: list[str]
    second: str | None = None
    """What the second address was, where it became the first."""


class Known(RuleBasedStateMachine):
    """The state of the model, and the questions that its rules ask of it."""

    def __init__(self) -> None:
        super().__init__()
        self.identity = "ada"
        self.begin()
        self.policy = Rules()
        self.ending = ""
        self.phones: dict[str, Phone] = {}
        self.former_keys: dict[str, Key] = {}
        self.paired: set[str] = set()
        self.held: dict[str, float] = {}
        self.bound: dict[str, Bound] = {}
        self.aside: set[str] = set()
        self.aside_until = 0.0
        self.came_back: set[str] = set()
        self.live: dict[str, Code] = {}
        """Every code that was not ended, by itself; an issued one may be past its end."""
        self.on = False
        self.barred = False
        self.way_back = False
        """Restore is off because a way back has ended every code: one may be issued nevertheless."""
        self.dead: list[str] = []
        self.attempts: list[Attempt] = []
        self.offers: list[Offer] = []
        self.address: dict[str, str | None] = {MAIN: None, SECOND: None}
        self.awaited: dict[str, Awaited] = {}
        self.settled: dict[str, tuple[str, str]] = {}
        self.proved: dict[str, str] = {}
        """The code that has proved the address in force: typed again it is a repeat, whatever was begun since."""
        self.moves: list[Moved] = []
        self.confirmation_mails: list[float] = []
        self.disputes: list[float] = []
        self.mailed: dict[str, set[str]] = {}
        self.wrong_codes = 0
        self.sign_ins = 0
        self.prompt_refused = False
        self.seen: list[str] = []

    world: Any
    """A `tests.functional.life.post.World`, or what stands in its place on the deployed stack."""

    def begin(self) -> None:
        """Take the world in memory, as if nothing had been before."""
        self.world = World.for_a_new_life()

    def end(self) -> None:
        """Leave the world to the next life."""
        self.world.rest()

    # Time

    @property
    def now(self) -> float:
        """The clock."""
        return float(self.world.clock.now)

    slack = 0
    """How far apart, in seconds, the model and the service may see the time."""

    def is_told(self, shown: str | None, at: float | None) -> bool:
        """Whether a time in an answer is the one that the model knows; None is none."""
        if shown is None or at is None:
            return shown is None and at is None
        return abs(datetime.fromisoformat(shown).timestamp() - int(at)) <= self.slack

    # Devices

    def is_held(self, key: str) -> bool:
        """Whether a device is under a hold."""
        return self.held.get(key, 0) > self.now

    def refused_for_its_hold(self, phone: Phone, answer: Answer) -> bool:
        """B8: whether the phone is held; then the act was refused, and the answer says until when."""
        if not self.is_held(phone.id):
            return False
        assert self.is_told(answer.expect(403, "not_allowed")["until"], self.held[phone.id])
        return True

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """Keys in the order in which their phones came: keys are random, and a life has to be played again alike."""
        wanted = set(keys)
        return [key for key in self.phones if key in wanted]

    def paired_phone(self, data: st.DataObject) -> Phone:
        """Some paired phone."""
        return self.phones[data.draw(st.sampled_from(self.in_order(self.paired)))]

    def any_phone(self, data: st.DataObject) -> Phone:
        """Some phone that there ever was, a paired one more often than not."""
        stranger = data.draw(st.sampled_from([False, False, True])) or not self.paired
        return self.phones[data.draw(st.sampled_from(list(self.phones)))] if stranger else self.paired_phone(data)

    def new_phone(self, *, protected: bool = True) -> Phone:
        """A phone that is not paired; without a verification key only where policy lets it be."""
        kind = "p256" if protected or self.policy.require_verification_key else None
        name = f"phone {len(self.phones)}"
        phone: Phone = self.world.phone(name=name, identity=self.identity, verification_kind=kind)
        self.phones[phone.id] = phone
        return phone

    def hold_new(self, key: str, others: set[str], at_least: float = 0.0) -> None:
        """A device has just come, in the place of `others`: it is held, and those have a way back for so long."""
        if self.aside_until <= self.now:
            self.aside = set()
        until = max(self.now + self.policy.hold, at_least)
        if until > self.now:
            self.held[key], self.aside_until = until, max(until, self.aside_until)
        if self.aside_until > self.now:
            self.aside |= {other for other in others if not self.is_held(other)}
        for other in others:
            self.end_offers(of=other)
        self.paired = (self.paired - others) | {key}

    # Codes, restorations, offers

    def status(self) -> str:
        """`restore.status`."""
        if self.barred:
            return "disabled_by_admin"
        if not self.on:
            return "off"
        return "enabled" if self.address[MAIN] else "awaiting_email"

    def in_force(self) -> list[str]:
        """Every code that is good, those of the user's own and an issued one before its end."""
        return [code for code, one in self.live.items() if one.ends is None or one.ends > self.now]

    def can_be_restored(self) -> bool:
        """Whether a right code begins a restoration: never while barred, or while policy forbids it."""
        allowed = self.policy.restore_enabled and not self.barred
        return allowed and bool(self.address[MAIN]) and (self.on or self.way_back)

    def newest(self) -> str | None:
        """The newest code of the user's own, of several in one second the one that came last."""
        return next((code for code in reversed(self.live) if self.live[code].ends is None), None)

    def kept(self) -> bool:
        """Whether the newest code was kept sealed, and policy keeps any."""
        newest = self.newest()
        return self.policy.keep_sealed_codes and newest is not None and self.live[newest].kept

    def replace_codes(self, *codes: str, by: str = "") -> None:
        """Other codes are in force from now on; what was begun with the old ones is over."""
        self.dead += [code for code in self.live if code not in codes]
        self.live = {code: Code(self.now, by, self.policy.keep_sealed_codes) for code in codes}
        self.on, self.way_back = bool(codes), False
        for attempt in self.attempts:
            attempt.over = True

    def awaits_code(self, attempt: Attempt) -> bool:
        """Whether a restoration still awaits its code."""
        return not attempt.over and attempt.ready is None and attempt.expires > self.now and attempt.attempts > 0

    def is_pending(self, attempt: Attempt) -> bool:
        """Whether a restoration is under way: its code awaited, or proved and waiting."""
        waits = not attempt.over and attempt.ready is not None and attempt.ready + WEEK > self.now
        return waits or self.awaits_code(attempt)

    def is_open(self, offer: Offer) -> bool:
        """Whether an offer can be used."""
        return not offer.over and offer.expires > self.now

    def end_offers(self, *, of: str | None = None) -> None:
        """Offers end with restore, or with the device that shows them."""
        for offer in self.offers:
            offer.over = offer.over or of is None or offer.by == of

    # Addresses and links

    def recipients(self) -> set[str]:
        """Who gets every notice."""
        return {address for address in self.address.values() if address}

    def is_awaited(self, slot: str) -> bool:
        """Whether an address can still be confirmed."""
        awaited = self.awaited.get(slot)
        return awaited is not None and awaited.attempts > 0 and awaited.expires > self.now

    def end_awaited(self, slot: str) -> bool:
        """A confirmation under way is cancelled; False where there is none."""
        if not self.is_awaited(slot):
            return False
        self.settled[slot] = (self.awaited.pop(slot).code, "cancelled")
        return True

    def drop(self, slot: str) -> None:
        """An address is out of force, and so is what has proved it."""
        self.address[slot] = None
        self.proved.pop(slot, None)
        if slot in self.settled:
            self.settled[slot] = (self.settled[slot][0], "cancelled")

    def keep_apart(self) -> None:
        """What is the first address is not the second, and is not to become it."""
        if self.is_awaited(SECOND) and self.awaited[SECOND].to == self.address[MAIN]:
            self.end_awaited(SECOND)
        if self.address[SECOND] and self.address[SECOND] == self.address[MAIN]:
            self.drop(SECOND)

    def end_mailed_codes(self) -> None:
        """The codes in a mailbox that was left behind are dead."""
        for attempt in self.attempts:
            if self.awaits_code(attempt) and attempt.code:
                attempt.dead_codes.append(attempt.code)
                attempt.code = None

    def link(self, about: str, to: set[str]) -> str:
        """The one link that an act has just mailed, to exactly these addresses."""
        ((token, addresses),) = self.world.links(about, to).items()
        assert addresses == to, "a link went to somebody else"
        assert token not in self.mailed
        self.mailed[token] = to
        return str(token)


def forbidden(answer: Answer, field: str) -> None:
    """The contract: 403, and which field of the policy it is that forbids."""
    assert answer.expect(403, "not_allowed")["policy"] == field, answer.text


def somebody_is_paired(life: Known) -> bool:
    """The precondition of what only a paired phone tries."""
    return bool(life.paired)
