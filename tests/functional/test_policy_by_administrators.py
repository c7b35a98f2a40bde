"""Policy as administrators set it: read and written whole over a version, tried first, and honoured by every act."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

from restore.policy import Policy
from tests.functional.clerks import OFFICE, POLICY_SECONDS, Clerk, meanwhile, set_policy
from tests.functional.nights import Nights
from tests.functional.world import DAY, HOUR, ROOT, Owner

if TYPE_CHECKING:
    from local.phone import Answer
    from tests.functional.world import World, WorldPhone

DEFAULT: Final[dict[str, Any]] = {
    "restore_enabled": True,
    "enforce_on_creation": False,
    "unpair_others_on_restore": False,
    "unpair_others_on_pairing": False,
    "pairing_enabled": True,
    "keep_sealed_codes": False,
    "two_person_approval": False,
    "require_verification_key": True,
    "prompt_at_sign_in": 6,
    "max_devices": 10,
    "waiting_hours": 0,
    "hold_hours": 24,
    "email_domains": None,
}
"""The contract's policy and its defaults."""
OTHER: Final[dict[str, Any]] = {
    "restore_enabled": False,
    "enforce_on_creation": True,
    "unpair_others_on_restore": True,
    "unpair_others_on_pairing": True,
    "pairing_enabled": False,
    "keep_sealed_codes": True,
    "two_person_approval": True,
    "require_verification_key": False,
    "prompt_at_sign_in": 1,
    "max_devices": 3,
    "waiting_hours": 720,
    "hold_hours": 0,
    "email_domains": ["example.com", "company.example"],
}
"""Another value of each."""
NOT_BOOLEAN: Final[tuple[Any, ...]] = ("true", 1, 0, None, [], {})
NOT_NUMBERS: Final[tuple[Any, ...]] = ("6", 1.5, None, True, [], -1)
BAD: Final[dict[str, tuple[Any, ...]]] = {
    **{name: NOT_BOOLEAN for name, value in DEFAULT.items() if isinstance(value, bool)},
    "prompt_at_sign_in": (*NOT_NUMBERS, 0, 1001),
    "max_devices": (*NOT_NUMBERS, 0, 11),
    "waiting_hours": (*NOT_NUMBERS, 721),
    "hold_hours": (*NOT_NUMBERS, 721),
    "email_domains": (
        [],
        "example.com",
        [7],
        [None],
        ["example"],
        [".example.com"],
        ["exa_mple.com"],
        ["example.com "],
        ["@example.com"],
        ["example.com."],
        ["bücher.example"],
        ["example.com,example.org"],
        ["example.com"] * 101,
        True,
        {},
    ),
}


@pytest.fixture
def admin(world: World) -> Clerk:
    """Who sets policy."""
    return Clerk(world, "admin", sub="boss")


def put(admin: Clerk, if_match: str | None = '"0"', **fields: Any) -> Answer:
    """The default policy with some fields changed."""
    return admin.call("PUT", "/policy", {**DEFAULT, **fields}, if_match=if_match)


# Reading and writing --------------------------------------------------------------------------------------------------


def test_the_policy_and_its_version(world: World, admin: Clerk) -> None:
    """The whole policy, flat, with its version, which is also its ETag; written whole, it is the next version."""
    shown = Clerk(world, "auditor").call("GET", "/policy")
    assert shown.expect(200) == {**DEFAULT, "version": 0}
    assert shown.header("ETag") == '"0"'
    answer = admin.call("PUT", "/policy", OTHER, if_match='"0"')
    assert answer.expect(200) == {**OTHER, "version": 1}
    assert answer.header("ETag") == '"1"'
    shown = Clerk(world, "auditor").call("GET", "/policy")
    assert shown.expect(200) == {**OTHER, "version": 1}
    assert shown.header("ETag") == '"1"'


def test_the_templates_parameters_are_the_first_policy(world: World, admin: Clerk) -> None:
    """Until one is stored; from then on what is stored holds, whatever a later deployment's parameters say."""
    world.redeploy(MaxDevices="4", EmailDomains="example.com")
    first = {**DEFAULT, "max_devices": 4, "email_domains": ["example.com"]}
    assert admin.call("GET", "/policy").expect(200) == {**first, "version": 0}
    put(admin, **{**first, "waiting_hours": 1}).expect(200)
    world.redeploy(MaxDevices="9", EmailDomains="")
    assert admin.call("GET", "/policy").expect(200) == {**first, "waiting_hours": 1, "version": 1}


