"""`DELETE …/devices/{d}`, what a held device may not do, and what is set aside for the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.world import DAY, HOUR

if TYPE_CHECKING:
    from tests.functional.world import World


def aside(world: World) -> set[str]:
    """The devices that are set aside, by their short names."""
    return set(world.item("ada", "R").get("aside", {}))


def short(world: World, device: str) -> str:
    """The name of a device inside the items."""
    return next(
        key[1].removeprefix("K#")
        for key, item in world.items().items()
        if key[1].startswith("K#") and item["device"]["S"] == device
    )


def test_a_device_is_unpaired_by_any_other(world: World) -> None:
    """S17, W5, N8: from that moment it is a stranger; again is the same; it is told which by which."""
    owner = world.owner()
    tablet = world.restored(owner, name="tablet").phone
    world.deliver()
    world.clock.move(25 * HOUR)
    owner.phone.unpair(tablet.id).expect(204)
    (mail,) = world.deliver()
    assert (mail.to, mail.subject) == ("ada@example.com", "A device was unpaired")
    assert "tablet" in mail.text
    assert owner.phone.name in mail.text
    tablet.sign_in().expect(401, "not_paired")
    before = world.item("ada", "R")
    owner.phone.unpair(tablet.id).expect(204)
    assert world.item("ada", "R") == before
    assert not world.deliver()
    owner.phone.unpair(world.phone().id).expect(404, "not_found")
    assert world.item("ada", "R") == before


def test_every_device_ever_bound_stays_in_the_record(world: World) -> None:
    """N7: with its dates, after it was unpaired, too."""
    owner = world.owner()
    tablet = world.restored(owner, name="tablet").phone
    owner.phone.unpair(tablet.id).expect(204)
    records = [item for key, item in world.items().items() if key[1].startswith("K#")]
    assert {record["device"]["S"] for record in records} == {owner.phone.id, tablet.id}
    assert all(record["paired_at"]["N"] for record in records)


def test_a_device_unpairs_itself(world: World) -> None:
    """204, and its next request is a stranger's: a deletion is 204 again unless the caller itself is gone."""
    owner = world.owner()
    owner.phone.unpair(owner.phone.id).expect(204)
    owner.phone.unpair(owner.phone.id).expect(401, "not_paired")
    world.restored(owner).phone.sign_in().expect(201)


def test_the_last_device_goes_only_while_the_identity_can_be_restored(world: World) -> None:
    """409 `last_device` while restore is off, and while its address is not confirmed; nothing changes."""
    phone = world.phone()
    phone.create("ada").expect(201)
    before = world.items()
    phone.unpair(phone.id).expect(409, "last_device")
    assert world.items() == before
    phone.enable("ada@example.com").expect(201)
    before = world.items()
    phone.unpair(phone.id).expect(409, "last_device")
    assert world.items() == before
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    world.set("ada", "R", barred=True)
    before = world.items()
    phone.unpair(phone.id).expect(409, "last_device")
    assert world.items() == before


def test_without_restore_one_of_two_may_go_and_the_other_not(world: World) -> None:
    """And so there is always one left."""
    owner = world.owner()
    tablet = world.restored(owner).phone
    world.clock.move(25 * HOUR)
    owner.phone.disable().expect(204)
    owner.phone.unpair(tablet.id).expect(204)
    owner.phone.unpair(owner.phone.id).expect(409, "last_device")


# Hold


def test_a_held_device_cannot_lock_the_owner_out(world: World) -> None:
    """B8: for `hold_hours` what others depend on is 403 with `until`, and nothing changes; daily things are open."""
    owner = world.owner()
    held = world.restored(owner).phone
    _, number, _ = world.begun(world.owner_of(held, owner))
    held.sign_in().expect(201)
    held.show().expect(200)
    before = world.items()
    answers = [held.enable(), held.disable(), held.resend_confirmation(), held.veto(number)]
    answers += [held.approve(number), held.offer_pairing(), held.change_email("thief@example.net")]
    answers += [held.change_second_email("thief@example.net"), held.remove_second_email()]
    answers += [held.confirm_email("12345678"), held.confirm_second_email("12345678")]
    answers += [held.resend_second_confirmation(), held.erase()]
    for answer in answers:
        assert answer.expect(403, "not_allowed")["until"] == "2026-11-19T11:10:00Z"
    assert world.items() == before
    world.clock.move(24 * HOUR - 1)
    held.enable().expect(403, "not_allowed")
    world.clock.move(1)
    assert held.show().expect(200)["devices"][1]["held_until"] is None
    held.enable().expect(201)


