"""`GET …/events`: the identity's own log, page by page, and a chain that the phone itself can verify."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode
from datetime import datetime
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from local.phone import base64url
from restore import aws
from restore.audit import Act
from restore.store import Table
from tests.functional.world import SOURCE, TABLE

if TYPE_CHECKING:
    from local.phone import Phone
    from tests.functional.world import World


def canonical(value: Any) -> bytes:
    """As docs/events.md says."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(raw: bytes) -> str:
    """In base64url."""
    return base64url(hashlib.sha256(raw).digest())


def broken(identity: str, newest_first: list[dict[str, Any]]) -> int | None:
    """The number of the first event that does not fit the chain, by the answers alone; None where all fit."""
    head = sha256(f"log of {identity}".encode())
    for seq, event in enumerate(reversed(newest_first), 1):
        personal = {name: event[name] for name in ("detail", "device", "source")}
        told = {
            "at": int(datetime.fromisoformat(event["at"]).timestamp()),
            "digest": sha256(event["id"].encode() + canonical(personal)),
            "seq": event["seq"],
            "type": event["type"],
        }
        head = sha256(urlsafe_b64decode(head + "=") + canonical(told))
        if event["seq"] != seq or event["hash"] != head:
            return seq
    return None


def lengthen(world: World, identity: str, count: int) -> None:
    """Write acts of one to four rows into a log, as the service does, until it has so many rows."""
    head, sizes = world.item(identity, "R"), cycle((1, 2, 3, 4))
    while head["seq"] < count:
        act = Act(identity, now=int(world.clock.now), device=None, source=SOURCE, server="")
        for number in range(min(next(sizes), count - head["seq"])):
            act.tell("pairing.cancelled", pairing=f"x{number}")
        Table(lambda: aws.client("dynamodb"), TABLE).write(act.close(head), returning="NONE")
    world.set(identity, "R", seq=head["seq"], head=head["head"])


def read_all(phone: Phone) -> list[list[dict[str, Any]]]:
    """All pages of a phone's log."""
    pages: list[list[dict[str, Any]]] = []
    cursor = None
    while not pages or cursor is not None:
        shown = phone.events(cursor).expect(200)
        pages.append(shown["events"])
        cursor = shown["cursor"]
    return pages


def test_a_log_is_shown_newest_first(world: World) -> None:
    """B4: what, when, from which address and by which device, with its number and hash."""
    owner = world.owner()
    shown = owner.phone.events().expect(200)
    assert set(shown) == {"events", "cursor"}
    assert shown["cursor"] is None
    events = shown["events"]
    assert [event["seq"] for event in events] == list(range(len(events), 0, -1))
    first = events[-1]
    assert first == {
        "id": first["id"],
        "seq": 1,
        "hash": first["hash"],
        "at": "2026-11-18T11:10:00Z",
        "type": "identity.created",
        "device": owner.phone.id,
        "source": SOURCE,
        "detail": {"name": "ada's phone", "platform": "ios"},
    }
    assert len({event["id"] for event in events}) == len(events)
    assert all(len(event["id"]) == 22 for event in events)
    log = owner.phone.show().expect(200)["log"]
    assert log == {"seq": events[0]["seq"], "hash": events[0]["hash"]}


def test_the_phone_verifies_the_chain_from_what_it_is_shown(world: World) -> None:
    """B4 B14: up to the head that it knows; whatever is changed, left out, added or moved is found."""
    owner = world.restored(world.owner())
    events = [event for page in read_all(owner.phone) for event in page]
    assert broken("ada", events) is None
    assert broken("eve", events) == 1
    for place in range(len(events)):
        seq = events[place]["seq"]
        for change in (
            {"type": "restore.disabled "},
            {"at": "2026-11-18T11:10:01Z"},
            {"source": "192.0.2.1"},
            {"device": None},
            {"detail": {"by": "nobody"}},
            {"id": "x" * 22},
            {"hash": "A" * 43},
        ):
            forged = [*events[:place], {**events[place], **change}, *events[place + 1 :]]
            assert broken("ada", forged) == seq
        missing = broken("ada", events[:place] + events[place + 1 :])
        assert missing == (seq if place else None)  # without the newest it is whole: the head that the app keeps tells
    assert broken("ada", [events[1], events[0], *events[2:]]) is not None


