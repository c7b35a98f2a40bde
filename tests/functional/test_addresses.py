"""Addresses: changing the first, having a second, and what the links in their mails take back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.phone import other_digits
from restore import aws
from tests.functional.clerks import set_policy
from tests.functional.faults import mail_refused
from tests.functional.world import DAY, HOUR, MINUTE
from tests.template import translated

if TYPE_CHECKING:
    from local.phone import Answer
    from tests.functional.world import Mail, Owner, World, WorldPhone

NEW = "ada@example.net"
SECOND = "ada@second.example"
WEEK = 7 * DAY


def kinds(world: World, identity: str = "ada") -> list[str]:
    """The types of all rows of a log."""
    return [row["type"] for row in world.events(identity)]


def to(mails: list[Mail], address: str) -> list[Mail]:
    """The mails to one address."""
    return [mail for mail in mails if mail.to == address]


def changed(world: World, owner: Owner, address: str = NEW) -> list[Mail]:
    """Change the first address; the notices of it."""
    owner.phone.change_email(address).expect(202)
    owner.phone.confirm_email(world.mailed_code(address)).expect(200)
    return world.deliver()


def with_second(world: World, address: str = SECOND) -> Owner:
    """Somebody with two addresses, whose notices are delivered; half an hour later, so that no limit is near."""
    owner = world.owner()
    owner.phone.change_second_email(address).expect(202)
    owner.phone.confirm_second_email(world.mailed_code(address)).expect(200)
    world.deliver()
    world.clock.move(30 * MINUTE)
    return owner


def in_force(phone: WorldPhone) -> tuple[str | None, str | None]:
    """The hints of the first and the second address."""
    shown = phone.show().expect(200)
    return shown["email_hint"], shown["second_email_hint"]


# The first


def test_the_old_address_stays_until_the_new_one_is_confirmed(world: World) -> None:
    """B10, N3, N5: asked for, told to the old one without the new one, confirmed, told again, used."""
    owner = world.owner()
    world.deliver()
    asked = owner.phone.change_email(NEW).expect(202)
    assert asked == {
        "email_hint": "a***@example.com",
        "email_pending": {
            "email_hint": "a***@example.net",
            "expires_at": "2026-11-18T11:20:00Z",
            "attempts_left": 5,
            "resends_left": 3,
        },
    }
    assert owner.phone.show().expect(200)["email_pending"] == asked["email_pending"]
    (code_mail,) = to(world.mails, NEW)
    assert code_mail.codes
    assert "ada" not in code_mail.text.replace(NEW, "")  # nothing that anybody could have chosen
    (told,) = world.deliver()
    assert (told.to, len(told.tokens), told.codes) == (owner.address, 1, [])
    assert NEW not in told.message.as_string()
    assert "ada's phone" in told.text
    answer = owner.phone.confirm_email(code_mail.codes[0]).expect(200)
    assert answer["email_hint"] == "a***@example.net"
    assert answer["restore"]["status"] == "enabled"
    notices = world.deliver()
    (former,) = to(notices, owner.address)
    assert former.tokens
    assert former.tokens != told.tokens
    assert NEW not in former.message.as_string()
    (fresh,) = to(notices, NEW)
    assert (fresh.tokens, fresh.codes) == ([], [])
    assert kinds(world)[-2:] == ["email.requested", "email.replaced"]
    assert kinds(world).count("restore.enabled") == 2, "once enabled, once confirmed, and not for the change"
    assert owner.phone.confirm_email(code_mail.codes[0]).expect(200) == answer, "a lost answer"
    phone = world.phone(name="new")
    phone.request_restore("ada", owner.restore_code).expect(202)
    assert world.mails[-1].to == NEW
    assert world.mails[-1].codes


def test_the_address_in_force_again_ends_a_change(world: World) -> None:
    """B10: 202 with nothing pending, in any case of its letters; without a change nothing is written."""
    owner = world.owner()
    owner.phone.change_email(NEW).expect(202)
    code = world.mailed_code(NEW)
    sent = len(world.mails)
    for address in (owner.address, owner.address.title()):
        answer = owner.phone.change_email(address).expect(202)
        assert answer == {"email_hint": "a***@example.com", "email_pending": None}
    assert len(world.mails) == sent
    assert kinds(world)[-1] == "email.cancelled"
    assert kinds(world).count("email.cancelled") == 1
    owner.phone.confirm_email(code).expect(410, "cancelled")
    owner.phone.resend_confirmation().expect(410, "cancelled")


def test_the_pending_address_again_is_one_mail(world: World) -> None:
    """Repeats: the same answer, the same code; once it is over it is asked for anew."""
    owner = world.owner()
    world.deliver()
    first = owner.phone.change_email(NEW).expect(202)
    sent = len(world.mails)
    assert owner.phone.change_email(NEW).expect(202) == first
    assert len(world.mails) == sent
    assert len(world.deliver()) == 1
    world.clock.move(10 * MINUTE)
    assert owner.phone.show().expect(200)["email_pending"] is None
    owner.phone.confirm_email(world.mailed_code(NEW)).expect(410, "expired")
    assert owner.phone.change_email(NEW).expect(202)["email_pending"] is not None
    owner.phone.confirm_email(world.mailed_code(NEW)).expect(200)


def test_another_change_ends_the_first(world: World) -> None:
    """N3: the code for an address that was replaced before it was confirmed is dead, and so is its link."""
    owner = world.owner()
    owner.phone.change_email(NEW).expect(202)
    dead = world.mailed_code(NEW)
    world.deliver()
    link = world.token(owner.address)
    owner.phone.change_email("other@example.net").expect(202)
    assert owner.phone.dispute(link).status == 410
    alive = world.mailed_code("other@example.net")
    if dead != alive:
        owner.phone.confirm_email(dead).expect(403, "wrong_code")
    owner.phone.confirm_email(alive).expect(200)


def test_five_wrong_codes_end_a_change(world: World) -> None:
    """N3, B6: each costs an attempt in the write that says so; the old address stays."""
    owner = world.owner()
    owner.phone.change_email(NEW).expect(202)
    code = world.mailed_code(NEW)
    for left in (4, 3, 2, 1, 0):
        assert (
            owner.phone.confirm_email(other_digits(code, left + 1)).expect(403, "wrong_code")["attempts_left"] == left
        )
    owner.phone.confirm_email(code).expect(410, "attempts_exhausted")
    owner.phone.resend_confirmation().expect(410, "attempts_exhausted")
    assert in_force(owner.phone) == ("a***@example.com", None)


@pytest.mark.parametrize("slot", ["first", "second"])
@pytest.mark.parametrize("since", ["begun", "called off", "called off twice", "expired", "exhausted", "forbidden"])
def test_a_confirmation_is_repeated_whatever_was_begun_since(world: World, since: str, slot: str) -> None:
    """Its answer was lost: 200 again, and neither an attempt nor a word of the change that another phone began."""
    owner = with_second(world)
    phone = owner.phone
    own = owner.address if slot == "first" else SECOND
    change, confirm, pending = (
        (phone.change_email, phone.confirm_email, "email_pending")
        if slot == "first"
        else (phone.change_second_email, phone.confirm_second_email, "second_email_pending")
    )
    code = world.mailed_code(own)
    change(NEW).expect(202)
    if since == "called off twice":
        change(own).expect(202)
        world.clock.move(11 * MINUTE)
        change("ada@example.org").expect(202)
    if since.startswith("called off"):
        change(own).expect(202)
    elif since == "expired":
        world.clock.move(11 * MINUTE)
    elif since == "exhausted":
        wrong = next(one for one in ("00000000", "00000001", "00000002") if one not in {code, world.mailed_code(NEW)})
        for _ in range(5):
            confirm(wrong).expect(403, "wrong_code")
    elif since == "forbidden":
        set_policy(world, email_domains=[own.partition("@")[2]])
    before = world.item("ada", "R")
    confirm(code).expect(200)
    assert world.item("ada", "R") == before
    if since == "begun":
        assert phone.show().expect(200)[pending]["attempts_left"] == 5
        confirm(world.mailed_code(NEW)).expect(200)
        confirm(code).expect(410, "used")
    elif since.startswith("called off"):
        confirm(world.mailed_code(NEW)).expect(410, "cancelled")


def test_a_confirmation_is_no_repeat_once_its_address_is_out_of_force(world: World) -> None:
    """A removed address is not told as confirmed, though a change of it was called off before."""
    phone = with_second(world).phone
    code = world.mailed_code(SECOND)
    phone.change_second_email(NEW).expect(202)
    phone.change_second_email(SECOND).expect(202)
    phone.confirm_second_email(code).expect(200)
    phone.remove_second_email().expect(204)
    phone.confirm_second_email(code).expect(410, "cancelled")


def test_a_first_address_can_be_put_too(world: World) -> None:
    """S5: without an address in force nobody is told, and restore that waits for it is enabled by its confirmation."""
    phone = world.phone()
    phone.create("ada").expect(201)
    assert phone.change_email("ada@example.com").expect(202)["email_hint"] is None
    assert world.deliver() == []
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    assert world.deliver() == []
    assert kinds(world)[-1] == "email.confirmed"


# Who may


@pytest.mark.parametrize("act", ["change_email", "change_second_email", "remove_second_email"])
def test_changing_is_verified(world: World, act: str) -> None:
    """S4, A 7.5.1, A 8.2: a lost phone changes no address while it is locked, and neither does a stranger."""
    owner = with_second(world)
    method, path, body = {
        "change_email": ("PUT", "/email", {"email": NEW}),
        "change_second_email": ("PUT", "/second-email", {"email": NEW}),
        "remove_second_email": ("DELETE", "/second-email", None),
    }[act]
    before = world.items()
    owner.phone.act(method, owner.phone.path(path), body).expect(401, "verification_required")
    stranger = world.phone(identity="ada")
    stranger.act(method, stranger.path(path), body, verified=True).expect(401, "not_paired")
    unknown = world.phone(identity="nobody")
    unknown.act(method, unknown.path(path), body, verified=True).expect(401, "not_paired")
    assert world.items() == before


def test_a_held_device_changes_and_confirms_nothing(world: World) -> None:
    """B8: whoever has just come in cannot move the mail elsewhere; 403 until the hold ends, then it may."""
    owner = with_second(world)
    new = world.restored(owner).phone
    owner.phone.change_email(NEW).expect(202)
    until = new.show().expect(200)["devices"][1]["held_until"]
    before = world.item("ada", "R")
    answers: list[Answer] = [
        new.change_email("thief@example.org"),
        new.confirm_email(world.mailed_code(NEW)),
        new.resend_confirmation(),
        new.change_second_email("thief@example.org"),
        new.confirm_second_email("12345678"),
        new.resend_second_confirmation(),
        new.remove_second_email(),
    ]
    for answer in answers:
        assert answer.expect(403, "not_allowed")["until"] == until
    assert world.item("ada", "R") == before
    world.clock.move(DAY)
    new.remove_second_email().expect(204)


def test_policy_says_which_domains(world: World) -> None:
    """S14: an address of another domain is refused for either slot; one that is in force goes on."""
    world.redeploy(EmailDomains="example.com,second.example")
    owner = with_second(world)
    before = world.items()
    for answer in (owner.phone.change_email(NEW), owner.phone.change_second_email(NEW)):
        assert answer.expect(403, "not_allowed")["policy"] == "email_domains"
    assert world.items() == before
    owner.phone.change_second_email("b@second.example").expect(202)
    code = world.mailed_code("b@second.example")
    world.redeploy(EmailDomains="example.com")
    before = world.items()
    for answer in (owner.phone.confirm_second_email(code), owner.phone.resend_second_confirmation()):
        assert answer.expect(403, "not_allowed")["policy"] == "email_domains"
    assert world.items() == before
    assert owner.phone.change_second_email(SECOND).expect(202)["email_pending"] is None, "it can be called off"


@pytest.mark.parametrize("slot", ["email", "second-email"])
@pytest.mark.parametrize(
    "body",
    [
        {"email": "a@example.com\r\nBcc: thief@example.org"},
        {"email": "a@example.com,b@example.com"},
        {"email": ""},
        {"email": None},
        {"email": ["a@example.com"]},
        {},
        {"email": "a@example.com", "identity": "eve"},
    ],
)
def test_what_is_no_address(world: World, slot: str, body: dict[str, object]) -> None:
    """S5, 16.5.1: 422, and nothing changes."""
    owner = world.owner()
    before = world.items()
    owner.phone.act("PUT", owner.phone.path(f"/{slot}"), body, verified=True).expect(422, "invalid")
    assert world.items() == before


def test_the_limit_of_confirmation_mails_is_one_for_both(world: World) -> None:
    """2.4.1: four in ten minutes for one identity, whichever address they are for; it ends by itself."""
    owner = world.owner()  # the first
    owner.phone.change_email(NEW).expect(202)
    owner.phone.change_second_email(SECOND).expect(202)
    owner.phone.change_email("other@example.net").expect(202)
    before = world.items()
    refused = owner.phone.change_second_email("third@example.net")
    refused.expect(429, "too_many_requests")
    assert refused.header("Retry-After") == "600"
    assert world.items() == before
    world.clock.move(10 * MINUTE)
    owner.phone.change_second_email("third@example.net").expect(202)


def test_nobody_floods_an_address(world: World) -> None:
    """2.4.1: five a day to one address from one source address, whoever's phone they are asked for by."""
    phones = [world.owner(name).phone for name in ("ada", "bob", "cyd")]
    for phone in phones[:2]:
        for _ in range(2):
            phone.change_email("victim@example.net").expect(202)
            phone.change_email(f"{phone.identity}@example.com").expect(202)
        world.clock.move(30 * MINUTE)
    phones[2].change_email("victim@example.net").expect(202)
    phones[2].change_email("cyd@example.com").expect(202)
    phones[2].change_email("victim@example.net").expect(429, "too_many_requests")
    assert len(to(world.mails, "victim@example.net")) == 5


