"""What goes over the wire to AWS: each request that botocore sends is seen here, retries included.

It stands at the place where moto takes a request off botocore, so it counts what the client has really sent, and keeps
the answers, so that a function can be started on its own and given the same ones (`bench.coldstart`).
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends

from bench.units import Units, billed, keys_of
from tests.functional.world import REGION, TABLE
from tests.template.translated import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.units import Item

_NAMES: Final = {"AWSEvents": "events", "TrentService": "kms"}
"""Services by their name on the wire, where it is another."""
_MAILS: Final = "/v2/email/outbound-emails"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to AWS and what came back. `target` names service and operation as they are on the wire."""

    target: str
    request: dict[str, Any]
    status: int
    body: bytes
    units: Units

    @property
    def service(self) -> str:
        """`dynamodb`, `secretsmanager`, `sesv2`, `events` or `kms`."""
        name = self.target.partition(".")[0]
        return "dynamodb" if name.startswith("DynamoDB") else _NAMES.get(name, name)

    @property
    def only_when_cold(self) -> bool:
        """What a warm function need not do again: the pepper, the policy of the last half minute, a known day."""
        if self.service == "secretsmanager":
            return True
        if self.target.endswith(".BatchWriteItem"):
            return all(key["PK"]["S"].startswith("DAYS") for key in keys_of("BatchWriteItem", self.request))
        return bool((self.request.get("Key") or {}).get("PK", {}).get("S", "") == "POLICY")


class Wire:
    """Collects calls. Between `taken()` and `taken()` lies an act."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def taken(self) -> list[Call]:
        """The calls since the last time."""
        calls, self._calls = self._calls, []
        return calls

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Collect while inside."""
        process: Any = botocore_stubber.process_request

        def seen(request: Any) -> Any:
            target = target_of(request.method, request.url, request.headers)
            sent = json.loads(request.body or b"{}")
            operation = target.partition(".")[2]
            keys = keys_of(operation, sent) if target.startswith("DynamoDB") else []
            before = [item_at(key) for key in keys]
            status, headers, body = process(request)
            raw = body.encode() if isinstance(body, str) else body
            units = Units()
            if target.startswith("DynamoDB"):
                units = billed(operation, sent, json.loads(raw), before, [item_at(key) for key in keys])
            self._calls.append(Call(target, sent, status, raw, units))
            return status, headers, body

        botocore_stubber.process_request = seen  # type: ignore[method-assign]  # put back at the end
        try:
            yield
        finally:
            botocore_stubber.process_request = process  # type: ignore[method-assign]  # put back at the end


def target_of(method: str, url: str, headers: Any) -> str:
    """`<service>.<operation>` of a request."""
    target = headers.get("X-Amz-Target")
    if target:
        return target.decode() if isinstance(target, bytes) else str(target)
    if method == "POST" and urlsplit(url).path == _MAILS:
        return "sesv2.SendEmail"
    message = f"what {method} {url} is, is not said here"
    raise ValueError(message)


def item_at(key: Item) -> Item:
    """An item of the table as it is now, in DynamoDB's JSON; empty where there is none."""
    found = dynamodb_backends[ACCOUNT][REGION].get_item(TABLE, key)
    attributes: Item = found.to_json()["Attributes"] if found else {}
    return json.loads(json.dumps(attributes)) if attributes else {}
