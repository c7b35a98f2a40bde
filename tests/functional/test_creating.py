"""`POST /v1/identities`, and what its repeats are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.phone import Key, is_well_formed
from tests.functional.clerks import set_policy
from tests.functional.world import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.functional.world import World


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_a_new_identity_has_its_device_and_no_restore(world: World, kind: str) -> None:
    """S1: restore is opt-in. Both kinds of key."""
    phone = world.phone(name="Ada's phone", platform="android", kind=kind, verification_kind=kind)
    made = phone.create("Ada").expect(201)
    assert made == {
        "identity": "ada",
        "device": {
            "id": phone.id,
            "name": "Ada's phone",
            "platform": "android",
            "paired_at": "2026-11-18T11:10:00Z",
            "last_seen_at": "2026-11-18T11:10:00Z",
            "paired_by": "creation",
            "held_until": None,
            "verification": True,
            "this_device": True,
        },
        "restore": {
            "status": "off",
            "code_label": None,
            "enabled_at": None,
            "last_proven_at": None,
            "code_kept": False,
        },
        "email_pending": None,
    }
    assert not world.mails
    assert [row["type"] for row in world.events("ada")] == ["identity.created"]


def test_a_creation_with_an_address_mails_its_code(world: World) -> None:
    """S5, N3: the address counts only once it is confirmed."""
    made = world.phone().create("ada", "Ada@Example.COM").expect(201)
    assert made["email_pending"] == {
        "email_hint": "A***@example.com",
        "expires_at": "2026-11-18T11:20:00Z",
        "attempts_left": 5,
        "resends_left": 3,
    }
    (mail,) = world.mails
    assert mail.to == "Ada@example.com"
    assert len(mail.codes) == 1


def test_a_taken_name_is_refused_whatever_its_case(world: World) -> None:
    """Somebody else's key: 409, and nothing changes but the count."""
    world.phone().create("ada").expect(201)
    before = world.items(counters=False)
    world.phone().create("ADA", "eve@example.com").expect(409, "identity_taken")
    world.phone().create("ada").expect(409, "identity_taken")
    assert world.items(counters=False) == before
    assert not world.mails


def test_a_repeat_of_a_creation_returns_the_device_again(world: World) -> None:
    """The answer was lost: the same body with a fresh signature is 200, and writes nothing but its nonce."""
    phone = world.phone()
    first = phone.create("ada", "ada@example.com").expect(201)
    before = world.item("ada", "R")
    assert phone.create("ada", "ada@example.com").expect(200) == first
    assert world.item("ada", "R") == before
    assert len(world.mails) == 1


@pytest.mark.parametrize(
    ("fields", "email", "refusal"),
    [
        ({"enforce_on_creation": True}, None, (409, "email_required")),
        ({"enforce_on_creation": True}, "ada@example.com", None),
        ({"enforce_on_creation": True, "restore_enabled": False}, "ada@example.com", (403, "not_allowed")),
        ({"email_domains": ["company.example"]}, "ada@example.com", (403, "not_allowed")),
    ],
)
def test_a_repeat_is_not_judged_by_what_policy_wants_by_now(
    world: World, fields: dict[str, object], email: str | None, refusal: tuple[int, str] | None
) -> None:
    """The outcome stays what it was, and is counted as no creation; anybody else is refused, and counted."""
    phone = world.phone()
    first = phone.create("ada", email).expect(201)
    set_policy(world, **fields)
    before, counted, mails = world.items(), world.count("creations"), len(world.mails)
    again = phone.create("ada", email).expect(200)
    assert (again["device"], again["restore"]) == (first["device"], first["restore"])
    assert world.count("creations") == counted
    assert {key for key, item in world.items().items() if before.get(key) != item} == {("ID#ada", "I")}
    assert len(world.mails) == mails
    world.phone().create("ada", email).expect(*(refusal or (409, "identity_taken")))
    assert world.count("creations") != counted


