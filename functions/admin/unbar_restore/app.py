"""`POST /v1/admin/identities/{i}/restore/unbarring`: the identity may be restored again, with the code it had.

Where policy asks for two people, one of them alone opens nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, orders, settings, state
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
    """Lift the bar; again is the same."""
    restore = view.restore
    if not restore.pop("barred", None):
        return Order("unbarring", Change(written=False))
    act.tell("restore.unbarred", by="administrator", reason=call.body.reason)
    values = {"identity": call.identity, "reason": call.body.reason, "time": rfc3339(call.now) or ""}
    act.mail("restore_unbarred", state.recipients(restore), state.language_of(restore), **values)
    return Order("unbarring", Change(), two_people="unbarring")
