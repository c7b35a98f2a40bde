"""`DELETE /v1/identities/{i}/devices/held`: a device that was set aside throws out those that did it.

For as long as a hold lasts, a device that a held one has unpaired may come back with the verification key that it had.
In one transaction every held device is unpaired, every one set aside is paired again, and every code ends: a thief who
had both codes is out, and has nothing left to come back with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, devices, pairings, restorations, settings, state
from restore.conditions import Write, by_paired_device, nonce_state, remember_nonce
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.keys import identity_key, proof_of
from restore.settling import Change, View, by_new_device
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Item

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Come back."""
    by_new_device(table, call, lambda view, act: _reclaim(view, act, call), full=True)
    return Answer(204)


def _reclaim(view: View, act: Act, call: Call) -> Change:
    restore, identity = view.restore, view.identity or {}
    paired: dict[str, Item] = identity.get("devices", {})
    mine = paired.get(call.short) or _aside(restore, call)
    if unproved := devices.why_unproved(mine, call):
        raise unproved
    state_of_nonce = nonce_state(identity, call.device, call.nonce, call.now)
    if state_of_nonce == "seen":
        raise Problem("signature_replayed")
    if call.short in paired:
        if call.short not in restore.get("came_back", []):
            raise Problem("not_found")
        # nothing changes for a device that came back, but that these very bytes are a replay from now on
        remembered = by_paired_device(call, verified=True, stale_slot=state_of_nonce == "stale_slot")
        return Change(written=False, further=[(remembered, None)])

    out = {short: one for short, one in paired.items() if one.get("h", 0) > call.now}
    back: dict[str, Item] = restore.pop("aside")
    stay = {short: one for short, one in paired.items() if short not in out}
    # who came back by an earlier one may ask again as well, for as long as it is paired
    restore["came_back"] = sorted({*back, *(short for short in restore.get("came_back", []) if short in stay)})
    write = Write("Update", dict(identity_key(call.identity)))
    write.when(f"size({write.name('devices')}) = {write.value(len(paired))}")
    for short, one in paired.items():
        write.when(f"{write.name('devices', short, 'v')} = {write.value(one['v'])}")
    write.set(("devices",), {**stay, **back, call.short: {**mine, "s": call.now}})
    remember_nonce(write, call.device, call.nonce, call.now, stale_slot=state_of_nonce == "stale_slot")

    state.switch_off(restore, by_way_back=True)
    for name in ("held_until", "aside_until"):
        restore.pop(name, None)
    act.tell("device.reclaimed", device=call.device)
    for short in out:
        act.tell("device.unpaired", device=view.devices[short]["device"], by="reclaim")
    for number in restorations.cancel_pending(restore, call.now):
        act.tell("restoration.cancelled", restoration=number, by="reclaim")
    for number in pairings.end_offers(restore, call.now):
        act.tell("pairing.cancelled", pairing=number, by="reclaim")
    values: dict[str, str | list[str]] = {
        "identity": call.identity,
        "device": view.devices[call.short]["name"],
        "platform": view.devices[call.short]["platform"],
        "time": rfc3339(call.now) or "",
        "unpaired": [view.devices[short]["name"] for short in out],
    }
    act.mail("device_reclaimed", state.recipients(restore), state.language_of(restore), **values)
    return Change(further=[(write, None)])


def _aside(restore: Item, call: Call) -> Item:
    """The calling device among those set aside, while their way back is open; else it is a stranger."""
    found: Item | None = restore.get("aside", {}).get(call.short)
    if found is None or restore.get("aside_until", 0) <= call.now:
        raise Problem("not_paired")
    if found["v"] == proof_of(call.device, None):
        raise Problem("not_paired")  # without a verification key whoever holds the phone could do this
    return found
