"""`DELETE /v1/identities/{i}`: nothing about the person stays, and nobody gets the name."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import pytest

from local.phone import base64url
from restore import aws
from restore.store import unpack
from tests.functional.bus import Bus, Long
from tests.functional.test_events import lengthen
from tests.functional.world import DAY, PEPPER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.world import World


@pytest.fixture
def bus(world: World) -> Iterator[Bus]:
    """The stack's bus, by which an erasure is finished."""
    with Bus(world).listening() as bus:
        yield bus


def left(world: World, *, counters: bool = False) -> dict[tuple[str, str], dict[str, Any]]:
    """The items of the table as the service reads them."""
    return {key: unpack(item) for key, item in world.items(counters=counters).items()}


def test_nothing_personal_is_left(world: World, bus: Bus) -> None:
    """A 14.2: name, keys, devices' names, addresses, sources and mails are gone; so is every hash of a code or link."""
    owner = world.restored(world.owner())
    world.clock.move(2 * DAY)
    owner.phone.offer_pairing().expect(201)
    world.begun(owner, name="somebody's phone")
    world.deliver()
    owner.phone.erase().expect(204)
    bus.finish()
    kept = json.dumps([*left(world).items()], default=sorted)
    personal = ["ada", "phone", "198.51.100", owner.phone.id, owner.restore_code.partition("-")[0]]
    # as a word of its own: hashes are base64url, and hold any three letters by chance
    assert not [word for word in personal if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", kept)]
    assert "@" not in kept
    members = {name for item in left(world).values() for row in item.get("rows", []) for name in row}
    assert members == {"seq", "at", "type", "hash", "digest"}
    kept_members = {"PK", "SK", "form", "at", "seq", "head", "rows"} | {"act", "chain", "hash", "type"}
    assert {name for item in left(world).values() for name in item} == kept_members


def test_the_log_that_is_left_is_whole(world: World, bus: Bus) -> None:
    """B4: from the first row's hash to the head that the tombstone keeps; the last row tells the erasure."""
    owner = world.restored(world.owner())
    world.clock.move(2 * DAY)
    before = world.events("ada")
    owner.phone.erase().expect(204)
    last = world.events("ada")[-1]
    bus.finish()
    items = left(world)
    rows = [row for key in sorted(items) if key[1].startswith("L#") for row in items[key]["rows"]]
    assert [(row["seq"], row["hash"]) for row in rows] == [(row["seq"], row["hash"]) for row in [*before, last]]
    (tombstone,) = [item for key, item in items.items() if key[1] == "T"]
    assert (tombstone["seq"], tombstone["head"]) == (len(rows), rows[-1]["hash"])
    assert rows[-1]["type"] == "identity.erased"
    head = rows[0]["hash"]
    for row in rows[1:]:
        told = {name: row[name] for name in ("at", "digest", "seq", "type")}
        text = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        head = base64url(hashlib.sha256(urlsafe_b64decode(head + "=") + text).digest())
        assert row["hash"] == head


def test_the_table_does_not_tell_which_name_it_was(world: World, bus: Bus) -> None:
    """Not even to somebody who tries names: what hashes the name without the pepper cannot be made again."""
    owner = world.owner()
    created = world.events("ada")[0]
    owner.phone.erase().expect(204)
    bus.finish()
    (first,) = [row for item in left(world).values() for row in item.get("rows", []) if row["seq"] == 1]
    assert first == {name: created[name] for name in ("seq", "at", "type", "hash")}


def test_the_owner_is_told_at_every_address_and_never_again(world: World, bus: Bus) -> None:
    """A 6.3.7: the last mail goes out though the table has forgotten where to."""
    owner = world.owner()
    world.deliver()
    owner.phone.erase().expect(204)
    records = [one for one in bus.records() if "mail" in one["dynamodb"]["NewImage"]]
    bus.published.clear()
    bus.finish()
    before = len(world.mails)
    assert world.handler("Notify")({"Records": records[-1:]}, Long()) == {"batchItemFailures": []}
    (mail,) = world.mails[before:]
    assert (mail.to, mail.subject) == ("ada@example.com", "Your identity was erased")
    assert not mail.tokens
    assert world.deliver() == []


@pytest.mark.parametrize("finished", [False, True])
def test_nothing_works_any_more(world: World, bus: Bus, finished: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """At once, before anything further is deleted, and after: devices, codes, restorations, pairings and links."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    token = world.token(owner.address)
    second = world.phone()
    second.identity = "ada"
    offer = owner.phone.offer_pairing().expect(201)
    owner.phone.erase().expect(204)
    if finished:
        bus.finish()
    for refused in (
        owner.phone.erase(),
        owner.phone.sign_in(),
        owner.phone.show(),
        owner.phone.events(),
        owner.phone.enable("ada@example.com"),
        owner.phone.disable(),
        owner.phone.unpair(owner.phone.id),
        owner.phone.restoration(number),
        owner.phone.veto(number),
        new.restoration(number),
        new.resend_code(number),
        new.withdraw(number),
        new.complete(number, code),
        second.scan("ada", offer["pairing"]["id"], offer["secret"]),
    ):
        refused.expect(401, "not_paired")
    assert world.phone().dispute(token).status == 410
    unknown = world.phone().request_restore("nobody", owner.restore_code).expect(403, "restore_refused")
    assert world.phone().request_restore("ada", owner.restore_code).expect(403, "restore_refused") == unknown


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("email", [None, "eve@example.com"])
def test_the_name_stays_taken(world: World, bus: Bus, finished: bool, email: str | None) -> None:  # noqa: FBT001 - a parameter of the test
    """By whoever asks, the owner's own key too: the answer, the calls and the count of a name that somebody has."""
    owner = world.owner()
    world.phone().create("bob").expect(201)
    owner.phone.erase().expect(204)
    if finished:
        bus.finish()

    def tried(name: str) -> tuple[dict[str, Any], list[str]]:
        operations: list[str] = []
        hooks = aws.client("dynamodb").meta.events

        def see(**given: Any) -> None:
            operations.append(given["model"].name)

        hooks.register("before-call.dynamodb", see)
        try:
            return world.phone().create(name, email).expect(409, "identity_taken"), operations
        finally:
            hooks.unregister("before-call.dynamodb", see)

    tried("bob")
    counts, sent = world.count("creations"), len(world.mails)
    assert tried("ADA") == tried("bob")
    assert world.count("creations") == {source: count + 2 for source, count in counts.items()}
    assert len(world.mails) == sent
    owner.phone.create("ada").expect(409, "identity_taken")
    assert not [key for key in left(world) if finished and key[0] == "ID#ada"]


@pytest.mark.parametrize("finished", [False, True])
def test_a_name_erased_at_once_is_taken_at_once(world: World, bus: Bus, *, finished: bool) -> None:
    """Its creation may still hold the name's claim; 409 without waiting for that, counted, and without a mail."""
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    phone.erase().expect(204)
    if finished:
        bus.finish()
    sent, now, counted = len(world.mails), world.clock.now, sum(world.count("creations").values())
    world.phone().create("ada", "eve@example.com").expect(409, "identity_taken")
    assert (len(world.mails), world.clock.now) == (sent, now)
    assert sum(world.count("creations").values()) == counted + 1


def test_the_name_stays_taken_when_the_pepper_is_rotated(world: World, bus: Bus) -> None:
    """Tombstones are looked for under every version; a new one is written under the current."""
    world.owner().phone.erase().expect(204)
    rotated = {**json.loads(PEPPER), "2": "Zy9" * 21 + "w", "current": "2"}
    aws.client("secretsmanager").put_secret_value(SecretId="<PepperSecret.Id>", SecretString=json.dumps(rotated))
    world.redeploy()
    bus.finish()
    world.phone().create("ada").expect(409, "identity_taken")
    other = world.phone()
    other.create("bob").expect(201)
    other.erase().expect(204)
    bus.finish()
    world.phone().create("bob", "bob@example.com").expect(409, "identity_taken")
    assert sorted(key[0].partition(".")[0] for key in left(world) if key[1] == "T") == ["GONE#1", "GONE#2"]


def test_only_a_verified_device_that_is_not_held_erases(world: World) -> None:
    """S4, B8: no device key alone, no stranger, no thief who has just restored; the refusal changes nothing."""
    owner = world.owner()
    held = world.restored(owner).phone
    stranger = world.phone()
    stranger.identity = "ada"
    before = world.items(counters=False)
    owner.phone.act("DELETE", owner.phone.path()).expect(401, "verification_required")
    stranger.erase().expect(401, "not_paired")
    refused = held.erase().expect(403, "not_allowed")
    assert refused["until"] == "2026-11-19T11:10:00Z"
    mixed = world.phone()
    mixed.identity, mixed.key = "ada", owner.phone.key
    mixed.erase().expect(401, "signature_invalid")
    assert world.items(counters=False) == before
    world.clock.move(DAY)
    held.erase().expect(204)


def test_the_very_same_request_again_is_a_strangers(world: World) -> None:
    """Whoever is gone gets 401, and nothing comes back."""
    owner = world.owner()
    request = owner.phone.prepare_erasure()
    owner.phone.send(request).expect(204)
    before = world.items()
    owner.phone.send(request).expect(401, "not_paired")
    assert world.items() == before


def test_a_used_nonce_erases_nothing(world: World) -> None:
    """A signature that was accepted once is no signature of another act."""
    phone = world.owner().phone
    sent = phone.prepare_sign_in()
    phone.send(sent).expect(201)
    nonce = (sent.header("Signature-Input") or "").partition('nonce="')[2].partition('"')[0]
    again = phone.prepare("DELETE", phone.path(), verified=True, nonce=nonce)
    phone.send(again).expect(401, "signature_replayed")
    phone.show().expect(200)


def test_an_event_alone_erases_nothing(world: World, bus: Bus) -> None:
    """Without the tombstone of the erasure itself, whoever put it on the bus."""
    world.owner()
    before = world.items()
    forged = {"detail-type": "identity.erased", "source": "id-restore", "detail": {"identity": "ada"}}
    assert bus.erase([forged]) == {"batchItemFailures": []}
    assert world.items() == before


def test_many_items_go_in_steps_and_a_crash_loses_no_step(world: World, bus: Bus) -> None:
    """A 2.3.3: broken off after each step in turn, it is taken up again until nothing is left; twice is once."""
    owner = world.owner()
    lengthen(world, "ada", 331)
    owner.phone.erase().expect(204)
    assert bus.publish() == {"batchItemFailures": []}
    events = [event for event in bus.taken() if event["detail-type"] == "identity.erased"]
    runs = 0
    hooks = aws.client("dynamodb").meta.events
    while [key for key in world.items() if key[0] == "ID#ada"]:
        steps = [0]

        def crash(steps: list[int] = steps, **_: Any) -> None:
            steps[0] += 1
            if steps[0] == 2:
                raise MemoryError

        hooks.register("before-call.dynamodb.TransactWriteItems", crash)
        try:
            bus.erase(events)
        except MemoryError:
            runs += 1
        finally:
            hooks.unregister("before-call.dynamodb.TransactWriteItems", crash)
    assert runs >= 2
    rows = [row["seq"] for key, item in sorted(left(world).items()) for row in item.get("rows", [])]
    assert rows == list(range(1, 333))
    after = world.items()
    assert bus.erase(events) == {"batchItemFailures": []}
    assert world.items() == after


def test_it_stops_in_time_and_goes_on(world: World, bus: Bus) -> None:
    """With little time left it gives the message back instead of being killed."""
    owner = world.owner()
    owner.phone.erase().expect(204)
    assert bus.publish() == {"batchItemFailures": []}
    events = bus.taken()
    short = Long()
    short.milliseconds = 14_999
    before = world.items()
    (given_back,) = bus.erase(events, context=short)["batchItemFailures"]
    assert given_back["itemIdentifier"]
    assert world.items() == before
    assert bus.erase(events) == {"batchItemFailures": []}
    assert not [key for key in world.items() if key[0] == "ID#ada"]
