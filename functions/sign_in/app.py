"""`POST /v1/identities/{i}/sign-ins`: a paired device signs in.

The count and the device's being paired are one write. From policy's sign-in on the answer asks the app to offer a
back-up, until restore is enabled or the offer was refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import audit, aws, identities, settings
from restore.conditions import by_paired_device
from restore.devices import why_refused
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.keys import restore_key
from restore.policies import Policies
from restore.store import Refused, Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.conditions import Item

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Sign in."""
    policy = policies.now()
    identity = _counted(call)
    restore = table.get(restore_key(call.identity)) or {}
    identities.remember_language(table, call, restore)
    return Answer(
        201,
        {
            "signed_in_at": rfc3339(call.now),
            "sign_in_count": identity["sign_ins"],
            "back_up_prompt": identities.prompts(identity, restore, policy),
            "log": audit.head_of(restore),
        },
    )


def _counted(call: Call) -> Item:
    """The identity's item after this sign-in."""
    for stale_slot in (False, True):
        write = by_paired_device(call, stale_slot=stale_slot)
        write.set(("devices", call.short, "s"), call.now).count("sign_ins")
        try:
            return table.write(write)
        except Refused as refused:
            found = refused.found[0] or {}
            why = why_refused(found, call, verified=False, may_be_held=True)
            if isinstance(why, Problem):
                if why.code == "signature_replayed" and refused.resent:
                    return found  # the client's own retry met what it had written
                raise why from None
    raise Problem("unavailable", retry_after=1, reason="nonce slot")
