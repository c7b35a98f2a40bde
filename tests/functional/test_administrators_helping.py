"""What administrators do for one person: each act, its repetition, and what every act of the app makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from local.phone import made_up_code, selector
from tests.functional.clerks import Clerk, meanwhile, set_policy
from tests.functional.faults import BY_NAME, Wire
from tests.functional.world import DAY, HOUR, MINUTE, Owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.phone import Answer
    from tests.functional.world import World, WorldPhone

SECOND: Final = "ada@elsewhere.example"
WHY: Final = "as asked by phone"


@pytest.fixture
def helper(world: World) -> Clerk:
    """Somebody of the help desk."""
    return Clerk(world, "helpdesk", sub="helper")


@pytest.fixture
def admin(world: World) -> Clerk:
    """Somebody who may also see codes."""
    return Clerk(world, "admin", sub="admin")


def keeping(world: World) -> Owner:
    """Ada, whose code is kept sealed."""
    set_policy(world, keep_sealed_codes=True).expect(200)
    return world.owner()


def with_second_address(world: World, owner: Owner) -> None:
    """A second confirmed address, which gets every notice and no code."""
    owner.phone.change_second_email(SECOND).expect(202)
    owner.phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    world.deliver()


def told(world: World) -> list[tuple[str, str]]:
    """To whom mails went since, and what they were about."""
    return sorted((mail.to, mail.subject) for mail in world.deliver())


def latest(world: World, identity: str = "ada") -> tuple[str, dict[str, Any]]:
    """The newest row of an identity's log."""
    row = world.events(identity)[-1]
    return row["type"], row["detail"]


def ask(world: World, owner: Owner, code: str | None = None) -> Answer:
    """A new phone asks for a restoration."""
    return world.phone(name="new phone").request_restore(owner.identity, code or owner.restore_code)


def begin(world: World, owner: Owner, code: str) -> tuple[WorldPhone, str, str]:
    """A restoration begun with a code: the phone, its id, the mailed code."""
    return world.begun(Owner(owner.phone, code, "", owner.address), name="new phone")


def must_change_nothing(world: World, again: Callable[[], Answer], identity: str = "ada") -> None:
    """A repetition is 204 and leaves the identity, its log and its mailboxes alone."""
    world.deliver()
    before, rows = world.item(identity, "R"), len(world.events(identity))
    again().expect(204)
    assert world.item(identity, "R") == before
    assert len(world.events(identity)) == rows
    assert not world.deliver()


# Barring --------------------------------------------------------------------------------------------------------------


def test_barring_ends_what_is_under_way(world: World, helper: Clerk) -> None:
    """S16, W6: pending restorations and offers end, the user is told at every address, and again is the same."""
    owner = world.owner()
    with_second_address(world, owner)
    new, number, code = world.begun(owner)
    offered = owner.phone.offer_pairing().expect(201)
    pairing, secret = offered["pairing"]["id"], offered["secret"]
    world.deliver()
    helper.act("ada", "restore/barring").expect(204)
    subject = "Restoring your identity was barred"
    assert told(world) == [(SECOND, subject), (owner.address, subject)]
    assert all(WHY in mail.text for mail in world.mails[-2:])
    kinds = [row["type"] for row in world.events("ada")[-3:]]
    assert kinds == ["restore.barred", "restoration.cancelled", "pairing.cancelled"]
    assert world.events("#administration")[-1]["type"] == "barring.ordered"
    must_change_nothing(world, lambda: helper.act("ada", "restore/barring"))
    new.complete(number, code).expect(410, "cancelled")
    new.resend_code(number).expect(410, "cancelled")
    owner.phone.approve(number).expect(410, "cancelled")
    owner.phone.veto(number).expect(204)
    world.phone().scan("ada", pairing, secret).expect(410, "cancelled")
    assert owner.phone.pairing(pairing).expect(200)["pairing"]["status"] == "cancelled"


def test_a_barred_identity_in_the_app(world: World, helper: Clerk, admin: Clerk) -> None:
    """Every act that would open it is refused, and every other one works as before."""
    owner = keeping(world)
    helper.act("ada", "restore/barring").expect(204)
    phone = owner.phone
    phone.enable().expect(403, "not_allowed")
    phone.offer_pairing().expect(409, "restore_not_enabled")
    ask(world, owner).expect(403, "restore_refused")
    admin.act("ada", "restore-code/issue", hours=1).expect(409, "restore_not_enabled")
    assert phone.show().expect(200)["restore"]["status"] == "disabled_by_admin"
    assert phone.sign_in().expect(201)["back_up_prompt"] is False
    phone.drill(owner.restore_code).expect(200)
    assert phone.show_code().expect(200)["restore_code"] == owner.restore_code
    phone.unpair(phone.id).expect(409, "last_device")
    helper.act("ada", f"devices/{phone.id}/unpairing").expect(409, "last_device")
    phone.change_email("ada@new.example").expect(202)
    phone.confirm_email(world.mailed_code("ada@new.example")).expect(200)
    assert phone.show().expect(200)["restore"]["status"] == "disabled_by_admin"
    ask(world, owner).expect(403, "restore_refused")


