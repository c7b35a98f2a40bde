"""`POST /v1/identities`: the first device of a new identity.

The caller gets its identity and device. The name is taken, the device bound and the log begun in one transaction, or
nothing is. Where an address is given, its code is mailed first: a mail that SES refuses leaves nothing behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import addresses, aws, devices, identities, restorations, settings, state, tombstones
from restore.audit import Act
from restore.bodies import Body, EmailAddress, NewDevice
from restore.conditions import Item, Write, put_new
from restore.errors import Problem, invalid
from restore.http import Answer, Call, endpoint, identity_of
from restore.keys import counter_key, identity_key, restore_key, short_of
from restore.outbox import Outbox
from restore.policies import Policies
from restore.policy import Policy
from restore.qr import restore_qr
from restore.sealing import Sealer, keep
from restore.settling import Change, View, act_of, attempts, by_paired
from restore.store import Refused, Table
from restore.throttle import counted, room, too_many
from restore.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
sealer = Sealer(lambda: aws.client("kms"), settings.SEAL_KEY_ID)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)
limits = settings.LIMITS


CLAIM_SECONDS = 30  # longer than this function may run


class Creation(Body):
    """`email` may be left out unless policy enforces restore."""

    identity: str
    email: EmailAddress | None = None
    device: NewDevice


@endpoint(body=Creation, brings_key=True)
def lambda_handler(call: Call) -> Answer:
    """Create an identity."""
    wanted: Creation = call.body
    policy = policies.now()
    call = call.about(identity_of(wanted.identity, "identity"))
    device, verification = wanted.device, wanted.device.verification_key
    call.must_bring(device.public_key, verification, "device.verification_key")
    creations = _creations(counted, call)
    try:
        _must_be_allowed(wanted, policy)
    except Problem as problem:
        identity = table.get(identity_key(call.identity)) or {}
        if identity.get("creator") == call.device:
            return _again(call, policy)  # it was allowed then
        if problem.code != "invalid":
            _count_refused(creations, call.now)
        raise

    restore: Item = {**restore_key(call.identity), "form": 1, "ver": 1, "lang": call.language or "en"}
    act = act_of(call)
    act.tell("identity.created", name=device.name, platform=device.platform)
    answer: dict[str, object] = {"identity": call.identity}
    if policy.enforce_on_creation:
        code, label = state.put_code_in_force(restore, vault.pepper(), call.identity, call.now, made_by="creation")
        keep(restore, code, sealer, policy, call.identity)
        act.tell("restore.enabled", code_label=label)
        qr = restore_qr(call.server, call.identity, code)
        answer |= {"restore_code": code.grouped, "code_label": label, "qr": qr}
    mine = devices.entry(call.device, verification, call.now)
    record = devices.record(
        call.identity,
        call.device,
        name=device.name,
        platform=device.platform,
        paired_by="creation",
        now=call.now,
    )
    try:
        if wanted.email:
            _mail_first(wanted.email, restore, call)
        table.transact(
            [
                identities.created(call, verification),
                act.close(restore),
                put_new(restore),
                devices.bound(record),
                *tombstones.must_be_free(call.identity, vault.pepper()),
                creations,
            ]
        )
    except Refused as refused:
        return _taken(refused, creations, call, policy)
    answer["device"] = devices.answer(mine, record, now=call.now, me=call.device)
    answer["restore"] = state.answer(restore, policy)
    answer["email_pending"] = addresses.pending_answer(restore, call.now)
    return Answer(201, answer)


def _creations(limited: Callable[..., Write], call: Call) -> Write:
    return limited(
        "creations",
        call.source,
        limit=limits.creations_per_source,
        seconds=limits.creations_window_seconds,
        now=call.now,
    )


def _must_be_allowed(wanted: Creation, policy: Policy) -> None:
    if wanted.device.verification_key is None and policy.require_verification_key:
        raise invalid("device.verification_key", "is required by this server's policy")
    if wanted.email:
        policy.must_admit(wanted.email)
    if policy.enforce_on_creation:
        policy.must_enable_restore()
        if not wanted.email:
            raise Problem("email_required")


def _mail_first(email: str, restore: Item, call: Call) -> None:
    """Mail the address its code, after a write that says that the name is free and no limit is reached.

    The creation itself is counted when it happens: one that SES stops is none.
    """
    code = addresses.begin(restore, email, identity=call.identity, pepper=vault.pepper(), limits=limits, now=call.now)
    free = Write("ConditionCheck", dict(identity_key(call.identity)))
    free.when(f"attribute_not_exists({free.name('PK')})")
    never_erased = tombstones.must_be_free(call.identity, vault.pepper())
    mail = addresses.counted_mail(email, call.source, vault.pepper(), limits, call.now)
    claim = _claim(call, until=call.now + CLAIM_SECONDS)
    for _ in attempts():
        try:
            table.transact([free, _creations(room, call), mail, claim, *never_erased])
        except Refused as refused:
            standing, full, flooded, claimed, *erased = refused.found
            if any(found is not None for found in (standing, full, *erased)):
                raise
            if flooded is not None:
                raise addresses.flooded(call.now) from None
            if claimed is None:
                raise
        else:
            break
    else:
        raise Problem("unavailable", retry_after=1, reason="the name is being created")
    try:
        outbox.send(
            "address_confirmation",
            call.language or "en",
            to=email,
            identity=call.identity,
            server=call.server,
            values={"code": code, "validity": str(limits.email_code_seconds)},
        )
    except Problem:
        table.write(_claim(call, until=0, mine=True), returning="NONE")
        raise


def _claim(call: Call, *, until: int, mine: bool = False) -> Write:
    """Be the only one to mail a code for this name just now; who comes second waits for what becomes of the first.

    A phone that sends twice at once would else be mailed two codes, the newest of them worth nothing.
    """
    write = Write("Update", counter_key("creating", vault.pepper().hash("creating", call.identity, ""), 0))
    held = write.name("until")
    if not mine:
        write.when(f"attribute_not_exists({held}) OR {held} <= {write.value(call.now)}")
    return write.set(("form",), 1).set(("until",), until).set(("ttl",), call.now + addresses.DAY)


def _taken(refused: Refused, creations: Write, call: Call, policy: Policy) -> Answer:
    """The name is taken, by this very device (its answer was lost) or another; or a limit is reached."""
    if any(tombstones.is_one(found) for found in refused.found):
        _count_refused(creations, call.now)
        raise Problem("identity_taken")
    found = refused.found[0]
    if found is None:
        raise too_many(limits.creations_window_seconds, call.now, "creations")
    if found.get("creator") != call.device:
        _count_refused(creations, call.now)
        raise Problem("identity_taken")
    return _again(call, policy)


def _again(call: Call, policy: Policy) -> Answer:
    """The answer was lost: the same device again, and within ten minutes a fresh code in the place of the lost one."""

    def again(view: View, act: Act, _mine: Write) -> Change:
        identity, record = view.identity or {}, view.devices[short_of(call.device)]
        answer: dict[str, object] = {
            "identity": call.identity,
            "device": devices.answer(identity["devices"][call.short], record, now=call.now, me=call.device),
        }
        fresh = state.reissue(
            view.restore,
            vault.pepper(),
            call.identity,
            call.now,
            made_by="creation",
            made_at=record["paired_at"],
        )
        answer |= {"restore": state.answer(view.restore, policy)}
        answer |= {"email_pending": addresses.pending_answer(view.restore, call.now)}
        if fresh:
            code, label = fresh
            keep(view.restore, code, sealer, policy, call.identity)
            restorations.tell_replaced(view.restore, act, label, call)
            qr = restore_qr(call.server, call.identity, code)
            answer |= {"restore_code": code.grouped, "code_label": label, "qr": qr}
        return Change(answer, written=fresh is not None)

    return Answer(200, by_paired(table, call, again, verified=True, full=True).answer)


def _count_refused(creations: Write, now: int) -> None:
    """A refused creation counts like any other."""
    try:
        table.write(creations, returning="NONE")
    except Refused:
        raise too_many(limits.creations_window_seconds, now, "creations") from None