@pytest.mark.parametrize("slot", ["first", "second"])
def test_a_mail_that_is_refused_leaves_what_there_was(world: World, slot: str) -> None:
    """A 2.3.3: 503, nothing is awaited that was not before, no limit has counted; it can be asked again."""
    owner = world.owner()
    phone = owner.phone
    ask, again, pending = {
        "first": (phone.change_email, phone.resend_confirmation, "email_pending"),
        "second": (phone.change_second_email, phone.resend_second_confirmation, "second_email_pending"),
    }[slot]
    sender = translated.stack().parameters["Sender"]
    ses = aws.client("sesv2")
    ses.delete_email_identity(EmailIdentity=sender)
    before = phone.show().expect(200)
    mails = world.item("ada", "R")["mails"]
    ask(NEW).expect(503, "unavailable")
    assert phone.show().expect(200) | {"log": None} == before | {"log": None}
    assert world.item("ada", "R")["mails"] == mails
    ses.create_email_identity(EmailIdentity=sender)
    ask(NEW).expect(202)
    code, awaited = world.mailed_code(NEW), phone.show().expect(200)[pending]
    world.clock.move(MINUTE)
    ses.delete_email_identity(EmailIdentity=sender)
    again().expect(503, "unavailable")
    assert phone.show().expect(200)[pending] == awaited
    (phone.confirm_email if slot == "first" else phone.confirm_second_email)(code).expect(200)


