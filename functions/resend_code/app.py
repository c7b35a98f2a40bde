"""`POST /v1/identities/{i}/restorations/{r}/resend`: another e-mail code for a restoration under way.

Only the new device may ask, three times, with a pause; the new code ends the old one. A mail that SES refuses leaves
everything as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, restorations, settings, state
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.outbox import Outbox
from restore.settling import Change, View, by_new_device, take_back
from restore.store import Table
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.audit import Act

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
limits = settings.LIMITS


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Mail another code."""
    number = call.path["restoration"]
    pepper = vault.pepper()  # before anything is read: asking for it must not tell whether there is such an identity

    def resend(view: View, act: Act) -> Change:
        begun = restorations.resend(view.restore, number, pepper=pepper, limits=limits, call=call)
        act.tell("restoration.code_resent", restoration=number)
        restorations.tell_the_second_address(act, begun, view.restore, call)
        return Change(begun)

    settled = by_new_device(table, call, resend)
    restore, begun = settled.after, settled.answer
    try:
        outbox.send(
            "restoration_code",
            state.language_of(restore),
            to=restore["email"],
            identity=call.identity,
            server=call.server,
            values=restorations.mail_values(begun, call, limits),
        )
    except Problem:
        was = settled.before["rst"][number]
        take_back(
            table,
            call,
            settled,
            "restoration.mail_failed",
            lambda now, _act: restorations.undo_resend(now, begun, was, call),
            restoration=number,
        )
        raise
    return Answer(202, {"restoration": restorations.answer(number, begun.entry, restore, call)})
