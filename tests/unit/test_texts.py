"""How a written text becomes plain text and HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restore import texts
from restore.texts import Shown

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """Title: Fish & ${what}

First line
of one & the same <paragraph>.

${code}

- One's fact: "${what}"
- Another: ${nothing}

[Go on & on](${link})

[[Press "here"]]
"""
VALUES = {
    "what": Shown("<chips> ${code} $", "&lt;chips&gt; ${code} $"),
    "code": Shown.plain("12"),
    "nothing": Shown.plain(""),
    "link": Shown.plain("https://example.com/?a=1&b='2'"),
}


def written(folder: Path, source: str = SOURCE) -> texts.Text:
    """Return the text of a file with this source."""
    (folder / "en.txt").write_text(source, encoding="utf-8")
    return texts.read(folder, "en")


def test_plain_text(tmp_path: Path) -> None:
    """A paragraph is one line, a link its address alone, button and empty fact nothing; values stay as they are."""
    title, text = written(tmp_path).as_text(VALUES)
    assert title == "Fish & <chips> ${code} $"
    assert text == (
        "First line of one & the same <paragraph>.\n\n12\n\n"
        "One's fact: \"<chips> ${code} $\"\n\nhttps://example.com/?a=1&b='2'\n"
    )


def test_html(tmp_path: Path) -> None:
    """What was written is escaped as well as what was filled in."""
    title, html = written(tmp_path).as_html(VALUES)
    assert title == "Fish &amp; &lt;chips&gt; ${code} $"
    assert html.split("\n") == [
        "<p>First line of one &amp; the same &lt;paragraph&gt;.</p>",
        '<p class="code">12</p>',
        '<table><tr><th scope="row">One&#39;s fact</th><td>&quot;&lt;chips&gt; ${code} $&quot;</td></tr></table>',
        '<p><a class="act" href="https://example.com/?a=1&amp;b=&#39;2&#39;">Go on &amp; on</a></p>',
        '<form method="post"><button class="act">Press &quot;here&quot;</button></form>',
    ]


def test_what_is_empty_is_left_out(tmp_path: Path) -> None:
    """No link that leads nowhere, no table without a row."""
    text = written(tmp_path, "Title: x\n\n[Go](${link})\n\n- Help: ${help}\n\nEnd.\n")
    values = {"link": Shown.plain(""), "help": Shown.plain("")}
    assert text.as_text(values) == ("x", "End.\n")
    assert text.as_html(values) == ("x", "<p>End.</p>")


def test_placeholders_are_those_of_title_and_blocks(tmp_path: Path) -> None:
    """Whoever fills a text can ask it for what it needs; a value that is missing is an error."""
    text = written(tmp_path)
    assert text.placeholders == {"what", "code", "nothing", "link"}
    for name in VALUES:
        with pytest.raises(KeyError, match=name):
            text.as_html({key: value for key, value in VALUES.items() if key != name})


def test_another_language_is_english(tmp_path: Path) -> None:
    """A language that this release does not speak is read in English, and never as part of a path."""
    written(tmp_path)
    assert texts.read(tmp_path, "../../secret").language == "en"


@pytest.mark.parametrize("source", ["No title\n\nText.\n", "\nTitle: late\n", "Title: \n\nText.\n"])
def test_a_text_begins_with_its_title(tmp_path: Path, source: str) -> None:
    """A mail without a subject is not sent."""
    with pytest.raises(ValueError, match="title"):
        written(tmp_path, source)
