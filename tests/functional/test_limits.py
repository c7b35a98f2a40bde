"""Throttles of the contract, each at its edge: what passes last, what is refused first, and when it passes again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.phone import made_up_code, other_digits, selector
from tests.functional.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.functional.world import World


def test_twenty_wrong_restore_codes_from_one_source(world: World) -> None:
    """N1, ASVS 2.4.1: the 21st is 429 for known and unknown identities alike, the right code included, for ten minutes.

    Codes that fail their checksum count nowhere, and another source is free.
    """
    owner = world.owner()
    for number in range(20):
        world.phone().request_restore("ada" if number % 2 else "nobody", made_up_code()).expect(403, "restore_refused")
    world.clock.move(MINUTE)
    before = world.items()
    answers = [
        world.phone().request_restore("ada", made_up_code()),
        world.phone().request_restore("nobody", made_up_code()),
        world.phone().request_restore("ada", owner.restore_code),
        world.phone().request_restore("ada", made_up_code(selector(owner.restore_code))),
    ]
    for answer in answers[:3]:
        answer.expect(429, "too_many_requests")
        assert answer.header("Retry-After") == str(9 * MINUTE)
    answers[3].expect(429, "too_many_requests")
    assert len({answer.body for answer in answers}) == 1
    assert world.items() == before
    world.phone(at="198.51.100.8").request_restore("ada", made_up_code()).expect(403, "restore_refused")
    world.clock.move(9 * MINUTE)
    world.phone().request_restore("ada", made_up_code()).expect(403, "restore_refused")
    world.phone().request_restore("ada", owner.restore_code).expect(202)


def test_an_ipv6_source_counts_as_its_64(world: World) -> None:
    """One customer has them all; the next /64 is another's. A mapped IPv4 address is that address."""
    for number in range(20):
        phone = world.phone(at=f"2001:db8:1:2:{number:x}::1")
        phone.request_restore("ada", made_up_code()).expect(403, "restore_refused")
    world.phone(at="2001:db8:1:2:ffff::").request_restore("ada", made_up_code()).expect(429, "too_many_requests")
    world.phone(at="2001:db8:1:3::1").request_restore("ada", made_up_code()).expect(403, "restore_refused")
    assert world.count("wrong codes") == {"2001:db8:1:2::/64": 20, "2001:db8:1:3::/64": 1}


def test_the_source_is_the_one_that_the_gateway_saw(world: World) -> None:
    """ASVS 4.1.3, 15.3.4: no header says where a request comes from."""
    phone = world.phone()
    phone.source = "192.0.2.99"  # goes out as X-Forwarded-For
    phone.request_restore("ada", made_up_code()).expect(403, "restore_refused")
    assert world.count("wrong codes") == {phone.at: 1}


def test_a_right_code_counts_on_no_source(world: World) -> None:
    """A success is no failure."""
    owner = world.owner()
    world.begun(owner)
    assert world.count("wrong codes") == {}


def guesses(world: World, selected: str, count: int) -> None:
    """So many wrong codes with a selector, from ever new sources."""
    for number in range(count):
        phone = world.phone(at=f"203.0.113.{number}", language="de")
        phone.request_restore("ada", made_up_code(selected)).expect(403, "restore_refused")


def test_a_hundred_wrong_codes_in_a_row_lock_the_selector_for_a_day(world: World) -> None:
    """N9, B6, ASVS 6.3.5: 429 for it, the right code included; the owner is mailed; other codes are refused as ever."""
    owner = world.owner()
    world.deliver()
    chosen = selector(owner.restore_code)
    guesses(world, chosen, 3)
    ((key, known),) = world.item("ada", "R")["codes"].items()
    assert known["fails"] == 3
    world.set("ada", "R", codes={key: {**known, "fails": 98}})  # the 95 between would be the same again
    guesses(world, chosen, 1)
    assert not world.deliver()
    saved = world.save()
    world.phone(at="192.0.2.1").request_restore("ada", owner.restore_code).expect(202)
    world.phone(at="192.0.2.1").request_restore("ada", made_up_code(chosen)).expect(403, "restore_refused")
    world.phone(at="192.0.2.1").request_restore("ada", owner.restore_code).expect(202)
    world.go_back(saved)
    guesses(world, chosen, 1)
    (mail,) = world.deliver()
    assert (mail.to, mail.language) == (owner.address, "en")
    assert owner.label in mail.text
    before = world.item("ada", "R")
    for code in (owner.restore_code, made_up_code(chosen)):
        answer = world.phone(at="192.0.2.1").request_restore("ada", code)
        answer.expect(429, "too_many_requests")
        assert answer.header("Retry-After") == str(DAY)
    assert world.item("ada", "R") == before
    world.phone(at="192.0.2.1").request_restore("ada", made_up_code()).expect(403, "restore_refused")
    owner.phone.sign_in().expect(201)
    saved = world.save()
    fresh = owner.phone.enable().expect(201)["restore_code"]
    world.phone(at="192.0.2.1").request_restore("ada", fresh).expect(202)
    world.go_back(saved)
    world.clock.move(DAY)
    world.phone(at="192.0.2.1").request_restore("ada", owner.restore_code).expect(202)


