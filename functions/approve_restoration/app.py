"""`POST /v1/identities/{i}/restorations/{r}/approval`: a paired device says that this is its owner.

It ends the waiting period, and never stands in for the e-mail code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, restorations, settings
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, by_paired
from restore.store import Table

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Approve a restoration; again is the same."""
    number = call.path["restoration"]

    def approve(view: View, act: Act, _mine: Write) -> Change:
        entry = view.restore.get("rst", {}).get(number)
        if entry is None:
            raise Problem("not_found")
        restorations.must_be(entry, "awaiting_code", "waiting", now=call.now)
        before = entry.get("approved")
        restorations.approve(entry, call.now)
        if not before:
            act.tell("restoration.approved", restoration=number)
        return Change(restorations.answer(number, entry, view.restore, call), written=not before)

    settled = by_paired(table, call, approve, verified=True, may_be_held=False)
    return Answer(200, {"restoration": settled.answer})