def test_a_barred_identity_is_refused_like_any_other(world: World, helper: Clerk) -> None:
    """B5, ASVS 6.3.8: byte for byte the answer of an unknown identity, with the same calls."""
    owner = world.owner()
    world.phone().create("bob").expect(201)
    helper.act("ada", "restore/barring").expect(204)
    world.phone().request_restore("nobody", owner.restore_code).expect(403, "restore_refused")  # it has started
    seen = []
    for identity in ("ada", "bob", "nobody"):
        with Wire() as wire:
            answer = world.phone().request_restore(identity, owner.restore_code)
        answer.expect(403, "restore_refused")
        seen.append((answer.headers, answer.body, wire.calls))
    assert seen[0] == seen[1] == seen[2]
    assert not any(row["type"] == "restoration.refused" for row in world.events("ada"))


def test_unbarring_makes_the_earlier_code_good(world: World, helper: Clerk) -> None:
    """The contract: after unbarring the earlier code works again; what the bar ended stays ended."""
    owner = world.owner()
    _, number, _ = world.begun(owner)
    helper.act("ada", "restore/barring").expect(204)
    world.deliver()
    helper.act("ada", "restore/unbarring").expect(204)
    assert told(world) == [(owner.address, "Restoring your identity is no longer barred")]
    assert latest(world) == ("restore.unbarred", {"by": "administrator", "reason": WHY})
    must_change_nothing(world, lambda: helper.act("ada", "restore/unbarring"))
    assert owner.phone.restoration(number).expect(200)["restoration"]["status"] == "cancelled"
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)


def test_disabling_does_not_lift_the_bar(world: World, helper: Clerk) -> None:
    """What an administrator has barred only an administrator lifts: a user's DELETE is 204, and the bar stays."""
    owner = world.owner()
    helper.act("ada", "restore/barring").expect(204)
    owner.phone.disable().expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "disabled_by_admin"
    owner.phone.enable().expect(403, "not_allowed")
    helper.act("ada", "restore/unbarring").expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "off"
    ask(world, owner).expect(403, "restore_refused")
    made = owner.phone.enable().expect(201)["restore_code"]
    ask(world, owner, made).expect(202)


