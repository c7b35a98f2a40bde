from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import pytest

from restore import aws, journal, standing
from restore.conditions import put
from restore.store import Table, unpack
from tests.functional.clerks import Clerk
from tests.functional.nights import Nights
from tests.functional.world import DAY, HOUR, MINUTE, TABLE, Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.functional.world import World

LACKS = ("restore", "confirmed_address", "working_address", "proven_code", "second_device", "verification_key")


@pytest.fixture
def nights(world: World) -> Iterator[Nights]:
    """What runs after acts."""
    with Nights(world).awake() as nights:
        yield nights


@pytest.fixture
def auditor(world: World) -> Clerk:
    """Who may read and no more."""
    return Clerk(world, "auditor")


def names(world: World) -> list[str]:
    """All identities that there are."""
    return sorted(key[0].removeprefix("ID#") for key in world.items() if key[1] == "I")


def stands(auditor: Clerk, name: str) -> dict[str, Any]:
    """How an identity stands, by what its own page says."""
    shown = auditor.call("GET", f"/identities/{name}").expect(200)
    status, devices = shown["restore"]["status"], shown["devices"]
    lacks = {
        "restore": status in {"off", "disabled_by_admin"},
        "confirmed_address": not shown.get("email_confirmed"),
        "working_address": shown.get("email_bounced_at") is not None,
        "proven_code": status == "enabled" and shown["restore"]["last_proven_at"] is None,
        "second_device": len(devices) < 2,
        "verification_key": not all(device["verification"] for device in devices),
    }
    return {
        "identity": name,
        "restore": status,
        "devices": len(devices),
        "lacks": [what for what in LACKS if lacks[what]],
    }


def must_be_right(world: World, auditor: Clerk) -> None:
    """Every list and every figure is what counting the identities themselves gives."""
    recounted = [stands(auditor, name) for name in names(world)]
    assert auditor.call("GET", "/identities").expect(200)["identities"] == recounted
    for status in ("off", "awaiting_email", "enabled", "disabled_by_admin"):
        listed = auditor.call("GET", f"/identities?restore={status}").expect(200)["identities"]
        assert listed == [one for one in recounted if one["restore"] == status]
    for what in LACKS:
        listed = auditor.call("GET", f"/identities?lacks={what}").expect(200)["identities"]
        assert listed == [one for one in recounted if what in one["lacks"]]
    for number in range(1, 10):
        listed = auditor.call("GET", f"/identities?devices_over={number}").expect(200)["identities"]
        assert listed == [one for one in recounted if one["devices"] > number]
    shown = auditor.call("GET", "/readiness").expect(200)
    hindered = Counter(hindrance(one) for one in recounted)
    ready = [one for one in recounted if hindrance(one) is None]
    assert shown["identities"] == len(recounted)
    assert shown["restorable"] == len(ready)
    assert shown["not_restorable"] == {
        what: hindered[what] for what in ("off", "barred", "address_not_confirmed", "mail_bounced")
    }
    assert shown["at_risk"] == {
        "code_never_proven": sum("proven_code" in one["lacks"] for one in ready),
        "only_one_device": sum("second_device" in one["lacks"] for one in ready),
    }
    assert shown["without_verification_key"] == sum("verification_key" in one["lacks"] for one in recounted)
    assert shown["restorable"] + sum(shown["not_restorable"].values()) == shown["identities"]


def hindrance(one: dict[str, Any]) -> str | None:
    """The first thing that stands in the way of restoring."""
    ways = {"off": "off", "disabled_by_admin": "barred", "awaiting_email": "address_not_confirmed"}
    return ways.get(one["restore"]) or ("mail_bounced" if "working_address" in one["lacks"] else None)


