"""`PUT /v1/identities/{i}/email`: another address for notices and for the codes of restoring.

The caller gets what is in force and what is awaited. The old address stays until the new one is confirmed, and is told
at once, without the new one; a link in that mail calls it off. The address in force again ends a change under way.
"""

from __future__ import annotations

from restore import aws, confirming, settings
from restore.addresses import MAIN
from restore.bodies import Body, EmailAddress
from restore.confirming import Means
from restore.http import Answer, Call, endpoint
from restore.outbox import Outbox
from restore.policies import Policies
from restore.store import Table
from restore.vault import Vault

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)
means = Means(table, outbox, vault, policies, settings.LIMITS)


class Address(Body):
    """The new address."""

    email: EmailAddress


@endpoint(body=Address)
def lambda_handler(call: Call) -> Answer:
    """Ask for another address."""
    return Answer(202, confirming.ask(call, MAIN, call.body.email, means))
