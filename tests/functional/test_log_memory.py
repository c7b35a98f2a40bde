"""B14: the head of the log lives on the phones, and a server whose history is another one is noticed by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.functional.world import World


def test_a_table_set_back_is_noticed_at_the_next_sign_in(world: World) -> None:
    """B14: an operator's backup, or a thief's, lacks what the phone has seen; it says which entries."""
    owner = world.owner()
    owner.phone.sign_in().expect(201)
    saved, before = world.save(), len(world.events("ada"))
    world.restored(owner, name="thief's phone")
    owner.phone.sign_in().expect(201)
    after = len(world.events("ada"))
    assert not owner.phone.warnings
    world.go_back(saved)
    owner.phone.sign_in().expect(201)
    assert owner.phone.warnings == (f"the log went back from entry {after} to {before}",)
    owner.phone.show().expect(200)
    assert len(owner.phone.warnings) == 2


def test_another_history_of_the_same_length_is_noticed(world: World) -> None:
    """B14: as many entries, but not the same: the hash of one that the phone knows is another."""
    owner = world.owner()
    saved = world.save()
    owner.phone.disable().expect(204)
    seen = owner.phone.show().expect(200)["log"]
    world.go_back(saved)
    owner.phone.drill(owner.restore_code).expect(200)
    now = owner.phone.show().expect(200)["log"]
    assert now["seq"] == seen["seq"]
    assert owner.phone.warnings == (f"entry {seen['seq']} of the log was {seen['hash']}, and is {now['hash']} now",)


def test_another_history_that_is_longer_is_noticed_when_it_is_read(world: World) -> None:
    """B14: its head tells nothing by itself; an entry that the phone knows, read again, does."""
    owner = world.owner()
    saved = world.save()
    owner.phone.disable().expect(204)
    seen = owner.phone.sign_in().expect(201)["log"]
    world.go_back(saved)
    owner.phone.drill(owner.restore_code).expect(200)
    owner.phone.disable().expect(204)
    assert owner.phone.show().expect(200)["log"]["seq"] > seen["seq"]
    assert not owner.phone.warnings
    owner.phone.events().expect(200)
    assert len(owner.phone.warnings) == 1
    assert owner.phone.warnings[0].startswith(f"entry {seen['seq']} of the log was {seen['hash']}")


def test_an_honest_server_is_never_warned_of(world: World) -> None:
    """B14: two phones read and act in turn for a while."""
    owner = world.owner()
    tablet = world.restored(owner, name="tablet").phone
    for _ in range(3):
        for phone in (owner.phone, tablet):
            phone.sign_in().expect(201)
            phone.drill("0" * 28)
            owner.phone.enable().expect(201)
            phone.show().expect(200)
            phone.events().expect(200)
    assert not owner.phone.warnings + tablet.warnings
    assert max(seq for _, seq in tablet.heads) == len(world.events("ada"))
