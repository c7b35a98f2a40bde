"""Acts at the dashboard when something gets in the way: a lost answer, a second person, somebody who goes on too early.

And sessions that end. In a real browser, against the deployed stack.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from local.clerk import Clerk
from local.phone import made_up_code, selector
from tests.stack.browsing import CHROMIUM, Desk, Opening
from tests.stack.people import Person, pairing_completion

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install it (Debian: apt-get install chromium) to try the dashboard"
)

GUESSES = 6


@pytest.fixture(scope="module")
def ada(stack: Stack) -> Person:
    """Somebody with a phone and restore enabled, to whom nothing happens for good."""
    return Person.restorable(stack, name="First phone")


def _clerk(at: Desk, stack: Stack, role: str, person: str = "") -> Clerk:
    return Clerk(stack.api, at.administrators.token(role, person))


def _decide(clerk: Clerk, identity: str, *, approve: bool) -> None:
    waiting = clerk.call("GET", "/approvals").expect(200)["approvals"]
    (number,) = [one["id"] for one in waiting if one["identity"] == identity and one["approved_by"] is None]
    clerk.call("POST", f"/approvals/{number}", {"approve": approve}).expect(204)


def _anew(at: Desk, identity: str) -> Page:
    """Leave the user's page and come back to it."""
    at.go("#/users")
    expect(at.heading("Users")).to_be_visible()
    return at.user(identity)


def _held(page: Page, pattern: str) -> list[Route]:
    """Let requests wait on their way until the test lets them go."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - it marks what it is given
    return held


def _asked(page: Page, count: int, held: list[Route]) -> None:
    """Wait until so many requests are on their way."""
    end = time.monotonic() + 20
    while len(held) < count:
        assert time.monotonic() < end, f"{len(held)} requests came"
        page.wait_for_timeout(50)


def _is_on_the_body(page: Page) -> bool:
    return bool(page.evaluate("document.activeElement === document.body"))


# --- two people


def test_the_help_desk_carries_out_what_was_approved(desk: Opening, stack: Stack, policy: Callable[..., None]) -> None:
    """S15 B15: who may not read approvals finds on the user's page what they asked for and who decided, and goes on."""
    policy(keep_sealed_codes=True, two_person_approval=True)
    person = Person.restorable(stack)
    at = desk("helpdesk")
    otto = _clerk(at, stack, "admin", "otto")
    page = at.user(person.identity)
    at.act("Send the kept code", "Send the code", "called, known by voice")
    dialog = page.get_by_role("dialog", name="This waits for a second person")
    expect(dialog).to_contain_text("carry it out here")
    expect(dialog.get_by_role("link")).to_have_count(0)
    assert not _is_on_the_body(page)
    dialog.get_by_role("button", name="Close").click()
    asked = page.get_by_role("region", name="Requested by you")
    expect(asked).to_contain_text("Waiting for an admin")
    expect(asked).to_contain_text("called, known by voice")
    expect(asked.get_by_role("button")).to_have_count(0)
    _decide(otto, person.identity, approve=True)
    _anew(at, person.identity)
    expect(asked).to_contain_text("Approved by otto.admin@example.com")
    at.picture("asked-approved-desktop-en-light")
    assert not at.violations()
    asked.get_by_role("button", name="Carry it out").click()
    expect(page.get_by_text(f"The kept code was sent to {person.identity}.")).to_be_visible()
    expect(asked).to_have_count(0)
    person.inbox.next("the kept code", lambda mail: person.paper in mail.text)
    assert person.paper not in page.evaluate("JSON.stringify({...sessionStorage})")

    at.act("Send the kept code", "Send the code", "called again")
    dialog.get_by_role("button", name="Close").click()
    _decide(otto, person.identity, approve=False)
    _anew(at, person.identity)
    expect(asked).to_contain_text("Denied by otto.admin@example.com")
    asked.get_by_role("button", name="Remove from here").click()
    expect(asked).to_have_count(0)


