"""What administrators read: policy, identities, the audit log, readiness, and what waits for a second person.

Nothing here changes anything, shows a code, or scans: every page is a read of known size however many identities there
are. All of it is for auditors, but for what waits: that is for those who decide on it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from restore import (
    administrators,
    adminlog,
    approvals,
    audit,
    aws,
    identities,
    journal,
    policies,
    settings,
    standing,
    state,
)
from restore.errors import Problem, invalid
from restore.http import Answer
from restore.journal import Filter
from restore.keys import ADMINISTRATION, IDENTITY_NAME, device_key, short_of
from restore.store import Table
from restore.times import rfc3339, seconds_of

if TYPE_CHECKING:
    from restore.administrators import AdminCall

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)

PAGE: Final = 50
CSV_ROWS: Final = 1000
LATEST: Final = 10
END_OF_TIME: Final = 4_102_444_800
"""2100: no event is later."""
READS: Final = 5
"""So often an identity's log is read on for rows that a filter lets through; then a page is short."""

_LISTS: Final = {
    "restore": tuple(standing.STATUSES.values()),
    "lacks": standing.LACKS,
    "devices_over": tuple(map(str, standing.DEVICES_OVER)),
}
"""The lists that there are, by the query that asks for them and its values."""
NO_SEQ: Final = 10_000_000_000
"""One more than the keys of rows have digits for."""
_SEQ: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_TYPE: Final = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}", re.ASCII)
_PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_COLUMNS: Final = ("at", "type", "identity", "seq", "device", "source", "detail", "id", "hash")


def show_policy(call: AdminCall) -> Answer:
    """The policy in force, with its version, also as `ETag`."""
    call.only_queries()
    policy, version = policies.stored(table, settings.POLICY)
    return Answer(200, policies.answer(policy, version), {"ETag": f'"{version}"'})


def list_identities(call: AdminCall) -> Answer:
    """A page of identities by name: all of them, or one of `_LISTS`."""
    call.only_queries("prefix", *_LISTS, "cursor")
    prefix, cursor = call.queries.get("prefix", "").lower(), call.queries.get("cursor")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise invalid("prefix", "is no beginning of an identity's name")
    if cursor is not None and not (IDENTITY_NAME.fullmatch(cursor) and cursor.startswith(prefix)):
        raise invalid("cursor", "is no cursor of this list")
    found, after = standing.page(table, _tag(call), prefix, cursor, PAGE)
    return Answer(200, {"identities": found, "cursor": after})


def _tag(call: AdminCall) -> str:
    asked = [name for name in _LISTS if name in call.queries]
    if not asked:
        return standing.ALL
    name = asked[0]
    if asked[1:]:
        raise invalid(asked[1], f"cannot be asked for together with {name}")
    if call.queries[name] not in _LISTS[name]:
        raise invalid(name, f"has to be one of {', '.join(_LISTS[name])}")
    return f"{name}:{call.queries[name]}"


def show_identity(call: AdminCall) -> Answer:
    """All that an administrator needs to help one person, in one read; no address, no code."""
    call.only_queries()
    found = table.collection(call.identity)
    if found.identity is None or found.restore is None:
        raise Problem("not_found")
    policy, _ = policies.stored(table, settings.POLICY)
    body = identities.answer(found, call, policy)
    del body["back_up_prompt"]
    acts, _ = table.latest_acts(call.identity, None, LATEST)
    rows = [row for act in acts for row in reversed(act["rows"])][:LATEST]
    names = {record["device"]: record["name"] for record in found.devices.values()}
    body["events"] = [{**audit.answer(row), "device_name": names.get(row["device"])} for row in rows]
    body["issued_code"] = state.issued_answer(found.restore, call.now)
    return Answer(200, body)


def list_events(call: AdminCall) -> Answer:
    """A page of the audit log, the newest first, as JSON or CSV: by time, by type, of one identity or about one."""
    call.only_queries("from", "to", "identity", "about", "type", "cursor")
    kind = call.queries.get("type")
    if kind is not None and not _TYPE.fullmatch(kind):
        raise invalid("type", "is no type of event")
    wanted = Filter(_time(call, "from", 0), _time(call, "to", END_OF_TIME), kind)
    size = CSV_ROWS if call.wants_csv else PAGE
    cursor = call.queries.get("cursor")
    if "identity" in call.queries and "about" in call.queries:
        raise invalid("about", "cannot be asked for together with identity")
    if "identity" in call.queries:
        events, cursor = _of_one(_named(call, "identity"), wanted, cursor, size)
    elif "about" in call.queries:
        events, cursor = _about_one(_named(call, "about"), wanted, cursor, size)
    else:
        events, cursor = _of_all(wanted, cursor, size)
    if call.wants_csv:
        return _as_csv(events, cursor, call)
    return Answer(200, {"events": _with_device_names(events), "cursor": cursor})


def _named(call: AdminCall, query: str) -> str:
    identity = call.queries[query].lower()
    if not IDENTITY_NAME.fullmatch(identity):
        raise invalid(query, "is no identity")
    return identity