def test_a_dispute_or_a_way_back_does_not_lift_the_bar(world: World, helper: Clerk) -> None:
    """B13: what a mailbox or a device that comes back can do takes away, and opens nothing."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.complete(number, code, "unpair").expect(201)
    world.deliver()
    token = world.token(owner.address)
    helper.act("ada", "restore/barring").expect(204)
    saved = world.save()
    world.phone().dispute(token).expect(200)
    assert world.item("ada", "R")["barred"]
    ask(world, owner).expect(403, "restore_refused")
    world.go_back(saved)
    owner.phone.come_back().expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "disabled_by_admin"
    owner.phone.enable().expect(403, "not_allowed")


@pytest.mark.parametrize("act", ["barring", "unbarring"])
def test_nobodys_restore(world: World, helper: Clerk, act: str) -> None:
    """404 for an identity that there is not, and nothing is made of it."""
    before = {key for key in world.items() if key[0] != "ID##administration"}
    helper.act("nobody", f"restore/{act}").expect(404, "not_found")
    made = {key for key in world.items() if key[0] != "ID##administration"} - before
    assert all(key[0].startswith("PERSON#") for key in made)


def test_a_name_in_upper_case(world: World, helper: Clerk) -> None:
    """Names are lower-cased wherever they come from: the same person, and the same rows."""
    world.owner()
    helper.act("ADA", "restore/barring").expect(204)
    assert world.item("ada", "R")["barred"]
    assert world.events("#administration")[-1]["detail"]["identity"] == "ada"


# Devices --------------------------------------------------------------------------------------------------------------


def test_unpairing_a_device(world: World, helper: Clerk) -> None:
    """S16, N8: it is a stranger from that moment, its offer ends, the user is told; again is the same."""
    owner = world.owner()
    tablet = world.restored(owner, name="tablet").phone
    world.clock.move(25 * HOUR)
    offer = tablet.offer_pairing().expect(201)["pairing"]["id"]
    world.deliver()
    helper.act("ada", f"devices/{tablet.id}/unpairing").expect(204)
    (mail,) = world.deliver()
    assert (mail.to, mail.subject) == (owner.address, "An administrator unpaired one of your devices")
    assert "tablet" in mail.text
    assert WHY in mail.text
    tablet.sign_in().expect(401, "not_paired")
    assert owner.phone.pairing(offer).expect(200)["pairing"]["status"] == "cancelled"
    must_change_nothing(world, lambda: helper.act("ada", f"devices/{tablet.id}/unpairing"))
    helper.act("ada", f"devices/{world.phone().id}/unpairing").expect(404, "not_found")
    helper.act("ada", "devices/none/unpairing").expect(404, "not_found")


@pytest.mark.parametrize("status", ["off", "awaiting_email", "disabled_by_admin"])
def test_the_last_device_stays_where_nothing_can_be_restored(world: World, helper: Clerk, status: str) -> None:
    """409 `last_device`: an administrator, too, leaves nobody without a device and without a way to another."""
    owner = world.owner()
    if status == "awaiting_email":
        phone = world.phone()
        phone.create("bob", "bob@example.com").expect(201)
        phone.enable().expect(201)
        owner = Owner(phone, "", "", "bob@example.com")
    elif status == "off":
        owner.phone.disable().expect(204)
    else:
        helper.act("ada", "restore/barring").expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == status
    helper.act(owner.identity, f"devices/{owner.phone.id}/unpairing").expect(409, "last_device")
    owner.phone.sign_in().expect(201)


def test_the_last_device_of_somebody_who_can_restore(world: World, helper: Clerk) -> None:
    """S18: lost or stolen, it is dealt with at once, and its owner comes back with both codes."""
    owner = world.owner()
    helper.act("ada", f"devices/{owner.phone.id}/unpairing").expect(204)
    owner.phone.sign_in().expect(401, "not_paired")
    assert not world.item("ada", "I")["devices"]
    world.restored(owner).phone.sign_in().expect(201)


def test_the_last_device_while_restore_ends(world: World, helper: Clerk) -> None:
    """ASVS 15.4.2: whoever disables restore at the same moment keeps the device."""
    owner = world.owner()
    with meanwhile(lambda: owner.phone.disable().expect(204)):
        helper.act("ada", f"devices/{owner.phone.id}/unpairing").expect(409, "last_device")
    owner.phone.sign_in().expect(201)


def test_an_administrators_unpairing_ends_the_way_back(world: World, helper: Clerk) -> None:
    """*Hold*: what was set aside comes back, unless an administrator has unpaired it; its repetition is 204."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.complete(number, code, "unpair").expect(201)
    helper.act("ada", f"devices/{owner.phone.id}/unpairing").expect(204)
    assert latest(world)[0] == "device.way_back_ended"
    assert (owner.address, "An administrator unpaired one of your devices") in told(world)
    must_change_nothing(world, lambda: helper.act("ada", f"devices/{owner.phone.id}/unpairing"))
    owner.phone.come_back().expect(401, "not_paired")
    new.sign_in().expect(201)


def test_the_way_back_of_another_device_stays(world: World, helper: Clerk) -> None:
    """Only that of the device that is unpaired ends."""
    owner = world.owner()
    tablet = world.restored(owner, name="tablet")
    world.clock.move(25 * HOUR)
    thief, number, code = world.begun(tablet)
    thief.complete(number, code, "unpair").expect(201)
    helper.act("ada", f"devices/{tablet.phone.id}/unpairing").expect(204)
    tablet.phone.come_back().expect(401, "not_paired")
    owner.phone.come_back().expect(204)
    tablet.phone.sign_in().expect(401, "not_paired")


# Restorations ---------------------------------------------------------------------------------------------------------


def test_cancelling(world: World, helper: Clerk) -> None:
    """W3: cancelled is cancelled, in either state; told to the user; again is the same."""
    owner = world.owner()
    set_policy(world, waiting_hours=1).expect(200)
    new, number, code = world.begun(owner)
    waiting, other, code_of_other = world.begun(owner)
    waiting.complete(other, code_of_other).expect(202)
    world.deliver()
    for phone, one in ((new, number), (waiting, other)):
        helper.act("ada", f"restorations/{one}/cancellation").expect(204)
        assert told(world) == [(owner.address, "The restoration was cancelled")]
        assert latest(world)[1] == {"restoration": one, "by": "administrator", "reason": WHY, "name": phone.name}
        assert world.events("ada")[-1]["device"] == world.events("#administration")[-1]["device"] == phone.id
        must_change_nothing(world, partial(helper.act, "ada", f"restorations/{one}/cancellation"))
    world.clock.move(HOUR)
    new.complete(number, code).expect(410, "cancelled")
    waiting.complete(other, None).expect(410, "cancelled")
    helper.act("ada", "restorations/none/cancellation").expect(404, "not_found")


