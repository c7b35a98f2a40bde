"""`POST /v1/identities/{i}/pairings/{p}/completion`: the device that scanned the code is bound.

The secret is spent, the device bound and, where policy says so, every other unpaired in one transaction. The new device
is held for a while; the restore code stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from restore import aws, devices, disputes, pairings, settings, state
from restore.bodies import Body, NewDevice
from restore.errors import Problem, invalid
from restore.http import Answer, Call, endpoint
from restore.policies import Policies
from restore.restorations import accept_nonce, must_be_fresh
from restore.settling import Change, View, by_new_device, by_paired
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.codes import Pepper
    from restore.conditions import Item
    from restore.policy import Policy

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)


class Scanned(Body):
    """The secret of the code, and the device that scanned it."""

    secret: Annotated[str, Field(min_length=1, max_length=128)]
    device: NewDevice


class _Used(Exception):
    """This very key has used the offer: what comes is a repeat."""


@endpoint(body=Scanned, brings_key=True)
def lambda_handler(call: Call) -> Answer:
    """Complete a pairing."""
    said: Scanned = call.body
    policy, number = policies.now(), call.path["pairing"]
    verification = said.device.verification_key
    call.must_bring(said.device.public_key, verification, "device.verification_key")
    if verification is None and policy.require_verification_key and not _is_a_repeat(number, call):
        raise invalid("device.verification_key", "is required by this server's policy")
    pepper = vault.pepper()  # before anything is read: asking for it must not tell whether there is such an identity
    try:
        answer = by_new_device(
            table,
            call,
            lambda view, act: _complete(view, act, call, policy, pepper),
            full=policy.unpair_others_on_pairing,
        ).answer
    except _Used:
        pass
    except Problem as problem:
        if problem.code != "not_paired" or not _is_a_repeat(number, call):
            raise
    else:
        return Answer(201, answer)
    settled = by_paired(table, call, lambda view, _act, _mine: _again(view, call, pepper), verified=True, full=True)
    return Answer(200, settled.answer)


def _is_a_repeat(number: str, call: Call) -> bool:
    """Whether this pairing has bound the device that calls: then policy's wishes for new devices do not concern it."""
    return devices.bound_by(table, call, "pairing") == number


def _complete(view: View, act: Act, call: Call, policy: Policy, pepper: Pepper) -> Change:
    said: Scanned = call.body
    restore, number = view.restore, call.path["pairing"]
    entry = pairings.with_secret(restore, number, said.secret, identity=call.identity, pepper=pepper)
    if entry["st"] == "used" and entry["k"] == call.device:
        must_be_fresh(entry, call)
        raise _Used
    pairings.must_be_open(entry, call.now)
    if not policy.pairing_enabled:
        raise Problem("not_allowed", policy="pairing_enabled")
    if state.status(restore) != "enabled":
        raise Problem("cancelled")
    accept_nonce(entry, call)
    entry |= {"st": "used", "k": call.device, "end": call.now}

    change = Change()
    held = devices.held_until(call.now, policy.hold_seconds)
    mine = devices.entry(call.device, said.device.verification_key, call.now, held)
    others: dict[str, Item] = {}
    if policy.unpair_others_on_pairing:
        others = (view.identity or {})["devices"]
        identity = devices.in_the_place_of(others, mine, entry["seen"], call)
        change.further.append((identity, None))
    else:
        beside = devices.beside(mine, entry["seen"], call, policy.max_devices)
        change.further.append((beside, Problem("limit_reached")))
    unpaired = [view.devices[short]["device"] for short in others]
    link = disputes.new_link(call.identity, call.short, pepper)
    record = devices.record(
        call.identity,
        call.device,
        name=said.device.name,
        platform=said.device.platform,
        paired_by="pairing",
        now=call.now,
        pairing=number,
        unpaired=unpaired,
        disputes=[link.hash],
    )
    change.further.append((devices.bound(record), Problem("device_exists")))
    devices.begin_hold(restore, held, call.now)
    devices.set_aside(restore, others, call.now)
    ended_offers = pairings.end_offers_of(restore, set(unpaired), call.now)

    act.tell("pairing.used", pairing=number)
    act.tell("device.paired", name=said.device.name, platform=said.device.platform, paired_by="pairing")
    for device in unpaired:
        act.tell("device.unpaired", device=device, by="pairing")
    for offer in ended_offers:
        act.tell("pairing.cancelled", pairing=offer, by="pairing")
    values: dict[str, str | list[str]] = {
        "identity": call.identity,
        "device": said.device.name,
        "platform": said.device.platform,
        "time": rfc3339(call.now) or "",
        "token": link.sealed,
        "unpaired": [view.devices[short]["name"] for short in others],
    }
    act.mail("device_paired", state.recipients(restore), state.language_of(restore), **values)
    change.answer = {
        "identity": call.identity,
        "device": devices.answer(mine, record, now=call.now, me=call.device),
    }
    return change


def _again(view: View, call: Call, pepper: Pepper) -> Change:
    """The answer was lost: the same device again."""
    number = call.path["pairing"]
    if number in view.restore.get("pairs", {}):
        pairings.with_secret(view.restore, number, call.body.secret, identity=call.identity, pepper=pepper)
    mine = (view.identity or {})["devices"][call.short]
    device = devices.answer(mine, view.devices[call.short], now=call.now, me=call.device)
    return Change({"identity": call.identity, "device": device}, written=False)
