"""`POST /v1/identities/{i}/email/confirmation`: the code that was mailed proves the address.

A wrong code costs an attempt, in the same write that says so. Where restore was waiting for an address, it is enabled.
"""

from __future__ import annotations

from restore import addresses, aws, settings, state
from restore.audit import Act
from restore.bodies import Body, EmailCode
from restore.conditions import Write
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, by_paired
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)


class Confirmation(Body):
    """The eight digits of the mail."""

    code: EmailCode


@endpoint(body=Confirmation)
def lambda_handler(call: Call) -> Answer:
    """Confirm the address; with the same code again it is confirmed still."""

    def confirm(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        try:
            refusal = addresses.confirm(
                restore, call.body.code, identity=call.identity, pepper=vault.pepper(), now=call.now
            )
        except addresses.AlreadyConfirmed:
            return Change(written=False)
        if refusal:
            act.tell("email.confirmation_refused", attempts_left=restore["pending"]["a"])
            return Change(refusal=refusal)
        act.tell("email.confirmed")
        if state.status(restore) == "enabled":
            code = state.own_code(restore) or {}
            act.tell("restore.enabled", code_label=code["label"])
            values = {"identity": call.identity, "label": code["label"], "time": rfc3339(call.now) or ""}
            act.mail("restore_enabled", state.recipients(restore), state.language_of(restore), **values)
        return Change()

    restore = by_paired(table, call, confirm, may_be_held=False).after
    return Answer(200, {"email_hint": addresses.hint(restore["email"]), "restore": state.answer(restore)})