@pytest.mark.parametrize("slot", ["first", "second"])
@pytest.mark.parametrize("former", ["nothing", "another address"])
def test_a_mail_that_is_refused_during_another_act_leaves_what_there_was(world: World, slot: str, former: str) -> None:
    """ASVS 2.3.3: what was awaited before is awaited again, and nothing else is undone; asked again, it is mailed."""
    owner = world.owner()
    phone = owner.phone
    ask, again, confirm, pending = {
        "first": (phone.change_email, phone.resend_confirmation, phone.confirm_email, "email_pending"),
        "second": (
            phone.change_second_email,
            phone.resend_second_confirmation,
            phone.confirm_second_email,
            "second_email_pending",
        ),
    }[slot]
    if former == "another address":
        ask("former@example.com").expect(202)
    before = phone.show().expect(200)
    mails = world.item("ada", "R")["mails"]
    world.clock.move(1)
    with mail_refused(lambda: phone.drill(owner.restore_code).expect(200)):
        ask(NEW).expect(503, "unavailable")
    shown = phone.show().expect(200)
    assert shown[pending] == before[pending]
    assert shown["restore"]["last_proven_at"] is not None
    assert world.item("ada", "R")["mails"] == mails
    world.must_have_whole_logs()
    if former == "another address":
        confirm(world.mailed_code("former@example.com")).expect(200)
    sent = len(world.mails)
    ask(NEW).expect(202)
    assert len(world.mails) == sent + 1
    code = world.mailed_code(NEW)
    world.clock.move(MINUTE)
    with mail_refused(lambda: confirm(other_digits(code)).expect(403, "wrong_code")):
        again().expect(503, "unavailable")
    shown = phone.show().expect(200)[pending]
    assert (shown["attempts_left"], shown["resends_left"]) == (4, 3)
    sent = len(world.mails)
    again().expect(202)
    assert len(world.mails) == sent + 1
    confirm(world.mailed_code(NEW)).expect(200)


