"""SES's feedback: what a mail's tags may hold, and that they are read as they were written."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from restore import addresses, feedback

SERVER = "https://id.example.com/live"
SENT = 1_795_000_200

names = st.from_regex(r"[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]", fullmatch=True)
servers = st.from_regex(r"https://[a-z0-9.-]{1,250}(/[A-Za-z0-9._~-]{1,20})?", fullmatch=True)


def event(tags: list[dict[str, str]], **bounce: Any) -> dict[str, Any]:
    """As much of SES's event as is read."""
    told = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-11-18T11:10:02.669Z", **bounce}
    mail = {
        "timestamp": "2026-11-18T11:10:00.012Z",
        "destination": ["ada@example.com"],
        "tags": {one["Name"]: [one["Value"]] for one in tags},
    }
    return {"detail": {"eventType": "Bounce", "bounce": told, "mail": mail}}


@given(names, servers)
def test_tags_are_what_ses_takes_and_are_read_as_they_were_written(name: str, server: str) -> None:
    """256 letters, digits, `_` and `-` (SES API v2, MessageTag); a server too long for that is left out."""
    tags = feedback.tags(name, "address_confirmation", server)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", one[part]) for one in tags for part in ("Name", "Value"))
    told = feedback.read(event(tags))
    assert told is not None
    assert (told.identity, told.address) == (name, "ada@example.com")
    assert told.server == (server if len(server) <= 256 * 3 // 4 else "")
    assert (told.what, told.cause, told.sent, told.at) == ("bounced", "General", SENT, SENT + 2)


def test_a_name_that_is_none_is_nobodys() -> None:
    """The tags name identities alone: nothing else in the table can be reached by them."""
    for name in ("#administration", "Ada", "a", "ada#x", ""):
        assert feedback.read(event(feedback.tags(name, "address_confirmation", SERVER))) is None


@given(st.lists(st.integers(0, 20), max_size=6), st.integers(0, 20))
def test_the_order_of_feedback_does_not_matter(sent: list[int], proved: int) -> None:
    """A mark is there if, and only if, a mail of after the last proof bounced; it is made once."""
    restore: dict[str, Any] = {"email": "ada@example.com"}
    addresses.prove(restore, proved)
    made = [slot for at in sent for slot in addresses.bounce(restore, "ADA@example.com", sent=at, at=at, now=30)[0]]
    news = [at for at in sent if at >= proved]
    assert made == [addresses.MAIN][: len(news)]
    assert addresses.bounced_at(restore) == (news[0] if news else None)
    addresses.prove(restore, 30)
    assert addresses.bounced_at(restore) is None


def test_a_mark_is_of_its_address_alone() -> None:
    """Whichever way another one comes into force: it inherits neither mark nor proof."""
    restore: dict[str, Any] = {"email": "ada@example.com", "second_email": "Ada@Example.com"}
    assert addresses.bounce(restore, "ada@example.com", sent=5, at=6, now=7) == ([addresses.MAIN, addresses.SECOND], [])
    restore["email"] = "ada@new.example"
    assert addresses.bounced_at(restore) is None
    assert addresses.bounced_at(restore, addresses.SECOND) == 6
    restore.pop("second_email")
    assert addresses.bounced_at(restore, addresses.SECOND) is None
    assert addresses.bounce(restore, "ada@example.com", sent=8, at=9, now=9) == ([], [])


def test_an_awaited_address_is_marked_while_it_is_awaited() -> None:
    """Once over it is not shown, and not marked any more."""
    restore: dict[str, Any] = {"pending": {"to": "ada@example.com", "a": 5, "x": 100}}
    assert addresses.bounce(restore, "ada@example.com", sent=5, at=6, now=100) == ([], [])
    assert addresses.bounce(restore, "ada@example.com", sent=5, at=6, now=99) == ([], [addresses.MAIN])
    assert addresses.pending_bounced_at(restore, 99) == 6
    assert addresses.pending_bounced_at(restore, 100) is None
