"""The dashboard when answers come in another order than they were asked for in, or when somebody has gone on meanwhile.

In a real browser, against the deployed stack. Answers are held back until the test lets them go.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from local.clerk import Clerk
from tests.stack.browsing import CHROMIUM, Desk, Opening
from tests.stack.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install it (Debian: apt-get install chromium) to try the dashboard"
)

THE_LOG = re.compile(r"/events$")
"""Its first page, unfiltered."""


class Late:
    """Answers that the server has given, and that have not reached the page yet."""

    def __init__(self, page: Page, pattern: str | re.Pattern[str], method: str = "GET") -> None:
        self._page = page
        self._method = method
        self._held: list[tuple[Route, APIResponse]] = []
        self._holds = True
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._holds and route.request.method == self._method:
            self._held.append((route, route.fetch()))
        else:
            route.fallback()

    def wait(self) -> None:
        """Until an answer is held; those that come later are let through."""
        end = time.monotonic() + 20
        while not self._held:
            assert time.monotonic() < end, "nothing was asked for"
            self._page.wait_for_timeout(20)
        self._holds = False

    def arrive(self) -> None:
        """Let the page have them, and return when it has done with them whatever it does."""
        for route, answer in self._held:
            route.fulfill(response=answer)
        self._held.clear()
        # answers come one after the other, and each is drawn before the next frame
        self._page.evaluate(
            "async () => { await (await fetch('config.json')).text();"
            " for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame); }"
        )


def _clerk(at: Desk, stack: Stack, person: str) -> Clerk:
    return Clerk(stack.api, at.administrators.token("admin", person))


def test_an_older_answer_does_not_undo_a_newer_one(desk: Opening, stack: Stack) -> None:
    """S16: what was read of a user before an act is not shown after it, however late it comes."""
    person = Person.restorable(stack)
    at = desk("helpdesk")
    page = at.user(person.identity)
    at.go("#/users")
    expect(at.heading("Users")).to_be_visible()
    late = Late(page, f"**/v1/admin/identities/{person.identity}")
    at.user(person.identity)  # as it is kept, while it is read again
    late.wait()
    at.act("Bar restore", "Bar restore")
    expect(at.button("Allow restore again")).to_be_visible()
    late.arrive()
    expect(at.button("Allow restore again")).to_be_visible()
    expect(at.button("Bar restore")).to_have_count(0)


def test_an_older_problem_does_not_hide_a_newer_answer(desk: Opening, stack: Stack) -> None:
    """S16: a reading that fails late says nothing of the one that has succeeded since."""
    person = Person.restorable(stack)
    at = desk("helpdesk")
    page = at.user(person.identity)
    at.go("#/users")
    expect(at.heading("Users")).to_be_visible()
    held: list[Route] = []
    page.route(f"**/v1/admin/identities/{person.identity}", lambda route: held.append(route), times=1)  # noqa: PLW0108 - it marks what it is given
    at.user(person.identity)
    at.act("Bar restore", "Bar restore")
    expect(at.button("Allow restore again")).to_be_visible()
    (route,) = held
    with page.expect_event("requestfailed"):
        route.abort()
    page.evaluate(
        "async () => { await (await fetch('config.json')).text(); await new Promise(requestAnimationFrame); }"
    )
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_further_page_does_not_bring_an_older_first_one_back(desk: Opening, stack: Stack) -> None:
    """S16: what the log has got at its top meanwhile stays when the rows at its end come."""
    for _ in range(9):  # each of them leaves six rows and more
        Person.restorable(stack).with_second_phone()
    at = desk("auditor")
    page = at.go("#/log")
    rows = page.locator("tbody tr")
    expect(at.button("Show more")).to_be_visible()
    at.go("#/policy")
    expect(at.heading("Policy")).to_be_visible()
    newest = Person.restorable(stack)
    first = Late(page, THE_LOG)
    further = Late(page, "**/events?*cursor=*")
    at.go("#/log")
    first.wait()
    expect(rows.filter(has_text=newest.identity)).to_have_count(0)
    before = rows.count()
    at.button("Show more").click()
    further.wait()
    first.arrive()
    expect(rows.filter(has_text=newest.identity).first).to_be_visible()
    further.arrive()
    expect(page.locator("tbody tr").nth(before + 5)).to_be_visible()
    expect(rows.filter(has_text=newest.identity).first).to_be_visible()


def test_an_older_list_does_not_take_an_approval_back(desk: Opening, stack: Stack, policy: Callable[..., None]) -> None:
    """B15: what somebody has approved or denied is not shown as undecided again, nor counted."""
    policy(two_person_approval=True)
    person = Person.restorable(stack)
    at = desk("admin", "ina")
    olga = _clerk(at, stack, "olga")
    for n in (1, 2):
        olga.act(person.identity, "restore-code/issue", f"late {n}", hours=n).expect(202)
    page = at.go("#/approvals")
    first, second = (page.get_by_role("article").filter(has_text=f"late {n}") for n in (1, 2))
    expect(first.get_by_role("button", name="Approve")).to_be_enabled()
    link = page.get_by_role("navigation", name="Views").get_by_role("link", name=re.compile("^Approvals"))
    late = Late(page, "**/v1/admin/approvals")
    at.looked_at_again()
    late.wait()
    at.confirmed(first, "Approve")
    expect(first).to_contain_text("Approved by ina.admin")
    at.confirmed(second, "Deny")
    expect(second).to_contain_text("Denied. It will not be done.")
    expect(first.get_by_role("button", name="Approve")).to_have_count(0)
    count = link.inner_text()
    late.arrive()
    # at once: some seconds later the view would have read again by itself
    assert "Approved by ina.admin" in first.inner_text()
    assert first.get_by_role("button", name="Approve").count() == 0
    assert link.inner_text() == count


def test_a_code_of_an_approval_takes_nobody_away_from_elsewhere(
    desk: Opening, stack: Stack, policy: Callable[..., None]
) -> None:
    """B15: no key closes the dialog of what is under way; who has gone on is told of the code, and asks for it."""
    policy(two_person_approval=True)
    person, other = Person.restorable(stack), Person.restorable(stack)
    at = desk("admin", "otto")
    number = _clerk(at, stack, "otto").act(person.identity, "restore-code/issue", "lost", hours=1).expect(202)
    _clerk(at, stack, "olga").decide(number["approval"]["id"]).expect(204)
    page = at.go("#/approvals")
    late = Late(page, "**/restore-code/issue", "POST")
    at.confirmed(page.get_by_role("article").filter(has_text=person.identity), "Carry it out")
    late.wait()
    dialog = page.get_by_role("dialog")
    for _ in range(3):
        page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Close").click(force=True)
    expect(dialog).to_be_visible()
    at.user(other.identity)
    at.button("Bar restore").click()
    page.get_by_label("Reason").fill("something else")
    late.arrive()
    show = page.get_by_role("link", name=f"Show the code for {person.identity}", include_hidden=True)
    expect(show).to_have_count(1)
    expect(page.get_by_label("Reason")).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_value("something else")
    page.keyboard.press("Escape")
    show.click()
    expect(page.get_by_role("article", name="Restore code")).to_contain_text(person.identity)


def test_what_an_approval_came_to_is_told_elsewhere(desk: Opening, stack: Stack, policy: Callable[..., None]) -> None:
    """B15: an act that failed when somebody had gone on is not called done by silence."""
    policy(two_person_approval=True)
    person = Person.restorable(stack)
    at = desk("admin", "ina")
    _clerk(at, stack, "olga").act(person.identity, "restore-code/issue", "lost", hours=1).expect(202)
    page = at.go("#/approvals")
    held: list[Route] = []
    page.route(re.compile(r"/approvals/[^/]+$"), lambda route: held.append(route))  # noqa: PLW0108 - it marks what it is given
    with page.expect_request(re.compile(r"/approvals/[^/]+$")):
        at.confirmed(page.get_by_role("article").filter(has_text=person.identity), "Approve")
    at.go("#/users")
    expect(at.heading("Users")).to_be_visible()
    for route in held:
        route.abort()
    expect(page.get_by_text(f"For {person.identity}: no answer came to “Issue a one-time code”.")).to_be_visible()


def test_a_policy_that_is_being_saved_is_the_one_that_is_seen(desk: Opening, policy: Callable[..., None]) -> None:
    """S16: nothing can be written that the answer would throw away, and no older answer undoes what was saved."""
    policy(two_person_approval=False)
    at = desk("admin")
    page = at.go("#/policy")
    hours = page.get_by_label("Waiting period (hours)")
    expect(hours).to_be_enabled()
    at.go("#/users")
    expect(at.heading("Users")).to_be_visible()
    older = Late(page, "**/v1/admin/policy")
    at.go("#/policy")
    older.wait()
    hours.fill("7")
    at.button("Try it").click()
    expect(at.button("Save")).to_be_enabled()
    saved = Late(page, "**/v1/admin/policy", "PUT")
    at.button("Save").click()
    saved.wait()
    expect(hours).to_be_disabled()
    expect(at.button("Save")).to_be_focused()
    saved.arrive()
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    expect(hours).to_be_enabled()
    expect(hours).to_have_value("7")
    older.arrive()
    expect(hours).to_have_value("7")


def test_a_policy_that_waits_is_told_elsewhere(desk: Opening, stack: Stack, policy: Callable[..., None]) -> None:
    """B15: who has gone on before the answer learns that nothing is in force yet."""
    policy(two_person_approval=True)
    at = desk("admin")
    page = at.go("#/policy")
    page.get_by_label("Limits on a new device (hours)").fill("41")
    at.button("Try it").click()
    expect(at.button("Save")).to_be_enabled()
    late = Late(page, "**/v1/admin/policy", "PUT")
    at.button("Save").click()
    late.wait()
    at.go("#/users")
    expect(at.heading("Users")).to_be_visible()
    late.arrive()
    expect(page.get_by_text("Policy: This waits for a second person.")).to_be_visible()
    olga = _clerk(at, stack, "olga")
    asked = olga.call("GET", "/approvals").expect(200)["approvals"]
    (mine,) = [one for one in asked if one["act"] == "policy" and one["request"]["body"]["hold_hours"] == 41]
    olga.decide(mine["id"], approve=False).expect(204)
