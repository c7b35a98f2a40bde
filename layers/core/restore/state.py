"""Whether an identity can be restored, and by which codes: the restore item.

| attribute | holds |
| --- | --- |
| `ver` | its version; every write is over the version that was read |
| `seq`, `head` | the log's head (`restore.audit`) |
| `on`, `barred`, `enabled_at` | switched on, barred by an administrator; since when |
| `way_back` | it is off because a device that was set aside came back |
| `held_until` | until when any device is held |
| `aside`, `aside_until`, `came_back` | devices set aside by held ones, until when they may return, and those that did |
| `codes` | in force: hash of the selector → `{h, label, at, o, by}`; `o` is its order in a second |
| and perhaps of one | `fails, locked, mails, misses, proven, sealed, sent` |
| and of an issued one | `kind`, and `x`: when it ends |
| `email`, `second_email`, `changes` and more | addresses (`restore.addresses`) |
| `rst` | restorations that are pending, and the last ones that are over (`restore.restorations`) |
| `lang` | the language of mails |

Everything here is pure: it takes the item as it was read and makes the one to be written, or what the table is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from restore.codes import RestoreCode, new_label
from restore.conditions import Write
from restore.errors import Problem
from restore.keys import restore_key
from restore.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restore.codes import Pepper
    from restore.conditions import Item
    from restore.limits import Limits
    from restore.policy import Policy

Status = Literal["off", "awaiting_email", "enabled", "disabled_by_admin"]
CODE_PURPOSE: Final = "restore code"
ISSUED: Final = "issued"
FRESH_CODE_SECONDS: Final = 600
"""A lost answer can be asked for again for so long; then the code that it held stays lost."""


def status(restore: Item) -> Status:
    """`restore.status` of the contract."""
    if restore.get("barred"):
        return "disabled_by_admin"
    if not restore.get("on"):
        return "off"
    return "enabled" if restore.get("email") else "awaiting_email"


def answer(restore: Item, policy: Policy) -> dict[str, Any]:
    """`restore` of the contract."""
    code = own_code(restore)
    on = bool(restore.get("on"))
    return {
        "status": status(restore),
        "code_label": code["label"] if code and on else None,
        "enabled_at": rfc3339(restore.get("enabled_at")) if on else None,
        "last_proven_at": rfc3339(code.get("proven")) if code and on else None,
        "code_kept": kept_code(restore, policy) is not None,
    }


def own_code(restore: Item) -> Item | None:
    """The newest of the user's own codes in force."""
    return newest(_own_codes(restore))


def newest(codes: list[Item]) -> Item | None:
    """The code that was made last: of several in one second the one that the later version of the item brought."""
    return max(codes, key=lambda code: (code["at"], code.get("o", 0)), default=None)


def has_made_one_in_force(restore: Item, made_by: str | None) -> bool:
    """Whether a code of the user's own is in force that this restoration, or the creation, has made.

    After a dispute several are; the one that is asked about need not be the newest.
    """
    return made_by is not None and any(code["by"] == made_by for code in _own_codes(restore))


def kept_code(restore: Item, policy: Policy) -> Item | None:
    """The newest of the user's own codes where it can be shown again: kept sealed, by a policy that still keeps any."""
    code = own_code(restore)
    return code if code and "sealed" in code and restore.get("on") and policy.keep_sealed_codes else None


def _own_codes(restore: Item) -> list[Item]:
    return [code for code in restore.get("codes", {}).values() if code.get("kind", "own") == "own"]


def put_code_in_force(
    restore: Item, pepper: Pepper, identity: str, now: int, *, made_by: str = "enabling"
) -> tuple[RestoreCode, str]:
    """Make a new restore code, the only one in force from now on; the code and its label. Its counts start at nought.

    `made_by` says what made it (`creation`, `enabling` or a restoration's id), so that its repeat can tell.
    """
    former = own_code(restore)
    code, label = RestoreCode.new(), new_label(former["label"] if former else None)
    restore["codes"] = {
        pepper.selector(identity, code): {
            "h": pepper.hash(CODE_PURPOSE, identity, code.symbols),
            "label": label,
            "at": now,
            "o": restore.get("ver", 0),  # of several in one second, which came first
            "by": made_by,
        }
    }
    restore["on"] = True
    restore["enabled_at"] = restore.get("enabled_at") or now
    restore.pop("way_back", None)
    return code, label


def undo_code(restore: Item, before: Item, after: Item) -> bool:
    """Put the former codes in force again where an act that made one has failed and others have acted since.

    False where the codes are others' by now, or the new one was used: then they stay.
    """
    if restore.get("codes") != after["codes"]:
        return False
    for name in ("codes", "on", "enabled_at", "way_back"):
        restore.pop(name, None)
        if name in before:
            restore[name] = before[name]
    return True


def issue_code(
    restore: Item, pepper: Pepper, identity: str, now: int, *, by: str, seconds: int
) -> tuple[RestoreCode, str, int]:
    """Put a one-time code beside the user's own, in the place of an earlier issued one; its label and when it ends.

    Nobody's own code becomes readable by it, and its use ends them all.
    """
    codes: dict[str, Item] = restore.get("codes", {})
    code, label = RestoreCode.new(), new_label(*(one["label"] for one in codes.values()))
    own = {key: one for key, one in codes.items() if one.get("kind") != ISSUED}
    made = {"h": pepper.hash(CODE_PURPOSE, identity, code.symbols), "label": label, "at": now, "by": by}
    made["o"] = restore.get("ver", 0)
    restore["codes"] = {**own, pepper.selector(identity, code): {**made, "kind": ISSUED, "x": now + seconds}}
    return code, label, now + seconds