def test_a_repeat_needs_no_key_that_was_not_needed_then(world: World) -> None:
    """A device made while policy let it be without verification key is told so again; a new one is 422."""
    world.redeploy(RequireVerificationKey="false")
    phone = world.phone(verification_kind=None)
    phone.create("ada").expect(201)
    set_policy(world, require_verification_key=True)
    counted = world.count("creations")
    phone.create("ada").expect(200)
    world.phone(verification_kind=None).create("ada").expect(422, "invalid")
    assert world.count("creations") == counted


def test_a_repeat_by_a_device_unpaired_since_binds_nothing(world: World) -> None:
    """A device that is gone is never bound again by a repeat."""
    owner = world.owner()
    other = world.restored(owner).phone
    world.clock.move(25 * HOUR)
    other.unpair(owner.phone.id).expect(204)
    owner.phone.create("ada").expect(401, "not_paired")


def test_a_repeat_needs_the_verification_key_that_the_device_has(world: World) -> None:
    """A repeat with another verification key is no repeat."""
    phone = world.phone()
    phone.create("ada").expect(201)
    phone.verification = Key.generate()
    before = world.items(counters=False)
    phone.create("ada").expect(401, "signature_invalid")
    assert world.items(counters=False) == before


def test_policy_can_require_restore_from_the_start(world: World) -> None:
    """S14: with `enforce_on_creation` the code comes with the identity, and an address is obligatory."""
    world.redeploy(EnforceOnCreation="true")
    world.phone().create("ada").expect(409, "email_required")
    assert not world.items(counters=False)
    phone = world.phone()
    made = phone.create("ada", "ada@example.com").expect(201)
    assert is_well_formed(made["restore_code"])
    assert made["restore"]["status"] == "awaiting_email"
    assert made["restore"]["code_label"] == made["code_label"]
    assert made["qr"]["uri"].endswith(f"/restore#i=ada&c={made['restore_code'].replace('-', '')}")
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    new = world.phone()
    new.request_restore("ada", made["restore_code"]).expect(202)


def test_a_repeat_within_ten_minutes_makes_a_fresh_code(world: World) -> None:
    """A code is shown once: the repeat gets another, the lost one is dead, and the owner hears of it (N2)."""
    world.redeploy(EnforceOnCreation="true")
    phone = world.phone()
    lost = phone.create("ada", "ada@example.com").expect(201)
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    world.deliver()
    world.clock.move(10 * MINUTE - 1)
    fresh = phone.create("ada", "ada@example.com").expect(200)
    assert fresh["restore_code"] != lost["restore_code"]
    assert fresh["code_label"] != lost["code_label"]
    assert [mail.subject for mail in world.deliver()] == ["Your restore code was replaced"]
    world.phone().request_restore("ada", lost["restore_code"]).expect(403, "restore_refused")
    world.phone().request_restore("ada", fresh["restore_code"]).expect(202)


def test_a_repeat_later_answers_without_a_code(world: World) -> None:
    """Ten minutes on, the code stays what it is and is not told again."""
    world.redeploy(EnforceOnCreation="true")
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    world.clock.move(10 * MINUTE)
    assert "restore_code" not in phone.create("ada", "ada@example.com").expect(200)


def test_a_repeat_after_a_newer_code_leaves_that_in_force(world: World) -> None:
    """A fresh code takes the place of the one that the creation made, never of a later one."""
    world.redeploy(EnforceOnCreation="true")
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    newer = phone.enable().expect(201)
    assert "restore_code" not in phone.create("ada", "ada@example.com").expect(200)
    world.phone().request_restore("ada", newer["restore_code"]).expect(202)


def test_a_device_without_verification_key_is_refused_by_default(world: World) -> None:
    """S4: policy `require_verification_key` is on."""
    world.phone(verification_kind=None).create("ada").expect(422, "invalid")
    assert not world.items(counters=False)


