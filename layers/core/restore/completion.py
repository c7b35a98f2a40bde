"""Binding a new device: what a proved restoration settles, and the one transaction that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restore import devices, disputes, restorations, state
from restore.conditions import Write
from restore.errors import Problem
from restore.keys import identity_key
from restore.settling import Change
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.codes import Pepper
    from restore.conditions import Item
    from restore.http import Call
    from restore.policy import Policy
    from restore.settling import View

HOUR = 3600


class Done(Exception):
    """The restoration was completed before; what comes is a repeat, by a device that is paired or is not any more."""


class DevicesNeeded(Exception):
    """The others are to be unpaired, so the act must have read them: begin again with a full read."""


def settle(entry: Item, verification: str | None, other_devices: str | None, call: Call, policy: Policy) -> None:
    """The e-mail code is proved: the verification key, the fate of the others and the waiting period are fixed now."""
    said_unpair = other_devices == "unpair"
    waits = policy.waiting_hours * HOUR if not entry.get("approved") else 0
    entry |= {
        "st": "waiting",
        "said_unpair": said_unpair,
        "unpair": said_unpair or policy.unpair_others_on_restore,
        "ready": call.now + waits,
    }
    if verification is not None:
        entry["vk"] = verification


def must_be_signed(entry: Item, call: Call) -> None:
    """The verification key that was settled signs every later call of the completion."""
    if "vk" in entry and call.verification != entry["vk"]:
        if call.verification is None:
            raise Problem("verification_required")
        raise call.refusal("another verification key than the settled one", call.verification)


def bind(view: View, act: Act, entry: Item, number: str, call: Call, policy: Policy, pepper: Pepper) -> Change:
    """Bind the device, spend both codes, replace the restore code, and unpair the others where that was settled."""
    restore = view.restore
    held_until = _held_until(entry, call.now, policy)
    mine = devices.entry(call.device, entry.get("vk"), call.now, held_until)
    change = Change()
    others = _others(view) if entry["unpair"] else {}
    identity = _replacing(view, others, mine, call, held_until) if entry["unpair"] else _beside(mine, call, policy)
    change.further.append((identity, None if entry["unpair"] else Problem("limit_reached", policy="max_devices")))

    ended_codes = restore.get("codes", {})
    code, label = state.put_code_in_force(restore, pepper, call.identity, call.now, made_by=number)
    unpaired = [other["k"] for other in others.values()]
    token, token_hash = disputes.new_token(call.identity, call.short, pepper)
    record = devices.record(
        call.identity,
        call.device,
        name=entry["name"],
        platform=entry["platform"],
        paired_by="restoration",
        now=call.now,
        restoration=number,
        unpaired=unpaired,
        ended=ended_codes,
        disputes=[entry["t"], token_hash],
    )
    change.further.append((devices.bound(record), Problem("device_exists")))
    if held_until:
        restore["held_until"] = max(held_until, restore.get("held_until", 0))
    restorations.finish(restore, number, entry, call.now)

    act.tell("restoration.completed", restoration=number, code_label=label)
    act.tell("device.paired", name=entry["name"], platform=entry["platform"], paired_by="restoration")
    for device in unpaired:
        act.tell("device.unpaired", device=device, by="restoration")
    values = {
        "identity": call.identity,
        "device": entry["name"],
        "platform": entry["platform"],
        "label": label,
        "time": rfc3339(call.now) or "",
        "token": token,
        "unpaired": [view.devices[short]["name"] for short in others],
    }
    act.mail("identity_restored", state.recipients(restore), state.language_of(restore), **values)
    answer = {
        "identity": call.identity,
        "device": devices.answer(mine, record, now=call.now, me=call.device),
        "restore_code": code.grouped,
        "code_label": label,
        "unpaired": unpaired,
    }
    change.answer = 201, answer, code
    return change


def answer(view: View, call: Call) -> dict[str, Any]:
    """What a repeat of the completion is told: the device as it is now."""
    record = view.devices[call.short]
    mine = (view.identity or {})["devices"][call.short]
    return {
        "identity": call.identity,
        "device": devices.answer(mine, record, now=call.now, me=call.device),
        "unpaired": record["unpaired"],
    }


def tell_replaced(restore: Item, act: Act, label: str, call: Call) -> None:
    """A fresh code took the place of one whose answer was lost: told as a replacement, and what it had begun ends."""
    act.tell("restore.code_replaced", code_label=label)
    for number in restorations.cancel_pending(restore, call.now):
        act.tell("restoration.cancelled", restoration=number, by="new_code")
    values = {"identity": call.identity, "label": label, "time": rfc3339(call.now) or ""}
    act.mail("code_replaced", state.recipients(restore), state.language_of(restore), **values)


def _held_until(entry: Item, now: int, policy: Policy) -> int | None:
    """Until when the new device is held: policy's hours, or longer where the restoration was disputed."""
    until = max(now + policy.hold_seconds, entry.get("held_until", 0))
    return until if until > now else None


def _others(view: View) -> dict[str, Item]:
    """The devices that are paired now, by short name."""
    if view.identity is None:
        raise DevicesNeeded
    paired: dict[str, Item] = view.identity["devices"]
    return paired


def _beside(mine: Item, call: Call, policy: Policy) -> Write:
    """Add the device to those there are, up to policy's number."""
    write = Write("Update", dict(identity_key(call.identity)))
    write.when(f"attribute_exists({write.name('PK')})")
    write.when(f"size({write.name('devices')}) < {write.value(policy.max_devices)}")
    return write.set(("devices", call.short), mine)


def _replacing(view: View, others: dict[str, Item], mine: Item, call: Call, held_until: int | None) -> Write:
    """Put the device in the place of exactly those that were read; those not held are set aside."""
    write = Write("Update", dict(identity_key(call.identity)))
    write.when(f"size({write.name('devices')}) = {write.value(len(others))}")
    for short, other in others.items():
        proof = write.name("devices", short, "v")
        write.when(f"{proof} = {write.value(other['v'])}")
    write.set(("devices",), {call.short: mine})
    if held_until:
        aside = {
            short: {"k": other["k"], "v": other["v"]}
            for short, other in others.items()
            if other.get("h", 0) <= call.now
        }
        write.set(("aside",), {**(view.identity or {}).get("aside", {}), **aside})
        write.set(("aside_until",), held_until)
    return write
