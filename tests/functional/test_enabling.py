"""`POST` and `DELETE …/restore`, `POST …/email/confirmation` and its resend: how an identity becomes restorable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.phone import Key, is_well_formed, other_digits
from tests.functional.faults import mail_refused
from tests.functional.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.functional.world import World, WorldPhone


@pytest.fixture
def phone(world: World) -> WorldPhone:
    """A phone with an identity that has no address and no restore."""
    phone = world.phone()
    phone.create("ada").expect(201)
    return phone


def test_enabling_gives_a_code_that_waits_for_the_address(world: World, phone: WorldPhone) -> None:
    """S1, S5, S11, N1: code, label and QR at once; it is in force from the confirmation on."""
    made = phone.enable("ada@example.com").expect(201)
    assert is_well_formed(made["restore_code"])
    assert made["qr"]["svg"].startswith("<svg")
    assert made["qr"]["uri"] == f"{phone.server}/restore#i=ada&c={made['restore_code'].replace('-', '')}"
    assert made["restore"]["status"] == "awaiting_email"
    assert made["restore"]["code_label"] == made["code_label"]
    assert made["email_pending"]["email_hint"] == "a***@example.com"
    assert not world.deliver()
    world.phone().request_restore("ada", made["restore_code"]).expect(403, "restore_refused")
    confirmed = phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    assert confirmed == {
        "email_hint": "a***@example.com",
        "restore": {
            "status": "enabled",
            "code_label": made["code_label"],
            "enabled_at": "2026-11-18T11:10:00Z",
            "last_proven_at": None,
            "code_kept": False,
        },
    }
    (mail,) = world.deliver()
    assert (mail.to, mail.subject) == ("ada@example.com", "Restore is enabled")
    world.phone().request_restore("ada", made["restore_code"]).expect(202)


def test_enabling_needs_an_address(world: World, phone: WorldPhone) -> None:
    """S5: 409 `email_required`, and nothing changes."""
    before = world.items()
    phone.enable().expect(409, "email_required")
    assert world.items() == before


def test_another_address_replaces_the_one_that_waits(world: World, phone: WorldPhone) -> None:
    """The former one's code confirms nothing any more."""
    phone.enable("ada@example.com").expect(201)
    former = world.mailed_code("ada@example.com")
    assert phone.enable("ada@example.org").expect(201)["email_pending"]["email_hint"] == "a***@example.org"
    if former != world.mailed_code("ada@example.org"):
        phone.confirm_email(former).expect(403, "wrong_code")
    assert phone.confirm_email(world.mailed_code("ada@example.org")).expect(200)["email_hint"] == "a***@example.org"


def test_the_same_address_again_sends_no_second_mail(world: World, phone: WorldPhone) -> None:
    """Asked for twice with the address that waits: a new restore code, one mail."""
    first = phone.enable("ada@example.com").expect(201)
    again = phone.enable("ada@example.com").expect(201)
    assert again["restore_code"] != first["restore_code"]
    assert again["email_pending"] == first["email_pending"]
    assert len(world.mails) == 1
    phone.enable().expect(201)
    assert len(world.mails) == 1


def test_a_confirmed_address_is_not_changed_by_enabling(world: World) -> None:
    """409 `email_confirmed`, and the code in force stays."""
    owner = world.owner()
    before = world.items()
    owner.phone.enable("ada@example.org").expect(409, "email_confirmed")
    owner.phone.enable("ada@example.com").expect(409, "email_confirmed")
    assert world.items() == before


def test_enabling_again_replaces_the_code(world: World) -> None:
    """N2: the old one is dead, what was begun with it is cancelled, and the owner is told which sheet counts now."""
    owner = world.owner()
    world.deliver()
    thief, number, code = world.begun(owner)
    fresh = owner.phone.enable().expect(201)
    assert fresh["restore_code"] != owner.restore_code
    assert fresh["restore"]["enabled_at"] == "2026-11-18T11:10:00Z"
    (mail,) = world.deliver()
    assert mail.subject == "Your restore code was replaced"
    assert fresh["code_label"] in mail.text
    thief.complete(number, code).expect(410, "cancelled")
    assert thief.restoration(number).expect(200)["restoration"]["status"] == "cancelled"
    world.phone().request_restore("ada", owner.restore_code).expect(403, "restore_refused")
    world.phone().request_restore("ada", fresh["restore_code"]).expect(202)