@pytest.mark.parametrize("act", ["called off", "asked for another"])
def test_a_mail_that_is_refused_undoes_nothing_of_what_came_after_it(world: World, act: str) -> None:
    """ASVS 2.3.3: what was called off or replaced meanwhile is not awaited again, nor what was before."""
    owner = world.owner()
    phone = owner.phone
    phone.change_email("former@example.com").expect(202)
    address = {"called off": owner.address, "asked for another": "latest@example.com"}[act]
    with mail_refused(lambda: phone.change_email(address).expect(202)):
        phone.change_email(NEW).expect(503, "unavailable")
    shown = phone.show().expect(200)["email_pending"]
    if act == "called off":
        assert shown is None
    else:
        phone.confirm_email(world.mailed_code("latest@example.com")).expect(200)
        assert in_force(phone)[0] == "l***@example.com"


def test_an_address_that_has_become_the_first_meanwhile_is_not_awaited_as_the_second_again(world: World) -> None:
    """B10: nobody has one address twice, whatever a refused mail brings back."""
    owner = world.owner()
    phone = owner.phone
    phone.change_email(NEW).expect(202)
    code = world.mailed_code(NEW)
    phone.change_second_email(NEW).expect(202)
    with mail_refused(lambda: phone.confirm_email(code).expect(200)):
        phone.change_second_email(SECOND).expect(503, "unavailable")
    assert phone.show().expect(200)["second_email_pending"] is None
    assert kinds(world)[-2:] == ["second_email.confirmation_failed", "second_email.cancelled"]


