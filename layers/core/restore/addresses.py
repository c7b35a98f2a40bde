"""Addresses: an e-mail address counts only once its owner has typed the code that was mailed to it.

A person has up to two, each in a slot of its own with the same rules: the first gets notices and the codes for
restoring, the second every notice and no code. In the restore item, for the first and the second:

- `email`, `second_email`: the address in force.
- `pending`, `second_pending`: the one being confirmed, `{to, h, x, a, r, s, t, b}`: address, hash of its code, when
  that expires, attempts and resends left, when it was sent, hash of the link that cancels it, when mail to it bounced.
- `settled`, `second_settled`: how the last confirmation ended, `{to, h, end}`, so that a lost answer can be asked for
  again; where that was cancelled, `used` is `{to, h}` of the one before it, which has proved the address in force.
- `mails`: when mails with such codes went out, to either.
- `delivery`: whether mails reach the addresses in force, as far as is known: `email` or `second_email` → `{to, proved,
  bounced}`: the address that this is about, when a code that was mailed to it came back, and when a mail to it bounced
  (or was reported as spam, which ends mails to it as well). Of another address than the one in force it says nothing.
- `changes`: what was changed in the last 7 days, oldest first, `{of, was, at, t, second}`: which of the two, what it
  was before (None: there was none), when, the hashes of the links that put it back, and the second address where that
  became the first by this change.

The two are never the same address: what becomes the first is not the second any more (`keep_apart`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from restore import disputes
from restore.codes import new_email_code
from restore.errors import Problem
from restore.throttle import counted, too_many
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.codes import Pepper
    from restore.conditions import Item, Write
    from restore.limits import Limits

TEN_MINUTES: Final = 600
DAY: Final = 86400
PUT_BACK_WITHIN: Final = 7 * DAY


class Slot(NamedTuple):
    """Which of the two addresses is meant.

    `noun` is where the address in force lies, the noun of its events, and its name in mails and dispute links.
    """

    noun: str
    pending: str
    settled: str


MAIN: Final = Slot("email", "pending", "settled")
SECOND: Final = Slot("second_email", "second_pending", "second_settled")
SLOTS: Final = {slot.noun: slot for slot in (MAIN, SECOND)}


def hint(address: str | None) -> str | None:
    """`a***@example.com`: enough to know one's own address by, and no more."""
    return f"{address[0]}***@{address.rpartition('@')[2]}" if address else None


def same(one: str, other: str) -> bool:
    """Whether two addresses are meant to be one; mailboxes do not mind case in practice."""
    return one.casefold() == other.casefold()


def awaited(restore: Item, now: int, slot: Slot = MAIN) -> Item | None:
    """The confirmation under way, or None where there is none or it is over."""
    pending: Item | None = restore.get(slot.pending)
    return None if pending is None or _over(pending, now) else pending


def pending_answer(restore: Item, now: int, slot: Slot = MAIN) -> dict[str, Any] | None:
    """`email_pending` of the contract: null once it is over."""
    pending = awaited(restore, now, slot)
    if pending is None:
        return None
    return {
        "email_hint": hint(pending["to"]),
        "expires_at": rfc3339(pending["x"]),
        "attempts_left": pending["a"],
        "resends_left": pending["r"],
    }


def begin(
    restore: Item, address: str, *, identity: str, pepper: Pepper, limits: Limits, now: int, slot: Slot = MAIN
) -> str:
    """Await the confirmation of an address, in the place of any other that was awaited; the code to mail to it."""
    _count_mail(restore, limits, now)
    code = new_email_code()
    restore[slot.pending] = {
        "to": address,
        "h": _hash(pepper, slot, identity, address, code),
        "x": now + limits.email_code_seconds,
        "a": limits.email_code_attempts,
        "r": limits.email_code_resends,
        "s": now,
    }
    return code


def again(restore: Item, *, identity: str, pepper: Pepper, limits: Limits, now: int, slot: Slot = MAIN) -> str:
    """A new code for the address that is awaited: it ends the old one and refills no attempts; the code to mail."""
    pending = restore.get(slot.pending)
    if not pending:
        settled = restore.get(slot.settled)
        raise Problem(settled["end"] if settled else "not_found")
    _must_be_open(pending, now)
    if pending["r"] <= 0:
        raise Problem("limit_reached")
    if now < pending["s"] + limits.resend_pause_seconds:
        raise Problem("too_many_requests", retry_after=pending["s"] + limits.resend_pause_seconds - now)
    _count_mail(restore, limits, now)
    code = new_email_code()
    pending |= {
        "h": _hash(pepper, slot, identity, pending["to"], code),
        "x": now + limits.email_code_seconds,
        "r": pending["r"] - 1,
        "s": now,
    }
    return code


