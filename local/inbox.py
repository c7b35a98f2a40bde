"""A person's mailbox, as the person sees it: the mails to one address, read once each, newest last.

Like the simulated phone it knows nothing of the server: it asks the mailbox's address, which `.local/stack.json` names.
"""

import dataclasses
import re
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from local.phone import Request, Unexpected, send

SECONDS_TO_ARRIVE = 30.0
PAUSE_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Mail:
    """One mail; `sent_at` is RFC 3339 in UTC."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    sent_at: str

    @classmethod
    def of(cls, listed: dict[str, Any]) -> Self:
        """The mail that the mailbox lists."""
        to = [listed["to"]] if isinstance(listed["to"], str) else listed["to"]
        text, html = listed["text"] or "", listed["html"] or ""
        return cls(tuple(address.lower() for address in to), listed["subject"], text, html, listed["sent_at"])

    @property
    def code(self) -> str | None:
        """The e-mail code: eight digits alone on a line of the text; None where there is none."""
        found = re.search(r"^\s*([0-9]{8})\s*$", self.text, re.MULTILINE)
        return found[1] if found else None

    @property
    def links(self) -> list[str]:
        """The links that stand alone on a line of the text."""
        return re.findall(r"^\s*(https?://\S+)\s*$", self.text, re.MULTILINE)


class Inbox:
    """The mails to one address.

    Args:
        mailbox: the address that lists every mail sent by the stack.
        address: whose mails these are.
    """

    def __init__(self, mailbox: str, address: str) -> None:
        self.address = address.lower()
        self.mailbox = mailbox
        self._read: list[Mail] = []

    def mails(self) -> list[Mail]:
        """Every mail to the address so far, oldest first."""
        where = urlsplit(self.mailbox)
        headers = (("Host", where.netloc), ("Accept", "application/json"))
        answer = send(Request("GET", f"{where.scheme}://{where.netloc}", where.path or "/", headers))
        if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
            raise Unexpected(f"The mailbox {self.mailbox} answers {answer.status}: {answer.text[:300]}")
        mails = sorted(map(Mail.of, answer.json()), key=lambda mail: mail.sent_at)
        return [mail for mail in mails if self.address in mail.to]

    def next(self, what: str, like: Callable[[Mail], bool]) -> Mail:
        """Read the oldest unread mail that is like what is wanted, waiting for it.

        Raises:
            Unexpected: none came in time; the text names `what`, and what is there unread instead.
        """
        end = time.monotonic() + SECONDS_TO_ARRIVE
        while True:
            unread = self.mails()
            for mail in self._read:
                if mail in unread:
                    unread.remove(mail)
            if fitting := next(filter(like, unread), None):
                self._read.append(fitting)
                return fitting
            if time.monotonic() > end:
                there = ", ".join(repr(mail.subject) for mail in unread) or "none"
                raise Unexpected(
                    f"expected a mail to {self.address} within {SECONDS_TO_ARRIVE:.0f} s: {what}; unread there: {there}"
                )
            time.sleep(PAUSE_SECONDS)

    def next_code(self, what: str) -> tuple[str, Mail]:
        """The e-mail code of the next mail that has one, and the mail."""
        mail = self.next(what, lambda mail: mail.code is not None)
        return mail.code or "", mail
