"""The main job: `POST …/restorations`, its reads, resends and end, and `POST …/completion`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.phone import Key, is_well_formed, made_up_code, mistyped, other_digits, selector
from restore.keys import short_of
from tests.functional.clerks import Clerk, meanwhile
from tests.functional.faults import mail_refused
from tests.functional.world import ADDRESS, DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.functional.world import Owner, World, WorldPhone


@pytest.mark.parametrize(("kind", "verification"), [("p256", "ed25519"), ("ed25519", "p256")])
def test_an_identity_is_restored(world: World, kind: str, verification: str) -> None:
    """S7, S8, S18, N2, N4, N5, B7, ASVS 6.5.1: both codes bind the new device, and both are spent."""
    owner = world.owner()
    world.deliver()
    new = world.phone(name="Ada's new phone", platform="android", kind=kind, verification_kind=verification)
    asked = new.request_restore("ADA", owner.restore_code.lower().replace("-", " ")).expect(202)["restoration"]
    new.identity = "ada"
    assert asked == {
        "id": asked["id"],
        "status": "awaiting_code",
        "email_hint": "a***@example.com",
        "created_at": "2026-11-18T11:10:00Z",
        "expires_at": "2026-11-18T11:20:00Z",
        "code_expires_at": "2026-11-18T11:20:00Z",
        "attempts_left": 5,
        "resends_left": 3,
        "ready_at": None,
        "device": {
            "id": new.id,
            "name": "Ada's new phone",
            "platform": "android",
            "paired_at": None,
            "last_seen_at": None,
            "paired_by": "restoration",
            "held_until": None,
            "verification": False,
            "this_device": True,
        },
        "poll_seconds": 5,
    }
    mail = world.mails[-1]
    assert (mail.to, len(mail.codes), len(mail.tokens)) == ("ada@example.com", 1, 1)
    assert "Ada's new phone" in mail.text
    assert ADDRESS.url in mail.text
    done = new.complete(asked["id"], mail.codes[0]).expect(201)
    assert is_well_formed(done["restore_code"])
    assert done["restore_code"] != owner.restore_code
    assert done["code_label"] != owner.label
    assert done["qr"]["uri"] == f"{new.server}/restore#i=ada&c={done['restore_code'].replace('-', '')}"
    assert done["device"] == {
        "id": new.id,
        "name": "Ada's new phone",
        "platform": "android",
        "paired_at": "2026-11-18T11:10:00Z",
        "last_seen_at": "2026-11-18T11:10:00Z",
        "paired_by": "restoration",
        "held_until": "2026-11-19T11:10:00Z",
        "verification": True,
        "this_device": True,
    }
    assert done["unpaired"] == []
    (told,) = world.deliver()
    assert (told.to, len(told.tokens)) == ("ada@example.com", 1)
    assert done["code_label"] in told.text
    new.sign_in().expect(201)
    owner.phone.sign_in().expect(201)
    assert len(new.show().expect(200)["devices"]) == 2
    world.phone().request_restore("ada", owner.restore_code).expect(403, "restore_refused")
    world.phone().request_restore("ada", done["restore_code"]).expect(202)


def test_the_log_tells_a_restoration(world: World) -> None:
    """ASVS 16.3.1: every step, by which device and from where."""
    owner = world.owner()
    new, number, code = world.begun(owner, at="203.0.113.9")
    new.complete(number, other_digits(code)).expect(403, "wrong_code")
    new.complete(number, code, "unpair").expect(201)
    rows = world.events("ada")[-5:]
    assert [row["type"] for row in rows] == [
        "restoration.requested",
        "restoration.code_refused",
        "restoration.completed",
        "device.paired",
        "device.unpaired",
    ]
    assert {row["source"] for row in rows} == {"203.0.113.9"}
    assert [row["device"] for row in rows] == [new.id] * 4 + [owner.phone.id]


def test_other_devices_go_where_the_owner_says_so(world: World) -> None:
    """S9, S18, N8: the lost phone is turned away from the moment of the restore, and the mail names it."""
    owner = world.owner()
    world.deliver()
    new, number, code = world.begun(owner)
    done = new.complete(number, code, "unpair").expect(201)
    assert done["unpaired"] == [owner.phone.id]
    owner.phone.sign_in().expect(401, "not_paired")
    owner.phone.show().expect(401, "not_paired")
    assert [device["id"] for device in new.show().expect(200)["devices"]] == [new.id]
    (mail,) = world.deliver()
    assert owner.phone.name in mail.text
    gone = world.item("ada", "R")
    assert list(gone["aside"]) == [short_of(owner.phone.id)]
    assert gone["aside_until"] == int(world.clock.now) + 24 * HOUR


def test_policy_can_unpair_the_others_whatever_was_said(world: World) -> None:
    """S14, W6: `unpair_others_on_restore` wins over `keep`."""
    owner = world.owner()
    world.redeploy(UnpairOthersOnRestore="true")
    new, number, code = world.begun(owner)
    assert new.complete(number, code, "keep").expect(201)["unpaired"] == [owner.phone.id]
    owner.phone.sign_in().expect(401, "not_paired")


def test_without_a_hold_nothing_is_set_aside(world: World) -> None:
    """`hold_hours` 0: the new device is not held."""
    owner = world.owner()
    world.redeploy(HoldHours="0")
    new, number, code = world.begun(owner)
    assert new.complete(number, code, "unpair").expect(201)["device"]["held_until"] is None
    assert "aside" not in world.item("ada", "I")
    new.enable().expect(201)


def test_a_wrong_email_code_costs_an_attempt_and_the_fifth_ends_it(world: World) -> None:
    """N3, B6, ASVS 6.6.3: 403 with what is left down to 0, then 410 for the right one, too; a resend helps nobody."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    left = [new.complete(number, other_digits(code)).expect(403, "wrong_code")["attempts_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    before = world.items()
    new.complete(number, code).expect(410, "attempts_exhausted")
    world.clock.move(MINUTE)
    new.resend_code(number).expect(410, "attempts_exhausted")
    assert world.items() == before
    assert new.restoration(number).expect(200)["restoration"]["status"] == "exhausted"
    assert owner.phone.show().expect(200)["restorations"] == []
    owner.phone.sign_in().expect(201)


