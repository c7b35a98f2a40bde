"""The event bus, by way of a queue: what administrators look things up in, kept up to date without scanning.

For every event an entry of the journal; for every identity that something has happened to, how it stands now. What is
written depends on the table as it is when it is written, not on the event: so it does not matter how often or in which
order events come. An erased identity's entries have no name.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from restore import aws, journal, settings, standing, tombstones
from restore.errors import Problem
from restore.keys import ADMINISTRATION
from restore.settling import attempts
from restore.startup import wired
from restore.store import Refused, Table
from restore.times import seconds_of
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.conditions import Item

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
logger = Logger()

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
    """Enter rows of one log, then count the identity.

    Entries are written one by one, at half the price of a transaction; whether the identity has been erased is asked
    afterwards. If it has, they lose the name at once; if it is later, the erasure finds them by its event rows. What
    breaks off in between is given again.
    """
    table.fill([journal.day_known(day, kind) for day, kind in journal.days_of(rows) - _known_days])
    _known_days.update(journal.days_of(rows))
    now = int(time.time())
    if chain == ADMINISTRATION:
        table.fill(journal.entries(chain, rows, now, late_as=lambda: chain))
        return
    table.fill(journal.entries(chain, rows, now, late_as=lambda: tombstones.hash_of(chain, vault.pepper())))
    if _counted(chain):
        return
    name_hash = tombstones.find(table, chain, vault.pepper())
    if name_hash is None:
        raise Problem("unavailable", reason="an event of no identity")
    table.fill(journal.nameless(chain, rows, name_hash, now))


def _counted(identity: str) -> bool:
    """Bring up to date how the identity stands; False where there is no such identity any more."""
    for _ in attempts():
        found = table.collection(identity)
        if found.identity is None or found.restore is None:
            return False
        changes = standing.changes(identity, standing.last(table, identity), standing.of(found))
        if not changes:
            return True
        try:
            table.transact([standing.exists(identity), *changes])
        except Refused:
            continue  # it was erased, or somebody else has counted it
        return True
    raise Problem("unavailable", reason="conflicts")
