from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from restore import aws, journal
from restore.audit import Act
from restore.journal import DAYS_AT_ONCE
from restore.store import Table
from tests.functional.clerks import Clerk
from tests.functional.nights import Nights
from tests.functional.test_standing import calls_of
from tests.functional.world import ARCHIVE, DAY, HOUR, SOURCE, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.phone import Answer
    from tests.functional.world import World


@pytest.fixture
def nights(world: World) -> Iterator[Nights]:
    """What runs after acts."""
    with Nights(world).awake() as nights:
        yield nights


@pytest.fixture
def auditor(world: World) -> Clerk:
    """Who may read and no more."""
    return Clerk(world, "auditor")


def refuse_reversed_bounds(params: dict[str, Any], **_: Any) -> None:
    """DynamoDB refuses a BETWEEN whose bounds are reversed; moto finds nothing there."""
    if "BETWEEN :from AND :to" in params.get("KeyConditionExpression", ""):
        first, last = (params["ExpressionAttributeValues"][name]["S"] for name in (":from", ":to"))
        assert first <= last, "ValidationException"


@pytest.fixture
def strict(world: World) -> Iterator[None]:
    """Bounds are as strict as DynamoDB's."""
    hooks = aws.client("dynamodb").meta.events
    hooks.register("before-parameter-build.dynamodb.Query", refuse_reversed_bounds)
    yield
    hooks.unregister("before-parameter-build.dynamodb.Query", refuse_reversed_bounds)


def happen(world: World, identity: str, kinds: list[str], **detail: Any) -> None:
    """Rows of these types in a log, one act each, and in the journal: as acts and `after/index` write them."""
    table, head = Table(lambda: aws.client("dynamodb"), TABLE), world.item(identity, "R")
    now = int(world.clock.now)
    for kind in kinds:
        act = Act(identity, now=now, device=None, source=SOURCE, server="")
        act.tell(kind, **detail)
        write = act.close(head)
        table.write(write, returning="NONE")
        assert write.item is not None
        rows = [{**row, "act": row["seq"]} for row in write.item["rows"]]
        for day, of_kind in journal.days_of(rows):
            table.write(journal.day_known(day, of_kind), returning="NONE")
        for entry in journal.entries(identity, rows, now):
            table.write(entry, returning="NONE")
    world.set(identity, "R", seq=head["seq"], head=head["head"])


def pages(auditor: Clerk, query: str) -> list[list[dict[str, Any]]]:
    """All pages of a query."""
    found: list[list[dict[str, Any]]] = []
    cursor = ""
    while True:
        shown = auditor.call("GET", f"/events?{query}{cursor}").expect(200)
        found.append(shown["events"])
        if shown["cursor"] is None:
            return found
        assert len(found) < 100
        cursor = f"&cursor={quote(shown['cursor'])}"


def hashes(events: list[dict[str, Any]]) -> list[str]:
    """What tells events apart."""
    return [event["hash"] for event in events]


def all_rows(world: World, *names: str) -> list[dict[str, Any]]:
    """Rows of logs by time, the newest first, as the journal has them."""
    rows = [(row["at"], name, row["seq"], row) for name in names for row in world.events(name)]
    return [row for *_, row in sorted(rows, key=lambda one: one[:3], reverse=True)]


def test_the_journal_has_every_event_of_everybody(world: World, nights: Nights, auditor: Clerk) -> None:
    """B4: by time, whole as in the identity's own log, with who it is about; administrators' own with none."""
    world.owner()
    world.owner("bob")
    Clerk(world, "helpdesk").act("bob", "restore/barring").expect(204)
    nights.settle()
    (shown,) = pages(auditor, "")
    rows = all_rows(world, "ada", "bob", "#administration")
    assert sorted(hashes(shown)) == sorted(row["hash"] for row in rows)
    by_hash = {event["hash"]: event for event in shown}
    for name in ("ada", "bob", "#administration"):
        for row in world.events(name):
            event = by_hash[row["hash"]]
            assert event["identity"] == (None if name == "#administration" else name)
            assert (event["id"], event["type"], event["detail"]) == (row["salt"], row["type"], row["detail"])


