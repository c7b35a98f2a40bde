"""`DELETE /v1/identities/{i}`: everything about the person is erased, for good.

From the moment of this one transaction nobody is paired, nothing can be restored, every link is dead, and the name is
taken for ever by a keyed hash of it. What else there was is deleted right after, by `after/erase`, which the event of
this very transaction sets going: a crash in between leaves nothing behind.
"""

from __future__ import annotations

from restore import aws, settings, state, tombstones
from restore.audit import Act
from restore.conditions import Write, delete_instead
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, act_of, by_paired
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Erase an identity."""

    def erase(view: View, _act: Act, mine: Write) -> Change:
        restore = view.restore
        last = act_of(call)
        last.tell("identity.erased")
        values = {"identity": call.identity, "time": rfc3339(call.now) or ""}
        last.mail("identity_erased", state.recipients(restore), state.language_of(restore), **values)
        for name in restore.keys() - {"PK", "SK", "form", "seq", "head"}:
            del restore[name]
        rows = last.close(restore)  # here, and not with the other writes: the tombstone keeps the head that it moves
        delete_instead(mine)
        return Change(
            further=[(rows, None), (tombstones.erected(call.identity, vault.pepper(), restore, call.now), None)]
        )

    by_paired(table, call, erase, verified=True, may_be_held=False)
    return Answer(204)
