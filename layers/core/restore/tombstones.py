"""Tombstones: an erased identity's name stays taken, and nothing in the table says which name that is.

A tombstone lies under a keyed hash of the name (pepper, purpose `taken name`), so a copy of the table gives no names
away, not even to somebody who tries them all. It keeps the log's last head and when that was. Beside it lie the log's
rows without anything personal (`audit.erased`).

A name erased under one version of the pepper is found under that version alone. So whoever asks whether a name is free
asks under every version, in one transaction with taking it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from restore import audit
from restore.conditions import Write, deletion, put, put_new
from restore.keys import EVENT, TOMBSTONE, erased_event_key, tombstone_key

if TYPE_CHECKING:
    from restore.codes import Pepper
    from restore.conditions import Item
    from restore.store import Table

_PURPOSE: Final = "taken name"


def hash_of(identity: str, pepper: Pepper) -> str:
    """What stands for a name that nobody may read: its keyed hash under the pepper in force."""
    return pepper.hash(_PURPOSE, identity, "")


def hashes_of(identity: str, pepper: Pepper) -> tuple[str, ...]:
    """The same under every version of the pepper."""
    return pepper.hashes(_PURPOSE, identity, "")


def must_be_free(identity: str, pepper: Pepper) -> list[Write]:
    """Checks that no identity of this name was ever erased: one for each version of the pepper."""
    checks = []
    for name_hash in hashes_of(identity, pepper):
        check = Write("ConditionCheck", tombstone_key(name_hash))
        checks.append(check.when(f"attribute_not_exists({check.name('PK')})"))
    return checks


def is_one(found: Item | None) -> bool:
    """Whether what stood in a write's way is a tombstone."""
    return (found or {}).get("SK") == TOMBSTONE


def erected(identity: str, pepper: Pepper, restore: Item, now: int) -> Write:
    """The tombstone of an identity, with the head that its log has in the restore item."""
    key = tombstone_key(hash_of(identity, pepper))
    return put_new({**key, "form": 1, "at": now, "seq": restore["seq"], "head": restore["head"]})


def find(table: Table, identity: str, pepper: Pepper) -> str | None:
    """The hash under which an identity's tombstone lies, or None where it was never erased."""
    for name_hash in hashes_of(identity, pepper):
        if table.get(tombstone_key(name_hash)):
            return name_hash
    return None


def moved(item: Item, name_hash: str) -> list[Write]:
    """Delete an item of an erased identity; of event rows keep, under the tombstone, what is not personal.

    Both or neither, and doing it again comes to the same: whatever broke off is simply done once more.
    """
    gone = deletion({"PK": item["PK"], "SK": item["SK"]})
    if not item["SK"].startswith(EVENT):
        return [gone]
    key = erased_event_key(name_hash, item["SK"].removeprefix(EVENT))
    return [gone, put({**key, "form": 1, "rows": [audit.erased(row) for row in item["rows"]]})]
