"""Conditions of writes, judged by a table: nonces, paired devices, versions, and what the store makes of a refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restore import aws
from restore.conditions import NONCE_SLOTS, Write, by_paired_device, nonce_state, put_new, remember_nonce, replace
from restore.errors import Problem
from restore.http import Call
from restore.keys import identity_key, proof_of, restore_key, short_of
from restore.signatures import Signed
from restore.store import Refused, Table, pack, unpack
from restore.vault import READ_AGAIN_SECONDS, Vault
from tests.functional.clerks import Clerk, meanwhile
from tests.functional.faults import BY_NAME, Wire
from tests.functional.world import DAY, PEPPER, START, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functional.world import World


@pytest.fixture
def table(world: World) -> Table:
    """The table of the template."""
    return Table(lambda: aws.client("dynamodb"), TABLE)


class Nonces:
    """An item that remembers nonces, and what a perfect memory says of them."""

    def __init__(self, table: Table, identity: str) -> None:
        self.table, self.identity = table, identity
        self.accepted: dict[str, int] = {}

    def offer(self, nonce: str, now: int) -> bool:
        """Offer a nonce as an act does, a second time where the slot is stale; whether it is accepted."""
        stale = False
        for _ in range(2):
            write = Write("Update", identity_key(self.identity))
            remember_nonce(write, "device", nonce, now, stale_slot=stale)
            try:
                self.table.write(write)
            except Refused as refused:
                state = nonce_state(refused.found[0] or {}, "device", nonce, now)
                if state == "seen":
                    return False
                assert state == "stale_slot"
                stale = True
            else:
                self.accepted[nonce] = now
                return True
        message = "a slot is stale once"
        raise AssertionError(message)


steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 59, 240, 299, 300, 301, 600, 3000, NONCE_SLOTS * 300, NONCE_SLOTS * 300 + 1]),
        st.integers(0, 5),
    ),
    max_size=8,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(begin=st.integers(START, START + NONCE_SLOTS * 300), steps=steps, number=st.integers())
def test_nonces_over_time(table: Table, begin: int, steps: list[tuple[int, int]], number: int) -> None:
    """RFC 9421, 7.2.2: never accepted again within 300 s, always a fresh one, bounded; forgotten by 600 s."""
    nonces, now = Nonces(table, f"item-{begin}-{number}-{len(steps)}-{hash(tuple(steps))}"), begin
    for gap, symbol in steps:
        now += gap
        nonce = f"{symbol}" * 22
        since = now - nonces.accepted.get(nonce, -(10**9))
        accepted = nonces.offer(nonce, now)
        if since <= 300:
            assert not accepted
        if since >= 600:
            assert accepted
    item = table.get(identity_key(nonces.identity)) or {}
    assert len([name for name in item if name.startswith("n")]) <= 2


@pytest.mark.parametrize("jump", [1, 2, 60, 61, 62, 122])
def test_a_slot_of_an_older_span_says_nothing_about_now(table: Table, jump: int) -> None:
    """Slots come round after 61 spans; what an older one held is forgotten, and keeps nobody out."""
    nonces = Nonces(table, "ada")
    assert nonces.offer("a" * 22, START)
    assert nonces.offer("a" * 22, START + 300 * jump) == (jump > 1)
    assert nonces.offer("b" * 22, START + 300 * jump)
    assert not nonces.offer("b" * 22, START + 300 * jump + 299)


def a_call(identity: str, device: str, nonce: str, now: int, *, verification: str | None = None) -> Call:
    """A request whose signatures hold."""
    return Call(
        signed=Signed(device, nonce, (verification,) if verification else (), ("base",)),
        identity=identity,
        path={},
        body={},
        server="https://id.example.com",
        source="192.0.2.1",
        language=None,
        now=now,
    )


def test_only_a_paired_device_writes(table: Table) -> None:
    """Paired, verified, not held: each is a clause of the one write."""
    entry = {"v": proof_of("device", "verification"), "s": START, "h": START + 100}
    table.write(put_new({**identity_key("ada"), "devices": {short_of("device"): entry}}), returning="NONE")

    def tried(device: str = "device", *, now: int = START, verification: str | None = None, **options: bool) -> bool:
        nonce = f"{device}{now}{verification}{options}"
        write = by_paired_device(a_call("ada", device, nonce, now, verification=verification), **options)
        write.set(("touched",), START)
        try:
            return bool(table.write(write)["touched"])
        except Refused:
            return False

    assert tried()
    assert not tried("stranger")
    assert tried(verification="verification", verified=True)
    assert not tried(verification="other", verified=True)
    assert not tried(verification=None, verified=True)
    assert not tried(may_be_held=False, now=START + 99)
    assert tried(may_be_held=False, now=START + 100)


def test_an_identity_that_is_not_there_is_not_made_by_a_write(table: Table) -> None:
    """An update would make an item: its conditions do not let it."""
    with pytest.raises(Refused) as refused:
        table.write(by_paired_device(a_call("nobody", "device", "n" * 22, START)))
    assert refused.value.found == [{}]
    assert table.get(identity_key("nobody")) is None


def test_a_versioned_item_is_written_over_the_one_that_was_read(table: Table) -> None:
    """Of two that decide on the same version one writes; a first version is written once."""
    item = {**restore_key("ada"), "seq": 1}
    table.write(replace(item, None))
    with pytest.raises(Refused):
        table.write(replace(item, None))
    seen = table.get(restore_key("ada"))
    assert seen is not None
    assert seen["ver"] == 1
    table.write(replace({**seen, "seq": 2}, seen))
    with pytest.raises(Refused) as refused:
        table.write(replace({**seen, "seq": 3}, seen))
    assert refused.value.found == [{**restore_key("ada"), "seq": 2, "ver": 2}]


def test_a_transaction_says_which_of_its_writes_was_in_the_way(table: Table) -> None:
    """All or nothing, and what was found in each place."""
    table.write(put_new({**identity_key("ada"), "x": 1}))
    with pytest.raises(Refused) as refused:
        table.transact([put_new({**identity_key("bob")}), put_new({**identity_key("ada")})])
    assert refused.value.found == [None, {**identity_key("ada"), "x": 1}]
    assert table.get(identity_key("bob")) is None


def test_a_collection_is_read_to_its_end(table: Table) -> None:
    """Identity, restore and every device, however many pages; not the log, and nobody else's."""
    for sort in ("I", "R", "K#" + "a" * 22, "K#" + "b" * 22, "E#0000000001"):
        table.write(put_new({"PK": "ID#ada", "SK": sort, "rows": [], "filler": "x" * 390_000}))
        table.write(put_new({"PK": "ID#adb", "SK": sort}))
    with Wire() as wire:
        found = table.collection("ada")
    assert (found.identity or {})["PK"] == (found.restore or {})["PK"] == "ID#ada"
    assert set(found.devices) == {"a" * 22, "b" * 22}
    assert set(wire.calls) == {"Query"}
    nobody = table.collection("nobody")
    assert (nobody.identity, nobody.restore, nobody.devices) == (None, None, {})


