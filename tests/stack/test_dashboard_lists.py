"""The dashboard's lists, its figures and its letter, in a real browser against the deployed stack."""

from __future__ import annotations

import csv
import json
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from playwright.sync_api import ViewportSize, expect

from docs.build.events import EVENT_TYPES
from local.clerk import Clerk
from local.inbox import Inbox
from restore import standing
from restore.keys import approval_key, who_key
from restore.policy import Policy
from tests.stack.browsing import CHROMIUM, PHONE, SECONDS_TO_BE_LISTED
from tests.stack.people import Person
from tests.stack.test_mail_feedback import bounced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Dialog, Locator, Route

    from local.stack import Stack
    from tests.stack.browsing import Desk, Opening

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install it (Debian: apt-get install chromium) to try the dashboard"
)

NARROW: Final = ViewportSize(width=320, height=700)
"""The narrowest screen on which nothing may have to be scrolled sideways (WCAG 1.4.10)."""
PAGE: Final = 50
BEYOND: Final = """() => [...document.querySelectorAll("main *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width > 1 && box.right > innerWidth + 1 && !one.closest(".hidden, thead, svg");
}).map((one) => one.outerHTML.slice(0, 150))"""
"""What exceeds the screen, that which a card cuts off included."""
EXCERPT: Final = 8
CROWD: Final = 105
"""More approvals than one answer lists."""
SHOWN_OF_ONE: Final = 10


@pytest.fixture
def put(stack: Stack) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Put an item into the stack's table; afterwards it is gone."""
    client = stack.client("dynamodb")
    written: list[dict[str, Any]] = []

    def item(of: dict[str, Any]) -> None:
        as_sent = {name: TypeSerializer().serialize(value) for name, value in of.items()}
        written.append({name: as_sent[name] for name in ("PK", "SK")})
        client.put_item(TableName=stack.table, Item=as_sent)

    yield item
    for key in written:
        client.delete_item(TableName=stack.table, Key=key)


@pytest.fixture
def crowd(put: Callable[[dict[str, Any]], None]) -> str:
    """More users than one page has, as the list knows them; how their names begin."""
    beginning = f"crowd-{secrets.token_hex(3)}-"
    stands = {"restore": "enabled", "devices": 1, "lacks": ["second_device"], "cell": "e-pv1a", "tags": []}
    for one in range(PAGE + 10):
        put({**who_key(standing.ALL, f"{beginning}{one:02}"), "form": 1, "ver": 1, **stands})
    return beginning


def heard(at: Desk, name: str) -> Locator:
    """What a screen reader is told of a list."""
    return at.page.locator("main > [role=status].hidden", has_text=name)


def refused(route: Route) -> None:
    """An answer of the API that asks for another cursor."""
    problem = {"code": "invalid", "detail": "Something in the request is wrong.", "errors": []}
    route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(problem))


def test_a_search_tells_what_no_name_begins_with(desk: Opening, stack: Stack) -> None:
    """S15: said at the field and not asked for; capitals and blanks are no mistakes; Enter opens the only one."""
    person = Person.restorable(stack)
    at = desk("auditor")
    at.listed(person.identity)
    search = at.page.get_by_label("Find a user")
    asked: list[str] = []
    at.page.on("request", lambda request: asked.append(request.url))
    search.fill("mü")
    expect(at.page.get_by_text("type ue for ü")).to_be_visible()
    expect(search).to_have_attribute("aria-invalid", "true")
    expect(at.page.get_by_role("row").filter(has_text=person.identity)).to_be_visible()
    assert not [one for one in asked if "prefix=m" in one]
    expect(search).to_have_accessible_description(re.compile("“anna” finds anna.schmidt, “schmidt” does not"))
    search.fill(person.identity[2:])  # its end, not its beginning
    nobody = f"No name begins with “{person.identity[2:]}”"
    expect(at.page.get_by_role("heading", name=nobody)).to_be_visible()
    expect(at.page.get_by_text("Only beginnings of names are found, nothing from their middle or end.")).to_be_visible()
    expect(heard(at, nobody)).to_have_count(1)
    at.page.get_by_label("Show", exact=True).select_option("Restore off")
    expect(
        at.page.get_by_role("heading", name=f"No name in this list begins with “{person.identity[2:]}”")
    ).to_be_visible()
    at.page.get_by_role("link", name="Show all users").click()
    expect(search).to_have_value("")
    search.fill(f" {person.identity.upper()} ")
    search.press("Enter")
    expect(at.heading(person.identity)).to_be_visible()
    at.page.get_by_role("link", name="← All users").click()
    expect(search).to_have_value(person.identity)
    expect(heard(at, "1 user")).to_have_count(1)
    assert not at.violations()


