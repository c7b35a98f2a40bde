"""The very same bytes sent again change nothing: whoever recorded a request has recorded nothing of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.phone import fresh_nonce
from tests.functional.acts import ACTS, DISPUTES, GUESSES, LAST
from tests.functional.world import DAY, MINUTE

if TYPE_CHECKING:
    from tests.functional.world import World

EVERYTHING = {name: act for name, act in {**ACTS, **GUESSES}.items() if name not in DISPUTES}
REFUSED_ALIKE = {"wrong_restore_code"}
"""A guess is refused with one and the same answer however often it comes; it costs its sender, not the owner's code."""


@pytest.mark.parametrize("act", sorted(set(EVERYTHING) - REFUSED_ALIKE))
def test_the_very_same_bytes_are_a_replay(world: World, act: str) -> None:
    """`signature_replayed`, at once and until its time is over; then `signature_expired`. Nothing changes, no mail.

    Whoever is a stranger by it is told just that.
    """
    request = EVERYTHING[act](world)()
    assert world.send(request).status < 410
    world.deliver()
    before, mails = world.items(), len(world.mails)
    over = "not_paired" if act in LAST else "signature_replayed"
    world.send(request).expect(401, over)
    world.clock.move(119)
    world.send(request).expect(401, over)
    world.clock.move(2)
    world.send(request).expect(401, "signature_expired")
    assert world.items() == before
    assert len(world.mails) == mails
    assert not world.deliver()


def test_a_guess_replayed_is_refused_as_before(world: World) -> None:
    """Sameness comes first: the answer says nothing about nonces; it counts on its source like any other."""
    request = GUESSES["wrong_restore_code"](world)()
    first = world.send(request)
    assert world.send(request).body == first.body
    assert world.count("wrong codes") == {"198.51.100.7": 2}


def test_a_nonce_is_accepted_once_by_whatever_comes_first(world: World) -> None:
    """Also for another act, and for a verified one; another device may use the same symbols."""
    owner = world.owner()
    other = world.restored(owner).phone
    nonce = fresh_nonce()
    phone = owner.phone
    world.send(phone.prepare("POST", phone.path("/sign-ins"), {}, nonce=nonce)).expect(201)
    before = world.items()
    for method, path, body in (
        ("POST", "/sign-ins", {}),
        ("POST", "/back-up-prompt", {"answer": "not_now"}),
        ("POST", "/restore", {}),
        ("DELETE", "/restore", None),
        ("DELETE", f"/devices/{other.id}", None),
    ):
        request = phone.prepare(method, phone.path(path), body, verified=True, nonce=nonce)
        world.send(request).expect(401, "signature_replayed")
    assert world.items() == before
    world.send(other.prepare("POST", other.path("/sign-ins"), {}, nonce=nonce)).expect(201)


@pytest.mark.parametrize("start", [0, 1, 150, 179, 180, 298, 299])
def test_a_nonce_is_remembered_for_as_long_as_a_signature_can_hold(world: World, start: int) -> None:
    """300 s at least, wherever in a slot it fell: a signature from 120 s ahead is good for 240 s."""
    phone = world.owner().phone
    world.clock.move(start)
    now = int(world.clock.now)
    request = phone.prepare("POST", phone.path("/sign-ins"), {}, created=now + 120)
    world.send(request).expect(201)
    for step in (1, 60, 119, 60):
        world.clock.move(step)
        world.send(request).expect(401, "signature_replayed")
    world.clock.move(1)
    world.send(request).expect(401, "signature_expired")


def test_a_restoration_recorded_is_of_no_use_when_it_is_over(world: World) -> None:
    """Else whoever recorded the request could have it mailed anew."""
    owner, new = world.owner(), world.phone()
    request = new.prepare_restoration("ada", owner.restore_code)
    number = world.send(request).expect(202)["restoration"]["id"]
    owner.phone.veto(number).expect(204)
    mails = len(world.mails)
    world.send(request).expect(401, "signature_replayed")
    assert len(world.mails) == mails


@pytest.mark.parametrize("act", sorted(DISPUTES))
def test_a_dispute_link_works_once(world: World, act: str) -> None:
    """It is unsigned; its secret is spent."""
    request = ACTS[act](world)()
    assert world.send(request).status == 200
    before = world.items()
    assert world.send(request).status == 410
    world.clock.move(DAY + MINUTE)
    assert world.send(request).status == 410
    assert world.items() == before
