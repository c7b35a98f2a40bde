"""`python -m local demo`: the whole story, from a first identity to the lost phone that is turned away.

Two simulated phones, a thief's and a mailbox play it against the stack deployed on this machine, as outside clients
that share no code with it. A sentence is printed once what it claims was checked; the first that does not hold ends it.
"""

import argparse
import dataclasses
import datetime as dt
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TextIO

from local.claims import same, says, true
from local.errors import StackError
from local.inbox import Inbox, Mail
from local.office import Office
from local.options import add_stack_options, choice_of
from local.phone import Answer, Phone, Unexpected, is_well_formed, made_up_code, mistyped, other_digits, plain_symbols
from local.phone import selector as selector_of
from local.progress import Progress
from local.sequel import Sequel
from local.signals import Stopped, stoppable
from local.stack import Stack, running_stack
from local.terminal import Terminal, shortened, timed

STOPPED = 130
PROMPT_AT = 6
ATTEMPTS = 5
LONGEST_REASON = 600
HOME = "192.0.2.10"
ELSEWHERE = "198.51.100.66"


class Served(Protocol):
    """What the story needs to know of a stack."""

    @property
    def api(self) -> str:
        """The server's address, as the app is given it."""

    @property
    def mailbox_address(self) -> str:
        """Where the mails are listed."""

    @property
    def summary(self) -> dict[str, str]:
        """What its stack.json holds."""


def main(arguments: Sequence[str]) -> int:
    """Start the stack, play the story; exit status 0, 1 when a step or the stack failed, 130 when told to end."""
    parser = argparse.ArgumentParser(
        prog="python -m local demo", description="Play the whole story on this machine, with the policy's defaults."
    )
    parser.add_argument("--verbose", action="store_true", help="show what goes over the wire")
    add_stack_options(parser, port=0)
    options = parser.parse_args(arguments)
    progress = Progress()
    try:
        with stoppable():
            progress.say("\nFirst the stack: a local AWS, and the template deployed to it as it is in the cloud.\n")
            begun = time.monotonic()
            with running_stack(choice_of(options), progress) as stack:
                up = time.monotonic()
                story = play(stack, verbose=options.verbose)
                seconds = time.monotonic() - up
                if story.held:
                    _close(story, seconds_up=up - begun, seconds=seconds)
                else:
                    _apologise(story, stack)
            return 0 if story.held else 1
    except Stopped:
        progress.say("\nStopped; everything has ended.")
        return STOPPED
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def play(stack: Served, *, verbose: bool = False, output: TextIO | None = None) -> "Story":
    """Tell the story against a stack that answers; `held` of what comes back says whether every step of it did.

    Args:
        stack: where to play it. Its policy has to be the default.
        verbose: whether to show what went over the wire.
        output: where to tell it; standard output unless given.
    """
    story = Story(stack, Terminal(output, verbose=verbose))
    try:
        story.tell()
    except Unexpected as unexpected:
        story.failed(str(unexpected))
    except (LookupError, TypeError, ValueError) as error:
        story.failed(f"expected an answer as the contract has it, came one in which {error!r}")
    except OSError as error:
        story.failed(f"expected an answer from {stack.api}, came {error!r}")
    return story


