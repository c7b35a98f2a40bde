"""How a story is told in a terminal: plain words, a mark for each step, QR codes, and what went over the wire.

Colours only on a terminal, and not where NO_COLOR is set (no-color.org). Where the output cannot write a symbol, plain
ASCII stands for it.
"""

import json
import os
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import qrcode

from local.phone import Answer

WIDEST = 96
SHOWN_HEADERS = (
    "content-type",
    "content-digest",
    "signature-input",
    "signature",
    "accept-language",
    "retry-after",
    "cache-control",
)
LONGEST_VALUE = 88
MEMBER_OF_SIGNATURES = re.compile(r", (?=[a-z]+=[(:])")
QUIET_ZONE = 4
"""Modules of light around a QR code, as its standard asks for."""


class Terminal:
    """Writes to a terminal, a file or a pipe.

    Args:
        output: where to; standard output unless given.
        verbose: whether `wire` and `mail` write anything.
    """

    def __init__(self, output: TextIO | None = None, *, verbose: bool = False) -> None:
        self._output = output or sys.stdout
        self._verbose = verbose
        self._colours = self._output.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._unicode = _can_write(self._output, "✓✗→←│─┌┐└┘▀▄█…")
        self._width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)

    def line(self, text: str = "") -> None:
        """One line as it is."""
        encoding = self._output.encoding or "utf-8"
        self._output.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        self._output.flush()

    def title(self, text: str) -> None:
        """The first line of all."""
        self.line()
        self.line(self._painted(text, "1"))

    def chapter(self, text: str) -> None:
        """A heading."""
        self.line()
        self.line(self._painted(text, "1;36"))

    def told(self, sentence: str, seconds: float) -> None:
        """A step that went well: its sentence, and how long it took."""
        self._marked("✓" if self._unicode else "+", "32", sentence, f"{seconds:.2f} s")

    def failed(self, sentence: str) -> None:
        """A step that did not go well."""
        self._marked("✗" if self._unicode else "x", "1;31", sentence, "")

    def note(self, text: str) -> None:
        """Something to a step, less loud."""
        for wrapped in self._wrapped(text, self._width - 6):
            self.line("      " + self._painted(wrapped, "2"))

    def qr(self, text: str) -> None:
        """A QR code, black on white whatever the terminal's colours; without colours the light modules are drawn."""
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=QUIET_ZONE)
        code.add_data(text)
        code.make(fit=True)
        dark = code.get_matrix()
        for line in half_blocks(dark) if self._unicode else whole_blocks(dark):
            self.line("      " + self._painted(line, "97;40"))

    def box(self, lines: Sequence[str]) -> None:
        """Lines in a frame."""
        width = max(map(len, lines)) + 2
        across, down, corners = ("─", "│", "┌┐└┘") if self._unicode else ("-", "|", "++++")
        self.line()
        self.line("  " + corners[0] + across * width + corners[1])
        for line in lines:
            self.line(f"  {down} {line.ljust(width - 2)} {down}")
        self.line("  " + corners[2] + across * width + corners[3])

    def wire(self, answers: Iterable[Answer]) -> None:
        """What went over the wire: each request with its answer, in short; nothing unless verbose."""
        if not self._verbose:
            return
        there, back = ("→", "←") if self._unicode else (">", "<")
        for answer in answers:
            request = answer.request
            self._wire_part(f"{there} {request.method} {request.target}", request.headers, request.body or b"")
            self._wire_part(f"{back} {answer.status}, after {answer.seconds:.3f} s", answer.headers, answer.body)
            self.line()

    def mail(self, text: str) -> None:
        """What a mail says; nothing unless verbose."""
        if self._verbose:
            for line in text.strip().splitlines():
                for wrapped in self._wrapped(line, self._width - 8) or [""]:
                    self._quiet(wrapped)
            self.line()

    def _wire_part(self, first: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self.line("      " + self._painted(first, "33"))
        for name, value in headers:
            if name.lower() in SHOWN_HEADERS:
                for member in MEMBER_OF_SIGNATURES.split(value):  # a line for each signature
                    self._quiet(f"{name}: {shortened(member)}")
        for line in pretty(body).splitlines():
            self._quiet(line)

    def _quiet(self, line: str) -> None:
        self.line("        " + self._painted(line, "2"))

    def _marked(self, mark: str, colour: str, sentence: str, after: str) -> None:
        room = self._width - 4 - (len(after) + 2 if after else 0)
        first, *rest = self._wrapped(sentence, room) or [""]
        right = self._painted(f"  {after}", "2") if after else ""
        self.line(f"  {self._painted(mark, colour)} {first.ljust(room) if after else first}{right}")
        for line in rest:
            self.line(f"    {line}")

    @staticmethod
    def _wrapped(text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours and text else text


@contextmanager
def timed() -> Iterator[list[float]]:
    """Measure what is done inside: the list holds the seconds afterwards."""
    seconds: list[float] = []
    begun = time.perf_counter()
    try:
        yield seconds
    finally:
        seconds.append(time.perf_counter() - begun)


def half_blocks(dark: Sequence[Sequence[bool]]) -> list[str]:
    """Two rows of modules a line, each module half a block: what is light is drawn."""
    symbols = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    below_all = [True] * len(dark[0])
    rows = [*dark, below_all] if len(dark) % 2 else dark
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(symbols[above, below] for above, below in zip(*pair, strict=True)) for pair in pairs]


def whole_blocks(dark: Sequence[Sequence[bool]]) -> list[str]:
    """A row of modules a line, two characters of ASCII a module: what is light is drawn."""
    return ["".join("  " if module else "##" for module in row) for row in dark]


def shortened(value: str, longest: int = LONGEST_VALUE) -> str:
    """A long value without its middle."""
    if len(value) <= longest:
        return value
    return f"{value[: longest * 2 // 3]} … {value[-longest // 4 :]}"


def pretty(body: bytes) -> str:
    """A body as people read it: JSON indented and without its long values' ends, anything else in short."""
    try:
        read = json.loads(body)
    except ValueError:
        text = " ".join(body.decode("utf-8", "replace").split())
        return shortened(text, 3 * LONGEST_VALUE)
    return json.dumps(_abridged(read), ensure_ascii=False, indent=2)


def _abridged(value: Any) -> Any:
    match value:
        case str() if len(value) > 2 * LONGEST_VALUE:
            return f"{value[:LONGEST_VALUE]}… ({len(value)} characters)"
        case dict():
            return {name: _abridged(member) for name, member in value.items()}
        case list():
            return [_abridged(member) for member in value]
        case _:
            return value


def _can_write(output: TextIO, symbols: str) -> bool:
    try:
        symbols.encode(output.encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