def undo(restore: Item, was: Item | None, began: Item, slot: Slot = MAIN) -> bool:
    """Await what was awaited before a code that could not be mailed, where others have acted since.

    False if nothing is left of it: whatever has ended it since would have ended what was awaited before. Attempts are
    not refilled.
    """
    pending = restore.get(slot.pending)
    if pending is None or pending["h"] != began["h"]:
        return False
    if was is None:
        del restore[slot.pending]
    elif same(was["to"], pending["to"]):
        pending |= {name: was[name] for name in ("h", "x", "r", "s")} | {"a": min(was["a"], pending["a"])}
    else:
        restore[slot.pending] = was
    if began["s"] in restore.get("mails", []):
        restore["mails"].remove(began["s"])
    return True


def confirm(restore: Item, code: str, *, identity: str, pepper: Pepper, now: int, slot: Slot = MAIN) -> Problem | None:
    """Judge a code, with what follows for the item; None where the address is confirmed now.

    A refusal that is returned has cost an attempt and must be written; one that is raised changes nothing.
    """
    pending = restore.get(slot.pending)
    if not pending:
        settled = restore.get(slot.settled)
        raise Problem(settled["end"] if settled else "email_required")
    _must_be_open(pending, now)
    if not _fits(pepper, slot, pending["h"], identity, pending["to"], code):
        pending["a"] -= 1
        return Problem("wrong_code", attempts_left=pending["a"])
    restore[slot.noun] = pending["to"]
    _settle(restore, slot, "used")
    prove(restore, now, slot)
    return None


def is_proved_by(restore: Item, code: str, *, identity: str, pepper: Pepper, now: int, slot: Slot = MAIN) -> bool:
    """Whether this very code has confirmed the address in force: then its answer was lost, whatever was begun since.

    A code that fits what is awaited is none: it confirms that.
    """
    used = _used(restore, slot)
    if not used or not _fits(pepper, slot, used["h"], identity, used["to"], code):
        return False
    pending = awaited(restore, now, slot)
    return not pending or not _fits(pepper, slot, pending["h"], identity, pending["to"], code)


def cancel(restore: Item, now: int, slot: Slot) -> bool:
    """End a confirmation under way; False where there is none."""
    if awaited(restore, now, slot) is None:
        return False
    _settle(restore, slot, "cancelled")
    return True


def prove(restore: Item, now: int, slot: Slot = MAIN) -> None:
    """A code that was mailed to the address in force came back: mails reach it, whatever bounced before."""
    restore["delivery"] = {**restore.get("delivery", {}), slot.noun: {"to": restore[slot.noun], "proved": now}}


def bounced_at(restore: Item, slot: Slot = MAIN) -> int | None:
    """When it became known that mails do not reach the address in force; None where nothing of that is known."""
    at: int | None = _delivery(restore, slot).get("bounced")
    return at


def pending_bounced_at(restore: Item, now: int, slot: Slot = MAIN) -> int | None:
    """When the mail with the code for the address that is awaited bounced; None where it did not, or all is over."""
    at: int | None = (awaited(restore, now, slot) or {}).get("b")
    return at


def bounces(restore: Item, now: int) -> dict[str, int]:
    """Which addresses mails do not reach, and since when: members that are there only where there is something to tell.

    The contract knows none of them, so an answer without trouble has the contract's members and no others.
    """
    found: dict[str, int] = {}
    for slot in (MAIN, SECOND):
        if (at := bounced_at(restore, slot)) is not None:
            found[f"{slot.noun}_bounced_at"] = at
        if (at := pending_bounced_at(restore, now, slot)) is not None:
            found[f"{slot.noun}_pending_bounced_at"] = at
    return found


def bounce(restore: Item, address: str, *, sent: int, at: int, now: int) -> tuple[list[Slot], list[Slot]]:
    """A mail that was sent to an address bounced: where it is in force and where it is awaited, and now marked so.

    Nothing is marked where it is already, or where the mail is older than the last proof that mails reach the address:
    feedback comes late, twice, and in no order.
    """
    in_force, pending = [], []
    for slot in SLOTS.values():
        if same(restore.get(slot.noun, ""), address):
            known = _delivery(restore, slot)
            if "bounced" not in known and sent >= known.get("proved", 0):
                marked = {**known, "to": restore[slot.noun], "bounced": at}
                restore["delivery"] = {**restore.get("delivery", {}), slot.noun: marked}
                in_force.append(slot)
        waiting = awaited(restore, now, slot)
        if waiting and same(waiting["to"], address) and "b" not in waiting:
            waiting["b"] = at
            pending.append(slot)
    return in_force, pending


def drop(restore: Item, slot: Slot) -> str | None:
    """Take an address out of force, and what has proved it with it; the address, or None where there was none."""
    if settled := restore.get(slot.settled):
        settled["end"] = "cancelled"
        settled.pop("used", None)
    was: str | None = restore.pop(slot.noun, None)
    return was


