"""The bus: every event of every identity, at least once, and nothing secret."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.bus import Bus
from tests.functional.clerks import Clerk
from tests.functional.world import ROOT, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.world import World


@pytest.fixture
def bus(world: World) -> Iterator[Bus]:
    """The stack's bus."""
    with Bus(world).listening() as bus:
        yield bus


def test_each_row_of_the_log_is_an_event(world: World, bus: Bus) -> None:
    """B4: with identity, number, hash, type, time, device and source, as docs/events.md describes it."""
    owner = world.owner()
    assert bus.publish() == {"batchItemFailures": []}
    events, rows = bus.taken(), world.events("ada")
    by_seq = {event["detail"]["seq"]: event for event in events}
    assert sorted(by_seq) == [row["seq"] for row in rows]
    for row in rows:
        event = by_seq[row["seq"]]
        assert (event["source"], event["detail-type"]) == ("id-restore", row["type"])
        told = event["detail"]
        assert set(told) == {"version", "identity", "seq", "act", "hash", "at", "type", "device", "source", "detail"}
        assert (told["version"], told["identity"]) == (1, "ada")
        assert (told["hash"], told["type"]) == (row["hash"], row["type"])
        assert (told["device"], told["source"]) == (owner.phone.id, SOURCE)
    assert by_seq[1]["detail"]["at"] == "2026-11-18T11:10:00Z"


def test_nothing_secret_leaves(world: World, bus: Bus) -> None:
    """A 16.2.5: no code, token, address, salt, mail, or word that a person has chosen but the identity's name."""
    owner = world.owner()
    new, number, code = world.begun(owner, name="Secret's phone")
    done = new.complete(number, code).expect(201)
    mails = world.deliver()
    assert bus.publish() == {"batchItemFailures": []}
    text = json.dumps(bus.taken())
    secrets = [owner.restore_code, done["restore_code"], code, owner.address, "@", "Secret's phone", "ada's phone"]
    secrets += [owner.restore_code.replace("-", ""), done["restore_code"].replace("-", "")]
    secrets += [token for mail in mails for token in mail.tokens] + [row["salt"] for row in world.events("ada")]
    assert not [secret for secret in secrets if secret in text]
    assert "restoration.completed" in text


def test_what_an_administrator_did_leaves_without_their_words(world: World, bus: Bus) -> None:
    """B4: who by their `sub`, whom and what; neither why nor a name. The administrators' own row has no identity."""
    world.owner()
    clerk = Clerk(world, "helpdesk")
    clerk.act("ada", "restore/barring", reason="lost at the fair").expect(204)
    assert bus.publish() == {"batchItemFailures": []}
    events = [event["detail"] for event in bus.taken()]
    (barred,) = [event for event in events if event["type"] == "restore.barred"]
    (ordered,) = [event for event in events if event["type"] == "barring.ordered"]
    assert (barred["identity"], barred["detail"]) == ("ada", {"by": "administrator"})
    assert ordered["identity"] is None
    assert ordered["detail"] == {"administrator": clerk.sub, "identity": "ada"}
    assert "lost at the fair" not in json.dumps(events)


def test_what_a_detail_may_tell_is_decided_for_each_member() -> None:
    """A new member of a detail is named here or it is not published: nothing leaves by being forgotten."""
    sources = [
        *(ROOT / "functions").rglob("app.py"),
        *(ROOT / "layers" / "core" / "restore").glob("*.py"),
        ROOT / "local" / "verify_log.py",
    ]
    written = {
        name for source in sources for name in _members(source.stem, ast.parse(source.read_text(encoding="utf-8")))
    }
    source = (ROOT / "functions" / "after" / "publish" / "app.py").read_text(encoding="utf-8")
    listed = re.search(r"^TOLD: Final = frozenset\(\n\s+\{(.+?)\}", source, re.DOTALL | re.MULTILINE)
    assert listed
    told = set(re.findall(r'"(\w+)"', listed[1]))
    stays = {"name", "reason"}  # a person's own words
    assert written == told | stays


def _members(module: str, tree: ast.Module) -> Iterator[str]:
    """Members of details that a module writes: of `tell`s, of an `Order`'s row, and of what is put together before."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            words = {word.arg: word.value for word in node.keywords if word.arg}
            if called in {"act.tell", "last.tell", "told.tell"}:
                yield from words.keys() - {"device"}
            elif called == "adminlog.tell" and "source" in words:
                yield from words.keys() - {"source", "further"}
            elif called == "Order" and "tells" in words:
                tells = words["tells"]
                assert isinstance(tells, ast.Dict)
                yield from set(_keys(tells)) - {"device"}
        elif module in {"orders", "administrators"} and isinstance(node, ast.Assign | ast.AnnAssign):
            (target,) = node.targets if isinstance(node, ast.Assign) else [node.target]
            if ast.unparse(target) in {"about", "detail"} and isinstance(node.value, ast.Dict):
                yield from _keys(node.value)
            elif isinstance(target, ast.Subscript) and ast.unparse(target.value) in {"about", "detail"}:
                yield str(ast.literal_eval(target.slice))


def _keys(made: ast.Dict) -> list[str]:
    return [str(ast.literal_eval(key)) for key in made.keys if key is not None]


def test_more_than_a_request_takes_goes_in_several(world: World, bus: Bus) -> None:
    """EventBridge takes ten at once."""
    owner = world.owner()
    for _ in range(12):
        owner.phone.enable().expect(201)
    assert bus.publish() == {"batchItemFailures": []}
    assert {entry["EventBusName"] for entries in bus.requests for entry in entries} == {"<EventBus>"}
    assert max(len(entries) for entries in bus.requests) == 10
    assert sorted(event["detail"]["seq"] for event in bus.taken()) == [row["seq"] for row in world.events("ada")]


def test_what_the_bus_did_not_take_is_given_again(world: World, bus: Bus) -> None:
    """At least once: from the first record that failed, some of them for the second time, none left out."""
    world.owner()
    records = bus.records()
    refused = "2"

    def refuse_one(entries: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        seqs = [json.loads(entry["Detail"])["seq"] for entry in entries]
        results = [{"ErrorCode": "InternalFailure"} if seq == int(refused) else {"EventId": "1"} for seq in seqs]
        return 200, {"FailedEntryCount": 1, "Entries": results}

    bus.answer = refuse_one
    answer = bus.publish(records)
    bus.answer = None
    (failed,) = answer["batchItemFailures"]
    again = [record["dynamodb"]["SequenceNumber"] for record in records].index(failed["itemIdentifier"])
    assert records[again]["dynamodb"]["NewImage"]["rows"]["L"][0]["M"]["seq"]["N"] == refused
    assert bus.publish(records[again:]) == {"batchItemFailures": []}
    assert {event["detail"]["seq"] for event in bus.taken()} == {row["seq"] for row in world.events("ada")} - {1}


def test_a_bus_that_is_down_fails_the_batch(world: World, bus: Bus) -> None:
    """Nothing is lost and nothing is raised: the stream gives all of it again."""
    world.owner()
    records = bus.records()
    refusal = {"__type": "AccessDeniedException", "message": "no"}
    bus.answer = lambda _: (400, refusal)
    answer = bus.publish(records)
    assert answer == {"batchItemFailures": [{"itemIdentifier": records[0]["dynamodb"]["SequenceNumber"]}]}
    assert bus.taken() == []
