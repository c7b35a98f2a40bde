"""`POST /v1/admin/identities/{i}/devices/{d}/unpairing`: an administrator takes a device away.

From the moment of this write the device's requests are those of a stranger, and it has no way back. The last device
goes only while the identity can be restored, and with a second person's word where policy asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, devices, orders, pairings, settings, state
from restore.administrators import AdminCall, Desk
from restore.bodies import Reasoned
from restore.conditions import Write
from restore.errors import Problem
from restore.keys import identity_key, short_of
from restore.orders import Order
from restore.settling import Change, View
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Item

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
desk = Desk(table, settings.POLICY, settings.ADMINISTRATOR_SIGN_IN_SECONDS, settings.ADMINISTRATOR_ACTS_PER_HOUR)


@orders.ordering(desk, role="helpdesk", body=Reasoned)
def lambda_handler(view: View, act: Act, call: AdminCall) -> Order:
    """Unpair a device; again is the same."""
    restore, device = view.restore, call.path["device"]
    short = short_of(device)
    paired: dict[str, Item] = (view.identity or {})["devices"]
    if short not in view.devices:
        raise Problem("not_found")
    values = {
        "identity": call.identity,
        "device": view.devices[short]["name"],
        "platform": view.devices[short]["platform"],
        "reason": call.body.reason,
        "time": rfc3339(call.now) or "",
    }

    def mail() -> None:
        kind = "device_unpaired_by_administrator"
        act.mail(kind, state.recipients(restore), state.language_of(restore), **values)

    had_way_back = devices.end_way_back(restore, short, call.now)
    if short not in paired:
        if had_way_back:
            act.tell("device.way_back_ended", device=device, by="administrator", reason=call.body.reason)
            mail()
        return Order("unpairing", Change(written=had_way_back), tells={"device": device})
    last = len(paired) == 1
    if last and state.status(restore) != "enabled":
        raise Problem("last_device")
    write = Write("Update", dict(identity_key(call.identity)))
    entry = write.name("devices", short)
    write.when(f"attribute_exists({entry})")
    write.when(f"size({write.name('devices')}) = {write.value(len(paired))}")
    write.removes.append(entry)
    act.tell("device.unpaired", device=device, by="administrator", reason=call.body.reason)
    for offer in pairings.end_offers_of(restore, {device}, call.now):
        act.tell("pairing.cancelled", pairing=offer, by="unpairing")
    mail()
    return Order(
        "unpairing",
        Change(further=[(write, None)]),
        two_people="last_unpairing" if last else "",
        tells={"device": device},
    )
