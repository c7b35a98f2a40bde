"""The administrators' log: what administrators ordered, decided and were refused, and what the service itself tells.

It is a chain like an identity's (`restore.audit`), under a name that no identity can have. A row that names an identity
has a marker among that identity's own items, by which erasing finds it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from restore.audit import Act
from restore.audit import erased as audit_erased
from restore.conditions import deletion, put, put_new
from restore.errors import Problem
from restore.keys import ADMINISTRATION, ORDER, approval_key, event_key, order_key, restore_key
from restore.settling import attempts, writes_of
from restore.store import Refused

if TYPE_CHECKING:
    from restore.conditions import Item, Write
    from restore.store import Table


def tell(
    table: Table,
    kind: str,
    now: int,
    *,
    source: str,
    identity: str | None = None,
    further: list[Write] | None = None,
    **detail: Any,
) -> bool:
    """Write a row of its own into the administrators' log; False where a further write's condition did not hold."""
    for _ in attempts():
        log, before = head(table)
        act = Act(ADMINISTRATION, now=now, device=None, source=source, server="")
        act.tell(kind, **({"identity": identity} if identity else {}), **detail)
        writes = [*writes_of(log, before, act), *marker(identity, log)]
        try:
            table.transact([*writes, *(further or [])])
        except Refused as refused:
            if any(found is not None for found in refused.found[len(writes) :]):
                return False
            continue
        return True
    raise Problem("unavailable", retry_after=1, reason="conflicts")


def about(table: Table, identity: str, before: int, most: int) -> tuple[list[Item], int | None]:
    """Rows that name an identity, the newest first, of numbers below `before`; and below which to go on, if at all."""
    first, last = order_key(identity, 0), order_key(identity, before - 1)
    marks = table.between(first["PK"], first["SK"], last["SK"], newest_first=True, limit=most + 1)
    found = [int(mark["SK"].removeprefix(ORDER)) for mark in marks[:most]]
    # an act is one row of this log, so its number is the item's
    items = {item["rows"][0]["seq"]: item for item in table.several([event_key(ADMINISTRATION, seq) for seq in found])}
    rows = [items[seq]["rows"][0] for seq in found if seq in items]
    return rows, found[-1] if len(marks) > most else None


def erased(table: Table, seq: int) -> list[Write]:
    """Take what is personal out of a row of the administrators' log, because whom it names is erased.

    With the name goes who did it and why: one digest covers all three. What was done and when stays, and the chain
    holds. An approval that the row is about goes, too.
    """
    item = table.get(event_key(ADMINISTRATION, seq))
    if item is None:
        return []
    numbers = {row["detail"]["approval"] for row in item["rows"] if "approval" in row.get("detail", {})}
    return [
        put({**item, "rows": [audit_erased(row, administrators=True) for row in item["rows"]]}),
        *(deletion(approval_key(number)) for number in numbers),
    ]


def head(table: Table) -> tuple[Item, Item | None]:
    """The item with the log's head, to be changed, and as it was read."""
    before = table.get(restore_key(ADMINISTRATION))
    return copy.deepcopy(before) or {**restore_key(ADMINISTRATION), "form": 1}, before


def marker(identity: str | None, log: Item) -> list[Write]:
    """Where the identity's own items say which row names it: erasing it goes by them."""
    return [put_new({**order_key(identity, log["seq"]), "form": 1})] if identity else []
