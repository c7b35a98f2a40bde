"""Binding a new device: what a proved restoration settles, and the one transaction that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from restore import devices, disputes, pairings, restorations, state
from restore.errors import Problem
from restore.sealing import keep
from restore.settling import Change
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.codes import Pepper
    from restore.conditions import Item
    from restore.http import Call
    from restore.policy import Policy
    from restore.sealing import Sealer
    from restore.settling import View

HOUR: Final = 3600
SENT_CODE_WAITS: Final = 24 * HOUR


class Said(Protocol):
    """What the body of a completion settles."""

    verification_key: str | None
    other_devices: Literal["keep", "unpair"] | None


class Done(Exception):
    """The restoration was completed before; what comes is a repeat, by a device that is paired or is not any more."""


class DevicesNeeded(Exception):
    """The others are to be unpaired, so the act must have read them: begin again with a full read."""


def settle(restore: Item, entry: Item, said: Said, call: Call, policy: Policy) -> None:
    """The e-mail code is proved: the verification key, the fate of the others and the waiting period are fixed now.

    Where an administrator has sent the restore code by mail, one mailbox holds both codes: then a day passes at least.
    """
    verification, said_unpair = said.verification_key, said.other_devices == "unpair"
    code = restore.get("codes", {}).get(entry["c"], {})
    waits = max(policy.waiting_hours * HOUR, SENT_CODE_WAITS if "sent" in code else 0)
    if entry.get("approved"):
        waits = 0
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


class Means(NamedTuple):
    """What binding needs beside what it decides on."""

    policy: Policy
    pepper: Pepper
    sealer: Sealer


def bind(view: View, act: Act, entry: Item, number: str, call: Call, means: Means) -> Change:
    """Bind the device, spend both codes, replace the restore code, and unpair the others.

    These go where that was settled, or where policy wants it by now: it wins over what was settled before it.
    """
    policy, pepper, sealer = means
    restore = view.restore
    held_until = devices.held_until(call.now, policy.hold_seconds, entry.get("held_until", 0))
    mine = devices.entry(call.device, entry.get("vk"), call.now, held_until)
    change = Change()
    others: dict[str, Item] = {}
    if entry["unpair"] or policy.unpair_others_on_restore:
        if view.identity is None:
            raise DevicesNeeded
        others = view.identity["devices"]
        change.further.append((devices.in_the_place_of(others, mine, entry["seen"], call), None))
    else:
        beside = devices.beside(mine, entry["seen"], call, policy.max_devices)
        change.further.append((beside, Problem("limit_reached")))

    ended_codes = restore.get("codes", {})
    code, label = state.put_code_in_force(restore, pepper, call.identity, call.now, made_by=number)
    keep(restore, code, sealer, policy, call.identity)
    unpaired = [view.devices[short]["device"] for short in others]
    dispute = disputes.new_link(call.identity, call.short, pepper)
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
        disputes=[*entry["links"], dispute.hash],
    )
    change.further.append((devices.bound(record), Problem("device_exists")))
    devices.begin_hold(restore, held_until, call.now)
    devices.set_aside(restore, others, call.now)
    ended = restorations.finish(restore, number, entry, call.now)
    ended_offers = pairings.end_offers_of(restore, set(unpaired), call.now)

    act.tell("restoration.completed", restoration=number, code_label=label)
    act.tell("device.paired", name=entry["name"], platform=entry["platform"], paired_by="restoration")
    for device in unpaired:
        act.tell("device.unpaired", device=device, by="restoration")
    for other in ended:
        act.tell("restoration.cancelled", restoration=other, by="completion")
    for offer in ended_offers:
        act.tell("pairing.cancelled", pairing=offer, by="restoration")
    values = {
        "identity": call.identity,
        "device": entry["name"],
        "platform": entry["platform"],
        "label": label,
        "time": rfc3339(call.now) or "",
        "token": dispute.sealed,
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
