"""`POST /v1/identities/{i}/restorations/{r}/completion`: both codes bind the new device.

In one transaction the e-mail code and the restore code are spent, the device is bound, a new restore code is in force,
every other restoration is cancelled and, where asked for, the other devices are unpaired. However many arrive at once,
one does. A wrong code costs an attempt in the write that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from restore import addresses, aws, completion, devices, restorations, settings, state
from restore.bodies import Body, EmailCode, PublicKey
from restore.errors import Problem, invalid
from restore.http import Answer, Call, endpoint
from restore.policies import Policies
from restore.qr import restore_qr
from restore.sealing import Sealer, keep
from restore.settling import Change, Settled, View, by_new_device, by_paired
from restore.store import Table
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Item

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
sealer = Sealer(lambda: aws.client("kms"), settings.SEAL_KEY_ID)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)
limits = settings.LIMITS


class Completion(Body):
    """The mailed code, and what is settled with it. Once it is proved, a later body is `{}` or says the same."""

    email_code: EmailCode | None = None
    other_devices: Literal["keep", "unpair"] | None = None
    verification_key: PublicKey | None = None


@endpoint(body=Completion, brings_key=True)
def lambda_handler(call: Call) -> Answer:
    """Complete a restoration."""
    said: Completion = call.body
    number = call.path["restoration"]
    if said.verification_key is not None:
        call.must_bring(call.device, said.verification_key)

    def complete(*, full: bool) -> Settled:
        return by_new_device(table, call, lambda view, act: _complete(view, act, call, number), full=full)

    def repeat() -> Settled:
        return by_paired(table, call, lambda view, act, _: _repeat(view, act, call, number), verified=True, full=True)

    try:
        try:
            settled = complete(full=policies.now().unpair_others_on_restore or said.other_devices == "unpair")
        except completion.DevicesNeeded:
            settled = complete(full=True)
    except completion.Done:
        settled = repeat()
    except Problem as problem:
        if problem.code != "not_paired" or devices.bound_by(table, call, "restoration") != number:
            raise
        settled = repeat()
    status, answer, code = settled.answer
    if code is not None:
        answer |= {"qr": restore_qr(call.server, call.identity, code)}
    return Answer(status, answer)


def _complete(view: View, act: Act, call: Call, number: str) -> Change:
    said: Completion = call.body
    restore, policy = view.restore, policies.now()
    entry = restorations.of_new_device(restore, number, call)
    if restorations.status(entry, call.now) == "completed":
        restorations.must_be_fresh(entry, call)
        raise completion.Done
    restorations.must_be(entry, "awaiting_code", "waiting", now=call.now)
    policy.must_enable_restore()
    if entry["st"] == "awaiting_code":
        if said.email_code is None:
            raise invalid("email_code", "is required")
        if said.verification_key is None and policy.require_verification_key:
            raise invalid("verification_key", "is required by this server's policy")
        restorations.accept_nonce(entry, call)
        if not restorations.code_fits(entry, number, said.email_code, identity=call.identity, pepper=vault.pepper()):
            refusal = restorations.miss(restore, entry, limits=limits, now=call.now)
            act.tell("restoration.code_refused", restoration=number, attempts_left=entry["a"])
            return Change(refusal=refusal)
        completion.settle(restore, entry, said, call, policy)
        addresses.prove(restore, call.now)
        if entry["ready"] > call.now:
            act.tell("restoration.code_proved", restoration=number)
            return Change((202, {"restoration": restorations.answer(number, entry, restore, call)}, None))
    else:
        _must_say_the_same(entry, number, call)
        completion.must_be_signed(entry, call)
        restorations.accept_nonce(entry, call)
        if entry["ready"] > call.now:
            return Change((202, {"restoration": restorations.answer(number, entry, restore, call)}, None))
        if "vk" not in entry and policy.require_verification_key:  # asked for since the code was proved
            raise invalid("verification_key", "is required by this server's policy")
    return completion.bind(view, act, entry, number, call, completion.Means(policy, vault.pepper(), sealer))


def _repeat(view: View, act: Act, call: Call, number: str) -> Change:
    """The answer was lost: the same device again, and within ten minutes a fresh code in the place of the lost one."""
    if number in view.restore.get("rst", {}):
        _must_say_the_same(restorations.of_new_device(view.restore, number, call), number, call)
    answer = completion.answer(view, call)
    bound_at = view.devices[call.short]["paired_at"]
    fresh = state.reissue(view.restore, vault.pepper(), call.identity, call.now, made_by=number, made_at=bound_at)
    if fresh is None:
        return Change((200, answer, None), written=False)
    code, label = fresh
    keep(view.restore, code, sealer, policies.now(), call.identity)
    restorations.tell_replaced(view.restore, act, label, call)
    answer |= {"restore_code": code.grouped, "code_label": label}
    return Change((200, answer, code))


def _must_say_the_same(entry: Item, number: str, call: Call) -> None:
    """A later body is `{}` or the first one's; anything else asks for what is settled: `used`."""
    said: Completion = call.body
    if said.email_code is not None and not restorations.code_fits(
        entry, number, said.email_code, identity=call.identity, pepper=vault.pepper()
    ):
        raise Problem("used")
    if said.verification_key is not None and said.verification_key != entry.get("vk"):
        raise Problem("used")
    if said.other_devices is not None and (said.other_devices == "unpair") != entry["said_unpair"]:
        raise Problem("used")
