"""Ctrl-C, `kill` and a closed terminal end a program the same way: by an exception, so that everything is tidied up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the program to end. Not an Exception: nothing but the outermost place is to catch it."""


@contextmanager
def stoppable() -> Iterator[None]:
    """While inside, the first request to end raises `Stopped` in the main thread; later ones are passed over."""
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise Stopped

    before = {
        number: signal.signal(number, ask)
        for number in ENDING
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN  # `nohup` means it
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
