"""`python -m local verify-log`: is the log whole, or which entry was altered, dropped, inserted or swapped first?

It reads the table and the archive of signed days, of the stack that `make serve` keeps up or of one in the cloud
(`--stack NAME`), and compares three accounts of the same events: the chains, the journal, and what was signed night by
night. What it cannot see is in docs/decisions/signed-log.md.

Events that come while it reads look like a broken log for a moment. So what it finds is told only where a second
reading finds it, too.

`--record` writes the result into the administrators' log, where the dashboard shows it. Whoever may write to the table
may write such a row, too: it says when somebody last looked, and proves nothing by itself.
"""

import argparse
import io
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.deployment import STACK, Account
from local.errors import StackError, said
from local.phone import Unexpected
from local.progress import Progress
from local.signed_days import Archive, SignedDays, Version
from local.whereabouts import add_folder_option, read_stack
from local.wholeness import UNREADABLE, Finding, Logs, Report
from restore import adminlog
from restore.codes import Pepper
from restore.conditions import Item
from restore.errors import Problem
from restore.keys import ADMINISTRATION
from restore.store import Table, unpack

READINGS = 6
SHOWN = 20
RECORDED = 160
"""Characters of a finding that go into the log."""
TOLD_EVERY = 100_000
"""Items between two lines that say how far the reading is."""
_KIND = re.compile(r"\(([a-z ,]+)\)\.$", re.ASCII)
"""The fixed words at the end of what is wrong with an entry."""


def verify(items: Iterable[Item], archive: Archive, pepper: Pepper, now: int) -> Report:
    """Judge a table, item by item as the service reads them, and the archive of its log."""
    report = Report()
    logs = Logs(items, pepper)
    logs.counted(report)
    logs.judge()
    indexed = logs.judge_journal()
    signed = SignedDays(archive, logs, report).judge(now)
    report.findings = [*logs.findings(), *logs.strange, *report.findings]
    report.notes += logs.missing_in(indexed, now, "in the journal")
    if report.days:
        report.notes += logs.missing_in(signed, now, "in the archive")
    return report


@dataclass(frozen=True)
class Deployment:
    """Where a stack's log is, and what reads it. `client` makes boto3's client of a service."""

    client: Callable[[str], Any]
    table: str
    bucket: str
    key: str
    pepper: str

    @classmethod
    def of(cls, client: Callable[[str], Any], outputs: Mapping[str, str], stack: str) -> "Deployment":
        """By the outputs of a stack.

        Raises:
            StackError: it lacks one.
        """
        try:
            names = ("TableName", "LogArchiveName", "LogKeyArn", "PepperSecretArn")
            return cls(client, *(outputs[name] for name in names))
        except KeyError as error:
            raise StackError(
                f"The stack {stack} has no output {error}: is it this project's, and up to date?"
            ) from None

    def read(self, progress: Progress) -> Report:
        """Read all of it and judge.

        The archive comes first: what is in it was in the table before, so nothing signed meanwhile looks lost.
        """
        archive = self._archive()
        pepper = Pepper.parse(self.client("secretsmanager").get_secret_value(SecretId=self.pepper)["SecretString"])
        return verify(self._items(progress), archive, pepper, int(time.time()))

    def record(self, report: Report, now: int) -> None:
        """Write the result into the administrators' log, as a row like any other: chained, published, signed at night.

        Raises:
            StackError: it could not be written.
        """
        dynamodb = self.client("dynamodb")
        try:
            adminlog.tell(
                Table(lambda: dynamodb, self.table),
                "log.verified",
                now,
                source="",
                whole=report.whole,
                events=report.events,
                identities=report.identities,
                days=len(report.days),
                finding=None if report.whole else recorded(report.findings[0]),
            )
        except Problem as problem:
            raise StackError(f"The result could not be written into the log: {problem.reason}") from None
        except UNREADABLE as error:
            raise StackError(
                f"The result could not be written: the head of the administrators' log cannot be read ({error!r})."
            ) from None

    def _items(self, progress: Progress) -> Iterator[Item]:
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        count = 0
        for page in pages:
            for item in page["Items"]:
                count += 1
                if count % TOLD_EVERY == 0:
                    progress.say(f"  {count} items read")
                yield _unpacked(item)

    def _archive(self) -> Archive:
        s3 = self.client("s3")
        versions: dict[str, list[str]] = defaultdict(list)
        removed = set()
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix="log/"):
            for one in page.get("Versions", []):  # each key's newest first
                versions[one["Key"]].insert(0, one["VersionId"])
            removed |= {one["Key"] for one in page.get("DeleteMarkers", []) if one["IsLatest"]}

        def read(version: Version) -> bytes:
            got = s3.get_object(Bucket=self.bucket, Key=version.key, VersionId=version.id)
            text: bytes = got["Body"].read()
            return text

        return Archive(versions, removed, read, self.client("kms").get_public_key(KeyId=self.key)["PublicKey"])


