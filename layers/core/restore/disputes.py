"""Disputes ("this wasn't me"): what the link in a mail may take away, and what it may not.

A token is `<identity>.<about>.<128 bits>`: it says where to look, so that no table of tokens is needed, and only the
hash of its last part is stored, with what it is about. `about` is a new device's short name, or which of the two
addresses was changed (`email`, `second_email`). A link takes away what was done and never bars restoring: a mailbox
alone cannot keep the owner out. An identity's second one within 7 days takes nothing away but holds the device, if any
came, so that a thief with the mailbox cannot undo what the owner does one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from restore.codes import new_id
from restore.errors import Problem
from restore.keys import IDENTITY_NAME

if TYPE_CHECKING:
    from restore.codes import Pepper
    from restore.conditions import Item

Token = tuple[str, str, str]
"""Identity, what it is about, secret."""

WEEK: Final = 7 * 86400
HELD_AFTER_SECOND: Final = 72 * 3600
LEAST_LIFE: Final = 86400


class Link(NamedTuple):
    """A new token: its text, what may stand in the table until the mail is sent, and the hash to know it by."""

    token: str
    sealed: str
    hash: str


def new_link(identity: str, about: str, pepper: Pepper) -> Link:
    """A token about a new device or a changed address.

    Notices lie in the table until the stream has mailed them. What lies there is the seed of the token, of which only
    the pepper makes the token: a copy of the table opens no link.
    """
    seed = new_id()
    version, secret = pepper.derive(f"link about {about}", identity, seed)
    stored = pepper.hash(f"dispute of {about}", identity, secret)
    return Link(f"{identity}.{about}.{secret}", f"{identity}.{about}.{version}~{seed}", stored)


def unsealed(sealed: str, pepper: Pepper) -> str:
    """The token that a notice is to carry."""
    identity, about, seeded = parse(sealed)
    version, _, seed = seeded.partition("~")
    return f"{identity}.{about}.{pepper.derive(f'link about {about}', identity, seed, version)[1]}"


def parse(token: str) -> Token:
    """The parts of a token; whatever is none is over, like one that was used."""
    parts = token.rsplit(".", 2)
    if len(parts) != 3 or not IDENTITY_NAME.fullmatch(parts[0]):  # noqa: PLR2004 - the parts named above
        raise Problem("used")
    return parts[0], parts[1], parts[2]


def fits(stored: str | None, token: Token, pepper: Pepper) -> bool:
    """Whether a token is the one whose hash was stored."""
    identity, about, secret = token
    return pepper.fits(stored, f"dispute of {about}", identity, secret)


def is_second(restore: Item, now: int) -> bool:
    """Count a used link, and say whether it is a further one within 7 days."""
    recent = [at for at in restore.get("disputes", []) if at > now - WEEK]
    restore["disputes"] = [*recent, now][-2:]
    return bool(recent)
