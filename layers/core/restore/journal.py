"""The journal: the log of all identities and administrators by time, and by type and time, without a scan.

Event rows lie with their identity. The journal points at them: an entry for each row under its day, and under its type
and day, `{type, seq, act, hash, at, identity}`. `after/index` writes entries from the stack's event bus, so they come a
moment later than the act; an identity's own log is complete at once.

An entry of an erased identity has no name, but `chain`, the keyed hash under which its tombstone lies. Whoever writes
one with a name asks afterwards whether the identity is still there, and takes the name out if it is not.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from restore import audit
from restore.conditions import Write, deletion, put
from restore.keys import ADMINISTRATION, day_key, days_key, event_key, late_key
from restore.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restore.conditions import Item
    from restore.store import Table

DAY: Final = 86400
LATE_AFTER: Final = 3600
"""An entry that comes so long after its day has ended may have missed that day's signing."""
LATE_KEPT: Final = 90 * DAY
DAYS_AT_ONCE: Final = 20
_CURSOR: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})~([0-9]{10}#[#A-Za-z0-9._-]{1,80}#[0-9]{10})?", re.ASCII)


class Filter(NamedTuple):
    """What is looked for: rows from one time to another (seconds, both included), of one type or any."""

    since: int
    until: int
    kind: str | None


def day_of(at: int) -> str:
    """The day, in UTC, that a time lies in: `2026-11-28`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def entries(
    identity: str, rows: list[Item], now: int, *, chain: str | None = None, late_as: Callable[[], str] | None = None
) -> list[Write]:
    """Entries of event rows; nameless where `chain` is given. Writing them again comes to the same.

    `rows` have `type`, `seq`, `act` (the first row's number of the same act), `hash` and `at`. What may have missed the
    signing of its day is entered once more, under the day on which it comes, by the nameless chain of `late_as`.
    """
    writes: list[Write] = []
    for row in rows:
        told = {"form": 1, **{name: row[name] for name in ("type", "seq", "act", "hash", "at")}}
        told |= {"chain": chain} if chain else {"identity": identity}
        place, day = _place(chain or identity, row), day_of(row["at"])
        writes += [put({**day_key(day, place), **told}), put({**day_key(day, place, row["type"]), **told})]
        if late_as and now >= _end_of(day) + LATE_AFTER:
            late = {**late_key(day_of(now), _place(late_as(), row)), **told, "chain": late_as()}
            late.pop("identity", None)  # erasing would not find it here
            writes.append(put({**late, "ttl": now + LATE_KEPT}))
    return writes


def days_of(rows: list[Item]) -> set[tuple[str, str | None]]:
    """Which days, and types on days, are to be known of."""
    return {(day_of(row["at"]), kind) for row in rows for kind in (None, row["type"])}


def day_known(day: str, kind: str | None) -> Write:
    """That there is something on this day."""
    return put({**days_key(day, kind), "form": 1})


def nameless(identity: str, rows: list[Item], chain: str, now: int) -> list[Write]:
    """Take an erased identity's name out of its entries; those that are not there yet come without it."""
    writes = []
    for row in rows:
        place, day = _place(identity, row), day_of(row["at"])
        writes += [deletion(day_key(day, place)), deletion(day_key(day, place, row["type"]))]
    return writes + entries(identity, rows, now, chain=chain)


def page(table: Table, wanted: Filter, cursor: str | None, size: int) -> tuple[list[Item], str | None]:
    """Entries, the newest first, and where to go on; a page may be short where days are nearly empty.

    A cursor is a day, and the place in it that the page before has ended with. ValueError where it is none.
    """
    from_day, place = _place_of(cursor) if cursor is not None else (day_of(wanted.until), "")
    days = table.between(
        days_key("", wanted.kind)["PK"],
        day_of(wanted.since),
        min(from_day, day_of(wanted.until)),
        newest_first=True,
        limit=DAYS_AT_ONCE + 1,
        consistent=False,
    )
    found: list[Item] = []
    for day in (str(one["SK"]) for one in days[:DAYS_AT_ONCE]):
        first, last = f"{wanted.since:010d}", f"{wanted.until:010d}~"
        if day == from_day and place:
            last = min(last, place)
        key = day_key(day, "", wanted.kind)
        # one more than is left for the entry that the cursor names, one more to know whether there are more
        some = table.between(key["PK"], first, last, newest_first=True, limit=size - len(found) + 2, consistent=False)
        found += [entry for entry in some if entry["SK"] != place]
        if len(found) > size:
            return found[:size], f"{day_of(found[size - 1]['at'])}~{found[size - 1]['SK']}"
    return found, f"{days[DAYS_AT_ONCE]['SK']}~" if len(days) > DAYS_AT_ONCE else None


def _place_of(cursor: str) -> tuple[str, str]:
    found = _CURSOR.fullmatch(cursor)
    if not found:
        message = "is no cursor of events"
        raise ValueError(message)
    return found[1], found[2] or ""


def rows_of(table: Table, found: list[Item]) -> list[dict[str, Any]]:
    """The rows that entries point at, as an auditor sees them; of what is erased, what is left."""
    keys = {(one["identity"], one["act"]) for one in found if "identity" in one}
    items = table.several([event_key(identity, act) for identity, act in sorted(keys)])
    rows = {(item["PK"].removeprefix("ID#"), row["seq"]): row for item in items for row in item["rows"]}
    return [shown(one.get("identity"), rows.get((one.get("identity"), one["seq"])) or one) for one in found]


def shown(identity: str | None, row: Item) -> dict[str, Any]:
    """An event as an administrator sees it: an identity's, or one of the administrators' own log (identity null)."""
    if "salt" not in row:
        told = {"id": None, "device": None, "source": None, "detail": None}
        at = rfc3339(row["at"])
        return {**told, "seq": row["seq"], "hash": row["hash"], "at": at, "type": row["type"], "identity": None}
    return {**audit.answer(row), "identity": None if identity == ADMINISTRATION else identity}


def all_of(table: Table, partition: str) -> Iterator[Item]:
    """Every entry of a day or of the late ones, in order."""
    yield from table.between(partition, "0", "~", newest_first=False, limit=None)


def _place(chain: str, row: Item) -> str:
    return f"{row['at']:010d}#{chain}#{row['seq']:010d}"


def _end_of(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) + DAY
