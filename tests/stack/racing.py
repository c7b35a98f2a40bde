"""Requests at once, rounds of it, and what has to hold of the table whoever came first."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING

from local.phone import Answer, Request, send
from restore.audit import chained, genesis
from restore.keys import DEVICE, EVENT
from restore.store import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.stack import Stack

LEAST_ROUNDS = 2
MOST_ROUNDS = 30
SECONDS = float(os.environ.get("RACE_SECONDS", "2"))
"""How long each race goes on; `RACE_SECONDS=120 make test ARGS="-k test_races"` runs the most rounds of every race."""


def rounds() -> Iterator[int]:
    """Rounds of a race: as many as are begun within some seconds. The first is slow, the functions start up in it."""
    end = time.monotonic() + SECONDS
    done = 0
    while done < LEAST_ROUNDS or (done < MOST_ROUNDS and time.monotonic() < end):
        yield done
        done += 1
    print(f"rounds: {done}")  # noqa: T201 - pytest shows it with -rP


def at_once(requests: Sequence[Request]) -> list[Answer]:
    """Send all of them at the same moment, each over a connection of its own; the answers in the same order.

    None of them may be a 5xx: a race is settled inside, and nobody is told to come again. And it has to be a race:
    all were on their way before the first was answered.
    """
    gate = threading.Barrier(len(requests))
    spans: list[tuple[float, float]] = []

    def go(request: Request) -> Answer:
        gate.wait(30)
        begun = time.perf_counter()
        answer = send(request)
        spans.append((begun, time.perf_counter()))
        return answer

    with ThreadPoolExecutor(len(requests)) as threads:
        answers = list(threads.map(go, requests))
    assert max(begun for begun, _ in spans) < min(ended for _, ended in spans), "they came one after the other"
    failed = [answer for answer in answers if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR]
    assert not failed, f"{failed[0].request.target}: {failed[0].status} {failed[0].text}"
    return answers


def check_history(stack: Stack, identity: str) -> dict[str, int]:
    """B4: the log has no gap and no fork, its head is the restore item's, and it tells of every device that came.

    Returns:
        How often each type of event is in the log.
    """
    pages = stack.client("dynamodb").get_paginator("query")
    items = [
        unpack(item)
        for page in pages.paginate(
            TableName=stack.table,
            ConsistentRead=True,
            KeyConditionExpression="PK = :pk",
            ExpressionAttributeValues={":pk": {"S": f"ID#{identity}"}},
        )
        for item in page["Items"]
    ]
    rows = [row for item in items if item["SK"].startswith(EVENT) for row in item["rows"]]
    (restore,) = [item for item in items if item["SK"] == "R"]
    (mine,) = [item for item in items if item["SK"] == "I"]
    recorded = {item["SK"].removeprefix(DEVICE) for item in items if item["SK"].startswith(DEVICE)}
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    head = genesis(identity)
    for row in rows:
        head = chained(head, row)
        assert row["hash"] == head
    assert (restore["seq"], restore["head"]) == (len(rows), head)
    told: dict[str, int] = {}
    for row in rows:
        told[row["type"]] = told.get(row["type"], 0) + 1
    assert len(recorded) == told.get("device.paired", 0) + told.get("identity.created", 0)
    assert set(mine["devices"]) <= recorded
    assert len(mine["devices"]) >= 1
    assert bool(restore.get("codes")) == bool(restore.get("on"))
    return told
