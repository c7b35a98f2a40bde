"""`POST /v1/identities/{i}/restore/drill`: whether the code in the person's safe is the right one.

Nothing is spent and nothing counted: the caller is a paired device. What is remembered is when the code was last
proven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, settings, state
from restore.bodies import Body, RestoreCodeText
from restore.codes import RestoreCode
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, by_paired
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)


class Drill(Body):
    """The code as it stands on the sheet of paper."""

    restore_code: RestoreCodeText


@endpoint(body=Drill)
def lambda_handler(call: Call) -> Answer:
    """Prove a restore code."""
    code = RestoreCode.read(call.body.restore_code)

    def prove(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        if not restore.get("on") and not state.has_codes(restore, call.now):
            raise Problem("restore_not_enabled")
        found = state.code_of(restore, vault.pepper(), call.identity, code, call.now)
        known = found[1] if found else {}
        if not state.fits(known, vault.pepper(), call.identity, code):
            raise Problem("wrong_code")
        known["proven"] = call.now
        act.tell("restore.proven", code_label=known["label"])
        return Change(known["label"])

    label = by_paired(table, call, prove).answer
    return Answer(200, {"valid": True, "code_label": label, "last_proven_at": rfc3339(call.now)})