def test_the_first_device_is_never_held(world: World) -> None:
    """Nobody could have been locked out."""
    phone = world.phone()
    assert phone.create("ada").expect(201)["device"]["held_until"] is None
    phone.enable("ada@example.com").expect(201)


def test_what_a_held_device_unpairs_is_set_aside(world: World) -> None:
    """B8: it is turned away at once, and may come back until the hold of the latest completion is over."""
    owner = world.owner()
    held = world.restored(owner).phone
    world.clock.move(HOUR)
    held.unpair(owner.phone.id).expect(204)
    owner.phone.sign_in().expect(401, "not_paired")
    assert aside(world) == {short(world, owner.phone.id)}
    assert world.item("ada", "R")["aside_until"] == int(world.clock.now) + 23 * HOUR


def test_after_the_hold_nothing_is_set_aside(world: World) -> None:
    """A device that is not held any more unpairs for good."""
    owner = world.owner()
    held = world.restored(owner).phone
    world.clock.move(24 * HOUR)
    held.unpair(owner.phone.id).expect(204)
    assert aside(world) == set()


def test_a_held_device_is_never_set_aside(world: World) -> None:
    """Neither when a held one unpairs it, nor when another completion does; a device that unpairs itself is gone."""
    owner = world.owner()
    first = world.restored(owner)
    second = world.restored(first)
    second.phone.unpair(first.phone.id).expect(204)
    assert aside(world) == set()
    third, number, code = world.begun(second)
    third.complete(number, code, "unpair").expect(201)
    assert aside(world) == {short(world, owner.phone.id)}


def test_unpairing_a_held_device_ends_the_code_that_it_brought(world: World) -> None:
    """Paper and mailbox are the thief's: restore is off until the owner makes a new code; what is begun ends."""
    owner = world.owner()
    thief = world.restored(owner)
    accomplice, number, code = world.begun(thief)
    owner.phone.unpair(thief.phone.id).expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "off"
    accomplice.complete(number, code).expect(410, "cancelled")
    world.phone().request_restore("ada", thief.restore_code).expect(403, "restore_refused")
    world.phone().request_restore("ada", owner.restore_code).expect(403, "restore_refused")
    fresh = owner.phone.enable().expect(201)
    world.phone().request_restore("ada", fresh["restore_code"]).expect(202)


def test_unpairing_a_held_device_leaves_a_newer_code_in_force(world: World) -> None:
    """Where the code that came with it is no longer in force, restore stays as it is."""
    owner = world.owner()
    thief = world.restored(owner)
    fresh = owner.phone.enable().expect(201)
    owner.phone.unpair(thief.phone.id).expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "enabled"
    world.phone().request_restore("ada", fresh["restore_code"]).expect(202)


def test_unpairing_a_device_whose_hold_is_over_leaves_its_code(world: World) -> None:
    """The code is the owner's by then."""
    owner = world.owner()
    restored = world.restored(owner)
    world.clock.move(24 * HOUR)
    owner.phone.unpair(restored.phone.id).expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "enabled"


@pytest.mark.parametrize("hours", [1, 24, 72])
def test_a_hold_lasts_as_long_as_policy_says(world: World, hours: int) -> None:
    """`hold_hours`."""
    owner = world.owner()
    world.redeploy(HoldHours=str(hours))
    held = world.restored(owner).phone
    world.clock.move(hours * HOUR - 1)
    held.disable().expect(403, "not_allowed")
    world.clock.move(1)
    held.disable().expect(204)


# Dispute


def post(world: World, token: str, status: int = 200, language: str = "en") -> str:
    """Press the button of a dispute page; the page that answers."""
    answer = world.phone(language=language).dispute(token)
    assert answer.status == status, answer.text
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    return answer.text


def test_a_dispute_ends_a_restoration_under_way(world: World) -> None:
    """B13: from the mail, without a device; once; told without a link of its own; it bars nothing."""
    owner = world.owner()
    thief, number, code = world.begun(owner)
    world.deliver()
    token = world.token(owner.address)
    page = post(world, token)
    assert 'lang="en"' in page
    thief.complete(number, code).expect(410, "cancelled")
    (mail,) = world.deliver()
    assert mail.tokens == []
    before = world.items()
    post(world, token, 410)
    assert world.items() == before
    world.phone().request_restore("ada", owner.restore_code).expect(202)


