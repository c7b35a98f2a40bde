"""`/dispute/{token}`: "this wasn't me", from the link of a mail.

GET says what the button would do, or that the link is over, and changes nothing: those who scan mails open every link.
POST is the button. A link works once. It ends a restoration under way, unpairs the device that a restoration or a
pairing brought and makes good again the codes that this ended, or calls a change of address off and puts it back. It
never bars restoring, and a second one within 7 days only holds: who has the mailbox alone cannot keep the owner out.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

from restore import addresses, aws, devices, disputes, pairings, restorations, settings, state
from restore.conditions import Write
from restore.errors import Problem
from restore.http import Answer, Call, guarded, language_of, source_of
from restore.keys import device_key, identity_key, short_of
from restore.pages import disputed, page
from restore.policies import Policies
from restore.settling import Change, View, act_of, by_new_device
from restore.signatures import server_address
from restore.startup import wired
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.addresses import Slot
    from restore.audit import Act
    from restore.conditions import Item

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
policies = Policies(table, settings.POLICY, settings.POLICY_SECONDS)


@wired
@guarded
def lambda_handler(event: dict[str, Any]) -> Answer:
    """Say on a page what the link would take away, or take it away and say what was done."""
    server, language = server_address(event), language_of(event) or "en"
    try:
        token = disputes.parse(event["pathParameters"]["token"])
        vault.pepper()  # before anything is read: asking for it must not tell whether there is such an identity
        call = Call(
            signed=None,
            identity=token[0],
            path={},
            body=None,
            server=server,
            source=source_of(event),
            language=None,  # a mailbox's browser does not decide the language of mails
            now=int(time.time()),
        )
        if event["httpMethod"] == "GET":
            _would_do_something(call, token)
            return page(200, "dispute", language, server=server, name=settings.SERVER_NAME)
        outcome = by_new_device(table, call, lambda view, act: _dispute(view, act, call, token), full=True).answer
    except Problem as problem:
        outcome = "unavailable" if problem.code == "unavailable" else "dispute_over"
    return disputed(outcome, language, server=server, name=settings.SERVER_NAME)


def _would_do_something(call: Call, token: disputes.Token) -> None:
    """Decide as the button would, on copies that are thrown away; a link that is over is refused like there."""
    found = table.collection(call.identity)
    view = View(copy.deepcopy(found.restore or {}), found.identity, found.devices)
    _dispute(view, act_of(call), call, token)


def _dispute(view: View, act: Act, call: Call, token: disputes.Token) -> Change:
    pepper, short = vault.pepper(), token[1]
    if slot := addresses.SLOTS.get(token[1]):
        return _address(view, act, call, token, slot)
    for number, entry in restorations.pending(view.restore, call.now).items():
        if short_of(entry["k"]) == short and any(disputes.fits(link, token, pepper) for link in entry["links"]):
            return _restoration(view, act, call, number, entry)
    record = view.devices.get(short)
    paired = (view.identity or {}).get("devices", {})
    if record is None or short not in paired:
        raise Problem("used")
    if not any(disputes.fits(stored, token, pepper) for stored in record.get("disputes", [])):
        raise Problem("used")
    if record["paired_at"] + max(disputes.LEAST_LIFE, policies.now().hold_seconds) <= call.now:
        raise Problem("expired")
    return _device(view, act, call, short)


def _restoration(view: View, act: Act, call: Call, number: str, entry: Item) -> Change:
    """A restoration under way is cancelled; at the second dispute it goes on, its device to be held for longer."""
    restore = view.restore
    entry["links"] = []
    if disputes.is_second(restore, call.now):
        entry["held_until"] = call.now + disputes.HELD_AFTER_SECOND
        act.tell("restoration.disputed", restoration=number, outcome="held")
        _tell_held(act, call, restore, entry, entry["held_until"])
        return Change("disputed_restoration_held")
    restorations.cancel(entry, call.now)
    act.tell("restoration.disputed", restoration=number, outcome="cancelled")
    restorations.mail_cancelled(restore, entry, act, call, "dispute")
    return Change("disputed_restoration")


def _device(view: View, act: Act, call: Call, short: str) -> Change:
    """The device is unpaired and what its code ended is good again; the second time, or as the last one, it is held."""
    restore, record = view.restore, view.devices[short]
    paired: dict[str, Item] = (view.identity or {})["devices"]
    spent = Write("Update", device_key(call.identity, short))
    links = spent.name("disputes")
    spent.when(f"{links} = {spent.value(record['disputes'])}")
    spent.removes.append(links)
    write = Write("Update", dict(identity_key(call.identity)))
    mine = write.name("devices", short)
    write.when(f"attribute_exists({mine})")
    second = disputes.is_second(restore, call.now)
    last = len(paired) == 1 and state.status(restore) != "enabled"
    change = Change(further=[(write, None), (spent, None)])
    if second or last:
        until = max(paired[short].get("h", 0), call.now + disputes.HELD_AFTER_SECOND)
        write.set(("devices", short, "h"), until)
        devices.begin_hold(restore, until, call.now)
        act.tell("device.disputed", device=record["device"], outcome="held")
        _tell_held(act, call, restore, record, until)
        change.answer = "disputed_device_held"
        return change
    if state.status(restore) != "enabled":
        write.when(f"size({write.name('devices')}) > {write.value(1)}")
    write.removes.append(mine)
    if state.has_made_one_in_force(restore, record.get("restoration")):
        restore["codes"] = {**record["ended"], **restore["codes"]}
    act.tell("device.disputed", device=record["device"], outcome="unpaired")
    for offer in pairings.end_offers_of(restore, {record["device"]}, call.now):
        act.tell("pairing.cancelled", pairing=offer, by="dispute")
    values = {
        "identity": call.identity,
        "device": record["name"],
        "platform": record["platform"],
        "time": rfc3339(call.now) or "",
    }
    act.mail("device_disputed", state.recipients(restore), state.language_of(restore), **values)
    change.answer = "disputed_device"
    return change


def _tell_held(act: Act, call: Call, restore: Item, device: Item, until: int) -> None:
    """A dispute is told, whatever came of it; without a link of its own."""
    values = {
        "identity": call.identity,
        "device": device["name"],
        "platform": device["platform"],
        "until": rfc3339(until) or "",
        "time": rfc3339(call.now) or "",
    }
    act.mail("device_held", state.recipients(restore), state.language_of(restore), **values)


def _address(view: View, act: Act, call: Call, token: disputes.Token, slot: Slot) -> Change:
    """An address that is awaited is cancelled, a change put back; the second time it stays: no device came with it."""
    restore = view.restore
    awaited = addresses.awaited(restore, call.now, slot) or {}
    pending = disputes.fits(awaited.get("t"), token, vault.pepper())
    change = awaited if pending else addresses.disputed_change(restore, token, vault.pepper(), call.now)
    told = state.recipients(restore)
    kept = disputes.is_second(restore, call.now)
    act.tell(f"{slot.noun}.disputed", outcome="kept" if kept else "cancelled" if pending else "put_back")
    if kept:
        change.pop("t")
    elif pending:
        addresses.cancel(restore, call.now, slot)
    else:
        addresses.put_back(restore, change, act, call.now)
        if slot is addresses.MAIN:
            restorations.end_mailed_codes(restore, call.now)
    # the address that was taken away is told, too: it may be the owner's, and the link a thief's with the other mailbox
    told += [address for address in state.recipients(restore) if address not in told]
    values = {"identity": call.identity, "which": slot.noun, "time": rfc3339(call.now) or ""}
    act.mail("address_kept" if kept else "address_disputed", told, state.language_of(restore), **values)
    return Change("disputed_address_kept" if kept else "disputed_address")
