"""`GET /v1/identities/{i}/restorations/{r}`: how a restoration stands, for its new device and for paired ones."""

from __future__ import annotations

from restore import aws, identities, restorations, settings
from restore.devices import must_be_paired
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.store import Table

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
    return Answer(200, {"restoration": restorations.answer(number, entry, restore, call)})
