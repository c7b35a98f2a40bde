"""`GET /v1/identities/{i}`: all that the app's screen shows, in one consistent read."""

from __future__ import annotations

from restore import aws, identities, settings
from restore.devices import must_be_paired
from restore.http import Answer, Call, endpoint
from restore.policies import Policies
from restore.store import Table

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Show an identity to one of its paired devices."""
    found = table.collection(call.identity)
    must_be_paired(found.identity, call)
    identities.remember_language(table, call, found.restore or {})
    return Answer(200, identities.answer(found, call, policies.now()))
