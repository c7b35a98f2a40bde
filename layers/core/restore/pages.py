"""Pages for people: plain HTML without script, without anything from elsewhere, in the reader's language.

A page is a folder of `pages/` with one text a language (`restore.texts`), put into `pages/frame.html` with `style.css`.
The browser is told to load and run nothing but that one style sheet, by its hash (Content Security Policy 3, 2.3.1), to
frame the page nowhere, to keep it nowhere and to pass its address on to nobody: the address may hold a token.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from restore import texts
from restore.http import Answer
from restore.texts import Shown, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGES: Final = Path(__file__).parent / "pages"

DISPUTED: Final = {
    "disputed_restoration": 200,
    "disputed_restoration_held": 200,
    "disputed_device": 200,
    "disputed_device_held": 200,
    "disputed_address": 200,
    "disputed_address_kept": 200,
    "dispute_over": 410,
    "unavailable": 503,
}
"""The pages that answer a pressed "that was not me", with their status.

What was cancelled, unpaired, put back or (at the second dispute within seven days, or for a last device) held or kept;
the link used, expired or unknown; a part of ours failing.
"""


def page(
    status: int,
    kind: str,
    language: str,
    *,
    server: str,
    name: str,
    values: Mapping[str, Shown] | None = None,
) -> Answer:
    """Return the page of a kind (a folder's name) as an answer.

    `language` falls back to English, `server` is the server's address, `name` what the operator calls it (may be
    empty), `values` one for each placeholder of the text. Raises ValueError where there is no such page, KeyError where
    a value is missing.
    """
    text = texts.read(PAGES / kind, language)
    title, body = text.as_html(values or {})
    style = _file("style.css")
    document = Template(_file("frame.html")).substitute(
        language=text.language,
        title=title,
        body=body,
        style=style,
        name=f'<p class="name">{escape(name)}</p>' if name else "",
        server=escape(server),
    )
    policy = (
        f"default-src 'none'; style-src 'sha256-{_hash(style)}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": text.language,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Language",
    }
    if status == 503:  # noqa: PLR2004 (RFC 9110, 15.6.4: when to come again)
        headers["Retry-After"] = "5"
    return Answer(status, document, headers)


def disputed(outcome: str, language: str, *, server: str, name: str) -> Answer:
    """Return the page that says what a pressed "that was not me" has done: one of `DISPUTED`."""
    return page(DISPUTED[outcome], outcome, language, server=server, name=name)


@cache
def _file(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


@cache
def _hash(style: str) -> str:
    return b64encode(sha256(style.encode()).digest()).decode()
