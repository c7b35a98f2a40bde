"""`PUT …/devices/{d}/verification-key`: whoever holds the unlocked phone puts no key of theirs in the owner's place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from local.phone import VERIFIED_TAG, Key, Request, fresh_nonce, signed
from restore.keys import proof_of, short_of

if TYPE_CHECKING:
    from tests.functional.world import World, WorldPhone

SECOND = "ada@second.example"


def asked(phone: WorldPhone, new: Key | None, *signers: Key) -> Request:
    """The request for another verification key, signed by the device key and by exactly these."""
    created, nonce = int(time.time()), fresh_nonce()
    path = phone.path(f"/devices/{phone.id}/verification-key")
    request = phone.prepare("PUT", path, {"verification_key": new and new.public}, created=created, nonce=nonce)
    for number, key in enumerate(signers):
        request = signed(request, key, tag=VERIFIED_TAG, label=f"v{number}", created=created, nonce=nonce)
    return request


def proved_by(world: World, phone: WorldPhone) -> str:
    """What the table knows of the device's verification key."""
    proof: str = world.item("ada", "I")["devices"][short_of(phone.id)]["v"]
    return proof


def test_a_new_key_without_the_old_one_changes_nothing(world: World) -> None:
    """S12, S4, ASVS 7.5.1: device key and new key are in a thief's hands; PIN or biometrics release the old one."""
    phone, new, another = world.owner().phone, Key.generate(), Key.generate()
    assert phone.verification is not None
    world.deliver()
    before = world.items()
    world.send(asked(phone, new, new)).expect(401, "verification_required")
    world.send(asked(phone, new, new, another)).expect(401, "signature_invalid")
    world.send(asked(phone, new, phone.verification)).expect(401, "signature_invalid")
    world.send(asked(phone, new)).expect(401, "signature_invalid")
    assert world.items() == before
    assert not world.deliver()
    phone.disable().expect(204)


def test_no_key_at_all_takes_the_old_one_too(world: World) -> None:
    """S12, ASVS 7.5.1: where policy lets a device have none, the device key alone does not remove the one it has."""
    world.redeploy(RequireVerificationKey="false")
    phone = world.owner().phone
    before = world.items()
    world.send(asked(phone, None)).expect(401, "verification_required")
    world.send(asked(phone, None, Key.generate())).expect(401, "signature_invalid")
    assert world.items() == before
    phone.protect(None).expect(204)
    assert proved_by(world, phone) == proof_of(phone.id, None)


def test_after_a_change_the_old_key_fails_and_the_new_one_works(world: World) -> None:
    """S12: from the change on; the old key does not even change the key back."""
    phone = world.owner().phone
    old, new = phone.verification, Key.generate()
    assert old is not None
    phone.protect(new).expect(204)
    assert proved_by(world, phone) == proof_of(phone.id, new.public)
    assert world.events("ada")[-1]["type"] == "verification_key.changed"
    before = world.items()
    phone.verification = old
    phone.disable().expect(401, "signature_invalid")
    phone.protect(Key.generate()).expect(401, "signature_invalid")
    assert world.items() == before
    phone.verification = new
    phone.disable().expect(204)


def test_a_change_is_told_to_every_address(world: World) -> None:
    """ASVS 6.3.7, N5: one mail to each, by whom and when; one to the same key again is no change, and none."""
    owner = world.owner(name="Ada's phone")
    owner.phone.change_second_email(SECOND).expect(202)
    owner.phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    world.deliver()
    new = Key.generate()
    owner.phone.protect(new).expect(204)
    told = world.deliver()
    assert sorted(mail.to for mail in told) == [owner.address, SECOND]
    assert {mail.subject for mail in told} == {"The app protection of a device was changed"}
    assert all("Ada's phone" in mail.text for mail in told)
    before = world.item("ada", "R")
    world.send(asked(owner.phone, new, new)).expect(204)
    assert world.item("ada", "R") == before
    assert not world.deliver()


def test_a_device_changes_its_own_key_alone(world: World) -> None:
    """S12, ASVS 8.2: another device's is 403, whoever signs, and nothing changes."""
    owner = world.owner()
    tablet = world.restored(owner, name="tablet").phone
    assert owner.phone.verification is not None
    new = Key.generate()
    path = owner.phone.path(f"/devices/{tablet.id}/verification-key")
    created, nonce = int(time.time()), fresh_nonce()
    request = owner.phone.prepare("PUT", path, {"verification_key": new.public}, created=created, nonce=nonce)
    for label, key in (("old", owner.phone.verification), ("new", new)):
        request = signed(request, key, tag=VERIFIED_TAG, label=label, created=created, nonce=nonce)
    before = world.items()
    world.send(request).expect(403, "not_allowed")
    assert world.items() == before
