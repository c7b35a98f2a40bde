"""How an address comes to be in force: asked for, mailed a code, confirmed. One story for both addresses.

    nothing, or an address in force
        |  asked for (verified): a code to the new address, a link that cancels it to those in force
        v
    awaited --- 10 minutes, the fifth wrong code ---> over
        |  +--- asked for another, or for the one in force; the link; removal ---> cancelled
        |  the code, typed into a paired device
        v
    in force: a link that puts it back, for 7 days, to those in force before; told without a link to the new one.
              What is the first now is not the second any more, and is not awaited as the second

Those in force before are the former address and the other slot's. The new address never stands in a mail to them. The
acts themselves wire their parts together and hand them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from restore import addresses, disputes, restorations, state
from restore.addresses import MAIN, SECOND, Slot
from restore.errors import Problem, invalid
from restore.settling import Change, by_paired, take_back
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.codes import Pepper
    from restore.conditions import Item, Write
    from restore.http import Call
    from restore.limits import Limits
    from restore.outbox import Outbox
    from restore.policies import Policies
    from restore.policy import Policy
    from restore.settling import Settled, View
    from restore.store import Table
    from restore.vault import Vault


class Means(NamedTuple):
    """What an act needs that mails a code."""

    table: Table
    outbox: Outbox
    vault: Vault
    policies: Policies
    limits: Limits


def ask(call: Call, slot: Slot, address: str, means: Means) -> dict[str, Any]:
    """Ask for another address; what is in force and what is awaited then. A mail that SES refuses changes nothing."""
    pepper, policy, limits = means.vault.pepper(), means.policies.now(), means.limits

    def decide(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        if _in_force(restore, slot, address):
            if not addresses.cancel(restore, call.now, slot):
                return Change(written=False)
            act.tell(f"{slot.noun}.cancelled")
            return Change()
        policy.must_admit(address)
        if slot is SECOND:
            _must_be_second(restore, address)
        awaited = addresses.awaited(restore, call.now, slot)
        if awaited and addresses.same(awaited["to"], address):
            return Change(written=False)  # asked for again: the mail is under way
        code = addresses.begin(
            restore, address, identity=call.identity, pepper=pepper, limits=limits, now=call.now, slot=slot
        )
        link = disputes.new_link(call.identity, slot.noun, pepper)
        restore[slot.pending]["t"] = link.hash
        act.tell(f"{slot.noun}.requested")
        tell(act, "address_requested", state.recipients(restore), view, call, slot, token=link.sealed)
        return Change(code, further=[_counted(restore, call, slot, pepper, limits)])

    settled = by_paired(means.table, call, decide, verified=True, may_be_held=False, full=True)
    restore = settled.after
    if settled.answer is not None:
        _mail(settled, call, slot, means)
    return {
        "email_hint": addresses.hint(restore.get(slot.noun)),
        "email_pending": addresses.pending_answer(restore, call.now, slot),
    }


def mail_again(call: Call, slot: Slot, means: Means) -> dict[str, Any]:
    """Mail another code to the address that is awaited; what is awaited then."""
    pepper, policy, limits = means.vault.pepper(), means.policies.now(), means.limits

    def decide(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        _must_be_admitted_still(restore, call, slot, policy)
        code = addresses.again(restore, identity=call.identity, pepper=pepper, limits=limits, now=call.now, slot=slot)
        act.tell(f"{slot.noun}.confirmation_resent")
        return Change(code, further=[_counted(restore, call, slot, pepper, limits)])

    settled = by_paired(means.table, call, decide, may_be_held=False)
    _mail(settled, call, slot, means)
    return {"email_pending": addresses.pending_answer(settled.after, call.now, slot)}


def confirm(call: Call, slot: Slot, code: str, *, table: Table, pepper: Pepper, policy: Policy) -> Item:
    """Prove an address with the code that was mailed to it; the restore item then.

    A wrong code costs an attempt, in the same write that says so; the code that has proved it is good for a repeat.
    """

    def decide(view: View, act: Act, _mine: Write) -> Change:
        restore = view.restore
        if addresses.is_proved_by(restore, code, identity=call.identity, pepper=pepper, now=call.now, slot=slot):
            return Change(written=False)
        _must_be_admitted_still(restore, call, slot, policy)
        awaited = restore.get(slot.pending) or {}
        former, second = restore.get(slot.noun), restore.get(SECOND.noun)
        told, waited = state.recipients(restore), state.status(restore)
        refusal = addresses.confirm(restore, code, identity=call.identity, pepper=pepper, now=call.now, slot=slot)
        if refusal:
            act.tell(f"{slot.noun}.confirmation_refused", attempts_left=awaited["a"])
            return Change(refusal=refusal)
        act.tell(f"{slot.noun}.replaced" if former else f"{slot.noun}.confirmed")
        if slot is MAIN:
            addresses.keep_apart(restore, act, call.now)
        if told:
            link = disputes.new_link(call.identity, slot.noun, pepper)
            links = [stored for stored in (awaited.get("t"), link.hash) if stored]
            became = second if slot is MAIN and SECOND.noun not in restore else None
            addresses.remember_change(restore, slot, former, links, call.now, second=became)
            tell(act, "address_changed", told, view, call, slot, token=link.sealed)
            tell(act, "address_in_force", _others(told, restore[slot.noun]), view, call, slot)
        if slot is MAIN and former:
            restorations.end_mailed_codes(restore, call.now)
        if waited == "awaiting_email" and state.status(restore) == "enabled":
            _tell_enabled(restore, act, call)
        return Change()

    return by_paired(table, call, decide, may_be_held=False, full=True).after


def tell(act: Act, kind: str, to: list[str], view: View, call: Call, slot: Slot, **more: str) -> None:
    """Tell of an address, by a paired device's act, without naming the address."""
    values = {
        "identity": call.identity,
        "which": slot.noun,
        "by_device": view.devices[call.short]["name"],
        "time": rfc3339(call.now) or "",
        **more,
    }
    act.mail(kind, to, state.language_of(view.restore), **values)