def test_what_is_over_cannot_be_cancelled(world: World, helper: Clerk) -> None:
    """410 with the reason why: completed is `used`, expired `expired`, out of attempts `attempts_exhausted`."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)
    helper.act("ada", f"restorations/{number}/cancellation").expect(410, "used")
    owner = world.owner_of(owner.phone, owner)
    new, number, code = world.begun(owner)
    for _ in range(5):
        new.complete(number, f"{(int(code) + 1) % 10**8:08d}").expect(403, "wrong_code")
    helper.act("ada", f"restorations/{number}/cancellation").expect(410, "attempts_exhausted")
    _, number, _ = world.begun(owner)
    world.clock.move(10 * MINUTE)
    helper.act("ada", f"restorations/{number}/cancellation").expect(410, "expired")


def test_cancelling_and_completing_at_once(world: World, helper: Clerk) -> None:
    """ASVS 15.4.2: whichever is first holds, and the other hears of it."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    saved = world.save()
    with meanwhile(lambda: helper.act("ada", f"restorations/{number}/cancellation").expect(204)):
        new.complete(number, code).expect(410, "cancelled")
    world.go_back(saved)
    with meanwhile(lambda: new.complete(number, code).expect(201)):
        helper.act("ada", f"restorations/{number}/cancellation").expect(410, "used")
    world.go_back(saved)
    with meanwhile(lambda: helper.act("ada", "restore/barring").expect(204)):
        new.complete(number, code).expect(410, "cancelled")


# Sending --------------------------------------------------------------------------------------------------------------


def test_sending_the_kept_code(world: World, helper: Clerk) -> None:
    """S15: to the confirmed address alone; the second one is told without the code, and the helper never sees it."""
    owner = keeping(world)
    with_second_address(world, owner)
    before = len(world.mails)
    answer = helper.act("ada", "restore-code/send")
    answer.expect(204)
    assert answer.body == b""
    (mail,) = world.mails[before:]
    assert (mail.to, mail.subject) == (owner.address, "Your restore code")
    assert owner.restore_code in mail.text.splitlines()
    assert WHY in mail.text
    (notice,) = world.deliver()
    assert (notice.to, notice.subject) == (SECOND, "Your restore code was mailed to your first address")
    assert owner.restore_code not in notice.text
    assert latest(world) == (
        "restore.code_sent",
        {"code_label": owner.label, "by": "administrator", "reason": WHY},
    )
    helper.act("ada", "restore-code/send").expect(204)


def test_a_code_that_was_sent_waits_for_a_day(world: World, helper: Clerk) -> None:
    """N4: one mailbox holds both codes then, so a restoration waits 24 h, one that was begun before, too."""
    owner = keeping(world)
    before, number, code = world.begun(owner)
    helper.act("ada", "restore-code/send").expect(204)
    after, other, code_of_other = world.begun(owner)
    for new, one, mailed in ((before, number, code), (after, other, code_of_other)):
        waiting = new.complete(one, mailed).expect(202)["restoration"]
        assert waiting["status"] == "waiting"
        assert waiting["ready_at"] == rfc(world, DAY)
    world.clock.move(DAY - 1)
    before.complete(number, None).expect(202)
    world.clock.move(1)
    before.complete(number, None).expect(201)


def rfc(world: World, seconds: int) -> str:
    """So many seconds from now, as the wire has times."""
    return datetime.fromtimestamp(int(world.clock.now) + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_longer_waiting_period_stays_longer(world: World, helper: Clerk) -> None:
    """A day at least: policy's 48 h are not shortened by it."""
    set_policy(world, keep_sealed_codes=True, waiting_hours=48).expect(200)
    owner = world.owner()
    helper.act("ada", "restore-code/send").expect(204)
    new, number, code = world.begun(owner)
    assert new.complete(number, code).expect(202)["restoration"]["ready_at"] == rfc(world, 2 * DAY)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_paired_device_cuts_the_day(world: World, helper: Clerk, when: str) -> None:
    """B1: unless a paired device approves, in advance or while it waits."""
    owner = keeping(world)
    helper.act("ada", "restore-code/send").expect(204)
    new, number, code = world.begun(owner)
    if when == "before":
        owner.phone.approve(number).expect(200)
        new.complete(number, code).expect(201)
        return
    new.complete(number, code).expect(202)
    owner.phone.approve(number).expect(200)
    new.complete(number, None).expect(201)


def test_a_new_code_was_sent_to_nobody(world: World, helper: Clerk) -> None:
    """The waiting goes with the code that was mailed: a new one, by enabling or by restoring, waits for nothing."""
    owner = keeping(world)
    helper.act("ada", "restore-code/send").expect(204)
    owner = world.owner_of(owner.phone, owner)
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)


@pytest.mark.parametrize("how", ["policy", "off", "no address"])
def test_nothing_to_send_or_reveal(world: World, admin: Clerk, how: str) -> None:
    """409 `code_not_kept` where none is kept or restore is off, `email_not_confirmed` where nobody could read it."""
    if how == "policy":
        world.owner()
    else:
        owner = keeping(world)
        if how == "off":
            owner.phone.disable().expect(204)
    identity = "ada"
    if how == "no address":
        phone, identity = world.phone(), "bob"
        phone.create("bob", "bob@example.com").expect(201)
        phone.enable().expect(201)
    sent = len(world.mails)
    code = "email_not_confirmed" if how == "no address" else "code_not_kept"
    admin.act(identity, "restore-code/send").expect(409, code)
    assert len(world.mails) == sent
    if how != "no address":
        admin.act(identity, "restore-code/reveal").expect(409, "code_not_kept")