class Life:
    """Random acts on a few identities, by owners and by an administrator."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.helpdesk, self.admin = Clerk(world, "helpdesk"), Clerk(world, "admin")
        self.owners: dict[str, Owner] = {}
        self.others: dict[str, Any] = {}

    def act(self) -> None:
        """One act; that it is refused is as good."""
        acts: list[Callable[[str], Any]] = [
            self.begin,
            self.begin,
            self.restore,
            self.disable,
            self.enable,
            self.drill,
            self.pair,
            self.unpair,
            self.unprotect,
            self.bar,
            self.unbar,
            self.erase,
        ]
        self.world.clock.move(self.chance.choice((MINUTE, HOUR, DAY)))
        self.chance.choice(acts)(self.chance.choice(("ada", "bob", "eve", "joe")))

    def begin(self, name: str) -> None:
        """An identity, with restore enabled, an address that is not confirmed, or neither."""
        phone = self.world.phone(name="a phone")
        if phone.create(name).status != 201:
            return
        how = self.chance.choice((0, 1, 2))
        made = phone.enable(f"{name}@example.com").expect(201) if how else {}
        if how == 2:
            phone.confirm_email(self.world.mailed_code(f"{name}@example.com")).expect(200)
        self.others[name] = phone
        if how == 2:
            self.owners[name] = Owner(phone, made["restore_code"], made["code_label"], f"{name}@example.com")

    def restore(self, name: str) -> None:
        """A new phone, the others kept or not."""
        if name not in self.owners:
            return
        phone, owner = self.world.phone(name="new"), self.owners[name]
        asked = phone.request_restore(name, owner.restore_code)
        if asked.status != 202:
            return
        mode: Literal["keep", "unpair"] = self.chance.choice(("keep", "unpair"))
        done = phone.complete(asked.document["restoration"]["id"], self.world.mailed_code(owner.address), mode)
        if done.status == 201:
            owner.restore_code, self.others[name] = done.document["restore_code"], phone

    def disable(self, name: str) -> None:
        """Off."""
        if name in self.others:
            self.others[name].disable()

    def enable(self, name: str) -> None:
        """On, or a new code."""
        if name in self.others:
            made = self.others[name].enable()
            if made.status == 201 and name in self.owners:
                self.owners[name].restore_code = made.document["restore_code"]

    def drill(self, name: str) -> None:
        """The code proven."""
        if name in self.owners:
            self.others[name].drill(self.owners[name].restore_code)

    def pair(self, name: str) -> None:
        """Another device, with or without a verification key."""
        if name in self.others:
            offer = self.others[name].offer_pairing()
            if offer.status == 201:
                other = self.world.phone(name="another")
                other.scan(name, offer.document["pairing"]["id"], offer.document["secret"])

    def unpair(self, name: str) -> None:
        """A device less."""
        if name in self.others:
            for device in self.others[name].show().document.get("devices", [])[:1]:
                self.others[name].unpair(device["id"])

    def unprotect(self, name: str) -> None:
        """The verification key taken away, where policy lets."""
        if name in self.others:
            self.others[name].protect(None)

    def bar(self, name: str) -> None:
        """An administrator bars it."""
        self.helpdesk.act(name, "restore/barring")

    def unbar(self, name: str) -> None:
        """An administrator lifts it."""
        self.admin.act(name, "restore/unbarring")

    def erase(self, name: str) -> None:
        """Gone, seldom: its name never comes back."""
        if name in self.others and self.chance.random() < 0.3:
            self.others[name].erase()


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_what_counting_gives(world: World, nights: Nights, auditor: Clerk, seed: int) -> None:
    """B9: after any acts, with events that come late, twice and in any order."""
    world.redeploy(RequireVerificationKey="false", AdministratorActsPerHour="1000")
    life = Life(world, seed)
    held: list[dict[str, Any]] = []
    everything: list[dict[str, Any]] = []
    for _ in range(30):
        life.act()
        events = nights.new()
        everything += events
        held += events
        if life.chance.random() < 0.5:
            life.chance.shuffle(held)
            assert nights.index(held[:8]) == {"batchItemFailures": []}
            held = held[8:]
    assert nights.index(reversed(held)) == {"batchItemFailures": []}
    gone = [event for event in everything if event["detail-type"] == "identity.erased"]
    if gone:
        assert nights.erase(gone) == {"batchItemFailures": []}
    assert names(world)
    must_be_right(world, auditor)
    before = {key: item for key, item in nights.left().items() if key[0].startswith(("COUNT", "WHO#", "DAY#", "TYPE#"))}
    life.chance.shuffle(everything)
    assert nights.index([*everything, *everything]) == {"batchItemFailures": []}
    after = {key: item for key, item in nights.left().items() if key[0].startswith(("COUNT", "WHO#", "DAY#", "TYPE#"))}
    assert after == before


def test_the_same_event_twice_in_one_batch(world: World, nights: Nights, auditor: Clerk) -> None:
    """A queue and a bus may give an event twice; one transaction takes an item once."""
    world.owner()
    events = nights.new()
    assert nights.index([event for event in events for _ in range(2)]) == {"batchItemFailures": []}
    must_be_right(world, auditor)


def test_an_erased_identity_is_counted_and_listed_no_more(world: World, nights: Nights, auditor: Clerk) -> None:
    """A 14.2: whichever comes first, the erasure or the events of it; and its name is nowhere in the table."""
    for name in ("ada-lovelace", "zoe-lovelace"):
        owner = world.owner(name)
        world.owner("bob" if name == "ada-lovelace" else "joe")
        Clerk(world, "helpdesk").act(name, "restore/barring").expect(204)
        Clerk(world, "helpdesk").act(name, "restore/barring", "").expect(422, "invalid")
        if name == "ada-lovelace":
            nights.settle()
        owner.phone.erase().expect(204)
        events = nights.new()
        gone = [event for event in events if event["detail-type"] == "identity.erased"]
        if name == "ada-lovelace":
            nights.index(events)
            nights.erase(gone)
        else:
            nights.erase(gone)
            nights.index(events)
        must_be_right(world, auditor)
        assert name not in json.dumps([[*key, item] for key, item in nights.left().items()], default=sorted)


@pytest.mark.parametrize("at", range(1, 9))
def test_an_erasure_in_the_middle_of_indexing(world: World, nights: Nights, auditor: Clerk, at: int) -> None:
    """Between any two calls of it: the name does not come back into lists, counters or journal."""
    owner = world.owner("ada-lovelace")
    world.owner("bob")
    nights.index(nights.new())
    owner.phone.offer_pairing().expect(201)
    owner.phone.disable().expect(204)
    events = nights.new()
    hooks, calls = aws.client("dynamodb").meta.events, [0]

    def erase(**_: Any) -> None:
        calls[0] += 1
        if calls[0] == at:
            owner.phone.erase().expect(204)
            nights.erase(nights.new())

    hooks.register("before-call.dynamodb", erase)
    try:
        assert nights.index(events) == {"batchItemFailures": []}
    finally:
        hooks.unregister("before-call.dynamodb", erase)
    if calls[0] < at:
        owner.phone.erase().expect(204)
        nights.erase(nights.new())
    nights.index(events)
    assert "lovelace" not in json.dumps([[*key, item] for key, item in nights.left().items()], default=sorted)
    must_be_right(world, auditor)


def test_an_approved_act_does_not_stand_in_the_way_of_an_erasure(world: World, nights: Nights, auditor: Clerk) -> None:
    """Two rows of the administrators' log are about one approval, and go in one transaction but once."""
    owner = world.owner("ada-lovelace")
    admin, other = Clerk(world, "admin"), Clerk(world, "admin", "sub-of-another")
    Clerk(world, "helpdesk").act("ada-lovelace", "restore/barring").expect(204)
    world.redeploy(TwoPersonApproval="true")
    asked = admin.act("ada-lovelace", "restore/unbarring").expect(202)["approval"]
    number = asked["id"] if isinstance(asked, dict) else asked
    other.call("POST", f"/approvals/{number}", {"approve": True}).expect(204)
    admin.act("ada-lovelace", "restore/unbarring", approval=number).expect(204)
    nights.settle()
    owner.phone.erase().expect(204)
    nights.settle()
    kept = json.dumps([[*key, item] for key, item in nights.left().items()], default=sorted)
    assert "lovelace" not in kept
    assert "as asked by phone" not in kept
    must_be_right(world, auditor)


