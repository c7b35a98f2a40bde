"""`POST /v1/admin/identities/{i}/restore-code/issue`: a one-time restore code for a user who has lost theirs.

The caller gets a new code, good for some hours beside the user's own, and hands it over. Nobody's old code becomes
readable, the second code still goes to the user's confirmed address, and using it replaces every other one. It takes
the place of an earlier issued one: that is dead, and so is what was begun with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from restore import approvals, aws, orders, restorations, settings, state
from restore.administrators import AdminCall, Desk
from restore.bodies import Reasoned
from restore.errors import Problem
from restore.http import Answer
from restore.orders import Order, Terms
from restore.qr import restore_qr
from restore.settling import Change, View
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.audit import Act

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
desk = Desk(table, settings.POLICY, settings.ADMINISTRATOR_SIGN_IN_SECONDS, settings.ADMINISTRATOR_ACTS_PER_HOUR)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)

HOUR = 3600


class Issuing(Reasoned):
    """Why, and for how many hours the code is good."""

    hours: Annotated[int, Field(ge=1, le=72)]


@desk.acting(role="admin", body=Issuing)
def lambda_handler(call: AdminCall) -> Answer:
    """Issue a code."""
    done = orders.settle(desk, call, lambda view, act, terms: _issue(view, act, terms, call))
    if isinstance(done, approvals.Asked):
        return Answer(202, done.answer())
    code, label, ends = done.answer
    qr = restore_qr(call.server, call.identity, code)
    body = {"restore_code": code.grouped, "code_label": label, "qr": qr, "expires_at": rfc3339(ends)}
    return Answer(201, body)


def _issue(view: View, act: Act, terms: Terms, call: AdminCall) -> Order:
    restore = view.restore
    terms.policy.must_enable_restore()
    if restore.get("barred") or not (restore.get("on") or restore.get("way_back")):
        raise Problem("restore_not_enabled")
    if not restore.get("email"):
        raise Problem("email_not_confirmed")
    pepper, by = vault.pepper(), call.administrator.sub
    code, label, ends = state.issue_code(
        restore, pepper, call.identity, call.now, by=by, seconds=call.body.hours * HOUR
    )
    act.tell("restore.code_issued", code_label=label, by="administrator", reason=call.body.reason)
    for number in restorations.cancel_of_ended_codes(restore, call.now):
        act.tell("restoration.cancelled", restoration=number, by="new_code")
    values = {
        "identity": call.identity,
        "label": label,
        "until": rfc3339(ends) or "",
        "reason": call.body.reason,
        "time": rfc3339(call.now) or "",
    }
    act.mail("restore_code_issued", state.recipients(restore), state.language_of(restore), **values)
    return Order("issue", Change((code, label, ends)), two_people="issue", tells={"code_label": label})