def test_ses_refuses_the_code(world: World, helper: Clerk) -> None:
    """503, told in the log; the mark stays, because the mail may be on its way: a day's waiting harms nobody."""
    owner = keeping(world)
    saved = world.save()
    with Wire() as wire:
        helper.act("ada", "restore-code/send").expect(204)
    at = wire.calls.index("SendEmail")
    for fault in ("mail rejected", "broken", "denied", "answer lost"):
        world.go_back(saved)
        with Wire(BY_NAME[fault], at):
            helper.act("ada", "restore-code/send").expect(503, "unavailable")
        assert [row["type"] for row in world.events("ada")[-2:]] == ["restore.code_sent", "restore.code_send_failed"]
        new, number, code = world.begun(owner)
        new.complete(number, code).expect(202)


def test_sending_while_a_new_code_is_made(world: World, helper: Clerk) -> None:
    """ASVS 15.4.2: what is sent is the code in force, and it is that one that waits."""
    owner = keeping(world)
    made: list[str] = []
    with meanwhile(lambda: made.append(owner.phone.enable().expect(201)["restore_code"])):
        helper.act("ada", "restore-code/send").expect(204)
    assert made[0] in world.mails[-1].text
    assert owner.restore_code not in world.mails[-1].text
    new, number, code = begin(world, owner, made[0])
    new.complete(number, code).expect(202)


# Revealing ------------------------------------------------------------------------------------------------------------


def test_revealing_the_kept_code(world: World, admin: Clerk) -> None:
    """S15: for a letter, a call or in person; told to every address, and nothing about the code changes."""
    owner = keeping(world)
    with_second_address(world, owner)
    codes = world.item("ada", "R")["codes"]
    shown = admin.act("ada", "restore-code/reveal").expect(200)
    assert set(shown) == {"restore_code", "code_label", "qr"}
    assert (shown["restore_code"], shown["code_label"]) == (owner.restore_code, owner.label)
    assert shown["qr"]["uri"].endswith(f"/restore#i=ada&c={owner.restore_code.replace('-', '')}")
    subject = "Your restore code was shown to an administrator"
    assert told(world) == [(SECOND, subject), (owner.address, subject)]
    assert latest(world)[0] == "restore.code_revealed"
    assert world.item("ada", "R")["codes"] == codes
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)


def test_nothing_is_shown_that_is_not_logged(world: World, admin: Clerk) -> None:
    """ASVS 16.3.1: where the log cannot be written the code stays sealed."""
    owner = keeping(world)
    with Wire() as wire:
        admin.act("ada", "restore-code/reveal").expect(200)
    rows = len(world.events("ada"))
    with Wire(BY_NAME["broken"], wire.calls.index("TransactWriteItems"), for_ever=True):
        answer = admin.act("ada", "restore-code/reveal")
    answer.expect(503, "unavailable")
    assert owner.restore_code not in answer.text
    assert len(world.events("ada")) == rows


# Issuing --------------------------------------------------------------------------------------------------------------


def issue(admin: Clerk, hours: int = 8) -> str:
    """A one-time code for ada."""
    code: str = admin.act("ada", "restore-code/issue", hours=hours).expect(201)["restore_code"]
    return code


def test_issuing_a_code(world: World, admin: Clerk) -> None:
    """W7: a one-time code beside the user's own, told to every address without it; its use replaces every other one."""
    owner = world.owner()
    with_second_address(world, owner)
    made = admin.act("ada", "restore-code/issue", hours=8).expect(201)
    assert set(made) == {"restore_code", "code_label", "qr", "expires_at"}
    assert made["expires_at"] == rfc(world, 8 * HOUR)
    assert made["restore_code"] != owner.restore_code
    assert made["code_label"] != owner.label
    mails = world.deliver()
    assert {mail.to for mail in mails} == {owner.address, SECOND}
    assert {mail.subject for mail in mails} == {"A one-time restore code was issued for you"}
    assert all(made["restore_code"] not in mail.text and made["code_label"] in mail.text for mail in mails)
    assert latest(world) == (
        "restore.code_issued",
        {"code_label": made["code_label"], "by": "administrator", "reason": WHY},
    )
    new, number, code = begin(world, owner, made["restore_code"])
    replaced = new.complete(number, code).expect(201)["restore_code"]
    ask(world, owner).expect(403, "restore_refused")
    ask(world, owner, made["restore_code"]).expect(403, "restore_refused")
    ask(world, owner, replaced).expect(202)


