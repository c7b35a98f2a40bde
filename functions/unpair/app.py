"""`DELETE /v1/identities/{i}/devices/{d}`: a device no longer belongs to the identity.

Any paired device unpairs any, itself too, after verification. From the moment of this write the other's requests are
those of a stranger. The last device goes only while the identity can be restored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, devices, pairings, restorations, settings, state
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.keys import short_of
from restore.settling import Change, View, by_paired
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Item, Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Unpair a device."""
    target = call.path["device"]
    short = short_of(target)

    def unpair(view: View, act: Act, mine: Write) -> Change:
        restore = view.restore
        paired: dict[str, Item] = (view.identity or {})["devices"]
        if short not in view.devices:
            raise Problem("not_found")
        if short not in paired:
            return Change(written=False)  # it was: again is the same
        entry = mine.name("devices", short)
        if short != call.short:
            mine.when(f"attribute_exists({entry})")
        if state.status(restore) != "enabled":
            if len(paired) == 1:
                raise Problem("last_device")
            mine.when(f"size({mine.name('devices')}) > {mine.value(1)}")
        mine.removes.append(entry)
        act.tell("device.unpaired", device=target, by="device")
        for offer in pairings.end_offers_of(restore, {target}, call.now):
            act.tell("pairing.cancelled", pairing=offer, by="unpairing")
        if restore.get("held_until", 0) > call.now:
            _under_hold(view, act, short, call)
        _mail(view, act, short, call)
        return Change()

    by_paired(table, call, unpair, verified=True, full=True)
    return Answer(204)


def _under_hold(view: View, act: Act, short: str, call: Call) -> None:
    """Somebody is held: what a held device unpairs is set aside; unpairing a held one ends the code that it brought."""
    restore, identity = view.restore, view.identity or {}
    target, me = identity["devices"][short], identity["devices"][call.short]
    target_held, i_am_held = (entry.get("h", 0) > call.now for entry in (target, me))
    if i_am_held and not target_held:
        devices.set_aside(restore, {short: target}, call.now)
    brought = state.has_made_one_in_force(restore, view.devices[short].get("restoration"))
    if target_held and not i_am_held and brought:
        state.switch_off(restore)
        act.tell("restore.disabled", by="unpairing")
        for offer in pairings.end_offers(restore, call.now):
            act.tell("pairing.cancelled", pairing=offer, by="unpairing")
        for number in restorations.cancel_pending(restore, call.now):
            act.tell("restoration.cancelled", restoration=number, by="unpairing")


def _mail(view: View, act: Act, short: str, call: Call) -> None:
    gone, by = view.devices[short], view.devices[call.short]
    values = {
        "identity": call.identity,
        "device": gone["name"],
        "platform": gone["platform"],
        "by_device": by["name"],
        "time": rfc3339(call.now) or "",
    }
    act.mail("device_unpaired", state.recipients(view.restore), state.language_of(view.restore), **values)