@pytest.mark.parametrize("if_match", ["*", 'W/"0"', "0", '"00"', '"1"', '""', '"0', "'0'", '"1", W/"0"', '"0 "'])
def test_a_version_that_does_not_fit(world: World, admin: Clerk, if_match: str) -> None:
    """412 `stale`: RFC 9110 compares strongly, and `*` would change what nobody has read."""
    put(admin, if_match, max_devices=3).expect(412, "stale")
    assert admin.call("GET", "/policy").expect(200) == {**DEFAULT, "version": 0}
    assert ("POLICY", "V") not in world.items()


def test_without_a_version(world: World, admin: Clerk) -> None:
    """428 `if_match_required`; an empty one is none."""
    for if_match in (None, ""):
        put(admin, if_match, max_devices=3).expect(428, "if_match_required")
    assert ("POLICY", "V") not in world.items()


@pytest.mark.parametrize("if_match", ['"0"', '"7", "0"', '"0","1"', ' "0" '])
def test_a_version_that_fits(admin: Clerk, if_match: str) -> None:
    """One tag, or one of a list."""
    assert put(admin, if_match, max_devices=3).expect(200)["version"] == 1


def test_an_older_version_never_fits_again(admin: Clerk) -> None:
    """Not even where the policy is the same as it was then."""
    put(admin, '"0"', max_devices=3).expect(200)
    put(admin, '"1"').expect(200)
    put(admin, '"0"', max_devices=3).expect(412, "stale")
    assert admin.call("GET", "/policy").expect(200) == {**DEFAULT, "version": 2}


def test_two_set_it_at_once(world: World, admin: Clerk) -> None:
    """ASVS 15.4.2: over one version one change is made; the other hears that it was stale."""
    other = Clerk(world, "admin", sub="other")
    with meanwhile(lambda: put(other, max_devices=3).expect(200)):
        put(admin, max_devices=4).expect(412, "stale")
    assert admin.call("GET", "/policy").expect(200) == {**DEFAULT, "max_devices": 3, "version": 1}


@pytest.mark.parametrize("field", DEFAULT)
def test_each_field_is_validated(world: World, admin: Clerk, field: str) -> None:
    """422 names the field; nothing is coerced, nothing is set by being left out, and nothing changes."""
    for value in BAD[field]:
        answer = put(admin, **{field: value})
        assert (answer.status, answer.code) == (422, "invalid"), value
        assert answer.document["errors"][0]["field"].partition(".")[0] == field, value
        world.clock.move(HOUR / 25)
    rest = {name: value for name, value in DEFAULT.items() if name != field}
    answer = admin.call("PUT", "/policy", rest, if_match='"0"')
    answer.expect(422, "invalid")
    assert [error["field"] for error in answer.document["errors"]] == [field]
    assert ("POLICY", "V") not in world.items()


def test_the_bounds_of_numbers(world: World, admin: Clerk) -> None:
    """The least and the most of each are taken."""
    least = {"prompt_at_sign_in": 1, "max_devices": 1, "waiting_hours": 0, "hold_hours": 0}
    most = {"prompt_at_sign_in": 1000, "max_devices": 10, "waiting_hours": 720, "hold_hours": 720}
    for version, numbers in enumerate((least, most)):
        shown = admin.call("PUT", "/policy", {**DEFAULT, **numbers}, if_match=f'"{version}"').expect(200)
        assert {name: shown[name] for name in numbers} == numbers
    world.phone().discover().expect(200)


def test_domains_are_kept_in_lower_case(admin: Clerk) -> None:
    """As they stand in addresses."""
    assert put(admin, email_domains=["Example.COM"]).expect(200)["email_domains"] == ["example.com"]


@pytest.mark.parametrize("member", ["version", "Max_Devices", "hold_seconds", "two_people"])
def test_a_field_that_there_is_not(world: World, admin: Clerk, member: str) -> None:
    """422: PUT is without the version, and a misspelt field must not pass for a setting."""
    answer = admin.call("PUT", "/policy", {**DEFAULT, member: 1}, if_match='"0"')
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == member
    assert ("POLICY", "V") not in world.items()


def test_who_changed_what(world: World, admin: Clerk) -> None:
    """B4, ASVS 16.3.4: the log has each field that changed, from what to what, who did it and from where."""
    put(admin, max_devices=3, email_domains=["example.com"]).expect(200)
    (row,) = [row for row in world.events("#administration") if row["type"] == "policy.changed"]
    assert row["source"] == OFFICE
    assert row["detail"] == {
        "administrator": "boss",
        "name": "boss@company.example",
        "changed": {
            "max_devices": {"from": 10, "to": 3},
            "email_domains": {"from": None, "to": ["example.com"]},
        },
        "version": 1,
    }


