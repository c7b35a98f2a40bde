"""Devices: installations of the app that are paired with an identity, or were.

A paired device is an entry of the identity's item: `devices.<short> = {v, s, h}`, the proof of its key and verification
key together, when it was last seen, and until when it is held: so small that an item with ten of them is written for
one unit (1 KB), like one. What never changes (key, name, platform, how and when it came) is in an item of its own, a
dated record of every device ever bound (NIST SP 800-63B-4, 4.1): it stays for ever, and tells whether a key was one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from restore.conditions import Write, nonce_state, put_new, remember_first_nonces
from restore.errors import Problem
from restore.keys import device_key, identity_key, proof_of, short_of
from restore.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restore.conditions import Item
    from restore.http import Call
    from restore.store import Table

PairedBy = Literal["creation", "restoration", "pairing"]


def entry(device: str, verification: str | None, now: int, held_until: int | None = None) -> Item:
    """A paired device's entry in the identity's item."""
    made: Item = {"v": proof_of(device, verification), "s": now}
    if held_until is not None:
        made["h"] = held_until
    return made


def record(identity: str, device: str, *, name: str, platform: str, paired_by: PairedBy, now: int, **more: Any) -> Item:
    """The device's own item, written once."""
    key = device_key(identity, short_of(device))
    told = {"device": device, "name": name, "platform": platform, "paired_by": paired_by, "paired_at": now}
    return {**key, "form": 1, **told, **more}


def bound(item: Item) -> Write:
    """Write a new device's item; refused where the key is or was a device of the identity."""
    return put_new(item)


def held_until(now: int, seconds: int, at_least: int = 0) -> int | None:
    """Until when a new device is held: for so long, or to a later time that a dispute has set; None for not at all."""
    until = max(now + seconds, at_least)
    return until if until > now else None


def beside(mine: Item, nonces: set[str], call: Call, most: int) -> Write:
    """Add the calling device to those that are paired, as long as they stay within `most`.

    `nonces` are those that it has used up on the way: none of them is good for another act.
    """
    write = Write("Update", dict(identity_key(call.identity)))
    write.when(f"attribute_exists({write.name('PK')})")
    write.when(f"size({write.name('devices')}) < {write.value(most)}")
    write.set(("devices", call.short), mine)
    return remember_first_nonces(write, nonces, call.now)


def in_the_place_of(others: Mapping[str, Item], mine: Item, nonces: set[str], call: Call) -> Write:
    """Put the calling device in the place of exactly those others that were read; `nonces` as above."""
    write = Write("Update", dict(identity_key(call.identity)))
    write.when(f"size({write.name('devices')}) = {write.value(len(others))}")
    for short, other in others.items():
        write.when(f"{write.name('devices', short, 'v')} = {write.value(other['v'])}")
    write.set(("devices",), {call.short: mine})
    return remember_first_nonces(write, nonces, call.now)


def begin_hold(restore: Item, until: int | None, now: int) -> None:
    """A device is held, or for longer: so long those that it unpairs have a way back.

    A way back that was over stays over, and none is shorter than a hold that goes on: else a device that a dispute
    holds for 72 hours could unpair the owner for good once a newcomer's hold is over.
    """
    if restore.get("aside_until", 0) <= now:
        restore.pop("aside", None)
    if until is not None:
        restore["aside_until"] = max(until, restore.get("aside_until", 0))
        restore["held_until"] = max(until, restore.get("held_until", 0))


def set_aside(restore: Item, unpaired: Mapping[str, Item], now: int) -> None:
    """Remember devices that a held one, or the completion that brought it, unpairs; a held one is never set aside."""
    if restore.get("aside_until", 0) > now:
        more = {short: dict(one) for short, one in unpaired.items() if one.get("h", 0) <= now}
        restore["aside"] = {**restore.get("aside", {}), **more}


def end_way_back(restore: Item, short: str, now: int) -> bool:
    """A device that was set aside has no way back any more; whether it had one."""
    return restore.get("aside", {}).pop(short, None) is not None and restore.get("aside_until", 0) > now


def answer(entry: Item, record: Item, *, now: int, me: str) -> dict[str, Any]:
    """`device` of the contract, for a paired device; `me` is the key of the one that asks."""
    held = entry.get("h")
    return {
        "id": record["device"],
        "name": record["name"],
        "platform": record["platform"],
        "paired_at": rfc3339(record["paired_at"]),
        "last_seen_at": rfc3339(entry["s"]),
        "paired_by": record["paired_by"],
        "held_until": rfc3339(held) if held is not None and held > now else None,
        "verification": entry["v"] != proof_of(record["device"], None),
        "this_device": record["device"] == me,
    }


def gone(record: Item) -> dict[str, Any]:
    """`device` of the contract, for one that is not paired any more."""
    return {
        "id": record["device"],
        "name": record["name"],
        "platform": record["platform"],
        "paired_at": rfc3339(record["paired_at"]),
        "last_seen_at": None,
        "paired_by": record["paired_by"],
        "held_until": None,
        "verification": False,
        "this_device": False,
    }


def candidate(device: Mapping[str, Any], *, me: str) -> dict[str, Any]:
    """`device` of a restoration: it is not paired, so what only a paired one has is null."""
    return {
        "id": device["k"],
        "name": device["name"],
        "platform": device["platform"],
        "paired_at": None,
        "last_seen_at": None,
        "paired_by": "restoration",
        "held_until": None,
        "verification": False,
        "this_device": device["k"] == me,
    }


def why_refused(
    identity: Item, call: Call, *, verified: bool, may_be_held: bool
) -> Problem | Literal["stale_slot"] | None:
    """Why `conditions.by_paired_device` did not hold for an identity's item as it was found.

    None where it would hold: then something else stood in the way. An identity that does not exist, a stranger's key
    and an unpaired device's are one and the same answer.
    """
    found = identity.get("devices", {}).get(call.short)
    if found is None:
        return Problem("not_paired")
    if verified and (unproved := why_unproved(found, call)):
        return unproved
    state = nonce_state(identity, call.device, call.nonce, call.now)
    if state == "seen":
        return Problem("signature_replayed")
    if not may_be_held and found.get("h", 0) > call.now:
        return Problem("not_allowed", until=rfc3339(found["h"]))
    return "stale_slot" if state == "stale_slot" else None


def why_unproved(entry: Item, call: Call) -> Problem | None:
    """Why a call is not by the verification key of this entry's device, or by the device key where it has none."""
    if entry["v"] == proof_of(call.device, call.verification):
        return None
    if call.verification is None:
        return Problem("verification_required")
    return call.refusal("another verification key", call.verification)


def bound_by(table: Table, call: Call, how: Literal["restoration", "pairing"]) -> str | None:
    """The restoration or pairing that has bound the device that calls: its own record knows when all else is forgotten.

    A stranger costs this read, too, whether there is such an identity or not.
    """
    found: str | None = (table.get(device_key(call.identity, call.short)) or {}).get(how)
    return found


def must_be_paired(identity: Item | None, call: Call) -> Item:
    """For reads, which accept a nonce again: the entry of the device that asks, or `not_paired`."""
    found: Item | None = (identity or {}).get("devices", {}).get(call.short)
    if found is None:
        raise Problem("not_paired")
    return found
