"""SES's feedback: an address that mails do not reach is marked, and the other one is told.

Given by a queue, at least once and in no order. A mark is made once, in the restore item over the version that was
read, and only where the address is in force or awaited still and nothing has proved since that mails reach it. It takes
nothing away: codes are mailed to the address all the same, since its mailbox may be mended.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger

from restore import addresses, aws, feedback, settings, state
from restore.errors import Problem
from restore.http import Call
from restore.keys import restore_key
from restore.settling import Change, View, by_new_device
from restore.startup import wired
from restore.store import Table
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.feedback import Feedback

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
logger = Logger()

CREATION_SECONDS: Final = 60
"""The mail of a creation is sent before the identity is there: so long its feedback may come too early."""


@wired
def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take feedback; answers which messages are to be given again."""
    failed = [record["messageId"] for record in event["Records"] if not _taken(record)]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _taken(record: dict[str, Any]) -> bool:
    told = feedback.read(json.loads(record["body"]))
    if told is None:
        logger.info("feedback without consequence")
        return True
    now = int(time.time())
    call = Call(
        signed=None,
        identity=told.identity,
        path={},
        body=None,
        server=told.server,
        source="",
        language=None,
        now=now,
    )
    try:
        found = table.get(restore_key(told.identity))
        if found is None:
            early = now < told.sent + CREATION_SECONDS
            logger.info("feedback about nobody", early=early)  # not created yet, or erased
            return not early
        marked = by_new_device(table, call, lambda view, act: _mark(view, act, call, told), seen=found).answer
    except Problem as problem:
        if problem.code == "not_paired":  # erased in between
            return True
        logger.warning("feedback put off", reason=problem.reason)
        return False
    logger.info("feedback", what=told.what, cause=told.cause, marked=marked)
    return True


def _mark(view: View, act: Act, call: Call, told: Feedback) -> Change:
    """Mark the address wherever it stands. One that is awaited is shown in the app alone, where its person waits."""
    restore = view.restore
    in_force, awaited = addresses.bounce(restore, told.address, sent=told.sent, at=told.at, now=call.now)
    for slot in in_force:
        act.tell(f"{slot.noun}.{told.what}", awaited=False, cause=told.cause)
        if told.server:
            others = [other for other in state.recipients(restore) if not addresses.same(other, told.address)]
            values = {"identity": call.identity, "which": slot.noun, "time": rfc3339(told.at) or ""}
            act.mail("address_bounced", others, state.language_of(restore), **values)
    for slot in awaited:
        act.tell(f"{slot.noun}.{told.what}", awaited=True, cause=told.cause)
    marked = len(in_force) + len(awaited)
    return Change(marked, written=marked > 0)
