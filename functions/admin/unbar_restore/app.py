"""`POST /v1/admin/identities/{i}/restore/unbarring`: the identity may be restored again, with the code it had.

Where policy asks for two people, one of them alone opens nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import administrators, approvals, aws, orders, settings, state
from restore.administrators import AdminCall
from restore.bodies import Reasoned
from restore.http import Answer, guarded
from restore.orders import Order
from restore.settling import Change, View
from restore.startup import wired
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


@wired
@guarded
@administrators.acting(
    table=table,
    role="helpdesk",
    body=Reasoned,
    sign_in_seconds=settings.ADMINISTRATOR_SIGN_IN_SECONDS,
    acts_an_hour=settings.ADMINISTRATOR_ACTS_PER_HOUR,
)
def lambda_handler(call: AdminCall) -> Answer:
    """Lift the bar; again is the same."""
    done = orders.settle(table, call, settings.POLICY, lambda view, act, _: _unbar(view, act, call))
    return Answer(202, done.answer()) if isinstance(done, approvals.Asked) else Answer(204)


def _unbar(view: View, act: Act, call: AdminCall) -> Order:
    restore = view.restore
    if not restore.pop("barred", None):
        return Order("unbarring", Change(written=False))
    act.tell("restore.unbarred", by="administrator", reason=call.body.reason)
    values = {"identity": call.identity, "reason": call.body.reason, "time": rfc3339(call.now) or ""}
    act.mail("restore_unbarred", state.recipients(restore), state.language_of(restore), **values)
    return Order("unbarring", Change(), two_people="unbarring")
