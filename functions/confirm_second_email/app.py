"""`POST /v1/identities/{i}/second-email/confirmation`: the code that was mailed proves the second address.

A wrong code costs an attempt, in the same write that says so. From now on it gets every notice; those in force before
get a link that undoes it for 7 days.
"""

from __future__ import annotations

from restore import addresses, aws, confirming, settings
from restore.addresses import SECOND
from restore.bodies import Body, EmailCode
from restore.http import Answer, Call, endpoint
from restore.policies import Policies
from restore.store import Table
from restore.vault import Vault

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)


class Confirmation(Body):
    """The eight digits of the mail."""

    code: EmailCode


@endpoint(body=Confirmation)
def lambda_handler(call: Call) -> Answer:
    """Confirm the second address; with the same code again it is confirmed still."""
    restore = confirming.confirm(
        call, SECOND, call.body.code, table=table, pepper=vault.pepper(), policy=policies.now()
    )
    return Answer(200, {"email_hint": addresses.hint(restore.get("second_email"))})
