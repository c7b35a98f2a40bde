"""The table: reads, conditional writes, transactions, and what is normal about their failing.

A write that its condition refuses raises `Refused` with the items that were found in its way. Conflicts of transactions
and throttling are retried here with jitter; what still fails is `unavailable`, and nothing is half done, because every
act is one write. A lost answer is retried by the client with the same token, so a transaction happens once.
"""

from __future__ import annotations

import random
import time
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from restore.errors import Problem
from restore.keys import DEVICE, EVENT, Key, event_key, identity_key, restore_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restore.conditions import Item, Write

PATIENCE_SECONDS: Final = 8.0
"""How long a write is retried: well below API Gateway's 29 s, so that the caller hears of it from us."""

BATCH: Final = 25
"""Writes that DynamoDB takes in one batch."""

NO_SUCH_SEQ: Final = 9_999_999_999
"""Beyond every event's number, in as many digits as a key has for it."""

_RETRIED: Final = frozenset(
    {
        "TransactionConflictException",
        "TransactionInProgressException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
    }
)
_RETRIED_REASONS: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class Refused(Exception):
    """A condition did not hold. `found` has, for each write in order, the item in its way; None where it held.

    An item that is not there at all is an empty dict. `resent` says that the client had sent the request before without
    hearing an answer: what it finds may be its own doing.
    """

    def __init__(self, found: list[Item | None], *, resent: bool = False) -> None:
        self.found = found
        self.resent = resent
        super().__init__()


