"""Addresses: an e-mail address counts only once its owner has typed the code that was mailed to it.

In the restore item: `email` is the confirmed address; `pending` the one being confirmed, `{to, h, x, a, r, s}`
(address, hash of its code, when that expires, attempts and resends left, when it was sent); `settled` how the last
confirmation ended, `{to, h, end}`, so that a lost answer can be asked for again; `mails` when such mails went out.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from restore.codes import new_email_code
from restore.errors import Problem
from restore.throttle import counted
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.codes import Pepper
    from restore.conditions import Item, Write
    from restore.limits import Limits

TEN_MINUTES: Final = 600
DAY: Final = 86400


def hint(address: str | None) -> str | None:
    """`a***@example.com`: enough to know one's own address by, and no more."""
    return f"{address[0]}***@{address.rpartition('@')[2]}" if address else None


def same(one: str, other: str) -> bool:
    """Whether two addresses are meant to be one; mailboxes do not mind case in practice."""
    return one.casefold() == other.casefold()


def pending_answer(restore: Item, now: int) -> dict[str, Any] | None:
    """`email_pending` of the contract: null once it is over."""
    pending = restore.get("pending")
    if not pending or _over(pending, now):
        return None
    return {
        "email_hint": hint(pending["to"]),
        "expires_at": rfc3339(pending["x"]),
        "attempts_left": pending["a"],
        "resends_left": pending["r"],
    }


def begin(restore: Item, address: str, *, identity: str, pepper: Pepper, limits: Limits, now: int) -> str:
    """Await the confirmation of an address, in the place of any other that was awaited; the code to mail to it."""
    _count_mail(restore, limits, now)
    code = new_email_code()
    restore["pending"] = {
        "to": address,
        "h": _hash(pepper, identity, address, code),
        "x": now + limits.email_code_seconds,
        "a": limits.email_code_attempts,
        "r": limits.email_code_resends,
        "s": now,
    }
    return code


def again(restore: Item, *, identity: str, pepper: Pepper, limits: Limits, now: int) -> str:
    """A new code for the address that is awaited: it ends the old one and refills no attempts; the code to mail."""
    pending = restore.get("pending")
    if not pending:
        settled = restore.get("settled")
        raise Problem(settled["end"] if settled else "not_found")
    _must_be_open(pending, now)
    if pending["r"] <= 0:
        raise Problem("limit_reached")
    if now < pending["s"] + limits.resend_pause_seconds:
        raise Problem("too_many_requests", retry_after=pending["s"] + limits.resend_pause_seconds - now)
    _count_mail(restore, limits, now)
    code = new_email_code()
    pending |= {
        "h": _hash(pepper, identity, pending["to"], code),
        "x": now + limits.email_code_seconds,
        "r": pending["r"] - 1,
        "s": now,
    }
    return code


def confirm(restore: Item, code: str, *, identity: str, pepper: Pepper, now: int) -> Problem | None:
    """Judge a code, with what follows for the item; None where the address is confirmed now.

    A refusal that is returned has cost an attempt and must be written; one that is raised changes nothing.
    `AlreadyConfirmed` says that this very code has confirmed the address before.
    """
    pending = restore.get("pending")
    if not pending:
        settled = restore.get("settled")
        if not settled:
            raise Problem("email_required")
        if settled["end"] == "used" and _fits(pepper, settled["h"], identity, settled["to"], code):
            raise AlreadyConfirmed
        raise Problem(settled["end"])
    _must_be_open(pending, now)
    if not _fits(pepper, pending["h"], identity, pending["to"], code):
        pending["a"] -= 1
        return Problem("wrong_code", attempts_left=pending["a"])
    restore["email"] = pending["to"]
    restore["settled"] = {"to": pending["to"], "h": pending["h"], "end": "used"}
    del restore["pending"]
    return None


class AlreadyConfirmed(Exception):
    """The address was confirmed with this code before; the answer was lost."""


def counted_mail(address: str, source: str, limits: Limits, now: int) -> Write:
    """Count a confirmation mail to an address from a source address, so that nobody floods a stranger's mailbox.

    The address itself does not stand in the counter's key: what is told of people is told in their own items.
    """
    what = f"mail#{hashlib.sha256(address.casefold().encode()).hexdigest()[:32]}"
    return counted(what, source, limit=limits.confirmation_mails_per_source, seconds=DAY, now=now)


def _over(pending: Item, now: int) -> bool:
    return bool(pending["a"] <= 0 or pending["x"] <= now)


def _must_be_open(pending: Item, now: int) -> None:
    if pending["a"] <= 0:
        raise Problem("attempts_exhausted")
    if pending["x"] <= now:
        raise Problem("expired")


def _count_mail(restore: Item, limits: Limits, now: int) -> None:
    sent = [at for at in restore.get("mails", []) if at > now - DAY]
    recent = [at for at in sent if at > now - TEN_MINUTES]
    if len(recent) >= limits.confirmation_mails_per_10_minutes:
        raise Problem("too_many_requests", retry_after=recent[0] + TEN_MINUTES - now, reason="confirmation mails")
    if len(sent) >= limits.confirmation_mails_per_day:
        raise Problem("too_many_requests", retry_after=sent[0] + DAY - now, reason="confirmation mails in a day")
    restore["mails"] = [*sent, now]


def _hash(pepper: Pepper, identity: str, address: str, code: str) -> str:
    return pepper.hash(f"confirmation of {address}", identity, code)


def _fits(pepper: Pepper, stored: str, identity: str, address: str, code: str) -> bool:
    return pepper.fits(stored, f"confirmation of {address}", identity, code)