def test_asking_again_with_the_right_code_breaks_the_row(world: World) -> None:
    """N9: 100 *in a row*: also where the restoration is under way already; nothing is begun or mailed anew."""
    owner = world.owner()
    world.redeploy(WrongCodesInARow="3")
    chosen, new = selector(owner.restore_code), world.phone(at="192.0.2.1")
    begun = new.request_restore("ada", owner.restore_code).expect(202)["restoration"]
    guesses(world, chosen, 2)
    mails = len(world.mails)
    assert new.request_restore("ada", owner.restore_code).expect(202)["restoration"] == begun
    assert len(world.mails) == mails
    guesses(world, chosen, 2)
    world.phone(at="192.0.2.1").request_restore("ada", owner.restore_code).expect(202)
    guesses(world, chosen, 3)
    world.phone(at="192.0.2.1").request_restore("ada", owner.restore_code).expect(429, "too_many_requests")


def test_a_right_code_that_is_refused_breaks_the_row(world: World) -> None:
    """N9: by the limit of mails, or since its device was one before."""
    owner = world.owner()
    world.redeploy(WrongCodesInARow="3", RestorationMailsPerHour="1")
    chosen, new = selector(owner.restore_code), world.phone(at="192.0.2.1")
    guesses(world, chosen, 2)
    owner.phone.request_restore("ada", owner.restore_code).expect(409, "device_exists")
    guesses(world, chosen, 2)
    new.request_restore("ada", owner.restore_code).expect(202)
    guesses(world, chosen, 2)
    log = world.events("ada")
    for _ in range(2):
        world.phone(at="192.0.2.2").request_restore("ada", owner.restore_code).expect(429, "too_many_requests")
    assert world.events("ada") == log
    guesses(world, chosen, 2)
    new.request_restore("ada", owner.restore_code).expect(202)


def test_a_restoration_under_way_goes_on_while_the_selector_is_locked(world: World) -> None:
    """B6: nobody who has a third of the paper ends what the owner has begun."""
    owner = world.owner()
    world.redeploy(WrongCodesInARow="2")
    new, number, code = world.begun(owner)
    guesses(world, selector(owner.restore_code), 2)
    new.complete(number, code).expect(201)


def test_wrong_codes_without_the_selector_lock_nobody(world: World) -> None:
    """B6: a stranger cannot turn the limit against the owner."""
    owner = world.owner()
    world.redeploy(WrongCodesInARow="2")
    for number in range(5):
        world.phone(at=f"203.0.113.{number}").request_restore("ada", made_up_code()).expect(403, "restore_refused")
    world.phone().request_restore("ada", owner.restore_code).expect(202)


def wrong_email_codes(world: World, owner_code: str, count: int) -> None:
    """So many wrong e-mail codes for the owner's restore code, five a restoration."""
    while count > 0:
        phone = world.phone(at="203.0.113.7")
        number = phone.request_restore("ada", owner_code).expect(202)["restoration"]["id"]
        code = world.mailed_code("ada@example.com")
        for _ in range(min(5, count)):
            phone.complete(number, other_digits(code)).expect(403, "wrong_code")
        count -= 5


def attempts_of_a_new_one(world: World, code: str) -> int:
    """How many attempts a restoration begun now has."""
    asked = world.phone().request_restore("ada", code).expect(202)["restoration"]
    return int(asked["attempts_left"])


