"""Every night: the day's entries of all logs and a signed head go where nobody can change them.

The entries of a day that is over are written into a bucket with Object Lock, and beside them a manifest that says what
they are, what the manifest before it was, and how far the administrators' log had come, signed by a key that can only
sign. Whoever rewrites the table afterwards, or cuts off its end, does not get past the manifests (`verify-log`).

Entries hold no name and nothing else about a person: `{chain, seq, type, at, hash}`, the chain by the keyed hash under
which an erased identity is remembered. So erasing needs to change nothing here, which is as well, since nobody could.

Days that were missed are made up for, each once.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from restore import adminlog, audit, aws, journal, settings, standing, tombstones
from restore.conditions import put
from restore.errors import Problem
from restore.keys import ADMINISTRATION, day_key, days_key, late_key, restore_key, signed_key
from restore.policies import stored
from restore.startup import wired
from restore.store import Table
from restore.times import rfc3339
from restore.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restore.conditions import Item

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
vault = Vault(lambda: aws.client("secretsmanager"), settings.PEPPER_SECRET_ID)
logger = Logger()

PART: Final = 20_000
"""Entries of one object."""
AT_MOST: Final = 31
"""Days made up for in one run; the next run goes on."""
OVER_SECONDS: Final = journal.LATE_AFTER + 900
"""So long after its end a day is signed: what comes later is entered as late, what came just before is there."""


@wired
def lambda_handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Sign what is to be signed; answers which days were."""
    now = int(time.time())
    last = table.get(signed_key())
    signed = []
    for day in islice(_unsigned(last, journal.day_of(now - OVER_SECONDS)), AT_MOST):
        try:
            last = _sign(day, last, now)
        except Problem as problem:
            logger.error("not signed", day=day, reason=problem.reason)  # noqa: TRY400 - no text of it is logged
            raise  # the run fails and rings; the next one goes on with this day
        signed.append(day)
    logger.info("signed", days=len(signed))
    return {"signed": signed}


def _unsigned(last: Item | None, today: str) -> Iterator[str]:
    """The days before `today` since the last one that was signed; at first, since there is anything."""
    if last:
        day = date.fromisoformat(last["day"]) + timedelta(days=1)
    else:
        first = table.between(days_key("")["PK"], "0", "~", newest_first=False, limit=1)
        day = date.fromisoformat(first[0]["SK"] if first else today)
    while day.isoformat() < today:
        yield day.isoformat()
        day += timedelta(days=1)


def _sign(day: str, last: Item | None, now: int) -> Item:
    parts = [_put_part(day, number, part) for number, part in enumerate(_parts(day))]
    log = table.get(restore_key(ADMINISTRATION))
    manifest = {
        "version": 1,
        "day": day,
        "signed_at": rfc3339(now),
        "table": settings.TABLE_NAME,
        "before": {"day": last["day"], "sha256": last["sha256"]} if last else None,
        "parts": parts,
        "administration": audit.head_of(log) if log else None,
    }
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    digest = sha256(text)
    signature = _call(
        "kms",
        "sign",
        KeyId=settings.LOG_KEY_ID,
        Message=digest.digest(),
        MessageType="DIGEST",
        SigningAlgorithm="ECDSA_SHA_256",
    )["Signature"]
    _put(f"log/{day}/manifest.json", text)
    _put(f"log/{day}/manifest.sig", b64encode(signature))
    signed = {**signed_key(), "form": 1, "day": day, "sha256": digest.hexdigest(), "at": now}
    table.write(put(signed), returning="NONE")
    policy, _ = stored(table, settings.POLICY)
    table.write(standing.remember(standing.counts(table), policy, day, now), returning="NONE")
    adminlog.tell(table, "log.signed", now, source="", day=day, sha256=digest.hexdigest())
    return signed


def _parts(day: str) -> Iterator[list[dict[str, Any]]]:
    """The day's entries, and those that came on this day too late for their own."""
    part: list[dict[str, Any]] = []
    for partition in (day_key(day, "")["PK"], late_key(day, "")["PK"]):
        for entry in journal.all_of(table, partition):
            part.append({**{name: entry[name] for name in ("seq", "type", "at", "hash")}, "chain": _chain(entry)})
            if len(part) == PART:
                yield part
                part = []
    if part:
        yield part


def _chain(entry: Item) -> str:
    if "chain" in entry:
        return str(entry["chain"])
    identity: str = entry["identity"]
    return identity if identity == ADMINISTRATION else tombstones.hash_of(identity, vault.pepper())


def _put_part(day: str, number: int, part: list[dict[str, Any]]) -> dict[str, Any]:
    text = b"".join(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() + b"\n" for entry in part)
    key = f"log/{day}/entries-{number:04d}.jsonl"
    _put(key, text)
    return {"key": key, "sha256": sha256(text).hexdigest(), "entries": len(part)}


def _put(key: str, text: bytes) -> None:
    # a bucket with Object Lock takes no object without a checksum
    _call("s3", "put_object", Bucket=settings.LOG_BUCKET, Key=key, Body=text, ChecksumAlgorithm="SHA256")


def _call(service: str, operation: str, **arguments: Any) -> Any:
    try:
        return getattr(aws.client(service), operation)(**arguments)
    except ClientError as error:
        raise Problem("unavailable", reason=f"{operation}: {error.response['Error']['Code']}") from error
    except BotoCoreError as error:
        raise Problem("unavailable", reason=f"{operation}: {type(error).__name__}") from error