@pytest.mark.parametrize("contended", [False, True])
def test_nobody_is_told_of_a_change_that_was_taken_back(world: World, *, contended: bool) -> None:
    """N5: "an address is to change" goes out only where one is; then it does."""
    owner = world.owner()
    world.deliver()
    with mail_refused(lambda: owner.phone.drill(owner.restore_code).expect(200) if contended else None):
        owner.phone.change_email(NEW).expect(503, "unavailable")
    assert world.deliver() == []
    owner.phone.change_email(NEW).expect(202)
    assert [mail.to for mail in world.deliver()] == [owner.address]


# The second


def test_a_second_address_gets_every_notice_and_never_a_code(world: World) -> None:
    """B10, N5: it counts once confirmed; then it hears of everything, and can end a restoration."""
    owner = world.owner()
    world.deliver()
    asked = owner.phone.change_second_email(SECOND).expect(202)
    assert asked["email_hint"] is None
    assert asked["email_pending"]["email_hint"] == "a***@second.example"
    shown = owner.phone.show().expect(200)
    assert (shown["second_email_pending"], shown["email_pending"]) == (asked["email_pending"], None)
    (told,) = world.deliver()
    assert (told.to, len(told.tokens)) == (owner.address, 1)
    assert SECOND not in told.message.as_string()
    code = world.mailed_code(SECOND)
    owner.phone.confirm_email(code).expect(410, "used")
    assert owner.phone.confirm_second_email(code).expect(200) == {"email_hint": "a***@second.example"}
    assert owner.phone.confirm_second_email(code).expect(200) == {"email_hint": "a***@second.example"}
    notices = world.deliver()
    assert [len(mail.tokens) for mail in to(notices, owner.address)] == [1]
    assert [len(mail.tokens) for mail in to(notices, SECOND)] == [0]
    shown = owner.phone.show().expect(200)
    assert (shown["email_hint"], shown["second_email_hint"]) == ("a***@example.com", "a***@second.example")
    assert shown["second_email_pending"] is None
    assert kinds(world)[-2:] == ["second_email.requested", "second_email.confirmed"]

    sent = len(world.mails)
    new = world.phone(name="new phone")
    number = new.request_restore("ada", owner.restore_code).expect(202)["restoration"]["id"]
    world.deliver()
    first, second = world.mails[sent:]
    assert (first.to, len(first.codes)) == (owner.address, 1)
    assert (second.to, second.codes, second.tokens) == (SECOND, [], first.tokens)
    assert "new phone" in second.text
    world.clock.move(MINUTE)
    new.resend_code(number).expect(202)
    world.deliver()
    assert world.mails[-1].to == SECOND
    assert world.mails[-1].codes == []
    assert world.token(SECOND) == world.token(owner.address) != first.tokens[0]
    new.complete(number, world.mailed_code(owner.address)).expect(201)
    assert {mail.to for mail in world.deliver()} == {owner.address, SECOND}


def test_the_resend_of_the_second_follows_the_same_rules(world: World) -> None:
    """Codes: after 30 s, a new code, no attempts refilled, three of them; 404 where nothing was begun."""
    owner = world.owner()
    owner.phone.resend_second_confirmation().expect(404, "not_found")
    owner.phone.confirm_second_email("12345678").expect(409, "email_required")
    owner.phone.change_second_email(SECOND).expect(202)
    dead = world.mailed_code(SECOND)
    owner.phone.confirm_second_email(other_digits(dead)).expect(403, "wrong_code")
    assert owner.phone.resend_second_confirmation().header("Retry-After") == "30"
    world.clock.move(10 * MINUTE - 1)
    pending = owner.phone.resend_second_confirmation().expect(202)["email_pending"]
    assert (pending["attempts_left"], pending["resends_left"]) == (4, 2)
    for _ in range(2):
        world.clock.move(5 * MINUTE)
        owner.phone.resend_second_confirmation().expect(202)
    world.clock.move(5 * MINUTE)
    owner.phone.resend_second_confirmation().expect(409, "limit_reached")
    owner.phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    owner.phone.resend_second_confirmation().expect(410, "used")
    owner.phone.confirm_second_email(other_digits(world.mailed_code(SECOND))).expect(410, "used")


def test_a_second_address_presupposes_a_first_and_another(world: World) -> None:
    """B10: it is there for the day on which the first one fails."""
    phone = world.phone()
    phone.create("bob", "bob@example.com").expect(201)
    phone.change_second_email(SECOND).expect(409, "email_required")
    owner = world.owner()
    owner.phone.change_second_email("ADA@example.com").expect(422, "invalid")


