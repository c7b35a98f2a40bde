"""What can go wrong on the way to a running stack, said so that a person can mend it."""

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path

TAIL = 25


class StackError(Exception):
    """The stack cannot be started, or has ended; the text is a sentence or two for the person at the terminal."""


class AddressError(StackError):
    """The address or port asked for cannot be had; the text says how to choose another."""


def said(main: Callable[[Sequence[str]], int]) -> Callable[[Sequence[str]], int]:
    """Decorate a command: what cannot be done is its sentence on stderr, and exit status 1."""

    @wraps(main)
    def command(arguments: Sequence[str]) -> int:
        try:
            return main(arguments)
        except StackError as error:
            print(error, file=sys.stderr)
            return 1

    return command


def tail_of(log: Path, lines: int = TAIL) -> str:
    """The last lines of a log, indented, after the words that say where the rest is; just that where there are none."""
    try:
        last = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][
            -lines:
        ]
    except OSError:
        last = []
    return "\n".join([f"The whole log: {log}", *(f"    {line}" for line in last)])