def test_the_same_act_again_is_done_once_it_is_approved(
    desk: Opening, stack: Stack, policy: Callable[..., None]
) -> None:
    """B15: without what the tab remembers, too; and an approval that is over is said to be."""
    policy(keep_sealed_codes=True, two_person_approval=True)
    person = Person.restorable(stack)
    at = desk("helpdesk")
    page = at.user(person.identity)
    dialog = page.get_by_role("dialog")

    def again(result: str) -> None:
        at.act("Send the kept code", "Send the code", "lost both")
        expect(page.get_by_text(result)).to_be_visible()

    def refuse_approvals(route: Route) -> None:
        if "approval" in route.request.headers:
            route.fulfill(status=403, json={"code": "not_allowed", "detail": "Not allowed.", "status": 403})
        else:
            route.continue_()

    again("This waits for a second person")
    dialog.get_by_role("button", name="Close").click()
    _decide(_clerk(at, stack, "admin", "otto"), person.identity, approve=True)
    page.evaluate("sessionStorage.removeItem('asked for')")
    page.route("**/restore-code/send", refuse_approvals)
    again("was used, has expired or was denied")
    dialog.get_by_role("button", name="Close").click()
    page.unroute_all()
    again(f"The kept code was sent to {person.identity}.")
    person.inbox.next("the kept code", lambda mail: person.paper in mail.text)


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_is_denied_by_one_click(
    desk: Opening, stack: Stack, policy: Callable[..., None], language: str
) -> None:
    """B15: as for a yes, it is asked first: whose request it was, what a no means, and that nothing takes it back."""
    policy(two_person_approval=True)
    person = Person.restorable(stack)
    at = desk("admin", "otto", locale=language)
    olga = _clerk(at, stack, "admin", "olga")
    number = olga.act(person.identity, "restore-code/issue", "called from abroad", hours=2).expect(202)["approval"][
        "id"
    ]
    page = at.go("#/approvals")
    card = page.get_by_role("article").filter(has_text=person.identity)
    deny = card.get_by_role("button", name={"en": "Deny", "de": "Ablehnen"}[language], exact=True)
    decisions: list[Request] = []
    page.on("request", lambda request: decisions.append(request) if request.method == "POST" else None)
    deny.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_accessible_name(re.compile(f"^(Deny|„).*{person.identity}"))
    said = {
        "en": ("called from abroad", "olga.admin@example.com", "It will not be done. This cannot be undone"),
        "de": ("called from abroad", "olga.admin@example.com", "Es wird nicht geschehen. Das lässt sich nicht"),
    }[language]
    for words in said:
        expect(dialog).to_contain_text(words)
    expect(dialog).to_have_accessible_description(re.compile(re.escape(said[2])))
    expect(dialog.get_by_role("textbox")).to_have_count(0)  # the contract takes no reason for a no
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    at.picture(f"deny-desktop-{language}-light")
    assert not at.violations()
    dialog.get_by_role("button", name={"en": "Close", "de": "Schließen"}[language]).click()
    expect(dialog).to_have_count(0)
    expect(deny).to_be_focused()
    assert not decisions
    assert number in [one["id"] for one in olga.call("GET", "/approvals").expect(200)["approvals"]]
    at.confirmed(card, {"en": "Deny", "de": "Ablehnen"}[language])
    expect(card).to_contain_text({"en": "Denied. It will not", "de": "Abgelehnt. Es wird nicht"}[language])
    expect(card.get_by_role("heading")).to_be_focused()
    expect(card.get_by_role("button")).to_have_count(0)
    assert number not in [one["id"] for one in olga.call("GET", "/approvals").expect(200)["approvals"]]


# --- answers that are lost, and acts under way


