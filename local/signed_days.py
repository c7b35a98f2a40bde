"""Whether a table still has what was signed of its logs, night by night, and whether all that was signed is there.

All versions of an object count, not only the newest: the bucket's lock keeps the first, whoever writes others over it.
So what was signed once is held against the table, even where somebody had the day signed again.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from local.wholeness import DUE_SECONDS, Entry, Finding, Logs, Report
from restore.journal import day_of
from restore.keys import ADMINISTRATION

_OBJECT = re.compile(
    r"log/([0-9]{4}-[0-9]{2}-[0-9]{2})/(?:(manifest\.json)|manifest\.sig|entries-[0-9]{4,}\.jsonl)", re.ASCII
)


class Version(NamedTuple):
    """One version of an object in the archive."""

    key: str
    id: str


@dataclass(frozen=True)
class Archive:
    """The bucket of signed days. `versions` has those of each key, the oldest first; `removed` keys are deleted."""

    versions: Mapping[str, Sequence[str]]
    removed: AbstractSet[str]
    read: Callable[[Version], bytes]
    public_key: bytes
    """Of the key that signs, as DER."""

    def texts(self, key: str) -> list[bytes]:
        """All that an object ever said, the newest last."""
        return [self.read(Version(key, version)) for version in self.versions.get(key, ())]

    @cached_property
    def days(self) -> dict[str, bool]:
        """The days of which there is anything, in order, and whether there is a manifest."""
        days: dict[str, bool] = {}
        for key in sorted(self.versions):
            if found := _OBJECT.fullmatch(key):
                days[found[1]] = days.get(found[1], False) or bool(found[2])
        return days

    def holds(self, text: bytes, signature: bytes) -> bool:
        """Whether a signature is the log's key's."""
        key = load_der_public_key(self.public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        try:
            key.verify(b64decode(signature, validate=True), text, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


class SignedDays:
    """The check of one archive against the logs of one table."""

    def __init__(self, archive: Archive, logs: Logs, report: Report) -> None:
        self._archive = archive
        self._logs = logs
        self._report = report
        self._noted = str(logs.signed.get("day", ""))
        """The day that the table has as signed last."""
        self._sums: dict[str, str] = {}
        self._archived: set[tuple[str, int]] = set()

    def judge(self, now: int) -> set[tuple[str, int]]:
        """Check it all; which events were signed."""
        archive, report = self._archive, self._report
        days = [day for day, with_manifest in archive.days.items() if with_manifest]
        newest = max([*days, self._noted])
        report.notes += [
            f"Nothing of ours has written {key}." for key in archive.versions if not _OBJECT.fullmatch(key)
        ]
        if not newest:
            report.notes.append("No day has been signed yet.")
            return set()
        report.days = list(_days(min([*days, newest]), newest))
        before: dict[str, Any] | None = None
        for day in report.days:
            before = self._day(day, before)
        self._judge_last(newest, self._noted)
        alone = [day for day, with_manifest in archive.days.items() if not with_manifest and day not in report.days]
        report.notes += [f"Of {day} there is a part and no manifest: a run of SignLog broke off." for day in alone]
        if newest < day_of(now - DUE_SECONDS):
            report.notes.append(f"Nothing was signed since {newest}: see docs/runbook.md, The log is not signed.")
        return self._archived

    def _bad(self, text: str) -> None:
        self._report.findings.append(Finding(text))

    def _day(self, day: str, before: dict[str, Any] | None) -> dict[str, Any] | None:
        """Check all that was signed of a day; what the next day's manifest has to name, if that can be said."""
        archive, key = self._archive, f"log/{day}/manifest.json"
        for gone in sorted(one for one in archive.removed if one.startswith(f"log/{day}/")):
            self._bad(f"{gone} was removed; its versions are still there, below a delete marker.")
        texts, signatures = archive.texts(key), archive.texts(f"log/{day}/manifest.sig")
        if not texts:
            if key not in archive.removed:
                self._bad(f"The manifest of {day} is missing.")
            return None
        signed = {text: json.loads(text) for text in texts if any(archive.holds(text, one) for one in signatures)}
        for text, manifest in signed.items():
            if manifest["day"] == day:
                self._manifest(day, manifest, newest=text == texts[-1])
        if texts[-1] not in signed or not archive.holds(texts[-1], signatures[-1]):
            if day > self._noted and day not in self._logs.told:
                self._report.notes.append(f"The manifest of {day} is not signed yet: a run of SignLog broke off.")
            else:
                self._bad(f"The manifest of {day} is not what the log's key has signed (altered).")
            return None
        if len(signed) > 1:
            self._report.notes.append(f"{day} was signed {len(signed)} times: a run of SignLog broke off.")
        self._sums[day] = sha256(texts[-1]).hexdigest()
        return self._follows(day, signed[texts[-1]], before)

    def _follows(self, day: str, manifest: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any] | None:
        """Check that a manifest is of its day, and names the one before."""
        named = manifest["before"]
        if manifest["day"] != day:
            self._bad(f"The manifest of {day} is that of {manifest['day']} (an old one put back).")
            return None
        if day == self._report.days[0]:
            if named is not None:
                self._bad(f"The manifest of {named['day']} is missing: that of {day} comes after it.")
        elif before is not None and named != before:
            self._bad(f"The manifest of {before['day']} is not the one that {day} comes after (an old one put back).")
        return {"day": day, "sha256": self._sums[day]}

    def _manifest(self, day: str, manifest: dict[str, Any], *, newest: bool) -> None:
        """Hold what was signed against the table. The parts of a manifest that was signed anew lie below newer ones."""
        head, rows = manifest["administration"], self._logs.administration
        if head and head["seq"] not in rows:
            first = min(seq for seq in range(1, head["seq"] + 1) if seq not in rows)
            self._logs.wrong(
                ADMINISTRATION, first, f"is missing: there were {head['seq']} when {day} was signed (cut off)"
            )
        elif head and rows[head["seq"]].hash != head["hash"]:
            self._logs.wrong(ADMINISTRATION, head["seq"], f"is another one than when {day} was signed (rewritten)")
        for part in manifest["parts"]:
            key, texts = part["key"], self._archive.texts(part["key"])
            if newest and (not texts or sha256(texts[-1]).hexdigest() != part["sha256"]):
                self._bad(f"{key} {'is not what was signed (altered)' if texts else 'is missing'}.")
            text = next((text for text in texts if sha256(text).hexdigest() == part["sha256"]), None)
            if text is not None:
                self._entries(day, text)

    def _entries(self, day: str, text: bytes) -> None:
        for line in text.splitlines():
            self._archived.add(self._logs.compare(Entry.of(json.loads(line)), f"it was signed with {day}"))
            self._report.archived += 1

    def _judge_last(self, newest: str, noted: str) -> None:
        """Compare with what the table itself says of signings."""
        after = (date.fromisoformat(noted) + timedelta(days=1)).isoformat() if noted else newest
        if newest > after:
            self._bad(f"There is a manifest of {newest}, and the table has {noted} as signed last (set back).")
        elif newest != noted:
            self._report.notes.append(f"{newest} was signed and not noted: a run of SignLog broke off.")
        told = {**self._logs.told, **({noted: str(self._logs.signed.get("sha256"))} if noted else {})}
        for day, digest in sorted(told.items()):
            if day not in self._report.days:
                self._bad(f"The manifest of {day} is missing: the table has it as signed.")
            elif self._sums.get(day, digest) != digest:
                self._bad(f"The manifest of {day} is not the one that the table has as signed (an old one put back).")


def _days(first: str, last: str) -> Iterator[str]:
    day = date.fromisoformat(first)
    while day.isoformat() <= last:
        yield day.isoformat()
        day += timedelta(days=1)
