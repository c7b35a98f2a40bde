"""`leash.py PROGRAM ARGUMENT…`: run a program that ends, with all it started, as soon as whoever asked for it is gone.

The one who asks starts this file as the leader of a process group and keeps the other end of its standard input. That
end closes when they close it, and also when they are killed without a chance to tidy up: then the program is asked to
end, and after a moment the whole group is killed. Standard library only, run by path, so that it starts at once.
"""

import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 1.0  # nothing that is run this way keeps anything


def main(command: list[str]) -> int:
    """Run the command; its exit status (128 + the signal's number where a signal ended it)."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def end() -> None:
        while os.read(0, 1024):
            pass
        program.terminate()
        try:
            program.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=end, daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
