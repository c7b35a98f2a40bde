from __future__ import annotations

import copy
import json
import re
import sys
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from local.errors import StackError
from local.progress import Silence
from local.signed_days import Archive, Version
from local.verify_log import Deployment, lines_of, main, recorded, settled, verify
from local.wholeness import Finding, Report
from restore import audit, aws
from restore.codes import Pepper
from restore.journal import day_of
from restore.keys import ADMINISTRATION
from tests.functional.clerks import Clerk
from tests.functional.nights import Nights
from tests.functional.world import ARCHIVE, DAY, PEPPER, TABLE, World, make_world

if TYPE_CHECKING:
    from pathlib import Path

DAYS = [f"2026-11-{day}" for day in range(18, 26)]
"""The first is the day on which everything begins."""


@dataclass
class Evidence:
    """A table and its archive as plain data, to be tampered with: all versions of each object, the oldest first."""

    items: dict[tuple[str, str], dict[str, Any]]
    objects: dict[str, list[bytes]]
    removed: set[str]
    public_key: bytes
    now: int
    pepper: str = PEPPER

    def verify(self) -> Report:
        """What `verify-log` says of it."""
        versions = {key: [str(number) for number in range(len(texts))] for key, texts in self.objects.items()}

        def read(version: Version) -> bytes:
            return self.objects[version.key][int(version.id)]

        archive = Archive(versions, self.removed, read, self.public_key)
        return verify(iter(self.items.values()), archive, Pepper.parse(self.pepper), self.now)

    def rows(self, name: str) -> dict[int, dict[str, Any]]:
        """The rows of a log by number, to be changed."""
        acts = [item for key, item in self.items.items() if key[0] == f"ID#{name}" and key[1].startswith("E#")]
        return {row["seq"]: row for item in acts for row in item["rows"]}

    def act_of(self, name: str, seq: int) -> tuple[str, str]:
        """The key of the item that a row is in."""
        return next(
            key
            for key, item in self.items.items()
            if key[0] == f"ID#{name}" and any(row["seq"] == seq for row in item.get("rows", []))
        )

    def entries(self, name: str, seq: int) -> list[dict[str, Any]]:
        """What the journal has of an event: by day, and by type and day."""
        return [
            item
            for key, item in self.items.items()
            if key[0].startswith(("DAY#", "TYPE#", "LATE#")) and item.get("identity") == name and item["seq"] == seq
        ]

    def rewrite(self, name: str, *, journal: bool = True) -> None:
        """Make a log's hashes fit its rows anew, up to its head; in the journal, too."""
        head = audit.genesis(name)
        for seq, row in sorted(self.rows(name).items()):
            head = row["hash"] = audit.chained(head, row)
            for entry in self.entries(name, seq) if journal else []:
                entry["hash"] = head
        restore = self.items[f"ID#{name}", "R"]
        restore["seq"], restore["head"] = max(self.rows(name)), head

    def cut(self, name: str, acts: int = 1, *, journal: bool = False) -> int:
        """Cut the newest acts off a log, and set its head back; the number of the first row that is gone."""
        keys = sorted(key for key in self.items if key[0] == f"ID#{name}" and key[1].startswith("E#"))[-acts:]
        gone = [row["seq"] for key in keys for row in self.items[key]["rows"]]
        for key in keys:
            del self.items[key]
        for seq in gone if journal else []:
            for entry in self.entries(name, seq):
                del self.items[entry["PK"], entry["SK"]]
        rows = self.rows(name)
        restore = self.items[f"ID#{name}", "R"]
        restore["seq"], restore["head"] = max(rows), rows[max(rows)]["hash"]
        return int(min(gone))


@pytest.fixture(scope="module")
def kept() -> Evidence:
    """A week of a small company, read once: every test tampers with a copy."""
    found = []
    with pytest.MonkeyPatch.context() as environ:
        for world in make_world(environ):
            with Nights(world).awake() as nights:
                found.append(a_week(world, nights))
    return found[0]


