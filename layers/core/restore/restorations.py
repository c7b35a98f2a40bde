"""Restorations: attempts to bind a new device with the two codes.

                        right restore code
                               |
                               v                resend (3), wrong code (5)
    cancelled  <---------  awaiting_code  <-----------------+
       ^   ^     veto,         |   |   +--------------------+
       |   |     new code,     |   |  10 minutes      +--> expired
       |   |     a fourth one  |   +------------------+--> exhausted (the fifth wrong code)
       |   |                   | right e-mail code
       |   |   waiting_hours   v
       |   +------------ waiting ----+  7 days after ready_at --> expired
       |                   | ready_at or approval
       |                   v
       +-- (never) --- completed

An entry of the restore item's map `rst`, under the restoration's id: `{st, k, name, platform, at, o, x, a, r, s, h, c,
links, seen}`: its state, the new device's key, name and platform, when it was asked for and in which order, when its
code expires, attempts and resends left, when the code was sent, its hash, the restore code that began it, the hashes of
its dispute tokens, and the nonces that were accepted for it. `approved` by a paired device, `held_until` by a dispute.
Once the e-mail code is proved also `{vk, said_unpair, unpair, ready}`; once it is over `end`. `old` and `turned` are
there where many nonces were accepted: which of them go at the next turn, and when the last one was.

Pure functions over the item as it was read; the write that follows holds only over that very version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from restore import disputes
from restore.addresses import hint
from restore.codes import new_email_code, new_id
from restore.conditions import NONCE_SLOT_SECONDS
from restore.devices import candidate
from restore.errors import Problem
from restore.keys import nonce_of
from restore.state import language_of, recipients
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.codes import Pepper
    from restore.conditions import Item
    from restore.disputes import Link
    from restore.http import Call
    from restore.limits import Limits

Status = Literal["awaiting_code", "waiting", "completed", "cancelled", "expired", "exhausted"]

PENDING: Final = frozenset({"awaiting_code", "waiting"})
AT_ONCE: Final = 3
"""So many may await their code; a fourth ends the oldest, so that nobody can block the owner by asking first."""
HOUR: Final = 3600
DAY: Final = 86400
WAITING_ENDS_AFTER: Final = 7 * DAY
KEPT_WHEN_OVER: Final = 20
KEPT_FOR: Final = 30 * DAY
"""What is over says why for so long, and so many of them; that a completed one bound its device is known for ever."""
NONCES_AT_ONCE: Final = 32
"""So many may lie in an entry, and in five minutes as many again: whoever has only the paper must not fill the item."""
POLL_SECONDS: Final = 5

_ENDINGS: Final[dict[Status, str]] = {
    "completed": "used",
    "cancelled": "cancelled",
    "expired": "expired",
    "exhausted": "attempts_exhausted",
}


def status(entry: Item, now: int) -> Status:
    """What a restoration is at this moment: time and attempts end it without a write."""
    state: Status = entry["st"]
    if state == "awaiting_code":
        if entry["a"] <= 0:
            return "exhausted"
        if entry["x"] <= now:
            return "expired"
    if state == "waiting" and entry["ready"] + WAITING_ENDS_AFTER <= now:
        return "expired"
    return state


def answer(number: str, entry: Item, restore: Item, call: Call, device: dict[str, Any] | None = None) -> dict[str, Any]:
    """`restoration` of the contract; `device` is the new device as it is, where it is paired by now."""
    state = status(entry, call.now)
    ready: int | None = entry.get("ready")
    return {
        "id": number,
        "status": state,
        "email_hint": hint(restore.get("email")),
        "created_at": rfc3339(entry["at"]),
        "expires_at": rfc3339(entry["x"] if ready is None else ready + WAITING_ENDS_AFTER),
        "code_expires_at": rfc3339(entry["x"]),
        "attempts_left": entry["a"],
        "resends_left": entry["r"],
        "ready_at": rfc3339(ready),
        "device": device or candidate(entry, me=call.device),
        "poll_seconds": POLL_SECONDS if state in PENDING else None,
    }


def pending(restore: Item, now: int) -> dict[str, Item]:
    """The restorations under way, oldest first."""
    found = {number: entry for number, entry in restore.get("rst", {}).items() if status(entry, now) in PENDING}
    return dict(sorted(found.items(), key=lambda one: (one[1]["at"], one[1].get("o", 0))))


def of_new_device(restore: Item | None, number: str, call: Call) -> Item:
    """The restoration of the key that signed, or `not_paired`: a stranger's answer, whatever there is.

    The very bytes that it has accepted before are a replay, whatever has become of it since.
    """
    entry: Item | None = (restore or {}).get("rst", {}).get(number)
    if entry is None or entry["k"] != call.device:
        raise Problem("not_paired")
    must_be_fresh(entry, call)
    return entry


def must_be(entry: Item, *states: Status, now: int) -> None:
    """Refuse what is over with the reason why: 410."""
    state = status(entry, now)
    if state not in states:
        raise Problem(_ENDINGS.get(state, "used"))


def accept_nonce(entry: Item, call: Call) -> None:
    """Accept the nonce of a new device once: its key has no item of its own to remember it.

    They are remembered for as long as the restoration, or, where they are many, for 300 s at least.
    """
    must_be_fresh(entry, call)
    seen: set[str] = entry.get("seen", set())
    again_at = entry.get("turned", 0) + NONCE_SLOT_SECONDS
    if len(seen) >= NONCES_AT_ONCE and again_at <= call.now:
        seen = seen - entry.get("old", set())
        entry |= {"old": seen, "turned": call.now}
        if not seen:
            del entry["old"]
    if len(seen) >= 2 * NONCES_AT_ONCE:
        raise Problem("too_many_requests", retry_after=again_at - call.now, reason="nonces of a new device")
    entry["seen"] = seen | {nonce_of(call.device, call.nonce)}


def must_be_fresh(entry: Item, call: Call) -> None:
    """Refuse the very bytes that were accepted before, where a repeat, with a new nonce, is answered again."""
    if nonce_of(call.device, call.nonce) in entry.get("seen", set()):
        raise Problem("signature_replayed")


def asked_before(restore: Item, code_key: str, call: Call) -> tuple[str, Item] | None:
    """The restoration that this key has under way with this code: asked for twice, it is one, and one mail.

    The very same bytes again are a replay, of a restoration that is over, too: else whoever recorded a request could
    have it mailed anew.
    """
    mark = nonce_of(call.device, call.nonce)
    for number, entry in restore.get("rst", {}).items():
        if mark in entry.get("seen", set()):
            raise Problem("signature_replayed")
        if entry["k"] == call.device and entry.get("c") == code_key and status(entry, call.now) in PENDING:
            return number, entry
    return None


def request(
    restore: Item, code_key: str, *, name: str, platform: str, pepper: Pepper, limits: Limits, call: Call
) -> Requested:
    """Begin a restoration with a right restore code."""
    code = restore["codes"][code_key]
    _count_mail(code, limits, call.now)
    forget(restore, call.now)
    awaiting = [older for older, entry in pending(restore, call.now).items() if entry["st"] == "awaiting_code"]
    ended = awaiting[: max(0, len(awaiting) - AT_ONCE + 1)]
    for older in ended:
        _cancel(restore["rst"][older], call.now)
    number, email_code = new_id(), new_email_code()
    link = disputes.new_link(call.identity, call.short, pepper)
    restore.setdefault("rst", {})[number] = entry = {
        "st": "awaiting_code",
        "k": call.device,
        "name": name,
        "platform": platform,
        "at": call.now,
        "o": restore.get("ver", 0),  # of several in one second, which came first
        "x": call.now + limits.email_code_seconds,
        "a": 1 if _misses(code, call.now) >= limits.wrong_email_codes_per_day else limits.email_code_attempts,
        "r": limits.email_code_resends,
        "s": call.now,
        "h": _hash(pepper, call.identity, number, email_code),
        "c": code_key,
        "links": [link.hash],
    }
    accept_nonce(entry, call)
    return Requested(number, entry, email_code, link, ended)


class Requested:
    """A restoration just begun, with what only its mail may hold. `ended` are the ids of older ones that it ends."""

    __slots__ = ("code", "ended", "entry", "link", "number")

    def __init__(self, number: str, entry: Item, code: str, link: Link, ended: list[str]) -> None:
        self.number, self.entry, self.code, self.link, self.ended = number, entry, code, link, ended


def resend(restore: Item, number: str, *, pepper: Pepper, limits: Limits, call: Call) -> Requested:
    """A new e-mail code and dispute link for a restoration: the old code is dead, attempts are not refilled.

    The links of the earlier mails stay good: else a thief who asks again would kill the owner's way to say no.
    """
    entry = of_new_device(restore, number, call)
    must_be(entry, "awaiting_code", now=call.now)
    if entry["r"] <= 0:
        raise Problem("limit_reached")
    if call.now < entry["s"] + limits.resend_pause_seconds:
        raise Problem("too_many_requests", retry_after=entry["s"] + limits.resend_pause_seconds - call.now)
    accept_nonce(entry, call)
    _count_mail(restore["codes"][entry["c"]], limits, call.now)
    email_code = new_email_code()
    link = disputes.new_link(call.identity, call.short, pepper)
    entry |= {
        "h": _hash(pepper, call.identity, number, email_code),
        "x": call.now + limits.email_code_seconds,
        "r": entry["r"] - 1,
        "s": call.now,
        "links": [*entry["links"], link.hash],
    }
    return Requested(number, entry, email_code, link, [])


def undo_request(restore: Item, begun: Requested) -> bool:
    """Drop a restoration whose code could not be mailed, where others have acted since; False if nothing is left of it.

    What it ended as the oldest goes on in its place. Whatever has ended all restorations since has ended this one, too,
    so nothing comes back that something else would have ended.
    """
    entry = _unmailed(restore, begun)
    if entry is None:
        return False
    del restore["rst"][begun.number]
    codes = restore.get("codes", {})
    for older in begun.ended:
        other = restore["rst"].get(older)
        if other is None or other["c"] not in codes:
            continue
        other["st"] = "awaiting_code"
        other.pop("end", None)
        if entry["h"] is None:  # the address has changed: of this one, too, the mailed code is dead
            other["h"] = None
        if other["c"] == entry["c"]:  # so many wrong e-mail codes that all sank to one attempt
            other["a"] = min(other["a"], entry["a"])
    _uncount_mail(codes.get(entry["c"]), begun.entry["s"])
    return True


def undo_resend(restore: Item, begun: Requested, was: Item, call: Call) -> bool:
    """Make the code that was mailed before good again, where others have acted since; False if nothing is left to undo.

    Attempts are not refilled, and a code that has died with its address stays dead.
    """
    entry = _unmailed(restore, begun)
    if entry is None:
        return False
    entry |= {name: was[name] for name in ("x", "r", "s")}
    if entry["h"] is not None:
        entry["h"] = was["h"]
    entry["links"] = [link for link in entry["links"] if link != begun.link.hash]
    if left := entry.pop("seen", set()) - {nonce_of(call.device, call.nonce)}:  # no set is stored empty
        entry["seen"] = left
    _uncount_mail(restore.get("codes", {}).get(entry["c"]), begun.entry["s"])
    return True


def mail_values(begun: Requested, call: Call, limits: Limits) -> dict[str, str]:
    """What the mail of the second code says: for whom it is, for how long, and how to end it."""
    return {
        "identity": call.identity,
        "code": begun.code,
        "validity": str(limits.email_code_seconds),
        "device": begun.entry["name"],
        "platform": begun.entry["platform"],
        "time": rfc3339(call.now) or "",
        "token": begun.link.token,
    }


def end_mailed_codes(restore: Item, now: int) -> None:
    """Codes mailed to an address are dead once it is not the address any more; a resend goes to the new one."""
    for entry in pending(restore, now).values():
        if entry["st"] == "awaiting_code":
            entry["h"] = None


def tell_the_second_address(act: Act, begun: Requested, restore: Item, call: Call) -> None:
    """The second address hears of every attempt, with a link that ends it, and never the code."""
    to = [address for address in recipients(restore) if address != restore["email"]]
    values = {
        "identity": call.identity,
        "device": begun.entry["name"],
        "platform": begun.entry["platform"],
        "time": rfc3339(call.now) or "",
        "token": begun.link.sealed,
    }
    act.mail("restoration_requested", to, language_of(restore), **values)


def code_fits(entry: Item, number: str, code: str, *, identity: str, pepper: Pepper) -> bool:
    """Whether the e-mail code is the one that was mailed last for this restoration."""
    return pepper.fits(entry["h"], f"e-mail code of {number}", identity, code)


def miss(restore: Item, entry: Item, *, limits: Limits, now: int) -> Problem:
    """A wrong e-mail code: it costs an attempt, and counts on the restore code across restorations.

    After so many in a day every restoration that is under way with that code, and every new one, has one attempt.
    """
    entry["a"] -= 1
    code = restore.get("codes", {}).get(entry["c"])
    if code is not None:
        hours, this = _missed(code, now), str(now // HOUR)
        code["misses"] = {**hours, this: hours.get(this, 0) + 1}
        if _misses(code, now) >= limits.wrong_email_codes_per_day:
            for other in pending(restore, now).values():
                if other["st"] == "awaiting_code" and other["c"] == entry["c"]:
                    other["a"] = min(other["a"], 1)
    return Problem("wrong_code", attempts_left=entry["a"])


def finish(restore: Item, number: str, entry: Item, now: int) -> list[str]:
    """Completed: every other one is cancelled; their ids."""
    entry |= {"st": "completed", "end": now}
    ended = cancel_pending(restore, now, except_for=number)
    forget(restore, now)
    return ended


def cancel_pending(restore: Item, now: int, *, except_for: str = "") -> list[str]:
    """Cancel whatever is under way; the ids of what was."""
    ended = [number for number in pending(restore, now) if number != except_for]
    for number in ended:
        _cancel(restore["rst"][number], now)
    return ended


def tell_replaced(restore: Item, act: Act, label: str, call: Call) -> None:
    """A fresh code took the place of one whose answer was lost: told as a replacement, and what it had begun ends."""
    act.tell("restore.code_replaced", code_label=label)
    for number in cancel_pending(restore, call.now):
        act.tell("restoration.cancelled", restoration=number, by="new_code")
    values = {"identity": call.identity, "label": label, "time": rfc3339(call.now) or ""}
    act.mail("code_replaced", recipients(restore), language_of(restore), **values)


def cancel_of_ended_codes(restore: Item, now: int) -> list[str]:
    """Cancel what was begun with a code that is not there any more; the ids of what was."""
    ended = [number for number, entry in pending(restore, now).items() if entry["c"] not in restore.get("codes", {})]
    for number in ended:
        _cancel(restore["rst"][number], now)
    return ended


def approve(entry: Item, now: int) -> None:
    """A paired device's word ends the waiting period, now or in advance."""
    entry["approved"] = True
    if entry["st"] == "waiting":
        entry["ready"] = min(entry["ready"], now)