def test_policy_may_let_a_device_have_no_verification_key(world: World) -> None:
    """Where it is off, the device key counts for both."""
    world.redeploy(RequireVerificationKey="false")
    phone = world.phone(verification_kind=None)
    assert phone.create("ada").expect(201)["device"]["verification"] is False
    phone.enable("ada@example.com").expect(201)


def test_policy_names_the_domains_of_addresses(world: World) -> None:
    """`email_domains`: an address of another domain is 403, and says which field forbids it."""
    world.redeploy(EmailDomains="example.com,example.org")
    refused = world.phone().create("ada", "ada@example.net").expect(403, "not_allowed")
    assert refused["policy"] == "email_domains"
    assert not world.items(counters=False)
    world.phone().create("ada", "ada@EXAMPLE.org").expect(201)


def test_creations_are_limited_for_one_source_refused_ones_included(world: World) -> None:
    """ASVS 2.4.1: 10 an hour; 201, 409 and 403 count, what is malformed or unsigned does not."""
    world.redeploy(EmailDomains="example.com")
    world.phone().create("ada").expect(201)
    for _ in range(8):
        world.phone().create("ada").expect(409, "identity_taken")
    world.phone().create("bob", "bob@example.net").expect(403, "not_allowed")
    world.phone().create("x").expect(422, "invalid")
    before = world.items(counters=False)
    for name, address in (("bob", None), ("bob", "bob@example.com"), ("ada", None), ("bob", "bob@example.net")):
        answer = world.phone().create(name, address)
        answer.expect(429, "too_many_requests")
        assert answer.header("Retry-After") == str(50 * MINUTE)
    assert world.items(counters=False) == before
    assert not world.mails
    world.phone(at="198.51.100.8").create("bob").expect(201)
    world.clock.move(50 * MINUTE)
    world.phone().create("eve").expect(201)


def test_ten_creations_pass_and_the_eleventh_does_not(world: World) -> None:
    """The edge of the limit; an IPv6 source counts as its /64."""
    for number in range(10):
        world.phone(at=f"2001:db8::{number + 1:x}").create(f"ada-{number}").expect(201)
    world.phone(at="2001:db8::ffff:1:2:3").create("eve").expect(429, "too_many_requests")
    world.phone(at="2001:db8:0:1::1").create("eve").expect(201)


def test_a_creation_by_a_key_that_did_not_sign_is_refused(world: World) -> None:
    """Who brings a key proves that it is theirs, the verification key included."""
    phone, other = world.phone(), world.phone()
    stranger = {**phone.device, "public_key": other.id}
    world.send(phone.prepare("POST", "/v1/identities", {"identity": "ada", "device": stranger}, verified=True)).expect(
        401, "signature_invalid"
    )
    assert other.verification is not None
    unproved = {**phone.device, "verification_key": other.verification.public}
    world.send(phone.prepare("POST", "/v1/identities", {"identity": "ada", "device": unproved}, verified=True)).expect(
        401, "signature_invalid"
    )
    world.send(phone.prepare("POST", "/v1/identities", {"identity": "ada", "device": phone.device})).expect(
        401, "signature_invalid"
    )
    assert not world.items()


def test_a_verification_key_equal_to_the_device_key_proves_nothing(world: World) -> None:
    """422, before anything is looked up."""
    phone = world.phone()
    phone.verification = phone.key
    phone.create("ada").expect(422, "invalid")
    assert not world.items()


def test_several_identities_live_beside_each_other(world: World) -> None:
    """S13: one phone, several identities, each with keys of its own; ASVS 8.2: neither reaches into the other."""
    ada, bob = world.owner("ada"), world.owner("bob")
    assert ada.phone.show().expect(200)["identity"] == "ada"
    ada.phone.identity = "bob"
    ada.phone.show().expect(401, "not_paired")
    ada.phone.enable().expect(401, "not_paired")
    ada.phone.unpair(bob.phone.id).expect(401, "not_paired")
    ada.phone.identity = "ada"
    ada.phone.unpair(bob.phone.id).expect(404, "not_found")