class Story:
    """The people in the story, and what they have in their hands as it goes on."""

    def __init__(self, stack: Served, terminal: Terminal) -> None:
        self.held = True
        self.steps = 0
        self.terminal = terminal
        self.wire: list[Answer] = []
        self._told = 0  # how many of them the terminal has been shown
        self._sentence = ""
        self.server = stack.api
        self.summary = stack.summary
        self.identity = f"ada-{secrets.token_hex(2)}"
        self.inbox = Inbox(stack.mailbox_address, f"{self.identity}@example.com")
        self.old = Phone(self.server, name="Ada's phone", platform="ios", source=HOME, log=self.wire)
        self.new = Phone(
            self.server, name="Ada's new phone", platform="android", kind="ed25519", source=HOME, log=self.wire
        )
        self.thief = Phone(self.server, name="Mallory's phone", platform="other", source=ELSEWHERE, log=self.wire)
        self.codes: list[str] = []
        """Every restore code that Ada was ever shown; the last one is on the sheet of paper in her drawer."""
        self.label = ""

    def tell(self) -> None:
        """The whole of it, in order; `Unexpected` where something does not hold."""
        chapters: list[tuple[str, Callable[[], None]]] = [
            ("Ada gets an identity", self.creation),
            ("Ada is asked to back it up", self.prompt),
            ("Ada enables restore", self.enabling),
            ("Mallory has taken a picture of the sheet of paper", self.thief_with_the_paper),
            ("Ada loses her phone, and Mallory guesses", self.loss),
            ("Ada restores her identity on a new phone", self.restoring),
            ("The lost phone is turned away", self.turning_away),
            *Sequel(self).chapters(),
            *Office(self).chapters(),
        ]
        self.terminal.title(f"An identity survives the loss of its phone, at {self.server}")
        for number, (title, chapter) in enumerate(chapters, 1):
            self.terminal.chapter(f"{number}. {title}")
            chapter()

    def failed(self, why: str) -> None:
        """Say which step did not hold, and why."""
        self.held = False
        self._show_wire()
        self.terminal.failed(f"This failed: {self._sentence}")
        for line in why.splitlines():
            self.terminal.note(shortened(line, LONGEST_REASON))

    @contextmanager
    def step(self, sentence: str) -> Iterator[None]:
        """What is done and checked inside, then the sentence with the time that it took."""
        self._sentence = sentence
        with timed() as seconds:
            yield
        self.steps += 1
        self.terminal.told(sentence, seconds[0])
        self._show_wire()

    def _show_wire(self) -> None:
        self.terminal.wire(self.wire[self._told :])
        self._told = len(self.wire)

    def _mail(self, mail: Mail) -> None:
        self.terminal.note(f"Mail: {mail.subject}")
        self.terminal.mail(mail.text)

    def _shown(self) -> None:
        """The code that the app shows, to be written down."""
        self.terminal.note(f"Restore code {self.label}: {self.codes[-1]}")

    @property
    def paper(self) -> str:
        """The restore code on the sheet of paper."""
        return self.codes[-1]

    # 1

    def creation(self) -> None:
        """Discovery, a new identity, and its confirmed address."""
        with self.step("Her app asks the server who it is, and hears the very address that she typed in."):
            about = self.old.discover().expect(200)
            says(about, server=self.server, api="v1")
            says(about["policy"], restore_enabled=True)
        with self.step(
            "Her phone makes two keys that never leave it, one of them behind her PIN, and creates the identity "
            f"“{self.identity}” with them."
        ):
            created = self.old.create(self.identity, self.inbox.address).expect(201)
            says(created, identity=self.identity)
            says(created["device"], id=self.old.id, paired_by="creation", verification=True)
            says(created["restore"], status="off")
        with self.step("A code comes by mail, she types it in, and from now on the address counts as hers."):
            code, mail = self.inbox.next_code("the code that confirms the address")
            self.old.confirm_email(code).expect(200)
            shown = self.old.show()
            says(shown.expect(200), email_confirmed=True)
            true("the address in short only", came=shown.text, holds=self.inbox.address not in shown.text)
        self._mail(mail)

    # 2

    def prompt(self) -> None:
        """Six sign-ins, the prompt at the sixth."""
        with self.step(f"She signs in {PROMPT_AT - 1} times, and nothing interrupts her."):
            for count in range(1, PROMPT_AT):
                says(self.old.sign_in().expect(201), sign_in_count=count, back_up_prompt=False)
        with self.step("At the sixth the app asks: back up your identity, before this phone is lost?"):
            says(self.old.sign_in().expect(201), sign_in_count=PROMPT_AT, back_up_prompt=True)

    # 3

    def enabling(self) -> None:
        """The restore code, and its QR code."""
        with self.step("An unlocked phone alone cannot do it: without the key behind her PIN the server refuses."):
            self.old.act("POST", self.old.path("/restore"), {}).expect(401, "verification_required")
        with self.step("She enters her PIN and is shown her restore code, once. She writes it down and locks it away."):
            enabled = self._new_code(self.old.enable().expect(201))
            says(enabled["restore"], status="enabled", code_label=self.label)
            says(self.old.show().expect(200), back_up_prompt=False)
        self._shown()
        with self.step("The same as a QR code, to save typing. What stands behind its # never reaches a server:"):
            uri = f"{self.server}/restore#i={self.identity}&c={plain_symbols(self.paper)}"
            says(enabled["qr"], uri=uri)
            true("a drawing", came=enabled["qr"]["svg"][:200], holds="<svg" in enabled["qr"]["svg"])
        self.terminal.qr(uri)
        with self.step("A mail says that restore is enabled. It names the sheet's label, never the code."):
            mail = self.inbox.next("restore is enabled", lambda mail: self.label in mail.text)
            self._no_code_in(mail)
        self._mail(mail)

    def _new_code(self, document: dict[str, object]) -> dict[str, dict[str, str]]:
        """Take the restore code from an answer and put it on paper; the answer's objects."""
        code, label = str(document["restore_code"]), str(document["code_label"])
        true("a restore code whose check symbols fit", came=code, holds=is_well_formed(code))
        true("a code that is not an earlier one", came=code, holds=code not in self.codes)
        true("a label that is not the last one's", came=label, holds=label != self.label)
        self.codes.append(code)
        self.label = label
        return {name: member for name, member in document.items() if isinstance(member, dict)}

    # 4

    def thief_with_the_paper(self) -> None:
        """One proof of two: seen at once, of no use, ended by one tap, and made worthless."""
        with self.step("He types in her code. It is the right one, and all it does is send a second one: to Ada."):
            asked = self.thief.request_restore(self.identity, self.paper).expect(202)["restoration"]
            says(asked, status="awaiting_code")
            code, mail = self.inbox.next_code("the second code")
            true("no code in the answer", came=asked, holds=code not in str(asked))
        with self.step("So she knows, twice: her own phone shows who is trying, and the mail names his phone as well."):
            pending = self.old.show().expect(200)["restorations"]
            same("the pending restorations", [one["id"] for one in pending], [asked["id"]])
            says(pending[0]["device"], name=self.thief.name)
            true(f"“{self.thief.name}” in the mail", came=mail.text, holds=self.thief.name in mail.text)
        self._mail(mail)
        with self.step(f"He guesses the eight digits {ATTEMPTS} times. Then not even the right ones would help him."):
            for left in reversed(range(ATTEMPTS)):
                guess = other_digits(code, 1 + left)  # what he guesses has to be wrong each time
                says(self.thief.complete(asked["id"], guess).expect(403, "wrong_code"), attempts_left=left)
            self.thief.complete(asked["id"], code).expect(410, "attempts_exhausted")
        with self.step("He starts again. She ends it with one tap, and the mailed code is worth nothing any more."):
            again = self.thief.request_restore(self.identity, self.paper).expect(202)["restoration"]
            code, mail = self.inbox.next_code("the second code, the second time")
            self.old.veto(again["id"]).expect(204)
            self.thief.complete(again["id"], code).expect(410, "cancelled")
        stolen = self.paper
        with self.step("She makes a new code, and his picture shows a sheet that opens nothing."):
            self._new_code(self.old.enable().expect(201))
            self.thief.request_restore(self.identity, stolen).expect(403, "restore_refused")
            same("her devices", self._devices(self.old), {self.old.id})
            mail = self.inbox.next("the code was replaced", lambda mail: self.label in mail.text)
            self._no_code_in(mail)
        self._mail(mail)
        self._shown()

    # 5

    def loss(self) -> None:
        """Wrong restore codes, which tell nothing."""
        self.terminal.note("What she has left is the sheet of paper and her mailbox.")
        with self.step(
            "Mallory makes up a restore code. It is refused, and byte for byte as for somebody who does not exist: "
            "he learns nothing, not even that she is a user."
        ):
            wrong = self.thief.request_restore(self.identity, made_up_code())
            wrong.expect(403, "restore_refused")
            unknown = self.thief.request_restore(f"nobody-{secrets.token_hex(4)}", made_up_code())
            same("the refusal for an unknown identity", (unknown.status, unknown.body), (wrong.status, wrong.body))
        with self.step(
            "He has seen the first two groups of the new sheet. With the rest guessed the answer is the same."
        ):
            close = self.thief.request_restore(self.identity, made_up_code(selector_of(self.paper)))
            same("the refusal for a code that begins well", (close.status, close.body), (wrong.status, wrong.body))

    # 6

    def restoring(self) -> None:
        """Both codes on a new phone, and the paper replaced in the same moment."""
        with self.step("In her hurry she mistypes one symbol. The check symbols tell, and it costs her nothing."):
            self.new.request_restore(self.identity, mistyped(self.paper)).expect(422, "code_mistyped")
        with self.step("Now the code as it is on the sheet, in small letters and with blanks. A second one is mailed."):
            typed = self.paper.lower().replace("-", " ")
            asked = self.new.request_restore(self.identity, typed).expect(202)["restoration"]
            says(asked, attempts_left=ATTEMPTS)
            code, mail = self.inbox.next_code("the second code")
            says(asked["device"], id=self.new.id)
            true("the server's address in the mail", came=mail.text, holds=self.server in mail.text)
            true("the new phone's name in the mail", came=mail.text, holds=self.new.name in mail.text)
        self._mail(mail)
        with self.step("She gets a digit wrong, and is told that four attempts are left."):
            refused = self.new.complete(asked["id"], other_digits(code), "keep").expect(403, "wrong_code")
            says(refused, attempts_left=ATTEMPTS - 1)
        used = self.paper
        with self.step(
            "Then the right ones, and a new PIN: the new phone's own keys, of another kind than the lost one's, now "
            "stand for her identity."
        ):
            done = self.new.complete(asked["id"], code, "keep").expect(201)
            says(done, identity=self.identity, unpaired=[])
            says(done["device"], id=self.new.id, paired_by="restoration", verification=True)
        before = self.label
        with self.step("The code that she used ended in the same moment; the app shows the next one for the drawer."):
            self._new_code(done)
            self.thief.request_restore(self.identity, used).expect(403, "restore_refused")
        self._shown()
        self.terminal.note(f"The sheet labelled {before} can be thrown away.")
        with self.step("She signs in. It is the same identity, and her count goes on where it was."):
            says(self.new.sign_in().expect(201), sign_in_count=PROMPT_AT + 1)
        with self.step(
            "For a day the new phone is on hold, in case it was not her: it cannot change codes or addresses."
        ):
            held = self.new.enable().expect(403, "not_allowed")
            true("an end of the hold", came=held, holds=isinstance(held.get("until"), str))
            says(done["device"], held_until=held["until"])
            since, until = (dt.datetime.fromisoformat(done["device"][at]) for at in ("paired_at", "held_until"))
            same("the length of the hold", until - since, dt.timedelta(days=1))
        with self.step("A mail tells of the new phone, with a link for the case that it was not her."):
            mail = self.inbox.next("the identity was restored", lambda mail: self.label in mail.text)
            true("the new phone's name in it", came=mail.text, holds=self.new.name in mail.text)
            true("a link", came=mail.links, holds=any(link.startswith(self.server) for link in mail.links))
            self._no_code_in(mail)
        self._mail(mail)

    # 7

    def turning_away(self) -> None:
        """Unpairing, and what is then left of the lost phone: nothing."""
        with self.step("On the new phone she sees both devices, and unpairs the lost one with her new PIN."):
            same("her devices", self._devices(self.new), {self.old.id, self.new.id})
            self.new.unpair(self.old.id).expect(204)
            same("her devices", self._devices(self.new), {self.new.id})
        with self.step("Whoever holds the lost phone now: its very next request is turned away, like a stranger's."):
            stranger = Phone(self.server, identity=self.identity, source=ELSEWHERE, log=self.wire)
            for turned_away, nobody in ((self.old.sign_in(), stranger.sign_in()), (self.old.show(), stranger.show())):
                turned_away.expect(401, "not_paired")
                same("the refusal of a stranger", (nobody.status, nobody.body), (turned_away.status, turned_away.body))
        with self.step("A recorded request of the new phone, sent a second time, is refused."):
            recorded = self.new.prepare_sign_in()
            says(self.new.send(recorded).expect(201), sign_in_count=PROMPT_AT + 2)
            self.new.send(recorded).expect(401, "signature_replayed")
        with self.step("Another one, with one word changed on its way, is refused as well, and nothing was counted."):
            forged = dataclasses.replace(self.new.prepare_sign_in(), body=b'{"as":"eve"}')
            self.new.send(forged).expect(401, "signature_invalid")
            says(self.new.show().expect(200), sign_in_count=PROMPT_AT + 2)
        with self.step("The last mail tells her that the lost phone is unpaired."):
            mail = self.inbox.next("the device was unpaired", lambda mail: self.old.name in mail.text)
        self._mail(mail)
        mails = self.inbox.mails()
        with self.step(f"In none of the {len(mails)} mails was there ever a restore code."):
            for mail in mails:
                self._no_code_in(mail)

    def _devices(self, phone: Phone) -> set[str]:
        return {device["id"] for device in phone.show().expect(200)["devices"]}

    def _no_code_in(self, mail: Mail) -> None:
        content = plain_symbols(mail.subject + mail.text + mail.html)
        leaked = [code for code in self.codes if plain_symbols(code) in content]
        same(f"restore codes in the mail “{mail.subject}”", leaked, [])


def _close(story: Story, *, seconds_up: float, seconds: float) -> None:
    story.terminal.box(
        [
            f"All {story.steps} steps held, with {len(story.wire)} requests in {seconds:.1f} seconds.",
            f"To build, start and deploy the stack took {seconds_up:.1f} seconds before that.",
            "",
            "What to try next",
            "  make demo ARGS=--verbose   the same, and all that goes over the wire",
            "  make serve                 keep the stack up, for an app of your own",
            "  make test                  what is claimed here, and more, as tests",
            "  README.md                  how it works, and how it gets to the cloud",
        ]
    )


def _apologise(story: Story, stack: Stack) -> None:
    story.terminal.line()
    story.terminal.line(
        f"  {story.steps} steps held before it. What the functions wrote: {stack.folder / 'functions.log'}"
    )
    story.terminal.line("  Everything that went over the wire: make demo ARGS=--verbose")
