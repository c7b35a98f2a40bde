"""What runs after an act: the stream's records, the event bus, and the queue of erasures behind it."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from restore import aws
from tests.functional.world import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.functional.world import World

NAME: Final = "<EventBus>"
"""As `tests.template.translated` writes the reference to it in the function's environment."""


class Long(Context):
    """A run of a function with plenty of time left."""

    milliseconds = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda tells it."""
        return self.milliseconds


class Raw(io.BytesIO):
    """The body of an answer as it comes in."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """All of it."""
        yield self.read()


class Bus:
    """The stack's bus; what arrives on it is read off the wire."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.published: set[tuple[str, str]] = set()
        self.requests: list[list[dict[str, Any]]] = []
        self.answer: Callable[[list[dict[str, Any]]], tuple[int, dict[str, Any]]] | None = None
        """What is answered instead of taking the entries, to have it fail."""
        self._arrived: list[dict[str, Any]] = []
        aws.client("events").create_event_bus(Name=NAME)

    @contextmanager
    def listening(self) -> Iterator[Bus]:
        """See the requests to EventBridge."""
        hooks = aws.client("events").meta.events
        hooks.register_first("before-send.eventbridge.PutEvents", self._before_send)
        try:
            yield self
        finally:
            hooks.unregister("before-send.eventbridge.PutEvents", self._before_send)

    def _before_send(self, request: Any, **_: Any) -> AWSResponse | None:
        entries = json.loads(request.body)["Entries"]
        self.requests.append(entries)
        if self.answer is None:
            self._arrived += entries
            return None
        status, body = self.answer(entries)
        return AWSResponse(request.url, status, HTTPHeaders(), Raw(json.dumps(body).encode()))

    def records(self) -> list[dict[str, Any]]:
        """The stream's records of event rows that were not yet published, in the order of their keys."""
        fresh = [key for key in sorted(self.world.items()) if key[1].startswith("E#") and key not in self.published]
        self.published |= set(fresh)
        return [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {"PK": {"S": key[0]}, "SK": {"S": key[1]}},
                    "NewImage": self.world.items()[key],
                    "SequenceNumber": str(1000 + number),
                },
            }
            for number, key in enumerate(fresh)
        ]

    def publish(self, records: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Hand records to the function that publishes; what it answers."""
        given = self.records() if records is None else records
        answer: dict[str, Any] = self.world.handler("Publish")({"Records": given}, Long())
        return answer

    def taken(self) -> list[dict[str, Any]]:
        """The events that have arrived since, as EventBridge hands them out."""
        found = [
            {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
            for entry in self._arrived
        ]
        self._arrived.clear()
        return found

    def erase(self, events: Iterable[dict[str, Any]], *, context: Any = None) -> dict[str, Any]:
        """Hand what the rule of erasures lets through to the function behind its queue; what it answers."""
        records = [
            {"messageId": str(number), "body": json.dumps(event)}
            for number, event in enumerate(events)
            if event["detail-type"] == "identity.erased"
        ]
        assert records
        answer: dict[str, Any] = self.world.handler("Erase")({"Records": records}, context or Long())
        return answer

    def finish(self) -> None:
        """Let everything happen that happens after an act: publish, and finish erasures."""
        assert self.publish() == {"batchItemFailures": []}
        assert self.erase(self.taken()) == {"batchItemFailures": []}
