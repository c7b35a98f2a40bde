"""The administrators' dashboard in a real browser, against the deployed stack.

Pictures of it lie in `.local/screenshots`. Without Chromium the tests are skipped, and say how to get it.
"""

from __future__ import annotations

import csv
import json
import re
import secrets
import time
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from local.clerk import Clerk
from local.user_pool import Administrators
from local.verify_log import Deployment, main
from local.wholeness import Finding, Report
from tests.stack.browsing import CHROMIUM, DESKTOP, PHONE, PICTURES, SECONDS_TO_BE_LISTED, Desk
from tests.stack.people import Person, members, pairing_completion, read_qr
from tests.stack.test_mail_feedback import bounced, until_empty

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Locator, Route

    from local.stack import Stack
    from tests.stack.browsing import Opening

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install it (Debian: apt-get install chromium) to try the dashboard"
)

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
STACKED: Final = "Z" + "\N{COMBINING ACUTE ACCENT}" * 28 + "\N{COMBINING GRAVE ACCENT BELOW}" * 27
"""As long as 56 symbols, as wide as one, and higher than a card, if it may."""
BEYOND: Final = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const beyond = [];
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        if (text.parentElement.closest(".hidden, .skip, .ellipsis, option, table.folds thead")) continue;
        const range = document.createRange();
        range.selectNodeContents(text);
        for (const { left, right, width } of range.getClientRects()) {
            if (width > 0 && (right > document.documentElement.clientWidth + 1 || left < -1)) beyond.push(text.data);
        }
    }
    return beyond;
}"""
"""Every text that goes beyond the sides of the screen, whether something cuts it off there or not."""
HOSTILE = '<img src=x onerror=alert(1)>"&'


@pytest.fixture(scope="module")
def crowded(stack: Stack) -> Person:
    """Somebody of the longest name, with all at once that is long on a screen: marks, reasons, and every state."""
    person = Person.new(stack, name=STACKED)
    person.identity = f"p-{secrets.token_hex(31)}"
    person.phone.create(person.identity, person.inbox.address).expect(201)
    person.phone.confirm_email(person.mailed_code()).expect(200)
    person.shown(person.phone.enable().expect(201))
    held = person.other_phone("W" * 64)
    offer = person.phone.act("POST", person.phone.path("/pairings"), {}, verified=True).expect(201)
    held.send(pairing_completion(held, offer["pairing"]["id"], offer["secret"])).expect(201)
    helpdesk = Clerk(stack.api, Administrators.of(stack.summary).token("helpdesk"))
    cancelled = person.restoring(person.other_phone())
    helpdesk.act(person.identity, f"restorations/{cancelled}/cancellation", "r" * 500).expect(204)
    person.restoring(person.other_phone("M" * 64))
    queue = stack.resources["AWS::SQS::Queue", "MailReports"]
    stack.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(bounced(person)))
    until_empty(stack, queue)
    assert person.phone.show().expect(200)["email_bounced_at"]
    return person


@pytest.fixture(scope="module")
def ada(stack: Stack) -> Person:
    """Somebody with two phones, one of a hostile name, and restore enabled."""
    person = Person.restorable(stack, name=HOSTILE)
    person.with_second_phone()
    return person


@pytest.mark.parametrize(
    ("role", "views", "acts"),
    [
        ("auditor", ["Users", "Policy", "Audit log", "Readiness"], []),
        ("helpdesk", ["Users", "Policy", "Audit log", "Readiness"], ["Bar restore"]),
        (
            "admin",
            ["Users", "Approvals", "Policy", "Audit log", "Readiness"],
            ["Issue a one-time code", "Bar restore"],
        ),
    ],
)
def test_each_role_is_offered_what_it_may_do(
    desk: Opening, ada: Person, role: str, views: list[str], acts: list[str]
) -> None:
    """S15 S16: signed in at the pool's own page; what a role may not do is not offered."""
    at = desk(role)
    links = at.page.get_by_role("navigation", name="Views").get_by_role("link").all_inner_texts()
    assert [re.sub(r"\s*\d+\s*waiting for you$", "", one) for one in links] == views
    page = at.user(ada.identity)
    offered = page.get_by_role("region", name="What you can do").get_by_role("button").all_inner_texts()
    assert offered == acts
    expect(page.get_by_role("button", name="Unpair")).to_have_count(0 if role == "auditor" else 2)
    for view, title in (("letter", "Restore code"), ("approvals", "Approvals")):
        at.go("#/policy")
        expect(page.get_by_label("Restoring is allowed")).to_be_enabled(enabled=role == "admin")
        at.go(f"#/{view}")
        if role == "admin":
            expect(at.heading(title)).to_be_visible()
        else:
            expect(page.get_by_text("This page is for the role Admin.")).to_be_visible()


def test_somebody_without_a_role_is_told_so(browser: Browser, stack: Stack) -> None:
    """A 8.2: signed in, and offered nothing but a way to sign in anew."""
    at = Desk(browser, stack)
    email = at.administrators.person(None)
    at.page.goto(at.address)
    at.sign_in(email)
    expect(at.heading("You have no role yet")).to_be_visible()
    assert at.page.get_by_role("button").all_inner_texts() == ["Sign in again"]
    assert not at.page.get_by_role("link").count()
    assert not at.violations()
    at.close()


