"""Standing: who could be restored today, and what the others lack; counted and listed without ever scanning.

`after/index` works out how an identity stands whenever something has happened to it, from its items as they are then.
So it does not matter in which order or how often it hears of that. One transaction replaces what was counted and
listed before:

- the identity in the list of all: how it stood when it was counted last, `{cell, tags, restore, devices, lacks, ver}`.
- a counter of identities that stand alike. A *cell* is all that is counted of one, in six symbols: `e-pv2a` is enabled,
  mail does not bounce, code proven, every device with a verification key, two devices, an address confirmed. Every
  figure is a sum of cells.
- its name in the list of each of its *tags*: `restore:<status>`, `lacks:<what>`, `devices_over:<number>` for each
  smaller number than it has, so that "more than three" is one list and another device is one more entry.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from restore import addresses, state
from restore.conditions import Write, deletion, put, replace
from restore.keys import counted_key, counter_of_standings_key, identity_key, proof_of, who_key
from restore.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restore.conditions import Item
    from restore.policy import Policy
    from restore.store import Collection, Table

ALL: Final = "all"
"""The tag of everybody: what is known of an identity stands in this list alone."""
SYMBOLS: Final = 6
"""Of a cell. New ones are appended, and read by position: releases beside one another read each other's counts."""
SHARDS: Final = 8
"""Counters lie in so many items, so that identities seldom wait for one another."""
STATUSES: Final = {"e": "enabled", "w": "awaiting_email", "o": "off", "b": "disabled_by_admin"}
LACKS: Final = (
    "restore",
    "confirmed_address",
    "working_address",
    "proven_code",
    "second_device",
    "verification_key",
)
"""What an identity may lack, by the words of `lacks=`. The first three stand in the way of restoring."""
_LETTERS: Final = {status: letter for letter, status in STATUSES.items()}
_DEVICES: Final = "0123456789A"
HISTORY_DAYS: Final = 90
DEVICES_OVER: Final = tuple(range(1, len(_DEVICES) - 1))
"""Numbers of devices; of each there is a list of those who have more. Nobody has more than policy can ever allow."""


def of(found: Collection) -> Item:
    """How an identity stands: `{cell, tags, restore, devices, lacks}`."""
    restore, identity = found.restore or {}, found.identity or {}
    status = state.status(restore)
    paired: dict[str, Item] = identity.get("devices", {})
    bounced = addresses.bounced_at(restore) is not None
    proven = bool((state.own_code(restore) or {}).get("proven"))
    verified = all(
        short in found.devices and one["v"] != proof_of(found.devices[short]["device"], None)
        for short, one in paired.items()
    )
    cell = (
        _LETTERS[status]
        + ("b" if bounced else "-")
        + ("p" if proven else "-")
        + ("v" if verified else "-")
        + _DEVICES[min(len(paired), len(_DEVICES) - 1)]
        + ("a" if restore.get("email") else "-")
    )
    lacks = _lacks(cell)
    over = [number for number in DEVICES_OVER if len(paired) > number]
    tags = [f"restore:{status}", *(f"lacks:{what}" for what in lacks), *(f"devices_over:{number}" for number in over)]
    return {"cell": cell, "tags": tags, "restore": status, "devices": len(paired), "lacks": lacks}


def changes(identity: str, before: Item | None, now_stands: Item) -> list[Write]:
    """What to write where the standing has changed; nothing where it has not. Only while there is such an identity."""
    if before and all(before.get(name) == value for name, value in now_stands.items()):
        return []
    was: list[str] = before["tags"] if before else []
    tags: list[str] = now_stands["tags"]
    return [
        replace({**who_key(ALL, identity), "form": 1, **now_stands}, before),
        *_counted(identity, before["cell"] if before else None, now_stands["cell"]),
        *(put({**who_key(tag, identity), "form": 1}) for tag in tags if tag not in was),
        *(deletion(who_key(tag, identity)) for tag in was if tag not in tags),
    ]


def exists(identity: str) -> Write:
    """A check that the identity has not been erased."""
    check = Write("ConditionCheck", dict(identity_key(identity)))
    return check.when(f"attribute_exists({check.name('PK')})")


def last(table: Table, identity: str) -> Item | None:
    """How the identity stood when it was counted last."""
    return table.get(who_key(ALL, identity))


def removed(identity: str, item: Item) -> list[Write]:
    """What to write when an erased identity's standing is deleted: it is counted and listed no more, once."""
    gone = deletion({"PK": item["PK"], "SK": item["SK"]})
    gone.when(f"{gone.name('ver')} = {gone.value(item['ver'])}")
    return [
        gone,
        *_counted(identity, item["cell"], None),
        *(deletion(who_key(tag, identity)) for tag in item["tags"]),
    ]


def counts(table: Table) -> dict[str, int]:
    """How many identities stand in each cell."""
    summed: dict[str, int] = {}
    for shard in table.between(counter_of_standings_key(0)["PK"], "0", "~", newest_first=False, limit=None):
        for cell, count in shard.items():
            if cell not in {"PK", "SK"}:
                summed[cell] = summed.get(cell, 0) + count
    return {cell: count for cell, count in summed.items() if count}


