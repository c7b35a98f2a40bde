"""`POST /v1/admin/identities/{i}/restorations/{r}/cancellation`: an administrator ends a restoration under way.

Cancelled is cancelled: no code completes it any more. What is completed cannot be cancelled: then a device is unpaired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, orders, restorations, settings
from restore.administrators import AdminCall, Desk
from restore.bodies import Reasoned
from restore.errors import Problem
from restore.orders import Order
from restore.settling import Change, View
from restore.store import Table

if TYPE_CHECKING:
    from restore.audit import Act

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
desk = Desk(table, settings.POLICY, settings.ADMINISTRATOR_SIGN_IN_SECONDS, settings.ADMINISTRATOR_ACTS_PER_HOUR)


@orders.ordering(desk, role="helpdesk", body=Reasoned)
def lambda_handler(view: View, act: Act, call: AdminCall) -> Order:
    """Cancel a restoration; again is the same."""
    restore, number = view.restore, call.path["restoration"]
    entry = restore.get("rst", {}).get(number)
    if entry is None:
        raise Problem("not_found")
    if not restorations.cancel(entry, call.now):
        return Order("cancellation", Change(written=False))
    told = {"restoration": number, "by": "administrator", "reason": call.body.reason, "name": entry["name"]}
    act.tell("restoration.cancelled", device=entry["k"], **told)
    restorations.mail_cancelled(restore, entry, act, call, "administrator")
    return Order("cancellation", Change(), tells={"restoration": number, "device": entry["k"]})
