"""`POST /v1/identities/{i}/email/confirmation`: the code that was mailed proves the address.

A wrong code costs an attempt, in the same write that says so. Where restore was waiting for an address, it is enabled;
where there was another address, this one takes its place, and the former one gets a link that undoes it for 7 days.
"""

from __future__ import annotations

from restore import addresses, aws, confirming, settings, state
from restore.addresses import MAIN
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
    """Confirm the address; with the same code again it is confirmed still."""
    policy = policies.now()
    restore = confirming.confirm(call, MAIN, call.body.code, table=table, pepper=vault.pepper(), policy=policy)
    return Answer(200, {"email_hint": addresses.hint(restore["email"]), "restore": state.answer(restore, policy)})