def test_pages_meet_without_gap_or_repetition(world: World, nights: Nights, auditor: Clerk) -> None:
    """By time, by type and of one identity: many in one second, at a page's end, and over days."""
    world.owner()
    nights.settle()
    kinds = ["pairing.offered", "pairing.cancelled"]
    for count in (60, 1, 49):
        world.clock.move(DAY)
        happen(world, "ada", kinds * (count // 2) + kinds[: count % 2])
    rows = all_rows(world, "ada")
    for query, wanted in (
        ("", rows),
        ("identity=ada", rows),
        ("identity=ADA", rows),
        ("type=pairing.offered", [row for row in rows if row["type"] == "pairing.offered"]),
        ("type=pairing.offered&identity=ada", [row for row in rows if row["type"] == "pairing.offered"]),
        ("type=no.such", []),
        ("identity=nobody", []),
    ):
        found = pages(auditor, query)
        assert hashes([event for page in found for event in page]) == [row["hash"] for row in wanted], query
        assert all(len(page) <= 50 for page in found)


def test_from_and_to_are_both_included_in_any_zone(world: World, nights: Nights, auditor: Clerk) -> None:
    """To the second; a plus may arrive as it is."""
    world.owner()
    nights.settle()
    world.clock.move(3 * HOUR)  # 14:10:00 in UTC
    happen(world, "ada", ["pairing.offered"])
    (at,) = [row["hash"] for row in world.events("ada") if row["type"] == "pairing.offered"]
    for given in ("2026-11-18T14:10:00Z", "2026-11-18T15:10:00+01:00", "2026-11-18T06:10:00-08:00"):
        for text in (given, quote(given)):
            for one in ("", "&identity=ada", "&type=pairing.offered"):
                assert hashes(pages(auditor, f"from={text}&to={text}{one}")[0]) == [at], (text, one)
                assert at in hashes(pages(auditor, f"from={text}{one}")[0])
                assert at in hashes(pages(auditor, f"to={text}{one}")[0])
    for query in ("from=2026-11-18T14:10:01Z", "to=2026-11-18T14:09:59Z"):
        for one in ("", "&identity=ada", "&type=pairing.offered"):
            assert at not in hashes(pages(auditor, query + one)[0])
    assert pages(auditor, "from=2026-11-19T00:00:00Z&to=2026-11-18T00:00:00Z") == [[]]


@pytest.mark.usefixtures("strict")
def test_where_nothing_can_lie_there_is_an_empty_page(world: World, nights: Nights, auditor: Clerk) -> None:
    """`from` after `to`, on one day or another, and a cursor older than `from`: 200, no events, and the end."""
    world.owner()
    nights.settle()
    happen(world, "ada", ["pairing.offered"] * 60)
    noon, later = "2026-11-18T12:00:00Z", "2026-11-18T12:00:01Z"
    cursor = auditor.call("GET", "/events").expect(200)["cursor"]
    assert cursor
    for one in ("", "&identity=ada", "&type=pairing.offered"):
        assert pages(auditor, f"from={later}&to={noon}{one}") == [[]]
        assert pages(auditor, f"from=2026-11-19T00:00:00Z&to={noon}{one}") == [[]]
    for since in (noon, "2026-11-19T00:00:00Z"):
        assert pages(auditor, f"from={since}&cursor={quote(cursor)}") == [[]]


@pytest.mark.parametrize(
    "accept",
    [
        "text/csv;q=0",
        "text/csv; Q=0.000",
        "text/csv;q=0, application/json",
        "text/csv;q=0.5, application/json",
        "application/json, text/csv",
    ],
)
def test_csv_is_for_who_would_rather_have_it(world: World, auditor: Clerk, accept: str) -> None:
    """RFC 9110, 12.4.2: a weight of nought is a refusal, and the highest weight wins."""
    answer = auditor.call("GET", "/events", accept=accept)
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    for wanted in ("text/csv;q=0.1", "application/json;q=0.5, text/csv", "TEXT/CSV; header=present ; q=1.000"):
        answer = auditor.call("GET", "/events", accept=wanted)
        assert (answer.status, answer.header("Content-Type")) == (200, "text/csv; charset=utf-8"), wanted


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-11-18",
        "from=2026-11-18T14:10:00",
        "to=1795000200",
        "type=pairing",
        "type=*",
        "identity=",
        "identity=%23administration",
        "cursor=",
        "cursor=x",
        "cursor=2026-13-45",
        "identity=ada&cursor=2026-11-18~",
        "cursor=3.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "indentity=ada",
        "about=",
        "about=ada&identity=ada",
        "about=ada&cursor=0",
        "about=ada&cursor=3.AAAA",
    ],
)
def test_what_is_no_query_is_refused(world: World, nights: Nights, auditor: Clerk, query: str) -> None:
    """A 2.2.1: a filter that is misspelt must not show everything; a cursor of another query is none."""
    auditor.call("GET", f"/events?{query}").expect(422, "invalid")


