"""Which language a reader is answered in: `Accept-Language` (RFC 9110, 12.5.4) against what this release speaks."""

from __future__ import annotations

import re
from typing import Final

SUPPORTED: Final = ("en", "de")
"""Primary tags, the default first. Every mail, page and problem sentence exists in each of them."""

DEFAULT: Final = SUPPORTED[0]

_HEADER_SYMBOLS: Final = 1024
_RANGES: Final = 32

# A basic language range (RFC 4647, 2.1) and its weight. Whatever else stands there is left out, as if it were not sent.
_RANGE: Final = re.compile(
    r"[ \t]*(?P<range>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,15})"
    r"(?:[ \t]*;[ \t]*q=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[ \t]*",
    re.ASCII | re.IGNORECASE,
)


def negotiate(accept_language: str | None) -> str | None:
    """Return the supported language that the header likes best; None where it names none of them.

    A longer range falls back to its primary tag (`de-AT` is answered in `de`: RFC 4647, 3.4). `de;q=0` refuses German,
    `de-AT;q=0` does not. Between equals, the one named first wins. A header that says no more than "any" (`*`, which
    some HTTP libraries send on their own) names no language, so that it never changes the language of somebody's mails.

    The work is bounded: no more than the first 1,024 symbols and 32 ranges are read.
    """
    if not accept_language:
        return None
    liked: dict[str, float] = {}  # by primary tag, in the order of their naming
    refused: set[str] = set()
    anything = 0.0
    for element in accept_language[:_HEADER_SYMBOLS].split(",", _RANGES)[:_RANGES]:
        match = _RANGE.fullmatch(element)
        if match is None:
            continue
        tag = match["range"].lower()
        weight = float(match["weight"] or 1)
        primary = tag.partition("-")[0]
        if tag == "*":
            anything = max(anything, weight)
        elif weight:
            liked[primary] = max(liked.get(primary, 0.0), weight)
        elif tag == primary:
            refused.add(primary)
    named = [(weight, tag) for tag, weight in liked.items() if tag in SUPPORTED and tag not in refused]
    best_weight, best = max(named, key=lambda pair: pair[0], default=(0.0, None))
    if anything > best_weight:
        unnamed = next((tag for tag in SUPPORTED if tag not in liked and tag not in refused), None)
        return best if unnamed in (None, DEFAULT) else unnamed
    return best
