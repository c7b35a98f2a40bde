"""The journey of a person whose phone is lost, at the deployed stack, from creation to the old phone turned away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.phone import is_well_formed, made_up_code, plain_symbols
from tests.stack.people import Person, another_phone, members, pairing_completion, read_qr

if TYPE_CHECKING:
    from local.phone import KeyKind
    from local.stack import Stack


@pytest.mark.parametrize(
    ("kind", "verification_kind", "new_kind", "new_verification_kind"),
    [("p256", "ed25519", "ed25519", "p256"), ("ed25519", "p256", "p256", "ed25519")],
    ids=["from P-256 to Ed25519", "from Ed25519 to P-256"],
)
def test_an_identity_survives_its_phone(
    stack: Stack,
    kind: KeyKind,
    verification_kind: KeyKind,
    new_kind: KeyKind,
    new_verification_kind: KeyKind,
) -> None:
    """S1 S2 S5 S7 S8 S9 S17 S18 B7 B8 N2 N4: both kinds of key for both proofs, on the old phone and on the new one."""
    ada = Person.new(stack, kind=kind, verification_kind=verification_kind, name="Ada's phone")
    old = ada.phone
    assert old.discover().expect(200)["server"] == stack.api

    created = old.create(ada.identity, ada.inbox.address).expect(201)
    assert (created["device"]["id"], created["device"]["paired_by"]) == (old.id, "creation")
    assert created["restore"]["status"] == "off"
    old.act("POST", old.path("/restore"), {"email": ada.inbox.address}).expect(401, "verification_required")
    old.confirm_email(ada.mailed_code()).expect(200)
    prompts = [old.sign_in().expect(201)["back_up_prompt"] for _ in range(6)]
    assert prompts == [False] * 5 + [True]

    enabled = ada.shown(old.enable().expect(201))
    assert enabled["restore"]["status"] == "enabled"
    assert old.show().expect(200)["back_up_prompt"] is False
    assert is_well_formed(ada.paper)

    new = ada.other_phone("Ada's new phone", kind=new_kind, verification_kind=new_verification_kind)
    spent = ada.paper
    new.request_restore(ada.identity, made_up_code()).expect(403, "restore_refused")
    number = ada.restoring(new)
    assert [one["id"] for one in old.show().expect(200)["restorations"]] == [number]
    done = ada.shown(new.complete(number, ada.mailed_code(), "keep").expect(201))
    assert (done["identity"], done["device"]["id"]) == (ada.identity, new.id)
    assert (done["device"]["paired_by"], done["device"]["verification"]) == ("restoration", True)
    assert ada.paper != spent
    assert ada.labels[0] != ada.labels[1]
    another_phone(stack).request_restore(ada.identity, spent).expect(403, "restore_refused")
    assert new.sign_in().expect(201)["sign_in_count"] == 7
    assert "until" in new.enable().expect(403, "not_allowed")

    new.unpair(old.id).expect(204)
    assert ada.devices(new) == {new.id}
    for turned_away in (old.sign_in(), old.show(), old.enable(), old.unpair(new.id), old.veto(number)):
        turned_away.expect(401, "not_paired")
    old.create(ada.identity).expect(401, "not_paired")  # a repeat never binds again what was unpaired since
    assert ada.devices(new) == {new.id}

    # what was unpaired comes back by restoring alone, and as a new key
    old.request_restore(ada.identity, ada.paper).expect(409, "device_exists")


def test_several_identities_come_back_one_by_one(stack: Stack) -> None:
    """S13: one phone had three of them, on one server; the new phone has a pair of keys for each, and no mix-up."""
    lost = [Person.restorable(stack, name="The lost phone") for _ in range(3)]
    restored = [person.other_phone("The new phone") for person in lost]
    numbers = [person.restoring(phone) for person, phone in zip(lost, restored, strict=True)]
    codes = [person.mailed_code() for person in lost]
    # the code of one identity is worth nothing at another, though both are this person's
    restored[0].complete(numbers[0], codes[1]).expect(403, "wrong_code")
    for person, phone, number, code in zip(lost, restored, numbers, codes, strict=True):
        phone.request_restore(lost[0].identity, lost[1].paper).expect(403, "restore_refused")
        phone.identity = person.identity
        phone.complete(number, code, "unpair").expect(201)
        assert person.devices(phone) == {phone.id}
        person.phone.sign_in().expect(401, "not_paired")
    for person, phone in zip(lost, restored, strict=True):
        assert phone.sign_in().expect(201)["sign_in_count"] == 1
        for other in lost:
            if other is not person:
                stranger = another_phone(stack, other.identity)
                stranger.key, stranger.verification = phone.key, phone.verification
                stranger.show().expect(401, "not_paired")


def test_the_qr_code_of_a_restore_code_leads_through_the_restore(stack: Stack) -> None:
    """S10 S11 ASVS 14.2.1: drawn by the server, read back from its picture: server, identity and code behind `#`."""
    person = Person.new(stack)
    person.phone.create(person.identity, person.inbox.address).expect(201)
    person.phone.confirm_email(person.mailed_code()).expect(200)
    enabled = person.shown(person.phone.enable().expect(201))
    scanned = read_qr(enabled["qr"]["svg"])
    assert scanned == enabled["qr"]["uri"]
    server, found = members(scanned)
    assert (server, found) == (stack.api, {"i": person.identity, "c": plain_symbols(person.paper)})

    new = another_phone(stack)
    number = new.request_restore(found["i"], found["c"]).expect(202)["restoration"]["id"]
    done = person.shown(new.complete(number, person.mailed_code()).expect(201))
    assert members(read_qr(done["qr"]["svg"])) == (stack.api, {"i": person.identity, "c": plain_symbols(person.paper)})

    page = new.fetch("/restore").text  # what a browser is shown that follows the address, `#` left out
    assert person.identity not in page
    assert "<html" in page


def test_the_qr_code_of_a_pairing_binds_the_phone_that_scans_it(stack: Stack) -> None:
    """S4 S11 S19 S20 N6: shown after verification, good once, and the picture holds all that the other phone needs."""
    person = Person.created(stack)
    first = person.phone
    first.act("POST", first.path("/pairings"), {}, verified=True).expect(409, "restore_not_enabled")
    person = Person.restorable(stack)
    first = person.phone
    first.act("POST", first.path("/pairings"), {}).expect(401, "verification_required")
    offer = first.act("POST", first.path("/pairings"), {}, verified=True).expect(201)
    server, found = members(read_qr(offer["qr"]["svg"]))
    assert server == stack.api
    assert found == {"i": person.identity, "p": offer["pairing"]["id"], "s": offer["secret"]}

    second = another_phone(stack, found["i"])
    bound = second.send(pairing_completion(second, found["p"], found["s"])).expect(201)
    assert (bound["device"]["id"], bound["device"]["paired_by"]) == (second.id, "pairing")
    shown = first.act("GET", first.path(f"/pairings/{found['p']}")).expect(200)["pairing"]
    assert (shown["status"], shown["device"]["id"]) == ("used", second.id)
    third = another_phone(stack, found["i"])
    third.send(pairing_completion(third, found["p"], found["s"])).expect(410, "used")
    assert person.devices(second) == {first.id, second.id}
    assert person.is_in_force(person.paper, second), "a pairing spends no restore code"
