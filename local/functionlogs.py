"""What the functions write, read from the local CloudWatch into a file that can be followed (`tail -f`)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

# What Lambda itself writes around each call; nobody looks for it here.
PLATFORM = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START ")
AT_ONCE = 10_000
SECONDS_BETWEEN = 1.0
LATE_MILLISECONDS = 2_000


class FunctionLogs:
    """All lines of all log groups. Each call of a function has a log stream of its own here, written at its end."""

    def __init__(self, client: Any) -> None:
        """Args: client: a boto3 client of CloudWatch Logs."""
        self._client = client
        self._known: set[str] = set()
        self._newest = 0

    def lines(self) -> list[str]:
        """Every line so far, oldest first."""
        return _lines(self._events(0))

    def new_lines(self) -> list[str]:
        """The lines since this was last asked, oldest first."""
        events = [
            event
            for event in self._events(self._newest - LATE_MILLISECONDS)
            if event["logStreamName"] not in self._known
        ]
        self._known |= {event["logStreamName"] for event in events}
        self._newest = max([self._newest, *(event["timestamp"] for event in events)])
        return _lines(events)

    def _events(self, since: int) -> list[dict[str, Any]]:
        groups = [group["logGroupName"] for group in self._client.describe_log_groups()["logGroups"]]
        events = [event for group in groups for event in self._events_of(group, max(since, 0))]
        return sorted(events, key=lambda event: event["timestamp"])  # stable: lines of one call stay in their order

    def _events_of(self, group: str, since: int) -> Iterator[dict[str, Any]]:
        """The local CloudWatch gives the oldest ten thousand and no token for the rest: go on from the last time."""
        while True:
            events = self._client.filter_log_events(logGroupName=group, startTime=since, limit=AT_ONCE)["events"]
            last = events[-1]["timestamp"] if events else since
            if len(events) < AT_ONCE or last == since:
                yield from events
                return
            yield from (event for event in events if event["timestamp"] < last)
            since = last


@contextmanager
def following(logs: FunctionLogs, file: Path) -> Iterator[None]:
    """While inside, append what the functions write to a file, a second or so after each call."""
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(logs, file, ended), daemon=True)
    file.write_bytes(b"")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(logs: FunctionLogs, file: Path, ended: threading.Event) -> None:
    last = False
    while not last:
        last = ended.wait(SECONDS_BETWEEN)  # once more after the end
        try:
            lines = logs.new_lines()
        except (BotoCoreError, ClientError):  # the local AWS is gone; whoever started it says so
            continue
        with file.open("a", encoding="utf-8") as output:
            output.writelines(f"{line}\n" for line in lines)


def _lines(events: list[dict[str, Any]]) -> list[str]:
    return [event["message"].rstrip() for event in events if not event["message"].startswith(PLATFORM)]