def test_a_second_address_that_becomes_the_first_is_told_once(world: World) -> None:
    """B10: no mailbox gets a notice twice."""
    owner = with_second(world)
    assert sorted(mail.to for mail in changed(world, owner, SECOND)) == [owner.address, owner.address, SECOND, SECOND]
    assert in_force(owner.phone) == ("a***@second.example", None)
    world.clock.move(MINUTE)
    owner.phone.enable().expect(201)
    assert [mail.to for mail in world.deliver()] == [SECOND]


def test_the_second_address_is_removed(world: World) -> None:
    """B10: both are told, the removed one too, and it can be put back by link; again is 204, and tells nobody."""
    owner = with_second(world)
    owner.phone.remove_second_email().expect(204)
    notices = world.deliver()
    assert {mail.to for mail in notices} == {owner.address, SECOND}
    assert all(mail.tokens for mail in notices)
    assert in_force(owner.phone) == ("a***@example.com", None)
    assert kinds(world)[-1] == "second_email.removed"
    owner.phone.remove_second_email().expect(204)
    assert kinds(world)[-1] == "second_email.removed"
    assert world.deliver() == []
    assert owner.phone.dispute(world.token(SECOND)).status == 200
    assert in_force(owner.phone) == ("a***@example.com", "a***@second.example")


def test_a_removed_address_has_no_code_that_proves_it(world: World) -> None:
    """N3: after the removal its code and any other are 410 cancelled, as a resend is, and put back by link, too."""
    owner = with_second(world)
    code = world.mailed_code(SECOND)
    assert owner.phone.confirm_second_email(code).expect(200) == {"email_hint": "a***@second.example"}
    owner.phone.remove_second_email().expect(204)
    world.deliver()
    for typed in (code, other_digits(code)):
        owner.phone.confirm_second_email(typed).expect(410, "cancelled")
    owner.phone.resend_second_confirmation().expect(410, "cancelled")
    assert owner.phone.dispute(world.token(SECOND)).status == 200
    owner.phone.confirm_second_email(code).expect(410, "cancelled")


@pytest.mark.parametrize("confirmed", ["second", "first"])
def test_an_address_that_waits_as_both_comes_to_be_the_first(world: World, confirmed: str) -> None:
    """B10: whichever is confirmed first, it ends as the first alone; the second is for the day on which that fails."""
    owner = world.owner()
    world.clock.move(30 * MINUTE)
    owner.phone.change_email(NEW).expect(202)
    first = world.mailed_code(NEW)
    owner.phone.change_second_email(NEW.title()).expect(202)
    second = world.mails[-1].codes[0]
    if confirmed == "second":
        owner.phone.confirm_second_email(second).expect(200)
        assert in_force(owner.phone) == ("a***@example.com", "A***@example.net")
    owner.phone.confirm_email(first).expect(200)
    assert in_force(owner.phone) == ("a***@example.net", None)
    assert owner.phone.show().expect(200)["second_email_pending"] is None
    ended = "second_email.removed" if confirmed == "second" else "second_email.cancelled"
    assert kinds(world)[-2:] == ["email.replaced", ended]
    owner.phone.confirm_second_email(second).expect(410, "cancelled")
    owner.phone.change_second_email(NEW).expect(422, "invalid")


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_address_that_a_link_puts_back_is_the_first_alone(world: World, *, confirmed: bool) -> None:
    """B10, B13: the former address, taken or asked for as the second meanwhile, is the first again and no second."""
    owner = world.owner()
    changed(world, owner)
    link = world.token(owner.address)
    owner.phone.change_second_email(owner.address).expect(202)
    second = world.mailed_code(owner.address)
    if confirmed:
        owner.phone.confirm_second_email(second).expect(200)
    assert world.phone().dispute(link).status == 200
    assert in_force(owner.phone) == ("a***@example.com", None)
    assert owner.phone.show().expect(200)["second_email_pending"] is None
    ended = "second_email.removed" if confirmed else "second_email.cancelled"
    assert kinds(world)[-2:] == ["email.disputed", ended]
    owner.phone.confirm_second_email(second).expect(410, "cancelled")
    assert [to(world.deliver(), owner.address)[-1].tokens] == [[]]


def test_a_second_address_put_back_is_not_what_is_the_first_by_now(world: World) -> None:
    """B10, B13: the second changed, its former address made the first, then the change of the second disputed."""
    owner = with_second(world)
    owner.phone.change_second_email(NEW).expect(202)
    owner.phone.confirm_second_email(world.mailed_code(NEW)).expect(200)
    world.deliver()
    link = world.token(SECOND)
    changed(world, owner, SECOND)
    assert in_force(owner.phone) == ("a***@second.example", "a***@example.net")
    assert world.phone().dispute(link).status == 200
    assert in_force(owner.phone) == ("a***@second.example", None)


