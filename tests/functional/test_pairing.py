"""N6, S19, S20: a QR code on a paired phone's screen binds one other device, once and for minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.phone import Key
from tests.functional.clerks import Clerk, set_policy
from tests.functional.world import ADDRESS, DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.functional.world import Owner, World

SECOND = "ada@second.example"


def offered(owner: Owner) -> tuple[str, str]:
    """An offer's id and its secret."""
    made = owner.phone.offer_pairing().expect(201)
    return made["pairing"]["id"], made["secret"]


def test_a_code_on_the_screen_pairs_another_phone(world: World) -> None:
    """S20, W2, N6: the new phone is bound, the old one sees it, and every address is told, never with the secret."""
    owner = world.owner()
    owner.phone.change_second_email(SECOND).expect(202)
    owner.phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    world.deliver()
    made = owner.phone.offer_pairing().expect(201)
    number, secret = made["pairing"]["id"], made["secret"]
    assert made["pairing"] == {
        "id": number,
        "status": "offered",
        "expires_at": "2026-11-18T11:15:00Z",
        "device": None,
        "poll_seconds": 2,
    }
    assert made["qr"]["uri"] == f"{ADDRESS.url}/pair#i=ada&p={number}&s={secret}"
    assert not world.deliver()
    tablet = world.phone(name="tablet", platform="android")
    bound = tablet.scan("ada", number, secret).expect(201)
    assert bound["device"] == {
        "id": tablet.id,
        "name": "tablet",
        "platform": "android",
        "paired_at": "2026-11-18T11:10:00Z",
        "last_seen_at": "2026-11-18T11:10:00Z",
        "paired_by": "pairing",
        "held_until": "2026-11-19T11:10:00Z",
        "verification": True,
        "this_device": True,
    }
    shown = owner.phone.pairing(number).expect(200)["pairing"]
    assert (shown["status"], shown["device"]["id"], shown["poll_seconds"]) == ("used", tablet.id, None)
    told = world.deliver()
    assert sorted(mail.to for mail in told) == [owner.address, SECOND]
    assert all("tablet" in mail.text and len(mail.tokens) == 1 for mail in told)
    assert not [mail for mail in world.mails if secret in mail.text]
    tablet.sign_in().expect(201)
    owner.phone.sign_in().expect(201)


def test_secrets_have_128_bits_and_no_two_are_alike(world: World) -> None:
    """N6 (at least 112 bits), ASVS 11.5.1: neither secret nor id tells anything of another."""
    owner = world.owner()
    said = [one for _ in range(20) for one in offered(owner)]
    assert len(set(said)) == 40
    assert {len(one) for one in said} == {22}
    assert max(len({one[place] for one in said}) for place in range(20)) > 10


@pytest.mark.parametrize("seconds", [299, 300])
def test_an_offer_lives_five_minutes(world: World, seconds: int) -> None:
    """N6 (at most ten): good a second before its end, over from the very second on, and its phone sees that."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    world.clock.move(seconds)
    if seconds < 300:
        assert owner.phone.pairing(number).expect(200)["pairing"]["status"] == "offered"
        new.scan("ada", number, secret).expect(201)
        return
    shown = owner.phone.pairing(number).expect(200)["pairing"]
    assert (shown["status"], shown["device"], shown["poll_seconds"]) == ("expired", None, None)
    before = world.items()
    new.scan("ada", number, secret).expect(410, "expired")
    owner.phone.cancel_pairing(number).expect(410, "expired")
    assert owner.phone.pairing(number).expect(200)["pairing"] == shown
    assert world.items() == before
    assert len(owner.phone.show().expect(200)["devices"]) == 1


def test_a_secret_works_once(world: World) -> None:
    """N6: whoever has photographed the screen comes too late; nothing changes."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    new.scan("ada", number, secret).expect(201)
    before = world.items()
    thief = world.phone()
    thief.scan("ada", number, secret).expect(410, "used")
    assert world.items() == before
    thief.identity = "ada"
    thief.sign_in().expect(401, "not_paired")
    assert owner.phone.pairing(number).expect(200)["pairing"]["device"]["id"] == new.id