def test_an_act_without_an_answer_may_have_been_done(desk: Opening, stack: Stack) -> None:
    """A 16.5: nobody is told that nothing happened, when nobody knows; behind it is what is so now."""
    person = Person.restorable(stack)
    at = desk("helpdesk")
    page = at.user(person.identity)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/restore/barring", lose)
    at.act("Bar restore", "Bar restore", "lost in a tunnel")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("It may have been done all the same")
    expect(page.get_by_text("Barred", exact=True)).to_be_visible()
    expect(dialog).to_be_visible()
    at.picture("act-lost-desktop-en-light")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Allow restore again")).to_be_visible()
    page.unroute_all()
    page.route("**/restore/unbarring", lambda route: route.fulfill(status=504, json={"message": "Endpoint timed out"}))
    at.act("Allow restore again", "Allow restore", "came back")
    expect(dialog.get_by_role("alert")).to_contain_text("It may have been done all the same")
    page.keyboard.press("Escape")
    page.route("**/v1/admin/identities/*", lambda route: route.abort())
    at.go("#/users")
    at.go(f"#/user/{person.identity}")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_second_one_time_code_is_not_made_unawares(desk: Opening, stack: Stack, language: str) -> None:
    """A 16.5: after a lost answer it is said before the repetition that a first code ends; and which."""
    person = Person.restorable(stack)
    at = desk("admin", locale=language)
    page = at.user(person.identity)
    opens = {"en": "Issue a one-time code", "de": "Einmalcode ausstellen"}[language]
    confirms = {"en": "Issue the code", "de": "Code ausstellen"}[language]
    dialog = page.get_by_role("dialog")

    def lose(route: Route) -> None:
        assert route.fetch().status == 201
        route.abort()

    page.route("**/restore-code/issue", lose)
    at.button(opens).click()
    expect(dialog).not_to_contain_text("K7QD")
    expect(dialog.locator(".warns")).to_have_count(0)
    dialog.get_by_role("textbox").fill("lost the paper")
    dialog.get_by_role("button", name=confirms).click()
    ends = {"en": "it ends with the next one", "de": "gilt er mit dem nächsten nicht mehr"}[language]
    expect(dialog.get_by_role("alert")).to_contain_text(ends)
    expect(dialog.get_by_role("button", name=confirms)).to_be_enabled()
    at.picture(f"code-lost-desktop-{language}-light")
    assert not at.violations()
    label = page.locator("dt", has_text={"en": "One-time code", "de": "Einmalcode"}[language])
    expect(label).to_be_visible()  # read again behind the dialog
    page.keyboard.press("Escape")
    page.unroute_all()

    at.button(opens).click()
    replaced = re.compile(
        {
            "en": "The one-time code ([0-9A-Z]{4}), .* ends with",
            "de": "Der Einmalcode ([0-9A-Z]{4}), .* gilt dann nicht",
        }[language]
    )
    expect(dialog.locator(".warns")).to_have_text(replaced)
    found = replaced.search(dialog.locator(".warns").inner_text())
    assert found
    expect(label.locator("xpath=following-sibling::dd")).to_contain_text(found[1])
    at.picture(f"code-replaced-desktop-{language}-light")
    assert not at.violations()
    dialog.get_by_role("textbox").fill("lost the paper")
    dialog.get_by_role("button", name=confirms).click()
    expect(page.get_by_role("article")).to_be_visible()
    expect(page.get_by_role("article")).not_to_contain_text(found[1])


def test_an_act_under_way_is_neither_doubled_nor_given_up(desk: Opening, stack: Stack, ada: Person) -> None:
    """A 2.3: pressed thrice it is one act, nothing makes believe it was stopped, and its code shows up nowhere else."""
    other = Person.restorable(stack)
    at = desk("admin")
    page = at.user(ada.identity)
    held = _held(page, "**/restore-code/issue")
    at.button("Issue a one-time code").click()
    page.get_by_label("Reason").fill("lost the paper")
    page.get_by_label("Valid for how many hours").fill("5")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Issue the code").evaluate("(one) => { one.click(); one.click(); one.click(); }")
    _asked(page, 1, held)
    under_way = dialog.get_by_role("button", name="Under way …")
    expect(under_way).to_have_attribute("aria-disabled", "true")
    for _ in range(3):
        page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Close").click(force=True)
    expect(dialog).to_be_visible()
    assert not _is_on_the_body(page)
    at.go(f"#/user/{other.identity}")
    expect(at.heading(other.identity)).to_be_visible()
    expect(dialog).to_have_count(0)
    for route in held:
        route.continue_()
    show = page.get_by_role("link", name=f"Show the code for {ada.identity}")
    expect(show).to_be_visible()
    assert [one.request.post_data_json for one in held] == [{"reason": "lost the paper", "hours": 5}]
    expect(at.heading(other.identity)).to_be_visible()
    at.picture("code-late-desktop-en-light")
    show.click()
    expect(page.get_by_role("article", name="Restore code")).to_contain_text(ada.identity)
    expect(show).to_have_count(0)


