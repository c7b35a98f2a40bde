"""Kept restore codes: shown to their owner, sent to them, or revealed to an administrator who hands them over.

- `GET /v1/identities/{i}/restore/code`: a verified paired device sees its code again; each nonce reads once.
- `POST /v1/admin/identities/{i}/restore-code/send`: the code goes to the user's confirmed address. The helper never
  sees it; as one mailbox then holds both codes, a restoration with it waits a day unless a paired device approves.
- `POST /v1/admin/identities/{i}/restore-code/reveal`: the code, for a letter, a call or in person.

This function alone may open what is sealed, which is why three acts share it. What it opens is told before it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restore import approvals, aws, orders, settings, state
from restore.administrators import AdminCall, Desk
from restore.bodies import Reasoned
from restore.codes import RestoreCode
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.orders import Order, Terms
from restore.outbox import Outbox
from restore.policies import Policies
from restore.qr import restore_qr
from restore.sealing import Sealer
from restore.settling import Change, View, by_new_device, by_paired
from restore.startup import wired
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Item, Write
    from restore.policy import Policy

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
desk = Desk(table, settings.POLICY, settings.ADMINISTRATOR_SIGN_IN_SECONDS, settings.ADMINISTRATOR_ACTS_PER_HOUR)
sealer = Sealer(lambda: aws.client("kms"), settings.SEAL_KEY_ID)
outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)


@endpoint()
def show(call: Call) -> Answer:
    """Show the newest of the user's own codes."""
    policy = policies.now()

    def decide(view: View, act: Act, _mine: Write) -> Change:
        known = _kept(view.restore, policy)
        # opened before the log says that it was shown, shown only after the log does
        code = _open(known, call.identity)
        act.tell("restore.code_shown", code_label=known["label"])
        return Change((code, known["label"]))

    code, label = by_paired(table, call, decide, verified=True).answer
    return Answer(200, _shown(code, label, call))


@desk.acting(role="admin", body=Reasoned)
def reveal(call: AdminCall) -> Answer:
    """Reveal the kept code to the administrator who asks."""

    def decide(view: View, act: Act, terms: Terms) -> Order:
        known = _kept(view.restore, terms.policy)
        label = known["label"]
        code = None if terms.asking else _open(known, call.identity)
        act.tell("restore.code_revealed", code_label=label, by="administrator", reason=call.body.reason)
        to = state.recipients(view.restore)
        act.mail("restore_code_revealed", to, state.language_of(view.restore), **_values(label, call))
        return Order("reveal", Change((code, label)), two_people="reveal", tells={"code_label": label})

    done = orders.settle(desk, call, decide)
    if isinstance(done, approvals.Asked):
        return Answer(202, done.answer())
    code, label = done.answer
    return Answer(200, _shown(code, label, call))


@desk.acting(role="helpdesk", body=Reasoned)
def send(call: AdminCall) -> Answer:
    """Send the kept code to the user's confirmed address."""

    def decide(view: View, act: Act, terms: Terms) -> Order:
        restore = view.restore
        known = _kept(restore, terms.policy)
        label = known["label"]
        if not restore.get("email"):
            raise Problem("email_not_confirmed")
        code = None if terms.asking else _open(known, call.identity)
        known["sent"] = call.now
        act.tell("restore.code_sent", code_label=label, by="administrator", reason=call.body.reason)
        second = [address for address in state.recipients(restore) if address != restore["email"]]
        act.mail("restore_code_sent_elsewhere", second, state.language_of(restore), **_values(label, call))
        return Order("send", Change((code, label)), two_people="send", tells={"code_label": label})

    done = orders.settle(desk, call, decide)
    if isinstance(done, approvals.Asked):
        return Answer(202, done.answer())
    code, label = done.answer
    try:
        outbox.send(
            "restore_code_sent",
            state.language_of(done.after),
            to=done.after["email"],
            identity=call.identity,
            server=call.server,
            values={**_values(label, call), "restore_code": code.grouped},
        )
    except Problem:
        _not_sent(call, label)
        raise
    return Answer(204)


def _not_sent(call: AdminCall, label: str) -> None:
    """SES has refused. The mark stays: the mail may be on its way after all, and a day's waiting harms nobody."""

    def decide(_view: View, act: Act) -> Change:
        act.tell("restore.code_send_failed", code_label=label)
        return Change(further=[(approvals.unspent(call.approval), None)] if call.approval else [])

    by_new_device(table, call, decide)


def _kept(restore: Item, policy: Policy) -> Item:
    """The newest of the user's own codes, where it is kept."""
    known = state.kept_code(restore, policy)
    if known is None:
        raise Problem("code_not_kept")
    return known


def _open(known: Item, identity: str) -> RestoreCode:
    return RestoreCode(sealer.open(known["sealed"], identity, known["label"]))


def _shown(code: RestoreCode, label: str, call: Call) -> dict[str, Any]:
    return {"restore_code": code.grouped, "code_label": label, "qr": restore_qr(call.server, call.identity, code)}


def _values(label: str, call: AdminCall) -> dict[str, str]:
    return {
        "identity": call.identity,
        "label": label,
        "reason": call.body.reason,
        "time": rfc3339(call.now) or "",
    }


_ACTS = {
    "/v1/identities/{identity}/restore/code": show,
    "/v1/admin/identities/{identity}/restore-code/reveal": reveal,
    "/v1/admin/identities/{identity}/restore-code/send": send,
}


@wired
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One of the three, by its route."""
    return _ACTS[event["resource"]](event, context)
