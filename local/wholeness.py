"""Whether the logs in a table are whole: by their chains, by the journal, and by whatever else has seen their entries.

Pure: items in, findings out. `local.verify_log` fetches the items, `local.signed_days` adds what was signed.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local.places import ROOT

sys.path.insert(0, str(ROOT / "layers" / "core"))

from restore import audit, tombstones
from restore.codes import Pepper
from restore.conditions import Item
from restore.journal import day_of
from restore.keys import (
    ADMINISTRATION,
    ERASED_EVENT,
    EVENT,
    ORDER,
    RESTORE,
    TOMBSTONE,
    day_key,
    restore_key,
    signed_key,
    tombstone_key,
)

DUE_SECONDS = 2 * 86400
"""Events that are older are in the journal and in the archive; younger ones may still be under way."""
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What comes of reading an item that nothing of ours has written."""

_LIVE = restore_key("")["PK"]
_GONE = tombstone_key("")["PK"]
_DAY = day_key("", "")["PK"]
_NAME_HASH = re.compile(r"[^.]+\.[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True)
class Finding:
    """What is wrong: with which chain and entry, or with neither but the archive."""

    text: str
    chain: str | None = None
    seq: int = 0


@dataclass
class Report:
    """What was found, and what was checked."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    identities: int = 0
    erased: int = 0
    events: int = 0
    administrators_rows: int = 0
    days: list[str] = field(default_factory=list)
    archived: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class Row(NamedTuple):
    """As much of an event row as its chain needs; `digest` is worked out from the content wherever that is there."""

    at: int
    kind: str
    hash: str
    digest: str | None
    emptied: bool


class Entry(NamedTuple):
    """A pointer at a row, in the journal or in the archive. `chain` is a name or the keyed hash of one."""

    chain: str
    seq: int
    at: int
    kind: str
    hash: str

    @classmethod
    def of(cls, told: Item) -> "Entry":
        """Read one; what is no entry raises one of `UNREADABLE`."""
        return cls(told.get("identity") or told["chain"], told["seq"], told["at"], told["type"], told["hash"])


class Chain:
    """What the table has of one log."""

    __slots__ = ("broken", "erased", "head", "rows")

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.head: tuple[Any, Any] | None = None
        self.erased = False
        self.broken: dict[int, str] = {}

    def take(self, item: Item, first: int) -> None:
        """Take the rows of an item that lies where row `first` belongs."""
        rows = item.get("rows")
        if not isinstance(rows, list) or not rows:
            self.broken.setdefault(first, "has no row (altered)")
            return
        for seq, row in enumerate(rows, first):
            try:
                its_seq, read = row["seq"], _read(row)
            except UNREADABLE:
                self.broken.setdefault(seq, "cannot be read (altered)")
                continue
            if its_seq != seq:
                self.broken.setdefault(seq, f"is not in its place, where entry {its_seq} lies (swapped or inserted)")
            else:
                self.add(seq, read)

    def add(self, seq: int, row: Row) -> None:
        """Add a row; the same one again may come while an erasure moves it."""
        if self.rows.setdefault(seq, row).hash != row.hash:
            self.broken.setdefault(seq, "is there twice, and not the same (inserted)")


def _read(row: Item) -> Row:
    content = {"detail", "device", "source", "salt"} & set(row)
    # a digest that is carried counts only where the content is gone: beside content it would vouch for any
    if content and "digest" in row:
        raise ValueError
    digest = audit.digest(row) if content else row.get("digest")
    return Row(int(row["at"]), str(row["type"]), str(row["hash"]), digest, emptied=not content)


class Logs:
    """All logs of a table, the journal of them, and what is wrong with either."""

    def __init__(self, items: Iterable[Item], pepper: Pepper) -> None:
        self.chains: dict[str, Chain] = defaultdict(Chain)
        self.signed: Item = {}
        """Which day the table has as signed last."""
        self.told: dict[str, str] = {}
        """Hashes of manifests by day, as the administrators' log tells them."""
        self.strange: list[Finding] = []
        self._journal: list[Entry] = []
        self._marks: list[tuple[str, int]] = []
        self._wrong: dict[str, tuple[int, str]] = {}
        for item in items:
            self._take(item)
        self._names: dict[str, str] = {}
        self._pepper = pepper
        self._know_names()

    @property
    def administration(self) -> dict[int, Row]:
        """The rows of the administrators' log."""
        return self.chains[ADMINISTRATION].rows if ADMINISTRATION in self.chains else {}

    def wrong(self, name: str, seq: int, text: str) -> None:
        """Say what is wrong with an entry. Of each log the first entry is told, and the first word about it."""
        if name not in self._wrong or seq < self._wrong[name][0]:
            self._wrong[name] = seq, text

    def findings(self) -> list[Finding]:
        """What is wrong: one finding a log, the administrators' own first."""
        names = sorted(self._wrong, key=lambda name: (name != ADMINISTRATION, name))
        said = [(name, *self._wrong[name]) for name in names]
        return [Finding(f"Entry {seq} of {self.called(name)} {text}.", name, seq) for name, seq, text in said]

    def called(self, name: str) -> str:
        """What somebody at a terminal calls a log."""
        if name == ADMINISTRATION:
            return "the administrators' log"
        if name in self.chains:
            return f"the log of the erased {name}" if self.chains[name].erased else f"the log of {name}"
        return (
            f"a log that is gone, of the name with the hash {name}" if _NAME_HASH.fullmatch(name) else f"{name}'s log"
        )

    # What the table has

    def _take(self, item: Item) -> None:
        partition, sort = item["PK"], item["SK"]
        if partition.startswith(_LIVE):
            self._take_of(partition.removeprefix(_LIVE), sort, item)
        elif partition.startswith(_GONE):
            self._take_erased(partition.removeprefix(_GONE), sort, item)
        elif partition.startswith(_DAY):
            try:
                self._journal.append(Entry.of(item))
            except UNREADABLE:
                self.strange.append(Finding(f"The journal's entry {sort} of {partition} cannot be read."))
        elif {"PK": partition, "SK": sort} == signed_key():
            self.signed = item

    def _take_of(self, name: str, sort: str, item: Item) -> None:
        if sort == RESTORE:
            self.chains[name].head = item.get("seq", 0), item.get("head")
        elif sort.startswith(EVENT):
            self.chains[name].take(item, _number(sort, EVENT))
            if name == ADMINISTRATION:
                self._take_told(item)
        elif sort.startswith(ORDER):
            self._marks.append((name, _number(sort, ORDER)))

    def _take_erased(self, name_hash: str, sort: str, item: Item) -> None:
        chain = self.chains[name_hash]
        chain.erased = True
        if sort == TOMBSTONE:
            chain.head = item.get("seq", 0), item.get("head")
        elif sort.startswith(ERASED_EVENT):
            chain.take(item, _number(sort, ERASED_EVENT))

    def _take_told(self, item: Item) -> None:
        for row in item.get("rows") or []:
            try:
                if row["type"] == "log.signed":
                    self.told[row["detail"]["day"]] = row["detail"]["sha256"]
            except UNREADABLE:
                continue  # the chain tells

    def _know_names(self) -> None:
        """Which log a keyed hash of a name stands for; an erasure under way is put together with what it has moved."""
        for name in [one for one, chain in self.chains.items() if not chain.erased and one != ADMINISTRATION]:
            hashes = tombstones.hashes_of(name, self._pepper)
            gone = next((one for one in hashes if one in self.chains), None)
            if gone:
                moving = self.chains.pop(name)
                self.chains[gone].broken |= moving.broken
                for seq, row in moving.rows.items():
                    self.chains[gone].add(seq, row)
                self._names[name] = gone
            self._names |= dict.fromkeys(hashes, gone or name)

    # Judging

    def judge(self) -> None:
        """Check every chain from its beginning to its head, and marks of the administrators' rows."""
        for name in sorted(self.chains):
            self._judge(name, self.chains[name])
        for name, seq in self._marks:
            if name in self._names:
                continue  # being erased
            if seq not in self.administration:
                self.wrong(ADMINISTRATION, seq, f"is missing, and {name} is marked as named in it (deleted)")
            elif self.administration[seq].emptied:
                self.wrong(ADMINISTRATION, seq, f"was emptied, and {name}, whom it names, is not erased (altered)")

    def judge_journal(self) -> set[tuple[str, int]]:
        """Check that the journal's entries are in the logs; which events it has."""
        known = set()
        for entry in self._journal:
            known.add(self.compare(entry, f"the journal has it on {day_of(entry.at)}"))
        return known

    def compare(self, entry: Entry, where: str) -> tuple[str, int]:
        """Check that what was entered somewhere is in its log, and the same; log and number."""
        name = self._resolved(entry)
        row = self.chains[name].rows.get(entry.seq) if name in self.chains else None
        if row is None:
            self.wrong(name, entry.seq, f"is missing, and {where} (deleted or cut off)")
        elif (row.hash, row.at, row.kind) != (entry.hash, entry.at, entry.kind):
            self.wrong(name, entry.seq, f"is another one now; {where} (altered, the chain rewritten)")
        return name, entry.seq

    def _resolved(self, entry: Entry) -> str:
        """The log of an entry; by the entry's hash where the name's is of another version than the tombstone's."""
        if entry.chain in self.chains:
            return entry.chain
        if entry.chain not in self._names:
            # an entry may keep the name for a moment after its identity was erased
            hashes = tombstones.hashes_of(entry.chain, self._pepper)
            if erased := next((one for one in hashes if one in self.chains), None):
                self._names[entry.chain] = erased
        if entry.chain not in self._names:
            version = entry.chain.partition(".")[0]
            self._names[entry.chain] = next(
                (
                    name
                    for name, chain in self.chains.items()
                    if chain.erased
                    and name.partition(".")[0] != version
                    and entry.seq in chain.rows
                    and chain.rows[entry.seq].hash == entry.hash
                ),
                entry.chain,
            )
        return self._names[entry.chain]

    def _judge(self, name: str, chain: Chain) -> None:
        before = None if chain.erased else audit.genesis(name)
        expected = 1
        for seq in sorted({*chain.rows, *chain.broken}):
            if seq > expected:
                break
            may_be_empty = chain.erased or name == ADMINISTRATION
            why = chain.broken.get(seq) or _why_not(chain.rows[seq], seq, before, may_be_empty=may_be_empty)
            if why:
                self.wrong(name, seq, why)
                return
            before, expected = chain.rows[seq].hash, seq + 1
        seq, head = chain.head or (0, None)
        last = max([0, *chain.rows])
        if chain.head is None:
            self.wrong(name, 1, "and all others stand alone: the log's head is missing")
        elif last >= expected:
            self.wrong(name, expected, "is missing (deleted)")
        elif seq != last:
            cut, more = (
                f"is missing: the head is at {seq} (cut off)",
                f"is beyond the head, which is at {seq} (inserted)",
            )
            self.wrong(name, min(seq, last) + 1, cut if seq > last else more)
        elif head != before:
            self.wrong(name, last, "is not the one that the head has (altered)")
        elif chain.erased and chain.rows[last].kind != "identity.erased":
            self.wrong(name, last, "is the last one, and tells no erasure (cut off)")

    def counted(self, report: Report) -> None:
        """Say in a report what was checked."""
        report.administrators_rows = len(self.administration)
        for name, chain in self.chains.items():
            if name != ADMINISTRATION:
                report.events += len(chain.rows)
                report.erased += chain.erased
                report.identities += not chain.erased

    def missing_in(self, known: AbstractSet[tuple[str, int]], now: int, where: str) -> list[str]:
        """A note where events that are long due are not known somewhere."""
        late = [
            (row.at, name, seq)
            for name, chain in self.chains.items()
            for seq, row in chain.rows.items()
            if row.at < now - DUE_SECONDS and (name, seq) not in known
        ]
        if not late:
            return []
        at, name, seq = min(late)
        first = f"entry {seq} of {self.called(name)}, of {day_of(at)}"
        return [f"Events that are older than two days and not {where}: {len(late)}. The first is {first}."]


def _why_not(row: Row, seq: int, before: str | None, *, may_be_empty: bool) -> str | None:
    """Why a row does not follow from the one before, if so. The first one of an erased log has none to follow from."""
    if row.emptied and not may_be_empty:
        return "was emptied, and the identity is not erased (altered)"
    if seq == 1 and before is None:
        return None
    if row.digest is not None and before is not None:
        told = {"at": row.at, "digest": row.digest, "seq": seq, "type": row.kind}
        try:
            if audit.chained(before, told) == row.hash:
                return None
        except UNREADABLE:
            pass  # the hash before is none
    return "does not follow from the one before (altered, inserted or swapped)"


def _number(sort: str, kind: str) -> int:
    digits = sort.removeprefix(kind)
    return int(digits) if digits.isdecimal() else 0