def test_the_same_policy_again(world: World, admin: Clerk) -> None:
    """200 with the version that it has: nothing is written, and nothing is told."""
    put(admin, max_devices=3).expect(200)
    rows = len(world.events("#administration"))
    assert put(admin, '"1"', max_devices=3).expect(200)["version"] == 1
    assert len(world.events("#administration")) == rows


def test_in_force_within_half_a_minute(world: World, admin: Clerk) -> None:
    """The contract: also in a function that has just read the one before."""
    owner = world.owner()
    owner.phone.offer_pairing().expect(201)
    put(admin, pairing_enabled=False).expect(200)
    world.clock.move(POLICY_SECONDS)
    owner.phone.offer_pairing().expect(403, "not_allowed")


# Trying it first ------------------------------------------------------------------------------------------------------


def town(world: World, nights: Nights) -> None:
    """Six people who stand differently, counted."""
    world.owner("ada")
    world.restored(world.owner("bea"), name="tablet")
    world.phone().create("carl").expect(201)
    phone = world.phone()
    phone.create("dora", "dora@example.com").expect(201)
    phone.enable().expect(201)
    barred = world.owner("emil")
    Clerk(world, "helpdesk").act(barred.identity, "restore/barring").expect(204)
    set_policy(world, require_verification_key=False).expect(200)
    world.owner("fred", verification_kind=None)
    set_policy(world, require_verification_key=True).expect(200)
    nights.settle()


TRIALS: Final[tuple[tuple[dict[str, Any], int, int], ...]] = (
    ({}, 0, 1),  # fred's phone has no verification key
    ({"require_verification_key": False}, 0, 0),
    ({"restore_enabled": False}, 3, 1),  # ada, bea and fred could be restored
    ({"enforce_on_creation": True}, 0, 3),  # carl is off, dora awaits her address
    ({"enforce_on_creation": True, "restore_enabled": False}, 3, 1),
    ({"max_devices": 1}, 0, 2),  # bea has two
    ({"max_devices": 2}, 0, 1),
    ({"max_devices": 1, "enforce_on_creation": True, "require_verification_key": False}, 0, 3),
)


def test_trying_a_policy(world: World, admin: Clerk) -> None:
    """B12: how many could not be restored any more, and how many would have to change something; nothing changes."""
    with Nights(world).awake() as nights:
        town(world, nights)
        before = world.items()
        for fields, locked_out, obliged in TRIALS:
            answer = admin.call("PUT", "/policy?dry_run=true", {**DEFAULT, **fields})
            assert answer.expect(200) == {"locked_out": locked_out, "obliged": obliged}, fields
        assert world.items() == before
        put(admin, '"2"', restore_enabled=False).expect(200)
        answer = admin.call("PUT", "/policy?dry_run=true", {**DEFAULT, "restore_enabled": False})
        assert answer.expect(200)["locked_out"] == 0  # they are already


def test_a_trial_is_held_to_what_a_change_is(world: World, admin: Clerk) -> None:
    """Role, body and a version that is named; what it is asked for without, it does without."""
    admin.call("PUT", "/policy?dry_run=true", {**DEFAULT, "max_devices": 0}).expect(422, "invalid")
    admin.call("PUT", "/policy?dry_run=true", DEFAULT, if_match='"7"').expect(412, "stale")
    admin.call("PUT", "/policy?dry_run=true", DEFAULT, if_match='"0"').expect(200)
    admin.call("PUT", "/policy?dryrun=true", OTHER, if_match='"0"').expect(422, "invalid")
    admin.call("PUT", "/policy?dry_run=maybe", OTHER, if_match='"0"').expect(422, "invalid")
    admin.call("PUT", "/policy?dry_run=true&dry_run=true", OTHER, if_match='"0"').expect(422, "invalid")
    Clerk(world, "helpdesk").call("PUT", "/policy?dry_run=true", DEFAULT).expect(403, "not_allowed")
    assert admin.call("GET", "/policy").expect(200) == {**DEFAULT, "version": 0}
    admin.call("PUT", "/policy?dry_run=false", OTHER, if_match='"0"').expect(200)


# Its effect -----------------------------------------------------------------------------------------------------------

