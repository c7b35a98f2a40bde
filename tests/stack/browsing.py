"""Administrators at the dashboard, each in a browser of their own."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Self

from playwright.sync_api import Browser, Locator, Page, Playwright, Request, Route, ViewportSize, expect

from functions.dashboard.bundle import workshop
from local.places import ROOT, STATE
from local.user_pool import PASSWORD, Administrators

if TYPE_CHECKING:
    from local.stack import Stack

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PICTURES: Final = STATE / "screenshots"
DESKTOP: Final = ViewportSize(width=1280, height=800)
PHONE: Final = ViewportSize(width=390, height=844)
SECONDS_TO_BE_LISTED: Final = 30.0
"""A list follows what happens a moment later, by events."""

expect.set_options(timeout=20_000)
"""Milliseconds: a function that has not run yet takes its time here."""

WCAG: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def chromium(playwright: Playwright) -> Browser:
    """Debian's browser, which asks nobody else for anything."""
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)


class Desk:
    """One person at one browser. Whatever the browser complains about fails the test."""

    def __init__(self, browser: Browser, stack: Stack, **how: Any) -> None:
        self.address = f"{stack.api}/dashboard/"
        self.administrators = Administrators.of(stack.summary)
        self.complaints: list[str] = []
        usual: dict[str, Any] = {"locale": "en", "viewport": DESKTOP, "accept_downloads": True}
        self.context = browser.new_context(**{**usual, **how})
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self._heard(said.type, said.text))
        # what the policy of the page forbids is told here, whether the console tells it or not
        self.page.expose_function("heardOfViolation", self._heard_of_violation)
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', "
            "(event) => heardOfViolation(`${event.violatedDirective} ${event.blockedURI}`))"
        )

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:  # an answer of 4xx, which the page shows
            self.complaints.append(text)

    def _heard_of_violation(self, what: str) -> None:
        self.complaints.append(what)

    def signed_in(self, role: str, person: str = "") -> Self:
        """Come as somebody of a role."""
        email = self.administrators.person(role, person)
        self.page.goto(self.address)
        self.sign_in(email)
        expect(self.page.get_by_role("navigation", name=re.compile("Views|Ansichten"))).to_be_visible()
        return self

    def sign_in(self, email: str) -> None:
        """Fill in the pool's sign-in page, and come back from it."""
        self.page.locator("input[name=username]").fill(email)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        self._arrive()

    def come_again(self) -> None:
        """Open the dashboard anew: the pool's session brings one back without a form."""
        self.page.goto(self.address)
        self._arrive()

    def _arrive(self) -> None:
        expect(self.page.get_by_role("main")).to_be_visible()
        expect(self.page.get_by_role("heading", level=1)).not_to_have_text(re.compile("…$"))

    def go(self, where: str) -> Page:
        """Open a view by its address, as a bookmark does, without signing in again."""
        self.page.evaluate("(to) => { location.hash = to; }", where)
        return self.page

    def user(self, identity: str) -> Page:
        """Open a user's page, and wait until it is there."""
        self.go(f"#/user/{identity}")
        expect(self.heading(identity)).to_be_visible()
        expect(self.page.get_by_role("heading", name=re.compile("Devices|Geräte"))).to_be_visible()
        return self.page

    def heading(self, name: str) -> Locator:
        """The view's title."""
        return self.page.get_by_role("heading", name=name, level=1, exact=True)

    def button(self, name: str) -> Locator:
        """A button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def act(self, opens: str, confirms: str, reason: str = "asked by telephone") -> None:
        """Open an act's dialog, say why, and confirm."""
        self.button(opens).click()
        self.page.get_by_label("Reason").fill(reason)
        self.page.get_by_role("dialog").get_by_role("button", name=confirms, exact=True).click()

    def confirmed(self, card: Locator, what: str) -> None:
        """Decide on an approval, or carry it out: at its card, then in the dialog that says what it does."""
        card.get_by_role("button", name=what, exact=True).click()
        self.page.get_by_role("dialog").get_by_role("button", name=what, exact=True).click()

    def looked_at_again(self) -> None:
        """Come back to the page from another window, some time later."""
        time.sleep(2.5)  # sooner than that is the same look
        self.page.evaluate("dispatchEvent(new Event('focus'))")

    def listed(self, identity: str) -> Locator:
        """The user's row in the list, once the list has it."""
        end = time.monotonic() + SECONDS_TO_BE_LISTED
        search = self.page.get_by_label("Find a user")
        row = self.page.get_by_role("row").filter(has_text=identity)
        while time.monotonic() < end:
            search.fill("")
            search.fill(identity)
            try:
                expect(row).to_be_visible(timeout=3000)
            except AssertionError:
                continue
            return row
        raise AssertionError(f"{identity} was never listed")

    def picture(self, name: str) -> None:
        """Keep what is to be seen, for eyes."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"dashboard-{name}.png", full_page=True)

    def violations(self) -> list[str]:
        """What axe finds against WCAG on the page as it is."""
        axe = (workshop(ROOT / ".tools/dashboard") / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
        self.page.evaluate(axe)
        options = {"runOnly": list(WCAG), "resultTypes": ["violations"]}
        found: list[dict[str, Any]] = self.page.evaluate("(options) => axe.run(document, options)", options)[
            "violations"
        ]
        return [f"{one['id']}: {node['html']} {node['failureSummary']}" for one in found for node in one["nodes"]]

    def with_tokens(self, change: Callable[[str], str], *, refreshed: bool = True) -> None:
        """Have the next id tokens of the pool changed on their way, as if the pool had given them so.

        Without `refreshed` none is given for a refresh token: the session at the pool is over.
        """

        def answer(route: Route, request: Request) -> None:
            if not refreshed and "refresh_token" in (request.post_data or ""):
                route.fulfill(status=400, json={"error": "invalid_grant"})
                return
            given = route.fetch()
            tokens = given.json()
            route.fulfill(response=given, json={**tokens, "id_token": change(tokens["id_token"])})

        self.page.route("**/oauth2/token", answer)

    def close(self) -> None:
        """Leave, and fail where the browser had something to complain about."""
        self.context.close()
        assert not self.complaints


type Opening = Callable[..., Desk]
"""Open a browser for somebody of a role."""