values: st.SearchStrategy[Any] = st.recursive(
    st.text(max_size=8)
    | st.integers(-(10**20), 10**20)
    | st.booleans()
    | st.none()
    | st.sets(st.text("abc", min_size=1), min_size=1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), values, max_size=4))
def test_what_is_packed_is_unpacked(item: dict[str, Any]) -> None:
    """A bool stays one, a number is whole, a set of texts is a set."""
    assert unpack(pack(item)) == item


@pytest.mark.parametrize("odd", [1.5, b"bytes", object(), 1j])
def test_what_has_no_form_in_the_table_is_refused(odd: Any) -> None:
    """Rather than stored as something else."""
    with pytest.raises((TypeError, ValueError)):
        pack({"x": odd})


# What is normal about failing


@pytest.mark.parametrize("fault", ["throttled", "broken", "conflict", "unreachable", "answer lost"])
def test_a_failure_that_passes_is_met_by_another_try(table: Table, fault: str) -> None:
    """And the write is done once."""
    write = Write("Update", identity_key("ada")).count("n")
    with Wire(BY_NAME[fault], 0) as wire:
        table.transact([write, put_new({**identity_key("bob")})])
    assert wire.failed == 1
    assert (table.get(identity_key("ada")) or {})["n"] == 1


@pytest.mark.parametrize("fault", ["throttled", "conflict"])
def test_patience_ends(world: World, table: Table, fault: str) -> None:
    """After some seconds the caller hears `unavailable`: well before API Gateway would give up."""
    began = world.clock.now
    with Wire(BY_NAME[fault], 0, for_ever=True), pytest.raises(Problem, match="unavailable") as refused:
        table.write(put_new({**identity_key("ada")}))
    assert refused.value.retry_after
    assert 8 <= world.clock.now - began < 20
    assert table.get(identity_key("ada")) is None