def test_without_the_secret_an_offer_does_not_exist(world: World) -> None:
    """ASVS 6.3.8: a wrong secret, another offer's, an unknown offer or identity: one answer, and nothing changes."""
    owner = world.owner()
    world.owner("bob")
    number, secret = offered(owner)
    _, other = offered(owner)
    new = world.phone()
    before = world.items()
    answers = [
        new.scan("ada", number, "A" * 22),
        new.scan("ada", number, secret[:-1]),
        new.scan("ada", number, other),
        new.scan("ada", "x" * 22, secret),
        new.scan("bob", number, secret),
        new.scan("nobody", number, secret),
    ]
    for answer in answers:
        answer.expect(401, "not_paired")
    assert len({answer.body for answer in answers}) == 1
    assert world.items() == before
    new.scan("ada", number, secret).expect(201)


def test_a_wrong_secret_is_not_told_of_an_ended_offer(world: World) -> None:
    """The reason why it is over is for whoever has the secret."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    owner.phone.cancel_pairing(number).expect(204)
    new.scan("ada", number, "A" * 22).expect(401, "not_paired")
    new.scan("ada", number, secret).expect(410, "cancelled")


def test_the_keys_in_the_body_sign(world: World) -> None:
    """Possession is proved: keys that did not sign are `signature_invalid`, and the offer is still good."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    path = f"/v1/identities/ada/pairings/{number}/completion"
    before = world.items()
    body = {"secret": secret, "device": new.device}
    new.act("POST", path, body).expect(401, "signature_invalid")
    for brought in ("public_key", "verification_key"):
        another = {**new.device, brought: Key.generate().public}
        new.act("POST", path, {"secret": secret, "device": another}, verified=True).expect(401, "signature_invalid")
    assert world.items() == before
    new.act("POST", path, body, verified=True).expect(201)


def test_restore_has_to_be_enabled(world: World) -> None:
    """S19: 409 while it is off, while its address awaits confirmation, and while it is barred."""
    phone = world.phone()
    phone.create("ada").expect(201)
    phone.offer_pairing().expect(409, "restore_not_enabled")
    phone.enable("ada@example.com").expect(201)
    phone.offer_pairing().expect(409, "restore_not_enabled")
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    phone.offer_pairing().expect(201)
    Clerk(world, "helpdesk").act("ada", "restore/barring").expect(204)
    phone.offer_pairing().expect(409, "restore_not_enabled")


@pytest.mark.parametrize("how", ["by its act", "by its state alone"])
def test_barring_ends_an_offer(world: World, how: str) -> None:
    """W6: nobody is paired while restore is barred; the act ends offers, the completion looks at the bar, too."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    if how == "by its act":
        Clerk(world, "helpdesk").act("ada", "restore/barring").expect(204)
        assert owner.phone.pairing(number).expect(200)["pairing"]["status"] == "cancelled"
    else:
        world.set("ada", "R", barred=True)
    before = world.items()
    new.scan("ada", number, secret).expect(410, "cancelled")
    assert world.items() == before


def test_policy_forbids_pairing(world: World) -> None:
    """S14: 403 with the field for the offer and for the completion of one from before; the secret is not spent."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    world.redeploy(PairingEnabled="false")
    before = world.items()
    assert owner.phone.offer_pairing().expect(403, "not_allowed")["policy"] == "pairing_enabled"
    assert new.scan("ada", number, secret).expect(403, "not_allowed")["policy"] == "pairing_enabled"
    assert world.items() == before
    world.redeploy(PairingEnabled="true")
    new.scan("ada", number, secret).expect(201)


def test_paired_devices_see_and_cancel_an_offer_and_nobody_else(world: World) -> None:
    """ASVS 8.2: any device of the identity; strangers, somebody else's and unpaired ones get one answer."""
    owner, bob = world.owner(), world.owner("bob")
    tablet = world.restored(owner, name="tablet").phone
    gone = world.restored(world.owner_of(tablet, owner), name="gone").phone
    owner.phone.unpair(gone.id).expect(204)
    owner.phone.enable().expect(201)
    number, secret = offered(owner)
    bob.phone.identity = "ada"
    before = world.items()
    answers = [
        act
        for phone in (bob.phone, gone, world.phone(identity="ada"), world.phone(identity="nobody"))
        for act in (phone.pairing(number), phone.cancel_pairing(number))
    ]
    for answer in answers:
        answer.expect(401, "not_paired")
    assert len({answer.body for answer in answers}) == 1
    assert world.items() == before
    bob.phone.identity = "bob"
    bob.phone.pairing(number).expect(404, "not_found")
    bob.phone.cancel_pairing(number).expect(404, "not_found")
    assert tablet.pairing(number).expect(200)["pairing"]["status"] == "offered"
    tablet.cancel_pairing(number).expect(204)
    assert world.events("ada")[-1]["detail"] == {"pairing": number, "by": "device"}
    assert owner.phone.pairing(number).expect(200)["pairing"]["status"] == "cancelled"
    owner.phone.cancel_pairing(number).expect(204)
    world.phone().scan("ada", number, secret).expect(410, "cancelled")
    owner.phone.pairing("x" * 22).expect(404, "not_found")
    owner.phone.cancel_pairing("x" * 22).expect(404, "not_found")