def test_pages_of_identities_meet(world: World, nights: Nights, auditor: Clerk) -> None:
    """By name, fifty at a time: all of them, those of a prefix, of a state and of a lack."""
    world.owner()
    people = sorted({"ada", *(f"p{number:03d}" for number in range(103)), *(f"q.{number}" for number in range(50))})
    nights.settle()
    before = world.save()
    many(world, [name for name in people if name != "ada"])

    def all_pages(query: str) -> list[list[str]]:
        pages, cursor = [], ""
        while True:
            shown = auditor.call("GET", f"/identities?{query}{cursor}").expect(200)
            pages.append([one["identity"] for one in shown["identities"]])
            if shown["cursor"] is None:
                return pages
            cursor = f"&cursor={shown['cursor']}"

    for query, wanted in (
        ("restore=enabled", people),
        ("lacks=proven_code", people),
        ("prefix=p", [name for name in people if name.startswith("p")]),
        ("prefix=P1", [name for name in people if name.startswith("p1")]),
        ("prefix=q.", [name for name in people if name.startswith("q.")]),
        ("prefix=p&restore=enabled", [name for name in people if name.startswith("p")]),
        ("prefix=zz", []),
        ("restore=off", []),
        ("lacks=restore", []),
        ("devices_over=1", []),
    ):
        pages = all_pages(query)
        assert [name for page in pages for name in page] == wanted, query
        assert [len(page) for page in pages[:-1]] == [50] * (len(pages) - 1)
        assert len(pages) == max(1, -(-len(wanted) // 50))
    wrong = (
        "cursor=p001&prefix=q",
        "cursor=~",
        "cursor=",
        "prefix=_",
        "restore=on",
        "lacks=",
        "limit=5",
        "devices_over=0",
    )
    for query in wrong:
        auditor.call("GET", f"/identities?{query}").expect(422, "invalid")
    auditor.call("GET", "/identities?restore=off&lacks=restore").expect(422, "invalid")
    auditor.call("GET", "/identities?devices_over=2&lacks=restore").expect(422, "invalid")
    world.go_back(before)  # the copies' logs are chained to another name


def many(world: World, people: list[str]) -> None:
    """Many identities like ada, with her events and as they are counted and listed, but written one by one.

    moto copies its whole table for every transaction, so hundreds of acts would take minutes.
    """
    table = Table(lambda: aws.client("dynamodb"), TABLE)
    found = table.collection("ada")
    items = [unpack(item) for key, item in world.items(counters=False).items() if key[0] == "ID#ada" and key[1] != "S"]
    rows = [{**row, "act": item["rows"][0]["seq"]} for item in items for row in item.get("rows", [])]
    for name in people:
        copies = [put({**item, "PK": f"ID#{name}"}) for item in items]
        listed = standing.changes(name, standing.last(table, name), standing.of(found))
        for write in [*copies, *listed, *journal.entries(name, rows, int(world.clock.now))]:
            table.write(write, returning="NONE")


def calls_of(do: Callable[[], Any]) -> Counter[str]:
    """How often which operation of AWS is called."""
    counted: Counter[str] = Counter()

    def see(**given: Any) -> None:
        counted[given["model"].name] += 1

    hooks = [aws.client(service).meta.events for service in ("dynamodb", "secretsmanager", "kms", "s3")]
    for one in hooks:
        one.register("before-call", see)
    try:
        do()
    finally:
        for one in hooks:
            one.unregister("before-call", see)
    return counted


def test_no_page_costs_more_where_there_are_more_identities(world: World, nights: Nights, auditor: Clerk) -> None:
    """Nothing scans: each page is as many calls for ten identities as for two hundred."""
    world.owner()
    pages = (
        "/policy",
        "/identities",
        "/identities?prefix=a&restore=enabled",
        "/identities?lacks=second_device",
        "/identities/ada",
        "/events",
        "/events?type=restore.enabled",
        "/events?identity=ada",
        "/readiness",
    )

    def cost() -> dict[str, Counter[str]]:
        return {page: calls_of(lambda page=page: auditor.call("GET", page).expect(200)) for page in pages}  # type: ignore[misc]

    nights.settle()
    before = world.save()
    many(world, [f"a{number:03d}" for number in range(9)])
    few = cost()
    many(world, [f"b{number:03d}" for number in range(190)])
    assert auditor.call("GET", "/readiness").expect(200)["identities"] == 200
    assert cost() == few
    assert all(sum(counted.values()) <= 4 for counted in few.values()), few
    assert not any("Scan" in counted for counted in few.values())
    world.go_back(before)


def test_readiness_goes_by_policy_and_has_a_history(world: World, nights: Nights, auditor: Clerk) -> None:
    """B9: who could be restored where policy lets, and how it was on the evenings before."""
    world.owner()
    world.phone().create("bob").expect(201)
    nights.settle()
    nights.move_to(1)
    nights.sign()
    world.owner("eve")
    nights.settle()
    nights.move_to(2)
    nights.sign()
    shown = auditor.call("GET", "/readiness").expect(200)
    assert [(one["day"], one["identities"], one["restorable"]) for one in shown["history"]] == [
        ("2026-11-18", 2, 1),
        ("2026-11-19", 3, 2),
    ]
    assert shown["history"][0]["not_restorable"] == {
        "off": 1,
        "barred": 0,
        "address_not_confirmed": 0,
        "mail_bounced": 0,
    }
    world.redeploy(RestoreEnabled="false")
    shown = auditor.call("GET", "/readiness").expect(200)
    assert (shown["restorable"], shown["forbidden_by_policy"]) == (0, 2)


def test_history_is_of_ninety_days_at_most(world: World, nights: Nights, auditor: Clerk) -> None:
    """The newest, the oldest of them first."""
    world.owner()
    nights.settle()
    for day in (31, 62, 93):
        nights.move_to(day)
        nights.sign()
    history = auditor.call("GET", "/readiness").expect(200)["history"]
    assert len(history) == 90
    days = [one["day"] for one in history]
    assert days == sorted(days)
    assert days[-1] == "2027-02-18"
