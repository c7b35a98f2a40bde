"""The table's stream: what happened to identities, onto the stack's own event bus.

At least once, each event with the number and hash that it has in the identity's log; the bus keeps no order, so who
takes them goes by `identity` and `seq` (docs/events.md). A batch that fails is given again from the first record that
failed, and what never succeeds ends in the dead-letter queue.
"""

from __future__ import annotations

import json
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from restore import aws, settings
from restore.keys import ADMINISTRATION
from restore.startup import wired
from restore.store import unpack
from restore.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restore.conditions import Item

logger = Logger()

SOURCE: Final = "id-restore"
AT_ONCE: Final = 10
"""Entries that EventBridge takes in one request."""

TOLD: Final = frozenset(
    {
        "act",
        "administrator",
        "approval",
        "attempts_left",
        "awaited",
        "by",
        "cause",
        "changed",
        "code",
        "code_label",
        "day",
        "days",
        "events",
        "finding",
        "identities",
        "identity",
        "in_a_row",
        "outcome",
        "paired_by",
        "pairing",
        "platform",
        "policy",
        "restoration",
        "route",
        "sha256",
        "version",
        "whole",
    }
)
"""Members of `detail` that leave the table: ids, labels, counts, fixed words, and what policy was changed from and to.

A person's own words stay in it (`reason`, `name`); who an administrator is, their `sub` says (`administrator`).
"""


@wired
def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Publish the events of new rows; answers which record to begin with again, if any."""
    for some in batched(_entries(event["Records"]), AT_ONCE, strict=False):
        failed = _put([entry for _, entry in some])
        if failed is not None:
            return {"batchItemFailures": [{"itemIdentifier": some[failed][0]}]}
    return {"batchItemFailures": []}


def _entries(records: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What to put on the bus, each with the sequence number of its record."""
    for record in records:
        item = unpack(record["dynamodb"].get("NewImage", {}))
        rows = item.get("rows", [])
        for row in rows:
            detail = told(item["PK"].removeprefix("ID#"), row, act=rows[0]["seq"])
            yield (
                record["dynamodb"]["SequenceNumber"],
                {
                    "EventBusName": settings.EVENT_BUS,
                    "Source": SOURCE,
                    "DetailType": row["type"],
                    "Time": row["at"],
                    "Detail": json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
                },
            )


def told(identity: str, row: Item, *, act: int) -> dict[str, Any]:
    """An event as the bus has it. Without its salt: with that and the hash, what was left out could be guessed.

    `act` is the number of the first event of the same act; `identity` null says that it is of the administrators' log.
    """
    return {
        "version": 1,
        "identity": None if identity == ADMINISTRATION else identity,
        "seq": row["seq"],
        "act": act,
        "hash": row["hash"],
        "at": rfc3339(row["at"]),
        "type": row["type"],
        "device": row["device"],
        "source": row["source"],
        "detail": {name: value for name, value in row["detail"].items() if name in TOLD},
    }


def _put(entries: list[dict[str, Any]]) -> int | None:
    """Put entries on the bus; the place of the first that it did not take, or None. It may take some and not others."""
    try:
        answer = aws.client("events").put_events(Entries=entries)
    except ClientError as error:
        logger.error("publish refused", reason=error.response["Error"]["Code"])  # noqa: TRY400 - no text of it is logged
        return 0
    except BotoCoreError as error:
        logger.error("publish refused", reason=type(error).__name__)  # noqa: TRY400 - no text of it is logged
        return 0
    if answer["FailedEntryCount"]:
        for place, result in enumerate(answer["Entries"]):
            if "ErrorCode" in result:
                logger.error("publish refused", reason=result["ErrorCode"])
                return place
    logger.info("published", events=len(entries))
    return None