def test_an_email_code_lives_ten_minutes(world: World) -> None:
    """ASVS 6.5.5: a second before it is good; then the restoration is expired with it."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    world.clock.move(10 * MINUTE)
    before = world.items()
    new.complete(number, code).expect(410, "expired")
    new.complete(number, other_digits(code)).expect(410, "expired")
    new.resend_code(number).expect(410, "expired")
    assert new.restoration(number).expect(200)["restoration"]["status"] == "expired"
    assert world.items() == before
    world.clock.move(-1)
    new.complete(number, code).expect(201)


def test_a_resend_is_a_new_code_and_ends_the_old_one(world: World) -> None:
    """Three, 30 s after the request and apart; attempts are not refilled; the life begins anew."""
    owner = world.owner()
    new, number, old = world.begun(owner)
    new.complete(number, other_digits(old)).expect(403, "wrong_code")
    world.clock.move(29)
    before = world.items()
    answer = new.resend_code(number)
    answer.expect(429, "too_many_requests")
    assert answer.header("Retry-After") == "1"
    assert world.items() == before
    world.clock.move(1)
    told = new.resend_code(number).expect(202)["restoration"]
    assert (told["attempts_left"], told["resends_left"]) == (4, 2)
    assert told["code_expires_at"] == "2026-11-18T11:20:30Z"
    fresh = world.mailed_code(owner.address)
    if fresh != old:
        assert new.complete(number, old).expect(403, "wrong_code")["attempts_left"] == 3
    for left in (1, 0):
        world.clock.move(30)
        assert new.resend_code(number).expect(202)["restoration"]["resends_left"] == left
    world.clock.move(30)
    before = world.items()
    new.resend_code(number).expect(409, "limit_reached")
    assert world.items() == before
    new.complete(number, world.mailed_code(owner.address)).expect(201)
    world.clock.move(30)
    new.resend_code(number).expect(410, "used")


def test_a_code_belongs_to_its_restoration(world: World) -> None:
    """ASVS 6.6.2: the code mailed for one opens no other, and nobody else's key completes it."""
    owner = world.owner()
    one, first, code_of_first = world.begun(owner)
    other, second, code_of_second = world.begun(owner)
    if code_of_first != code_of_second:
        other.complete(second, code_of_first).expect(403, "wrong_code")
    other.complete(first, code_of_first).expect(401, "not_paired")
    owner.phone.complete(first, code_of_first).expect(401, "not_paired")
    one.complete(first, code_of_first).expect(201)


