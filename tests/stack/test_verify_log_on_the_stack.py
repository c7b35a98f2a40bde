"""The log's whole way on the deployed stack: act, stream, bus, queue, journal, signing; and `verify-log` of it."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.places import ROOT
from local.user_pool import Administrators
from restore.keys import ADMINISTRATION
from restore.store import pack, unpack
from tests.stack.people import Person

if TYPE_CHECKING:
    from local.stack import Stack

PATIENCE = 90


def verified(stack: Stack, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command against the stack."""
    command = [sys.executable, "-m", "local", "verify-log", "--folder", str(stack.folder), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def events_of(stack: Stack, identity: str) -> list[dict[str, Any]]:
    """Items of event rows of an identity, as DynamoDB has them."""
    answer = stack.client("dynamodb").query(
        TableName=stack.table,
        ConsistentRead=True,
        KeyConditionExpression="PK = :p AND begins_with(SK, :e)",
        ExpressionAttributeValues={":p": {"S": f"ID#{identity}"}, ":e": {"S": "E#"}},
    )
    items: list[dict[str, Any]] = answer["Items"]
    return items


def journalled(stack: Stack, identity: str) -> bool:
    """Whether each event of an identity has reached the journal."""
    dynamodb = stack.client("dynamodb")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    entries: list[dict[str, Any]] = []
    pages = dynamodb.get_paginator("query").paginate(
        TableName=stack.table,
        ConsistentRead=True,
        KeyConditionExpression="PK = :p",
        ExpressionAttributeValues={":p": {"S": f"DAY#{today}"}},
    )
    for page in pages:
        entries += [unpack(item) for item in page["Items"]]
    rows = {row["seq"] for item in events_of(stack, identity) for row in unpack(item)["rows"]}
    return rows == {entry["seq"] for entry in entries if entry.get("identity") == identity}


def test_a_log_is_signed_verified_and_a_changed_entry_named(stack: Stack) -> None:
    """B4, B11: with the roles that are enforced; whole at first, and after one changed symbol its entry is named."""
    person = Person.restorable(stack)
    token = Administrators.of(stack.summary).token("helpdesk")
    barred = httpx.post(
        f"{stack.api}/v1/admin/identities/{person.identity}/restore/barring",
        json={"reason": "asked by phone"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert barred.status_code == 204, barred.text
    end = time.monotonic() + PATIENCE
    while not journalled(stack, person.identity):
        assert time.monotonic() < end, "the events have not reached the journal"
        time.sleep(0.5)
    signed = sign_today(stack)
    done = verified(stack)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The log is whole." in done.stdout
    assert f"{len(signed)} signed days" in done.stdout
    assert "with 0 entries" not in done.stdout
    items = events_of(stack, person.identity)
    forged = copy.deepcopy(items[1])
    forged["rows"]["L"][0]["M"]["source"] = {"S": "192.0.2.1"}
    stack.client("dynamodb").put_item(TableName=stack.table, Item=forged)
    try:
        done = verified(stack)
    finally:
        stack.client("dynamodb").put_item(TableName=stack.table, Item=items[1])
    seq = unpack(items[1])["rows"][0]["seq"]
    assert done.returncode == 1
    assert f"Entry {seq} of the log of {person.identity} does not follow from the one before" in done.stdout
    assert verified(stack).returncode == 0
    done = verified(stack, "--record")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        "Recorded in the administrators' log as log.verified.",
    )
    row = told_last(stack)
    assert (row["type"], row["detail"]["whole"], row["detail"]["days"]) == ("log.verified", True, len(signed))
    assert verified(stack).returncode == 0


def told_last(stack: Stack) -> dict[str, Any]:
    """The newest row of the administrators' log."""
    newest = max(events_of(stack, ADMINISTRATION), key=lambda item: str(item["SK"]["S"]))
    row: dict[str, Any] = unpack(newest)["rows"][-1]
    return row


def sign_today(stack: Stack) -> list[str]:
    """Have the nightly function sign what there is, the days that it signed: today's entries go under a day before.

    Only entries of days that are over, and long enough, are signed; which day an entry lies under is in no chain.
    """
    dynamodb, now = stack.client("dynamodb"), time.time()
    today, over = (time.strftime("%Y-%m-%d", time.gmtime(at)) for at in (now, now - 86400 - 4500))
    found = dynamodb.query(
        TableName=stack.table,
        KeyConditionExpression="PK = :p",
        ExpressionAttributeValues={":p": {"S": f"DAY#{today}"}},
    )
    for item in found["Items"]:
        dynamodb.put_item(TableName=stack.table, Item={**item, "PK": {"S": f"DAY#{over}"}})
    dynamodb.put_item(TableName=stack.table, Item=pack({"PK": "DAYS", "SK": over, "form": 1}))
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["SignLogFunction"], Payload=b"{}")
    text = answer["Payload"].read()
    assert "FunctionError" not in answer, [line for line in stack.function_logs() if "not signed" in line]
    signed: list[str] = json.loads(text)["signed"]
    assert signed == [over]
    return signed


def test_nobody_deletes_what_was_signed(stack: Stack) -> None:
    """B4: the bucket keeps every version for as long as the template says, and knows them all."""
    s3, bucket = stack.client("s3"), stack.outputs["LogArchiveName"]
    rule = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert rule == {"Mode": "COMPLIANCE", "Days": 400}
    put = s3.put_object(Bucket=bucket, Key="of-a-test", Body=b"kept", ChecksumAlgorithm="SHA256")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="of-a-test", VersionId=put["VersionId"])
