"""`PUT /v1/identities/{i}/devices/{d}/verification-key`: app protection is set, changed or removed.

The old key signs, where there is one, and so does the new one: neither whoever holds the unlocked phone nor a key that
nobody has can come in its place. A device does this for itself alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, settings, state
from restore.bodies import Body, PublicKey
from restore.errors import Problem, invalid
from restore.http import Answer, Call, endpoint
from restore.keys import proof_of
from restore.policies import Policies
from restore.settling import Change, View, by_paired
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)


class Protection(Body):
    """The new key, or null for none; leaving it out is not removing it."""

    verification_key: PublicKey | None


@endpoint(body=Protection, brings_key=True, verifiers=2)
def lambda_handler(call: Call) -> Answer:
    """Change the verification key of the calling device."""
    new: str | None = call.body.verification_key
    if new == call.device:
        raise invalid("verification_key", "has to be another key than the device key")
    signers = call.signed.verifiers if call.signed else ()
    if new is not None and new not in signers:
        raise call.refusal("the new verification key did not sign", signers[0] if signers else None)
    policy = policies.now()

    def change(view: View, act: Act, mine: Write) -> Change:
        if call.path["device"] != call.device:
            raise Problem("not_allowed")
        found = (view.identity or {})["devices"][call.short]["v"]
        if found not in {proof_of(call.device, key) for key in (None, *signers)}:
            others = [key for key in signers if key != new]
            raise call.refusal("another verification key", others[0]) if others else Problem("verification_required")
        if new is None and policy.require_verification_key:
            raise Problem("not_allowed", policy="require_verification_key")
        proof = proof_of(call.device, new)
        if proof == found:
            return Change(written=False)
        path = ("devices", call.short, "v")
        mine.when(f"{mine.name(*path)} = {mine.value(found)}")
        mine.set(path, proof)
        act.tell("verification_key.removed" if new is None else "verification_key.changed")
        record = view.devices[call.short]
        values = {
            "identity": call.identity,
            "device": record["name"],
            "platform": record["platform"],
            "time": rfc3339(call.now) or "",
        }
        act.mail("protection_changed", state.recipients(view.restore), state.language_of(view.restore), **values)
        return Change()

    by_paired(table, call, change, full=True)
    return Answer(204)