def test_a_restoration_completed_cancels_the_others(world: World) -> None:
    """And ends their codes."""
    owner = world.owner()
    one, first, code = world.begun(owner)
    other, second, code_of_second = world.begun(owner)
    one.complete(first, code).expect(201)
    other.complete(second, code_of_second).expect(410, "cancelled")
    assert other.restoration(second).expect(200)["restoration"]["status"] == "cancelled"


def test_a_fourth_restoration_ends_the_oldest(world: World) -> None:
    """At most three await their code, so nobody blocks the owner by asking first."""
    owner = world.owner()
    begun = []
    for _ in range(4):
        begun.append(world.begun(owner))
        world.clock.move(1)
    oldest, number, code = begun[0]
    oldest.complete(number, code).expect(410, "cancelled")
    shown = owner.phone.show().expect(200)["restorations"]
    assert [one["id"] for one in shown] == [number for _, number, _ in begun[1:]]
    phone, number, code = begun[1]
    phone.complete(number, code).expect(201)


def test_a_mistyped_code_is_told_before_anything_is_looked_up(world: World) -> None:
    """422 `code_mistyped`, counts nowhere, and says nothing about any identity."""
    owner = world.owner()
    before = world.items()
    known = world.phone().request_restore("ada", mistyped(owner.restore_code))
    unknown = world.phone().request_restore("nobody", mistyped(owner.restore_code))
    known.expect(422, "code_mistyped")
    assert known.body == unknown.body
    for odd in ("ABC", "U" * 28, "X" * 28, "é" * 28, owner.restore_code + "0"):
        world.phone().request_restore("ada", odd).expect(422, "code_mistyped")
    assert world.items() == before


def test_a_restoration_asked_for_twice_is_one(world: World) -> None:
    """The same key and code again: the same restoration, one mail, and no attempt lost or gained."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.complete(number, other_digits(code)).expect(403, "wrong_code")
    mails = len(world.mails)
    again = new.request_restore("ada", owner.restore_code).expect(202)["restoration"]
    assert (again["id"], again["attempts_left"]) == (number, 4)
    assert len(world.mails) == mails
    new.complete(number, code).expect(201)


def test_a_key_whose_restoration_is_over_may_ask_anew(world: World) -> None:
    """Cancelled, expired or exhausted: a fresh one, and a fresh mail."""
    owner = world.owner()
    new, number, _ = world.begun(owner)
    owner.phone.veto(number).expect(204)
    second = new.request_restore("ada", owner.restore_code).expect(202)["restoration"]["id"]
    assert second != number
    world.clock.move(10 * MINUTE)
    third = new.request_restore("ada", owner.restore_code).expect(202)["restoration"]["id"]
    code = world.mailed_code(owner.address)
    for _ in range(5):
        new.complete(third, other_digits(code)).expect(403, "wrong_code")
    fourth = new.request_restore("ada", owner.restore_code).expect(202)["restoration"]["id"]
    assert len({number, second, third, fourth}) == 4
    new.complete(fourth, world.mailed_code(owner.address)).expect(201)


def test_a_key_that_is_or_was_a_device_is_told_only_after_the_right_code(world: World) -> None:
    """409 `device_exists`; with a wrong code the answer is the one for everybody."""
    owner = world.owner()
    gone = world.restored(owner)
    world.clock.move(25 * HOUR)
    owner.phone.unpair(gone.phone.id).expect(204)
    before = world.items(counters=False)
    for phone in (owner.phone, gone.phone):
        phone.request_restore("ada", gone.restore_code).expect(409, "device_exists")
        phone.request_restore("ada", made_up_code()).expect(403, "restore_refused")
    assert world.items(counters=False) == before


def test_a_completion_repeated_gives_the_device_again(world: World) -> None:
    """201 → 200 with a fresh code for ten minutes, without one afterwards; `{}` and the first body are as good."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    first = new.complete(number, code).expect(201)
    world.deliver()
    again = new.complete(number, code).expect(200)
    assert again["device"] == first["device"]
    assert again["restore_code"] != first["restore_code"]
    assert [mail.subject for mail in world.deliver()] == ["Your restore code was replaced"]
    world.phone().request_restore("ada", first["restore_code"]).expect(403, "restore_refused")
    world.clock.move(10 * MINUTE - 1)
    latest = new.complete(number, None).expect(200)
    assert latest["restore_code"] != again["restore_code"]
    world.clock.move(1)
    before = world.item("ada", "R")
    assert "restore_code" not in new.complete(number, None).expect(200)
    assert world.item("ada", "R") == before
    world.phone().request_restore("ada", latest["restore_code"]).expect(202)