def test_days_that_are_nearly_empty_make_short_pages(world: World, nights: Nights, auditor: Clerk) -> None:
    """More days than are read at once: pages may be short, none is left out, and each costs no more calls."""
    world.owner()
    nights.settle()
    for _ in range(2 * DAYS_AT_ONCE + 3):
        world.clock.move(2 * DAY)  # every other day is empty
        happen(world, "ada", ["pairing.offered"])
    rows = all_rows(world, "ada")
    found = pages(auditor, "")
    assert hashes([event for page in found for event in page]) == [row["hash"] for row in rows]
    assert len(found) == 3
    assert calls_of(lambda: auditor.call("GET", "/events").expect(200)).total() <= DAYS_AT_ONCE + 3
    assert hashes(pages(auditor, "type=identity.created")[0]) == [rows[-1]["hash"]]


def test_a_filter_that_lets_little_through_ends(world: World, nights: Nights, auditor: Clerk) -> None:
    """Of one identity and a type the log is read on, so many times, and then a page may be short."""
    world.owner()
    nights.settle()
    happen(world, "ada", ["pairing.offered"] * 400)
    found = pages(auditor, "identity=ada&type=identity.created")
    assert hashes([event for page in found for event in page]) == [world.events("ada")[0]["hash"]]
    assert len(found) > 1
    assert calls_of(lambda: auditor.call("GET", "/events?identity=ada&type=x.y").expect(200)).total() <= 6


def exported(auditor: Clerk, query: str) -> Answer:
    """A CSV of a query."""
    answer = auditor.call("GET", f"/events{query}", accept="text/csv")
    answer.header("Content-Type")
    assert answer.status == 200
    return answer


def rows_of(answer: Answer) -> list[dict[str, str]]:
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def test_what_administrators_did_about_somebody(world: World, auditor: Clerk) -> None:
    """B2 B4: who, about whom and why, of their own log, at once; the newest first, and page by page."""
    world.owner()
    world.phone().create("bob", "bob@example.com").expect(201)
    helpdesk, admin = Clerk(world, "helpdesk"), Clerk(world, "admin")
    for turn in range(26):
        helpdesk.act("ada", "restore/barring", reason=f"lost {turn}").expect(204)
        admin.act("ada", "restore/unbarring", reason=f"found {turn}").expect(204)
        world.clock.move(HOUR)
    helpdesk.act("bob", "restore/barring", reason="of bob").expect(204)
    first, rest = pages(auditor, "about=ada")
    assert (len(first), len(rest)) == (50, 2)
    found = [*first, *rest]
    reasons = [f"{word} {turn}" for turn in reversed(range(26)) for word in ("found", "lost")]
    assert [event["detail"]["reason"] for event in found] == reasons
    assert {event["detail"]["administrator"] for event in found} == {helpdesk.sub, admin.sub}
    assert {event["detail"]["identity"] for event in found} == {"ada"}
    barred = [event for page in pages(auditor, "about=ADA&type=barring.ordered") for event in page]
    assert barred == [event for event in found if event["type"] == "barring.ordered"]
    assert len(rows_of(exported(auditor, "?about=ada"))) == 52
    assert pages(auditor, "about=nobody") == [[]]