def test_disabling_ends_code_and_restorations_and_is_told(world: World) -> None:
    """S3: again is the same; it can be enabled again, the earlier code stays dead."""
    owner = world.owner()
    world.deliver()
    new, number, code = world.begun(owner)
    owner.phone.disable().expect(204)
    assert [mail.subject for mail in world.deliver()] == ["Restore is disabled"]
    before = world.item("ada", "R")
    owner.phone.disable().expect(204)
    assert world.item("ada", "R") == before
    assert not world.deliver()
    new.complete(number, code).expect(410, "cancelled")
    world.phone().request_restore("ada", owner.restore_code).expect(403, "restore_refused")
    assert owner.phone.show().expect(200)["restore"] == {
        "status": "off",
        "code_label": None,
        "enabled_at": None,
        "last_proven_at": None,
        "code_kept": False,
    }
    fresh = owner.phone.enable().expect(201)
    assert fresh["restore"]["status"] == "enabled"
    world.phone().request_restore("ada", fresh["restore_code"]).expect(202)


def test_policy_can_forbid_restoring(world: World) -> None:
    """S14, W6: enabling and completing are 403 and name the field, a request is refused like any other."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    world.redeploy(RestoreEnabled="false")
    before = world.items(counters=False)
    assert owner.phone.enable().expect(403, "not_allowed")["policy"] == "restore_enabled"
    assert new.complete(number, code).expect(403, "not_allowed")["policy"] == "restore_enabled"
    world.phone().request_restore("ada", owner.restore_code).expect(403, "restore_refused")
    assert world.items(counters=False) == before
    world.redeploy(RestoreEnabled="true")
    new.complete(number, code).expect(201)


def test_what_an_administrator_has_barred_stays_barred(world: World) -> None:
    """Enabling is 403, disabling is 204 and lifts no bar."""
    owner = world.owner()
    world.set("ada", "R", barred=True)
    before = world.items()
    owner.phone.enable().expect(403, "not_allowed")
    assert world.items() == before
    assert owner.phone.show().expect(200)["restore"]["status"] == "disabled_by_admin"
    owner.phone.disable().expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "disabled_by_admin"


def test_enabling_respects_the_domains_of_policy(world: World, phone: WorldPhone) -> None:
    """403 with the field, and no mail."""
    world.redeploy(EmailDomains="example.org")
    before = world.items()
    assert phone.enable("ada@example.com").expect(403, "not_allowed")["policy"] == "email_domains"
    assert world.items() == before
    phone.enable("ada@example.org").expect(201)


# Confirming


def test_a_wrong_code_costs_an_attempt_and_the_fifth_ends_it(world: World, phone: WorldPhone) -> None:
    """N3, ASVS 6.6.3: 403 with what is left down to 0, then 410, for the right code, too."""
    phone.enable("ada@example.com").expect(201)
    code = world.mailed_code("ada@example.com")
    left = [phone.confirm_email(other_digits(code)).expect(403, "wrong_code")["attempts_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    before = world.items()
    phone.confirm_email(code).expect(410, "attempts_exhausted")
    assert world.items() == before
    assert phone.show().expect(200)["email_pending"] is None
    phone.resend_confirmation().expect(410, "attempts_exhausted")
    phone.enable("ada@example.com").expect(201)
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)


def test_a_confirmation_code_lives_ten_minutes(world: World, phone: WorldPhone) -> None:
    """ASVS 6.5.5: a second before it is good, then it is expired whatever is typed."""
    phone.enable("ada@example.com").expect(201)
    code = world.mailed_code("ada@example.com")
    world.clock.move(10 * MINUTE)
    before = world.items()
    phone.confirm_email(code).expect(410, "expired")
    phone.confirm_email(other_digits(code)).expect(410, "expired")
    phone.resend_confirmation().expect(410, "expired")
    assert world.items() == before
    world.clock.move(-1)
    phone.confirm_email(code).expect(200)


def test_a_confirmation_repeated_is_confirmed_still(world: World, phone: WorldPhone) -> None:
    """The same code again is 200 and writes nothing; another one, or none awaited, says so."""
    phone.confirm_email("12345678").expect(409, "email_required")
    phone.enable("ada@example.com").expect(201)
    code = world.mailed_code("ada@example.com")
    first = phone.confirm_email(code).expect(200)
    before = world.item("ada", "R")
    assert phone.confirm_email(code).expect(200) == first
    phone.confirm_email(other_digits(code)).expect(410, "used")
    phone.resend_confirmation().expect(410, "used")
    assert world.item("ada", "R") == before


def test_confirming_without_restore_enables_nothing(world: World) -> None:
    """S1: an address alone is no opting in."""
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    confirmed = phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    assert confirmed["restore"]["status"] == "off"
    assert not world.deliver()


def test_a_resend_ends_the_old_code_and_refills_no_attempts(world: World, phone: WorldPhone) -> None:
    """Three of them, 30 s apart; each has ten minutes of its own."""
    phone.enable("ada@example.com").expect(201)
    old = world.mailed_code("ada@example.com")
    phone.confirm_email(other_digits(old)).expect(403, "wrong_code")
    world.clock.move(29)
    before = world.items()
    answer = phone.resend_confirmation()
    answer.expect(429, "too_many_requests")
    assert answer.header("Retry-After") == "1"
    assert world.items() == before
    world.clock.move(1)
    pending = phone.resend_confirmation().expect(202)["email_pending"]
    assert pending == {
        "email_hint": "a***@example.com",
        "expires_at": "2026-11-18T11:20:30Z",
        "attempts_left": 4,
        "resends_left": 2,
    }
    fresh = world.mailed_code("ada@example.com")
    if fresh != old:
        assert phone.confirm_email(old).expect(403, "wrong_code")["attempts_left"] == 3
    phone.confirm_email(fresh).expect(200)


def test_a_fourth_resend_is_one_too_many(world: World, phone: WorldPhone) -> None:
    """409 `limit_reached`, and no mail. Four mails in ten minutes is the other limit, so these are spread."""
    phone.enable("ada@example.com").expect(201)
    for left in (2, 1, 0):
        world.clock.move(5 * MINUTE)
        assert phone.resend_confirmation().expect(202)["email_pending"]["resends_left"] == left
    world.clock.move(5 * MINUTE)
    before = world.items()
    phone.resend_confirmation().expect(409, "limit_reached")
    assert world.items() == before
    assert len(world.mails) == 4


def test_a_resend_without_anything_pending_is_not_found(world: World, phone: WorldPhone) -> None:
    """404 where none was begun."""
    before = world.items()
    phone.resend_confirmation().expect(404, "not_found")
    assert world.items() == before


# Limits of confirmation mails


def test_four_confirmation_mails_in_ten_minutes(world: World, phone: WorldPhone) -> None:
    """ASVS 2.4.1: the fifth is 429 with the seconds until the first is ten minutes old; nothing else changes."""
    for number in range(4):
        phone.enable(f"ada-{number}@example.com").expect(201)
        world.clock.move(MINUTE)
    before = world.items()
    answer = phone.enable("ada-4@example.com")
    answer.expect(429, "too_many_requests")
    assert answer.header("Retry-After") == str(6 * MINUTE)
    assert world.items() == before
    assert len(world.mails) == 4
    world.clock.move(6 * MINUTE)
    phone.enable("ada-4@example.com").expect(201)


def test_ten_confirmation_mails_a_day(world: World, phone: WorldPhone) -> None:
    """The eleventh within 24 h is 429."""
    for number in range(10):
        phone.enable(f"ada-{number}@example.com").expect(201)
        world.clock.move(HOUR)
    before = world.items()
    answer = phone.enable("ada-10@example.com")
    answer.expect(429, "too_many_requests")
    assert answer.header("Retry-After") == str(14 * HOUR)
    assert world.items() == before
    world.clock.move(14 * HOUR)
    phone.enable("ada-10@example.com").expect(201)


def test_five_mails_to_one_address_from_one_source(world: World) -> None:
    """A stranger's mailbox is not flooded by way of many identities; another source and another address are free."""
    for number in range(5):
        world.phone().create(f"ada-{number}", "victim@example.com" if number % 2 else "Victim@example.com").expect(201)
    eve = world.phone()
    eve.create("eve").expect(201)
    before = world.items(counters=False)
    eve.enable("victim@example.com").expect(429, "too_many_requests")
    world.phone().create("mallory", "VICTIM@example.com").expect(429, "too_many_requests")
    assert world.items(counters=False) == before
    assert len(world.mails) == 5
    eve.enable("eve@example.com").expect(201)
    eve.at = "203.0.113.9"
    eve.enable("victim@example.com").expect(201)
    world.clock.move(DAY)
    world.phone().create("mallory", "victim@example.com").expect(201)