def test_a_completion_is_repeated_however_long_ago_it_was(world: World) -> None:
    """N5: when all else of the restoration is forgotten, the device's own record answers; strangers hear 401."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    first = new.complete(number, code).expect(201)
    world.clock.move(31 * DAY)
    world.begun(replace(owner, restore_code=owner.phone.enable().expect(201)["restore_code"]))
    assert number not in world.item("ada", "R")["rst"]
    again = new.complete(number, code).expect(200)
    assert again["device"]["id"] == first["device"]["id"]
    assert "restore_code" not in again
    new.complete(number, None).expect(200)
    new.complete("x" * 22, code).expect(401, "not_paired")
    new.act("POST", new.path(f"/restorations/{number}/completion"), {}).expect(401, "verification_required")
    owner.phone.complete(number, code).expect(401, "not_paired")
    owner.phone.act("POST", owner.phone.path(f"/restorations/{number}/completion"), {}).expect(401, "not_paired")
    owner.phone.unpair(new.id).expect(204)
    before = world.items()
    new.complete(number, code).expect(401, "not_paired")
    assert world.items() == before


def test_nobody_crowds_a_completion_out(world: World) -> None:
    """N5: many newer restorations that are over take neither the repeat nor the fresh code within ten minutes."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    done = new.complete(number, code).expect(201)
    for _ in range(3):
        owner = replace(owner, restore_code=done["restore_code"])
        for _ in range(9):
            world.clock.move(1)
            other, other_number, _ = world.begun(owner)
            other.withdraw(other_number).expect(204)
        done = new.complete(number, code).expect(200)
    assert number not in world.item("ada", "R")["rst"]
    world.phone().request_restore("ada", done["restore_code"]).expect(202)


def test_what_is_over_says_why_for_thirty_days(world: World) -> None:
    """Endings: 410 with the reason, and its own phone can read it; little of it is kept, and not for ever."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    for days in (2, 27):
        world.clock.move(days * DAY)
        world.begun(owner)
        new.complete(number, code).expect(410, "expired")
        new.resend_code(number).expect(410, "expired")
        assert new.restoration(number).expect(200)["restoration"]["status"] == "expired"
    assert not {"h", "links", "seen", "c"} & set(world.item("ada", "R")["rst"][number])
    world.clock.move(2 * DAY)
    world.begun(owner)
    new.complete(number, code).expect(401, "not_paired")


def test_the_twentieth_that_is_over_says_why(world: World) -> None:
    """Endings: ten in an hour are all that one code is mailed for, so this takes two hours."""
    owner = world.owner()
    first, number, code = world.begun(owner)
    first.withdraw(number).expect(204)
    for _ in range(19):
        world.clock.move(400)
        other, other_number, _ = world.begun(owner)
        other.withdraw(other_number).expect(204)
    first.complete(number, code).expect(410, "cancelled")
    assert first.restoration(number).expect(200)["restoration"]["status"] == "cancelled"


def test_what_was_begun_with_a_lost_code_ends_with_it(world: World) -> None:
    """The repeat's fresh code is a new code like any other."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    lost = new.complete(number, code).expect(201)
    thief = world.phone()
    stolen = thief.request_restore("ada", lost["restore_code"]).expect(202)["restoration"]["id"]
    code = world.mailed_code(owner.address)
    new.complete(number, None).expect(200)
    thief.complete(stolen, code).expect(410, "cancelled")


def test_a_completion_that_says_something_else_later_is_used(world: World) -> None:
    """The call that proved the code has settled the rest; another code, key or fate of devices is 410."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)
    before = world.item("ada", "R")
    new.complete(number, other_digits(code)).expect(410, "used")
    new.complete(number, code, "unpair").expect(410, "used")
    new.complete(number, code, "keep").expect(200)
    assert new.verification
    settled, new.verification = new.verification, Key.generate()
    before = world.item("ada", "R")
    new.complete(number, code).expect(401, "signature_invalid")
    new.verification = settled
    new.act("POST", new.path(f"/restorations/{number}/completion"), {}).expect(401, "verification_required")
    assert world.item("ada", "R") == before


def test_a_device_unpaired_since_is_not_bound_by_a_repeat(world: World) -> None:
    """It gets 401 `not_paired`, and nothing changes."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)
    owner.phone.unpair(new.id).expect(204)
    before = world.items()
    new.complete(number, code).expect(401, "not_paired")
    new.complete(number, None).expect(401, "not_paired")
    assert world.items() == before