def cancel(entry: Item, now: int) -> bool:
    """Cancel one: False where it was cancelled before, 410 where it is over otherwise."""
    if status(entry, now) == "cancelled":
        return False
    must_be(entry, "awaiting_code", "waiting", now=now)
    _cancel(entry, now)
    return True


def mail_cancelled(restore: Item, entry: Item, act: Act, call: Call, by: str) -> None:
    """Tell the person that a restoration under way has ended; `by` as in `restore.mail`."""
    values = {
        "identity": call.identity,
        "device": entry["name"],
        "platform": entry["platform"],
        "by": by,
        "time": rfc3339(call.now) or "",
    }
    act.mail("restoration_cancelled", recipients(restore), language_of(restore), **values)


def forget(restore: Item, now: int) -> None:
    """Drop what has long been over, and the oldest beyond some: the item stays small.

    What is left of one, when its signatures and links have ended, is what its own phone is told.
    """
    all_of_them: dict[str, Item] = restore.get("rst", {})
    over = {number: entry for number, entry in all_of_them.items() if status(entry, now) not in PENDING}
    ended = {number: _ended_at(entry) for number, entry in over.items()}

    def last_ended(number: str) -> tuple[int, bool, int]:
        # of what ended in one second, the completed one is repeated; then the youngest
        return ended[number], over[number]["st"] == "completed", over[number].get("o", 0)

    for place, number in enumerate(sorted(ended, key=last_ended, reverse=True)):
        if place >= KEPT_WHEN_OVER or ended[number] + KEPT_FOR <= now:
            del all_of_them[number]
        elif ended[number] + HOUR <= now:
            _keep_the_ending(all_of_them[number])


