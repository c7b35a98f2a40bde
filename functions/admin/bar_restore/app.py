"""`POST /v1/admin/identities/{i}/restore/barring`: nobody restores this identity until it is lifted.

What is under way is cancelled and no offer of a pairing holds any more. The codes stay: after the bar the earlier one
works again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, orders, pairings, restorations, settings, state
from restore.administrators import AdminCall, Desk
from restore.bodies import Reasoned
from restore.orders import Order
from restore.settling import Change, View
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
desk = Desk(table, settings.POLICY, settings.ADMINISTRATOR_SIGN_IN_SECONDS, settings.ADMINISTRATOR_ACTS_PER_HOUR)


@orders.ordering(desk, role="helpdesk", body=Reasoned)
def lambda_handler(view: View, act: Act, call: AdminCall) -> Order:
    """Bar restoring; again is the same."""
    restore = view.restore
    if restore.get("barred"):
        return Order("barring", Change(written=False))
    restore["barred"] = True
    act.tell("restore.barred", by="administrator", reason=call.body.reason)
    for number in restorations.cancel_pending(restore, call.now):
        act.tell("restoration.cancelled", restoration=number, by="barring")
    for offer in pairings.end_offers(restore, call.now):
        act.tell("pairing.cancelled", pairing=offer, by="barring")
    values = {"identity": call.identity, "reason": call.body.reason, "time": rfc3339(call.now) or ""}
    act.mail("restore_barred", state.recipients(restore), state.language_of(restore), **values)
    return Order("barring", Change())