@pytest.mark.parametrize("hours", [0, 73, -1, 1.5, "8", None, True, 10**9])
def test_hours_that_are_none(world: World, admin: Clerk, hours: Any) -> None:
    """Whole hours from 1 to 72; nothing is issued for any others."""
    world.owner()
    codes = world.item("ada", "R")["codes"]
    answer = admin.act("ada", "restore-code/issue", hours=hours)
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == "hours"
    admin.act("ada", "restore-code/issue").expect(422, "invalid")
    assert world.item("ada", "R")["codes"] == codes


@pytest.mark.parametrize("hours", [1, 72])
def test_an_issued_code_ends(world: World, admin: Clerk, hours: int) -> None:
    """To the second; then it is a wrong one, and the user's own works on."""
    owner = world.owner()
    code = issue(admin, hours)
    world.clock.move(hours * HOUR - 1)
    ask(world, owner, code).expect(202)
    owner.phone.drill(code).expect(200)
    world.clock.move(1)
    ask(world, owner, code).expect(403, "restore_refused")
    owner.phone.drill(code).expect(403, "wrong_code")
    ask(world, owner).expect(202)


def test_a_restoration_outlives_the_code_that_began_it(world: World, admin: Clerk) -> None:
    """What was begun in time is finished in its own ten minutes."""
    owner = world.owner()
    code = issue(admin, 1)
    world.clock.move(HOUR - MINUTE)
    new, number, _ = begin(world, owner, code)
    world.clock.move(5 * MINUTE)
    new.resend_code(number).expect(202)
    new.complete(number, world.mailed_code(owner.address)).expect(201)


def test_another_issued_code_takes_its_place(world: World, admin: Clerk) -> None:
    """One at a time: the earlier one is dead, and what was begun with it is cancelled; the user's own goes on."""
    owner = world.owner()
    first = issue(admin)
    new, number, code = begin(world, owner, first)
    own, number_of_own, code_of_own = world.begun(owner)
    second = issue(admin)
    ask(world, owner, first).expect(403, "restore_refused")
    world.clock.move(MINUTE)
    new.resend_code(number).expect(410, "cancelled")
    new.complete(number, code).expect(410, "cancelled")
    ask(world, owner, second).expect(202)
    own.complete(number_of_own, code_of_own).expect(201)


def test_of_several_issued_codes_the_newest_is_shown(world: World, admin: Clerk) -> None:
    """A dispute makes good again, beside one issued since, the one that the disputed device had ended."""
    owner = world.owner()
    first = issue(admin)
    restored = world.restored(owner)
    second = admin.act("ada", "restore-code/issue", hours=8).expect(201)
    world.deliver()
    world.phone().dispute(world.token(owner.address))
    shown = admin.call("GET", "/identities/ada").expect(200)
    assert shown["issued_code"]["code_label"] == second["code_label"]
    assert shown["restore"]["code_label"] == restored.label
    for code in (first, second["restore_code"]):
        owner.phone.drill(code).expect(200)


def test_the_users_own_code_works_beside_it(world: World, admin: Clerk) -> None:
    """Either of both, once: whichever is used ends the other."""
    owner = world.owner()
    code = issue(admin)
    restored = world.restored(owner)
    ask(world, owner, code).expect(403, "restore_refused")
    ask(world, owner, restored.restore_code).expect(202)


def test_labels_mean_the_users_own(world: World, admin: Clerk) -> None:
    """The contract: `code_label`, reading, sending and revealing mean the user's own; a drill accepts any."""
    owner = keeping(world)
    made = admin.act("ada", "restore-code/issue", hours=8).expect(201)
    assert owner.phone.show().expect(200)["restore"]["code_label"] == owner.label
    assert owner.phone.show_code().expect(200)["restore_code"] == owner.restore_code
    assert admin.act("ada", "restore-code/reveal").expect(200)["restore_code"] == owner.restore_code
    admin.act("ada", "restore-code/send").expect(204)
    assert owner.restore_code in world.mails[-1].text
    proved = owner.phone.drill(made["restore_code"]).expect(200)
    assert proved["code_label"] == made["code_label"]
    assert owner.phone.show().expect(200)["restore"]["last_proven_at"] is None
    assert owner.phone.drill(owner.restore_code).expect(200)["code_label"] == owner.label
    shown = admin.call("GET", "/identities/ada")
    assert shown.expect(200)["issued_code"]["code_label"] == made["code_label"]
    assert made["restore_code"] not in shown.text


def test_a_code_that_was_issued_is_not_kept(world: World, admin: Clerk) -> None:
    """Nobody reads it again: what the table has of it is a hash."""
    keeping(world)
    issue(admin)
    kinds = {code.get("kind", "own"): code for code in world.item("ada", "R")["codes"].values()}
    assert "sealed" in kinds["own"]
    assert "sealed" not in kinds["issued"]


