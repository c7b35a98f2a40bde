"""The very same bytes sent again change nothing: whoever recorded a request has recorded nothing of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.phone import fresh_nonce
from restore.restorations import NONCES_AT_ONCE
from tests.functional.acts import ACTS, DISPUTES, GUESSES, LAST
from tests.functional.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from local.phone import Request
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


@pytest.mark.parametrize("act", ["request", "withdrawal", "completion_that_waits", "way_back", "pairing", "completion"])
def test_the_very_same_bytes_of_a_repeat_are_a_replay(world: World, act: str) -> None:
    """A repeat that changes nothing is accepted once like any other; afterwards its bytes are good for nothing."""
    make = ACTS[act](world)
    assert world.send(make()).status < 300
    for pause in (0, 6 * MINUTE, 5 * HOUR + 5 * MINUTE):
        world.clock.move(pause)
        if pause > HOUR and act in {"request", "completion_that_waits"}:
            continue  # by then the code has expired, or it waits no more
        request = make()
        assert world.send(request).status < 300
        log = world.events("ada")
        world.send(request).expect(401, "signature_replayed")
        assert world.events("ada") == log


def test_a_later_call_while_it_waits_is_accepted_once(world: World) -> None:
    """The same for `{}` in the place of the first body."""
    owner = world.owner()
    world.redeploy(WaitingHours="1")
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)
    request = new.prepare_completion(number, None)
    world.send(request).expect(202)
    world.send(request).expect(401, "signature_replayed")


@pytest.mark.parametrize("others", ["keep", "unpair"])
@pytest.mark.parametrize("pause", [0, 100])
def test_a_nonce_that_bound_a_device_is_good_for_nothing_else(world: World, others: str, pause: int) -> None:
    """Neither the completion's nor the request's, in the span of time in which it came and in the next."""
    owner, new = world.owner(), world.phone()
    world.clock.move(250)
    asked, completed = fresh_nonce(), fresh_nonce()
    body: dict[str, object] = {"restore_code": owner.restore_code, "device": new.bare_device}
    path = "/v1/identities/ada/restorations"
    number = world.send(new.prepare("POST", path, body, nonce=asked)).expect(202)["restoration"]["id"]
    new.identity = "ada"
    assert new.verification
    body = {
        "email_code": world.mailed_code(owner.address),
        "other_devices": others,
        "verification_key": new.verification.public,
    }
    path = new.path(f"/restorations/{number}/completion")
    world.send(new.prepare("POST", path, body, verified=True, nonce=completed)).expect(201)
    world.clock.move(pause)
    for nonce in (asked, completed):
        world.send(new.prepare("POST", new.path("/sign-ins"), {}, nonce=nonce)).expect(401, "signature_replayed")
    new.sign_in().expect(201)


@pytest.mark.parametrize("unpairs", ["false", "true"])
@pytest.mark.parametrize("pause", [0, 5 * HOUR + 5 * MINUTE])
def test_a_nonce_that_paired_a_device_is_good_for_nothing_else(world: World, unpairs: str, pause: int) -> None:
    """Also where the slot of this span still holds nonces of the span that had it before."""
    owner, new = world.owner(), world.phone()
    world.redeploy(UnpairOthersOnPairing=unpairs)
    world.clock.move(pause)
    offer = owner.phone.offer_pairing().expect(201)
    nonce = fresh_nonce()
    body = {"secret": offer["secret"], "device": new.device}
    path = f"/v1/identities/ada/pairings/{offer['pairing']['id']}/completion"
    world.send(new.prepare("POST", path, body, verified=True, nonce=nonce)).expect(201)
    new.identity = "ada"
    world.send(new.prepare("POST", new.path("/sign-ins"), {}, nonce=nonce)).expect(401, "signature_replayed")
    new.sign_in().expect(201)


def test_nobody_fills_the_item_with_nonces(world: World) -> None:
    """Whoever has only the paper may repeat as much as they like: what is remembered of it is bounded, and no hole.

    N8: their own key waits then; the owner's phone does not.
    """
    owner, new = world.owner(), world.phone()

    def repeat() -> Request:
        return new.prepare_restoration("ada", owner.restore_code)

    sent = [repeat() for _ in range(2 * NONCES_AT_ONCE)]
    for request in sent:
        world.send(request).expect(202)
    world.send(repeat()).expect(429, "too_many_requests")
    for request in (sent[0], sent[NONCES_AT_ONCE - 1], sent[-1]):
        world.send(request).expect(401, "signature_replayed")
    owner.phone.enable().expect(201)


def test_nonces_that_nobody_can_send_any_more_make_room(world: World) -> None:
    """After five minutes it goes on, and what came just before is remembered still."""
    owner, new = world.owner(), world.phone()

    def repeat() -> Request:
        request = new.prepare_restoration("ada", owner.restore_code)
        world.send(request).expect(202)
        return request

    for _ in range(NONCES_AT_ONCE + 1):
        repeat()
    world.clock.move(299)
    late = [repeat() for _ in range(NONCES_AT_ONCE - 1)]
    world.clock.move(1)
    later = repeat()
    ((entry,),) = [world.item("ada", "R")["rst"].values()]
    assert len(entry["seen"]) == NONCES_AT_ONCE + 1
    for request in (late[0], late[-1], later):
        world.send(request).expect(401, "signature_replayed")


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