def test_a_dispute_ends_a_waiting_restoration(world: World) -> None:
    """The e-mail code was proved already."""
    owner = world.owner()
    world.redeploy(WaitingHours="48")
    thief, number, code = world.begun(owner)
    thief.complete(number, code).expect(202)
    post(world, world.token(owner.address))
    world.clock.move(48 * HOUR)
    thief.complete(number, None).expect(410, "cancelled")


@pytest.mark.parametrize("link", ["request", "device"])
def test_a_dispute_unpairs_the_device_and_makes_the_codes_good_again(world: World, link: str) -> None:
    """B13: the link of the request's mail does what the new device's link does; the first completion ends all codes."""
    owner = world.owner()
    thief_phone, number, code = world.begun(owner)
    token = world.token(owner.address)
    done = thief_phone.complete(number, code).expect(201)
    world.deliver()
    if link == "device":
        token = world.token(owner.address)
    assert owner.phone.show().expect(200)["restore"]["code_label"] == done["code_label"]
    post(world, token)
    thief_phone.sign_in().expect(401, "not_paired")
    (mail,) = world.deliver()
    assert mail.tokens == []
    world.phone().request_restore("ada", done["restore_code"]).expect(202)
    again = world.restored(owner)
    assert again.restore_code not in {done["restore_code"], owner.restore_code}
    for dead in (owner.restore_code, done["restore_code"]):
        world.phone().request_restore("ada", dead).expect(403, "restore_refused")


def test_after_a_dispute_in_the_same_second_the_newest_code_is_the_one_made_last(world: World) -> None:
    """Label and kept code are the new device's: code, completion and dispute came within one second."""
    world.redeploy(KeepSealedCodes="true")
    owner = world.owner()
    restored = world.restored(owner)
    world.deliver()
    post(world, world.token(owner.address))
    assert owner.phone.show().expect(200)["restore"]["code_label"] == restored.label
    assert owner.phone.show_code().expect(200)["restore_code"] == restored.restore_code
    assert owner.phone.drill(owner.restore_code).expect(200)["code_label"] == owner.label


@pytest.mark.parametrize("pause", [0, 1])
def test_unpairing_a_held_device_ends_its_code_beside_a_newer_one(world: World, pause: int) -> None:
    """B8: a dispute of the next device has made its code good again; the thief knows that code, so it has to end."""
    owner = world.owner()
    held = world.restored(owner)
    world.clock.move(pause)
    world.restored(held)
    world.deliver()
    post(world, world.token(owner.address))
    assert owner.phone.drill(held.restore_code).expect(200)["valid"]
    owner.phone.unpair(held.phone.id).expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "off"
    world.phone().request_restore("ada", held.restore_code).expect(403, "restore_refused")


@pytest.mark.parametrize("hit", ["pending", "bound"])
def test_the_way_back_lasts_as_long_as_a_hold_by_a_second_dispute(world: World, hit: str) -> None:
    """B8: who is held for 72 h cannot unpair the owner for good, wherever the dispute met it; to the second."""
    owner = world.owner()
    world.begun(owner)
    post(world, world.token(owner.address))
    new, number, code = world.begun(owner)
    if hit == "pending":
        post(world, world.token(owner.address))
    new.complete(number, code).expect(201)
    if hit == "bound":
        world.deliver()
        post(world, world.token(owner.address))
    world.clock.move(30 * HOUR)
    new.unpair(owner.phone.id).expect(204)
    saved = world.save()
    world.clock.move(42 * HOUR - 1)
    owner.phone.come_back().expect(204)
    new.show().expect(401, "not_paired")
    world.go_back(saved)
    world.clock.move(42 * HOUR)
    owner.phone.come_back().expect(401, "not_paired")


def test_what_was_set_aside_before_a_second_dispute_may_come_back_as_long_as_its_hold(world: World) -> None:
    """B8: and a later completion, with a shorter hold, does not shorten it; a way back that is over stays over."""
    owner = world.owner()
    offer = owner.phone.offer_pairing().expect(201)
    tablet = world.phone(name="tablet")
    tablet.scan("ada", offer["pairing"]["id"], str(offer["secret"])).expect(201)
    world.clock.move(24 * HOUR)
    world.begun(owner)
    post(world, world.token(owner.address))
    thief = world.restored(owner)
    world.deliver()
    token = world.token(owner.address)
    thief.phone.unpair(tablet.id).expect(204)
    before = world.save()
    post(world, token)
    world.restored(thief)
    world.clock.move(72 * HOUR - 1)
    tablet.come_back().expect(204)
    thief.phone.show().expect(401, "not_paired")
    world.go_back(before)
    world.redeploy(HoldHours="1")
    world.set("ada", "R", aside_until=int(world.clock.now))
    post(world, token)
    tablet.come_back().expect(401, "not_paired")