Scenario = Callable[["World"], None]
EFFECTS: Final[dict[tuple[str, str], Scenario]] = {}
"""By field and act: that the act honours the field, as an administrator has set it."""


def honours(field: str, *acts: str) -> Callable[[Scenario], Scenario]:
    """Enter a row for each of these acts (folders below functions/)."""

    def enter(scenario: Scenario) -> Scenario:
        for act in acts:
            assert (field, act) not in EFFECTS
            EFFECTS[field, act] = scenario
        return scenario

    return enter


def created(world: World, identity: str = "bob", **options: Any) -> WorldPhone:
    """A phone with an identity and no address."""
    phone = world.phone(**options)
    phone.create(identity).expect(201)
    return phone


def refused(answer: Answer, field: str) -> None:
    """403, and which field of the policy forbids it."""
    assert answer.expect(403, "not_allowed")["policy"] == field


def paired(world: World, owner: Owner, **options: Any) -> WorldPhone:
    """Another phone, paired by QR code."""
    offer = owner.phone.offer_pairing().expect(201)
    phone = world.phone(**options)
    phone.scan(owner.identity, offer["pairing"]["id"], offer["secret"]).expect(201)
    return phone


@honours("restore_enabled", "enable_restore")
def nobody_enables(world: World) -> None:
    """W6."""
    owner, bob = world.owner(), created(world)
    set_policy(world, restore_enabled=False).expect(200)
    refused(owner.phone.enable(), "restore_enabled")
    refused(bob.enable("bob@example.com"), "restore_enabled")
    set_policy(world, restore_enabled=True).expect(200)
    bob.enable("bob@example.com").expect(201)


@honours("restore_enabled", "create_identity")
def nobody_is_created_with_restore(world: World) -> None:
    """What is enforced cannot be had."""
    set_policy(world, restore_enabled=False, enforce_on_creation=True).expect(200)
    refused(world.phone().create("bob", "bob@example.com"), "restore_enabled")
    set_policy(world, enforce_on_creation=False).expect(200)
    world.phone().create("bob", "bob@example.com").expect(201)


@honours("restore_enabled", "request_restore")
def nobody_asks(world: World) -> None:
    """S14, and byte for byte what a stranger is told."""
    owner = world.owner()
    set_policy(world, restore_enabled=False).expect(200)
    answer = world.phone().request_restore("ada", owner.restore_code)
    answer.expect(403, "restore_refused")
    assert answer.body == world.phone().request_restore("nobody", owner.restore_code).body
    assert not world.item("ada", "R").get("rst")
    set_policy(world, restore_enabled=True).expect(200)
    world.phone().request_restore("ada", owner.restore_code).expect(202)


@honours("restore_enabled", "complete_restore")
def nobody_completes(world: World) -> None:
    """What was begun before, and what has waited, too; it costs no attempt."""
    owner = world.owner()
    new, number, code = world.begun(owner)
    waiting, other, code_of_other = world.begun(owner)
    set_policy(world, waiting_hours=1).expect(200)
    waiting.complete(other, code_of_other).expect(202)
    set_policy(world, restore_enabled=False).expect(200)
    refused(new.complete(number, code), "restore_enabled")
    world.clock.move(HOUR)
    refused(waiting.complete(other, None), "restore_enabled")
    set_policy(world, restore_enabled=True).expect(200)
    waiting.complete(other, None).expect(201)


@honours("restore_enabled", "sign_in", "show_identity")
def nobody_is_prompted_for_what_is_forbidden(world: World) -> None:
    """The app asks for nothing that would be refused."""
    bob = created(world)
    set_policy(world, prompt_at_sign_in=1, restore_enabled=False).expect(200)
    assert bob.sign_in().expect(201)["back_up_prompt"] is False
    assert bob.show().expect(200)["back_up_prompt"] is False
    set_policy(world, restore_enabled=True).expect(200)
    assert bob.sign_in().expect(201)["back_up_prompt"] is True
    assert bob.show().expect(200)["back_up_prompt"] is True


@honours("restore_enabled", "admin/issue_code")
def nobody_issues(world: World) -> None:
    """An administrator neither."""
    world.owner()
    set_policy(world, restore_enabled=False).expect(200)
    refused(Clerk(world, "admin").act("ada", "restore-code/issue", hours=1), "restore_enabled")