@pytest.mark.parametrize("how", ["enabling", "disabling"])
def test_the_user_ends_it(world: World, admin: Clerk, how: str) -> None:
    """Whoever has a paired device has the last word: a new code, or none, ends the issued one."""
    owner = world.owner()
    code = issue(admin)
    new, number, mailed = begin(world, owner, code)
    if how == "enabling":
        owner.phone.enable().expect(201)
    else:
        owner.phone.disable().expect(204)
    ask(world, owner, code).expect(403, "restore_refused")
    new.complete(number, mailed).expect(410, "cancelled")


def test_issuing_after_a_way_back(world: World, admin: Clerk) -> None:
    """*Hold*: a way back ends every code; an issued one helps whoever has then lost the device, to its end."""
    owner = world.owner()
    thief, number, code = world.begun(owner)
    thief.complete(number, code, "unpair").expect(201)
    before = issue(admin)
    owner.phone.come_back().expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "off"
    ask(world, owner, before).expect(403, "restore_refused")
    issued = issue(admin)
    assert owner.phone.show().expect(200)["restore"]["status"] == "off"
    new, number, code = begin(world, owner, issued)
    new.complete(number, code).expect(201)
    assert new.show().expect(200)["restore"]["status"] == "enabled"


def test_disabling_after_a_way_back_ends_it(world: World, admin: Clerk) -> None:
    """Off is off: who disables restore there ends the issued code, and none is issued any more."""
    owner = world.owner()
    thief, number, code = world.begun(owner)
    thief.complete(number, code, "unpair").expect(201)
    owner.phone.come_back().expect(204)
    issued = issue(admin)
    owner.phone.disable().expect(204)
    ask(world, owner, issued).expect(403, "restore_refused")
    admin.act("ada", "restore-code/issue", hours=1).expect(409, "restore_not_enabled")


def test_a_way_back_opens_nothing_that_its_owner_had_closed(world: World, admin: Clerk) -> None:
    """S15: a way back that finds restore disabled has not switched it off, so no code is issued after it."""
    owner, other = world.owner(), world.phone()
    offer = owner.phone.offer_pairing().expect(201)
    other.scan("ada", offer["pairing"]["id"], offer["secret"]).expect(201)
    world.clock.move(DAY)
    held = world.restored(owner).phone
    held.unpair(owner.phone.id).expect(204)
    other.disable().expect(204)
    owner.phone.come_back().expect(204)
    held.sign_in().expect(401, "not_paired")
    admin.act("ada", "restore-code/issue", hours=1).expect(409, "restore_not_enabled")


def test_for_whom_none_is_issued(world: World, admin: Clerk, helper: Clerk) -> None:
    """409: restore off, barred, or no confirmed address to which the second code could go."""
    owner = world.owner()
    bob = world.phone()
    bob.create("bob", "bob@example.com").expect(201)
    admin.act("bob", "restore-code/issue", hours=1).expect(409, "restore_not_enabled")
    bob.enable().expect(201)
    admin.act("bob", "restore-code/issue", hours=1).expect(409, "email_not_confirmed")
    helper.act("ada", "restore/barring").expect(204)
    admin.act("ada", "restore-code/issue", hours=1).expect(409, "restore_not_enabled")
    helper.act("ada", "restore/unbarring").expect(204)
    owner.phone.disable().expect(204)
    admin.act("ada", "restore-code/issue", hours=1).expect(409, "restore_not_enabled")
    assert not any(
        code.get("kind") for name in ("ada", "bob") for code in world.item(name, "R").get("codes", {}).values()
    )


def test_a_dispute_brings_it_back_with_its_own_end(world: World, admin: Clerk) -> None:
    """B13: every code that the disputed device ended is good again, an issued one to the hour that it had."""
    owner = world.owner()
    code = issue(admin, 2)
    thief = world.restored(owner, name="thief's").phone
    world.deliver()
    world.phone().dispute(world.token(owner.address)).expect(200)
    thief.sign_in().expect(401, "not_paired")
    saved = world.save()
    ask(world, owner, code).expect(202)
    world.go_back(saved)
    world.clock.move(2 * HOUR)
    ask(world, owner, code).expect(403, "restore_refused")
    new, number, mailed = world.begun(owner)
    new.complete(number, mailed).expect(201)


def test_a_dispute_brings_the_mark_of_a_sent_code_back(world: World, helper: Clerk) -> None:
    """B13: with its own marks: what was mailed once still waits for a day."""
    owner = keeping(world)
    helper.act("ada", "restore-code/send").expect(204)
    thief, number, code = world.begun(owner)
    owner.phone.approve(number).expect(200)
    thief.complete(number, code).expect(201)
    world.deliver()
    world.phone().dispute(world.token(owner.address)).expect(200)
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)


def test_wrong_guesses_at_an_issued_code(world: World, admin: Clerk) -> None:
    """N9: its selector counts on itself alone: a lock on it leaves the user's own code free."""
    owner = world.owner()
    code = issue(admin)
    for number in range(100):
        phone = world.phone(at=f"198.51.{number}.9")
        phone.request_restore("ada", made_up_code(selector(code))).expect(403, "restore_refused")
    ask(world, owner, code).expect(429, "too_many_requests")
    ask(world, owner).expect(202)


