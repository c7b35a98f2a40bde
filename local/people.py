"""`python -m local people`: a few people with phones at the stack that is up, so that there is something to look at.

One in each state that an administrator meets: restorable, restore off, an address that waits for its code, a
restoration under way, a device that is held, barred.
"""

import argparse
import secrets
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from local.clerk import Clerk
from local.errors import said
from local.inbox import Inbox
from local.phone import Phone, Unexpected
from local.user_pool import Administrators
from local.whereabouts import add_folder_option, answering, read_stack


@said
def main(arguments: Sequence[str]) -> int:
    """Make them, and say who they are; exit status 0, 1 when no stack is up or it answers otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m local people", description="Make a few people at the stack that is up, one in each state."
    )
    add_folder_option(parser)
    options = parser.parse_args(arguments)
    with answering(options.folder, OSError, Unexpected):
        stack = read_stack(options.folder)
        for name, live in LIVES.items():
            someone = Someone(stack, name)
            told = live(someone) if someone.is_new() else "is there already"
            print(f"  {name:<6} {told}", flush=True)
    return 0


class Someone:
    """A person with a name, a phone and a mailbox."""

    def __init__(self, stack: dict[str, str], name: str) -> None:
        self._stack = stack
        self.name = name
        # an address of its own (RFC 2544's range): what one source may create in an hour is limited
        source = f"198.18.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        self.phone = Phone(stack["api"], name=f"{name.title()}'s phone", platform="ios", source=source)
        self.inbox = Inbox(stack["mailbox"], f"{name}@example.com")
        self.paper = ""

    def is_new(self) -> bool:
        """Create the identity; False where there is one of this name."""
        answer = self.phone.create(self.name)
        if answer.status != HTTPStatus.CONFLICT:
            answer.expect(HTTPStatus.CREATED)
        return answer.status == HTTPStatus.CREATED

    def with_restore(self) -> None:
        """Confirm an address, and write the restore code down."""
        made = self.phone.enable(self.inbox.address).expect(HTTPStatus.CREATED)
        self.paper = made["restore_code"]
        self.phone.confirm_email(self.mailed()).expect(HTTPStatus.OK)

    def begins(self) -> tuple[Phone, str]:
        """Ask for the identity on another phone; that phone, and the restoration's id."""
        other = Phone(self._stack["api"], name=f"{self.name.title()}'s new phone", platform="android")
        begun = other.request_restore(self.name, self.paper).expect(HTTPStatus.ACCEPTED)
        return other, begun["restoration"]["id"]

    def mailed(self) -> str:
        """The code of the next mail that has one."""
        return self.inbox.next_code(f"a code for {self.name}")[0]

    def helpdesk(self) -> Clerk:
        """Somebody of the help desk."""
        return Clerk(self._stack["api"], Administrators.of(self._stack).token("helpdesk"))


def _ada(ada: Someone) -> str:
    ada.with_restore()
    ada.phone.drill(ada.paper).expect(HTTPStatus.OK)
    offer: dict[str, Any] = ada.phone.offer_pairing().expect(HTTPStatus.CREATED)
    tablet = Phone(ada.phone.server, name="Ada's tablet", platform="android")
    tablet.scan(ada.name, offer["pairing"]["id"], offer["secret"]).expect(HTTPStatus.CREATED)
    return f"can restore with {ada.paper}, has tested that code, and has a phone and a tablet"


def _ben(_: Someone) -> str:
    return "has never enabled restore"


def _clara(clara: Someone) -> str:
    clara.phone.enable(clara.inbox.address).expect(HTTPStatus.CREATED)
    return f"has not confirmed {clara.inbox.address}: the code is in the mailbox"


def _dan(dan: Someone) -> str:
    dan.with_restore()
    dan.begins()
    return "is being restored to another phone: the second code is in the mailbox"


def _eva(eva: Someone) -> str:
    eva.with_restore()
    phone, restoration = eva.begins()
    phone.complete(restoration, eva.mailed(), "keep").expect(HTTPStatus.CREATED)
    return "was restored just now: the new phone is held"


def _finn(finn: Someone) -> str:
    finn.with_restore()
    finn.helpdesk().act(finn.name, "restore/barring", "Reported the phone stolen").expect(HTTPStatus.NO_CONTENT)
    return "was barred by the help desk"


LIVES: dict[str, Callable[[Someone], str]] = {
    "ada": _ada,
    "ben": _ben,
    "clara": _clara,
    "dan": _dan,
    "eva": _eva,
    "finn": _finn,
}