@honours("restore_enabled", "admin/look_up")
def nobody_is_ready(world: World) -> None:
    """B9: readiness says what forbids it."""
    world.owner()
    with Nights(world).awake() as nights:
        nights.settle()
    auditor = Clerk(world, "auditor")
    assert auditor.call("GET", "/readiness").expect(200)["restorable"] == 1
    set_policy(world, restore_enabled=False).expect(200)
    shown = auditor.call("GET", "/readiness").expect(200)
    assert (shown["restorable"], shown["forbidden_by_policy"]) == (0, 1)


@honours("enforce_on_creation", "create_identity")
def whoever_comes_has_a_code(world: World) -> None:
    """S14."""
    assert "restore_code" not in world.phone().create("bob", "bob@example.com").expect(201)
    set_policy(world, enforce_on_creation=True).expect(200)
    world.phone().create("carl").expect(409, "email_required")
    made = world.phone().create("carl", "carl@example.com").expect(201)
    assert made["restore_code"]
    assert made["restore"]["status"] == "awaiting_email"


@honours("unpair_others_on_restore", "complete_restore")
def a_restoration_unpairs(world: World) -> None:
    """S14: whatever the new phone says."""
    owner = world.owner()
    set_policy(world, unpair_others_on_restore=True).expect(200)
    new, number, code = world.begun(owner)
    assert new.complete(number, code, "keep").expect(201)["unpaired"] == [owner.phone.id]
    owner.phone.sign_in().expect(401, "not_paired")


@honours("unpair_others_on_pairing", "complete_pairing")
def a_pairing_unpairs(world: World) -> None:
    """S14: one identity, one device."""
    owner = world.owner()
    set_policy(world, unpair_others_on_pairing=True).expect(200)
    paired(world, owner).sign_in().expect(201)
    owner.phone.sign_in().expect(401, "not_paired")


@honours("pairing_enabled", "offer_pairing")
def nobody_offers(world: World) -> None:
    """403 with the field."""
    owner = world.owner()
    set_policy(world, pairing_enabled=False).expect(200)
    refused(owner.phone.offer_pairing(), "pairing_enabled")


@honours("pairing_enabled", "complete_pairing")
def nobody_scans(world: World) -> None:
    """An offer from before, too."""
    owner = world.owner()
    offer = owner.phone.offer_pairing().expect(201)
    set_policy(world, pairing_enabled=False).expect(200)
    new = world.phone()
    refused(new.scan("ada", offer["pairing"]["id"], offer["secret"]), "pairing_enabled")
    set_policy(world, pairing_enabled=True).expect(200)
    new.scan("ada", offer["pairing"]["id"], offer["secret"]).expect(201)


@honours("keep_sealed_codes", "enable_restore", "kept_code")
def codes_are_kept_from_now_on(world: World) -> None:
    """S6, S15: the codes made while it holds, shown while it holds, until they are replaced."""
    owner = world.owner()
    set_policy(world, keep_sealed_codes=True).expect(200)
    owner.phone.show_code().expect(409, "code_not_kept")
    made = owner.phone.enable().expect(201)
    assert made["restore"]["code_kept"] is True
    assert owner.phone.show_code().expect(200)["restore_code"] == made["restore_code"]
    set_policy(world, keep_sealed_codes=False).expect(200)
    owner.phone.show_code().expect(409, "code_not_kept")
    set_policy(world, keep_sealed_codes=True).expect(200)
    assert owner.phone.show_code().expect(200)["restore_code"] == made["restore_code"]
    set_policy(world, keep_sealed_codes=False).expect(200)
    assert owner.phone.enable().expect(201)["restore"]["code_kept"] is False
    owner.phone.show_code().expect(409, "code_not_kept")
    Clerk(world, "admin").act("ada", "restore-code/reveal").expect(409, "code_not_kept")


@honours("keep_sealed_codes", "complete_restore")
def a_restorations_code_is_kept(world: World) -> None:
    """The code that replaces the spent one, and the one that replaces a lost answer."""
    owner = world.owner()
    set_policy(world, keep_sealed_codes=True, hold_hours=0).expect(200)
    new, number, code = world.begun(owner)
    made = new.complete(number, code).expect(201)["restore_code"]
    assert new.show_code().expect(200)["restore_code"] == made
    again = new.complete(number, code).expect(200)["restore_code"]
    assert new.show_code().expect(200)["restore_code"] == again


@honours("keep_sealed_codes", "create_identity")
def a_creations_code_is_kept(world: World) -> None:
    """Where restore is enforced."""
    set_policy(world, keep_sealed_codes=True, enforce_on_creation=True).expect(200)
    phone = world.phone()
    made = phone.create("bob", "bob@example.com").expect(201)
    assert phone.show_code().expect(200)["restore_code"] == made["restore_code"]