@pytest.mark.parametrize("another", [False, True])
def test_putting_the_first_back_gives_back_the_second(world: World, *, another: bool) -> None:
    """B13: who reads the former mailbox alone takes the owner's other one off no notices; a newer second stays."""
    owner = with_second(world)
    changed(world, owner, SECOND)
    link = world.token(owner.address)
    if another:
        owner.phone.change_second_email(NEW).expect(202)
        owner.phone.confirm_second_email(world.mailed_code(NEW)).expect(200)
        world.deliver()
    assert world.phone().dispute(link).status == 200
    assert in_force(owner.phone) == ("a***@example.com", "a***@example.net" if another else "a***@second.example")
    assert kinds(world)[-1] == ("email.disputed" if another else "second_email.disputed")
    told = {mail.to for mail in world.deliver()}
    assert told == {owner.address, SECOND, *([NEW] if another else [])}


def test_removing_ends_what_is_awaited(world: World) -> None:
    """B10: an address that was not confirmed yet is called off without a further mail."""
    owner = world.owner()
    owner.phone.change_second_email(SECOND).expect(202)
    world.deliver()
    owner.phone.remove_second_email().expect(204)
    assert world.deliver() == []
    assert kinds(world)[-1] == "second_email.cancelled"
    owner.phone.confirm_second_email(world.mailed_code(SECOND)).expect(410, "cancelled")
    owner.phone.resend_second_confirmation().expect(410, "cancelled")


# Disputes


@pytest.mark.parametrize("slot", ["first", "second"])
def test_a_link_cancels_an_address_that_waits(world: World, slot: str) -> None:
    """B13: the address is dropped, what follows is 410 cancelled, and it is told without a link."""
    owner = world.owner()
    phone = owner.phone
    first = slot == "first"
    (phone.change_email if first else phone.change_second_email)(NEW).expect(202)
    world.deliver()
    token = world.token(owner.address)
    assert world.phone().fetch(f"/dispute/{token}").status == 200, "opening it does nothing"
    pressed = world.phone().dispute(token)
    assert pressed.status == 200
    confirm, resend = (
        (phone.confirm_email, phone.resend_confirmation)
        if first
        else (phone.confirm_second_email, phone.resend_second_confirmation)
    )
    confirm(world.mailed_code(NEW)).expect(410, "cancelled")
    resend().expect(410, "cancelled")
    (told,) = world.deliver()
    assert (told.to, told.tokens) == (owner.address, [])
    assert world.events("ada")[-1]["detail"] == {"outcome": "cancelled"}
    assert world.events("ada")[-1]["type"] == ("email.disputed" if first else "second_email.disputed")
    assert world.phone().dispute(token).status == 410, "once"
    assert in_force(phone) == ("a***@example.com", None)


@pytest.mark.parametrize("link", ["request", "confirmation"])
def test_a_change_is_put_back_for_seven_days(world: World, link: str) -> None:
    """B10, B13: by the link of either mail, to the former address; the new one hears of it, and gets no more codes."""
    owner = world.owner()
    owner.phone.change_email(NEW).expect(202)
    world.deliver()
    request = world.token(owner.address)
    code = world.mailed_code(NEW)
    owner.phone.confirm_email(code).expect(200)
    world.deliver()
    confirmation = world.token(owner.address)
    world.clock.move(WEEK - 1)
    used, other = (request, confirmation) if link == "request" else (confirmation, request)
    assert world.phone().dispute(used).status == 200
    told = world.deliver()
    assert {mail.to for mail in told} == {owner.address, NEW}
    assert not [mail for mail in told if mail.tokens]
    assert in_force(owner.phone) == ("a***@example.com", None)
    assert world.events("ada")[-1]["detail"] == {"outcome": "put_back"}
    for token in (used, other):
        assert world.phone().dispute(token).status == 410
    owner.phone.confirm_email(code).expect(410, "cancelled")
    phone, number, code = world.begun(owner)
    phone.complete(number, code).expect(201)


def test_a_change_is_for_good_after_seven_days(world: World) -> None:
    """B13: then the link has expired, and nothing changes."""
    owner = world.owner()
    changed(world, owner)
    token = world.token(owner.address)
    world.clock.move(WEEK)
    before = world.items()
    assert world.phone().dispute(token).status == 410
    assert world.items() == before