def _in_force(restore: Item, slot: Slot, address: str) -> bool:
    return slot.noun in restore and addresses.same(restore[slot.noun], address)


def _must_be_second(restore: Item, address: str) -> None:
    """A second address presupposes a first, and another: it is there for the day on which the first one fails."""
    if not restore.get(MAIN.noun):
        raise Problem("email_required")
    if addresses.same(restore[MAIN.noun], address):
        raise invalid("email", "is the first address already")


def _must_be_admitted_still(restore: Item, call: Call, slot: Slot, policy: Policy) -> None:
    """An address of a domain that policy has excluded since it was asked for does not come into force."""
    if awaited := addresses.awaited(restore, call.now, slot):
        policy.must_admit(awaited["to"])


def _others(told: list[str], address: str) -> list[str]:
    return [] if any(addresses.same(one, address) for one in told) else [address]


def _mail(settled: Settled, call: Call, slot: Slot, means: Means) -> None:
    """Mail a code to the address that is awaited; where SES refuses it, nothing is awaited that was not before."""
    restore = settled.after

    def undo(now: Item, act: Act) -> bool:
        undone = addresses.undo(now, settled.before.get(slot.pending), restore[slot.pending], slot)
        if undone:
            addresses.keep_apart(now, act, call.now)  # what is awaited again may have come to be the first since
        return undone

    try:
        means.outbox.send(
            "address_confirmation",
            state.language_of(restore),
            to=restore[slot.pending]["to"],
            identity=call.identity,
            server=call.server,
            values={"code": settled.answer, "validity": str(means.limits.email_code_seconds)},
        )
    except Problem:
        take_back(means.table, call, settled, f"{slot.noun}.confirmation_failed", undo)
        raise


def _counted(restore: Item, call: Call, slot: Slot, pepper: Pepper, limits: Limits) -> tuple[Write, Problem]:
    counted = addresses.counted_mail(restore[slot.pending]["to"], call.source, pepper, limits, call.now)
    return counted, addresses.flooded(call.now)


def _tell_enabled(restore: Item, act: Act, call: Call) -> None:
    code = state.own_code(restore) or {}
    act.tell("restore.enabled", code_label=code["label"])
    values = {"identity": call.identity, "label": code["label"], "time": rfc3339(call.now) or ""}
    act.mail("restore_enabled", state.recipients(restore), state.language_of(restore), **values)