def _with_device_names(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with `device_name`: an id says nothing to people. A device that was never bound has no record."""
    devices = [(event["identity"] or (event["detail"] or {}).get("identity"), event["device"]) for event in events]
    keys = {(identity, short_of(device)) for identity, device in devices if identity and device}
    names = {
        (record["PK"], record["device"]): record["name"]
        for record in table.several([device_key(*key) for key in sorted(keys)])
    }
    return [
        {**event, "device_name": names.get((f"ID#{identity}", device))}
        for event, (identity, device) in zip(events, devices, strict=True)
    ]


def _time(call: AdminCall, name: str, otherwise: int) -> int:
    text = call.queries.get(name)
    if text is None:
        return otherwise
    try:
        return min(max(seconds_of(text.replace(" ", "+")), 0), END_OF_TIME)  # a plus in a query arrives as a blank
    except (ValueError, OverflowError):
        raise invalid(name, "is no time, such as 2026-11-28T14:00:00Z") from None


def _of_all(wanted: Filter, cursor: str | None, size: int) -> tuple[list[dict[str, Any]], str | None]:
    events: list[dict[str, Any]] = []
    while True:
        try:
            # the rows of a hundred entries are one read
            found, cursor = journal.page(table, wanted, cursor, min(size - len(events), 100))
        except ValueError:
            raise invalid("cursor", "is no cursor of these events") from None
        events += journal.rows_of(table, found)
        if cursor is None or len(events) >= size or size == PAGE:
            return events, cursor


def _about_one(identity: str, wanted: Filter, cursor: str | None, size: int) -> tuple[list[dict[str, Any]], str | None]:
    """What administrators ordered, asked and decided about an identity, with who and why: rows of their own log."""
    if cursor is not None and not _SEQ.fullmatch(cursor):
        raise invalid("cursor", "is no cursor of these events")
    # the rows of a hundred marks are one read
    rows, last = adminlog.about(table, identity, int(cursor) if cursor is not None else NO_SEQ, min(size, 100))
    events = [
        journal.shown(ADMINISTRATION, row)
        for row in rows
        if wanted.since <= row["at"] <= wanted.until and wanted.kind in (None, row["type"])
    ]
    return events, None if last is None else str(last)


def _of_one(identity: str, wanted: Filter, cursor: str | None, size: int) -> tuple[list[dict[str, Any]], str | None]:
    last = audit.seq_of_cursor(cursor) if cursor is not None else None
    if cursor is not None and last is None:
        raise invalid("cursor", "is no cursor of these events")
    events: list[dict[str, Any]] = []
    for _ in range(READS):
        acts, ended_early = table.latest_acts(identity, last, size + 2)
        rows = [row for act in acts for row in reversed(act["rows"]) if last is None or row["seq"] <= last]
        for row in rows:
            if cursor is not None and audit.cursor_of(row) == cursor:
                continue
            if row["at"] < wanted.since:
                return events, None
            if row["at"] <= wanted.until and wanted.kind in (None, row["type"]):
                events.append(journal.shown(identity, row))
            if len(events) == size:
                return events, audit.cursor_of(row) if row["seq"] > 1 else None
        if not rows or rows[-1]["seq"] == 1 or (not ended_early and len(acts) < size + 2):
            return events, None
        cursor = audit.cursor_of(rows[-1])
        last = rows[-1]["seq"]
    return events, cursor


def _as_csv(events: list[dict[str, Any]], cursor: str | None, call: AdminCall) -> Answer:
    """One file; where there is more, `Link` says how to go on (RFC 8288)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for event in events:
        detail = _in_a_cell(event["detail"]) if event["detail"] else ""
        writer.writerow([_cell({**event, "detail": detail}[column]) for column in _COLUMNS])
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": 'attachment; filename="events.csv"'}
    if cursor is not None:
        query = urlencode({**call.queries, "cursor": cursor})
        headers["Link"] = f'<{call.server}{call.route}?{query}>; rel="next"'
    return Answer(200, text.getvalue(), headers)


def _in_a_cell(detail: Any) -> str:
    """JSON in which nothing that somebody wrote can begin another cell, whatever a spreadsheet takes to separate."""
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    return text.replace(";", "\\u003b").replace("\t", "\\u0009")


def _cell(value: Any) -> str:
    """A value that a spreadsheet does not take for a formula (OWASP, CSV injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def show_readiness(call: AdminCall) -> Answer:
    """How many identities could be restored today, what the others lack, and how that was on the last days."""
    call.only_queries()
    policy, _ = policies.stored(table, settings.POLICY)
    now_stands = standing.readiness(standing.counts(table), policy)
    return Answer(200, {**now_stands, "at": rfc3339(call.now), "history": standing.history(table)})


def list_approvals(call: AdminCall) -> Answer:
    """What waits for a second person, and what was approved and is not done yet."""
    call.only_queries()
    call.administrator.must_be("admin")
    return Answer(200, approvals.waiting(table, call.now))


lambda_handler = administrators.reading(
    {
        "GET /v1/admin/policy": show_policy,
        "GET /v1/admin/identities": list_identities,
        "GET /v1/admin/identities/{identity}": show_identity,
        "GET /v1/admin/events": list_events,
        "GET /v1/admin/readiness": show_readiness,
        "GET /v1/admin/approvals": list_approvals,
    }
)