@honours("two_person_approval", "kept_code", "admin/issue_code", "admin/unbar_restore", "admin/unpair")
def one_person_only_asks(world: World) -> None:
    """B2: what opens an identity (tests of two people have every other side of it)."""
    set_policy(world, keep_sealed_codes=True).expect(200)
    owner, admin = world.owner(), Clerk(world, "admin")
    set_policy(world, two_person_approval=True).expect(200)
    admin.act("ada", "restore-code/send").expect(202)
    admin.act("ada", "restore-code/reveal").expect(202)
    admin.act("ada", "restore-code/issue", hours=1).expect(202)
    admin.act("ada", f"devices/{owner.phone.id}/unpairing").expect(202)
    admin.act("ada", "restore/barring").expect(204)
    admin.act("ada", "restore/unbarring").expect(202)


@honours("two_person_approval", "admin/set_policy")
def one_person_changes_no_policy(world: World) -> None:
    """B15."""
    set_policy(world, two_person_approval=True).expect(200)
    set_policy(world, two_person_approval=False).expect(202)


@honours("require_verification_key", "create_identity")
def a_creation_without_a_verification_key(world: World) -> None:
    """422 names it; where policy lets a device have none, it has none."""
    bare = world.phone(verification_kind=None)
    answer = bare.create("bob")
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == "device.verification_key"
    set_policy(world, require_verification_key=False).expect(200)
    assert bare.create("bob").expect(201)["device"]["verification"] is False
    set_policy(world, require_verification_key=True).expect(200)
    bare.enable("bob@example.com").expect(201)  # devices paired before stay


@honours("require_verification_key", "complete_restore")
def a_restoration_without_a_verification_key(world: World) -> None:
    """422 before the code is judged, and no attempt is lost."""
    owner = world.owner()
    new, number, code = world.begun(owner, verification_kind=None)
    answer = new.complete(number, code)
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == "verification_key"
    assert new.restoration(number).expect(200)["restoration"]["attempts_left"] == 5
    set_policy(world, require_verification_key=False).expect(200)
    new.complete(number, code).expect(201)


@honours("require_verification_key", "complete_pairing")
def a_pairing_without_a_verification_key(world: World) -> None:
    """422 names it."""
    owner = world.owner()
    offer = owner.phone.offer_pairing().expect(201)
    new = world.phone(verification_kind=None)
    answer = new.scan("ada", offer["pairing"]["id"], offer["secret"])
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == "device.verification_key"
    set_policy(world, require_verification_key=False).expect(200)
    new.scan("ada", offer["pairing"]["id"], offer["secret"]).expect(201)


@honours("require_verification_key", "change_verification_key")
def removing_the_verification_key(world: World) -> None:
    """403 with the field."""
    phone = world.owner().phone
    refused(phone.protect(None), "require_verification_key")
    set_policy(world, require_verification_key=False).expect(200)
    phone.protect(None).expect(204)


@honours("prompt_at_sign_in", "sign_in", "show_identity")
def the_prompt_comes_at_its_sign_in(world: World) -> None:
    """S2, W1: from the sign-in that policy names."""
    bob = created(world)
    set_policy(world, prompt_at_sign_in=3).expect(200)
    assert [bob.sign_in().expect(201)["back_up_prompt"] for _ in range(4)] == [False, False, True, True]
    assert bob.show().expect(200)["back_up_prompt"] is True
    set_policy(world, prompt_at_sign_in=9).expect(200)
    assert bob.show().expect(200)["back_up_prompt"] is False


@honours("max_devices", "complete_restore")
def no_device_too_many_by_restoring(world: World) -> None:
    """409, nothing spent: in the place of the others it is bound."""
    owner = world.owner()
    set_policy(world, max_devices=1).expect(200)
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(409, "limit_reached")
    new.complete(number, code, "unpair").expect(201)


@honours("max_devices", "complete_pairing")
def no_device_too_many_by_pairing(world: World) -> None:
    """409 at the limit, and not below."""
    owner = world.owner()
    set_policy(world, max_devices=2).expect(200)
    paired(world, owner)
    offer = owner.phone.offer_pairing().expect(201)
    world.phone().scan("ada", offer["pairing"]["id"], offer["secret"]).expect(409, "limit_reached")