def test_a_user_is_found_and_a_device_unpaired(desk: Opening, stack: Stack) -> None:
    """S15 B9: found by the name's beginning; the act says what it does, wants a reason, is done; names are text."""
    person = Person.restorable(stack)
    second = person.other_phone(HOSTILE)
    offer = person.phone.act("POST", person.phone.path("/pairings"), {}, verified=True).expect(201)
    second.send(pairing_completion(second, offer["pairing"]["id"], offer["secret"])).expect(201)
    at = desk("helpdesk")
    row = at.listed(person.identity[:8])
    expect(row).to_contain_text("Can restore")
    row.get_by_role("link").click()
    expect(at.page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    opener = at.button(f"Unpair {HOSTILE}")
    opener.click()
    expect(at.page.get_by_role("dialog", name=f"Unpair “{HOSTILE}” of {person.identity}?")).to_be_visible()
    at.button("Unpair the device").click()
    expect(at.page.get_by_text("Give a reason")).to_be_visible()
    at.page.keyboard.press("Escape")
    expect(at.page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
    at.act(f"Unpair {HOSTILE}", "Unpair the device", HOSTILE)
    expect(at.page.get_by_text(f"{HOSTILE} of {person.identity} was unpaired.")).to_be_visible()
    expect(at.page.get_by_role("heading", name=HOSTILE)).to_have_count(0)
    assert person.devices() == {person.phone.id}
    expect(at.page.get_by_text(HOSTILE).first).to_be_visible()  # the reason, in the latest events
    at.page.route("**/v1/admin/identities?*", lambda _: None)  # no answer comes: what is shown is what was kept
    at.page.get_by_role("link", name="← All users").click()
    expect(at.page.get_by_text("Loading …")).to_be_visible()
    expect(row).to_have_count(0)


def test_two_people_reveal_a_code_for_a_letter(desk: Opening, stack: Stack, policy: Callable[..., None]) -> None:
    """S15 S16: asked for by one, approved by another, shown to the one who asked, on paper, and nowhere else."""
    policy(keep_sealed_codes=True, two_person_approval=True)
    person = Person.restorable(stack)
    asking = desk("admin")
    page = asking.user(person.identity)
    asking.act("Reveal the kept code", "Reveal the code", "called, known by voice")
    expect(page.get_by_role("dialog", name="This waits for a second person")).to_be_visible()
    page.get_by_role("link", name="Go to Approvals").click()
    own = page.get_by_role("article").filter(has_text=person.identity)
    expect(own).to_contain_text("Waiting for another admin")
    expect(own.get_by_role("button")).to_have_count(0)  # nobody decides on what they have asked for themselves

    approving = desk("admin", "otto")
    approving.go("#/approvals")
    card = approving.page.get_by_role("article").filter(has_text=person.identity)
    expect(card).to_contain_text("called, known by voice")
    card.get_by_text("What exactly will be done").click()
    approving.picture("approval-waits-desktop-en-light")
    expect(card).to_contain_text("Waiting for you or another admin")
    expect(card).to_contain_text("You see the user's restore code")
    expect(card).to_contain_text("The user is told by mail to")
    approving.confirmed(card, "Approve")
    expect(card).to_contain_text("Approved by otto.admin@example.com")
    expect(card.get_by_role("heading")).to_be_focused()

    expect(own).to_contain_text("Approved by otto.admin@example.com")  # without anybody loading the page again
    asking.confirmed(own, "Carry it out")
    letter = page.get_by_role("article", name="Restore code")
    expect(letter).to_contain_text(person.identity)
    groups = letter.get_by_role("list", name="Restore code").get_by_role("listitem")
    assert groups.all_inner_texts() == person.paper.split("-")
    server, scanned = members(read_qr(letter.locator("svg").evaluate("(svg) => svg.outerHTML")))
    assert (server, scanned["i"], scanned["c"]) == (stack.api, person.identity, person.paper.replace("-", ""))
    asking.picture("letter-desktop-en-light")
    assert not asking.violations()
    for paper in ("A4", "Letter"):
        file = PICTURES / f"dashboard-letter-{paper}.pdf"
        page.pdf(path=file, format=paper)
        assert file.read_bytes().count(b"/Type /Page\n") == 1, "more than one sheet"
    kept = page.evaluate("JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, history.state])")
    assert person.paper.split("-")[0] not in kept
    asking.go("#/users")
    page.go_back()
    expect(asking.heading("Restore code")).to_be_visible()
    expect(page.get_by_text("There is no code to show")).to_be_visible()


def test_policy_is_tried_saved_and_defended(desk: Opening, policy: Callable[..., None]) -> None:
    """S14 B12: tried first, saved over the version that was read; who was overtaken compares and decides."""
    one, other = desk("admin"), desk("admin", "otto")
    for at in (one, other):
        at.go("#/policy")
        expect(at.page.get_by_text("Nothing is changed yet.")).to_be_visible()
    other.page.get_by_label("Devices of one identity").fill("7")
    other.button("Try it").click()
    expect(other.button("Save")).to_be_enabled()
    one.page.get_by_label("Limits on a new device").fill("48")
    expect(one.button("Save")).to_be_disabled()
    one.button("Try it").click()
    expect(one.page.get_by_text("can be restored today, but not after this change")).to_be_visible()
    one.picture("policy-desktop-en-light")
    one.button("Save").click()
    expect(one.page.get_by_text("Saved as version")).to_be_visible()

    other.button("Save").click()
    dialog = other.page.get_by_role("dialog", name="Somebody else has changed the policy in the meantime")
    expect(dialog).to_be_visible()
    rows = dialog.get_by_role("row")
    assert rows.filter(has_text="Limits on a new device").get_by_role("cell").all_inner_texts() == [
        "24",
        "48",
        "unchanged",
    ]
    assert rows.filter(has_text="Devices of one identity").get_by_role("cell").all_inner_texts() == [
        "10",
        "unchanged",
        "7",
    ]
    other.picture("policy-conflict-desktop-en-light")
    assert not other.violations()
    other.page.keyboard.press("Escape")
    expect(other.page.get_by_text("Nothing has been saved")).to_be_visible()
    expect(other.button("Save")).to_be_focused()
    expect(other.page.get_by_label("Limits on a new device")).to_have_value("48")
    expect(other.button("Save")).to_be_disabled()  # what was tried, was tried over another version
    other.button("Try it").click()
    other.button("Save").click()
    expect(other.page.get_by_text("Saved as version")).to_be_visible()


def test_a_tried_policy_leads_to_whom_it_meets(desk: Opening, ada: Person) -> None:
    """S14: each reason for which somebody would be obliged has its list."""
    at = desk("admin")
    at.listed(ada.identity)
    page = at.go("#/policy")
    page.get_by_label("Devices of one identity").fill("1")
    at.button("Try it").click()
    expect(page.get_by_role("link", name="Show whose restore is off")).to_have_count(0)
    page.get_by_role("link", name="Show who has more than 1 device").click()
    expect(page.get_by_label("Show")).to_have_value("devices_over=1")
    expect(page.get_by_role("row").filter(has_text=ada.identity)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Show who has more than 1 device")).to_be_visible()  # what was tried is there
    expect(at.button("Save")).to_be_enabled()
    page.get_by_label("Restore from the start").check()
    expect(at.button("Save")).to_be_disabled()
    at.button("Try it").click()
    expect(page.get_by_role("link", name="Show whose address is not confirmed")).to_be_visible()
    at.picture("policy-effect-desktop-en-light")
    page.get_by_role("link", name="Show whose restore is off").click()
    expect(page.get_by_label("Show")).to_have_value("restore=off")


def test_a_change_of_policy_is_approved_by_its_difference(desk: Opening, policy: Callable[..., None]) -> None:
    """B15: whoever approves sees what would change of what is in force, field by field, and nothing besides."""
    policy(two_person_approval=True)
    asking = desk("admin")
    asking.go("#/policy")
    asking.page.get_by_label("Limits on a new device").fill("48")
    asking.page.get_by_label("Codes can be shown again").check()
    asking.button("Try it").click()
    asking.button("Save").click()
    asking.page.get_by_role("link", name="Go to Approvals").click()
    approving = desk("admin", "otto")
    approving.go("#/approvals")
    card = approving.page.get_by_role("article").filter(has_text="Change the policy")
    rows = card.get_by_role("row")
    expect(rows).to_have_count(3)
    assert rows.filter(has_text="Limits on a new device").get_by_role("cell").all_inner_texts() == ["24", "48"]
    assert rows.filter(has_text="Codes can be shown again").get_by_role("cell").all_inner_texts() == ["off", "on"]
    approving.picture("approval-policy-desktop-en-light")
    assert not approving.violations()
    approving.confirmed(card, "Approve")
    expect(card).to_contain_text("Approved by otto.admin@example.com")
    asking.go("#/users")
    asking.go("#/approvals")
    own = asking.page.get_by_role("article").filter(has_text="Change the policy")
    asking.confirmed(own, "Carry it out")
    expect(own.get_by_text("Carried out.", exact=True)).to_be_visible()
    asking.go("#/policy")
    expect(asking.page.get_by_label("Limits on a new device")).to_have_value("48")


def test_a_policy_is_checked_at_its_fields(desk: Opening) -> None:
    """WCAG 3.3.1: in the page's language, at the field, with what is allowed; the first wrong one has the focus."""
    at = desk("admin", locale="de")
    page = at.go("#/policy")
    devices, hold, domains = (
        page.get_by_label(name)
        for name in ("Geräte einer Identität", "Einschränkung eines neuen Geräts", "Zugelassene E-Mail-Domains")
    )
    expect(devices).to_have_accessible_description(re.compile("^1 bis 10"))
    hold.fill("-5")
    devices.fill("")
    domains.fill("Example.com\nno_domain")
    at.button("Ausprobieren").click()
    expect(hold).to_be_focused()
    expect(hold).to_have_accessible_description(re.compile("Geben Sie eine ganze Zahl von 0 bis 720 ein."))
    expect(devices).to_have_attribute("aria-invalid", "true")
    expect(domains).to_have_accessible_description(re.compile("„no_domain“ ist keine E-Mail-Domain"))
    at.picture("policy-wrong-desktop-de-light")
    assert not at.violations()
    hold.fill("5")
    expect(hold).to_have_attribute("aria-invalid", "false")
    devices.fill("10")
    domains.fill("Example.com")
    at.button("Ausprobieren").click()
    expect(at.button("Speichern")).to_be_enabled()
    expect(at.button("Ausprobieren")).to_be_focused()
    at.button("Änderungen verwerfen").click()
    expect(page.get_by_role("heading", name="Ihre Änderungen")).to_be_focused()

    answer = {"code": "invalid", "detail": "Die Anfrage ist ungültig.", "status": 422}
    errors = [{"field": "email_domains.0", "message": "Value error, is no domain"}]
    page.route(
        "**/v1/admin/policy?dry_run=true", lambda route: route.fulfill(status=422, json={**answer, "errors": errors})
    )
    domains.fill("example.com")
    at.button("Ausprobieren").click()
    expect(domains).to_be_focused()
    expect(domains).to_have_accessible_description(re.compile("Das nimmt der Server nicht an"))
    expect(page.get_by_text("Value error")).to_have_count(0)


@pytest.fixture
def clerk(stack: Stack) -> Callable[[str], Clerk]:
    """Another admin, who asks for things and decides on them without a browser."""
    people = Administrators.of(stack.summary)
    return lambda person: Clerk(stack.api, people.token("admin", person))


def asked_for_hold(clerk: Clerk, hours: int) -> str:
    """Ask for another policy; the approval's id."""
    fields, version = clerk.policy()
    answer = clerk.call("PUT", "/policy", {**fields, "hold_hours": hours}, if_match=version)
    number: str = answer.expect(202)["approval"]["id"]
    return number


def test_a_change_of_policy_is_decided_by_its_own_version(
    desk: Opening, clerk: Callable[[str], Clerk], policy: Callable[..., None]
) -> None:
    """B15: nobody approves what they cannot see as it is now, nor a change asked over another version."""
    policy(two_person_approval=True)
    olga = clerk("olga")
    denied = asked_for_hold(olga, 47)
    at = desk("admin", "otto")
    page = at.go("#/policy")
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()  # so it is known, and not read now
    waits: list[Route] = []

    def held_up(route: Route) -> None:
        waits.append(route)

    page.route("**/v1/admin/policy", held_up)
    at.go("#/approvals")
    card = page.get_by_role("article").filter(has_text="Change the policy").filter(has_text="olga.admin")
    approve = card.get_by_role("button", name="Approve", exact=True)
    expect(approve).to_be_disabled()
    expect(card.get_by_text("Loading")).to_be_visible()
    for route in waits:
        route.abort()
    page.unroute_all()
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    expect(approve).to_be_disabled()
    card.get_by_role("button", name="Try again").click()
    expect(approve).to_be_enabled()
    assert card.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts() == ["24", "47"]
    card.get_by_role("button", name="What it would do").click()
    expect(card.get_by_role("status")).to_contain_text("would have to change something")
    at.picture("approval-effect-desktop-en-light")
    assert not at.violations()

    policy(max_devices=9)  # by another
    approve.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("it can no longer be carried out")
    expect(dialog.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(card).to_contain_text("ask whoever requested it to request it again")
    expect(approve).to_have_count(0)
    at.picture("approval-outdated-desktop-en-light")
    assert not at.violations()
    at.confirmed(card, "Deny")
    expect(card).to_contain_text("Denied. It will not be done.")
    expect(card.get_by_role("heading")).to_be_focused()
    assert denied not in [one["id"] for one in olga.call("GET", "/approvals").expect(200)["approvals"]]

    olga.decide(asked_for_hold(clerk("otto"), 46)).expect(204)
    own = page.get_by_role("article").filter(has_text="otto.admin").filter(has_text="Change the policy")
    at.looked_at_again()
    expect(own.get_by_role("button", name="Carry it out")).to_be_enabled()
    policy(max_devices=8)
    own.get_by_role("button", name="Carry it out").click()
    page.keyboard.press("Escape")
    expect(own).to_contain_text("Make your change again")
    expect(own.get_by_role("button", name="Carry it out")).to_have_count(0)


def test_what_was_decided_elsewhere_is_told(
    desk: Opening, stack: Stack, clerk: Callable[[str], Clerk], policy: Callable[..., None]
) -> None:
    """S16: the count beside the view follows, and what waited a moment ago does not vanish without a word."""
    policy(two_person_approval=True)
    person = Person.restorable(stack)
    olga, ina = clerk("olga"), clerk("ina")
    others = sum(one["approved_by"] is None for one in ina.call("GET", "/approvals").expect(200)["approvals"])
    numbers = [
        asking.act(person.identity, "restore-code/issue", f"asked {n}", hours=n).expect(202)["approval"]["id"]
        for n, asking in ((1, olga), (2, ina), (3, olga), (4, olga))
    ]
    at = desk("admin", "ina")
    page = at.page
    link = page.get_by_role("navigation", name="Views").get_by_role("link", name=re.compile("^Approvals"))
    expect(link).to_have_accessible_name(f"Approvals {others + 3} waiting for you")
    olga.decide(numbers[1]).expect(204)
    at.looked_at_again()
    expect(link).to_have_accessible_name(f"Approvals {others + 4} waiting for you")

    at.go("#/approvals")
    cards = [page.get_by_role("article").filter(has_text=f"asked {n}") for n in (1, 2, 3, 4)]
    expect(cards[0]).to_contain_text("The code is valid for 1 hour.")
    clerk("nora").decide(numbers[0], approve=False).expect(204)
    expect(cards[0]).to_contain_text("No longer waiting: it was denied")  # on its own, a moment later
    expect(cards[0].get_by_role("button")).to_have_count(0)

    def denied_meanwhile(route: Route) -> None:
        route.fetch(post_data={"approve": False})
        route.continue_()

    page.route(f"**/v1/admin/approvals/{numbers[2]}", denied_meanwhile)
    at.confirmed(cards[2], "Approve")
    expect(cards[2]).to_contain_text("Somebody else has decided this already.")
    at.picture("approval-decided-desktop-en-light")
    assert not at.violations()
    at.go("#/users")
    at.go("#/approvals")
    expect(cards[3]).to_be_visible()
    expect(cards[2]).to_have_count(0)


@pytest.mark.parametrize("how", ["lost", "used", "unsent"])
def test_an_answer_that_never_came_is_not_called_nothing(
    desk: Opening, stack: Stack, clerk: Callable[[str], Clerk], policy: Callable[..., None], how: str
) -> None:
    """B15: carried out and not heard of, carried out before, or never arrived: each is told as it is."""
    policy(two_person_approval=True)
    person = Person.restorable(stack)
    number = clerk("otto").act(person.identity, "restore-code/issue", how, hours=1).expect(202)["approval"]["id"]
    clerk("olga").decide(number).expect(204)
    at = desk("admin", "otto")
    at.go("#/approvals")
    card = at.page.get_by_role("article").filter(has_text=person.identity)

    def on_the_way(route: Route) -> None:
        if how != "unsent":
            assert route.fetch().status == 201
        if how == "used":
            route.continue_()
        else:
            route.abort()

    at.page.route("**/restore-code/issue", on_the_way)
    at.confirmed(card, "Carry it out")
    if how == "unsent":
        dialog = at.page.get_by_role("dialog")
        expect(dialog).to_contain_text("It may have been done all the same")
        expect(dialog).to_contain_text("it is still waiting here")
        at.page.unroute_all()
        dialog.get_by_role("button", name="Carry it out").click()
        expect(at.page.get_by_role("article", name="Restore code")).to_be_visible()
        return
    said = {"lost": "it has probably been carried out", "used": "It was carried out already, or denied"}
    expect(card).to_contain_text(said[how])
    if how == "lost":
        expect(card).to_contain_text("If the first code was made after all, it ends with the next one.")
    assert "Nothing was changed" not in at.page.inner_text("main")
    at.picture(f"approval-{how}-desktop-en-light")
    card.get_by_role("link", name="The user's latest events").click()
    expect(at.page.get_by_text("One-time code issued").first).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_approvals_of_every_kind_fit_every_screen(
    desk: Opening, stack: Stack, clerk: Callable[[str], Clerk], policy: Callable[..., None], width: int
) -> None:
    """WCAG 1.4.10: nothing exceeds a narrow screen, in the longer language; what each does is said in sentences."""
    policy(two_person_approval=True, keep_sealed_codes=True)
    person, barred = Person.restorable(stack, name=HOSTILE), Person.restorable(stack)
    olga, otto = clerk(f"olga{width}"), clerk(f"otto{width}")
    olga.act(barred.identity, "restore/barring", "lost").expect(204)
    reason = "verloren-" * 20
    for one in (olga, otto):
        for what in ("restore-code/send", "restore-code/reveal", f"devices/{person.phone.id}/unpairing"):
            one.act(person.identity, what, reason).expect(202)
        one.act(person.identity, "restore-code/issue", reason, hours=24).expect(202)
        one.act(barred.identity, "restore/unbarring", reason).expect(202)
        asked_for_hold(one, 700)
    at = desk("admin", f"otto{width}", locale="de", viewport={"width": width, "height": 844})
    page = at.go("#/approvals")
    cards = page.get_by_role("region", name="Von anderen beantragt").get_by_role("article")
    ours = cards.filter(has_text=f"olga{width}.admin")
    expect(ours).to_have_count(6)
    expect(ours.filter(has_text="Letztes Gerät entkoppeln")).to_contain_text(HOSTILE)
    expect(ours.filter(has_text="Letztes Gerät entkoppeln")).to_contain_text("Das ist das letzte Gerät.")
    expect(ours.get_by_role("button", name="Was geschehen würde")).to_be_enabled()
    ours.get_by_role("button", name="Was geschehen würde").click()
    expect(ours.filter(has_text="Regeln ändern").get_by_role("status")).to_contain_text("etwas ändern")
    for detail in page.get_by_text("Was genau geschehen wird").all():
        detail.click()
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        at.picture(f"approvals-{width}-de-{scheme}")
        assert not at.violations(), scheme
    ours.filter(has_text="Regeln ändern").get_by_role("button", name="Freigeben").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Freigeben")).to_be_enabled()
    assert page.evaluate(fits)
    assert dialog.evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
    at.picture(f"approval-confirmed-{width}-de")
    assert not at.violations()
    page.keyboard.press("Escape")
    at.go("#/policy")
    expect(page.get_by_text("Noch ist nichts geändert.")).to_be_visible()
    page.get_by_label("Einschränkung eines neuen Geräts").fill("721")
    at.button("Ausprobieren").click()
    page.get_by_label("Geräte einer Identität").fill("1")
    assert page.evaluate(fits)
    at.picture(f"policy-{width}-de")
    assert not at.violations()


def test_the_log_says_how_it_was_verified_last(desk: Opening, stack: Stack) -> None:
    """B4 W4: how to, as long as nobody has; then the newest result, what was checked, and a finding as text."""
    at = desk("auditor")
    at.go("#/log")
    proof = at.page.get_by_role("region", name="Signed and verified")
    expect(proof.get_by_text(re.compile("make verify-log ARGS=--record|Last verified on"))).to_be_visible()
    at.picture("log-unverified-desktop-en-light")

    def newest(result: str) -> None:
        end = time.monotonic() + SECONDS_TO_BE_LISTED
        while True:
            at.go("#/users")
            at.go("#/log")
            try:
                expect(proof.get_by_text(result, exact=True)).to_be_visible(timeout=3000)
            except AssertionError:
                assert time.monotonic() < end, f"never shown as {result}"
            else:
                return

    deployment = Deployment.of(stack.client, stack.outputs, "here")
    deployment.record(Report(findings=[Finding(f"The manifest {HOSTILE} is missing.")], events=7), int(time.time()))
    newest("Not intact")
    expect(proof).to_contain_text(HOSTILE)
    expect(proof).to_contain_text("7 events of 0 identities")
    at.picture("log-not-whole-desktop-en-light")
    assert not at.violations()
    assert main(["--folder", str(stack.folder), "--record"]) == 0
    newest("Intact")
    expect(proof).not_to_contain_text(HOSTILE)
    at.picture("log-whole-desktop-en-light")
    assert not at.violations()
    expect(proof.get_by_text("more than a week ago")).to_have_count(0)
    at.page.clock.set_fixed_time(time.time() + 9 * 86_400)
    at.go("#/users")
    at.go("#/log")
    expect(proof.get_by_text("more than a week ago")).to_be_visible()


def test_the_log_is_searched_and_exported(desk: Opening, ada: Person) -> None:
    """B2 W4: by identity and kind; the file has the same lines."""
    at = desk("auditor")
    at.go(f"#/log?identity={ada.identity}")
    expect(at.page.get_by_text(re.compile("^(All days up to|No day has been signed yet)"))).to_be_visible()
    rows = at.page.get_by_role("table").get_by_role("row")
    expect(rows.filter(has_text="identity.created")).to_have_count(1)
    shown = rows.count() - 1
    with at.page.expect_download() as download:
        at.button("Export as CSV").click()
    with download.value.path().open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert [line["identity"] for line in lines] == [ada.identity] * shown
    assert lines[-1]["type"] == "identity.created"
    at.page.get_by_label("Type of event").select_option("Device paired")
    at.button("Filter").click()
    expect(rows).to_have_count(2)
    at.page.get_by_label("To", exact=True).fill("2020-01-01T00:00")
    at.button("Filter").click()
    expect(at.page.get_by_role("heading", name="No event matches")).to_be_visible()


def test_a_slice_of_readiness_leads_to_its_users(desk: Opening, ada: Person) -> None:
    """S16: figures, and behind each the people."""
    at = desk("auditor")
    at.listed(ada.identity)
    at.go("#/readiness")
    named = "(all) => all.map((link) => [link.querySelector('.slice-name').textContent, link.getAttribute('href')])"
    expect(at.page.get_by_role("link", name="code never tested")).to_be_visible()
    assert dict(at.page.locator(".slices a").evaluate_all(named)) == {
        "Can restore": "#/users?restore=enabled",
        "Restore is off": "#/users?restore=off",
        "Address not confirmed": "#/users?restore=awaiting_email",
        "Mail bounces": "#/users?lacks=working_address",
        "Barred by an administrator": "#/users?restore=disabled_by_admin",
        "code never tested": "#/users?lacks=proven_code",
        "only one device": "#/users?lacks=second_device",
        "device without PIN or biometrics": "#/users?lacks=verification_key",
    }
    at.page.get_by_role("link", name="code never tested").click()
    expect(at.page.get_by_label("Show")).to_have_value("lacks=proven_code")
    expect(at.listed(ada.identity)).to_contain_text("code never tested")


def test_no_act_is_lost_to_an_old_sign_in(desk: Opening, stack: Stack) -> None:
    """A 7.5: an act wants a fresh sign-in, after which the person is back in the dialog with what they wrote."""
    person = Person.restorable(stack)
    at = desk("helpdesk")
    at.with_tokens(lambda token: at.administrators.signed_in_ago(token, stack.folder, 7200))
    at.come_again()
    at.user(person.identity)
    at.act("Bar restore", "Bar restore", "lost in the train")
    dialog = at.page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_be_visible()
    at.page.unroute_all()
    dialog.get_by_role("button", name="Sign in again").click()
    at.sign_in("helpdesk@example.com")
    expect(at.page.get_by_label("Reason")).to_have_value("lost in the train")
    dialog.get_by_role("button", name="Bar restore").click()
    expect(at.page.get_by_text("Barred", exact=True)).to_be_visible()
    assert person.phone.show().expect(200)["restore"]["status"] == "disabled_by_admin"


def test_nobody_finds_what_another_has_begun_to_write(desk: Opening, stack: Stack) -> None:
    """A 14.3: a draft outlives a new sign-in of its own writer, and no one else's."""
    person = Person.restorable(stack)
    at = desk("helpdesk")
    page = at.user(person.identity)
    at.button("Bar restore").click()
    page.get_by_label("Reason").fill("heard it on the train")
    for whose, found in (("", "heard it on the train"), ("nora", "")):
        at.context.clear_cookies()  # the pool's session has ended
        page.reload()
        at.sign_in(at.administrators.person("helpdesk", whose))
        at.user(person.identity)
        if not page.get_by_role("dialog").count():
            at.button("Bar restore").click()
        expect(page.get_by_label("Reason")).to_have_value(found)
    assert "train" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def test_a_session_that_is_over_is_taken_up_where_it_ended(desk: Opening, stack: Stack) -> None:
    """A 7.3: who comes back late is told, signs in by the pool's session, and is where they were."""
    at = desk("auditor")
    soon = int(time.time()) + 30
    at.with_tokens(lambda token: at.administrators.changed(token, stack.folder, exp=soon), refreshed=False)
    at.come_again()
    at.go("#/log?type=identity.created")
    alert = at.page.get_by_role("alert")
    expect(alert).to_contain_text("Your session is over")
    at.page.unroute_all()
    alert.get_by_role("button", name="Sign in again").click()
    expect(at.heading("Audit log")).to_be_visible()
    expect(at.page.get_by_label("Type of event")).to_have_value("identity.created")
    expect(alert).to_have_count(0)


def test_only_the_pool_brings_somebody_back(desk: Opening) -> None:
    """A 10.4: tokens are in memory alone; a reload is answered by the pool's session, and no stranger's code is."""
    at = desk("auditor")
    kept = at.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert "ey" not in kept
    assert "code=" not in kept
    at.page.goto(f"{at.address}?code=somebodys&state=elses")
    expect(at.heading("You could not be signed in")).to_be_visible()
    at.come_again()
    at.go("#/readiness")
    at.page.reload()
    expect(at.heading("Readiness")).to_be_visible()
    at.page.get_by_text("auditor@example.com").click()
    at.button("Sign out").click()
    expect(at.heading("You are signed out")).to_be_visible()
    at.page.reload()
    expect(at.page.locator("input[name=password]")).to_be_visible()
    # a code that the pool does give, for the challenge of this tab, in answer to somebody else's link
    asked: list[str] = []
    at.page.on("request", lambda request: asked.append(request.url))
    at.page.goto(re.sub(r"\bstate=[^&]+", "state=elses", at.page.url))
    at.sign_in("auditor@example.com")
    expect(at.heading("You could not be signed in")).to_be_visible()
    (back,) = [url for url in asked if "/dashboard/?" in url]
    assert parse_qs(urlsplit(back).query).keys() == {"code", "state"}
    assert not [url for url in asked if url.endswith("/oauth2/token")]


def test_what_somebody_chose_is_there_again(desk: Opening) -> None:
    """Language and colours change at once and outlive a reload; the tab says in words where one is."""
    at = desk("auditor")
    page = at.page
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    expect(page).to_have_title(re.compile("^Users "))
    page.get_by_text("auditor@example.com").click()
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_role("navigation", name="Ansichten")).to_be_visible()
    page.get_by_label("Farben").select_option("dark")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(at.heading("Personen")).to_be_visible()
    expect(page).to_have_title(re.compile("^Personen "))
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.evaluate(ground) == dark
    page.get_by_text("auditor@example.com").click()
    page.get_by_label("Farben").select_option("system")
    assert page.evaluate(ground) == light


@pytest.mark.parametrize(("size", "language"), [("desktop", "en"), ("phone", "de")])
def test_every_view_can_be_used_by_everybody(desk: Opening, ada: Person, size: str, language: str) -> None:
    """WCAG 2.2 AA by axe, in both languages, light and dark, on a desk and in a hand; nothing exceeds the screen."""
    at = desk("admin", viewport=DESKTOP if size == "desktop" else PHONE, locale=language)

    def looked_at(name: str) -> None:
        assert at.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        for scheme in SCHEMES:
            at.page.emulate_media(color_scheme=scheme)
            at.picture(f"{name}-{size}-{language}-{scheme}")
            assert not at.violations(), f"{name}, {scheme}"

    views = {
        "users": "#/users",
        "user": f"#/user/{ada.identity}",
        "approvals": "#/approvals",
        "policy": "#/policy",
        "log": "#/log",
        "readiness": "#/readiness",
        "nowhere": "#/nowhere",
    }
    for name, where in views.items():
        at.go(where)
        expect(at.page.get_by_role("status").filter(has_text="…")).to_have_count(0)
        looked_at(name)
    at.user(ada.identity)
    device = at.page.get_by_text("device:" if language == "en" else "Gerät:", exact=True)
    expect(device.first).to_be_visible()  # members of a detail by their names in this language
    at.page.get_by_role("button").filter(has_text="one-time" if language == "en" else "Einmalcode").click()
    looked_at("dialog")
    at.page.keyboard.press("Escape")
    at.page.get_by_text("admin@example.com").first.click()
    looked_at("menu")


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_exceeds_a_narrow_screen(
    desk: Opening, crowded: Person, stack: Stack, policy: Callable[..., None], width: int, language: str
) -> None:
    """WCAG 1.4.10: with all that life brings, no view scrolls sideways, and no text is cut off at the side."""
    policy(two_person_approval=True)
    otto = Clerk(stack.api, Administrators.of(stack.summary).token("admin", "otto"))
    otto.act(crowded.identity, "restore-code/issue", "r" * 500, hours=24).expect(202)
    at = desk("admin", viewport={"width": width, "height": 844}, locale=language)

    def fits(name: str) -> None:
        at.picture(f"narrow-{name}-{width}-{language}")
        assert at.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
        assert at.page.evaluate(BEYOND) == [], name

    views = {
        "users": f"#/users?prefix={crowded.identity}",
        "approvals": "#/approvals",
        "log": f"#/log?identity={crowded.identity}",
        "readiness": "#/readiness",
        "policy": "#/policy",
    }
    for name, where in views.items():
        at.go(where)
        expect(at.page.get_by_role("status").filter(has_text="…")).to_have_count(0)
        if name in {"users", "approvals", "log"}:
            links = at.page.get_by_role("main").get_by_role("link", name=crowded.identity)
            expect(links.first).to_be_visible(timeout=40_000)
        if name == "users":
            expect(at.page.get_by_text(re.compile("^1 (user|Person)$")).last).to_be_visible()
        fits(name)
    at.page.get_by_role("main").get_by_role("spinbutton").first.fill("48")
    at.page.get_by_label(re.compile("Restore from the start|Wiederherstellung von Anfang an")).check()
    at.button("Try it" if language == "en" else "Ausprobieren").click()
    expect(at.page.get_by_role("heading", name=re.compile("What it would do|Was geschehen würde"))).to_be_visible()
    fits("policy-tried")
    at.user(crowded.identity)
    limited = at.page.get_by_text(re.compile("^Limited until|^Eingeschränkt bis"))
    expect(limited).to_be_visible()
    expect(at.page.get_by_text(re.compile("^Mail has bounced since|^E-Mails kommen seit"))).to_be_visible()
    expect(at.page.get_by_text(re.compile("^(Mail bounced|E-Mail kam zurück)$"))).to_be_visible()
    expect(at.page.get_by_role("main")).not_to_contain_text("General")  # SES's word for no reason given
    fits("user")
    assert not at.violations()
    at.page.get_by_role("button", name=re.compile(f"^(Unpair|Entkoppeln) {'W' * 64}")).click()
    fits("dialog")
    at.page.keyboard.press("Escape")
    at.page.get_by_text("admin@example.com").first.click()
    fits("menu")


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_views_are_named_in_two_rows_at_most(desk: Opening, language: str) -> None:
    """WCAG 1.4.10 2.5.8: on 320 pixels all are seen, whole and big enough, with the longest count beside one."""
    at = desk("admin", viewport={"width": 320, "height": 700}, locale=language)
    asked = [{"id": f"{n}", "asked_by": "another", "approved_by": None} for n in range(100)]
    at.page.route("**/v1/admin/approvals", lambda route: route.fulfill(json={"approvals": asked, "unlisted": 3}))
    at.come_again()
    links = at.page.get_by_role("navigation").first.get_by_role("link")
    expect(links).to_have_count(5)
    expect(links.nth(1)).to_have_accessible_name(re.compile(r" 99\+ "))
    forced: tuple[Literal["none", "active"], ...] = ("none", "active")
    for colours in forced:
        at.page.emulate_media(forced_colors=colours)
        boxes = [box for link in links.all() if (box := link.bounding_box())]
        assert len({round(box["y"]) for box in boxes}) == 2
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 320 for box in boxes)
        assert all(box["height"] >= 24 and box["width"] >= 24 for box in boxes)
        assert all(link.evaluate("(one) => one.scrollWidth <= one.clientWidth") for link in links.all())
        at.picture(f"nav-narrow-{language}-{colours}")
        assert not at.violations()


def test_a_name_stays_in_its_own_place(desk: Opening, crowded: Person) -> None:
    """A 1.1: a letter with 55 marks on it paints over nothing around it, in a view or in the title of a dialog."""
    at = desk("helpdesk")
    at.page.clock.set_fixed_time(time.time())  # how long ago something was is painted, too
    at.user(crowded.identity)
    at.picture("stacked-marks-desktop-en-light")
    names = at.page.get_by_role("region", name="Devices").get_by_role("heading", level=3)
    expect(names.filter(has_text=STACKED)).to_be_visible()
    name = next(one for one in names.all() if one.inner_text() == STACKED)  # by its place: its text is changed below

    def around(heading: Locator) -> list[bytes]:
        box = heading.bounding_box()
        assert box
        above = {"x": box["x"], "y": box["y"] - 60, "width": 80, "height": 54}
        below = {**above, "y": box["y"] + box["height"] + 6}
        # a clip has a type of playwright's own, which it does not give out
        return [at.page.screenshot(clip=clip) for clip in (above, below)]  # type: ignore[arg-type]  # see above

    def alone(heading: Locator) -> None:
        painted = around(heading)
        heading.evaluate("(heading) => { heading.textContent = 'Z'; }")
        assert around(heading) == painted

    name.evaluate("(heading) => heading.scrollIntoView({ block: 'center' })")
    at.page.get_by_role("button", name=f"Unpair {STACKED}").click()
    title = at.page.get_by_role("dialog").get_by_role("heading")
    assert title.evaluate("(title) => getComputedStyle(title).overflow") == "clip"
    at.picture("stacked-marks-dialog-desktop-en-light")
    at.page.keyboard.press("Escape")
    alone(name)


def test_colours_of_the_readers_own_keep_what_colours_say(desk: Opening, ada: Person) -> None:
    """WCAG 1.4.1 1.4.11: with forced colours, the view that is shown, the dots and the charts are told apart still."""
    at = desk("auditor")
    at.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    at.user(ada.identity)
    colour = "(link) => [getComputedStyle(link).borderBottomColor, getComputedStyle(document.body).backgroundColor]"
    ground = at.page.evaluate("getComputedStyle(document.querySelector('.top')).backgroundColor")
    links = at.page.get_by_role("navigation", name="Views").get_by_role("link")
    seen = [link.evaluate(colour)[0] != ground for link in links.all()]
    assert seen == [True, False, False, False]
    dot = "(badge) => getComputedStyle(badge, '::before').backgroundColor"
    assert at.page.locator(".badge.good").first.evaluate(dot) != ground
    at.picture("forced-colours-user-desktop-en")
    at.go("#/readiness")
    swatches = at.page.locator(".swatch")
    expect(swatches.first).to_be_visible()
    assert len({one.evaluate("(one) => getComputedStyle(one).backgroundColor") for one in swatches.all()}) > 3
    at.picture("forced-colours-readiness-desktop-en")


def test_the_menu_closes_behind_whoever_leaves_it(desk: Opening) -> None:
    """WCAG 2.4.11: by Tab, by a click elsewhere and by Escape, which goes back to what opened it."""
    at = desk("auditor", viewport=PHONE)
    menu = at.page.locator("details.menu")
    opener = menu.locator("summary")
    foot = (PHONE["width"] // 2, PHONE["height"] - 20)
    for leaves in ("Tab", "click", "Escape"):
        opener.click()
        expect(at.button("Sign out")).to_be_visible()
        if leaves == "Tab":
            at.button("Sign out").focus()
            at.page.keyboard.press("Tab")
        elif leaves == "click":
            at.page.mouse.click(*foot)
        else:
            at.page.keyboard.press("Escape")
            expect(opener).to_be_focused()
        expect(at.button("Sign out")).to_be_hidden()
    opener.click()
    at.page.get_by_label("Language").focus()
    expect(at.button("Sign out")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "chosen", "written"),
    [
        ("en-GB", "en", r"\d{1,2} \w+ 20\d\d, \d\d:\d\d"),
        ("en-US", "en", r"\w+ \d{1,2}, 20\d\d, \d{1,2}:\d\d\s[AP]M"),
        ("de-AT", "de", r"\d\d\.\d\d\.20\d\d, \d\d:\d\d"),
        ("en-GB", "de", r"\d\d\.\d\d\.20\d\d, \d\d:\d\d"),
        ("de-DE", "en", r"\w+ \d{1,2}, 20\d\d, \d{1,2}:\d\d\s[AP]M"),
    ],
)
def test_times_are_written_as_the_reader_does(
    desk: Opening, ada: Person, locale: str, chosen: str, written: str
) -> None:
    """As the browser's own region writes them, where its language is the one of the screen."""
    at = desk("auditor", locale=locale)
    if not locale.startswith(chosen):
        at.page.get_by_text("auditor@example.com").click()
        at.page.get_by_label(re.compile("Language|Sprache")).select_option(chosen)
    at.user(ada.identity)
    fact = at.page.locator("dt", has_text=re.compile("^(Created|Angelegt)$")).locator("xpath=following-sibling::dd")
    expect(fact).to_have_text(re.compile(f"^{written}$"))


def test_the_focus_goes_back_or_to_the_title(desk: Opening, ada: Person) -> None:
    """WCAG 2.4.3: a dialog gives the focus back to what opened it, or to the title where nothing did."""
    at = desk("helpdesk")
    page = at.user(ada.identity)
    at.button("Bar restore").click()
    page.get_by_label("Reason").fill("heard it on the telephone")
    page.reload()
    at.button("Go on").click()  # which is gone as soon as the dialog is there
    expect(page.get_by_label("Reason")).to_have_value("heard it on the telephone")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(at.heading(ada.identity)).to_be_focused()
    at.button("Bar restore").click()
    page.keyboard.press("Escape")
    expect(at.button("Bar restore")).to_be_focused()