# All of them ----------------------------------------------------------------------------------------------------------


def acts_of(world: World) -> dict[str, tuple[str, int, dict[str, Any]]]:
    """Every act on one person, ready to be done; ada has a tablet and a restoration under way."""
    owner = keeping(world)
    tablet = world.restored(owner, name="tablet")
    _, number, _ = world.begun(tablet)
    return {
        "unpairing": (f"devices/{tablet.phone.id}/unpairing", 204, {}),
        "barring": ("restore/barring", 204, {}),
        "cancellation": (f"restorations/{number}/cancellation", 204, {}),
        "send": ("restore-code/send", 204, {}),
        "reveal": ("restore-code/reveal", 200, {}),
        "issue": ("restore-code/issue", 201, {"hours": 1}),
    }


@pytest.mark.parametrize("act", ["unpairing", "barring", "cancellation", "send", "reveal", "issue"])
def test_each_is_one_transaction(world: World, admin: Clerk, act: str) -> None:
    """ASVS 2.3.3, 16.3.1: whatever fails at whatever call, it is done with both rows and 2xx, or not at all and 503."""
    (what, status, more), saved = acts_of(world)[act], world.save()

    def seen() -> tuple[Any, ...]:
        ordered = [row["type"] for row in world.events("#administration") if row["type"].endswith(".ordered")]
        item = world.item("ada", "R")
        codes = sorted((code.get("kind", "own"), "sent" in code) for code in item["codes"].values())
        states = sorted(entry["st"] for entry in item["rst"].values())
        state = item.get("barred"), codes, states, set(world.item("ada", "I")["devices"])
        return ordered, [row["type"] for row in world.events("ada")], state

    before = seen()
    admin.act("ada", what, **more).expect(status)  # a function that has just started asks for more
    world.go_back(saved)
    with Wire() as wire:
        admin.act("ada", what, **more).expect(status)
    done = seen()
    assert done[0] == [*before[0], f"{act}.ordered"]
    assert len(done[1]) > len(before[1])
    for at, call in enumerate(wire.calls):
        if call == "SendEmail":
            continue  # by then it is done, and what comes of it is told apart
        for fault in (fault for fault in BY_NAME.values() if fault.fits("dynamodb")):
            for for_ever in (False, True) if str(fault) in {"conflict", "answer lost"} else (False,):
                world.go_back(saved)
                with Wire(fault, at, for_ever=for_ever):
                    answer = admin.act("ada", what, **more)
                case = f"{fault} at {call}, for ever: {for_ever}"
                if answer.status == status:
                    assert seen() == done, case
                    continue
                answer.expect(503, "unavailable")
                assert seen() in ((before, done) if fault.after else (before,)), case
                world.must_have_whole_logs()
                world.clock.move(MINUTE)


def test_two_administrators_at_once(world: World, admin: Clerk, helper: Clerk) -> None:
    """ASVS 15.4.2: both are done, one after the other, and the log has both without a gap."""
    keeping(world)
    with meanwhile(lambda: helper.act("ada", "restore-code/send").expect(204)):
        admin.act("ada", "restore-code/issue", hours=1).expect(201)
    with meanwhile(lambda: helper.act("ada", "restore/barring").expect(204)):
        admin.act("ada", "restore-code/issue", hours=1).expect(409, "restore_not_enabled")
    world.must_have_whole_logs()


def test_what_an_administrator_did_is_read_by_the_user(world: World, admin: Clerk) -> None:
    """B4, ASVS 6.3.7: type, label and reason in the identity's own log; who it was stays with the administrators."""
    for what, _, more in acts_of(world).values():
        admin.act("ada", what, **more)
    own = [row for row in world.events("ada") if row["detail"].get("by") == "administrator"]
    kinds = {row["type"] for row in own}
    assert {"device.unpaired", "restore.barred", "restore.code_sent", "restore.code_revealed"} <= kinds
    assert all(row["detail"]["reason"] == WHY for row in own)
    assert not any("sub" in str(row["detail"]) or "company.example" in str(row["detail"]) for row in own)
    orders = [row for row in world.events("#administration") if row["type"].endswith(".ordered")]
    assert all((row["detail"]["administrator"], row["detail"]["identity"]) == ("admin", "ada") for row in orders)


def test_the_language_of_mails_is_the_users(world: World, helper: Clerk) -> None:
    """The contract: an administrator's request never decides it."""
    owner = world.owner()
    owner.phone.language = "de"
    owner.phone.sign_in().expect(201)
    owner.phone.show().expect(200)
    world.deliver()
    helper.call(
        "POST", "/identities/ada/restore/barring", {"reason": WHY}, headers=(("Accept-Language", "en"),)
    ).expect(204)
    (mail,) = world.deliver()
    assert mail.language == "de"
    assert WHY in mail.text
