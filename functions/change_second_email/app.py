"""`PUT /v1/identities/{i}/second-email`: a second address, which gets every notice and dispute link and never a code.

The caller gets what is in force and what is awaited. It counts once it is confirmed; the addresses in force are told at
once, with a link that calls it off. The address in force again ends a change under way.
"""

from __future__ import annotations

from restore import aws, confirming, settings
from restore.addresses import SECOND
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
    """Ask for a second address, or for another one."""
    return Answer(202, confirming.ask(call, SECOND, call.body.email, means))