def test_a_completion_without_what_it_needs_costs_no_attempt(world: World) -> None:
    """422 before the code is judged: no verification key, no code, an odd one."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    path = new.path(f"/restorations/{number}/completion")
    before = world.items()
    new.act("POST", path, {"email_code": code}).expect(422, "invalid")
    new.act("POST", path, {"email_code": other_digits(code)}).expect(422, "invalid")
    new.act("POST", path, {}).expect(422, "invalid")
    new.act("POST", path, {"email_code": code, "verification_key": new.id}, verified=True).expect(422, "invalid")
    for odd in ("1234567", "123456789", "1234567a", "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18"):
        new.complete(number, odd).expect(422, "invalid")
    assert new.verification
    body = {"email_code": code, "verification_key": new.verification.public}
    new.act("POST", path, body).expect(401, "signature_invalid")
    assert world.items() == before
    new.complete(number, code).expect(201)


def test_policy_may_let_a_restored_device_have_no_verification_key(world: World) -> None:
    """`require_verification_key` off."""
    owner = world.owner()
    world.redeploy(RequireVerificationKey="false")
    new, number, code = world.begun(owner, verification_kind=None)
    assert new.complete(number, code).expect(201)["device"]["verification"] is False
    new.unpair(new.id).expect(204)


def test_a_full_identity_takes_no_further_device(world: World) -> None:
    """`max_devices`: 409 with the field, no attempt and nothing spent; unpairing the others makes room."""
    owner = world.owner()
    world.redeploy(MaxDevices="1")
    new, number, code = world.begun(owner)
    before = world.items()
    new.complete(number, code).expect(409, "limit_reached")
    assert world.items() == before
    assert new.restoration(number).expect(200)["restoration"]["attempts_left"] == 5
    assert new.complete(number, code, "unpair").expect(201)["unpaired"] == [owner.phone.id]


def test_a_restoration_is_read_by_its_phone_and_by_paired_ones(world: World) -> None:
    """B1: strangers are `not_paired`, a paired device is told 404 for one that never was."""
    owner = world.owner()
    new, number, _ = world.begun(owner)
    mine = new.restoration(number).expect(200)["restoration"]
    theirs = owner.phone.restoration(number).expect(200)["restoration"]
    assert mine["device"].pop("this_device") is True
    assert theirs["device"].pop("this_device") is False
    assert mine == theirs
    stranger = world.phone(identity="ada")
    stranger.restoration(number).expect(401, "not_paired")
    new.restoration("x" * 22).expect(401, "not_paired")
    owner.phone.restoration("x" * 22).expect(404, "not_found")


# Ending one


def test_a_paired_device_vetoes(world: World) -> None:
    """B1: one tap ends it; again is the same; a completed one is 410; it is told by mail."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    world.deliver()
    owner.phone.veto(number).expect(204)
    assert [mail.subject for mail in world.deliver()] == ["The restoration was cancelled"]
    before = world.item("ada", "R")
    owner.phone.veto(number).expect(204)
    assert world.item("ada", "R") == before
    new.complete(number, code).expect(410, "cancelled")
    new.resend_code(number).expect(410, "cancelled")
    owner.phone.veto("x" * 22).expect(404, "not_found")
    other, second, code = world.begun(owner)
    other.complete(second, code).expect(201)
    before = world.item("ada", "R")
    owner.phone.veto(second).expect(410, "used")
    assert world.item("ada", "R") == before


def test_the_new_phone_withdraws(world: World) -> None:
    """With its device key alone."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.withdraw(number).expect(204)
    new.withdraw(number).expect(204)
    new.complete(number, code).expect(410, "cancelled")
    world.phone(identity="ada").withdraw(number).expect(401, "not_paired")


def test_a_veto_of_what_is_over_says_why(world: World) -> None:
    """410 with the reason."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    world.clock.move(10 * MINUTE)
    owner.phone.veto(number).expect(410, "expired")
    new.withdraw(number).expect(410, "expired")
    new, number, code = world.begun(owner)
    for _ in range(5):
        new.complete(number, other_digits(code)).expect(403, "wrong_code")
    owner.phone.veto(number).expect(410, "attempts_exhausted")