def test_a_search_keeps_the_old_rows_until_its_own_are_there(desk: Opening, crowd: str) -> None:
    """No flicker: rows stay, and are marked as old, while others are read."""
    at = desk("auditor")
    page = at.go(f"#/users?prefix={crowd}")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(PAGE)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/identities?prefix={crowd}1", hold)
    page.get_by_label("Find a user").fill(f"{crowd}1")
    expect(page.locator("section.old[aria-busy=true]")).to_be_visible()
    expect(rows).to_have_count(PAGE)
    while not held:
        page.wait_for_timeout(50)
    for one in held:
        one.continue_()
    expect(rows).to_have_count(10)
    expect(page.locator("section.old")).to_have_count(0)


def test_a_search_calls_nobody_back(desk: Opening, crowd: str) -> None:
    """Who opens a user while a search still waits for its pause stays there, however busy the browser is."""
    at = desk("auditor")
    for _ in range(6):  # what comes first, the pause's end or the new address, is the browser's own choice
        page = at.go("#/users")
        page.get_by_label("Find a user").fill(crowd)
        row = page.get_by_role("link", name=f"{crowd}07")
        expect(row).to_be_visible()
        page.get_by_label("Find a user").fill(f"{crowd}0")
        row.evaluate("(link) => { link.click(); const end = Date.now() + 500; while (Date.now() < end); }")
        page.wait_for_timeout(300)
        assert page.url.endswith(f"#/user/{crowd}07")


def test_a_further_page_is_read_again_and_kept(desk: Opening, crowd: str) -> None:
    """What fails is said at its button; the focus goes to the first new row; Back finds rows and place as they were."""
    at = desk("auditor", viewport=PHONE)
    at.go("#/policy")
    expect(at.page.get_by_label("Restoring is allowed")).to_be_visible()
    page = at.go(f"#/users?prefix={crowd}")
    rows = page.locator("tbody tr")
    expect(heard(at, f"{PAGE} or more users")).to_have_count(1)
    page.route("**/identities?*cursor=*", refused)
    at.button("Show more").click()
    foot = page.locator(".foot")
    expect(foot.get_by_role("alert")).to_contain_text("Something in the request is wrong.")
    expect(at.button("Try again")).to_have_count(0)
    expect(at.button("Show more")).to_be_focused()
    expect(rows).to_have_count(PAGE)
    page.unroute_all()
    at.button("Show more").click()
    expect(rows).to_have_count(PAGE + 10)
    expect(foot.get_by_role("alert")).to_have_count(0)
    expect(rows.nth(PAGE).get_by_role("link")).to_be_focused()
    expect(heard(at, f"{PAGE + 10} users")).to_have_count(1)
    link = rows.nth(PAGE + 5).get_by_role("link")
    link.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    assert place > 1000
    link.click()
    expect(page).to_have_url(re.compile(rf"#/user/{crowd}{PAGE + 5}$"))
    expect(at.heading("There is no such user")).to_be_visible()  # the list alone knows them
    page.go_back()
    expect(link).to_be_visible()
    assert abs(page.evaluate("scrollY") - place) < 5
    page.wait_for_load_state("networkidle")  # the first page is read anew behind it
    expect(rows).to_have_count(PAGE + 10)
    at.go("#/policy")  # long, and there at once
    expect(at.page.get_by_label("Restoring is allowed")).to_be_visible()
    assert page.evaluate("scrollY") == 0, "a new visit begins at the top"


