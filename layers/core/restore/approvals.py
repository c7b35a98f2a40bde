"""Approvals: an act of an administrator that waits for a second person (`two_person_approval`).

Who asks for an act gets an approval's id and nothing else. Another administrator reads what exactly would be done and
says yes or no, within a day. Then whoever asked sends the very same request again with that id: it is done once, and
answered to the one who asked. The approver never sees what the act shows, and the one who asked cannot ask for one
thing and do another: the approval is bound to method, path, query, body, `If-Match` and person, and a change of policy
to the version that it was asked over, since it means something else over another.

An item `{form, act, identity, reason, request, version, bound, by, name, at, x, decided, approved_by, approver, used,
ttl}` under one key for all, its id beginning with the time, so that the newest are one read.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from restore.codes import new_id
from restore.conditions import Write, put_new
from restore.errors import Problem
from restore.keys import approval_key
from restore.times import rfc3339

if TYPE_CHECKING:
    from restore.administrators import AdminCall
    from restore.conditions import Item
    from restore.store import Table

POLICY: Final = "policy"
"""The act that is bound to a version."""
DAY: Final = 86400
KEPT: Final = 7 * DAY
"""What is over stays a while for whoever looks; what happened is in the log."""
SHOWN: Final = 100
"""So many are listed in one answer; each may hold a request's whole body."""
_ID: Final = re.compile(r"[0-9]{10}\.[A-Za-z0-9_-]{1,40}", re.ASCII)


@dataclass(slots=True)
class Asked:
    """An act that waits: its approval's item, and the write that makes it where it is new."""

    entry: Item
    write: Write | None

    def answer(self) -> dict[str, Any]:
        """The body of the 202."""
        return {"approval": answer(self.entry)}


def ask(table: Table, call: AdminCall, act: str, version: int) -> Asked:
    """The approval that this very request waits for, new where there is none; `version` is that of the policy."""
    bound, over = _bound(call), version if act == POLICY else None
    for entry in _open(table, call.now):
        if entry["bound"] == bound and entry["version"] == over:
            return Asked(entry, None)
    body = call.body.model_dump(mode="json", exclude_unset=True) if call.body else {}
    entry = {
        **approval_key(f"{call.now:010d}.{new_id()}"),
        "form": 1,
        "act": act,
        "identity": call.identity or None,
        "reason": body.get("reason"),
        "request": {"method": call.method, "path": call.route, "query": dict(call.queries), "body": body},
        "version": over,
        "bound": bound,
        "by": call.administrator.sub,
        "name": call.administrator.name,
        "at": call.now,
        "x": call.now + DAY,
        "ttl": call.now + DAY + KEPT,
    }
    return Asked(entry, put_new(entry))


def given(table: Table, call: AdminCall, version: int) -> Item:
    """The approval that a request names: given, in time, unused, and for this very request. Else `not_allowed`.

    `stale` where the policy has changed since: whoever approved has seen another difference. `If-Match` alone does not
    say so, it may list versions that are still to come.
    """
    entry = _found(table, call.approval or "")
    if entry is None or entry["bound"] != _bound(call):
        raise Problem("not_allowed", reason="no approval of this request")
    if entry.get("decided") is not True or entry["x"] <= call.now or "used" in entry:
        raise Problem("not_allowed", reason="approval not given, over or used")
    if entry["version"] not in {None, version}:
        raise Problem("stale")
    return entry


def spent(entry: Item, call: AdminCall) -> Write:
    """Use an approval, once."""
    write = Write("Update", approval_key(entry["SK"]))
    used, decided = write.name("used"), write.name("decided")
    write.when(f"attribute_not_exists({used})").when(f"{decided} = {write.value(True)}")  # noqa: FBT003 - a value
    return write.set(("used",), call.now)


def unspent(number: str) -> Write:
    """Give an approval back, where what it was used for could not be finished."""
    write = Write("Update", approval_key(number))
    write.when(f"attribute_exists({write.name('used')})")
    write.removes.append(write.name("used"))
    return write


def to_decide(table: Table, number: str, call: AdminCall) -> Item:
    """The approval that somebody decides on: open, and asked for by somebody else."""
    entry = _found(table, number)
    if entry is None or "decided" in entry or entry["x"] <= call.now:
        raise Problem("not_found")
    if entry["by"] == call.administrator.sub:
        raise Problem("not_allowed", reason="one's own request")
    return entry


def decided(entry: Item, call: AdminCall, *, approve: bool) -> Write:
    """Say yes or no, once."""
    write = Write("Update", approval_key(entry["SK"]))
    write.when(f"attribute_not_exists({write.name('decided')})").when(f"{write.name('x')} > {write.value(call.now)}")
    write.set(("decided",), approve)
    return write.set(("approved_by",), call.administrator.sub).set(("approver",), call.administrator.name)


def waiting(table: Table, now: int) -> dict[str, Any]:
    """Approvals that are asked for or given and not used yet, the newest first, and how many more there are, if any.

    Where they are too many for one answer, those who asked take turns, each with their newest: however often one person
    asks, what others have asked for is still there to be decided on.
    """
    entries = _open(table, now)
    turns: dict[str, int] = {}
    turn_of: dict[str, int] = {}
    for entry in entries:
        turn_of[entry["SK"]] = turns[entry["by"]] = turns.get(entry["by"], 0) + 1
    by_turn = sorted(entries, key=lambda entry: turn_of[entry["SK"]])  # of one turn the newest come first, as they did
    shown = sorted(by_turn[:SHOWN], key=lambda entry: str(entry["SK"]), reverse=True)
    listed: dict[str, Any] = {"approvals": [answer(entry) for entry in shown]}
    return listed | {"unlisted": further} if (further := len(entries) - len(shown)) else listed


def answer(entry: Item) -> dict[str, Any]:
    """An approval of the contract; `asked_by` and `approved_by` are subs, the names beside them are for people."""
    yes = entry.get("decided") is True
    return {
        "id": entry["SK"],
        "act": entry["act"],
        "identity": entry["identity"],
        "reason": entry["reason"],
        "request": entry["request"],
        "version": entry["version"],
        "asked_by": entry["by"],
        "asked_by_name": entry["name"],
        "asked_at": rfc3339(entry["at"]),
        "expires_at": rfc3339(entry["x"]),
        "approved_by": entry["approved_by"] if yes else None,
        "approved_by_name": entry["approver"] if yes else None,
    }


def _found(table: Table, number: str) -> Item | None:
    """The approval of this id; what is no id is not asked for: DynamoDB refuses keys that are too long."""
    return table.get(approval_key(number)) if _ID.fullmatch(number) else None


def _open(table: Table, now: int) -> list[Item]:
    """All that still waits, the newest first. The last day is read: how much one person asks for an hour is limited."""
    since = approval_key(f"{now - DAY:010d}")
    found = table.between(since["PK"], since["SK"], "~", newest_first=True, limit=None)
    return [entry for entry in found if entry["x"] > now and entry.get("decided", True) and "used" not in entry]


def _bound(call: AdminCall) -> str:
    """What an approval is bound to. The body as it was read: blanks and the order of members say nothing."""
    body = call.body.model_dump(mode="json", exclude_unset=True) if call.body else {}
    parts = [call.method, call.route, dict(call.queries), body, call.if_match, call.administrator.sub]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
