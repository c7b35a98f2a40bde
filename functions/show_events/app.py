"""`GET /v1/identities/{i}/events`: the identity's own log, for its paired devices.

The newest event comes first. A page has fifty; its cursor gives the next one and is null at the beginning of the log. A
page costs the same however long the log is.
"""

from __future__ import annotations

from typing import Final

from restore import audit, aws, identities, settings
from restore.devices import must_be_paired
from restore.errors import invalid
from restore.http import Answer, Call, endpoint
from restore.keys import identity_key, restore_key
from restore.store import Table

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)

PAGE: Final = 50
"""Rows of a page; an act's item has one at least."""


@endpoint()
def lambda_handler(call: Call) -> Answer:
    """Show a page of the log."""
    must_be_paired(table.get(identity_key(call.identity)), call)
    identities.remember_language(table, call, table.get(restore_key(call.identity)) or {})
    cursor, last = _cursor(call)
    # one item more than a page for the row that the cursor names, one more to know whether there is a next page
    acts, ended_early = table.latest_acts(call.identity, last, PAGE + 2)
    rows = [row for act in acts for row in reversed(act["rows"]) if last is None or row["seq"] <= last]
    if cursor is not None:
        if not rows or audit.cursor_of(rows[0]) != cursor:
            raise invalid("cursor", "is no cursor of this identity's events")
        rows = rows[1:]
    page = rows[:PAGE]
    more = len(rows) > PAGE or ended_early
    return Answer(
        200,
        {
            "events": [audit.answer(row) for row in page],
            "cursor": audit.cursor_of(page[-1]) if page and more else None,
        },
    )


def _cursor(call: Call) -> tuple[str | None, int | None]:
    """The cursor as it was given, and the number of the row that it names; both None for the first page."""
    unknown = [name for name in call.query if name != "cursor"]
    if unknown:
        raise invalid(unknown[0][:64], "is not known")
    cursor = call.query.get("cursor")
    if cursor is None:
        return None, None
    last = audit.seq_of_cursor(cursor)
    if last is None:
        raise invalid("cursor", "is no cursor")
    return cursor, last
