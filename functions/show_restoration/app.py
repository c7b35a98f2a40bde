"""`GET /v1/identities/{i}/restorations/{r}`: how a restoration stands, for its new device and for paired ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restore import aws, devices, identities, restorations, settings
from restore.devices import must_be_paired
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.keys import short_of
from restore.store import Table

if TYPE_CHECKING:
    from restore.conditions import Item
    from restore.store import Collection

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Show a restoration."""
    number = call.path["restoration"]
    found = table.collection(call.identity)
    restore = found.restore or {}
    entry = restore.get("rst", {}).get(number)
    if entry is None or entry["k"] != call.device or restorations.status(entry, call.now) == "completed":
        must_be_paired(found.identity, call)
        identities.remember_language(table, call, restore)
    if entry is None:
        raise Problem("not_found")
    return Answer(200, {"restoration": restorations.answer(number, entry, restore, call, _bound(found, entry, call))})


def _bound(found: Collection, entry: Item, call: Call) -> dict[str, Any] | None:
    """The device that a completed restoration has brought, as it is now."""
    short = short_of(entry["k"])
    paired = (found.identity or {}).get("devices", {})
    if restorations.status(entry, call.now) != "completed" or short not in paired:
        return None
    return devices.answer(paired[short], found.devices[short], now=call.now, me=call.device)
