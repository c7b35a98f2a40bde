"""AWS failing on purpose: what goes to the client's wire is answered otherwise, or not at all.

Hooked into the events of botocore, below its retries and everything of ours, so that what is tried is the very code
that runs in Lambda. DynamoDB's idempotency token, which moto does not know, is honoured here.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, EndpointConnectionError, ReadTimeoutError
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.models import dynamodb_backends

from restore import aws
from tests.functional.world import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from botocore.awsrequest import AWSPreparedRequest

SERVICES: Final = ("dynamodb", "secretsmanager", "sesv2", "kms")
SERVICE_IDS: Final = {"secrets-manager": "secretsmanager"}
DYNAMODB: Final = "com.amazonaws.dynamodb.v20120810#"


class Body(bytes):
    """A body that botocore reads as a stream."""

    def stream(self) -> list[bytes]:
        """All of it at once."""
        return [self]


class Fault:
    """One way to fail; `None` from `answer` leaves the call alone. `after`: it fails when it has already been done."""

    after = False

    def __init__(self, name: str, **services: tuple[int, str]) -> None:
        self.name = name
        self._services = services

    def __str__(self) -> str:
        """Names the case in pytest's output."""
        return self.name

    def fits(self, service: str) -> bool:
        """Whether a service can fail so."""
        return service in self._services

    def answer(self, service: str, _operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
        """The answer instead of AWS's, for the services that can fail so."""
        if service not in self._services:
            return None
        status, code = self._services[service]
        prefix = DYNAMODB if service == "dynamodb" else ""
        return response(request, status, {"__type": prefix + code, "message": "on purpose", "Message": "on purpose"})


class NoAnswer(Fault):
    """Nothing comes back: the connection fails before the request is sent, or after it was done."""

    def __init__(self, name: str, error: type[BotoCoreError], *, after: bool) -> None:
        super().__init__(name)
        self._error = error
        self.after = after

    def fits(self, service: str) -> bool:
        """Any can."""
        return service in SERVICES

    def answer(self, _service: str, _operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
        """Raise what botocore raises."""
        raise self._error(endpoint_url=request.url, error="on purpose")


class Conflict(Fault):
    """TransactionConflict, which no emulator raises: an exception of a single write, a reason of a transaction."""

    def fits(self, service: str) -> bool:
        """DynamoDB alone."""
        return service == "dynamodb"

    def answer(self, service: str, operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
        """By what was called."""
        if service != "dynamodb":
            return None
        if operation != "TransactWriteItems":
            told = {"__type": DYNAMODB + "TransactionConflictException", "message": "on purpose"}
            return response(request, 400, told)
        count = len(_asked(request)["TransactItems"])
        reasons = [{"Code": "None"}] * (count - 1) + [{"Code": "TransactionConflict", "Message": "on purpose"}]
        told = {"__type": DYNAMODB + "TransactionCanceledException", "Message": "on purpose"}
        return response(request, 400, told | {"CancellationReasons": reasons})


FAULTS: Final = (
    Fault(
        "throttled",
        dynamodb=(400, "ThrottlingException"),
        secretsmanager=(400, "ThrottlingException"),
        sesv2=(429, "TooManyRequestsException"),
        kms=(400, "ThrottlingException"),
    ),
    Fault(
        "broken",
        dynamodb=(500, "InternalServerError"),
        secretsmanager=(500, "InternalServiceError"),
        sesv2=(500, "InternalFailure"),
        kms=(500, "KMSInternalException"),
    ),
    Fault(
        "denied",
        dynamodb=(400, "AccessDeniedException"),
        secretsmanager=(400, "AccessDeniedException"),
        sesv2=(403, "AccessDeniedException"),
        kms=(400, "AccessDeniedException"),
    ),
    Fault("mail rejected", sesv2=(400, "MessageRejected")),
    Conflict("conflict"),
    NoAnswer("unreachable", EndpointConnectionError, after=False),
    NoAnswer("answer lost", ReadTimeoutError, after=True),
)


BY_NAME: Final = {str(fault): fault for fault in FAULTS}


@contextmanager
def mail_refused(act: Callable[[], Any] = lambda: None) -> Iterator[None]:
    """SES refuses the next mail, and something else has happened while it was asked."""
    events, pending, happened = aws.client("sesv2").meta.events, [act], list[bool]()

    def before(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        if not pending:
            return None
        pending.pop()()
        happened.append(True)  # what fails in there must not pass for what the service does
        botocore_stubber.enabled = False  # until `after`: this call never arrives
        return BY_NAME["mail rejected"].answer("sesv2", "SendEmail", request)

    def after(**_: Any) -> None:
        botocore_stubber.enabled = True

    events.register_first("before-send.sesv2.SendEmail", before, unique_id="refused before")
    events.register_last("before-send", after, unique_id="refused after")  # moto listens to all of them
    try:
        yield
    finally:
        events.unregister("before-send.sesv2.SendEmail", unique_id="refused before")
        events.unregister("before-send", unique_id="refused after")
    assert happened, "nothing was mailed, or what was to happen meanwhile has failed"


def response(request: AWSPreparedRequest, status: int, told: dict[str, Any]) -> AWSResponse:
    """An answer of AWS's JSON protocols."""
    code = told.get("__type", "").rpartition("#")[2]
    headers = {"x-amzn-ErrorType": code, "Content-Type": "application/x-amz-json-1.0"} if code else {}
    return AWSResponse(request.url, status, headers, Body(json.dumps(told).encode()))  # type: ignore[arg-type]  # the stubs want urllib3's


class Wire:
    """Watches every call on its way, and makes the chosen one fail: the n-th, or all of its service from then on.

    `calls` are the operations that were tried, each try of a retry included.
    """

    def __init__(self, fault: Fault | None = None, at: int = 0, *, for_ever: bool = False) -> None:
        self.calls: list[str] = []
        self.failed = 0
        self._fault, self._at, self._for_ever = fault, at, for_ever
        self._services: list[str] = []
        self._done: set[str] = set()
        self._table = ""

    def __enter__(self) -> Self:
        """Listen."""
        for service in SERVICES:
            events = aws.client(service).meta.events
            events.register_first("before-send", self._before, unique_id="wire before")
            events.register_last("before-send", self._after, unique_id="wire after")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the wire alone."""
        for service in SERVICES:
            events = aws.client(service).meta.events
            events.unregister("before-send", unique_id="wire before")
            events.unregister("before-send", unique_id="wire after")
        botocore_stubber.enabled = True

    def _chosen(self) -> bool:
        number = len(self.calls) - 1
        if number <= self._at or not self._for_ever:
            return number == self._at
        return self._services[number] == self._services[self._at]

    def _before(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        service, operation = event_name.split(".")[1:]
        self.calls.append(operation)
        self._services.append(service)
        if self._fault is not None and self._chosen() and not self._fault.after:
            self.failed += 1
            answer = self._fault.answer(SERVICE_IDS.get(service, service), operation, request)
            if answer is not None:
                botocore_stubber.enabled = False  # until `_after`: this call never arrives
                return answer
            self.failed -= 1
        if _token(request) in self._done:
            botocore_stubber.enabled = False  # DynamoDB says that it was done, and does nothing
            return response(request, 200, {})
        self._table = _table() if self._fault is not None and self._fault.after else ""
        return None

    def _after(self, request: AWSPreparedRequest, **_: Any) -> None:
        arrived, botocore_stubber.enabled = botocore_stubber.enabled, True
        if self._fault is not None and self._fault.after and self._chosen():
            self.failed += 1
            if arrived and self._table != _table() and (token := _token(request)):
                self._done.add(token)
            self._fault.answer("", "", request)


def _asked(request: AWSPreparedRequest) -> dict[str, Any]:
    assert isinstance(request.body, str | bytes)
    asked: dict[str, Any] = json.loads(request.body)
    return asked


def _token(request: AWSPreparedRequest) -> str | None:
    token = _asked(request).get("ClientRequestToken")
    return None if token is None else str(token)


def _table() -> str:
    """All items as a text, to see whether a call has changed any."""
    (table,) = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.values()
    return str([item.to_json() for partition in table.items.values() for item in partition.values()])
