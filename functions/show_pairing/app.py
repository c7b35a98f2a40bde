"""`GET /v1/identities/{i}/pairings/{p}`: whether the code on the screen was used, and by which device."""

from __future__ import annotations

from restore import aws, devices, identities, pairings, settings
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.keys import short_of
from restore.store import Table

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Show a pairing to a paired device."""
    number = call.path["pairing"]
    found = table.collection(call.identity)
    devices.must_be_paired(found.identity, call)
    identities.remember_language(table, call, found.restore or {})
    entry = (found.restore or {}).get("pairs", {}).get(number)
    if entry is None:
        raise Problem("not_found")
    device = None
    if pairings.status(entry, call.now) == "used":
        short = short_of(entry["k"])
        paired = (found.identity or {})["devices"].get(short)
        record = found.devices[short]
        device = devices.answer(paired, record, now=call.now, me=call.device) if paired else devices.gone(record)
    return Answer(200, {"pairing": pairings.answer(number, entry, call.now, device)})