def test_what_the_disputed_device_set_aside_stays_so(world: World) -> None:
    """The devices that a completion unpaired come back by their own way."""
    owner = world.owner()
    thief, number, code = world.begun(owner)
    thief.complete(number, code, "unpair").expect(201)
    post(world, world.token(owner.address))
    assert aside(world) == {short(world, owner.phone.id)}
    thief.sign_in().expect(401, "not_paired")


def test_a_second_dispute_only_holds(world: World) -> None:
    """B13: who has the mailbox alone cannot undo the owner's restores one by one: the device is held for 72 h."""
    owner = world.owner()
    world.begun(owner)
    post(world, world.token(owner.address))
    world.clock.move(7 * DAY - 1)
    restored = world.restored(owner)
    world.deliver()
    post(world, world.token(owner.address))
    shown = restored.phone.show().expect(200)
    assert [one["held_until"] for one in shown["devices"] if one["this_device"]] == ["2026-11-28T11:09:59Z"]
    restored.phone.enable().expect(403, "not_allowed")
    world.clock.move(72 * HOUR)
    restored.phone.enable().expect(201)


def test_a_second_dispute_lets_a_restoration_go_on(world: World) -> None:
    """Its device, once bound, is held until 72 h after the dispute."""
    owner = world.owner()
    world.begun(owner)
    post(world, world.token(owner.address))
    new, number, code = world.begun(owner)
    post(world, world.token(owner.address))
    world.clock.move(5 * 60)
    done = new.complete(number, code).expect(201)
    assert done["device"]["held_until"] == "2026-11-21T11:10:00Z"


def test_after_seven_days_a_dispute_is_a_first_one_again(world: World) -> None:
    """The window of the second."""
    owner = world.owner()
    world.begun(owner)
    post(world, world.token(owner.address))
    world.clock.move(7 * DAY)
    new, number, code = world.begun(owner)
    post(world, world.token(owner.address))
    new.complete(number, code).expect(410, "cancelled")


def test_a_last_device_that_may_not_go_is_held_instead(world: World) -> None:
    """An identity is never left without a device while restore is not enabled."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.complete(number, code, "unpair").expect(201)
    world.deliver()
    world.set("ada", "R", barred=True)
    post(world, world.token(owner.address))
    (device,) = new.show().expect(200)["devices"]
    assert device["held_until"] == "2026-11-21T11:10:00Z"


def test_a_dispute_of_a_device_lives_a_day_or_as_long_as_its_hold(world: World) -> None:
    """Whichever is longer."""
    owner = world.owner()
    restored = world.restored(owner)
    world.deliver()
    token = world.token(owner.address)
    world.clock.move(24 * HOUR)
    before = world.items()
    post(world, token, 410)
    assert world.items() == before
    world.redeploy(HoldHours="48")
    world.clock.move(24 * HOUR - 1)
    post(world, token)
    restored.phone.sign_in().expect(401, "not_paired")


def test_whatever_is_no_token_is_over(world: World) -> None:
    """Altered, of another identity, made up: one and the same page, 410, and nothing changes."""
    owner = world.owner()
    world.owner("bob")
    world.begun(owner)
    token = world.token(owner.address)
    identity, about, secret = token.rsplit(".", 2)
    before = world.items()
    altered = [
        f"{identity}.{about}.{secret[:-2]}{'AA' if secret[-2:] != 'AA' else 'BB'}",
        f"bob.{about}.{secret}",
        f"nobody.{about}.{secret}",
        f"{identity}.{secret}",
        "x",
        "ada..",
        f"{identity}.I.{secret}",
        f"{identity.upper()}.{about}.{secret}",
    ]
    assert len({post(world, one, 410) for one in altered}) == 1
    assert world.items() == before
    assert 'lang="de"' in post(world, "x", 410, "de")
    post(world, token)


def test_looking_at_a_dispute_changes_nothing(world: World) -> None:
    """A mail scanner that follows every link does no harm."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    before = world.items()
    page = world.phone().fetch(f"/dispute/{world.token(owner.address)}")
    assert page.status == 200
    assert world.items() == before
    new.complete(number, code).expect(201)