def test_twenty_wrong_email_codes_leave_one_attempt(world: World) -> None:
    """B6: across restorations; those under way sink to one, too; a paired device's new code starts at nought."""
    owner = world.owner()
    early, number, code = world.begun(owner)
    wrong_email_codes(world, owner.restore_code, 19)
    saved = world.save()
    assert attempts_of_a_new_one(world, owner.restore_code) == 5
    world.go_back(saved)
    assert early.restoration(number).expect(200)["restoration"]["attempts_left"] == 5
    early.complete(number, other_digits(code)).expect(403, "wrong_code")
    assert early.restoration(number).expect(200)["restoration"]["attempts_left"] == 1
    assert attempts_of_a_new_one(world, owner.restore_code) == 1
    saved = world.save()
    fresh = owner.phone.enable().expect(201)["restore_code"]
    assert attempts_of_a_new_one(world, fresh) == 5
    world.go_back(saved)
    world.clock.move(22 * HOUR)
    assert attempts_of_a_new_one(world, owner.restore_code) == 1
    world.clock.move(3 * HOUR)
    assert attempts_of_a_new_one(world, owner.restore_code) == 5


def test_no_wrong_email_code_is_forgotten_within_a_day(world: World) -> None:
    """B6: made in an hour's last seconds they count for 24 hours at least, and for 25 at most."""
    owner = world.owner()
    world.redeploy(WrongEmailCodesPerDay="2")
    world.clock.now = (world.clock.now // HOUR + 1) * HOUR - 5
    wrong_email_codes(world, owner.restore_code, 2)
    world.clock.move(DAY)
    assert attempts_of_a_new_one(world, owner.restore_code) == 1
    world.clock.move(HOUR)
    assert attempts_of_a_new_one(world, owner.restore_code) == 5


def test_a_completion_starts_the_counts_at_nought(world: World) -> None:
    """The code that came with it has no failures."""
    owner = world.owner()
    world.redeploy(WrongEmailCodesPerDay="2")
    wrong_email_codes(world, owner.restore_code, 2)
    assert attempts_of_a_new_one(world, owner.restore_code) == 1
    restored = world.restored(owner)
    assert attempts_of_a_new_one(world, restored.restore_code) == 5


def test_ten_restoration_mails_an_hour(world: World) -> None:
    """ASVS 2.4.1: requests and resends alike, for one restore code; the eleventh is 429 and sends nothing."""
    owner = world.owner()
    for _ in range(8):
        world.begun(owner)
        world.clock.move(MINUTE)
    new, number, _ = world.begun(owner)
    world.clock.move(MINUTE)
    new.resend_code(number).expect(202)
    world.clock.move(MINUTE)
    mails, before = len(world.mails), world.items()
    asked = world.phone().request_restore("ada", owner.restore_code)
    asked.expect(429, "too_many_requests")
    assert asked.header("Retry-After") == str(50 * MINUTE)
    new.resend_code(number).expect(429, "too_many_requests")
    assert (len(world.mails), world.items()) == (mails, before)
    new.complete(number, world.mailed_code(owner.address)).expect(201)


def test_an_hour_later_a_restoration_is_mailed_again(world: World) -> None:
    """And a new code has a limit of its own."""
    owner = world.owner()
    world.redeploy(RestorationMailsPerHour="1")
    world.begun(owner)
    world.clock.move(HOUR - 1)
    world.phone().request_restore("ada", owner.restore_code).expect(429, "too_many_requests")
    saved = world.save()
    fresh = owner.phone.enable().expect(201)["restore_code"]
    world.phone().request_restore("ada", fresh).expect(202)
    world.go_back(saved)
    world.clock.move(1)
    world.phone().request_restore("ada", owner.restore_code).expect(202)


def test_no_failure_of_a_stranger_limits_a_paired_device(world: World) -> None:
    """B6: with every limit reached from the owner's own network, the owner's phone does all that it could."""
    owner = world.owner()
    world.redeploy(WrongCodesPerSource="2", WrongCodesInARow="2", WrongEmailCodesPerDay="1")
    new, number, code = world.begun(owner)
    new.complete(number, other_digits(code)).expect(403, "wrong_code")
    for _ in range(2):
        world.phone().request_restore("ada", made_up_code(selector(owner.restore_code)))
    world.phone().request_restore("ada", owner.restore_code).expect(429, "too_many_requests")
    owner.phone.sign_in().expect(201)
    owner.phone.show().expect(200)
    owner.phone.veto(number).expect(204)
    owner.phone.enable().expect(201)
    owner.phone.disable().expect(204)


def test_counters_are_the_dustmans_once_their_window_is_over(world: World) -> None:
    """They carry the TTL attribute that the template names, later than the window they count."""
    world.owner()
    world.phone().request_restore("ada", made_up_code()).expect(403, "restore_refused")
    counters = {key: item for key, item in world.items().items() if key[0].startswith("SRC#")}
    assert len(counters) == 3
    assert all(int(item["ttl"]["N"]) > world.clock.now for item in counters.values())
    assert not [item for key, item in world.items(counters=False).items() if "ttl" in item]
