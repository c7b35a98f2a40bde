"""`POST /v1/identities/{i}/pairings`: a paired phone shows a QR code that binds another device.

The secret is in this answer alone, good once and for minutes. Restore has to be enabled first: whoever has several
devices can lose them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, pairings, settings, state
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.policies import Policies
from restore.qr import pairing_qr
from restore.settling import Change, View, by_paired
from restore.store import Table
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)
limits = settings.LIMITS


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Offer a pairing."""
    policy = policies.now()

    def offer(view: View, act: Act, _mine: Write) -> Change:
        if not policy.pairing_enabled:
            raise Problem("not_allowed", policy="pairing_enabled")
        if state.status(view.restore) != "enabled":
            raise Problem("restore_not_enabled")
        number, entry, secret, ended = pairings.offer(
            view.restore,
            by=call.device,
            identity=call.identity,
            pepper=vault.pepper(),
            seconds=limits.pairing_seconds,
            now=call.now,
        )
        act.tell("pairing.offered", pairing=number)
        for older in ended:
            act.tell("pairing.cancelled", pairing=older, by="newer_offer")
        return Change((number, entry, secret))

    number, entry, secret = by_paired(table, call, offer, verified=True, may_be_held=False).answer
    return Answer(
        201,
        {
            "pairing": pairings.answer(number, entry, call.now, None),
            "secret": secret,
            "qr": pairing_qr(call.server, call.identity, number, secret),
        },
    )