def test_what_was_begun_waits_and_does_not_jump_out(desk: Opening, ada: Person) -> None:
    """A 14.3: a dialog opens by itself only straight after a sign-in for it, never at a later visit."""
    at = desk("helpdesk")
    page = at.user(ada.identity)

    def begin() -> None:
        at.button("Bar restore").click()
        page.get_by_label("Reason").fill("heard it on the train")
        _anew(at, ada.identity)
        expect(page.get_by_text("You had begun something here")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)

    begin()
    at.button("Go on").click()
    expect(page.get_by_label("Reason")).to_have_value("heard it on the train")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    begin()
    page.reload()
    expect(page.get_by_text("You had begun something here")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    at.button("Discard").click()
    expect(page.get_by_text("You had begun something here")).to_have_count(0)
    at.button("Bar restore").click()
    expect(page.get_by_label("Reason")).to_have_value("")


def test_a_dialog_is_open_from_its_first_moment(desk: Opening, ada: Person) -> None:
    """A 14.3: never is it there while a key still goes past it: Escape, or the first letter of a reason."""
    at = desk("helpdesk")
    page = at.user(ada.identity)
    page.evaluate(
        """() => {
            window.first = [];
            new MutationObserver((changes) => {
                for (const { addedNodes } of changes)
                    for (const one of addedNodes)
                        if (one.localName === 'dialog') first.push([one.open, one.contains(document.activeElement)]);
            }).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    at.button("Bar restore").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("first") == [[True, True]]
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


# --- what a dialog says


def test_a_dialog_says_whose_account_and_which_device(desk: Opening, stack: Stack) -> None:
    """S15 B9: the identity, marks of two devices of one name, where the user is told; of the last device that it is."""
    person = Person.restorable(stack, name="Phone")
    twin = person.other_phone("Phone")
    offer = person.phone.act("POST", person.phone.path("/pairings"), {}, verified=True).expect(201)
    twin.send(pairing_completion(twin, offer["pairing"]["id"], offer["secret"])).expect(201)
    at = desk("helpdesk")
    page = at.user(person.identity)
    name = f"Phone ({twin.id[:8]})"
    at.button(f"Unpair {name}").click()
    dialog = page.get_by_role("dialog", name=f"Unpair “{name}” of {person.identity}?")
    hint = f"{person.identity[0]}***@example.com"
    for said in ("Android", "by QR code", f"The user is told by mail to {hint}."):
        expect(dialog).to_contain_text(said)
    expect(dialog).not_to_contain_text("last device")
    described = dialog.evaluate("(one) => document.getElementById(one.getAttribute('aria-describedby')).textContent")
    assert "can no longer sign in" in described
    at.picture("dialog-unpair-desktop-en-light")
    confirm = dialog.get_by_role("button", name="Unpair the device")
    confirm.click()
    expect(page.get_by_label("Reason")).to_be_focused()
    expect(dialog.locator("[aria-live]").filter(has_text="Give a reason")).to_be_visible()
    assert not at.violations()
    page.get_by_label("Reason").fill("stolen")
    confirm.click()
    expect(page.get_by_text(f"{name} of {person.identity} was unpaired.")).to_be_visible()
    expect(at.button("Unpair Phone")).to_be_visible()
    assert not _is_on_the_body(page)
    at.button("Unpair Phone").click()
    expect(page.get_by_role("dialog")).to_contain_text("This is the last device. Afterwards only a restoration")


def test_where_nobody_is_told_a_dialog_says_so(desk: Opening, stack: Stack) -> None:
    """B10: no address, nobody told; the last device without restore stays, and the caller hears what to do."""
    person = Person.created(stack, name="Only phone")
    at = desk("helpdesk")
    page = at.user(person.identity)
    at.act("Unpair Only phone", "Unpair the device")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("nobody is told")
    expect(dialog.get_by_role("alert")).to_contain_text("The user can enable restore in the app")
    at.picture("dialog-last-device-desktop-en-light")
    page.keyboard.press("Escape")
    at.button("Bar restore").click()
    person.phone.erase().expect(204)
    page.get_by_label("Reason").fill("too late")
    dialog.get_by_role("button", name="Bar restore").click()
    expect(dialog.get_by_role("alert")).to_have_text("This identity was erased in the meantime.")
    page.keyboard.press("Escape")
    expect(at.heading("There is no such user")).to_be_visible()


@pytest.mark.parametrize("name", ["call 0900 555", "a", "..", "%3Cb%3E", "x" * 65, "ada/more"])
def test_an_address_writes_nothing_on_the_screen(desk: Opening, name: str) -> None:
    """A 1.2.1: whoever sends a link puts no words of their own into headline or title, and asks for nothing."""
    at = desk("auditor")
    asked: list[str] = []
    at.page.on("request", lambda request: asked.append(request.url))
    at.go(f"#/user/{name}")
    expect(at.heading("There is no such user")).to_be_visible()
    expect(at.page).to_have_title(re.compile("^There is no such user"))
    assert not [url for url in asked if "/v1/admin/identities/" in url]


def test_what_stands_in_the_way_is_said_first(desk: Opening, stack: Stack) -> None:
    """B10 B2: no green for somebody whose code is guessed at; a run of guesses is one line with its exact times."""
    person = Person.restorable(stack)
    for _ in range(GUESSES):
        person.other_phone().request_restore(person.identity, made_up_code(selector(person.paper))).expect(
            403, "restore_refused"
        )
    at = desk("auditor")
    page = at.user(person.identity)
    way = page.get_by_role("region", name="What stands in the way of restoring")
    expect(way).to_contain_text(f"Codes are being guessed: {GUESSES} wrong ones in a row")
    expect(page.get_by_text("Can restore", exact=True)).to_have_count(0)
    events = page.get_by_role("region", name="Latest events")
    expect(events.get_by_text("Wrong restore code").first).to_be_visible()
    expect(events.get_by_text(f"and {GUESSES - 1} more like it")).to_be_visible()
    expect(events.locator("time").first).to_have_text(re.compile(r"\(\d{1,2}:\d{2}.*\)$"))
    at.picture("user-guessed-desktop-en-light")
    assert not at.violations()


def test_a_restoration_is_cancelled_by_whoever_sees_how_things_stand(
    desk: Opening, stack: Stack, policy: Callable[..., None]
) -> None:
    """S15 B9: the page says when the code was tested and which device has no PIN; the restoration is over, for all."""
    policy(require_verification_key=False)
    person = Person.restorable(stack)
    at = desk("helpdesk")
    page = at.user(person.identity)
    tested = page.locator("dt", has_text="Code last tested by the user").locator("xpath=following-sibling::dd")
    without_pin = page.get_by_role("region", name="Devices").get_by_text("No PIN or biometrics")
    expect(tested).to_have_text("never tested")
    expect(without_pin).to_have_count(0)
    assert person.is_in_force(person.paper)
    person.phone.protect(None).expect(204)
    stranger = person.other_phone("Stranger's phone")
    person.restoring(stranger)
    _anew(at, person.identity)
    expect(tested).to_contain_text("(")  # the time, as it is said and exactly
    expect(without_pin).to_be_visible()
    at.act("Cancel Stranger's phone", "Cancel the restoration", "it was a stranger")
    expect(page.get_by_text(f"{person.identity} to Stranger's phone was cancelled.")).to_be_visible()
    expect(page.get_by_role("region", name="Restorations under way")).to_contain_text("None.")
    auditor = _clerk(at, stack, "auditor").call("GET", f"/identities/{person.identity}").expect(200)
    assert not auditor["restorations"]


# --- sessions


def test_signing_out_takes_down_every_screen_at_once(desk: Opening) -> None:
    """A 7.4: before the pool has answered, in every tab; and where it never does, that is said."""
    at = desk("auditor")
    other = at.context.new_page()
    other.goto(at.address)
    expect(other.get_by_role("heading", name="Users")).to_be_visible()
    held = _held(at.page, "**/oauth2/revoke")
    revoked: list[str] = []
    other.on("request", lambda request: revoked.append(request.url) if "/oauth2/revoke" in request.url else None)
    at.page.get_by_text("auditor@example.com").click()
    at.button("Sign out").click()
    expect(at.heading("Signing out …")).to_be_visible()
    expect(other.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(at.page.get_by_role("navigation")).to_have_count(0)
    _asked(at.page, 1, held)
    assert "token=" in (held[0].request.post_data or "")
    assert revoked
    at.page.route("**/oauth2/revoke", lambda route: route.abort())
    for route in held:
        route.abort()
    expect(at.page.get_by_text("did not confirm that the session has ended")).to_be_visible()


@pytest.mark.parametrize("how", ["out", "anew"])
def test_a_session_that_was_left_gives_no_tokens_any_more(desk: Opening, stack: Stack, ada: Person, how: str) -> None:
    """A 7.4.1: the refresh token is worthless at the pool, after signing out and after signing in anew."""
    at = desk("helpdesk")
    revoked: list[str] = []

    def heard(request: Request) -> None:
        if "/oauth2/revoke" in request.url:
            revoked.append(parse_qs(request.post_data or "")["token"][0])

    at.page.on("request", heard)
    if how == "out":
        at.page.get_by_text("helpdesk@example.com").click()
        at.button("Sign out").click()
        expect(at.heading("You are signed out")).to_be_visible()
        expect(at.page.get_by_text("did not confirm")).to_have_count(0)
    else:
        at.user(ada.identity)
        old = {"code": "reauthentication_required", "detail": "Sign in again.", "status": 401}
        at.page.route("**/restore/barring", lambda route: route.fulfill(status=401, json=old))
        at.act("Bar restore", "Bar restore")
        at.button("Sign in again").click()
        expect(at.page.locator("input[name=password]")).to_be_visible()
    (token,) = revoked
    body = {"grant_type": "refresh_token", "refresh_token": token, "client_id": at.administrators.client}
    answer = httpx.post(f"{stack.sign_in}/oauth2/token", data=body, trust_env=False)
    assert answer.status_code == 400


def test_a_pool_that_cannot_be_reached_ends_no_session(desk: Opening, stack: Stack) -> None:
    """A 7.3: no answer is no end; and the role that is shown is that of the newest token."""
    at = desk("admin")
    gives: dict[str, Any] = {"exp": int(time.time()) + 30, "cognito:groups": ["admin"]}

    def answer(route: Route) -> None:
        if not gives:
            route.abort()
            return
        given = route.fetch()
        tokens = given.json()
        changed = at.administrators.changed(tokens["id_token"], stack.folder, **gives)
        route.fulfill(response=given, json={**tokens, "id_token": changed})

    at.page.route("**/oauth2/token", answer)
    at.come_again()
    expect(at.page.get_by_role("navigation").get_by_role("link", name="Approvals")).to_be_visible()
    at.page.wait_for_load_state("networkidle")  # a token that is on its way yet would do for the next view, too
    gives.clear()
    at.go("#/readiness")
    alert = at.page.get_by_role("alert")
    expect(alert).to_contain_text("cannot be reached")
    expect(alert).not_to_contain_text("session is over")
    gives["cognito:groups"] = ["auditor"]
    alert.get_by_role("button", name="Try again").click()
    expect(at.page.get_by_role("navigation").get_by_role("link", name="Approvals")).to_have_count(0)
    expect(at.page.get_by_text("Auditor", exact=True)).to_be_visible()


def test_a_code_does_not_stay_on_a_screen(desk: Opening, ada: Person) -> None:
    """A 14.2: it goes after ten minutes, but not from under the printer; why is said."""
    at = desk("admin")
    page = at.page
    page.clock.install()
    at.user(ada.identity)
    at.act("Issue a one-time code", "Issue the code")
    sheet = page.get_by_role("article", name="Restore code")
    expect(sheet).to_be_visible()
    page.clock.fast_forward("09:30")
    expect(sheet).to_be_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.clock.fast_forward("01:00")
    expect(sheet).to_be_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.get_by_text("it had been on the screen for ten minutes")).to_be_visible()
    expect(sheet).to_have_count(0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 500, "json": {"message": "Internal server error"}}, "could not be read (500)"),
        (
            {"status": 429, "json": {"code": "x", "detail": "Too often."}, "headers": {"Retry-After": "720"}},
            "Too often. You can try again in 12 minutes.",
        ),
    ],
    ids=["unreadable", "later"],
)
def test_whatever_is_answered_can_be_understood(desk: Opening, ada: Person, answer: dict[str, Any], said: str) -> None:
    """A 16.5: no answer leaves anybody with a word of a programmer's, and one that says when is told."""
    at = desk("auditor")
    at.page.route("**/v1/admin/identities/*", lambda route: route.fulfill(**answer))
    at.go(f"#/user/{ada.identity}")
    expect(at.page.get_by_role("alert")).to_contain_text(said)
    expect(at.page.get_by_text("undefined")).to_have_count(0)
