"""`POST /v1/identities/{i}/email/confirmation/resend`: another code for the address that waits to be confirmed.

The new code ends the old one and refills no attempts. A mail that SES refuses leaves everything as it was.
"""

from __future__ import annotations

from restore import addresses, aws, settings, state
from restore.audit import Act
from restore.conditions import Write
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.outbox import Outbox
from restore.settling import Change, View, by_paired, take_back
from restore.store import Table
from restore.throttle import too_many
from restore.vault import Vault

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
limits = settings.LIMITS


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Mail another code."""

    def resend(view: View, act: Act, _mine: Write) -> Change:
        code = addresses.again(view.restore, identity=call.identity, pepper=vault.pepper(), limits=limits, now=call.now)
        act.tell("email.confirmation_resent")
        address = view.restore["pending"]["to"]
        flooded = too_many(addresses.DAY, call.now, "confirmation mails to one address")
        return Change(code, further=[(addresses.counted_mail(address, call.source, limits, call.now), flooded)])

    settled = by_paired(table, call, resend, may_be_held=False)
    restore = settled.after
    try:
        outbox.send(
            "address_confirmation",
            state.language_of(restore),
            to=restore["pending"]["to"],
            server=call.server,
            values={"code": settled.answer, "validity": str(limits.email_code_seconds)},
        )
    except Problem:
        take_back(table, call, settled, "email.confirmation_failed")
        raise
    return Answer(202, {"email_pending": addresses.pending_answer(restore, call.now)})