@honours("waiting_hours", "complete_restore")
def a_restoration_waits(world: World) -> None:
    """B1: so many hours from the proof of the code."""
    owner = world.owner()
    set_policy(world, waiting_hours=2).expect(200)
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)
    world.clock.move(2 * HOUR - 1)
    new.complete(number, None).expect(202)
    world.clock.move(1)
    new.complete(number, None).expect(201)


@honours("hold_hours", "complete_restore")
def a_restored_device_is_held(world: World) -> None:
    """B8: for so long, and not at all where it is 0."""
    owner = world.owner()
    set_policy(world, hold_hours=48).expect(200)
    restored = world.restored(owner)
    world.clock.move(48 * HOUR - 1)
    restored.phone.enable().expect(403, "not_allowed")
    world.clock.move(1)
    restored = world.owner_of(restored.phone, Owner(restored.phone, "", "", owner.address))
    set_policy(world, hold_hours=0).expect(200)
    new, number, code = world.begun(restored)
    assert new.complete(number, code).expect(201)["device"]["held_until"] is None
    new.enable().expect(201)


@honours("hold_hours", "complete_pairing")
def a_paired_device_is_held(world: World) -> None:
    """B8: the same."""
    owner = world.owner()
    set_policy(world, hold_hours=1).expect(200)
    phone = paired(world, owner)
    phone.enable().expect(403, "not_allowed")
    world.clock.move(HOUR)
    phone.enable().expect(201)


@honours("hold_hours", "dispute")
def a_dispute_is_open_as_long_as_the_hold(world: World) -> None:
    """B13: 24 h or the hold, whichever is longer."""
    owner = world.owner()
    world.restored(owner)
    world.deliver()
    token, saved = world.token(owner.address), world.save()
    world.clock.move(DAY)
    world.phone().dispute(token).expect(410)
    set_policy(world, hold_hours=48).expect(200)
    world.phone().dispute(token).expect(200)
    world.go_back(saved)
    set_policy(world, hold_hours=0).expect(200)
    world.clock.move(DAY - POLICY_SECONDS - 1)
    world.phone().dispute(token).expect(200)


@honours("email_domains", "create_identity")
def a_creation_with_another_domain(world: World) -> None:
    """403, and nobody is created; upper case is no way around it, a subdomain neither."""
    set_policy(world, email_domains=["company.example"]).expect(200)
    for address in ("bob@example.com", "bob@sub.company.example", "bob@xcompany.example", "bob@company.example.com"):
        refused(world.phone().create("bob", address), "email_domains")
    world.phone().create("bob", "bob@COMPANY.example").expect(201)


@honours("email_domains", "enable_restore")
def enabling_with_another_domain(world: World) -> None:
    """403."""
    bob = created(world)
    set_policy(world, email_domains=["company.example"]).expect(200)
    refused(bob.enable("bob@example.com"), "email_domains")
    bob.enable("bob@company.example").expect(201)


@honours("email_domains", "change_email", "confirm_email", "resend_confirmation")
def another_domain_for_the_address(world: World) -> None:
    """403 for asking, and for what was asked for before it was excluded."""
    owner = world.owner()
    owner.phone.change_email("ada@other.example").expect(202)
    code = world.mailed_code("ada@other.example")
    set_policy(world, email_domains=["company.example"]).expect(200)
    refused(owner.phone.confirm_email(code), "email_domains")
    world.clock.move(HOUR / 60)
    refused(owner.phone.resend_confirmation(), "email_domains")
    refused(owner.phone.change_email("ada@third.example"), "email_domains")
    assert owner.phone.show().expect(200)["email_hint"] == "a***@example.com"
    owner.phone.change_email("ada@company.example").expect(202)
    owner.phone.confirm_email(world.mailed_code("ada@company.example")).expect(200)


@honours("email_domains", "change_second_email", "confirm_second_email", "resend_second_confirmation")
def another_domain_for_the_second_address(world: World) -> None:
    """B10: the same."""
    owner = world.owner()
    owner.phone.change_second_email("ada@other.example").expect(202)
    code = world.mailed_code("ada@other.example")
    set_policy(world, email_domains=["company.example"]).expect(200)
    refused(owner.phone.confirm_second_email(code), "email_domains")
    world.clock.move(HOUR / 60)
    refused(owner.phone.resend_second_confirmation(), "email_domains")
    refused(owner.phone.change_second_email("ada@third.example"), "email_domains")
    owner.phone.change_second_email("ada@company.example").expect(202)