class Table:
    """One DynamoDB table. `client` is botocore's."""

    def __init__(self, client: Callable[[], Any], name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """One item, or None."""
        answer = self._call("get_item", Key=_keys(key), ConsistentRead=consistent)
        return unpack(answer["Item"]) if "Item" in answer else None

    def collection(self, identity: str, *, consistent: bool = True) -> Collection:
        """The identity, its devices (unpaired ones, too) and its restore item, in one read."""
        found: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            answer = self._call(
                "query",
                ConsistentRead=consistent,
                KeyConditionExpression="PK = :pk AND SK BETWEEN :from AND :to",
                ExpressionAttributeValues=pack(
                    {
                        ":pk": identity_key(identity)["PK"],
                        ":from": identity_key(identity)["SK"],
                        ":to": restore_key(identity)["SK"],
                    }
                ),
                **start,
            )
            found += [unpack(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return Collection(found)
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def latest_acts(self, identity: str, upto: int | None, limit: int) -> tuple[list[Item], bool]:
        """Items of event rows, the newest first: those that begin at row `upto` or before, `limit` of them at most.

        Also whether the read ended early, before that many items or the log's beginning (DynamoDB reads 1 MB at once).
        """
        last = event_key(identity, NO_SUCH_SEQ if upto is None else upto)
        answer = self._call(
            "query",
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=limit,
            KeyConditionExpression="PK = :pk AND SK BETWEEN :from AND :to",
            ExpressionAttributeValues=pack({":pk": last["PK"], ":from": EVENT, ":to": last["SK"]}),
        )
        items = [unpack(item) for item in answer["Items"]]
        return items, "LastEvaluatedKey" in answer and len(items) < limit

    def between(
        self, partition: str, first: str, last: str, *, newest_first: bool, limit: int | None, consistent: bool = True
    ) -> list[Item]:
        """Items of one partition whose sort keys lie between two, both included: `limit` of them, or all (None)."""
        if first > last:
            return []  # nothing lies between; DynamoDB would refuse the question
        found: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            answer = self._call(
                "query",
                ConsistentRead=consistent,
                ScanIndexForward=not newest_first,
                KeyConditionExpression="PK = :pk AND SK BETWEEN :from AND :to",
                ExpressionAttributeValues=pack({":pk": partition, ":from": first, ":to": last}),
                **({"Limit": limit - len(found)} if limit is not None else {}),
                **start,
            )
            found += [unpack(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer or (limit is not None and len(found) >= limit):
                return found
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def several(self, keys: Sequence[Key]) -> list[Item]:
        """The items of these keys, 100 at most, that are there; in any order, eventually consistent."""
        found: list[Item] = []
        wanted: dict[str, Any] = {self._name: {"Keys": [_keys(key) for key in keys]}}
        pause = 0.05
        while keys and wanted:
            answer = self._call("batch_get_item", RequestItems=wanted)
            found += [unpack(item) for item in answer["Responses"].get(self._name, [])]
            if wanted := answer.get("UnprocessedKeys") or {}:
                time.sleep(pause)
                pause = min(pause * 2, 0.5)
        return found

    def some_of(self, identity: str, limit: int) -> list[Item]:
        """Any items of an identity, of whatever kind, `limit` of them at most; none where there are none."""
        answer = self._call(
            "query",
            ConsistentRead=True,
            Limit=limit,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues=pack({":pk": identity_key(identity)["PK"]}),
        )
        return [unpack(item) for item in answer["Items"]]

    def write(self, write: Write, *, returning: str = "ALL_NEW") -> Item:
        """One conditional write; the item after it (for an update), else an empty dict."""
        arguments = _action(write)
        if write.kind == "Update":
            answer = self._call("update_item", ReturnValues=returning, **arguments)
            return unpack(answer.get("Attributes", {}))
        self._call("delete_item" if write.kind == "Delete" else "put_item", **arguments)
        return {}

    def fill(self, writes: Sequence[Write]) -> None:
        """Put and delete items, each by itself and without a condition, 25 in a request: half a transaction's price."""
        for some in batched(writes, BATCH, strict=False):
            wanted: dict[str, Any] = {self._name: [_request(write) for write in some]}
            give_up = time.monotonic() + PATIENCE_SECONDS
            while wanted:
                answer = self._call("batch_write_item", RequestItems=wanted)
                if wanted := answer.get("UnprocessedItems") or {}:
                    if time.monotonic() > give_up:
                        raise Problem("unavailable", retry_after=2, reason="batches are not taken")
                    time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 - jitter, nothing secret

    def transact(self, writes: Sequence[Write]) -> None:
        """All of the writes or none of them."""
        actions = [{write.kind: {**_action(write), "TableName": self._name}} for write in writes]
        self._call("transact_write_items", TransactItems=actions)

    def _call(self, operation: str, **arguments: Any) -> Any:
        if operation not in {"transact_write_items", "batch_get_item", "batch_write_item"}:
            arguments["TableName"] = self._name
        call = getattr(self._client(), operation)
        give_up = time.monotonic() + PATIENCE_SECONDS
        pause = 0.02
        while True:
            try:
                return call(**arguments)
            except ClientError as error:
                if not _retry(error):
                    raise Problem("unavailable", retry_after=2, reason=error.response["Error"]["Code"]) from error
            except BotoCoreError as error:
                raise Problem("unavailable", retry_after=2, reason=type(error).__name__) from error
            if time.monotonic() > give_up:
                raise Problem("unavailable", retry_after=2, reason="conflicts")
            time.sleep(random.uniform(pause / 4, pause))  # noqa: S311 - jitter, nothing secret
            pause = min(pause * 2, 0.5)


class Collection:
    """What `Table.collection` found. `identity` and `restore` are None where there is no such identity."""

    __slots__ = ("devices", "identity", "restore")

    def __init__(self, items: list[Item]) -> None:
        by_sort = {str(item["SK"]): item for item in items}
        self.identity: Item | None = by_sort.pop("I", None)
        self.restore: Item | None = by_sort.pop("R", None)
        self.devices: dict[str, Item] = {sort.removeprefix(DEVICE): item for sort, item in by_sort.items()}


def _retry(error: ClientError) -> bool:
    """Whether to send the same again; raises `Refused` where a condition has spoken."""
    response: dict[str, Any] = error.response  # type: ignore[assignment]  # the stubs know no reasons
    code = response["Error"]["Code"]
    resent = response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
    if code == "ConditionalCheckFailedException":
        raise Refused([unpack(response.get("Item", {}))], resent=resent) from error
    if code == "TransactionCanceledException":
        reasons = response.get("CancellationReasons", [])
        if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
            found = [
                unpack(reason.get("Item", {})) if reason.get("Code") == "ConditionalCheckFailed" else None
                for reason in reasons
            ]
            raise Refused(found, resent=resent) from error
        return any(reason.get("Code") in _RETRIED_REASONS for reason in reasons)
    return code in _RETRIED


def _request(write: Write) -> dict[str, Any]:
    """One write of a batch."""
    if write.kind == "Put":
        return {"PutRequest": {"Item": pack(write.item or {})}}
    return {"DeleteRequest": {"Key": _keys(write.key)}}


def _keys(key: Key) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in key.items()}


def _action(write: Write) -> dict[str, Any]:
    """The arguments of one write, alone or in a transaction."""
    arguments: dict[str, Any] = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if write.kind == "Put":
        arguments["Item"] = pack(write.item or {})
    else:
        arguments["Key"] = _keys(write.key)
    if write.kind == "Update":
        arguments["UpdateExpression"] = write.update
    if write.condition:
        arguments["ConditionExpression"] = write.condition
    if write.names:
        arguments["ExpressionAttributeNames"] = write.names
    if write.values:
        arguments["ExpressionAttributeValues"] = pack(write.values)
    return arguments


def pack(item: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's form of a dict of str, int, bool, None, list, dict and sets of str.

    Written here because boto3's serializer brings boto3 with it, a fifth of a cold start.
    """
    return {name: _pack(value) for name, value in item.items()}


def _pack(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - one line a type
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case dict():
            return {"M": pack(value)}
        case list() | tuple():
            return {"L": [_pack(member) for member in value]}
        case set() | frozenset() if value:
            return {"SS": sorted(value)}
    message = f"no form in DynamoDB: {type(value).__name__}"
    raise TypeError(message)


def unpack(item: dict[str, Any]) -> Item:
    """The dict that DynamoDB's form stands for; numbers are whole."""
    return {name: _unpack(value) for name, value in item.items()}


def _unpack(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content)
        case "NULL":
            return None
        case "M":
            return unpack(content)
        case "L":
            return [_unpack(member) for member in content]
        case "SS":
            return set(content)
    message = f"not a form that is written here: {kind}"
    raise TypeError(message)
