"""What an erasure leaves to be done: every item of the identity goes, but for its log without anything personal.

Set going by the event `identity.erased`, through a queue that gives it again until it is done. Only the tombstone,
which the erasure itself has written, says that an identity may be deleted: an event alone deletes nothing. The work is
done in steps that may be repeated, so that it can break off anywhere and be taken up again, by two at once, too.

What other places hold of the person goes, too: lists and counters first, entries of the journal lose the name with
their event rows, rows of the administrators' log with the mark of each.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger

from restore import adminlog, aws, journal, settings, standing, tombstones
from restore.errors import Problem
from restore.keys import EVENT, ORDER
from restore.settling import attempts
from restore.startup import wired
from restore.store import Refused, Table
from restore.vault import Vault

if TYPE_CHECKING:
    from restore.conditions import Item, Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
logger = Logger()

AT_ONCE: Final = 50
"""Items that are read at once."""

STEP: Final = 90
"""Writes of one transaction, which takes 100; what one item needs is never taken apart."""

ENOUGH_MILLISECONDS: Final = 15_000
"""A step takes no longer, however patiently it is tried."""


@wired
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Finish erasures; answers which messages are to be given again."""
    failed = [record["messageId"] for record in event["Records"] if not _finished(record, context)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _finished(record: dict[str, Any], context: Any) -> bool:
    identity: str = json.loads(record["body"])["detail"]["identity"]
    try:
        name_hash = tombstones.find(table, identity, vault.pepper())
        if name_hash is None:
            logger.error("not erased")  # somebody else's event, or one of a table that was put back
            return True
        _uncount(identity)
        while items := table.some_of(identity, AT_ONCE):
            step: list[Write] = []
            for item in items:
                writes = _gone(identity, item, name_hash)
                if step and (len(step) + len(writes) > STEP or _meet(step, writes)):
                    break
                step += writes
            if context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS:
                logger.info("erasing goes on")
                return False
            try:
                table.transact(step)
            except Refused:
                continue  # another run was quicker
    except Problem as problem:
        logger.error("erasing put off", reason=problem.reason)  # noqa: TRY400 - no text of it is logged
        return False
    logger.info("erased")
    return True


def _uncount(identity: str) -> None:
    """It is counted and listed no more, and never again: whoever counts checks that there is such an identity."""
    for _ in attempts():
        stands = standing.last(table, identity)
        if stands is None:
            return
        try:
            table.transact(standing.removed(identity, stands))
        except Refused:
            continue
        return


def _meet(step: list[Write], writes: list[Write]) -> bool:
    """Whether both write to one item, which a transaction refuses: two rows may be about one approval."""
    keys = {tuple(write.key.values()) for write in step}
    return any(tuple(write.key.values()) in keys for write in writes)


def _gone(identity: str, item: Item, name_hash: str) -> list[Write]:
    """Delete one item, with what other places hold because of it."""
    kind: str = item["SK"]
    if kind.startswith(EVENT):
        act = int(kind.removeprefix(EVENT))
        rows = [{**row, "act": act} for row in item["rows"]]
        return [*tombstones.moved(item, name_hash), *journal.nameless(identity, rows, name_hash, int(time.time()))]
    if kind.startswith(ORDER):
        return [*tombstones.moved(item, name_hash), *adminlog.erased(table, int(kind.removeprefix(ORDER)))]
    return tombstones.moved(item, name_hash)