TOLD: Final = (
    "restore_enabled",
    "enforce_on_creation",
    "require_verification_key",
    "pairing_enabled",
    "unpair_others_on_restore",
    "unpair_others_on_pairing",
    "waiting_hours",
    "hold_hours",
    "email_domains",
)
"""What an app has to know before it has an identity, by the contract."""


def the_app_is_told(field: str) -> Scenario:
    """`GET /.well-known/id-restore` says what an administrator has set."""

    def scenario(world: World) -> None:
        assert world.phone().discover().expect(200)["policy"][field] == DEFAULT[field]
        set_policy(world, **{field: OTHER[field]}).expect(200)
        assert world.phone().discover().expect(200)["policy"] == {
            **{name: DEFAULT[name] for name in TOLD},
            field: OTHER[field],
        }

    return scenario


for name in TOLD:
    honours(name, "pages")(the_app_is_told(name))


@pytest.mark.parametrize("row", EFFECTS, ids=lambda row: f"{row[0]}: {row[1]}")
def test_every_act_honours_the_policy(world: World, row: tuple[str, str]) -> None:
    """S14, W6: each field at each act that it touches, set by the administrator's PUT."""
    EFFECTS[row](world)


MEANS: Final = {
    "must_enable_restore": "restore_enabled",
    "must_admit": "email_domains",
    "hold_seconds": "hold_hours",
}
THROUGH: Final[dict[str, tuple[str, ...]]] = {
    r"\bkeep\(": ("keep_sealed_codes",),
    r"\bcompletion\.(?:settle|bind)\(": (
        "waiting_hours",
        "unpair_others_on_restore",
        "hold_hours",
        "max_devices",
        "keep_sealed_codes",
    ),
    r"\bconfirming\.(?:ask|confirm|mail_again)\(": ("email_domains",),
    r"\bidentities\.(?:prompts|answer)\(": ("prompt_at_sign_in", "restore_enabled"),
    r"\bstanding\.readiness\(": ("restore_enabled",),
    r"two_people=": ("two_person_approval",),
}
"""How acts read policy by way of a noun's module."""
ELSEWHERE: Final = frozenset({("prompt_at_sign_in", "admin/look_up"), ("restore_enabled", "after/sign_log")})
"""An overview for administrators leaves the prompt out; nights count for the charts, by the tests of standing."""


def test_the_table_is_whole() -> None:
    """A new field of policy, or an act that begins to read one, fails until it has its row above."""
    assert set(DEFAULT) == set(OTHER) == set(BAD) == set(Policy.__slots__)
    assert {field for field, _ in EFFECTS} == set(DEFAULT)
    found = set()
    for source in sorted((ROOT / "functions").rglob("app.py")):
        act, text = source.parent.relative_to(ROOT / "functions").as_posix(), source.read_text()
        named = {MEANS.get(one, one) for one in re.findall(r"\b(?:policy|policies\.now\(\))\.(\w+)", text)}
        found |= {(field, act) for field in named & set(DEFAULT)}
        found |= {(field, act) for way, fields in THROUGH.items() if re.search(way, text) for field in fields}
    assert found - ELSEWHERE <= set(EFFECTS), found - ELSEWHERE - set(EFFECTS)
    assert len(found) > len(DEFAULT)


def test_a_key_required_while_a_restoration_waits(world: World) -> None:
    """N8: a device that would come without one is 422 though it was proved before; nothing is spent, and it goes on."""
    owner = world.owner()
    set_policy(world, require_verification_key=False, waiting_hours=1).expect(200)
    new, number, code = world.begun(owner, verification_kind=None)
    new.complete(number, code).expect(202)
    set_policy(world, require_verification_key=True).expect(200)
    world.clock.move(HOUR)
    answer = new.complete(number, None)
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == "verification_key"
    new.sign_in().expect(401, "not_paired")
    set_policy(world, require_verification_key=False).expect(200)
    new.complete(number, None).expect(201)


def test_unpairing_by_policy_while_a_restoration_waits(world: World) -> None:
    """S14: policy's unpairing wins over what the new phone has settled, also where it came while it waited."""
    owner = world.owner()
    set_policy(world, waiting_hours=1).expect(200)
    new, number, code = world.begun(owner)
    new.complete(number, code, "keep").expect(202)
    set_policy(world, unpair_others_on_restore=True).expect(200)
    world.clock.move(HOUR)
    assert new.complete(number, None).expect(201)["unpaired"] == [owner.phone.id]
    owner.phone.sign_in().expect(401, "not_paired")