def test_mail_that_bounces_is_no_green(desk: Opening, stack: Stack) -> None:
    """B10: whoever does not get the mailed code cannot restore, whatever else is in order."""
    person = Person.restorable(stack)
    at = desk("auditor")
    expect(at.listed(person.identity)).to_contain_text("Can restore")
    queue = stack.resources["AWS::SQS::Queue", "MailReports"]
    stack.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(bounced(person)))
    row = at.page.get_by_role("row").filter(has_text=person.identity)
    end = time.monotonic() + SECONDS_TO_BE_LISTED
    while not row.locator(".badge.warn", has_text="Mail bounces").count():
        assert time.monotonic() < end
        at.go("#/readiness")
        at.go(f"#/users?prefix={person.identity}")
        page = at.page
        page.wait_for_load_state("networkidle")
    expect(row).not_to_contain_text("Can restore")
    page = at.user(person.identity)
    expect(page.locator(".head .badge")).to_have_text("Mail bounces")


def test_what_is_wrong_in_the_logs_filters_is_said_at_its_field(desk: Opening, stack: Stack) -> None:
    """W4: before anything is asked for; what stands in an address is judged alike; what the server refuses, too."""
    person = Person.created(stack)
    at = desk("auditor")
    page = at.go("#/log?identity=Ärger")
    expect(page.get_by_text("type ue for ü")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    identity = page.get_by_label("Identity", exact=True)
    identity.fill("ab")
    expect(page.get_by_text("Enter the whole name")).to_be_visible()
    identity.fill(f" {person.identity.upper()}")
    page.get_by_label("From", exact=True).fill("2026-11-02T10:00")
    page.get_by_label("To", exact=True).fill("2026-11-02T09:59")
    expect(page.get_by_text("This is before the time in “From”.")).to_be_visible()
    before = page.url
    at.button("Filter").click()
    assert page.url == before
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    at.go("#/log?type=no-type")
    kind = page.get_by_label("Type of event")
    expect(kind).to_have_value("no-type")
    expect(kind).to_have_attribute("aria-invalid", "true")
    expect(at.button("Try again")).to_have_count(0)
    assert not at.violations()
    offered = kind.locator("option").evaluate_all("(all) => all.map(({value}) => value)")
    assert sorted({*offered} - {"", "no-type"}) == sorted(EVENT_TYPES)


def test_the_log_is_exported_as_its_fields_say(desk: Opening, stack: Stack) -> None:
    """W4: what was typed and not asked for yet goes for the file; the last minute is in it; Excel reads its letters."""
    person = Person.restorable(stack, name="Zoë's phone")
    at = desk("auditor", timezone_id="America/St_Johns")  # what is typed there is not what the server reads
    page = at.go("#/log")
    expect(page.get_by_role("table")).to_be_visible()
    page.get_by_label("Identity", exact=True).fill(person.identity)
    page.get_by_label("Type of event").select_option("Identity created")
    created = next(one for one in person.phone.events().expect(200)["events"] if one["type"] == "identity.created")
    minute = page.evaluate(
        "(at) => { const local = new Date(at); local.setMinutes(local.getMinutes() - local.getTimezoneOffset());"
        " return local.toISOString().slice(0, 16); }",
        created["at"],
    )
    page.get_by_label("From", exact=True).fill(minute)
    page.get_by_label("To", exact=True).fill(minute)
    with page.expect_download() as download:
        at.button("Export as CSV").click()
    file = download.value.path()
    assert file.read_bytes().startswith(b"\xef\xbb\xbf"), "a spreadsheet takes it for another encoding"
    (line,) = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    assert (line["identity"], line["type"], line["at"]) == (person.identity, "identity.created", created["at"])
    expect(heard(at, "Exported: 1 line")).to_have_count(1)
    expect(at.button("Export as CSV")).to_be_focused()
    assert f"identity={person.identity}" in page.url
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(re.compile(r"\d:\d\d:\d\d"))
    expect(rows).to_contain_text(f"Source: {created['source']}")
    expect(rows).to_contain_text("Zoë's phone")


def test_the_log_tells_what_administrators_did_about_somebody(desk: Opening, stack: Stack) -> None:
    """B2 S16: from the user's page; whose device it was by name; and by an id's first symbols where nobody knows."""
    person = Person.restorable(stack)
    second = person.with_second_phone()
    at = desk("helpdesk")
    page = at.user(person.identity)
    at.act("Unpair Second phone", "Unpair the device", "lost in the train")
    expect(page.get_by_role("heading", name="Second phone")).to_have_count(0)
    latest = page.get_by_role("region", name="Latest events").get_by_role("listitem").filter(has_text="Device unpaired")
    expect(latest.first).to_contain_text(re.compile(f"device: (Second phone|{second.id[:EXCERPT]}…)"))
    page.get_by_role("link", name="What administrators did about this user").click()
    rows = page.locator("tbody tr")
    ordered = rows.filter(has_text="lost in the train")
    expect(ordered).to_contain_text("helpdesk@example.com")
    expect(ordered).to_contain_text(re.compile(f"device: (Second phone|{second.id[:EXCERPT]}…)"))
    expect(page.get_by_label("Which events")).to_have_value("about")
    expect(page.get_by_label("Identity", exact=True)).to_have_value(person.identity)
    page.get_by_label("Which events").select_option("Its own events")
    at.button("Filter").click()
    expect(at.button("Filter")).to_be_focused()
    expect(rows.filter(has_text="identity.created")).to_have_count(1)
    unpaired = rows.filter(has_text="device.unpaired")
    expect(unpaired).to_contain_text(re.compile(f"device: (Second phone|{second.id[:EXCERPT]}…)"))
    assert not at.violations()


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_log_says_why_an_act_was_refused(desk: Opening, stack: Stack, language: str) -> None:
    """W4: in a sentence of the reader's language, with the code beside it; a later release's code is shown as it is."""
    person = Person.created(stack, name="Only phone")
    at = desk("helpdesk", locale=language)
    clerk = Clerk(stack.api, at.administrators.token("helpdesk"))
    clerk.act(person.identity, f"devices/{person.phone.id}/unpairing", "sold").expect(409, "last_device")
    page = at.go(f"#/log?about={person.identity}")
    row = page.locator("tbody tr").filter(has_text="act.refused")
    said = {
        "en": "refused because: It was the last device, and restore was not enabled. last_device",
        "de": "Grund der Ablehnung: Es war das letzte Gerät, und die Wiederherstellung war nicht eingeschaltet. "
        "last_device",
    }[language]
    expect(row).to_contain_text(said)
    expect(row.get_by_text("last_device", exact=True)).to_be_visible()
    at.picture(f"log-refused-desktop-{language}-light")
    assert not at.violations()

    def later(route: Route) -> None:
        given = route.fetch()
        route.fulfill(response=given, body=given.text().replace('"last_device"', '"constructor"'))

    page.route("**/v1/admin/events?about=*", later)
    at.go("#/users")
    at.go(f"#/log?about={person.identity}")
    expect(row).to_contain_text(
        {"en": "refused because: constructor", "de": "Grund der Ablehnung: constructor"}[language]
    )


def test_who_asks_often_hides_nobody_elses_request(
    desk: Opening, stack: Stack, policy: Callable[..., None], put: Callable[[dict[str, Any]], None]
) -> None:
    """B15: what others have asked for stays in sight; how many more wait is said, and older ones of one person open."""
    policy(two_person_approval=True)
    person = Person.restorable(stack)
    at = desk("admin", "vera")
    by, other, vera = (Clerk(stack.api, at.administrators.token("admin", one)) for one in ("often", "once", "vera"))
    other.act(person.identity, "restore-code/issue", "asked once, and first", hours=1).expect(202)
    number = by.act(person.identity, "restore-code/issue", "often 0", hours=1).expect(202)["approval"]["id"]
    key = {name: TypeSerializer().serialize(value) for name, value in approval_key(number).items()}
    stored = stack.client("dynamodb").get_item(TableName=stack.table, Key=key)["Item"]
    one = {name: TypeDeserializer().deserialize(value) for name, value in stored.items()}
    since = int(number.partition(".")[0])
    for n in range(1, CROWD):
        put({**one, "SK": f"{since + 1:010d}.{n:022d}", "bound": f"another {n}", "reason": f"often {n}"})
    answered = vera.call("GET", "/approvals").expect(200)
    listed = sum(one["asked_by_name"] == "often.admin@example.com" for one in answered["approvals"])
    assert answered["unlisted"] > 0
    page = at.go("#/approvals")
    expect(
        page.get_by_role("navigation", name="Views").get_by_role("link", name=re.compile(r"\d\+ waiting for you"))
    ).to_be_visible()
    cards = page.get_by_role("article")
    theirs = cards.filter(has_text="often.admin@example.com")
    expect(cards.filter(has_text="asked once, and first")).to_be_visible()
    expect(
        page.get_by_text(f"{answered['unlisted']} more requests are waiting that are not listed here")
    ).to_be_visible()
    expect(theirs).to_have_count(SHOWN_OF_ONE)
    more = page.get_by_role("button", name=f"Show {listed - SHOWN_OF_ONE} older requests by often.admin@example.com")
    at.picture("approvals-crowd-desktop-en-light")
    assert not at.violations()
    more.click()
    expect(theirs).to_have_count(listed)
    expect(more).to_have_count(0)
    expect(theirs.nth(SHOWN_OF_ONE).get_by_role("heading")).to_be_focused()
    expect(page.get_by_text("No longer waiting")).to_have_count(0)


def test_a_further_page_of_the_log_begins_where_the_focus_is(desk: Opening, stack: Stack) -> None:
    """The alert is at the button that failed, not thousands of pixels above; the keyboard goes on at the new rows."""
    for _ in range(9):  # each of them leaves six rows and more
        Person.restorable(stack).with_second_phone()
    at = desk("auditor")
    page = at.go("#/log")
    rows = page.locator("tbody tr")
    expect(page.get_by_role("table")).to_be_visible()
    before = rows.count()
    page.route("**/events?*cursor=*", refused)
    at.button("Show more").click()
    expect(page.locator(".foot").get_by_role("alert")).to_be_in_viewport()
    page.unroute_all()
    at.button("Show more").click()
    expect(page.locator(".foot").get_by_role("alert")).to_have_count(0)
    assert rows.count() > before
    expect(rows.nth(before).locator("a, summary").first).to_be_focused()


@pytest.mark.parametrize("language", ["en", "de"])
def test_readiness_is_shown_over_time(desk: Opening, put: Callable[[dict[str, Any]], None], language: str) -> None:
    """S16: with a scale, days where their dates are, and each day's figures; light, dark and on a phone."""
    now = datetime.now(UTC)
    cells = {"e-pv2a": 40, "o--v1-": 25, "eb-v1a": 6}
    for ago in (30, 29, 28, 12, 11, 3, 2, 1):
        day = now - timedelta(days=ago)
        grown = {cell: count + (31 - ago) * (cell == "e-pv2a") for cell, count in cells.items()}
        counted = standing.remember(grown, Policy(), day.date().isoformat(), int(day.timestamp()))
        assert counted.item is not None
        put(counted.item)
    at = desk("auditor", locale=language)
    page = at.go("#/readiness")
    history = page.locator("figure.history")
    expect(history).to_be_visible()
    expect(page.get_by_text(re.compile("tomorrow|morgen"))).to_have_count(0)
    assert [one for one in history.locator(".scale span").all_inner_texts() if one][::2] == ["102", "0"]
    expect(history.locator(".scale")).to_contain_text("51")
    middle = "(one) => Number(one.getAttribute('x')) + Number(one.getAttribute('width')) / 2"
    places = history.locator("rect").evaluate_all(f"(all) => all.map({middle})")
    assert [round(place / 720 * 30) for place in places] == [0, 1, 2, 18, 19, 27, 28, 29, 30]
    expect(history.locator("rect title").first).to_have_text(re.compile("41 (of|von) 72"))
    total = history.locator("path.total").get_attribute("d") or ""
    heights = [float(point.split(",")[1]) for point in total.removeprefix("M").split(" L")][:-1]
    assert heights == sorted(heights, reverse=True), "more users are higher up"
    assert heights[0] > heights[-1]
    history.locator("summary").click()
    expect(history.get_by_role("row")).to_have_count(10)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        at.picture(f"history-desktop-{language}-{scheme}")
        assert not at.violations(), scheme
    page.set_viewport_size(NARROW)
    at.picture(f"history-narrow-{language}-dark")
    assert not page.evaluate(BEYOND)


@pytest.fixture
def letter(desk: Opening, stack: Stack) -> tuple[Desk, Person]:
    """A letter on the screen of an admin in Berlin, not printed yet."""
    person = Person.restorable(stack)
    at = desk("admin", "lena", timezone_id="Europe/Berlin")
    at.user(person.identity)
    at.act("Issue a one-time code", "Issue the code", "lost the paper")
    expect(at.page.get_by_role("article")).to_be_visible()
    return at, person


def test_a_letter_has_a_language_of_its_own(letter: tuple[Desk, Person]) -> None:
    """S15: the reader's, whatever the screen's is; with the zone of its times; the label is no code."""
    at, _ = letter
    sheet = at.page.get_by_role("article")
    expect(sheet).to_contain_text("Code label")
    expect(sheet).to_contain_text("restores nothing")
    expect(sheet).to_contain_text(re.compile(r"once, until .*(GMT\+[12]|CES?T)"))
    at.page.get_by_label("Language of the letter").select_option("Deutsch")
    expect(sheet).to_have_attribute("lang", "de")
    expect(sheet).to_contain_text("Kennung des Codes")
    expect(sheet).to_contain_text(re.compile(r"einmal, bis .*MES?Z"))
    expect(at.page.get_by_role("navigation", name="Views")).to_be_visible()
    groups = sheet.get_by_role("list", name="Wiederherstellungscode").get_by_role("listitem")
    assert all(re.fullmatch("[0-9A-Z]{4}", one) for one in groups.all_inner_texts())
    at.page.emulate_media(media="print")
    expect(at.page.get_by_label("Language of the letter")).to_be_hidden()
    at.page.emulate_media(media="screen")
    at.picture("letter-of-another-language")
    assert not at.violations()


def test_a_letter_is_not_lost_unprinted(letter: tuple[Desk, Person]) -> None:
    """S15: who leaves before it was printed is asked; who has printed is not; nothing of it is ever stored."""
    at, person = letter
    page = at.page
    closing: list[str] = []

    def stay(dialog: Dialog) -> None:
        closing.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("location.reload()")
    page.wait_for_timeout(500)
    assert closing == ["beforeunload"]
    page.get_by_role("link", name="Back to the user").click()
    dialog = page.get_by_role("dialog", name="Leave without printing?")
    expect(dialog).to_be_visible()
    assert not at.violations()
    dialog.get_by_role("button", name="Stay here").click()
    expect(dialog).to_have_count(0)
    group = page.get_by_role("article").get_by_role("listitem").first.inner_text()
    kept = page.evaluate("JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, history.state])")
    assert group not in kept
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.get_by_role("link", name="Back to the user").click()
    expect(at.heading(person.identity)).to_be_visible()


def test_nothing_has_to_be_scrolled_sideways(desk: Opening, stack: Stack) -> None:
    """WCAG 1.4.10: on a screen of 320 pixels, in both languages, with the longest names and reasons there can be."""
    person = Person.new(stack, name="W" * 64)
    person.identity = "w" * 40 + secrets.token_hex(12)
    person.inbox = Inbox(stack.mailbox_address, f"{person.identity[-20:]}@example.com")
    person.phone.create(person.identity, person.inbox.address).expect(201)
    person.phone.confirm_email(person.mailed_code()).expect(200)
    person.shown(person.phone.enable().expect(201))
    at = desk("admin", "nils")
    at.user(person.identity)
    at.act("Bar restore", "Bar restore", "M" * 500)
    expect(at.page.get_by_text("Barred", exact=True)).to_be_visible()
    at.act("Allow restore again", "Allow restore", "W" * 500)
    expect(at.page.get_by_text("Can restore", exact=True)).to_be_visible()
    at.go("#/users")
    at.listed(person.identity)
    for language in ("en", "de"):
        narrow = desk("admin", "nils", viewport=NARROW, locale=language)
        views = {
            "users": f"#/users?prefix={person.identity}",
            "nobody": "#/users?prefix=zzz-nobody",
            "log": f"#/log?identity={person.identity}",
            "about": f"#/log?about={person.identity}",
            "readiness": "#/readiness",
        }
        for name, where in views.items():
            page = narrow.go(where)
            expect(page.locator("main :is(table, .empty, .big)").first).to_be_visible()
            expect(page.locator("section.old")).to_have_count(0)
            narrow.picture(f"{name}-narrow-{language}")
            assert not page.evaluate(BEYOND), (name, language)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, language)
        narrow.user(person.identity)
        narrow.page.get_by_role("button").filter(has_text=re.compile("one-time|Einmalcode")).click()
        narrow.page.get_by_role("dialog").get_by_role("textbox").fill("x")
        narrow.page.get_by_role("dialog").get_by_role("button").last.click()
        expect(narrow.page.get_by_role("article")).to_be_visible()
        narrow.picture(f"letter-narrow-{language}")
        assert not narrow.page.evaluate(BEYOND), language
