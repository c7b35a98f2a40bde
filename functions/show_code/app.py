"""`GET /v1/identities/{i}/restore/code`: the restore code again, where policy keeps it sealed.

This function alone may open what is sealed. The caller is a verified paired device, and each nonce reads once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, settings, state
from restore.codes import RestoreCode
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.qr import restore_qr
from restore.sealing import Sealer
from restore.settling import Change, View, by_paired
from restore.store import Table

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
sealer = Sealer(lambda: aws.client("kms"), settings.SEAL_KEY_ID)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Show the newest of the user's own codes."""

    def show(view: View, act: Act, _mine: Write) -> Change:
        known = state.own_code(view.restore)
        if not known or "sealed" not in known or not view.restore.get("on"):
            raise Problem("code_not_kept")
        # opened before the log says that it was shown, shown only after the log does
        code = RestoreCode(sealer.open(known["sealed"], call.identity, known["label"]))
        act.tell("restore.code_shown", code_label=known["label"])
        return Change((code, known["label"]))

    code, label = by_paired(table, call, show, verified=True).answer
    qr = restore_qr(call.server, call.identity, code)
    return Answer(200, {"restore_code": code.grouped, "code_label": label, "qr": qr})
