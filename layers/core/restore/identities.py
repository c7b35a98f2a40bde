"""Identities: a user name, its paired devices, its sign-ins. The item that only paired devices touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restore import addresses, audit, devices, restorations, state
from restore.conditions import Write, remember_nonce
from restore.keys import identity_key, restore_key
from restore.store import Refused
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.conditions import Item
    from restore.http import Call
    from restore.policy import Policy
    from restore.store import Collection, Table


def created(call: Call, verification: str | None) -> Write:
    """The item of a new identity, with its first device; refused where there is such an identity."""
    write = Write("Update", dict(identity_key(call.identity)))
    write.when(f"attribute_not_exists({write.name('PK')})")
    write.set(("form",), 1).set(("created",), call.now).set(("sign_ins",), 0).set(("creator",), call.device)
    write.set(("devices",), {call.short: devices.entry(call.device, verification, call.now)})
    # the nonce's own conditions hold for an item that is not there
    return remember_nonce(write, call.device, call.nonce, call.now)


def prompts(identity: Item, restore: Item, policy: Policy) -> bool:
    """Whether the app asks to back the identity up: from the policy's sign-in on, until it is done or was refused."""
    return (
        identity["sign_ins"] >= policy.prompt_at_sign_in
        and "prompt_refused" not in identity
        and policy.restore_enabled
        and state.status(restore) in {"off", "awaiting_email"}
    )


def answer(found: Collection, call: Call, policy: Policy) -> dict[str, Any]:
    """`GET /{i}` of the contract: all that the app's screen shows."""
    identity, restore = found.identity or {}, found.restore or {}
    listed = sorted(identity["devices"].items(), key=lambda one: (found.devices[one[0]]["paired_at"], one[0]))
    return {
        "identity": call.identity,
        "created_at": rfc3339(identity["created"]),
        "email_hint": addresses.hint(restore.get("email")),
        "email_confirmed": "email" in restore,
        "email_pending": addresses.pending_answer(restore, call.now),
        "second_email_hint": addresses.hint(restore.get("second_email")),
        "second_email_pending": addresses.pending_answer(restore, call.now, addresses.SECOND),
        **{name: rfc3339(at) for name, at in addresses.bounces(restore, call.now).items()},
        "sign_in_count": identity["sign_ins"],
        "back_up_prompt": prompts(identity, restore, policy),
        "restore": state.answer(restore, policy),
        "devices": [
            devices.answer(entry, found.devices[short], now=call.now, me=call.device) for short, entry in listed
        ],
        "restorations": [
            restorations.answer(number, entry, restore, call)
            for number, entry in restorations.pending(restore, call.now).items()
        ],
        "log": audit.head_of(restore),
    }


def remember_language(table: Table, call: Call, restore: Item) -> None:
    """Mails follow the language of the paired devices' latest request; a stranger's never decides it.

    A moved version makes it fail: then another act of a device has just written, and the next request tells it again.
    """
    if not call.language or call.language == state.language_of(restore):
        return
    write = Write("Update", dict(restore_key(call.identity)))
    write.when(f"{write.name('ver')} = {write.value(restore['ver'])}")
    write.set(("ver",), restore["ver"] + 1).set(("lang",), call.language)
    try:
        table.write(write, returning="NONE")
    except Refused:
        return
