"""Written texts: a mail or a page is written once a language and told as plain text or as HTML.

A text is a file `<language>.txt`. Its first line is the title (`Title: …`), blocks follow, parted by blank lines:

- a line that is one placeholder, `${code}`, is shown big and stands alone on its line;
- a line `[What the link says](${address})` is a link: in plain text its address alone on a line;
- a line `[[What the button says]]` is the button of a form without fields, for pages alone;
- lines that all look like `- Name: value` are facts, in HTML a table;
- everything else is a paragraph, and its lines are joined.

A link or a fact whose value is empty is left out. What is filled in is never read again as markup of either kind: a
value is data, whoever chose it.
"""

from __future__ import annotations

import re
from functools import cache
from string import Template
from typing import TYPE_CHECKING, Final, NamedTuple

from restore.languages import DEFAULT, SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_ALONE: Final = re.compile(r"\$\{[a-z_]+\}")
_LINK: Final = re.compile(r"\[(?P<says>[^\]]+)\]\((?P<address>\$\{[a-z_]+\})\)")
_BUTTON: Final = re.compile(r"\[\[(?P<says>[^\]]+)\]\]")
_FACT: Final = re.compile(r"- (?P<name>[^:]+): (?P<value>.+)")


def escape(text: str) -> str:
    """Make text fit for an HTML element's content or a quoted attribute.

    `html.escape` would do, but its module brings the names of all entities along.
    """
    return text.translate(_ESCAPES)


class Shown(NamedTuple):
    """A value as plain text and as HTML."""

    text: str
    html: str

    @classmethod
    def plain(cls, text: str) -> Shown:
        """Show the value as the same words in both."""
        return cls(text, escape(text))


class Text(NamedTuple):
    """A text in one language, its placeholders not yet filled."""

    language: str
    title: str
    blocks: tuple[tuple[str, ...], ...]

    @property
    def placeholders(self) -> frozenset[str]:
        """Return the names that must be given to fill the text."""
        return frozenset(
            name for line in (self.title, *(line for block in self.blocks for line in block)) for name in _names(line)
        )

    def as_text(self, values: Mapping[str, Shown]) -> tuple[str, str]:
        """Return title and plain text. Raises KeyError where a value is missing."""
        words = {name: shown.text for name, shown in values.items()}
        blocks = [_plain(block, words) for block in self.blocks]
        return _fill(self.title, words), "\n\n".join(block for block in blocks if block) + "\n"

    def as_html(self, values: Mapping[str, Shown]) -> tuple[str, str]:
        """Return title and the elements below the heading, both escaped. Raises KeyError where a value is missing."""
        words = {name: shown.html for name, shown in values.items()}
        blocks = [_markup(block, words) for block in self.blocks]
        return _fill(escape(self.title), words), "\n".join(block for block in blocks if block)


@cache
def read(folder: Path, language: str) -> Text:
    """Read the text of a folder in a language; in English where this release does not speak it.

    Raises ValueError where there is no such text.
    """
    if language not in SUPPORTED:
        language = DEFAULT
    try:
        source = (folder / f"{language}.txt").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ValueError("there is no such text") from error
    head, _, body = source.partition("\n")
    mark, _, title = head.partition("Title: ")
    if mark or not title:
        raise ValueError("a text begins with its title")
    blocks = (tuple(line for line in block.splitlines() if line) for block in body.split("\n\n"))
    return Text(language, title.strip(), tuple(_joined(block) for block in blocks if block))


def _joined(lines: tuple[str, ...]) -> tuple[str, ...]:
    return lines if all(_FACT.fullmatch(line) for line in lines) else (" ".join(lines),)


def _names(line: str) -> Iterable[str]:
    return Template(line).get_identifiers()


def _fill(line: str, words: Mapping[str, str]) -> str:
    return Template(line).substitute(words)


def _plain(block: tuple[str, ...], words: Mapping[str, str]) -> str:
    if _BUTTON.fullmatch(block[0]):
        return ""
    if link := _LINK.fullmatch(block[0]):
        return _fill(link["address"], words)
    if facts := _facts(block, words):
        return "\n".join(f"{name}: {value}" for name, value in facts if value)
    return _fill(block[0], words)


def _markup(block: tuple[str, ...], words: Mapping[str, str]) -> str:
    if button := _BUTTON.fullmatch(block[0]):
        # Without an action a form goes to the address of its own page, whatever stands before it.
        return f'<form method="post"><button class="act">{escape(button["says"])}</button></form>'
    if link := _LINK.fullmatch(block[0]):
        address = _fill(link["address"], words)
        return f'<p><a class="act" href="{address}">{escape(link["says"])}</a></p>' if address else ""
    if _ALONE.fullmatch(block[0]):
        return f'<p class="code">{_fill(block[0], words)}</p>'
    if facts := _facts(tuple(escape(line) for line in block), words):
        rows = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in facts if value)
        return f"<table>{rows}</table>" if rows else ""
    return f"<p>{_fill(escape(block[0]), words)}</p>"


def _facts(block: tuple[str, ...], words: Mapping[str, str]) -> list[tuple[str, str]]:
    facts = [_FACT.fullmatch(line) for line in block]
    return [(fact["name"], _fill(fact["value"], words)) for fact in facts if fact]