# The waiting period


def test_a_waiting_period_keeps_the_new_device_out(world: World) -> None:
    """B1: 202 `waiting` until `ready_at`, every paired device sees it, and a veto ends it."""
    owner = world.owner()
    world.redeploy(WaitingHours="48")
    new, number, code = world.begun(owner)
    waiting = new.complete(number, code, "unpair").expect(202)["restoration"]
    assert (waiting["status"], waiting["ready_at"]) == ("waiting", "2026-11-20T11:10:00Z")
    assert waiting["expires_at"] == "2026-11-27T11:10:00Z"
    world.clock.move(48 * HOUR - 1)
    log = world.events("ada")
    assert new.complete(number, None).expect(202)["restoration"]["status"] == "waiting"
    assert new.complete(number, code, "unpair").expect(202)["restoration"]["status"] == "waiting"
    assert world.events("ada") == log
    before = world.items()
    new.resend_code(number).expect(410, "used")
    new.complete(number, other_digits(code)).expect(410, "used")
    new.complete(number, code, "keep").expect(410, "used")
    assert world.items() == before
    new.sign_in().expect(401, "not_paired")
    assert [one["id"] for one in owner.phone.show().expect(200)["restorations"]] == [number]
    world.clock.move(1)
    done = new.complete(number, None).expect(201)
    assert done["unpaired"] == [owner.phone.id]
    new.sign_in().expect(201)


def test_waiting_needs_the_verification_key_that_was_settled(world: World) -> None:
    """It signs every later call of the completion."""
    owner = world.owner()
    world.redeploy(WaitingHours="1")
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)
    world.clock.move(HOUR)
    before = world.items()
    new.act("POST", new.path(f"/restorations/{number}/completion"), {}).expect(401, "verification_required")
    settled, new.verification = new.verification, Key.generate()
    new.complete(number, None).expect(401, "signature_invalid")
    assert world.items() == before
    new.verification = settled
    new.complete(number, None).expect(201)


@pytest.mark.parametrize("waiting_hours", ["0", "1"])
@pytest.mark.parametrize("wrong_first", [False, True])
def test_an_approval_never_stands_in_for_the_email_code(world: World, waiting_hours: str, *, wrong_first: bool) -> None:
    """B1, ASVS 6.4.3: an approved restoration takes the mailed code like any other, and an approval refills nothing."""
    owner = world.owner()
    world.redeploy(WaitingHours=waiting_hours)
    new, number, code = world.begun(owner)
    if wrong_first:
        assert new.complete(number, other_digits(code)).expect(403, "wrong_code")["attempts_left"] == 4
    approved = owner.phone.approve(number).expect(200)["restoration"]
    left = 4 if wrong_first else 5
    assert (approved["status"], approved["attempts_left"]) == ("awaiting_code", left)
    new.complete(number, None).expect(422, "invalid")
    for step in range(1, left):
        answer = new.complete(number, other_digits(code, step)).expect(403, "wrong_code")
        assert answer["attempts_left"] == left - step
    new.sign_in().expect(401, "not_paired")
    assert len(owner.phone.show().expect(200)["devices"]) == 1
    saved = world.save()
    new.complete(number, code).expect(201)
    world.go_back(saved)
    assert new.complete(number, other_digits(code)).expect(403, "wrong_code")["attempts_left"] == 0
    owner.phone.approve(number).expect(410, "attempts_exhausted")
    new.complete(number, code).expect(410, "attempts_exhausted")
    new.sign_in().expect(401, "not_paired")


def test_a_waiting_restoration_outlives_its_code_for_seven_days(world: World) -> None:
    """It expires 7 days after `ready_at`, not with the code."""
    owner = world.owner()
    world.redeploy(WaitingHours="1")
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)
    world.clock.move(HOUR + 7 * DAY)
    before = world.items()
    new.complete(number, None).expect(410, "expired")
    assert world.items() == before
    world.clock.move(-1)
    new.complete(number, None).expect(201)


