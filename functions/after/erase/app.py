"""What an erasure leaves to be done: every item of the identity goes, but for its log without anything personal.

Set going by the event `identity.erased`, through a queue that gives it again until it is done. Only the tombstone,
which the erasure itself has written, says that an identity may be deleted: an event alone deletes nothing. The work is
done in steps that may be repeated, so that it can break off anywhere and be taken up again, by two at once, too.
"""

from __future__ import annotations

import json
from typing import Any, Final

from aws_lambda_powertools import Logger

from restore import aws, settings, tombstones
from restore.errors import Problem
from restore.startup import wired
from restore.store import Table
from restore.vault import Vault

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
logger = Logger()

STEP: Final = 50
"""Items of one transaction: each may be two of the 100 writes that it takes."""

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
        while items := table.some_of(identity, STEP):
            if context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS:
                logger.info("erasing goes on")
                return False
            table.transact([write for item in items for write in tombstones.moved(item, name_hash)])
    except Problem as problem:
        logger.error("erasing put off", reason=problem.reason)  # noqa: TRY400 - no text of it is logged
        return False
    logger.info("erased")
    return True