def test_whoever_changes_twice_can_be_undone_still(world: World) -> None:
    """B10, B13: the first link puts back what was before both changes, and calls off a third under way."""
    owner = world.owner()
    changed(world, owner)
    token = world.token(owner.address)
    world.clock.move(HOUR)
    changed(world, owner, "second-hop@example.org")
    world.clock.move(HOUR)
    owner.phone.change_email("third-hop@example.org").expect(202)
    world.deliver()
    later = world.token(NEW)
    assert world.phone().dispute(token).status == 200
    assert in_force(owner.phone) == ("a***@example.com", None)
    owner.phone.confirm_email(world.mailed_code("third-hop@example.org")).expect(410, "cancelled")
    assert world.phone().dispute(later).status == 410


def test_a_mailbox_alone_cannot_undo_changes_one_by_one(world: World) -> None:
    """B13: the second link within seven days takes nothing away; no device came with it, so none is held."""
    owner = world.owner()
    changed(world, owner)
    world.phone().dispute(world.token(owner.address))
    world.deliver()
    world.clock.move(DAY)
    changed(world, owner)
    token = world.token(owner.address)
    pressed = world.phone().dispute(token)
    assert pressed.status == 200
    assert in_force(owner.phone) == ("a***@example.net", None)
    assert [device["held_until"] for device in owner.phone.show().expect(200)["devices"]] == [None]
    told = world.deliver()
    assert [(mail.to, mail.tokens) for mail in told] == [(NEW, [])]
    assert world.events("ada")[-1]["detail"] == {"outcome": "kept"}
    assert world.phone().dispute(token).status == 410
    world.clock.move(DAY)
    owner.phone.change_email("third@example.net").expect(202)
    world.deliver()
    assert world.phone().dispute(world.token(NEW)).status == 200
    owner.phone.confirm_email(world.mailed_code("third@example.net")).expect(200)


def test_the_second_address_can_put_a_change_of_the_first_back(world: World) -> None:
    """B10: the link goes to the former address and to the second, so that the loss of one mailbox is not enough."""
    owner = with_second(world)
    notices = changed(world, owner)
    assert {mail.to: len(mail.tokens) for mail in notices if mail.to != NEW} == {owner.address: 1, SECOND: 1}
    assert world.phone().dispute(world.token(SECOND)).status == 200
    assert in_force(owner.phone) == ("a***@example.com", "a***@second.example")


@pytest.mark.parametrize("before", [None, SECOND])
def test_a_change_of_the_second_is_put_back(world: World, before: str | None) -> None:
    """B13: to the one before, or to none."""
    owner = with_second(world) if before else world.owner()
    world.deliver()
    owner.phone.change_second_email(NEW).expect(202)
    owner.phone.confirm_second_email(world.mailed_code(NEW)).expect(200)
    notices = world.deliver()
    linked = {mail.to for mail in notices if mail.tokens}
    assert linked == {owner.address, *([before] if before else [])}
    assert world.phone().dispute(world.token(owner.address)).status == 200
    assert in_force(owner.phone) == ("a***@example.com", "a***@second.example" if before else None)
    assert kinds(world)[-2] == ("second_email.replaced" if before else "second_email.confirmed")


def test_a_code_mailed_to_an_address_dies_with_it(world: World) -> None:
    """N3, B13: a restoration's code is for one address; put back, the code in the other mailbox binds nothing."""
    owner = world.owner()
    changed(world, owner)
    token = world.token(owner.address)
    thief = world.phone(name="thief")
    number = thief.request_restore("ada", owner.restore_code).expect(202)["restoration"]["id"]
    code = world.mailed_code(NEW)
    assert world.phone().dispute(token).status == 200
    thief.complete(number, code).expect(403, "wrong_code")
    world.clock.move(MINUTE)
    thief.resend_code(number).expect(202)
    assert world.mails[-1].to == owner.address


def test_a_change_ends_the_code_in_the_former_mailbox(world: World) -> None:
    """N3: whoever reads the mailbox that the owner has left completes nothing with a code that lies in it."""
    owner = world.owner()
    thief, number, code = world.begun(owner, name="thief")
    changed(world, owner)
    thief.complete(number, code).expect(403, "wrong_code")


@pytest.mark.parametrize("spoil", ["identity", "slot", "secret", "empty"])
def test_an_altered_link_does_nothing(world: World, spoil: str) -> None:
    """B13: a token of another identity, about another address, or guessed is 410 and changes nothing."""
    owner = with_second(world)
    world.owner("bob")
    changed(world, owner)
    identity, slot, secret = world.token(owner.address).split(".")
    token = {
        "identity": f"bob.{slot}.{secret}",
        "slot": f"{identity}.second_email.{secret}",
        "secret": f"{identity}.{slot}.{'A' * len(secret)}",
        "empty": f"{identity}.{slot}.",
    }[spoil]
    before = world.items()
    assert world.phone().dispute(token).status == 410
    assert world.items() == before