def _unpacked(item: dict[str, Any]) -> Item:
    try:
        return unpack(item)
    except (TypeError, ValueError):  # nothing of ours has written it; the chain it is in tells
        return {name: str(*item[name].values()) for name in ("PK", "SK")}


def recorded(finding: Finding) -> str:
    """A finding as it goes into the log: without a name, since nothing would ever erase it there."""
    if finding.chain is None:
        named = finding.text.startswith("The journal's entry")
        return "An entry of the journal cannot be read." if named else finding.text[:RECORDED]
    log = "the administrators' log" if finding.chain == ADMINISTRATION else "the log of an identity"
    kind = _KIND.search(finding.text)
    return f"Entry {finding.seq} of {log} is not what it was{f' ({kind[1]})' if kind else ''}."


def settled(read: Callable[[], Report]) -> Report:
    """Read until two readings agree on what is wrong, or one finds nothing."""
    report = read()
    for _ in range(READINGS - 1):
        if report.whole:
            return report
        again = read()
        again.findings, found = [one for one in again.findings if one in report.findings], again.findings
        if again.findings or not found:
            return again
        again.findings = found
        report = again
    return report


def whole_log_of(stack: Mapping[str, str]) -> list[str]:
    """Verify the log of a stack that is up here, by what its stack.json holds; what was checked.

    Raises:
        Unexpected: it is not whole; the text says where.
    """
    deployment = _of_stack(stack)
    report = settled(lambda: deployment.read(Progress(io.StringIO())))
    if not report.whole:
        raise Unexpected("\n".join(lines_of(report)))
    return lines_of(report)


def lines_of(report: Report) -> list[str]:
    """The report as somebody reads it at a terminal."""
    signed = f", {report.days[0]} to {report.days[-1]}," if report.days else ""
    lines = ["The log is whole." if report.whole else "THE LOG IS NOT WHOLE."]
    lines += [f"  {finding.text}" for finding in report.findings[:SHOWN]]
    if len(report.findings) > SHOWN:
        lines.append(f"  … and {len(report.findings) - SHOWN} more.")
    return [
        *lines,
        f"Checked: {report.events} events of {report.identities} identities and {report.erased} erased ones,",
        f"  {report.administrators_rows} rows of administrators,",
        f"  {len(report.days)} signed days{signed} with {report.archived} entries.",
        *(f"Note: {note}" for note in report.notes),
    ]


@said
def main(arguments: Sequence[str]) -> int:
    """Verify a log; exit status 0 where it is whole, 1 where it is not or cannot be read, 2 for a wrong option."""
    parser = argparse.ArgumentParser(
        prog="python -m local verify-log",
        description="Verify the log of a stack: is it whole, or which entry was altered first?",
    )
    parser.add_argument("--stack", help=f"a stack in the cloud, such as {STACK}, instead of the one that is up here")
    parser.add_argument("--region", help="its region (default: that of the AWS settings in force)")
    parser.add_argument("--profile", help="profile of the AWS settings")
    add_folder_option(parser, "where the stack.json of the one that is up is")
    parser.add_argument(
        "--record",
        action="store_true",
        help="write the result into the administrators' log, where the dashboard shows it",
    )
    options = parser.parse_args(arguments)
    progress = Progress()
    try:
        with progress.step("Reading table and archive"):
            deployment = _deployment(options)
            report = settled(lambda: deployment.read(progress))
        print("\n".join(lines_of(report)))
        if options.record:
            deployment.record(report, int(time.time()))
            print("Recorded in the administrators' log as log.verified.")
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"The log cannot be read: {error}") from error
    return 0 if report.whole else 1


def _deployment(options: argparse.Namespace) -> Deployment:
    if not options.stack:
        return _of_stack(read_stack(options.folder))
    session = boto3.session.Session(region_name=options.region, profile_name=options.profile)
    return _deployed(options.stack, session.client)


def _of_stack(stack: Mapping[str, str]) -> Deployment:
    return _deployed(stack["stack"], Account(stack["aws_endpoint"]).client)


def _deployed(name: str, client: Any) -> Deployment:
    (found,) = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return Deployment.of(client, {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}, name)