def test_resends_count_towards_the_limit_of_one_address(world: World) -> None:
    """The sixth mail to an address from a source is none, however it is asked for."""
    for number in range(4):
        world.phone().create(f"ada-{number}", "victim@example.com").expect(201)
    phone = world.phone()
    phone.create("eve", "victim@example.com").expect(201)
    world.clock.move(MINUTE)
    before = world.items()
    phone.resend_confirmation().expect(429, "too_many_requests")
    assert world.items() == before
    assert len(world.mails) == 5


def test_enabling_whose_mail_is_refused_during_another_act_enables_nothing(world: World, phone: WorldPhone) -> None:
    """ASVS 2.3.3: 503, restore is off and no address awaited; enabled again, it is mailed."""
    with mail_refused(lambda: phone.refuse_prompt().expect(204)):  # of the other item alone
        phone.enable("ada@example.com").expect(503, "unavailable")
    with mail_refused(lambda: phone.protect(Key.generate()).expect(204)):
        phone.enable("ada@example.com").expect(503, "unavailable")
    shown = phone.show().expect(200)
    assert (shown["restore"]["status"], shown["email_pending"]) == ("off", None)
    assert not world.item("ada", "R").keys() & {"codes", "on", "enabled_at", "pending"}
    world.must_have_whole_logs()
    made = phone.enable("ada@example.com").expect(201)
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    world.phone().request_restore("ada", made["restore_code"]).expect(202)


