"""The demo's second half: Ben has a tablet, and Mallory has both of Ben's codes."""

import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.claims import same, says, true
from local.inbox import Inbox, Mail
from local.phone import Answer, Phone, made_up_code

if TYPE_CHECKING:
    from local.demo import Story

HOME = "192.0.2.20"
ELSEWHERE = "198.51.100.77"


class Sequel:
    """Ben's chapters. Steps are told by the story that they belong to."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.identity = f"ben-{secrets.token_hex(2)}"
        self.inbox = Inbox(story.inbox.mailbox, f"{self.identity}@example.com")
        self.phone = self._phone("Ben's phone", HOME)
        self.tablet = self._phone("Ben's tablet", HOME)
        self.thief = self._phone("Mallory's phone", ELSEWHERE)
        self.paper = ""
        self.links: list[str] = []

    def chapters(self) -> list[tuple[str, Callable[[], None]]]:
        """Their titles, and what tells them."""
        return [
            ("Ben adds a tablet, and tries whether his code is right", self.duplicating),
            ("Mallory has Ben's sheet of paper and his mailbox, and is thrown out by his phone", self.both_codes),
            ("Mallory tries again, and is stopped from the mail alone", self.disputing),
        ]

    # 8

    def duplicating(self) -> None:
        """Pairing by QR code, and a drill."""
        step = self.story.step
        with step(f"Ben has a phone, the identity “{self.identity}”, a confirmed address and a restore code."):
            self.phone.create(self.identity, self.inbox.address).expect(201)
            code, _ = self.inbox.next_code("the code that confirms the address")
            self.phone.confirm_email(code).expect(200)
            self.paper = str(self.phone.enable().expect(201)["restore_code"])
        with step("After his PIN the phone shows a QR code, good once and for five minutes. The tablet scans it:"):
            offer = self.phone.offer_pairing().expect(201)
            number, secret = offer["pairing"]["id"], str(offer["secret"])
            same("the QR code", offer["qr"]["uri"], f"{self.story.server}/pair#i={self.identity}&p={number}&s={secret}")
        self.story.terminal.qr(str(offer["qr"]["uri"]))
        with step("The tablet is paired, with keys of its own. The same code on another phone is worth nothing."):
            says(self.tablet.scan(self.identity, number, secret).expect(201)["device"], paired_by="pairing")
            self.thief.scan(self.identity, number, secret).expect(410, "used")
            says(self.phone.pairing(number).expect(200)["pairing"], status="used")
            same("his devices", self._devices(self.phone), {self.phone.id, self.tablet.id})
        mail = self._told("a new device was paired", self.tablet.name)
        true("a link", came=mail.links, holds=bool(self._dispute_link(mail)))
        with step("Is the code in his safe the right one? A drill says yes, another code no, and nothing is used up."):
            says(self.phone.drill(self.paper).expect(200), valid=True)
            self.phone.drill(made_up_code()).expect(403, "wrong_code")
            self.phone.drill(self.paper).expect(200)

    # 9

    def both_codes(self) -> None:
        """A thief with both codes is in for hours at the most."""
        step = self.story.step
        with step("With both codes Mallory gets in, and unpairs Ben's devices: they are turned away at once."):
            done = self._stolen(self.thief, "unpair")
            says(done["device"], paired_by="restoration")
            same("the unpaired", set(done["unpaired"]), {self.phone.id, self.tablet.id})
            self.phone.sign_in().expect(401, "not_paired")
        self._told("the identity was restored", self.thief.name)
        with step(
            "But for a day his phone is on hold: it can neither make a code, nor switch restore off, nor pair another."
        ):
            self.thief.enable().expect(403, "not_allowed")
            self.thief.disable().expect(403, "not_allowed")
            self.thief.offer_pairing().expect(403, "not_allowed")
        with step("And for so long Ben's phone, with his PIN, has a way back. An unlocked phone alone has none:"):
            self.phone.act("DELETE", self.phone.path("/devices/held")).expect(401, "verification_required")
            self.phone.come_back().expect(204)
        with step("Mallory is out, the code that he was given is dead, and restore is off until Ben enables it again."):
            self.thief.show().expect(401, "not_paired")
            shown = self.phone.show().expect(200)
            says(shown["restore"], status="off")
            true("Ben's phone", came=shown["devices"], holds=self.phone.id in {one["id"] for one in shown["devices"]})
            self._phone("Mallory's other", ELSEWHERE).request_restore(self.identity, done["restore_code"]).expect(
                403, "restore_refused"
            )
        self._told("a device has come back", self.phone.name)
        with step("He does, and a new sheet goes into the safe."):
            self.paper = str(self.phone.enable().expect(201)["restore_code"])

    # 10

    def disputing(self) -> None:
        """A restoration is ended from its mail; a scanner that opens the link does nothing."""
        step = self.story.step
        other = self._phone("Mallory's other phone", ELSEWHERE)
        with step("Mallory has seen the new sheet, too. The mail to Ben has a link: “that was not me”."):
            asked = other.request_restore(self.identity, self.paper).expect(202)["restoration"]
            code, mail = self.inbox.next_code("the second code")
            link = self._dispute_link(mail)
        with step("A mail scanner opens it three times. Nothing happens: only the button on the page acts."):
            for _ in range(3):
                self._page(link).expect_page(200)
            says(self.phone.restoration(asked["id"]).expect(200)["restoration"], status="awaiting_code")
        with step("Ben presses the button. The restoration is over, and the link is used up."):
            self._page(link, press=True).expect_page(200)
            other.complete(asked["id"], code).expect(410, "cancelled")
            self._page(link, press=True).expect_page(410)
        with step("It took away what was done and barred nothing: Ben himself could restore at any time."):
            says(self.phone.show().expect(200)["restore"], status="enabled")
        with step("Whatever happened is in Ben's log, numbered and chained, and his phone keeps its head."):
            head = self.phone.show().expect(200)["log"]
            true("a number that grows", came=head, holds=int(head["seq"]) > 0)
            says(self.phone.sign_in().expect(201), log=head)

    # What the chapters share

    def _phone(self, name: str, source: str) -> Phone:
        return Phone(self.story.server, name=name, source=source, log=self.story.wire)

    def _stolen(self, thief: Phone, other_devices: Any) -> dict[str, Any]:
        asked = thief.request_restore(self.identity, self.paper).expect(202)["restoration"]
        code, _ = self.inbox.next_code("the second code")
        return thief.complete(asked["id"], code, other_devices).expect(201)

    def _devices(self, phone: Phone) -> set[str]:
        return {device["id"] for device in phone.show().expect(200)["devices"]}

    def _told(self, what: str, name: str) -> Mail:
        """A notice names the device; it is shown under the step before it."""
        mail = self.inbox.next(what, lambda mail: mail.code is None and name in mail.text)
        self.story.terminal.note(f"Mail: {mail.subject}")
        self.story.terminal.mail(mail.text)
        return mail

    def _dispute_link(self, mail: Mail) -> str:
        return next(link for link in mail.links if re.search(r"/dispute/[^/]+$", link))

    def _page(self, link: str, *, press: bool = False) -> "Page":
        browser = self._phone("Browser", HOME)
        path = link.removeprefix(self.story.server)
        return Page(browser.dispute(path.rpartition("/")[2]) if press else browser.fetch(path))


class Page:
    """A page that a browser was answered."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def expect_page(self, status: int) -> None:
        """Stop the story unless it is a page with this status."""
        same("the page's status", self._answer.status, status)
        kind = self._answer.header("Content-Type") or ""
        true("a page", came=kind, holds=kind.startswith("text/html"))
