"""`POST /v1/identities/{i}/restore`: make the identity restorable.

The caller gets a new restore code, shown once and stored as a hash; from this moment every earlier one is dead, and
what was begun with it is cancelled. Without a confirmed address restore waits for one.
"""

from __future__ import annotations

from restore import addresses, aws, restorations, settings, state
from restore.audit import Act
from restore.bodies import Body, EmailAddress
from restore.conditions import Item, Write
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.outbox import Outbox
from restore.policies import Policies
from restore.policy import Policy
from restore.qr import restore_qr
from restore.sealing import Sealer, keep
from restore.settling import Change, View, by_paired, take_back
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
sealer = Sealer(lambda: aws.client("kms"), settings.SEAL_KEY_ID)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)
limits = settings.LIMITS


class Enabling(Body):
    """`email` only while no address is confirmed."""

    email: EmailAddress | None = None


@endpoint(body=Enabling)
def lambda_handler(call: Call) -> Answer:
    """Enable restore, or replace its code."""
    email: str | None = call.body.email
    policy = policies.now()

    def enable(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        policy.must_enable_restore()
        if restore.get("barred"):
            raise Problem("not_allowed", reason="barred")
        change = Change()
        mailed = _address(email, view, change, call, policy)
        replaced = bool(restore.get("on"))
        code, label = state.put_code_in_force(restore, vault.pepper(), call.identity, call.now)
        keep(restore, code, sealer, policy, call.identity)
        ended = restorations.cancel_pending(restore, call.now)
        act.tell("restore.code_replaced" if replaced else "restore.enabled", code_label=label)
        for number in ended:
            act.tell("restoration.cancelled", restoration=number, by="new_code")
        if restore.get("email"):
            kind = "code_replaced" if replaced else "restore_enabled"
            values = {"identity": call.identity, "label": label, "time": rfc3339(call.now) or ""}
            act.mail(kind, state.recipients(restore), state.language_of(restore), **values)
        change.answer = code, label, mailed
        return change

    settled = by_paired(table, call, enable, verified=True, may_be_held=False)
    code, label, mailed = settled.answer
    restore = settled.after

    def undo(now: Item, _act: Act) -> bool:
        address = addresses.undo(now, settled.before.get("pending"), restore["pending"])
        return state.undo_code(now, settled.before, restore) or address

    if mailed:
        try:
            outbox.send(
                "address_confirmation",
                state.language_of(restore),
                to=restore["pending"]["to"],
                identity=call.identity,
                server=call.server,
                values={"code": mailed, "validity": str(limits.email_code_seconds)},
            )
        except Problem:
            take_back(table, call, settled, "email.confirmation_failed", undo)
            raise
    return Answer(
        201,
        {
            "restore_code": code.grouped,
            "code_label": label,
            "qr": restore_qr(call.server, call.identity, code),
            "restore": state.answer(restore, policy),
            "email_pending": addresses.pending_answer(restore, call.now),
        },
    )


def _address(email: str | None, view: View, change: Change, call: Call, policy: Policy) -> str | None:
    """The code to mail where a new address is to be confirmed; refused where there is none at all."""
    restore = view.restore
    open_now = addresses.pending_answer(restore, call.now)
    if email is None:
        if not restore.get("email") and not open_now:
            raise Problem("email_required")
        return None
    if restore.get("email"):
        raise Problem("email_confirmed")
    policy.must_admit(email)
    if open_now and addresses.same(restore["pending"]["to"], email):
        return None  # asked for again: the mail is under way
    code = addresses.begin(restore, email, identity=call.identity, pepper=vault.pepper(), limits=limits, now=call.now)
    counted = addresses.counted_mail(email, call.source, vault.pepper(), limits, call.now)
    change.further.append((counted, addresses.flooded(call.now)))
    return code