def keep_apart(restore: Item, act: Act, now: int) -> None:
    """What has come into force as the first address neither is the second nor becomes it.

    It is looked at whenever a first address comes into force, since what was asked for earlier could not know. The
    first is the one that stays: a second presupposes it, and nobody loses an address by it.
    """
    first = restore.get(MAIN.noun, "")
    waiting = awaited(restore, now, SECOND)
    if waiting and same(waiting["to"], first):
        cancel(restore, now, SECOND)
        act.tell("second_email.cancelled")
    if same(restore.get(SECOND.noun, ""), first) and drop(restore, SECOND):
        act.tell("second_email.removed")


def remember_change(
    restore: Item, slot: Slot, was: str | None, links: list[str], now: int, *, second: str | None = None
) -> None:
    """Remember for 7 days what an address was before, and the hashes of the links that put it back.

    All changes of these days are kept, and not the latest alone: else whoever changes an address twice could not be
    undone. The limits of confirmation mails bound them.
    """
    recent = [change for change in restore.get("changes", []) if change["at"] > now - PUT_BACK_WITHIN]
    change = {"of": slot.noun, "was": was, "at": now, "t": links}
    restore["changes"] = [*recent, {**change, "second": second} if second else change]


def disputed_change(restore: Item, token: disputes.Token, pepper: Pepper, now: int) -> Item:
    """The change that this link is about; what is no link, or not any more, is over."""
    for change in restore.get("changes", []):
        if change["of"] == token[1] and any(disputes.fits(stored, token, pepper) for stored in change.get("t", [])):
            found: Item = change
            if found["at"] + PUT_BACK_WITHIN <= now:
                raise Problem("expired")
            return found
    raise Problem("used")


def put_back(restore: Item, change: Item, act: Act, now: int) -> None:
    """Make an address what it was before a change; what came after the change in its slot ends with it.

    A second address that had become the first is the second again, unless there is another: else who reads the former
    mailbox alone would take the owner's other one off all notices.
    """
    slot = SLOTS[change["of"]]
    cancel(restore, now, slot)
    drop(restore, slot)
    if change["was"] is not None:
        restore[slot.noun] = change["was"]
    changes = restore["changes"]
    at = changes.index(change)
    undone = [one for one in changes[at:] if one["of"] == change["of"]]
    restore["changes"] = changes[:at] + [later for later in changes[at + 1 :] if later["of"] != change["of"]]
    second = next((one["second"] for one in reversed(undone) if "second" in one), None)
    if second and SECOND.noun not in restore and not same(second, restore.get(MAIN.noun, "")):
        restore[SECOND.noun] = second
        act.tell("second_email.disputed", outcome="put_back")
    keep_apart(restore, act, now)


def counted_mail(address: str, source: str, pepper: Pepper, limits: Limits, now: int) -> Write:
    """Count a confirmation mail to an address from a source address, so that nobody floods a stranger's mailbox.

    The counter outlives an identity that is erased meanwhile, so its key has the address as a keyed hash: a copy of the
    table does not tell it, not even to somebody who tries all addresses. The hash is bound to no identity: all who ask
    from one source count together. A pepper that is rotated begins at nought, once; a day's limit can bear that.
    """
    what = f"mail#{pepper.hash('mailed address', '', address.casefold())}"
    return counted(what, source, limit=limits.confirmation_mails_per_source, seconds=DAY, now=now)


def flooded(now: int) -> Problem:
    """The refusal where `counted_mail` finds no room."""
    return too_many(DAY, now, "confirmation mails to one address")


def _delivery(restore: Item, slot: Slot) -> Item:
    known: Item = restore.get("delivery", {}).get(slot.noun, {})
    return known if same(known.get("to", ""), restore.get(slot.noun, "")) else {}


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


def _settle(restore: Item, slot: Slot, end: str) -> None:
    pending, used = restore.pop(slot.pending), _used(restore, slot)
    restore[slot.settled] = {"to": pending["to"], "h": pending["h"], "end": end}
    if end != "used" and used:
        restore[slot.settled]["used"] = {"to": used["to"], "h": used["h"]}


def _used(restore: Item, slot: Slot) -> Item | None:
    """The confirmation that has proved the address in force, as far as it is known."""
    settled: Item = restore.get(slot.settled, {})
    return settled if settled.get("end") == "used" else settled.get("used")


def _hash(pepper: Pepper, slot: Slot, identity: str, address: str, code: str) -> str:
    return pepper.hash(_purpose(slot, address), identity, code)


def _fits(pepper: Pepper, slot: Slot, stored: str, identity: str, address: str, code: str) -> bool:
    return pepper.fits(stored, _purpose(slot, address), identity, code)


def _purpose(slot: Slot, address: str) -> str:
    """A code for one slot is none for the other, though the address be the same."""
    return f"confirmation of {slot.noun} {address}"