def test_what_is_denied_is_not_tried_again(table: Table) -> None:
    """A right that is missing does not come by waiting."""
    with Wire(BY_NAME["denied"], 0, for_ever=True) as wire, pytest.raises(Problem, match="unavailable"):
        table.get(identity_key("ada"))
    assert len(wire.calls) == 1


# The pepper


@pytest.fixture
def vault(world: World) -> Vault:
    """Where the pepper is."""
    return Vault(lambda: aws.client("secretsmanager"), "<PepperSecret.Id>")


def test_the_pepper_is_read_once_and_again_after_a_while(world: World, vault: Vault) -> None:
    """ASVS 13.3.1: from the vault; a rotation arrives within a quarter of an hour, without a new start."""
    with Wire() as wire:
        stored = vault.pepper().hash("x", "ada", "secret")
        world.clock.move(READ_AGAIN_SECONDS)
        vault.pepper()
    assert wire.calls == ["GetSecretValue"]
    rotated = PEPPER.replace('"current": "1"', '"current": "2", "2": "new"')
    aws.client("secretsmanager").put_secret_value(SecretId="<PepperSecret.Id>", SecretString=rotated)
    world.clock.move(1)
    assert vault.pepper().hash("x", "ada", "secret").startswith("2.")
    assert vault.pepper().fits(stored, "x", "ada", "secret")


@pytest.mark.parametrize("fault", ["denied", "throttled", "unreachable"])
def test_without_the_pepper_nothing_is_judged(vault: Vault, fault: str) -> None:
    """ASVS 16.5.3: it fails closed, and is tried again at the next request."""
    with Wire(BY_NAME[fault], 0, for_ever=True), pytest.raises(Problem, match="unavailable"):
        vault.pepper()
    assert vault.pepper().hash("x", "ada", "secret").startswith("1.")


def test_a_rotation_kills_no_code(world: World, rotate: Callable[[], None]) -> None:
    """What was handed out before still restores, and what is made afterwards is of the new version."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    rotate()
    done = new.complete(number, code).expect(201)
    (key,) = world.item("ada", "R")["codes"]
    assert key.startswith("2.")
    rotate()
    world.phone().request_restore("ada", done["restore_code"]).expect(202)


@pytest.fixture
def rotate(world: World) -> Callable[[], None]:
    """Add a version to the pepper and make it the current one; functions start afresh."""
    held = {"secret": PEPPER}

    def add() -> None:

        values = json.loads(held["secret"])
        version = str(int(values["current"]) + 1)
        held["secret"] = json.dumps({**values, "current": version, version: "z" * 60 + version})
        client = aws.client("secretsmanager")
        client.put_secret_value(SecretId="<PepperSecret.Id>", SecretString=held["secret"])
        world.redeploy()

    return add


# The version alone


def test_the_version_alone_refuses_a_stale_write(world: World) -> None:
    """ASVS 15.4.2: what only tells a language has no row whose number could be taken; it undoes no disabling."""
    owner = world.owner()
    tablet = world.restored(owner, name="tablet").phone
    world.clock.move(2 * DAY)
    assert owner.phone.verification is not None
    owner.phone.language = "de"
    path, same = owner.phone.path(f"/devices/{owner.phone.id}/verification-key"), owner.phone.verification.public
    with meanwhile(lambda: tablet.disable().expect(204)):  # no change of the key, and so no row
        owner.phone.act("PUT", path, {"verification_key": same}, verified=True).expect(204)
    assert world.events("ada")[-1]["type"] == "restore.disabled"
    restore = world.item("ada", "R")
    assert (restore["lang"], restore.get("on"), restore.get("codes")) == ("de", None, None)


def test_two_acts_of_one_administrator_at_once_are_both_counted(world: World) -> None:
    """ASVS 15.4.2, 2.4.1: the count of a person has a version and no row; none is lost."""
    world.owner()
    clerk = Clerk(world, "helpdesk", sub="quick")
    clerk.act("ada", "restore/unbarring").expect(204)  # the count is there, with its version
    with meanwhile(lambda: clerk.act("ada", "restore/barring").expect(204), "PutItem"):
        clerk.act("ada", "restore/unbarring").expect(204)
    person = unpack(world.items()["PERSON#quick", "P"])
    assert len(person["acts"]) == 3
