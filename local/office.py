"""The demo's last part: a company's administrators set policy, help somebody who has nothing left, and can prove it."""

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.claims import same, says, true
from local.clerk import Clerk
from local.inbox import Inbox, Mail
from local.phone import Phone
from local.user_pool import Administrators
from local.verify_log import whole_log_of

if TYPE_CHECKING:
    from local.demo import Story

AT_HER_DESK = "192.0.2.30"
REASON = "Came to the desk with her passport; phone and paper are lost."
PATIENCE_SECONDS = 60


class Office:
    """The administrators' chapters. Steps are told by the story that they belong to."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.number = secrets.token_hex(2)
        self.identity = f"cleo-{self.number}"
        self.inbox = Inbox(story.inbox.mailbox, f"{self.identity}@example.com")
        self.phone = self._phone("Cleo's phone")
        self.people = Administrators.of(story.summary)
        self.before: dict[str, Any] = {}

    def chapters(self) -> list[tuple[str, Callable[[], None]]]:
        """Their titles, and what tells them."""
        return [
            ("The company wants everybody restorable, and tries the change first", self.policy),
            ("Cleo has lost phone and paper, and is helped by two people", self.two_people),
            ("Who did what can be proved", self.proof),
        ]

    # 11

    def policy(self) -> None:
        """A dry run, a change over the version that was read, and what it does to the next identity."""
        step = self.story.step
        with step("Olga and Paul administer, Rita at the help desk helps, Alan audits: each signs in at the pool."):
            self.olga, self.paul = self._clerk("admin", "olga"), self._clerk("admin", "paul")
            self.rita, self.alan = self._clerk("helpdesk", "rita"), self._clerk("auditor", "alan")
            self.before, version = self.alan.policy()
        wanted = {**self.before, "enforce_on_creation": True, "unpair_others_on_restore": True}
        with step("What would it do? A dry run counts whom it would lock out or oblige, and changes nothing."):
            effect = self.olga.call("PUT", "/policy?dry_run=true", wanted).expect(200)
            says(effect, locked_out=0)
            true("a count", came=effect["obliged"], holds=isinstance(effect["obliged"], int))
            same("the version", self.alan.policy()[1], version)
        with step("Rita may not change policy, and Olga not over a version that she has not read."):
            self.rita.call("PUT", "/policy", wanted, if_match=version).expect(403, "not_allowed")
            self.olga.call("PUT", "/policy", wanted).expect(428, "if_match_required")
            self.olga.call("PUT", "/policy", wanted, if_match='"0815"').expect(412, "stale")
        with step("Olga sets it: from now on every new identity has its restore code from the start."):
            wanted["two_person_approval"] = True
            self.olga.call("PUT", "/policy", wanted, if_match=version).expect(200)
        with step(f"Cleo's “{self.identity}” is such a one. Her address is confirmed; the paper goes into a drawer."):
            made = self.phone.create(self.identity, self.inbox.address).expect(201)
            true("a restore code", came=sorted(made), holds="restore_code" in made)
            code, _ = self.inbox.next_code("the code that confirms the address")
            says(self.phone.confirm_email(code).expect(200)["restore"], status="enabled")

    # 12

    def two_people(self) -> None:
        """An issued code, asked for by one and allowed by another, and never seen by that one."""
        step, name = self.story.step, self.identity
        with step("The drawer was in a bag, with the phone. Rita sees at once what there is, and no address or code."):
            shown = self.rita.call("GET", f"/identities/{name}").expect(200)
            says(shown["restore"], status="enabled")
            true("a hint", came=shown["email_hint"], holds=shown["email_hint"] == f"{name[0]}***@example.com")
            self.rita.act(name, "restore-code/issue", REASON, hours=4).expect(403, "not_allowed")
        with step("Olga may issue a one-time code, but not alone: asking gives her a number, and no code."):
            asked = self.olga.act(name, "restore-code/issue", REASON, hours=4).expect(202)["approval"]
            self.olga.act(name, "restore-code/issue", REASON, hours=4, approval=asked["id"]).expect(403, "not_allowed")
            self.olga.decide(asked["id"]).expect(403, "not_allowed")
        with step("Paul reads what exactly would be done, and why, and allows it. He never sees the code."):
            (waits,) = [
                one for one in self.paul.call("GET", "/approvals").expect(200)["approvals"] if one["id"] == asked["id"]
            ]
            says(waits, act="issue", identity=name, reason=REASON)
            self.paul.decide(asked["id"]).expect(204)
        with step("For another person, or another number of hours, what he allowed counts for nothing."):
            self.olga.act(name, "restore-code/issue", REASON, hours=72, approval=asked["id"]).expect(403, "not_allowed")
            self.paul.act(name, "restore-code/issue", REASON, hours=4, approval=asked["id"]).expect(403, "not_allowed")
        with step("Olga sends the very same request again, and hands the code over. It is good for four hours, once."):
            issued = self.olga.act(name, "restore-code/issue", REASON, hours=4, approval=asked["id"]).expect(201)
            self.olga.act(name, "restore-code/issue", REASON, hours=4, approval=asked["id"]).expect(403, "not_allowed")
        self._told("a one-time code was issued", str(issued["code_label"]))
        self.story.terminal.qr(str(issued["qr"]["uri"]))
        new = self._phone("Cleo's new phone")
        with step(
            "With it, and the second code from her mailbox, Cleo is back within the minute; her lost phone is out."
        ):
            begun = new.request_restore(name, issued["restore_code"]).expect(202)["restoration"]
            code, _ = self.inbox.next_code("the second code")
            done = new.complete(begun["id"], code).expect(201)
            same("the unpaired", done["unpaired"], [self.phone.id])
            self.phone.sign_in().expect(401, "not_paired")
        with step("The issued code is spent, and Cleo has a sheet of her own again."):
            self._phone("Mallory's phone").request_restore(name, issued["restore_code"]).expect(403, "restore_refused")
            says(new.drill(str(done["restore_code"])).expect(200), valid=True)

    # 13

    def proof(self) -> None:
        """The audit log by type, readiness, policy put back by two, and the log verified."""
        step = self.story.step
        with step("Alan finds what was issued to whom, when, why and by whom, without reading everything."):
            rows = self._rows("issue.ordered")
            says(rows[0]["detail"], identity=self.identity, reason=REASON)
        with step("He sees who could not be restored today, and what they lack."):
            counts = self.alan.call("GET", "/readiness").expect(200)
            total = counts["restorable"] + sum(counts["not_restorable"].values()) + counts["forbidden_by_policy"]
            same("all identities", total, counts["identities"])
        with step("To put policy back takes two people, too: it says so itself."):
            _, version = self.alan.policy()
            asked = self.olga.call("PUT", "/policy", self.before, if_match=version).expect(202)["approval"]
            self.paul.decide(asked["id"]).expect(204)
            self.olga.call("PUT", "/policy", self.before, if_match=version, approval=asked["id"]).expect(200)
        with step("Every entry follows from the one before it. `make verify-log` finds the log whole:"):
            lines = whole_log_of(self.story.summary)
        for line in lines:
            self.story.terminal.note(line)

    # What the chapters share

    def _phone(self, name: str) -> Phone:
        return Phone(self.story.server, name=name, source=AT_HER_DESK, log=self.story.wire)

    def _clerk(self, role: str, name: str) -> Clerk:
        # people of this story alone: one person's acts are limited, and a story may be told often in an hour
        return Clerk(self.story.server, self.people.token(role, f"{name}-{self.number}"), self.story.wire)

    def _told(self, what: str, label: str) -> Mail:
        mail = self.inbox.next(what, lambda mail: mail.code is None and label in mail.text)
        self.story.terminal.note(f"Mail: {mail.subject}")
        self.story.terminal.mail(mail.text)
        return mail

    def _rows(self, kind: str) -> list[dict[str, Any]]:
        """The newest rows of a type; they are found a moment after the act."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            rows: list[dict[str, Any]] = self.alan.call("GET", f"/events?type={kind}").expect(200)["events"]
            if rows or time.monotonic() > give_up:
                true(f"a row {kind}", came=rows, holds=bool(rows))
                return rows
            time.sleep(0.5)
