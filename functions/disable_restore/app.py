"""`DELETE /v1/identities/{i}/restore`: the identity can no longer be restored.

Every code ends and what is under way is cancelled. An administrator's bar stays; restore can be enabled again.
"""

from __future__ import annotations

from restore import aws, pairings, restorations, settings, state
from restore.audit import Act
from restore.conditions import Write
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, by_paired
from restore.store import Table
from restore.times import rfc3339

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Disable restore; again is the same."""

    def disable(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        if not restore.get("on") and not restore.get("way_back"):
            return Change(written=False)
        state.switch_off(restore)
        act.tell("restore.disabled")
        for offer in pairings.end_offers(restore, call.now):
            act.tell("pairing.cancelled", pairing=offer, by="disabling")
        for number in restorations.cancel_pending(restore, call.now):
            act.tell("restoration.cancelled", restoration=number, by="disabling")
        values = {"identity": call.identity, "time": rfc3339(call.now) or ""}
        act.mail("restore_disabled", state.recipients(restore), state.language_of(restore), **values)
        return Change()

    # a full read, which is consistent: no write would contradict a stale "it is off already"
    by_paired(table, call, disable, verified=True, may_be_held=False, full=True)
    return Answer(204)