def a_week(world: World, nights: Nights) -> Evidence:
    """Acts of people and administrators, an erasure, days without events, nights missed, and events that come late."""
    helpdesk, admin = Clerk(world, "helpdesk"), Clerk(world, "admin")
    people = {name: world.owner(name) for name in ("ada", "bob", "eve")}
    helpdesk.act("bob", "restore/barring", "he asked").expect(204)
    helpdesk.act("eve", "restore/barring", "she asked").expect(204)
    nights.settle()
    nights.move_to(1)
    assert nights.sign() == DAYS[:1]
    nights.move_to(1, 12)
    people["ada"].phone.offer_pairing().expect(201)
    admin.act("bob", "restore/unbarring", "he came by").expect(204)
    nights.settle()
    people["eve"].phone.erase().expect(204)
    nights.settle()
    nights.move_to(5)  # three nights without signing, two days without an act
    assert nights.sign() == DAYS[1:5]
    people["ada"].phone.offer_pairing().expect(201)
    nights.settle()
    people["bob"].phone.offer_pairing().expect(201)
    late = nights.new()  # and something holds them up
    assert late
    nights.move_to(6)
    assert nights.sign() == DAYS[5:6]
    nights.move_to(6, 15)
    assert nights.index(late) == {"batchItemFailures": []}
    people["bob"].phone.offer_pairing().expect(201)
    nights.settle()
    nights.move_to(7)
    assert nights.sign() == DAYS[6:7]
    people["ada"].phone.offer_pairing().expect(201)
    nights.settle()
    nights.move_to(7, 12)
    return evidence_of(world, nights)