def test_a_device_is_told_by_name(world: World, nights: Nights, auditor: Clerk) -> None:
    """B2: an id says nothing to people; of a device that is not paired any more the name is told, too."""
    owner = world.owner()
    offer = owner.phone.offer_pairing().expect(201)
    other = world.phone(name="Grandma's tablet")
    device = other.scan("ada", offer["pairing"]["id"], offer["secret"]).expect(201)["device"]["id"]
    Clerk(world, "helpdesk").act("ada", f"devices/{device}/unpairing").expect(204)
    nights.settle()
    latest = auditor.call("GET", "/identities/ada").expect(200)["events"][0]
    by_identity, everybody, ordered = (
        next(event for event in pages(auditor, query)[0] if event["type"] == kind)
        for query, kind in (
            ("identity=ada", "device.unpaired"),
            ("", "device.unpaired"),
            ("about=ada", "unpairing.ordered"),
        )
    )
    for event in (latest, by_identity, everybody, ordered):
        assert event["device_name"] == "Grandma's tablet"
    unknown = [event for event in pages(auditor, "identity=ada")[0] if event["device"] is None]
    assert not [event for event in unknown if event["device_name"]]


def test_csv_has_what_json_has(world: World, nights: Nights, auditor: Clerk) -> None:
    """RFC 4180: lines end in CRLF, quotes are doubled; every event of the same query in the same order."""
    world.owner()
    nights.settle()
    happen(world, "ada", ["pairing.offered"], name='a "name", with\r\nlines')
    answer = exported(auditor, "?identity=ada")
    assert answer.header("Content-Disposition") == 'attachment; filename="events.csv"'
    assert answer.header("Link") is None
    (shown,) = pages(auditor, "identity=ada")
    rows = rows_of(answer)
    assert [row["hash"].removeprefix("'") for row in rows] == hashes(shown)
    assert json.loads(rows[0]["detail"]) == shown[0]["detail"] == {"name": 'a "name", with\r\nlines'}
    assert answer.body.startswith(b"at,type,identity,seq,device,source,detail,id,hash\r\n")
    assert b'""name\\""' in answer.body


