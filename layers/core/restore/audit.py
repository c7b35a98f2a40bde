"""The identity's log: what happened to its keys and codes, numbered without gaps and chained by hash.

The rows of one act lie in one item, written in the very transaction of the act, and the chain's head lies in the
restore item that the same transaction writes over the version it read. So a change without its row, a row without its
change, a gap or a fork cannot come about, and a crash leaves nothing to repair (docs/decisions/log-chain.md).

    digest = SHA-256(salt || canonical({"detail", "device", "source"}))
    hash   = SHA-256(hash before || canonical({"at", "digest", "seq", "type"}))

`canonical` is JSON with sorted keys, no blanks, UTF-8. The first hash before is SHA-256 of `log of ` and the identity.
What is personal is in the digest alone: erasing it and its salt leaves a chain that still holds. The salt is the
event's `id` on the wire, so that a phone can verify what it is shown (docs/events.md).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

from restore.conditions import put_new
from restore.keys import event_key
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.conditions import Item, Write

_NEVER_KEPT: Final = frozenset({"code", "restore_code"})
_CURSOR: Final = re.compile(r"([1-9][0-9]{0,9})\.[A-Za-z0-9_-]{43}", re.ASCII)


class Act:
    """The rows and notices of one act on one identity, and who did it from where.

    `device` is the public key of the device that acts, or None; `source` the caller's address; `server` goes with the
    notices, since what runs afterwards cannot know the address that the person uses. `takes_back` is the first row's
    number of an act that this one undoes: notices of that which wait still are not mailed.
    """

    def __init__(self, identity: str, *, now: int, device: str | None, source: str, server: str) -> None:
        self._identity = identity
        self._now = now
        self._device = device
        self._source = source
        self._server = server
        self._rows: list[dict[str, Any]] = []
        self._mails: list[dict[str, Any]] = []
        self.takes_back: int | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self._rows)

    def tell(self, kind: str, *, device: str | None = None, **detail: Any) -> None:
        """Add a row. `kind` is `<noun>.<past participle>`; `device` the device it is about, else the one that acts."""
        self._rows.append({"type": kind, "device": device or self._device, "detail": detail})

    def mail(self, kind: str, to: list[str], language: str, **values: str | list[str]) -> None:
        """Leave a notice to be mailed from the stream: it goes out if, and only if, the act happened.

        ValueError for a mail that holds a code: what is left here lies in the table.
        """
        if values.keys() & _NEVER_KEPT:
            message = "a code is mailed by the act itself"
            raise ValueError(message)
        self._mails += [{"kind": kind, "to": address, "language": language, "values": values} for address in to]

    def close(self, restore: Item) -> Write:
        """Number and chain the rows, move the head in the restore item to be written, and give the rows' write."""
        first = restore.get("seq", 0) + 1
        head = restore.get("head") or genesis(self._identity)
        rows = []
        for seq, row in enumerate(self._rows, first):
            salt = secrets.token_urlsafe(16)
            row = {**row, "seq": seq, "at": self._now, "source": self._source, "salt": salt}  # noqa: PLW2901 - the same row, completed
            head = row["hash"] = chained(head, row)
            rows.append(row)
        restore["seq"], restore["head"] = first + len(rows) - 1, head
        item: Item = {**event_key(self._identity, first), "form": 1, "rows": rows}
        if self._mails:
            item["mail"] = self._mails
            item["server"] = self._server
        if self.takes_back is not None:
            item["takes_back"] = self.takes_back
        return put_new(item)


def genesis(identity: str) -> str:
    """What the first row is chained to: bound to the identity, so that no other's log can stand in for it."""
    return _text(hashlib.sha256(f"log of {identity}".encode()).digest())


def digest(row: Item) -> str:
    """The salted digest of what is personal in a row."""
    personal = {"detail": row["detail"], "device": row["device"], "source": row["source"]}
    return _text(hashlib.sha256(row["salt"].encode() + _canonical(personal)).digest())


def chained(before: str, row: Item) -> str:
    """The hash of a row, given the hash before it. A row whose personal members are erased carries its digest."""
    told = {"at": row["at"], "digest": row.get("digest") or digest(row), "seq": row["seq"], "type": row["type"]}
    return _text(hashlib.sha256(urlsafe_b64decode(before + "=") + _canonical(told)).digest())


def head_of(restore: Item) -> dict[str, Any]:
    """`log` of the contract: the number and hash of the newest row."""
    return {"seq": restore["seq"], "hash": restore["head"]}


def answer(row: Item) -> dict[str, Any]:
    """An event of the contract."""
    return {
        "id": row["salt"],
        "seq": row["seq"],
        "hash": row["hash"],
        "at": rfc3339(row["at"]),
        "type": row["type"],
        "device": row["device"],
        "source": row["source"],
        "detail": row["detail"],
    }


def cursor_of(row: Item) -> str:
    """Where a page ends. The hash binds it to this identity's log: it fits no other, and altered it fits none."""
    return f"{row['seq']}.{row['hash']}"


def seq_of_cursor(cursor: str) -> int | None:
    """The number of the row that a cursor names, or None for what is no cursor."""
    found = _CURSOR.fullmatch(cursor)
    return int(found[1]) if found else None


def erased(row: Item, *, administrators: bool = False) -> Item:
    """What is left of a row: enough to verify the chain, and nothing about the person.

    The first row also loses its digest. It is chained to the name itself, so with the digest whoever has a copy of the
    table could try names until one fits; without it the chain holds from the first row's hash on. The administrators'
    log is chained to no name, and keeps it.
    """
    left = {"seq": row["seq"], "at": row["at"], "type": row["type"], "hash": row["hash"]}
    return left if row["seq"] == 1 and not administrators else {**left, "digest": row.get("digest") or digest(row)}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