def _ended_at(entry: Item) -> int:
    """When a restoration that is over ended: by an act, or by its time."""
    if "end" in entry:
        at: int = entry["end"]
    else:
        at = entry["ready"] + WAITING_ENDS_AFTER if "ready" in entry else entry["x"]
    return at


def _keep_the_ending(entry: Item) -> None:
    """Drop what only a restoration under way needs. A completed one keeps what its repeats have to say again."""
    needed = () if entry["st"] == "completed" else ("h", "vk")
    for name in ("links", "seen", "old", "turned", "s", "o", "c", "unpair", *needed):
        entry.pop(name, None)


def _cancel(entry: Item, now: int) -> None:
    entry |= {"st": "cancelled", "end": now}


def _count_mail(code: Item, limits: Limits, now: int) -> None:
    sent = [at for at in code.get("mails", []) if at > now - HOUR]
    if len(sent) >= limits.restoration_mails_per_hour:
        raise Problem("too_many_requests", retry_after=sent[0] + HOUR - now, reason="restoration mails")
    code["mails"] = [*sent, now]


def _uncount_mail(code: Item | None, at: int) -> None:
    if code and at in code.get("mails", []):
        code["mails"].remove(at)


def _unmailed(restore: Item, begun: Requested) -> Item | None:
    """The restoration, where it still awaits the code that could not be mailed, or none since its address changed."""
    entry: Item | None = restore.get("rst", {}).get(begun.number)
    if entry is None or entry["st"] != "awaiting_code" or entry["h"] not in {begun.entry["h"], None}:
        return None
    return entry


def _misses(code: Item, now: int) -> int:
    return sum(_missed(code, now).values())


def _missed(code: Item, now: int) -> dict[str, int]:
    """Wrong e-mail codes by the hour. The hour of which a part is within a day counts whole: over 24 to 25 hours."""
    return {hour: n for hour, n in code.get("misses", {}).items() if int(hour) >= now // HOUR - 24}


def _hash(pepper: Pepper, identity: str, number: str, code: str) -> str:
    return pepper.hash(f"e-mail code of {number}", identity, code)