def readiness(cells: Mapping[str, int], policy: Policy) -> dict[str, Any]:
    """Who could be restored today, and what the others lack.

    `not_restorable` names for each identity the first thing that stands in the way; `at_risk` counts, among those that
    could be restored, what may yet go wrong: one identity may have several.
    """
    stands = [(cell, count, _hindrance(cell)) for cell, count in cells.items()]
    ready = {cell: count for cell, count, hindrance in stands if hindrance is None}
    hindered: dict[str, int] = dict.fromkeys(("off", "barred", "address_not_confirmed", "mail_bounced"), 0)
    for _, count, hindrance in stands:
        if hindrance:
            hindered[hindrance] += count
    at_risk = {
        "code_never_proven": sum(count for cell, count in ready.items() if "proven_code" in _lacks(cell)),
        "only_one_device": sum(count for cell, count in ready.items() if "second_device" in _lacks(cell)),
    }
    return {
        "identities": sum(cells.values()),
        "restorable": sum(ready.values()) if policy.restore_enabled else 0,
        "forbidden_by_policy": 0 if policy.restore_enabled else sum(ready.values()),
        "not_restorable": hindered,
        "at_risk": at_risk,
        "without_verification_key": sum(count for cell, count in cells.items() if "verification_key" in _lacks(cell)),
    }


def effect(cells: Mapping[str, int], before: Policy, after: Policy) -> dict[str, int]:
    """What a change of policy would do to people, as the contract counts it.

    `locked_out`: could be restored and could not any more; `obliged`: would have to change something to be as the
    policy wants them (no restore, no verification key, too many devices).
    """
    ready = sum(count for cell, count in cells.items() if _hindrance(cell) is None)
    return {
        "locked_out": ready if before.restore_enabled and not after.restore_enabled else 0,
        "obliged": sum(count for cell, count in cells.items() if _must_change(cell, after)),
    }


def page(table: Table, tag: str, prefix: str, after: str | None, size: int) -> tuple[list[dict[str, Any]], str | None]:
    """Identities of a tag whose names begin with `prefix`, in order, after a name; and the name to go on after."""
    first = who_key(tag, after + "\x00" if after else prefix or "0")  # no key is empty, and no name sorts before 0
    found = table.between(first["PK"], first["SK"], prefix + "~", newest_first=False, limit=size + 1, consistent=False)
    names = [str(one["SK"]) for one in found[:size]]
    if tag == ALL:
        known = {one["SK"]: one for one in found}
    else:
        known = {one["SK"]: one for one in table.several([who_key(ALL, name) for name in names])}
    shown = [
        {"identity": name, **{member: known[name][member] for member in ("restore", "devices", "lacks")}}
        for name in names
        if name in known  # erased since
    ]
    return shown, names[-1] if len(found) > size else None


def remember(cells: Mapping[str, int], policy: Policy, day: str, now: int) -> Write:
    """How it stood at the end of a day, for charts."""
    return put({**counted_key(day), "form": 1, "at": now, **readiness(cells, policy)})


def history(table: Table) -> list[dict[str, Any]]:
    """How it stood on the last days, the oldest first."""
    key = counted_key("~")
    days = table.between(key["PK"], "0", "~", newest_first=True, limit=HISTORY_DAYS, consistent=False)
    told = ("identities", "restorable", "not_restorable", "at_risk")
    return [{"day": one["SK"], "at": rfc3339(one["at"]), **{name: one[name] for name in told}} for one in days[::-1]]


def _counted(identity: str, before: str | None, after: str | None) -> list[Write]:
    if before == after:
        return []
    write = Write("Update", counter_of_standings_key(_shard(identity)))
    if before:
        write.adds.append(f"{write.name(before)} {write.value(-1)}")
    if after:
        write.adds.append(f"{write.name(after)} {write.value(1)}")
    return [write]


def _shard(identity: str) -> int:
    return hashlib.sha256(identity.encode()).digest()[0] % SHARDS


def _read(cell: str) -> tuple[str, ...]:
    """The six symbols that this release knows; a later one may have appended to them."""
    return tuple(cell.ljust(SYMBOLS, "-")[:SYMBOLS])


def _lacks(cell: str) -> list[str]:
    status, bounced, proven, verified, devices, address = _read(cell)
    lacks = {
        "restore": status in "ob",
        "confirmed_address": address == "-",
        "working_address": bounced == "b",
        "proven_code": status == "e" and proven == "-",
        "second_device": devices in "01",
        "verification_key": verified == "-",
    }
    return [what for what in LACKS if lacks[what]]


def _hindrance(cell: str) -> str | None:
    """The first thing that stands in the way of restoring, or None."""
    status, bounced = cell[0], cell[1]
    if status != "e":
        return {"o": "off", "b": "barred", "w": "address_not_confirmed"}[status]
    return "mail_bounced" if bounced == "b" else None


def _must_change(cell: str, policy: Policy) -> bool:
    status, _, _, verified, devices, _ = _read(cell)
    return (
        (policy.enforce_on_creation and policy.restore_enabled and status in "ow")
        or (policy.require_verification_key and verified == "-")
        or _DEVICES.index(devices) > policy.max_devices
    )
