"""`DELETE /v1/identities/{i}/second-email`: there is no second address any more, and none is awaited.

Both addresses are told, the removed one too, with a link that puts it back for 7 days. Again is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import addresses, aws, confirming, disputes, settings, state
from restore.addresses import SECOND
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, by_paired
from restore.store import Table
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Remove the second address."""

    def remove(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        ended = addresses.cancel(restore, call.now, SECOND)
        if ended:
            act.tell("second_email.cancelled")
        told = state.recipients(restore)
        was = addresses.drop(restore, SECOND)
        if was:
            link = disputes.new_link(call.identity, SECOND.noun, vault.pepper())
            addresses.remember_change(restore, SECOND, was, [link.hash], call.now)
            act.tell("second_email.removed")
            confirming.tell(act, "address_removed", told, view, call, SECOND, token=link.sealed)
        return Change(written=ended or bool(was))

    by_paired(table, call, remove, verified=True, may_be_held=False, full=True)
    return Answer(204)
