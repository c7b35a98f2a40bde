"""`POST /v1/identities/{i}/restorations`: a new device asks to be bound, with the restore code.

Who does not know the code learns nothing. The write that refuses comes first, and is one and the same for an unknown
identity, a wrong code, restore off, an unconfirmed address and a barred identity: same answer, same calls, same units.
It fails only where the code's selector is in force; then the code is judged. With the right one a restoration begins
and its second code is mailed; if SES refuses, nothing has begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, restorations, settings, state
from restore.bodies import BareDevice, Body, RestoreCodeText
from restore.codes import RestoreCode
from restore.conditions import Write
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.keys import device_key
from restore.outbox import Outbox
from restore.policies import Policies
from restore.settling import Change, View, by_new_device, take_back
from restore.store import Refused, Table
from restore.throttle import counted, too_many
from restore.times import rfc3339
from restore.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from restore.audit import Act
    from restore.conditions import Item
    from restore.restorations import Requested
    from restore.settling import Settled

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)
limits = settings.LIMITS


class Wanted(Body):
    """The saved code as it was typed, and the device that wants to be bound."""

    restore_code: RestoreCodeText
    device: BareDevice


@endpoint(body=Wanted)
def lambda_handler(call: Call) -> Answer:
    """Request a restoration."""
    wanted: Wanted = call.body
    call.must_bring(wanted.device.public_key, None)
    code = RestoreCode.read(wanted.restore_code)
    found = _refuse_first(call, code)

    def judge(view: View, act: Act) -> Change:
        restore = view.restore
        in_force = state.code_of(restore, vault.pepper(), call.identity, code, call.now)
        if in_force is None or not state.can_be_restored(restore):
            raise Problem("restore_refused")  # it ended between the two writes
        key, known = in_force
        state.must_not_be_locked(known, call.now)
        if not state.fits(known, vault.pepper(), call.identity, code):
            return _wrong(restore, known, act, call)
        # the row of wrong ones ends with every right one, whatever else becomes of the request
        in_a_row = state.end_row(known)
        if before := restorations.asked_before(restore, key, call):
            restorations.accept_nonce(before[1], call)
            return Change(before)
        try:
            return _begin(restore, key, act, call)
        except Problem as full:
            return Change(refusal=full, written=in_a_row)

    settled = _settle(call, code, judge, found)
    if isinstance(settled.answer, tuple):
        number, entry = settled.answer
    else:
        begun: Requested = settled.answer
        number, entry = begun.number, begun.entry
        try:
            _mail(begun, settled.after, call)
        except Problem:
            take_back(
                table,
                call,
                settled,
                "restoration.mail_failed",
                lambda now, _act: restorations.undo_request(now, begun),
                restoration=number,
            )
            raise
    return Answer(202, {"restoration": restorations.answer(number, entry, settled.after, call)})


def _refuse_first(call: Call, code: RestoreCode) -> Item:
    """Refuse, and count it on the source address, unless the selector is in force; then what there is to judge."""
    selectors = vault.pepper().selectors(call.identity, code)
    unrestorable = state.unrestorable(call.identity, selectors, call.now, policies.now())
    try:
        table.transact([_failure(call), unrestorable])
    except Refused as refused:
        counter, found = refused.found
        if counter is not None or found is None:
            raise _throttled(call) from None
        return found
    raise Problem("restore_refused")


def _begin(restore: Item, key: str, act: Act, call: Call) -> Change:
    """Begin a restoration with the right code, unless its device ever was one of the identity."""
    device = call.body.device
    begun = restorations.request(
        restore, key, name=device.name, platform=device.platform, pepper=vault.pepper(), limits=limits, call=call
    )
    act.tell("restoration.requested", restoration=begun.number, name=device.name)
    for older in begun.ended:
        act.tell("restoration.cancelled", restoration=older, by="newer_request")
    restorations.tell_the_second_address(act, begun, restore, call)
    never_bound = Write("ConditionCheck", device_key(call.identity, call.short))
    never_bound.when(f"attribute_not_exists({never_bound.name('PK')})")
    return Change(begun, further=[(never_bound, Problem("device_exists"))])


def _wrong(restore: Item, known: Item, act: Act, call: Call) -> Change:
    """Somebody knows a third of the paper: that counts on the code, and the owner hears when it is too often."""
    in_a_row, locked = state.count_wrong(known, limits, call.now)
    act.tell("restoration.refused", code_label=known["label"], in_a_row=in_a_row)
    if locked:
        act.tell("restore.code_locked", code_label=known["label"])
        values = {
            "identity": call.identity,
            "label": known["label"],
            "time": rfc3339(call.now) or "",
            "until": rfc3339(known["locked"]) or "",
        }
        act.mail("code_locked", state.recipients(restore), state.language_of(restore), **values)
    return Change(refusal=Problem("restore_refused"), further=[(_failure(call), _throttled(call))])


def _settle(call: Call, code: RestoreCode, judge: Callable[[View, Act], Change], found: Item) -> Settled:
    """Judge; a right code whose device may not be bound, so that nothing was written, ends the row all the same."""

    def end_row(view: View, _act: Act) -> Change:
        in_force = state.code_of(view.restore, vault.pepper(), call.identity, code, call.now)
        if in_force is None:
            return Change(written=False)
        _, known = in_force
        return Change(written=state.fits(known, vault.pepper(), call.identity, code) and state.end_row(known))

    try:
        return by_new_device(table, call, judge, seen=found)
    except Problem as refused:
        if refused.code == "device_exists":
            by_new_device(table, call, end_row)
        raise


def _failure(call: Call) -> Write:
    return counted(
        "wrong codes",
        call.source,
        limit=limits.wrong_codes_per_source,
        seconds=limits.wrong_codes_window_seconds,
        now=call.now,
    )


def _throttled(call: Call) -> Problem:
    return too_many(limits.wrong_codes_window_seconds, call.now, "wrong codes of one source")


def _mail(begun: Requested, restore: Item, call: Call) -> None:
    """The second code, with what the person needs to know whom it is for."""
    outbox.send(
        "restoration_code",
        state.language_of(restore),
        to=restore["email"],
        identity=call.identity,
        server=call.server,
        values=restorations.mail_values(begun, call, limits),
    )