def evidence_of(world: World, nights: Nights) -> Evidence:
    """Read what there is, by other means than `verify-log` has."""
    s3 = aws.client("s3")
    listed = s3.list_object_versions(Bucket=ARCHIVE)
    objects: dict[str, list[bytes]] = {}
    for one in reversed(listed["Versions"]):
        text = s3.get_object(Bucket=ARCHIVE, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        objects.setdefault(one["Key"], []).append(text)
    key = aws.client("kms").get_public_key(KeyId=world.references["<LogKey.Arn>"])["PublicKey"]
    return Evidence(nights.left(), objects, set(), key, int(world.clock.now))


@pytest.fixture
def evidence(kept: Evidence) -> Evidence:
    """A copy to tamper with."""
    return copy.deepcopy(kept)


def in_short_steps(world: World) -> None:
    """Let an erasure take each item in a step of its own."""
    handler = world.handler("Erase")
    sys.modules[handler.__module__].STEP = 1  # type: ignore[attr-defined]  # its constant of how much goes at once


def only(report: Report) -> Finding:
    """The one thing that is wrong."""
    (finding,) = report.findings
    return finding


def first_bad(report: Report) -> tuple[str | None, int]:
    """Log and number of the one entry that is told."""
    finding = only(report)
    return finding.chain, finding.seq


# Nothing is wrong


def test_a_log_that_nobody_has_touched_is_whole(evidence: Evidence) -> None:
    """B4: with an erased identity, missed nights, days without events and late ones; it says what was checked."""
    report = evidence.verify()
    assert report.findings == []
    assert report.notes == []
    assert (report.identities, report.erased) == (2, 1)
    assert report.days == DAYS[:7]
    erased_rows = sum(len(item["rows"]) for key, item in evidence.items.items() if key[1].startswith("L#"))
    assert report.events == len(evidence.rows("ada")) + len(evidence.rows("bob")) + erased_rows
    assert report.administrators_rows == len(evidence.rows(ADMINISTRATION)) > 7
    text = "\n".join(lines_of(report))
    assert "The log is whole." in text
    assert "7 signed days, 2026-11-18 to 2026-11-24," in text


def test_late_events_are_signed_with_the_next_night(evidence: Evidence) -> None:
    """Once, under the day on which they came; each event older than the last signing is in the archive."""
    day_before = max(seq for seq, row in evidence.rows("bob").items() if day_of(row["at"]) == DAYS[5])
    late_hash = evidence.rows("bob")[day_before]["hash"]

    def signed_with(day: str) -> list[str]:
        text = evidence.objects[f"log/{day}/entries-0000.jsonl"][-1]
        return [json.loads(line)["hash"] for line in text.splitlines()]

    assert [day for day in DAYS[:7] if f"log/{day}/entries-0000.jsonl" in evidence.objects] == [*DAYS[:2], *DAYS[5:7]]
    assert late_hash not in signed_with(DAYS[5])
    assert signed_with(DAYS[6]).count(late_hash) == 1


def test_the_archive_holds_no_name_and_nothing_personal(evidence: Evidence) -> None:
    """A 14.2: so erasing needs to change nothing there; only the pepper makes a name's hash."""
    everything = b"\n".join(text for texts in evidence.objects.values() for text in texts).decode()
    for word in ("@", "phone", "203.0.113", "198.51.100", "sub-of", "asked"):
        assert word not in everything
    entries = [
        json.loads(line)
        for key, texts in evidence.objects.items()
        if "entries" in key
        for line in texts[-1].splitlines()
    ]
    assert {tuple(sorted(entry)) for entry in entries} == {("at", "chain", "hash", "seq", "type")}
    chains = {entry["chain"] for entry in entries}
    assert len(chains) == 4
    assert all(re.fullmatch(r"1\.[A-Za-z0-9_-]{43}", chain) for chain in chains - {ADMINISTRATION})


def test_a_rotated_pepper_leaves_it_whole(kept: Evidence, evidence: Evidence) -> None:
    """What was signed under the version before is still found, of an erased identity, too."""
    versions = json.loads(PEPPER)
    evidence.pepper = json.dumps({**versions, "2": "Zy9" * 21 + "w", "current": "2"})
    assert evidence.verify().findings == []
    # erased after the rotation: the tombstone lies under the new version, the archive has the old one
    (gone,) = {key[0] for key in evidence.items if key[1] == "T"}
    moved = "GONE#2." + gone.partition(".")[2][::-1]
    for key in [key for key in evidence.items if key[0] == gone]:
        evidence.items[moved, key[1]] = {**evidence.items.pop(key), "PK": moved}
    for item in evidence.items.values():
        if item.get("chain") == gone.removeprefix("GONE#"):
            item["chain"] = moved.removeprefix("GONE#")
    assert evidence.verify().findings == []


def test_an_entry_that_still_has_an_erased_name_is_no_finding(evidence: Evidence) -> None:
    """The index writes it with the name, and takes that out once it has seen the erasure."""
    (gone,) = {key[0] for key in evidence.items if key[1] == "T"}
    entry = next(
        item
        for key, item in evidence.items.items()
        if key[0].startswith("DAY#") and item.get("chain") == gone.removeprefix("GONE#")
    )
    entry["identity"] = "eve"
    del entry["chain"]
    assert evidence.verify().findings == []
    entry["hash"] = "A" * 43
    assert first_bad(evidence.verify()) == (gone.removeprefix("GONE#"), entry["seq"])


def test_an_erasure_under_way_is_no_finding(world: World) -> None:
    """Broken off after any step: what lies with the name and what lies with the tombstone are one log."""
    with Nights(world).awake() as nights:
        owner = world.owner()
        Clerk(world, "helpdesk").act("ada", "restore/barring").expect(204)
        nights.settle()
        nights.move_to(1)
        nights.sign()
        owner.phone.erase().expect(204)
        assert evidence_of(world, nights).verify().findings == []
        events = nights.new()
        hooks = aws.client("dynamodb").meta.events
        steps = [0]

        def crash(**_: Any) -> None:
            steps[0] += 1
            if steps[0] > 3:
                raise MemoryError

        hooks.register("before-call.dynamodb.TransactWriteItems", crash)
        in_short_steps(world)
        try:
            with pytest.raises(MemoryError):
                nights.erase(events)
        finally:
            hooks.unregister("before-call.dynamodb.TransactWriteItems", crash)
        assert [key for key in nights.left() if key[1].startswith("L#")]
        assert world.events("ada")
        assert evidence_of(world, nights).verify().findings == []
        nights.index(events)
        nights.erase(events)
        assert evidence_of(world, nights).verify().findings == []


# What somebody does who can write to the table


def test_a_changed_event_is_named(evidence: Evidence) -> None:
    """B4: one symbol, in any member of any event; the first one that is not as it was is told."""
    for name in ("ada", "bob", ADMINISTRATION):
        for seq in evidence.rows(name):
            changes: list[dict[str, Any]] = [
                {"type": "restore.disabled"},
                {"at": 1},
                {"source": "192.0.2.1"},
                {"device": "x"},
                {"detail": {}},
                {"salt": "x"},
                {"hash": "A" * 43},
            ]
            for change in changes:
                forged = copy.deepcopy(evidence)
                row = forged.rows(name)[seq]
                if {**row, **change} == row or ("salt" not in row and not set(change) & {"type", "at", "hash"}):
                    continue  # it is so already, or it was taken out by an erasure
                row.update(change)
                assert first_bad(forged.verify()) == (name, seq), (name, seq, change)


def test_a_digest_beside_the_content_vouches_for_nothing(evidence: Evidence) -> None:
    """Whoever changes a row and leaves its old digest there is found: that counts only where the content is gone."""
    row = evidence.rows("ada")[3]
    row["digest"] = audit.digest(row)
    row["source"] = "192.0.2.1"
    assert first_bad(evidence.verify()) == ("ada", 3)


def test_an_event_that_is_emptied_is_named(evidence: Evidence) -> None:
    """Nothing is taken out of a log but by an erasure of the identity; of the administrators' log, by whom it names."""
    rows, administrators = evidence.rows("ada"), evidence.rows(ADMINISTRATION)
    bobs = next(seq for seq, row in administrators.items() if row.get("detail", {}).get("identity") == "bob")
    for row in (rows[3], administrators[bobs]):
        left = audit.erased(row, administrators=True)
        row.clear()
        row.update(left)
    report = evidence.verify()
    assert [(finding.chain, finding.seq) for finding in report.findings] == [(ADMINISTRATION, bobs), ("ada", 3)]


def test_a_deleted_event_is_named(evidence: Evidence) -> None:
    """B4: a row out of its act, or an act; of an identity, and of the administrators."""
    for name in ("ada", ADMINISTRATION):
        for seq in evidence.rows(name):
            forged = copy.deepcopy(evidence)
            key = forged.act_of(name, seq)
            forged.items[key]["rows"] = [row for row in forged.items[key]["rows"] if row["seq"] != seq]
            assert first_bad(forged.verify()) == (name, seq)
            del forged.items[key]
            assert first_bad(forged.verify()) == (name, int(key[1].removeprefix("E#")))


def test_two_swapped_events_are_named(evidence: Evidence) -> None:
    """B4: the rows between their places, and what they say between their numbers."""
    first, second = evidence.act_of("ada", 1), evidence.act_of("ada", 4)
    assert first != second
    places = copy.deepcopy(evidence)
    places.items[first]["rows"], places.items[second]["rows"] = (
        places.items[second]["rows"],
        places.items[first]["rows"],
    )
    assert first_bad(places.verify()) == ("ada", 1)
    rows = evidence.rows("ada")
    told = {
        seq: {name: rows[seq][name] for name in ("type", "at", "detail", "device", "source", "salt")} for seq in (3, 4)
    }
    rows[3].update(told[4])
    rows[4].update(told[3])
    assert first_bad(evidence.verify()) == ("ada", 3)


def test_an_inserted_event_is_named(evidence: Evidence) -> None:
    """B4: behind the newest, and in the middle with all numbers behind it moved on; with hashes or without."""
    last = max(evidence.rows("ada"))
    made = {"seq": last + 1, "at": evidence.now, "type": "restore.disabled", "salt": "x", "device": None, "source": ""}
    made |= {"detail": {}, "hash": evidence.rows("ada")[last]["hash"]}
    appended = copy.deepcopy(evidence)
    appended.items["ID#ada", f"E#{last + 1:010d}"] = {
        "PK": "ID#ada",
        "SK": f"E#{last + 1:010d}",
        "form": 1,
        "rows": [made],
    }
    assert first_bad(appended.verify()) == ("ada", last + 1)
    # in the middle, everything made to fit but what was signed
    acts = sorted(key for key in evidence.items if key[0] == "ID#ada" and key[1].startswith("E#"))
    behind = [evidence.items.pop(key) for key in acts if int(key[1].removeprefix("E#")) >= 3]
    place = min(row["seq"] for item in behind for row in item["rows"])
    for item in behind:
        for row in item["rows"]:
            row["seq"] += 1
        item["SK"] = f"E#{item['rows'][0]['seq']:010d}"
        evidence.items["ID#ada", item["SK"]] = item
    evidence.items["ID#ada", f"E#{place:010d}"] = {
        "PK": "ID#ada",
        "SK": f"E#{place:010d}",
        "rows": [{**made, "seq": place}],
    }
    evidence.rewrite("ada", journal=False)
    assert first_bad(evidence.verify()) == ("ada", place)


def test_the_newest_events_cut_off_are_named(evidence: Evidence) -> None:
    """B4: with the head set back, not signed yet: the journal tells; afterwards the archive does."""
    unsigned = copy.deepcopy(evidence)
    seq = unsigned.cut("ada")
    finding = only(unsigned.verify())
    assert (finding.chain, finding.seq) == ("ada", seq)
    assert "the journal has it on 2026-11-25" in finding.text
    first = evidence.cut("ada", acts=2, journal=True)
    finding = only(evidence.verify())
    assert (finding.chain, finding.seq) == ("ada", first)
    assert "signed with 2026-11-23" in finding.text


def test_a_head_alone_set_back_is_found(evidence: Evidence) -> None:
    """The first event behind it is named."""
    rows = evidence.rows("bob")
    evidence.items["ID#bob", "R"].update(seq=2, head=rows[2]["hash"])
    assert first_bad(evidence.verify()) == ("bob", 3)
    evidence.items["ID#bob", "R"].update(seq=max(rows), head="A" * 43)
    assert first_bad(evidence.verify()) == ("bob", max(rows))
    del evidence.items["ID#bob", "R"]
    assert only(evidence.verify()).chain == "bob"


def test_a_rewritten_log_is_found_by_what_was_signed(evidence: Evidence) -> None:
    """B4: chain, head and journal made to fit; the first event that was signed otherwise is named."""
    evidence.rows("ada")[2]["source"] = "192.0.2.1"
    evidence.rewrite("ada")
    finding = only(evidence.verify())
    assert (finding.chain, finding.seq) == ("ada", 2)
    assert "signed with 2026-11-18" in finding.text


def test_a_rewritten_log_that_was_not_signed_yet_is_found_by_the_journal(evidence: Evidence) -> None:
    """Where whoever rewrote it has forgotten the journal."""
    newest = max(evidence.rows("ada"))
    evidence.rows("ada")[newest]["source"] = "192.0.2.1"
    evidence.rewrite("ada", journal=False)
    assert first_bad(evidence.verify()) == ("ada", newest)


def test_what_it_cannot_see(evidence: Evidence) -> None:
    """B14: rows, head and journal rewritten since the last signing: only the heads on phones tell."""
    newest = max(evidence.rows("ada"))
    evidence.rows("ada")[newest]["source"] = "192.0.2.1"
    evidence.rewrite("ada")
    assert evidence.verify().findings == []


def test_an_identity_that_is_gone_without_an_erasure_is_found(evidence: Evidence) -> None:
    """Every item of it, the journal's, too: the archive knows its hash."""
    for key in [key for key, item in evidence.items.items() if key[0] == "ID#bob" or item.get("identity") == "bob"]:
        del evidence.items[key]
    finding = only(evidence.verify())
    assert finding.seq == 1
    assert "a log that is gone" in finding.text


def test_an_erased_log_is_whole_or_found(evidence: Evidence) -> None:
    """B4: what an erasure leaves is chained to the tombstone's head, and signed."""
    acts = sorted(key for key in evidence.items if key[1].startswith("L#"))
    name = acts[0][0].removeprefix("GONE#")
    for change in ({"type": "x.y"}, {"at": 5}, {"digest": "A" * 43}, {"hash": "A" * 43}):
        forged = copy.deepcopy(evidence)
        forged.items[acts[1]]["rows"][0].update(change)
        seq = forged.items[acts[1]]["rows"][0]["seq"]
        assert first_bad(forged.verify()) == (name, seq)
    first = copy.deepcopy(evidence)
    first.items[acts[0]]["rows"][0]["hash"] = "A" * 43
    assert first_bad(first.verify())[0] == name
    for key in (acts[0], acts[-1], (acts[0][0], "T")):
        forged = copy.deepcopy(evidence)
        del forged.items[key]
        assert first_bad(forged.verify())[0] == name


def test_the_administrators_log_cut_off_is_found(evidence: Evidence) -> None:
    """B4: its head is in every manifest, so cutting its journal off as well does not hide it."""
    last_signing = evidence.items["SIGNED", "V"]
    before = evidence.rows(ADMINISTRATION)
    first = evidence.cut(ADMINISTRATION, acts=1)
    assert first_bad(evidence.verify()) == (ADMINISTRATION, first)
    first = evidence.cut(ADMINISTRATION, acts=3, journal=True)
    for key in [key for key, item in evidence.items.items() if item.get("identity") == ADMINISTRATION]:
        if evidence.items[key].get("seq", 0) >= first:
            del evidence.items[key]
    for key in [key for key in evidence.items if key[1].startswith("A#")]:
        if int(key[1].removeprefix("A#")) >= first:
            del evidence.items[key]
    assert last_signing["day"] == DAYS[6]
    report = evidence.verify()
    assert first_bad(report) == (ADMINISTRATION, first)
    assert len(before) > first


def test_what_nothing_of_ours_has_written_is_told_and_breaks_nothing(evidence: Evidence) -> None:
    """Items without members, or with members of other kinds, are findings, not errors."""
    kinds: list[Any] = [None, [], "x", [None], [{}], [{"seq": 1}], [{"seq": "1", "at": None, "type": 1, "hash": 2}]]
    for rows in kinds:
        forged = copy.deepcopy(evidence)
        forged.items[forged.act_of("ada", 1)]["rows"] = rows
        assert first_bad(forged.verify()) == ("ada", 1)
    strange = next(key for key, item in evidence.items.items() if key[0].startswith("DAY#") and item["seq"] == 1)
    evidence.items[strange] = {"PK": strange[0], "SK": strange[1]}
    assert "cannot be read" in only(evidence.verify()).text


# What somebody does who can write to the archive


def manifest(day: str) -> str:
    """The key of a day's manifest."""
    return f"log/{day}/manifest.json"


def put_over(evidence: Evidence, key: str, text: bytes) -> None:
    """Write an object anew: the lock keeps what was there below it."""
    evidence.objects[key].append(text)


@pytest.mark.parametrize("day", DAYS[:7])
def test_an_altered_manifest_is_found(evidence: Evidence, day: str) -> None:
    """B4: any of them, the newest, too."""
    put_over(
        evidence, manifest(day), evidence.objects[manifest(day)][-1].replace(b'"entries":', b'"Entries":', 1) + b" "
    )
    finding = only(evidence.verify())
    assert finding.text == f"The manifest of {day} is not what the log's key has signed (altered)."


@pytest.mark.parametrize("day", DAYS[:7])
def test_a_manifest_that_is_removed_is_found(evidence: Evidence, day: str) -> None:
    """B4: below a delete marker, or altogether; the first, one in between and the newest."""
    hidden = copy.deepcopy(evidence)
    hidden.removed.add(manifest(day))
    assert manifest(day) in only(hidden.verify()).text
    del evidence.objects[manifest(day)]
    assert day in evidence.verify().findings[0].text


@pytest.mark.parametrize("day", [DAYS[0], DAYS[1], DAYS[5], DAYS[6]])
def test_an_altered_part_is_found(evidence: Evidence, day: str) -> None:
    """B4: one symbol, a line less, or gone; what lies below it is held against the table all the same."""
    key = f"log/{day}/entries-0000.jsonl"
    before = evidence.verify().archived
    text = evidence.objects[key][-1]
    for altered in (text.replace(b"1", b"2", 1), b"\n".join(text.splitlines()[1:]) + b"\n", b""):
        forged = copy.deepcopy(evidence)
        put_over(forged, key, altered)
        report = forged.verify()
        assert only(report).text == f"{key} is not what was signed (altered)."
        assert report.archived == before
    del evidence.objects[key]
    assert only(evidence.verify()).text == f"{key} is missing."


def test_an_old_manifest_that_is_put_back_is_found(evidence: Evidence) -> None:
    """B4: with its own good signature, in the place of another day's."""
    for day, old in ((DAYS[5], DAYS[4]), (DAYS[6], DAYS[0])):
        forged = copy.deepcopy(evidence)
        for name in ("manifest.json", "manifest.sig"):
            put_over(forged, f"log/{day}/{name}", evidence.objects[f"log/{old}/{name}"][-1])
        assert forged.verify().findings[0].text == f"The manifest of {day} is that of {old} (an old one put back)."


def test_a_day_that_was_signed_again_must_not_lose_what_was_signed_first(world: World) -> None:
    """B4: somebody rewrites the table, forgets the last signing, and waits for the night: the first signing counts."""
    with Nights(world).awake() as nights:
        world.owner()
        nights.settle()
        nights.move_to(1)
        nights.sign()
        nights.move_to(2)
        nights.sign()
        saved = world.save()
        signed = evidence_of(world, nights)
        signed.rows("ada")[2]["source"] = "192.0.2.1"
        signed.rewrite("ada")
        dynamodb = aws.client("dynamodb")
        from restore.store import pack  # noqa: PLC0415 - the attacker's own hand

        for item in signed.items.values():
            dynamodb.put_item(TableName="table", Item=pack(item))
        dynamodb.delete_item(TableName="table", Key={"PK": {"S": "SIGNED"}, "SK": {"S": "V"}})
        nights.move_to(3)
        assert nights.sign() == DAYS[:3]
        report = nights.deployment().read(Silence())
        assert (report.findings[0].chain, report.findings[0].seq) == ("ada", 2)
        assert any("was signed 2 times" in note for note in report.notes)
        world.go_back(saved)


def test_the_last_signing_set_back_is_found(evidence: Evidence) -> None:
    """More manifests than the table knows of; one more is a run that broke off before it could note it."""
    signed = evidence.items["SIGNED", "V"]
    signed["day"] = DAYS[3]
    signed["sha256"] = sha256(evidence.objects[manifest(DAYS[3])][-1]).hexdigest()
    finding = only(evidence.verify())
    assert finding.text == f"There is a manifest of {DAYS[6]}, and the table has {DAYS[3]} as signed last (set back)."
    signed["sha256"] = "0" * 64
    assert (
        f"The manifest of {DAYS[3]} is not the one that the table has as signed" in evidence.verify().findings[1].text
    )


def test_a_signature_of_another_key_is_none(evidence: Evidence) -> None:
    """Whoever has no right to the key cannot sign in its place."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    evidence.public_key = other.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    findings = evidence.verify().findings
    assert [finding.text.partition(" is not")[0] for finding in findings] == [
        f"The manifest of {day}" for day in DAYS[:7]
    ]


# What is late, and what a crash leaves


def test_events_that_reach_neither_journal_nor_archive_are_a_note(evidence: Evidence) -> None:
    """After two days: they are late, or in the queue of those given up; the log is whole."""
    for entry in evidence.entries("ada", max(evidence.rows("ada"))):
        del evidence.items[entry["PK"], entry["SK"]]
    assert evidence.verify().notes == []
    evidence.now += 2 * DAY
    report = evidence.verify()
    assert report.whole
    assert [note.partition(":")[0] for note in report.notes if "older than two days" in note] == [
        "Events that are older than two days and not in the journal",
        "Events that are older than two days and not in the archive",
    ]


def test_nights_without_a_signing_are_a_note(evidence: Evidence) -> None:
    """The alarm rings for them, too."""
    evidence.now += 3 * DAY
    assert any("Nothing was signed since 2026-11-24" in note for note in evidence.verify().notes)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        *(("s3.PutObject", call) for call in (1, 2, 3)),
        ("kms.Sign", 1),
        *(("dynamodb.PutItem", call) for call in (1, 2)),
        ("dynamodb.TransactWriteItems", 1),
    ],
)
def test_a_signing_that_broke_off_is_made_up_for(world: World, operation: str, call: int) -> None:
    """A 2.3.3: at any of its writes; the log is whole in between and afterwards, and every day is signed once more."""
    with Nights(world).awake() as nights:
        world.owner()
        nights.settle()
        nights.move_to(1)
        nights.sign()
        nights.settle()
        nights.move_to(2)
        service, _, name = operation.partition(".")
        hooks, calls = aws.client(service).meta.events, [0]

        def crash(**_: Any) -> None:
            calls[0] += 1
            if calls[0] == call:
                raise MemoryError

        hooks.register(f"before-call.{service}.{name}", crash)
        try:
            with pytest.raises(MemoryError):
                nights.sign()
        finally:
            hooks.unregister(f"before-call.{service}.{name}", crash)
        assert nights.deployment().read(Silence()).findings == []
        nights.sign()
        nights.settle()
        report = nights.deployment().read(Silence())
        assert report.findings == []
        assert report.days == DAYS[:2]


# Reading it all


def test_it_reads_what_the_stack_has(world: World) -> None:
    """All versions and delete markers of the bucket, all pages of the table."""
    with Nights(world).awake() as nights:
        assert nights.deployment().read(Silence()).notes == ["No day has been signed yet."]
        world.owner()
        nights.settle()
        nights.move_to(1)
        nights.sign()
        report = nights.deployment().read(Silence())
        assert (report.whole, report.days, report.identities) == (True, DAYS[:1], 1)
        assert report == evidence_of(world, nights).verify()
        aws.client("s3").put_object(Bucket=ARCHIVE, Key=manifest(DAYS[0]), Body=b"{}", ChecksumAlgorithm="SHA256")
        assert "altered" in only(nights.deployment().read(Silence())).text
        aws.client("s3").delete_object(Bucket=ARCHIVE, Key=manifest(DAYS[0]))
        assert "was removed" in nights.deployment().read(Silence()).findings[0].text


def test_what_comes_while_it_reads_is_no_finding() -> None:
    """What only one reading finds was an event under way; what two find is told."""
    lasting, passing, other = Finding("lasting", "ada", 1), Finding("passing", "bob", 2), Finding("other", "eve", 3)
    readings: list[list[Finding]] = []

    def read() -> Report:
        return Report(findings=list(readings.pop(0)))

    def told(*given: list[Finding]) -> list[Finding]:
        readings[:] = given
        return settled(read).findings

    assert told([]) == []
    assert told([passing], []) == []
    assert told([lasting, passing], [other, lasting]) == [lasting]
    assert told([passing], [lasting], [lasting]) == [lasting]
    assert told(*[[Finding(str(number))] for number in range(6)]) == [Finding("5")]


def test_a_result_is_itself_an_entry_of_the_log(world: World) -> None:
    """B4 W4: chained, on the bus, in the journal, signed; administrators find it, and the log is whole with it."""
    with Nights(world).awake() as nights:
        world.owner()
        nights.settle()
        nights.move_to(1)
        nights.sign()
        nights.settle()
        deployment = nights.deployment()
        deployment.record(deployment.read(Silence()), int(world.clock.now))
        (event,) = nights.new()
        assert (event["detail-type"], event["detail"]["identity"], event["detail"]["source"]) == (
            "log.verified",
            None,
            "",
        )
        told = {"whole": True, "events": 4, "identities": 1, "days": 1, "finding": None}
        assert event["detail"]["detail"] == told
        assert nights.index([event]) == {"batchItemFailures": []}
        shown = Clerk(world, "auditor").call("GET", "/events?type=log.verified").expect(200)["events"]
        assert [(row["identity"], row["detail"]) for row in shown] == [(None, told)]
        nights.move_to(2)
        assert nights.sign() == DAYS[1:2]
        report = deployment.read(Silence())
        assert (report.whole, report.notes) == (True, [])
        entry = f'"seq":{shown[0]["seq"]},"type":"log.verified"'
        assert any(entry.encode() in text for texts in evidence_of(world, nights).objects.values() for text in texts)


def test_a_recorded_finding_names_nobody(world: World) -> None:
    """B11: nothing would ever take a name out of it: which entry and what is wrong, of whatever kind the finding is."""
    with Nights(world).awake() as nights:
        world.owner()
        nights.settle()
        newest = max(sort for name, sort in nights.left() if name == "ID#ada" and sort.startswith("E#"))
        key = {"PK": {"S": "ID#ada"}, "SK": {"S": newest}}
        gone = aws.client("dynamodb").delete_item(TableName=TABLE, Key=key, ReturnValues="ALL_OLD")["Attributes"]
        report = nights.deployment().read(Silence())
        assert "ada" in only(report).text
        nights.deployment().record(report, int(world.clock.now))
        aws.client("dynamodb").put_item(TableName=TABLE, Item=gone)
        (row,) = [event["detail"] for event in nights.new() if event["detail-type"] == "log.verified"]
        assert row["detail"]["whole"] is False
        assert (
            row["detail"]["finding"]
            == f"Entry {int(newest[2:])} of the log of an identity is not what it was (cut off)."
        )
        assert "ada" not in json.dumps(row["detail"])
    said = "Entry 3 of the administrators' log is missing, and ada is marked as named in it (deleted)."
    marked = Finding(said, ADMINISTRATION, 3)
    assert recorded(marked) == "Entry 3 of the administrators' log is not what it was (deleted)."
    strange = Finding("The journal's entry 1#ada of DAY#2026-11-18 cannot be read.")
    assert recorded(strange) == "An entry of the journal cannot be read."
    assert recorded(Finding("The manifest of 2026-11-18 is missing.")) == "The manifest of 2026-11-18 is missing."
    assert len(recorded(Finding("x" * 1000))) == 160


def test_the_command_says_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where no stack is up, and where a stack is not this project's: a sentence, and no traceback."""
    assert main(["--folder", str(tmp_path)]) == 1
    assert "No stack is up" in capsys.readouterr().err
    with pytest.raises(StackError, match="The stack theirs has no output 'LogArchiveName'"):
        Deployment.of(aws.client, {"TableName": "table"}, "theirs")
    with pytest.raises(SystemExit) as ended:
        main(["--no-such-option"])
    assert ended.value.code == 2


def test_a_report_names_no_more_than_can_be_read() -> None:
    """Twenty findings; how many more there are."""
    text = lines_of(Report(findings=[Finding(f"Entry {number}.") for number in range(23)]))
    assert text[0] == "THE LOG IS NOT WHOLE."
    assert text[20:22] == ["  Entry 19.", "  … and 3 more."]
