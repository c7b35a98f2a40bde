"""The event bus, by way of a queue: what administrators look things up in, kept up to date without scanning.

For every event an entry of the journal; for every identity that something has happened to, how it stands now. What is
written depends on the table as it is when it is written, not on the event: so it does not matter how often or in which
order events come. An erased identity's entries have no name.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger

from restore import aws, journal, settings, standing, tombstones
from restore.errors import Problem
from restore.keys import ADMINISTRATION, standing_key
from restore.settling import attempts
from restore.startup import wired
from restore.store import Refused, Table
from restore.times import seconds_of
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.conditions import Item, Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
logger = Logger()

AT_ONCE: Final = 20
"""Rows of one transaction: each is three entries at most, of the 100 writes that it takes."""

_known_days: set[tuple[str, str | None]] = set()


@wired
def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Enter events and count whom they are about; answers which messages are to be given again."""
    rows: dict[str, dict[int, Item]] = defaultdict(dict)  # a batch may bring an event twice, a transaction may not
    messages: dict[str, set[str]] = defaultdict(set)
    for record in event["Records"]:
        told = json.loads(record["body"])["detail"]
        chain = told["identity"] or ADMINISTRATION
        rows[chain][told["seq"]] = {**told, "at": seconds_of(told["at"])}
        messages[chain].add(record["messageId"])
    failed: set[str] = set()
    for chain, some in rows.items():
        try:
            _enter(chain, list(some.values()))
        except Problem as problem:
            logger.error("indexing put off", reason=problem.reason)  # noqa: TRY400 - no text of it is logged
            failed |= messages[chain]
    logger.info("indexed", events=sum(map(len, rows.values())), failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}


def _enter(chain: str, rows: list[Item]) -> None:
    for day, kind in journal.days_of(rows) - _known_days:
        table.write(journal.day_known(day, kind), returning="NONE")
        _known_days.add((day, kind))
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        for _ in attempts():
            try:
                table.transact(_writes(chain, some))
            except Refused:
                continue  # it was erased, or somebody else has counted it
            break
        else:
            raise Problem("unavailable", reason="conflicts")


def _writes(chain: str, rows: list[Item]) -> list[Write]:
    now = int(time.time())
    if chain == ADMINISTRATION:
        return journal.entries(chain, rows, now, late_as=lambda: chain)
    found = table.collection(chain)
    if found.identity is None or found.restore is None:
        name_hash = _name_hash(chain)
        return journal.entries(chain, rows, now, chain=name_hash, late_as=lambda: name_hash)
    stands = standing.changes(chain, table.get(standing_key(chain)), standing.of(found))
    entered = journal.entries(chain, rows, now, late_as=lambda: vault.pepper().hash(tombstones.PURPOSE, chain, ""))
    return [standing.exists(chain), *entered, *stands]


def _name_hash(identity: str) -> str:
    """Under which hash an erased identity is remembered; an identity that never was is nobody's to enter."""
    found = tombstones.find(table, identity, vault.pepper())
    if found is None:
        raise Problem("unavailable", reason="an event of no identity")
    return found