def test_no_cell_of_a_csv_is_a_formula(world: World, nights: Nights, auditor: Clerk) -> None:
    """A 1.2.10: what a person chose, or anything else, is text to a spreadsheet."""
    world.owner()
    nights.settle()
    world.set("ada", "R", **{name: world.item("ada", "R")[name] for name in ("seq", "head")})
    for beginning in ("=", "+", "-", "@", "\t", "\r"):
        source = f"{beginning}cmd|' /C calc'!A0"
        table, head = Table(lambda: aws.client("dynamodb"), TABLE), world.item("ada", "R")
        act = Act("ada", now=int(world.clock.now), device=source, source=source, server="")
        act.tell("pairing.offered")
        table.write(act.close(head), returning="NONE")
        world.set("ada", "R", seq=head["seq"], head=head["head"])
    for row in rows_of(exported(auditor, "?identity=ada")):
        assert not [cell for cell in row.values() if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert rows_of(exported(auditor, "?identity=ada"))[0]["source"].startswith("'\r")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_name_begins_another_cell(world: World, nights: Nights, auditor: Clerk, separator: str) -> None:
    """A 1.2.10: a spreadsheet of another country separates at semicolons, and sees quotes at a cell's start alone."""
    world.phone(name="x;=cmd|' /C calc'!A1;").create("bob", "bob@example.com").expect(201)
    nights.settle()
    text = exported(auditor, "?identity=bob").body.decode()
    assert "cmd|" in text
    cells = [cell for line in text.splitlines() for cell in line.split(separator)]
    assert not [cell for cell in cells if cell.lstrip('" ')[:1] in {"=", "+", "-", "@"}]


def test_csv_goes_on_where_the_link_says(world: World, nights: Nights, auditor: Clerk) -> None:
    """RFC 8288: a thousand rows a file, the same filters, and no row twice or left out."""
    world.owner()
    nights.settle()
    happen(world, "ada", ["pairing.offered"] * 1100)
    wanted = [row["hash"] for row in all_rows(world, "ada") if row["type"] == "pairing.offered"]
    for query in ("?type=pairing.offered", "?identity=ada&type=pairing.offered"):
        found: list[str] = []
        files = 0
        following: str | None = query
        while following is not None:
            answer = exported(auditor, following)
            found += [row["hash"].removeprefix("'") for row in rows_of(answer)]
            files += 1
            link = answer.header("Link")
            assert link is None or link.endswith('>; rel="next"')
            following = None if link is None else "?" + link.partition("?")[2].partition(">")[0]
            assert link is None or "/v1/admin/events?" in link
        assert found == wanted
        assert files == 2


def test_late_events_are_signed_exactly_once_more(world: World, nights: Nights, auditor: Clerk) -> None:
    """B4: whatever comes after its day was signed is in the next night's entries, and in no later one."""
    owner = world.owner()
    nights.settle()
    owner.phone.offer_pairing().expect(201)
    late = nights.new()
    nights.move_to(1)
    assert nights.sign() == ["2026-11-18"]
    nights.move_to(1, 9)
    for _ in range(2):
        assert nights.index(late) == {"batchItemFailures": []}
    for day in (2, 3):
        nights.settle()
        nights.move_to(day)
        nights.sign()

    def signed(day: str) -> list[str]:
        listed = aws.client("s3").list_objects_v2(Bucket=ARCHIVE, Prefix=f"log/{day}/entries").get("Contents", [])
        texts = [aws.client("s3").get_object(Bucket=ARCHIVE, Key=one["Key"])["Body"].read() for one in listed]
        return [json.loads(line)["hash"] for text in texts for line in text.splitlines()]

    (hash_,) = {event["detail"]["hash"] for event in late}
    assert [signed(f"2026-11-{day}").count(hash_) for day in (18, 19, 20)] == [0, 1, 0]


def test_no_day_is_signed_before_late_events_are_told_apart(world: World, nights: Nights) -> None:
    """Somebody runs the signing by hand right after midnight: what comes until one o'clock is still that day's."""
    owner = world.owner()
    nights.settle()
    owner.phone.offer_pairing().expect(201)
    late = nights.new()
    nights.move_to(1, 0)
    assert nights.sign() == []
    world.clock.move(HOUR - 1)
    nights.index(late)
    world.clock.move(HOUR)
    assert nights.sign() == ["2026-11-18"]
    text = aws.client("s3").get_object(Bucket=ARCHIVE, Key="log/2026-11-18/entries-0000.jsonl")["Body"].read()
    assert late[0]["detail"]["hash"] in text.decode()


def test_of_what_is_erased_the_journal_shows_that_it_was(world: World, nights: Nights, auditor: Clerk) -> None:
    """A 14.2: type, time, number and hash; nobody's name, no device, no source."""
    owner = world.owner()
    nights.settle()
    owner.phone.erase().expect(204)
    nights.settle()
    (shown,) = pages(auditor, "")
    assert next(event["type"] for event in shown) == "identity.erased"
    for event in shown:
        assert [event[name] for name in ("identity", "id", "device", "source", "detail")] == [None] * 5
    assert pages(auditor, "identity=ada") == [[]]
