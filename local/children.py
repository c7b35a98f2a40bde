"""Programs that this one starts, each with everything it starts in turn, and how they all end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

LEASH = Path(__file__).with_name("leash.py")


class Child:
    """A program in a process group of its own, which ends as a whole: on `stop`, at the end of a `with`, or with us.

    Output goes to `log`, which is begun anew. `group` is the id of the process group, which all that it starts is in.
    """

    def __init__(
        self, command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        with log.open("wb") as output:
            self._leash = subprocess.Popen(
                [sys.executable, "-I", LEASH, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
            )
        self.group = self._leash.pid

    def status(self) -> int | None:
        """The exit status of the program, or None while it runs."""
        if self._leash.returncode is None and self._ended():
            self._bury()
        return self._leash.returncode

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait until the program has ended, or the time is up; its exit status, or None."""
        end = None if seconds is None else time.monotonic() + seconds
        while self.status() is None and (end is None or time.monotonic() < end):
            time.sleep(0.02)
        return self._leash.returncode

    def stop(self) -> None:
        """End the program and everything in its group; afterwards none of them is left. May be called again."""
        if self._leash.returncode is not None:
            return
        with contextlib.suppress(OSError):  # a leash that has just ended has closed its end
            self._close()
        end = time.monotonic() + 5
        while not self._ended() and time.monotonic() < end:
            time.sleep(0.01)
        self._bury()

    def _close(self) -> None:
        if self._leash.stdin is not None:
            self._leash.stdin.close()

    def _ended(self) -> bool:
        """Whether the leash has ended. It is not reaped by this, so its id, which is the group's, stays taken."""
        return os.waitid(os.P_PID, self._leash.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _bury(self) -> None:
        """Kill what is left of the group, then reap its leader: in this order no stranger's group can be hit."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of dead ones
            os.killpg(self.group, signal.SIGKILL)
        self._leash.wait()
        with contextlib.suppress(OSError):
            self._close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            for _ in range(100):  # the killed are gone when the system has noted it, within milliseconds
                os.killpg(self.group, 0)
                time.sleep(0.01)

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """End it, whatever happened inside."""
        self.stop()