def test_a_waiting_restoration_ends_by_veto_new_code_and_disabling(world: World) -> None:
    """And not by a fourth request: those count only what awaits its code."""
    owner = world.owner()
    world.redeploy(WaitingHours="48")
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)
    for _ in range(4):
        world.begun(owner)
        world.clock.move(1)
    assert new.restoration(number).expect(200)["restoration"]["status"] == "waiting"
    saved = world.save()
    endings = {
        "veto": lambda: owner.phone.veto(number),
        "new code": owner.phone.enable,
        "disabling": owner.phone.disable,
    }
    for end in endings.values():
        assert end().status in {201, 204}
        world.clock.move(48 * HOUR)
        new.complete(number, None).expect(410, "cancelled")
        world.go_back(saved)


# Without a phone


def test_the_selector_alone_says_nothing(world: World) -> None:
    """ASVS 6.3.5, 6.3.8: a wrong code with the right selector is refused like any other; the log tells the owner."""
    owner = world.owner()
    mails = len(world.mails)
    right_selector = world.phone().request_restore("ada", made_up_code(selector(owner.restore_code)))
    other = world.phone().request_restore("ada", made_up_code())
    right_selector.expect(403, "restore_refused")
    assert right_selector.body == other.body
    assert [row["type"] for row in world.events("ada")][-1] == "restoration.refused"
    assert len(world.mails) == mails


# A code that could not be mailed


def drilled(owner: Owner) -> None:
    """The owner proves the code in the safe: another act, which has nothing to do with a restoration."""
    owner.phone.drill(owner.restore_code).expect(200)


def pending(owner: Owner) -> set[str]:
    """The restorations under way."""
    return {one["id"] for one in owner.phone.show().expect(200)["restorations"]}


def second_address(world: World, owner: Owner) -> str:
    """A second address, in force, whose notices are delivered."""
    owner.phone.change_second_email("second@example.com").expect(202)
    owner.phone.confirm_second_email(world.mailed_code("second@example.com")).expect(200)
    world.deliver()
    return "second@example.com"


@pytest.mark.parametrize("contended", [False, True], ids=["once", "again and again"])
def test_a_request_whose_mail_is_refused_during_another_act_begins_nothing(world: World, *, contended: bool) -> None:
    """ASVS 2.3.3: 503, nothing pends, no mail has counted; the same phone asks again and is mailed."""
    owner, new = world.owner(), world.phone()

    def other_acts() -> None:
        drilled(owner)
        if contended:  # and before each of three writes that are to undo it
            stack.enter_context(meanwhile(lambda: drilled(owner), times=3))

    with ExitStack() as stack:
        stack.enter_context(mail_refused(other_acts))
        new.request_restore("ada", owner.restore_code).expect(503, "unavailable")
    assert pending(owner) == set()
    restore = world.item("ada", "R")
    assert restore["rst"] == {}
    assert [code["mails"] for code in restore["codes"].values()] == [[]]
    assert "restoration.mail_failed" in [row["type"] for row in world.events("ada")]
    world.must_have_whole_logs()
    mails = len(world.mails)
    number = new.request_restore("ada", owner.restore_code).expect(202)["restoration"]["id"]
    assert len(world.mails) == mails + 1
    new.complete(number, world.mailed_code(owner.address)).expect(201)


def three_begun(world: World, owner: Owner) -> list[tuple[WorldPhone, str, str]]:
    """Three restorations under way, one after another; a fourth would end the first."""
    begun = []
    for _ in range(3):
        begun.append(world.begun(owner))
        world.clock.move(1)
    return begun


def test_a_fourth_whose_mail_is_refused_during_another_act_ends_none(world: World) -> None:
    """ASVS 2.3.3: the oldest goes on, with the code that was mailed for it."""
    owner = world.owner()
    begun = three_begun(world, owner)
    with mail_refused(lambda: drilled(owner)):
        world.phone().request_restore("ada", owner.restore_code).expect(503, "unavailable")
    assert pending(owner) == {number for _, number, _ in begun}
    new, number, code = begun[0]
    new.complete(number, code).expect(201)


@pytest.mark.parametrize("act", ["new code", "disabled", "barred and unbarred"])
def test_what_ends_all_restorations_ends_what_a_fourth_had_ended(world: World, act: str) -> None:
    """B8: a restoration does not come back where the owner or an administrator has ended all of them meanwhile."""
    owner = world.owner()
    three_begun(world, owner)
    clerk = Clerk(world, "helpdesk")

    def end_all() -> None:
        if act == "new code":
            owner.phone.enable().expect(201)
        elif act == "disabled":
            owner.phone.disable().expect(204)
        else:
            clerk.act("ada", "restore/barring").expect(204)
            clerk.act("ada", "restore/unbarring").expect(204)

    with mail_refused(end_all):
        world.phone().request_restore("ada", owner.restore_code).expect(503, "unavailable")
    assert pending(owner) == set()