def reissue(
    restore: Item, pepper: Pepper, identity: str, now: int, *, made_by: str, made_at: int
) -> tuple[RestoreCode, str] | None:
    """Another code in the place of one whose answer was lost, or None where it is too late or that code has ended.

    The lost one is dead; nobody knows it but, perhaps, whoever listened.
    """
    if now >= made_at + FRESH_CODE_SECONDS or not restore.get("on") or not has_made_one_in_force(restore, made_by):
        return None
    return put_code_in_force(restore, pepper, identity, now, made_by=made_by)


def switch_off(restore: Item, *, by_way_back: bool = False) -> None:
    """End every code; an administrator's bar stays.

    After a way back a code may be issued nevertheless, but where its owner had switched restore off before.
    """
    was_on = restore.get("on") or restore.get("way_back")
    for name in ("codes", "on", "enabled_at", "way_back"):
        restore.pop(name, None)
    if by_way_back and was_on:
        restore["way_back"] = True


def code_of(restore: Item, pepper: Pepper, identity: str, code: RestoreCode, now: int) -> tuple[str, Item] | None:
    """The code in force that has this selector: its key and what is known of it."""
    codes = restore.get("codes", {})
    found = ((key, codes[key]) for key in pepper.selectors(identity, code) if key in codes)
    return next(((key, one) for key, one in found if one.get("x", now + 1) > now), None)


def fits(known: Item, pepper: Pepper, identity: str, code: RestoreCode) -> bool:
    """Whether this is the whole of a code of which the selector is known; of none nothing fits."""
    return pepper.fits(known.get("h"), CODE_PURPOSE, identity, code.symbols)


def must_not_be_locked(known: Item, now: int) -> None:
    """Refuse a code that was guessed at too often, for as long as it is locked."""
    if known.get("locked", 0) > now:
        raise Problem("too_many_requests", retry_after=known["locked"] - now, reason="locked code")


def count_wrong(known: Item, limits: Limits, now: int) -> tuple[int, bool]:
    """A wrong code with this one's selector: how many in a row that makes, and whether it locks the code."""
    in_a_row = known["fails"] = known.get("fails", 0) + 1
    if in_a_row < limits.wrong_codes_in_a_row:
        return in_a_row, False
    known["fails"], known["locked"] = 0, now + limits.code_lock_seconds
    return in_a_row, True


def end_row(known: Item) -> bool:
    """The right code ends the row of wrong ones; whether there was any."""
    return bool(known.pop("fails", 0) > 0)


def issued_answer(restore: Item, now: int) -> dict[str, Any] | None:
    """`issued_code` of the contract: the one-time code that is in force beside the user's own."""
    issued = [one for one in restore.get("codes", {}).values() if one.get("kind") == ISSUED and one["x"] > now]
    code = newest(issued)  # a dispute makes an earlier one good again
    if code is None:
        return None
    return {"code_label": code["label"], "issued_at": rfc3339(code["at"]), "expires_at": rfc3339(code["x"])}


def has_codes(restore: Item, now: int) -> bool:
    """Whether any code is in force: while restore is off by a way back, an issued one may be."""
    return any(one.get("x", now + 1) > now for one in restore.get("codes", {}).values())


def can_be_restored(restore: Item) -> bool:
    """Whether a right code begins a restoration: while enabled, or off by a way back with an issued one."""
    if restore.get("barred") or not restore.get("email"):
        return False
    return bool(restore.get("on") or restore.get("way_back"))


def unrestorable(identity: str, selectors: Sequence[str], now: int, policy: Policy) -> Write:
    """The opposite, asked of the table: that no code with one of these selectors begins a restoration."""
    write = Write("ConditionCheck", dict(restore_key(identity)))
    on, way_back, email, barred = (write.name(name) for name in ("on", "way_back", "email", "barred"))
    moment = write.value(now)
    selected = [(write.name("codes", key), write.name("codes", key, "x")) for key in selectors]
    reasons = [
        _all(f"attribute_not_exists({code}) OR {ends} <= {moment}" for code, ends in selected),
        f"attribute_not_exists({on}) AND attribute_not_exists({way_back})",
        f"attribute_not_exists({email})",
        f"attribute_exists({barred})",
    ]
    if not policy.restore_enabled:
        reasons.append(f"attribute_exists({on}) OR attribute_exists({way_back})")  # with its opposite above: always
    return write.when(" OR ".join(f"({reason})" for reason in reasons))


def _all(clauses: Iterable[str]) -> str:
    """All of them, in parentheses only where there are several: DynamoDB refuses redundant ones."""
    first, *others = clauses
    return " AND ".join(f"({clause})" for clause in (first, *others)) if others else first


def recipients(restore: Item) -> list[str]:
    """The confirmed addresses: every notice goes to all of them (NIST SP 800-63B-4, 4.6)."""
    email, second = restore.get("email"), restore.get("second_email")
    if email and second and email.casefold() == second.casefold():
        return [email]  # the second has become the first: one mailbox is told once
    return [address for address in (email, second) if address]


def language_of(restore: Item) -> str:
    """The language of mails to this person."""
    language: str = restore.get("lang") or "en"
    return language
