"""`DELETE /v1/identities/{i}/restorations/{r}`: the new device gives up, or a paired one vetoes.

A veto is one tap on any paired device that is verified and not held. Cancelled is cancelled: again is the same, and no
code completes it any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restore import aws, restorations, settings
from restore.errors import Problem
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, by_new_device, by_paired
from restore.store import Table

if TYPE_CHECKING:
    from restore.audit import Act
    from restore.conditions import Item, Write

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


class _Completed(Exception):
    """The new device is a paired one by now, or was: only as such is it told."""


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Cancel a restoration."""
    try:
        by_new_device(table, call, lambda view, act: _give_up(view, act, call))
    except _Completed:
        by_paired(table, call, _too_late)
    except Problem as problem:
        if problem.code != "not_paired":
            raise
        by_paired(table, call, lambda view, act, _: _veto(view, act, call), verified=True, may_be_held=False)
    return Answer(204)


def _give_up(view: View, act: Act, call: Call) -> Change:
    entry = restorations.of_new_device(view.restore, call.path["restoration"], call)
    if restorations.status(entry, call.now) == "completed":
        raise _Completed
    restorations.accept_nonce(entry, call)
    change = _cancel(view.restore, entry, act, call, "new_device")
    change.written = True  # again is the same, but for the nonce
    return change


def _veto(view: View, act: Act, call: Call) -> Change:
    entry = view.restore.get("rst", {}).get(call.path["restoration"])
    if entry is None:
        raise Problem("not_found")
    return _cancel(view.restore, entry, act, call, "paired_device")


def _too_late(_view: View, _act: Act, _mine: Write) -> Change:
    raise Problem("used")


def _cancel(restore: Item, entry: Item, act: Act, call: Call, by: str) -> Change:
    if not restorations.cancel(entry, call.now):
        return Change(written=False)
    act.tell("restoration.cancelled", restoration=call.path["restoration"], by=by)
    restorations.mail_cancelled(restore, entry, act, call, by)
    return Change()
