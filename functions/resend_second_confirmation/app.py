"""`POST /v1/identities/{i}/second-email/confirmation/resend`: another code for the second address.

The new code ends the old one and refills no attempts. A mail that SES refuses leaves everything as it was.
"""

from __future__ import annotations

from restore import aws, confirming, settings
from restore.addresses import SECOND
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


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Mail another code."""
    return Answer(202, confirming.mail_again(call, SECOND, means))
