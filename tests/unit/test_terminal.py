"""How the demo writes: QR codes that a camera reads, colours where they belong, what went over the wire on demand."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from PIL import Image

from local.phone import Answer, Request
from local.terminal import Terminal, pretty, shortened

ADDRESS = "http://192.168.178.23:65535/live/restore#i=somebody-with-a-long-name&c=TE7YHSHRAS6PAWRS167429QFTRSS"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Tty(io.StringIO):
    """A terminal, as far as a program can tell."""

    def isatty(self) -> bool:
        """It is one."""
        return True


class Ascii(io.TextIOWrapper):
    """A terminal that can write nothing but ASCII."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii")

    def written(self) -> str:
        """All that was written; fails where something was not ASCII."""
        self.flush()
        self.seek(0)
        return self.read()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wish about colours from whoever runs the tests, and a wide terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")


def picture(drawn: str, light: dict[str, tuple[int, int]], width: int = 1) -> Image.Image:
    """What a camera sees of drawn lines: for each symbol how light its upper and its lower half is (0 or 255)."""
    rows = [line[6:] for line in drawn.splitlines() if line.strip()]
    pixels = [[light[symbol][half] for symbol in row[::width]] for row in rows for half in (0, 1)]
    image = Image.new("L", (len(pixels[0]), len(pixels)))
    image.putdata([pixel for row in pixels for pixel in row])
    return image.resize((image.width * 4, image.height * 4), Image.Resampling.NEAREST)


HALVES = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}


class TestQrCodes:
    """S11: the code in the terminal is one that a phone can scan."""

    @pytest.mark.parametrize("output", [Tty(), io.StringIO()], ids=["terminal", "pipe"])
    def test_an_independent_reader_reads_it(self, output: io.StringIO) -> None:
        """Half blocks, on a terminal and in a file."""
        Terminal(output).qr(ADDRESS)
        drawn = ESCAPES.sub("", output.getvalue())
        (found,) = zxingcpp.read_barcodes(picture(drawn, HALVES))
        assert found.text == ADDRESS

    def test_it_can_be_read_in_ascii_as_well(self) -> None:
        """Two characters a module where there are no blocks to draw with."""
        output = Ascii()
        Terminal(output).qr(ADDRESS)
        (found,) = zxingcpp.read_barcodes(picture(output.written(), {"#": (255, 255), " ": (0, 0)}, width=2))
        assert found.text == ADDRESS

    def test_on_a_terminal_it_is_black_and_white_whatever_the_theme(self) -> None:
        """Each line sets both its colours: on a light theme a code without them would be inverted."""
        output = Tty()
        Terminal(output).qr(ADDRESS)
        assert all(line.startswith("      \x1b[97;40m") for line in output.getvalue().splitlines())


class TestColours:
    """Only for people who see them."""

    def write(self, output: io.StringIO) -> str:
        """A little of everything."""
        terminal = Terminal(output, verbose=True)
        terminal.title("Title")
        terminal.chapter("Chapter")
        terminal.told("This was done.", 0.5)
        terminal.failed("This was not.")
        terminal.note("Note")
        terminal.mail("Hello")
        return output.getvalue()

    def test_on_a_terminal(self) -> None:
        """A terminal gets them, and each is ended."""
        written = self.write(Tty())
        assert ESCAPES.search(written)
        assert written.count("\x1b[0m") * 2 == len(ESCAPES.findall(written))

    @pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
    def test_not_where_they_are_not_wanted(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        """NO_COLOR and dumb terminals."""
        monkeypatch.setenv(name, value)
        assert "\x1b" not in self.write(Tty())

    def test_not_in_a_pipe(self) -> None:
        """A file or another program gets plain text, the same words."""
        written = self.write(io.StringIO())
        assert "\x1b" not in written
        assert written == ESCAPES.sub("", self.write(Tty()))


class TestWords:
    """What is written."""

    def test_long_sentences_are_wrapped_beside_their_time(self) -> None:
        """No line is wider than the terminal, and no word is lost."""
        output = io.StringIO()
        sentence = "A sentence that goes on and on, " * 8
        Terminal(output).told(sentence, 12.345)
        lines = output.getvalue().splitlines()
        assert max(map(len, lines)) <= 90
        assert lines[0].endswith("  12.35 s") or lines[0].endswith("  12.34 s")
        words = " ".join(lines).replace("12.35 s", "").replace("12.34 s", "").replace("✓", "").split()
        assert words == sentence.split()

    def test_ascii_terminals_get_ascii(self) -> None:
        """Whatever is said, nothing breaks, and the frame is drawn with what there is."""
        output = Ascii()
        terminal = Terminal(output)
        terminal.told("“Ada” → “名前”", 0.1)
        terminal.box(["one", "and another"])
        lines = output.written().splitlines()
        assert lines[0].startswith("  + ?Ada? ? ????")
        assert lines[2:] == ["  +-------------+", "  | one         |", "  | and another |", "  +-------------+"]

    def test_the_wire_is_shown_on_demand_only(self) -> None:
        """Both signatures on lines of their own, long values without their middle, bodies indented."""
        headers = (
            ("Signature", f"phone=:{'A' * 86}==:, verified=:{'B' * 86}==:"),
            ("X-Forwarded-For", "192.0.2.1"),
        )
        request = Request("POST", "https://id.example.com", "/live/v1/identities", headers, b'{"a":1}')
        answer = Answer(
            request, 201, (("Content-Type", "application/json"),), b'{"svg":"' + b"x" * 4000 + b'"}', 0.1234
        )
        quiet, loud = io.StringIO(), io.StringIO()
        Terminal(quiet).wire([answer])
        Terminal(loud, verbose=True).wire([answer])
        assert quiet.getvalue() == ""
        lines = [line.strip() for line in loud.getvalue().splitlines()]
        assert lines[0] == "→ POST /live/v1/identities"
        assert [line[:17] for line in lines if line.startswith("Signature")] == [
            "Signature: phone=",
            "Signature: verifi",
        ]
        assert '"a": 1' in lines
        assert "← 201, after 0.123 s" in lines
        assert not any("192.0.2.1" in line for line in lines)
        assert max(map(len, lines)) < 130
        assert any("4000 characters" in line for line in lines)

    @pytest.mark.parametrize("body", [b"", b"<h1>Bad\ngateway</h1>", b"\xff\xfe", b"x" * 9000])
    def test_any_body_can_be_shown(self, body: bytes) -> None:
        """Also one that is no JSON and no text."""
        assert len(pretty(body)) < 400

    def test_what_is_short_stays_as_it_is(self) -> None:
        """Only what is too long loses its middle, and keeps both its ends."""
        assert shortened("a" * 88) == "a" * 88
        assert re.fullmatch(r"b{10,} … b{10,}", shortened("b" * 89))
        assert shortened("start" + "x" * 200 + "end").startswith("start")
        assert shortened("start" + "x" * 200 + "end").endswith("end")
