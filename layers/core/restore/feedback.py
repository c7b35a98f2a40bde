"""What SES tells of mails that it has taken: that one bounced for good, or was reported as spam.

SES's account of a mail repeats the tags that it was sent with, so every mail is tagged with the identity that it is
about, its kind, and the server's address as the person knows it: what runs afterwards cannot know that. A tag's value
may hold letters, digits, `_` and `-` alone, so names and addresses of servers stand there in base64url. No tag holds a
person's mail address or a code.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from restore.keys import IDENTITY_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SYMBOLS: Final = 256
"""Of a tag's value."""

_CAUSE: Final = re.compile(r"[A-Za-z-]{1,40}", re.ASCII)
_NOT_OF_A_PERSON: Final = frozenset({"not-spam", "auth-failure"})
"""Reports that come by the same way: one takes a complaint back, the other is of a server about signatures."""


class Feedback(NamedTuple):
    """One mail that did not get where it was meant to go, or is not wanted there.

    `address` is where we sent it, and not what the last server on its way calls the mailbox; `sent` is when SES took
    it, `at` when it heard of the trouble; `cause` is SES's own word for that; `server` may be empty.
    """

    identity: str
    server: str
    address: str
    what: Literal["bounced", "complained"]
    cause: str
    sent: int
    at: int


def tags(identity: str, kind: str, server: str) -> list[dict[str, str]]:
    """The tags of a mail, in SES's form. A server's address that is too long for one is left out."""
    values = {"identity": _text(identity), "kind": kind, "server": _text(server)}
    return [{"Name": name, "Value": value} for name, value in values.items() if len(value) <= MOST_SYMBOLS]


def read(event: Mapping[str, Any]) -> Feedback | None:
    """SES's event as EventBridge hands it out; None where it is not one that means an address.

    What may pass by itself (a full mailbox, a server that is away) means none, nor does a mail without our tags: one
    that an operator has sent by hand.
    """
    told = event["detail"]
    mail = told["mail"]
    found = _bounced(told) if "bounce" in told else _complained(told) if "complaint" in told else None
    identity, server = (_read(mail["tags"].get(name, [""])[0]) for name in ("identity", "server"))
    if found is None or not IDENTITY_NAME.fullmatch(identity):
        return None
    what, cause, at = found
    (address,) = mail["destination"]
    return Feedback(
        identity=identity,
        server=server,
        address=address,
        what=what,
        cause=cause if _CAUSE.fullmatch(cause) else "other",
        sent=_seconds(mail["timestamp"]),
        at=_seconds(at),
    )


_Found = tuple[Literal["bounced", "complained"], str, str]


def _bounced(told: Mapping[str, Any]) -> _Found | None:
    bounce = told["bounce"]
    if bounce["bounceType"] != "Permanent":
        return None
    return "bounced", bounce.get("bounceSubType") or "", bounce["timestamp"]


def _complained(told: Mapping[str, Any]) -> _Found | None:
    complaint = told["complaint"]
    cause = complaint.get("complaintSubType") or complaint.get("complaintFeedbackType") or ""
    if complaint.get("complaintFeedbackType") in _NOT_OF_A_PERSON:
        return None
    return "complained", cause, complaint["timestamp"]


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())


def _text(value: str) -> str:
    return urlsafe_b64encode(value.encode()).rstrip(b"=").decode()


def _read(value: str) -> str:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
