"""The table's stream: send the mails that acts left in their event rows.

A mail goes out if, and only if, its act happened: both were written at once. Of an act that was taken back, because
its code could not be mailed, nothing is told where both come together. At least once: a batch that fails is given again
from the first record that failed, and what never succeeds ends in the dead-letter queue.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from restore import aws, disputes, settings
from restore.errors import Problem
from restore.outbox import Outbox
from restore.startup import wired
from restore.store import unpack
from restore.vault import Vault

outbox = Outbox(lambda: aws.client("sesv2"), settings.SENDER, settings.MAIL_CONFIGURATION_SET)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
logger = Logger()


@wired
def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Send what is left to be sent; answers which record to begin with again, if any."""
    items = [unpack(record["dynamodb"].get("NewImage", {})) for record in event["Records"]]
    taken_back = {(item["PK"], item["takes_back"]) for item in items if "takes_back" in item}
    for record, item in zip(event["Records"], items, strict=True):
        if "mail" in item and (item["PK"], item["rows"][0]["seq"]) in taken_back:
            logger.info("not mailed: its act was taken back")
            continue
        for mail in item.get("mail", []):
            try:
                values: dict[str, Any] = mail["values"]
                if "token" in values:
                    values = {**values, "token": disputes.unsealed(values["token"], vault.pepper())}
                outbox.send(
                    mail["kind"],
                    mail["language"],
                    to=mail["to"],
                    identity=item["PK"].removeprefix("ID#"),
                    server=item["server"],
                    values=values,
                )
            except Problem as problem:
                logger.error("mail refused", kind=mail["kind"], reason=problem.reason)  # noqa: TRY400 - no text of it is logged
                sequence = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": sequence}]}
            logger.info("mailed", kind=mail["kind"])
    return {"batchItemFailures": []}
