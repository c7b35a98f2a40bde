"""Writes to the table, in words: what is set, and under which condition.

A `Write` gathers the clauses of one item's update, put or check. `by_paired_device` has the clauses that every act of a
paired device shares, so that the check and the act are one write: nothing is looked up before it, and nothing can
change between the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from restore.keys import Key, identity_key, nonce_of, proof_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restore.http import Call

Item = dict[str, Any]

NONCE_SLOT_SECONDS: Final = 300
NONCE_SLOTS: Final = 61


@dataclass(slots=True)
class Write:
    """One conditional write. `kind` names the action of a transaction; a put has an `item`, the others a `key`."""

    kind: Literal["Update", "Put", "Delete", "ConditionCheck"]
    key: Key
    item: Item | None = None
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)
    adds: list[str] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)

    def name(self, *path: str) -> str:
        """A placeholder for an attribute, or for a path into maps. Names of people never stand in an expression."""
        return ".".join(self._placeholder(part) for part in path)

    def _placeholder(self, part: str) -> str:
        for placeholder, name in self.names.items():
            if name == part:
                return placeholder
        placeholder = f"#{len(self.names)}"
        self.names[placeholder] = part
        return placeholder

    def value(self, value: Any) -> str:
        """A placeholder for a value."""
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    def when(self, condition: str) -> Write:
        """Require one more condition."""
        self.conditions.append(condition)
        return self

    def set(self, path: tuple[str, ...], value: Any) -> Write:
        """Set an attribute."""
        self.sets.append(f"{self.name(*path)} = {self.value(value)}")
        return self

    def count(self, *path: str) -> Write:
        """Add one to a number that may not be there yet; at the top level only."""
        self.adds.append(f"{self.name(*path)} {self.value(1)}")
        return self

    @property
    def condition(self) -> str | None:
        """All conditions, or None."""
        return " AND ".join(f"({clause})" for clause in self.conditions) or None

    @property
    def update(self) -> str:
        """The update expression."""
        sections = (("SET", self.sets), ("ADD", self.adds), ("REMOVE", self.removes))
        return " ".join(f"{word} {', '.join(clauses)}" for word, clauses in sections if clauses)


def put(item: Item) -> Write:
    """Write a whole item."""
    return Write("Put", {"PK": item["PK"], "SK": item["SK"]}, item=item)


def put_new(item: Item) -> Write:
    """Write an item that must not be there yet."""
    write = put(item)
    return write.when(f"attribute_not_exists({write.name('PK')})")


def replace(item: Item, seen: Mapping[str, Any] | None) -> Write:
    """Write a versioned item over the one that was read: it holds only if nobody has written it since.

    Whatever else a transition requires of the old item was therefore still true when the write happened.
    """
    write = put({**item, "ver": (seen or {}).get("ver", 0) + 1})
    if seen is None:
        return write.when(f"attribute_not_exists({write.name('PK')})")
    return write.when(f"{write.name('ver')} = {write.value(seen['ver'])}")


def deletion(key: Key) -> Write:
    """Delete an item, whatever it is; again is the same."""
    return Write("Delete", dict(key))


def delete_instead(write: Write) -> None:
    """Make an update a deletion under the same conditions. The last step: nothing may be added to it afterwards."""
    write.kind = "Delete"
    for clauses in (write.sets, write.adds, write.removes):
        clauses.clear()
    # DynamoDB refuses placeholders that no expression has
    used = set(re.findall(r"[#:]\d+", write.condition or ""))
    write.names = {placeholder: name for placeholder, name in write.names.items() if placeholder in used}
    write.values = {placeholder: value for placeholder, value in write.values.items() if placeholder in used}


def remember_nonce(write: Write, device: str, nonce: str, now: int, *, stale_slot: bool = False) -> Write:
    """Accept this nonce once, and remember it for 300 to 600 s (RFC 9421, 7.2.2: replay).

    Nonces lie in the item they protect, in slots of 300 s, each a string set with its span's tag in it. A slot that
    still holds an older span's set refuses the first try; with `stale_slot` the set is begun anew.
    """
    span = now // NONCE_SLOT_SECONDS
    slot, before = f"n{span % NONCE_SLOTS}", f"n{(span - 1) % NONCE_SLOTS}"
    tag, seen = f"#{span}", nonce_of(device, nonce)
    current, last = write.name(slot), write.name(before)
    written, nonce_value, tag_value = write.value({tag, seen}), write.value(seen), write.value(tag)
    if stale_slot:
        write.when(f"NOT contains({current}, {tag_value})")
        write.sets.append(f"{current} = {written}")
    else:
        write.when(f"attribute_not_exists({current}) OR contains({current}, {tag_value})")
        write.when(f"NOT contains({current}, {nonce_value})")
        write.adds.append(f"{current} {written}")
    # the slot before may hold an older span's set, too: what that remembers is long forgotten
    write.when(f"NOT contains({last}, {nonce_value}) OR NOT contains({last}, {write.value(f'#{span - 1}')})")
    write.removes += [write.name(f"n{n}") for n in range(NONCE_SLOTS) if f"n{n}" not in {slot, before}]
    return write


def remember_first_nonces(write: Write, marks: set[str], now: int) -> Write:
    """Remember the nonces (`keys.nonce_of`) with which a device came to be bound, like its later ones.

    Nothing is asked: the device has had no other. An older span's set that the slot still holds stays beside them until
    the slot is begun anew; it names nonces that nobody can send any more.
    """
    span = now // NONCE_SLOT_SECONDS
    slot, before = f"n{span % NONCE_SLOTS}", f"n{(span - 1) % NONCE_SLOTS}"
    write.adds.append(f"{write.name(slot)} {write.value({f'#{span}', *marks})}")
    write.removes += [write.name(f"n{n}") for n in range(NONCE_SLOTS) if f"n{n}" not in {slot, before}]
    return write


def nonce_state(item: Item, device: str, nonce: str, now: int) -> Literal["fresh", "seen", "stale_slot"]:
    """Why `remember_nonce` refused, from the item that it found."""
    span = now // NONCE_SLOT_SECONDS
    current: set[str] = item.get(f"n{span % NONCE_SLOTS}", set())
    before: set[str] = item.get(f"n{(span - 1) % NONCE_SLOTS}", set())
    seen = nonce_of(device, nonce)
    if f"#{span}" not in current:
        # an older set in this slot says nothing about now; the one of the span before does, and so does its tag
        return "seen" if seen in before and f"#{span - 1}" in before else "stale_slot" if current else "fresh"
    return "seen" if seen in current | before else "fresh"


def by_paired_device(
    call: Call, *, verified: bool = False, may_be_held: bool = True, stale_slot: bool = False
) -> Write:
    """The update of the identity's item by the device that calls, which has to be a paired one of it.

    `verified`: the device proves itself with the verification key that it has, or has none. `may_be_held`: whether a
    device under a hold may do this.
    """
    write = Write("Update", dict(identity_key(call.identity)))
    mine = write.name("devices", call.short)
    if verified:
        proof = write.name("devices", call.short, "v")
        write.when(f"{proof} = {write.value(proof_of(call.device, call.verification))}")
    else:
        write.when(f"attribute_exists({mine})")
    if not may_be_held:
        held = write.name("devices", call.short, "h")
        write.when(f"attribute_not_exists({held}) OR {held} <= {write.value(call.now)}")
    return remember_nonce(write, call.device, call.nonce, call.now, stale_slot=stale_slot)