def test_a_completion_repeated_gives_the_device_again(world: World) -> None:
    """Phones lose answers: 200, nothing new, also after the offer's end; the very bytes are a replay; no mail again."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    request = new.prepare_scan("ada", number, secret)
    first = world.send(request).expect(201)
    world.deliver()
    restore, log = world.item("ada", "R"), world.events("ada")
    world.send(request).expect(401, "signature_replayed")
    for pause in (0, 4 * MINUTE, HOUR):
        world.clock.move(pause)
        assert new.scan("ada", number, secret).expect(200) == first
    assert (world.item("ada", "R"), world.events("ada")) == (restore, log)
    assert not world.deliver()
    owner.phone.cancel_pairing(number).expect(410, "used")


def test_a_device_unpaired_since_is_not_bound_by_a_repeat(world: World) -> None:
    """401 `not_paired`, and with a fresh offer 409 `device_exists`: its key was a device; nothing changes."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    new.scan("ada", number, secret).expect(201)
    owner.phone.unpair(new.id).expect(204)
    before = world.items()
    new.scan("ada", number, secret).expect(401, "not_paired")
    assert world.items() == before
    shown = owner.phone.pairing(number).expect(200)["pairing"]
    assert (shown["status"], shown["device"]["id"]) == ("used", new.id)
    again, secret = offered(owner)
    before = world.items()
    new.scan("ada", again, secret).expect(409, "device_exists")
    assert world.items() == before


def test_an_offer_of_long_ago_is_forgotten(world: World) -> None:
    """What is over says so for thirty days, and does not fill the item: gone then, at the next offer."""
    owner = world.owner()
    number, secret = offered(owner)
    world.clock.move(30 * DAY - 1)
    owner.phone.offer_pairing().expect(201)
    world.phone().scan("ada", number, secret).expect(410, "expired")
    world.clock.move(1)
    owner.phone.offer_pairing().expect(201)
    owner.phone.pairing(number).expect(404, "not_found")
    world.phone().scan("ada", number, secret).expect(401, "not_paired")


def test_a_pairing_is_repeated_however_long_ago_it_was(world: World) -> None:
    """S19: when the offer is forgotten, the device's own record answers; to all others it is an unknown pairing."""
    owner, new = world.owner(), world.phone()
    number, secret = offered(owner)
    first = new.scan("ada", number, secret).expect(201)
    new.scan("ada", number, "A" * len(secret)).expect(401, "not_paired")
    world.clock.move(30 * DAY)
    owner.phone.offer_pairing().expect(201)
    assert number not in world.item("ada", "R")["pairs"]
    assert new.scan("ada", number, secret).expect(200)["device"]["id"] == first["device"]["id"]
    new.scan("ada", "x" * 22, secret).expect(401, "not_paired")
    owner.phone.scan("ada", number, secret).expect(401, "not_paired")
    owner.phone.unpair(new.id).expect(204)
    before = world.items()
    new.scan("ada", number, secret).expect(401, "not_paired")
    assert world.items() == before


def test_a_repeat_is_not_judged_by_what_policy_wants_by_now(world: World) -> None:
    """A phone without verification key, bound while policy let it be, is told so still; a new one is refused."""
    world.redeploy(RequireVerificationKey="false")
    owner, new = world.owner(), world.phone(verification_kind=None)
    number, secret = offered(owner)
    new.scan("ada", number, secret).expect(201)
    set_policy(world, require_verification_key=True)
    before = world.item("ada", "R")
    new.scan("ada", number, secret).expect(200)
    assert world.item("ada", "R") == before
    new.scan("ada", number, "A" * len(secret)).expect(401, "not_paired")
    for identity, pairing in (("ada", number), ("ada", "x" * 22), ("nobody", number)):
        world.phone(verification_kind=None).scan(identity, pairing, secret).expect(422, "invalid")
    owner.phone.unpair(new.id).expect(204)
    new.scan("ada", number, secret).expect(401, "not_paired")
