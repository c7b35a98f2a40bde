"""What ends beside another act has a row of its own in the log: offers of a pairing, and restorations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.world import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functional.world import Owner, World, WorldPhone


def cancelled(world: World, noun: str) -> list[dict[str, Any]]:
    """What the log tells of endings of a kind, oldest first."""
    return [row["detail"] for row in world.events("ada") if row["type"] == f"{noun}.cancelled"]


def offered(phone: WorldPhone) -> str:
    """An offer of a pairing."""
    number: str = phone.offer_pairing().expect(201)["pairing"]["id"]
    return number


def paired(world: World, owner: Owner) -> WorldPhone:
    """A phone that has scanned the owner's QR code."""
    offer, phone = owner.phone.offer_pairing().expect(201), world.phone(name="paired phone")
    phone.scan("ada", offer["pairing"]["id"], offer["secret"]).expect(201)
    return phone


def test_a_fourth_restoration_tells_of_the_one_that_it_ends(world: World) -> None:
    """B4: each one beyond three ends one, in a row beside its own."""
    owner = world.owner()
    numbers = [world.begun(owner)[1] for _ in range(3)]
    assert not cancelled(world, "restoration")
    world.begun(owner)
    world.begun(owner)
    assert cancelled(world, "restoration") == [{"restoration": number, "by": "newer_request"} for number in numbers[:2]]
    assert [row["type"] for row in world.events("ada")[-2:]] == ["restoration.requested", "restoration.cancelled"]


def test_a_completion_tells_of_the_restorations_that_it_ends(world: World) -> None:
    """B4: those under way beside it, and none that was over before."""
    owner = world.owner()
    given_up, gone, _ = world.begun(owner)
    given_up.withdraw(gone).expect(204)
    _, other, _ = world.begun(owner)
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)
    assert cancelled(world, "restoration") == [
        {"restoration": gone, "by": "new_device"},
        {"restoration": other, "by": "completion"},
    ]


def test_a_completion_tells_of_the_offers_that_end_with_their_devices(world: World) -> None:
    """B4: where it unpairs the others; where it keeps them their offers stay."""
    owner = world.owner()
    offer = offered(owner.phone)
    kept = world.restored(owner)
    assert not cancelled(world, "pairing")
    new, number, code = world.begun(kept)
    new.complete(number, code, "unpair").expect(201)
    assert cancelled(world, "pairing") == [{"pairing": offer, "by": "restoration"}]


def test_a_pairing_tells_of_the_offers_that_end_with_their_devices(world: World) -> None:
    """B4: where policy has a pairing unpair the others."""
    world.redeploy(UnpairOthersOnPairing="true")
    owner = world.owner()
    other = offered(owner.phone)
    paired(world, owner)
    assert cancelled(world, "pairing") == [{"pairing": other, "by": "pairing"}]


def test_a_dispute_tells_of_the_offers_that_end_with_the_device(world: World) -> None:
    """B4: a device that came by pairing, and its hold is over, so that it may show a code itself."""
    world.redeploy(HoldHours="1")
    owner = world.owner()
    phone = paired(world, owner)
    world.deliver()
    token = world.token(owner.address)
    world.clock.move(HOUR)
    owners, offer = offered(owner.phone), offered(phone)
    assert world.send(phone.unsigned("POST", f"/dispute/{token}", b"")).status == 200
    assert cancelled(world, "pairing") == [{"pairing": offer, "by": "dispute"}]
    assert owner.phone.pairing(owners).expect(200)["pairing"]["status"] == "offered"


def test_an_unpairing_that_ends_the_code_tells_of_all_offers(world: World) -> None:
    """B4: a held device's code ends with it, and with restore every offer ends."""
    owner = world.owner()
    held = world.restored(owner).phone
    offer = offered(owner.phone)
    owner.phone.unpair(held.id).expect(204)
    assert cancelled(world, "pairing") == [{"pairing": offer, "by": "unpairing"}]


def unpairing_itself(world: World, owner: Owner) -> None:
    """The device that shows the code goes."""
    world.restored(owner)
    owner.phone.unpair(owner.phone.id).expect(204)


def disabling(_world: World, owner: Owner) -> None:
    """Restore ends, and every offer with it."""
    owner.phone.disable().expect(204)


def newer_offers(_world: World, owner: Owner) -> None:
    """Ten at once, and no more."""
    for _ in range(10):
        offered(owner.phone)


@pytest.mark.parametrize(
    ("end", "by"),
    [(unpairing_itself, "unpairing"), (disabling, "disabling"), (newer_offers, "newer_offer")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_offer_that_ends_otherwise_is_told(world: World, end: Callable[[World, Owner], None], by: str) -> None:
    """B4: once, with the word for what ended it."""
    owner = world.owner()
    offer = offered(owner.phone)
    end(world, owner)
    assert cancelled(world, "pairing") == [{"pairing": offer, "by": by}]