def test_pages_meet_without_gap_or_repetition(world: World) -> None:
    """Fifty each; acts of several rows are cut where a page ends."""
    phone = world.owner().phone
    lengthen(world, "ada", 128)
    rows = world.events("ada")
    pages = read_all(phone)
    assert [len(page) for page in pages[:-1]] == [50] * (len(pages) - 1)
    events = [event for page in pages for event in page]
    assert [event["seq"] for event in events] == [row["seq"] for row in reversed(rows)]
    assert broken("ada", events) is None


@pytest.mark.parametrize(("count", "pages"), [(50, [50]), (51, [50, 1]), (100, [50, 50])])
def test_the_last_page_has_no_cursor(world: World, count: int, pages: list[int]) -> None:
    """It says itself that it is the last."""
    phone = world.owner().phone
    lengthen(world, "ada", count)
    assert [len(page) for page in read_all(phone)] == pages


def test_what_happens_meanwhile_moves_no_page(world: World) -> None:
    """A cursor goes on where the page ended, whatever was added on top."""
    phone = world.owner().phone
    lengthen(world, "ada", 60)
    first = phone.events().expect(200)
    phone.disable().expect(204)
    second = phone.events(first["cursor"]).expect(200)
    assert second["events"][0]["seq"] == first["events"][-1]["seq"] - 1
    assert second == phone.events(first["cursor"]).expect(200)


def test_a_cursor_is_good_for_its_identity_and_as_it_is(world: World) -> None:
    """One of another identity, or altered in any symbol, is 422."""
    phone = world.owner().phone
    lengthen(world, "ada", 60)
    cursor = phone.events().expect(200)["cursor"]
    eve = world.phone()
    eve.create("eve").expect(201)
    lengthen(world, "eve", 60)
    others = eve.events().expect(200)["cursor"]
    assert eve.events(others).expect(200)["events"]
    wrong = [others, "", "1", "x", "0.x", cursor + "A", cursor[:-1], f"0{cursor}", f"-{cursor}", "~" * 50, "9" * 64]
    wrong += [cursor[:at] + ("B" if cursor[at] != "B" else "C") + cursor[at + 1 :] for at in range(len(cursor))]
    seq, _, head = cursor.partition(".")
    wrong += [f"{int(seq) + step}.{head}" for step in (-1, 1, 10**6)]
    for one in wrong:
        problem = phone.events(one).expect(422, "invalid")
        assert [error["field"] for error in problem["errors"]] == ["cursor"]
    assert phone.events(cursor).expect(200)["cursor"] is None


def test_no_other_parameter_is_known(world: World) -> None:
    """As members of a body that nobody knows."""
    phone = world.owner().phone
    problem = phone.act("GET", phone.path("/events?limit=5")).expect(422, "invalid")
    assert problem["errors"] == [{"field": "limit", "message": "is not known"}]


def test_only_paired_devices_read_the_log(world: World) -> None:
    """A 8.2: a stranger and an unpaired device get one and the same answer, at an unknown identity, too."""
    owner = world.owner()
    second = world.restored(owner)
    stranger = world.phone()
    stranger.identity = "ada"
    stranger.events().expect(401, "not_paired")
    stranger.identity = "nobody"
    stranger.events().expect(401, "not_paired")
    second.phone.events().expect(200)  # held, and may read
    owner.phone.unpair(second.phone.id).expect(204)
    second.phone.events().expect(401, "not_paired")


def test_a_page_costs_the_same_however_long_the_log_is(world: World) -> None:
    """One request for a page, of known size; nothing is scanned."""
    phone = world.owner().phone

    def cost(cursor: str | None) -> list[str]:
        operations: list[str] = []
        hooks = aws.client("dynamodb").meta.events

        def count(**given: Any) -> None:
            operations.append(given["model"].name)

        hooks.register("before-call.dynamodb", count)
        try:
            phone.events(cursor).expect(200)
        finally:
            hooks.unregister("before-call.dynamodb", count)
        return operations

    short = cost(None)
    assert short == ["GetItem", "GetItem", "Query"]
    lengthen(world, "ada", 120)
    cursor = phone.events().expect(200)["cursor"]
    assert cost(None) == cost(cursor) == short


def test_a_read_may_be_sent_again(world: World) -> None:
    """Only what changes something remembers a nonce."""
    phone = world.owner().phone
    request = phone.prepare("GET", phone.path("/events"))
    first = phone.send(request).expect(200)
    assert phone.send(request).expect(200) == first
