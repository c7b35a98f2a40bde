"""`DELETE /v1/identities/{i}/pairings/{p}`: a paired device takes an offer back; its code pairs nobody any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, pairings, settings
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
    """Cancel a pairing; again is the same."""
    number = call.path["pairing"]

    def cancel(view: View, act: Act, _mine: Write) -> Change:
        entry = view.restore.get("pairs", {}).get(number)
        if entry is None:
            raise Problem("not_found")
        if not pairings.cancel(entry, call.now):
            return Change(written=False)
        act.tell("pairing.cancelled", pairing=number, by="device")
        return Change()

    by_paired(table, call, cancel)
    return Answer(204)
