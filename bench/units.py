"""Request units as DynamoDB bills them in on-demand mode, worked out from the items before and after a call.

The emulators tell no believable consumed capacity, so it is computed by the rules of the Developer Guide ("DynamoDB
item sizes and formats", "Capacity unit consumption", "Amazon DynamoDB transactions: how it works"):

- A write is 1 unit for each begun KB of the larger of the item before and after. A refused one is billed by the item
  that was there, at least 1.
- In a transaction each action is billed twice, checks included. A cancelled one is billed all the same: here by the
  items that were there and those that it would have put.
- A read is 1 unit for each begun 4 KB when consistent, half of one when not; a query is billed by the sum of its items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

KB: Final = 1024
READ_BYTES: Final = 4 * KB
Item = dict[str, Any]
"""An item, or a key, in DynamoDB's JSON."""


@dataclass(frozen=True, slots=True)
class Units:
    """Write and read request units."""

    written: float = 0.0
    read: float = 0.0

    def __add__(self, other: Units) -> Units:
        """Both together."""
        return Units(self.written + other.written, self.read + other.read)

    def __str__(self) -> str:
        """`8 W + 0.5 R`; a part that is nought is left out."""
        parts = [f"{count:g} {name}" for count, name in ((self.written, "W"), (self.read, "R")) if count]
        return " + ".join(parts) or "-"


def size_of(item: Mapping[str, Any]) -> int:
    """The bytes that an item counts for: UTF-8 of its names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:  # noqa: PLR0911 - one line a form
    ((kind, content),) = value.items()
    match kind:
        case "S" | "B":
            return len(content.encode())
        case "N":
            return math.ceil(len(content.strip("-").replace(".", "").strip("0")) / 2) + 1
        case "BOOL" | "NULL":
            return 1
        case "SS" | "BS":
            return sum(len(member.encode()) for member in content)
        case "NS":
            return sum(_value_size({"N": member}) for member in content)
        case "L":
            return 3 + sum(1 + _value_size(member) for member in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(member) for name, member in content.items())
    message = f"no form of DynamoDB: {kind}"
    raise ValueError(message)


def keys_of(operation: str, request: Mapping[str, Any]) -> list[Item]:
    """The keys of the items that a call writes or checks, in its order."""
    if operation == "TransactWriteItems":
        return [_key(action) for entry in request["TransactItems"] for action in entry.values()]
    if operation == "BatchWriteItem":
        return [_key(action) for entry in _batched(request) for action in entry.values()]
    return [_key(request)] if operation in {"PutItem", "UpdateItem", "DeleteItem"} else []


def _batched(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entries in request["RequestItems"].values() for entry in entries]


def _key(action: Mapping[str, Any]) -> Item:
    if "Key" in action:
        return dict(action["Key"])
    return {name: action["Item"][name] for name in ("PK", "SK")}


def billed(
    operation: str,
    request: Mapping[str, Any],
    answer: Mapping[str, Any],
    before: list[Item],
    after: list[Item],
) -> Units:
    """What one call costs. `before` and `after` are the items of `keys_of`, empty where there is none."""
    match operation:
        case "GetItem":
            return _read([answer.get("Item", {})], request)
        case "Query":
            return _read(answer["Items"], request)
        case "BatchGetItem":
            # each item is rounded by itself
            found = [item for items in answer["Responses"].values() for item in items]
            return sum((_read([item], {}) for item in found), Units())
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return Units(written=_written(before[0], after[0], {}))
        case "BatchWriteItem":
            return Units(written=sum(_written(old, new, {}) for old, new in zip(before, after, strict=True)))
        case "TransactWriteItems":
            actions = [action for entry in request["TransactItems"] for action in entry.values()]
            each = zip(before, after, actions, strict=True)
            return Units(written=2 * sum(_written(old, new, action.get("Item", {})) for old, new, action in each))
    message = f"how {operation} is billed is not said here"
    raise ValueError(message)


def _read(items: list[Item], request: Mapping[str, Any]) -> Units:
    whole = _begun(sum(map(size_of, items)), READ_BYTES)
    return Units(read=whole if request.get("ConsistentRead") else whole / 2)


def _written(*items: Item) -> int:
    return _begun(max(map(size_of, items)), KB)


def _begun(size: int, unit: int) -> int:
    return max(1, math.ceil(size / unit))
