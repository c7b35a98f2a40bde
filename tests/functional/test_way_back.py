"""The way back of a device that was set aside: what it does, and each reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.phone import VERIFIED_TAG, Key, fresh_nonce, signed
from tests.functional.world import HOUR

if TYPE_CHECKING:
    from tests.functional.world import Owner, World


def thrown_out(world: World) -> tuple[Owner, Owner]:
    """An owner whose phone a newcomer with both codes has just unpaired, and that newcomer."""
    owner = world.owner()
    thief = world.restored(owner, name="thief's phone")
    thief.phone.unpair(owner.phone.id).expect(204)
    return owner, thief


def test_it_throws_out_the_held_and_ends_every_code(world: World) -> None:
    """B8: who held the phone is out, the owner is in, restore is off, and neither code begins anything any more."""
    owner, thief = thrown_out(world)
    owner.phone.come_back().expect(204)
    thief.phone.show().expect(401, "not_paired")
    shown = owner.phone.show().expect(200)
    assert [device["id"] for device in shown["devices"]] == [owner.phone.id]
    assert shown["restore"]["status"] == "off"
    for code in (owner.restore_code, thief.restore_code):
        world.phone().request_restore("ada", code).expect(403, "restore_refused")


def test_without_pin_or_with_another_key_there_is_none(world: World) -> None:
    """B8, A 7.5.1: the device key alone is whoever holds the phone."""
    owner, thief = thrown_out(world)
    path = owner.phone.path("/devices/held")
    owner.phone.act("DELETE", path).expect(401, "verification_required")
    nonce = fresh_nonce()
    request = owner.phone.prepare("DELETE", path, nonce=nonce)
    forged = signed(request, Key.generate(), tag=VERIFIED_TAG, label="other", nonce=nonce)
    world.send(forged).expect(401, "signature_invalid")
    thief.phone.show().expect(200)
    owner.phone.come_back().expect(204)


def test_it_ends_with_the_hold(world: World) -> None:
    """B8: to the second; then the device is a stranger like any that was unpaired."""
    owner, thief = thrown_out(world)
    world.clock.move(24 * HOUR)
    owner.phone.come_back().expect(401, "not_paired")
    thief.phone.show().expect(200)


def test_again_is_the_same_and_of_no_effect(world: World) -> None:
    """A lost answer: 204 for one that came back, also when somebody new is held by then; 404 for who never was out."""
    owner, _ = thrown_out(world)
    owner.phone.come_back().expect(204)
    owner.phone.come_back().expect(204)
    made = owner.phone.enable().expect(201)
    tablet = world.phone(name="tablet")
    offer = owner.phone.offer_pairing().expect(201)
    tablet.scan("ada", offer["pairing"]["id"], str(offer["secret"])).expect(201)
    owner.phone.come_back().expect(204)
    shown = owner.phone.show().expect(200)
    assert {device["id"] for device in shown["devices"]} == {owner.phone.id, tablet.id}
    assert shown["restore"]["code_label"] == made["code_label"]
    tablet.come_back().expect(404, "not_found")


def test_again_is_the_same_after_another_devices_way_back(world: World) -> None:
    """204 for each that came back and is paired still, in whatever order; who was unpaired since is a stranger."""
    owner = world.owner()
    offer = owner.phone.offer_pairing().expect(201)
    tablet = world.phone(name="tablet")
    tablet.scan("ada", offer["pairing"]["id"], str(offer["secret"])).expect(201)
    world.clock.move(24 * HOUR)
    thief = world.restored(owner)
    thief.phone.unpair(owner.phone.id).expect(204)
    owner.phone.come_back().expect(204)
    thief = world.restored(world.owner_of(owner.phone, owner))
    thief.phone.unpair(tablet.id).expect(204)
    tablet.come_back().expect(204)
    before = world.item("ada", "R")
    for phone in (tablet, owner.phone):
        phone.come_back().expect(204)
    assert world.item("ada", "R") == before
    thief = world.restored(world.owner_of(owner.phone, owner))
    owner.phone.unpair(tablet.id).expect(204)
    thief.phone.unpair(owner.phone.id).expect(204)
    owner.phone.come_back().expect(204)
    tablet.come_back().expect(401, "not_paired")
    assert len(world.item("ada", "R")["came_back"]) == 1


def test_a_device_that_its_owner_unpaired_has_none(world: World) -> None:
    """Only what a held device, or the completion that brought it, unpairs is set aside."""
    owner = world.owner()
    offer = owner.phone.offer_pairing().expect(201)
    tablet = world.phone(name="tablet")
    tablet.scan("ada", offer["pairing"]["id"], str(offer["secret"])).expect(201)
    owner.phone.unpair(tablet.id).expect(204)
    tablet.come_back().expect(401, "not_paired")


def test_a_device_without_verification_key_has_none(world: World) -> None:
    """B8: where policy lets a device have none, whoever finds it cannot throw the owner out."""
    world.redeploy(RequireVerificationKey="false")
    owner = world.owner(verification_kind=None)
    thief = world.restored(owner)
    thief.phone.unpair(owner.phone.id).expect(204)
    owner.phone.come_back().expect(401, "not_paired")
    thief.phone.show().expect(200)
