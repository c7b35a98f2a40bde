"""Pairings: binding a new device from the screen of a paired one (NIST SP 800-63B-4, 4.1.2.2).

An entry of the restore item's map `pairs`, under the pairing's id: `{st, by, at, x, h, k, seen}`: its state, the key of
the device that offers it, when it was offered and when that ends, the hash of its 128-bit secret, the key that has used
it, and the nonces accepted for it. An offer is used once, within minutes, and ends with the pairing of the device that
shows it and with restore itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from restore.codes import new_id
from restore.errors import Problem
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.codes import Pepper
    from restore.conditions import Item

Status = Literal["offered", "used", "expired", "cancelled"]

AT_ONCE: Final = 10
DAY: Final = 86400
KEPT_WHEN_OVER: Final = 10
KEPT_FOR: Final = 30 * DAY
"""What is over says why for so long, and so many of them; that a used one bound its device is known for ever."""
POLL_SECONDS: Final = 2


def status(entry: Item, now: int) -> Status:
    """What an offer is at this moment."""
    state: Status = entry["st"]
    return "expired" if state == "offered" and entry["x"] <= now else state


def answer(number: str, entry: Item, now: int, device: dict[str, Any] | None) -> dict[str, Any]:
    """`pairing` of the contract; `device` is the one that has used it."""
    state = status(entry, now)
    return {
        "id": number,
        "status": state,
        "expires_at": rfc3339(entry["x"]),
        "device": device,
        "poll_seconds": POLL_SECONDS if state == "offered" else None,
    }


def offer(
    restore: Item, *, by: str, identity: str, pepper: Pepper, seconds: int, now: int
) -> tuple[str, Item, str, list[str]]:
    """Offer a pairing: its id, entry and secret, and the ids of older offers that this one ends."""
    _forget(restore, now)
    offered = list(_open(restore, now))
    ended = offered[: max(0, len(offered) - AT_ONCE + 1)]
    for number in ended:
        _cancel(restore["pairs"][number], now)
    number, secret = new_id(), new_id()
    entry: Item = {
        "st": "offered",
        "by": by,
        "at": now,
        "o": restore.get("ver", 0),  # of several in one second, which came first
        "x": now + seconds,
        "h": pepper.hash(f"pairing {number}", identity, secret),
    }
    restore.setdefault("pairs", {})[number] = entry
    return number, entry, secret, ended


def with_secret(restore: Item | None, number: str, secret: str, *, identity: str, pepper: Pepper) -> Item:
    """The offer that this secret is of. A wrong secret and an unknown pairing are one answer."""
    entry: Item | None = (restore or {}).get("pairs", {}).get(number)
    if not pepper.fits(entry["h"] if entry else None, f"pairing {number}", identity, secret) or entry is None:
        raise Problem("not_paired")
    return entry


def must_be_open(entry: Item, now: int) -> None:
    """Refuse an offer that is over, with the reason why: 410."""
    state = status(entry, now)
    if state != "offered":
        raise Problem(state)


def cancel(entry: Item, now: int) -> bool:
    """Take an offer back: False where it was before, 410 where it is over otherwise."""
    if status(entry, now) == "cancelled":
        return False
    must_be_open(entry, now)
    _cancel(entry, now)
    return True


def end_offers(restore: Item, now: int) -> list[str]:
    """End every open offer; their ids."""
    return _end(restore, now, lambda _: True)


def end_offers_of(restore: Item, devices: set[str], now: int) -> list[str]:
    """End the open offers of devices that are unpaired now; their ids."""
    return _end(restore, now, lambda entry: entry["by"] in devices)


def _end(restore: Item, now: int, which: Any) -> list[str]:
    ended = [number for number, entry in _open(restore, now).items() if which(entry)]
    for number in ended:
        _cancel(restore["pairs"][number], now)
    return ended


def _open(restore: Item, now: int) -> dict[str, Item]:
    """The offers that can be used, oldest first."""
    found = {number: one for number, one in restore.get("pairs", {}).items() if status(one, now) == "offered"}
    return dict(sorted(found.items(), key=lambda one: (one[1]["at"], one[1].get("o", 0))))


def _cancel(entry: Item, now: int) -> None:
    entry |= {"st": "cancelled", "end": now}


def _forget(restore: Item, now: int) -> None:
    """Drop what has long been over, and the oldest beyond some."""
    pairs: dict[str, Item] = restore.get("pairs", {})
    over = sorted(
        (number for number, entry in pairs.items() if status(entry, now) != "offered"),
        key=lambda number: (pairs[number]["at"], pairs[number].get("o", 0)),
        reverse=True,
    )
    for place, number in enumerate(over):
        if place >= KEPT_WHEN_OVER or pairs[number]["at"] + KEPT_FOR <= now:
            del pairs[number]
