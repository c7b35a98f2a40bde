"""`POST /v1/admin/approvals/{a}`: a second person allows what another has asked for, or does not.

One's own request is never one's own to allow. What is decided is decided; whoever asked then sends the very request
again, and alone gets its answer.
"""

from __future__ import annotations

from restore import adminlog, approvals, aws, settings, standing
from restore.administrators import AdminCall, Desk
from restore.bodies import Body
from restore.errors import Problem
from restore.http import Answer
from restore.store import Table

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
desk = Desk(table, settings.POLICY, settings.ADMINISTRATOR_SIGN_IN_SECONDS, acts_an_hour=None)


class Decision(Body):
    """Yes or no."""

    approve: bool


@desk.acting(role="admin", body=Decision)
def lambda_handler(call: AdminCall) -> Answer:
    """Decide on an approval."""
    entry = approvals.to_decide(table, call.path["approval"], call)
    approve: bool = call.body.approve
    decided = adminlog.tell(
        table,
        "approval.given" if approve else "approval.denied",
        call.now,
        source=call.source,
        identity=entry["identity"],
        further=[
            approvals.decided(entry, call, approve=approve),
            *([standing.exists(entry["identity"])] if entry["identity"] else []),
        ],
        approval=entry["SK"],
        act=entry["act"],
        administrator=call.administrator.sub,
        name=call.administrator.name,
    )
    if not decided:
        raise Problem("not_found")  # somebody else was quicker, or the identity is erased
    return Answer(204)
