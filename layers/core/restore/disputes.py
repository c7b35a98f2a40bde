"""Disputes ("this wasn't me"): what the link in a mail may take away, and what it may not.

A token is `<identity>.<device's short name>.<128 bits>`: it says where to look, so that no table of tokens is needed,
and only the hash of its last part is stored, with the restoration or the device that it is about. A link takes away
what was done and never bars restoring: a mailbox alone cannot keep the owner out. An identity's second one within 7
days takes nothing away but holds the device, so that a thief with the mailbox cannot undo the owner's restorations one
by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from restore.codes import new_id
from restore.errors import Problem
from restore.keys import IDENTITY_NAME

if TYPE_CHECKING:
    from restore.codes import Pepper
    from restore.conditions import Item

WEEK: Final = 7 * 86400
HELD_AFTER_SECOND: Final = 72 * 3600
LEAST_LIFE: Final = 86400


def new_token(identity: str, short: str, pepper: Pepper) -> tuple[str, str]:
    """A token about a new device, and the hash of it to store."""
    secret = new_id()
    return f"{identity}.{short}.{secret}", pepper.hash(f"dispute of {short}", identity, secret)


def parse(token: str) -> tuple[str, str, str]:
    """Identity, device's short name and secret; whatever is no token is over, like one that was used."""
    parts = token.rsplit(".", 2)
    if len(parts) != 3 or not IDENTITY_NAME.fullmatch(parts[0]):  # noqa: PLR2004 - the parts named above
        raise Problem("used")
    return parts[0], parts[1], parts[2]


def fits(stored: str | None, token: tuple[str, str, str], pepper: Pepper) -> bool:
    """Whether a token is the one whose hash was stored."""
    identity, short, secret = token
    return pepper.fits(stored, f"dispute of {short}", identity, secret)


def is_second(restore: Item, now: int) -> bool:
    """Count a used link, and say whether it is a further one within 7 days."""
    recent = [at for at in restore.get("disputes", []) if at > now - WEEK]
    restore["disputes"] = [*recent, now][-2:]
    return bool(recent)