def test_enabling_whose_mail_is_refused_keeps_the_former_code(world: World, phone: WorldPhone) -> None:
    """ASVS 2.3.3: a code that nobody was shown does not end the one on paper; its address is awaited again."""
    first = phone.enable("ada@example.com").expect(201)
    with mail_refused(lambda: phone.protect(Key.generate()).expect(204)):
        phone.enable("ada@example.net").expect(503, "unavailable")
    shown = phone.show().expect(200)
    assert shown["restore"] == first["restore"]
    assert shown["email_pending"] == first["email_pending"]
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    world.phone().request_restore("ada", first["restore_code"]).expect(202)


def test_enabling_whose_mail_is_refused_ends_no_code_that_was_made_since(world: World, phone: WorldPhone) -> None:
    """ASVS 2.3.3: what another device has made meanwhile is the owner's; neither comes the former code back."""
    first = phone.enable("ada@example.com").expect(201)
    made = []
    with mail_refused(lambda: made.append(phone.enable("latest@example.com").expect(201))):
        phone.enable("ada@example.net").expect(503, "unavailable")
    phone.confirm_email(world.mailed_code("latest@example.com")).expect(200)
    world.phone().request_restore("ada", first["restore_code"]).expect(403, "restore_refused")
    world.phone().request_restore("ada", made[0]["restore_code"]).expect(202)


def test_enabling_whose_mail_is_refused_switches_nothing_on_that_was_switched_off(
    world: World, phone: WorldPhone
) -> None:
    """ASVS 2.3.3: disabling meanwhile ends the former code, too."""
    phone.enable("ada@example.com").expect(201)
    with mail_refused(lambda: phone.disable().expect(204)):
        phone.enable("ada@example.net").expect(503, "unavailable")
    assert phone.show().expect(200)["restore"]["status"] == "off"
    assert "codes" not in world.item("ada", "R")
