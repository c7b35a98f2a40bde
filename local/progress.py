"""What is being done at the moment, and how long it took: one line a step."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

WIDTH = 58


class Progress:
    """Writes a line for each step to a terminal, where the seconds count, or to a file or pipe."""

    def __init__(self, output: TextIO | None = None) -> None:
        """Args: output: where to write; standard output unless given."""
        self._output = output or sys.stdout

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say what begins, and when it has ended how long it took; a step that fails says so."""
        began = time.monotonic()
        ended = threading.Event()
        label = f"  {what} ".ljust(WIDTH, "·")
        counter = threading.Thread(target=self._count, args=(label, began, ended), daemon=True)
        self._write(label)
        if self._output.isatty():
            counter.start()
        how = "stopped after "
        try:
            yield
            how = ""
        except Exception:
            how = "failed after "
            raise
        finally:
            ended.set()
            if counter.ident is not None:
                counter.join()
                self._write(f"\r{label}")
            self._write(f" {how}{time.monotonic() - began:.1f} s\n")

    def say(self, text: str = "") -> None:
        """Write a line."""
        self._write(f"{text}\n")

    def _count(self, label: str, began: float, ended: threading.Event) -> None:
        while not ended.wait(0.5):
            self._write(f"\r{label} {time.monotonic() - began:.0f} s")

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()


class Silence(Progress):
    """Says nothing."""

    def _write(self, text: str) -> None:
        pass