def test_a_veto_of_a_request_whose_mail_is_refused_holds(world: World) -> None:
    """ASVS 2.3.3: whatever has ended it is told of; nothing is undone twice, and what it ended stays ended."""
    owner = world.owner()
    oldest = three_begun(world, owner)[0][1]
    new = world.phone()

    def veto() -> None:
        (number,) = pending(owner) - before
        owner.phone.veto(number).expect(204)

    before = pending(owner)
    with mail_refused(veto):
        new.request_restore("ada", owner.restore_code).expect(503, "unavailable")
    assert pending(owner) == before - {oldest}
    mails = len(world.mails)
    new.request_restore("ada", owner.restore_code).expect(202)
    assert len(world.mails) == mails + 1


def test_a_code_does_not_come_back_with_its_restoration_once_the_address_has_changed(world: World) -> None:
    """B10: the oldest goes on, but the code in the former mailbox is dead; a resend goes to the new address."""
    owner = world.owner()
    owner.phone.change_email("new@example.com").expect(202)
    confirming = world.mailed_code("new@example.com")
    new, number, code = three_begun(world, owner)[0]
    with mail_refused(lambda: owner.phone.confirm_email(confirming).expect(200)):
        world.phone().request_restore("ada", owner.restore_code).expect(503, "unavailable")
    assert number in pending(owner)
    new.complete(number, code).expect(403, "wrong_code")
    world.clock.move(30)
    new.resend_code(number).expect(202)
    new.complete(number, world.mailed_code("new@example.com")).expect(201)


def test_a_resend_whose_mail_is_refused_during_another_act_leaves_the_former_code(world: World) -> None:
    """ASVS 2.3.3: the mailed code is good, no resend is used up, attempts are not refilled; a repeat mails."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    world.clock.move(MINUTE)
    with mail_refused(lambda: new.complete(number, other_digits(code)).expect(403, "wrong_code")):
        new.resend_code(number).expect(503, "unavailable")
    shown = new.restoration(number).expect(200)["restoration"]
    assert (shown["attempts_left"], shown["resends_left"], shown["expires_at"]) == (4, 3, "2026-11-18T11:20:00Z")
    assert [len(one["mails"]) for one in world.item("ada", "R")["codes"].values()] == [1]
    assert [len(one["links"]) for one in world.item("ada", "R")["rst"].values()] == [1]
    mails = len(world.mails)
    new.resend_code(number).expect(202)
    assert len(world.mails) == mails + 1
    with mail_refused(lambda: drilled(owner)):
        world.clock.move(MINUTE)
        new.resend_code(number).expect(503, "unavailable")
    new.complete(number, world.mailed_code(owner.address)).expect(201)


@pytest.mark.parametrize("contended", [False, True])
def test_nobody_is_told_of_a_request_that_was_taken_back(world: World, *, contended: bool) -> None:
    """N5: the second address hears of every attempt, and of none where nothing pends; a resend is the same."""
    owner = world.owner()
    address = second_address(world, owner)
    with mail_refused(lambda: drilled(owner) if contended else None):
        world.phone().request_restore("ada", owner.restore_code).expect(503, "unavailable")
    assert world.deliver() == []
    new, number, _ = world.begun(owner)
    assert [mail.to for mail in world.deliver()] == [address]
    world.clock.move(MINUTE)
    with mail_refused(lambda: drilled(owner) if contended else None):
        new.resend_code(number).expect(503, "unavailable")
    assert world.deliver() == []
    new.resend_code(number).expect(202)
    (mail,) = world.deliver()
    assert (mail.to, len(mail.tokens)) == (address, 1)


def test_a_request_that_others_have_ended_is_told(world: World) -> None:
    """N5: what was vetoed was not taken back: the second address hears of it all."""
    owner = world.owner()
    address = second_address(world, owner)
    with mail_refused(lambda: owner.phone.veto(pending(owner).pop()).expect(204)):
        world.phone().request_restore("ada", owner.restore_code).expect(503, "unavailable")
    told = [mail for mail in world.deliver() if mail.to == address]
    assert len(told) == 2
