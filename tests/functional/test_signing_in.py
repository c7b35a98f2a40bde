"""`POST …/sign-ins`, `POST …/back-up-prompt` and `GET /v1/identities/{i}`: what a paired device does every day."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from local.phone import VERIFIED_TAG, Key, fresh_nonce, signed
from tests.functional.world import DAY, HOUR, MINUTE, SOURCE

if TYPE_CHECKING:
    from local.phone import Answer
    from tests.functional.world import World


def test_the_prompt_comes_at_the_sixth_sign_in_until_restore_is_enabled(world: World) -> None:
    """S2: five without, from the sixth on with, until it is done; an unconfirmed address is not done."""
    phone = world.phone()
    phone.create("ada").expect(201)
    told = [phone.sign_in().expect(201) for _ in range(7)]
    assert [one["sign_in_count"] for one in told] == [1, 2, 3, 4, 5, 6, 7]
    assert [one["back_up_prompt"] for one in told] == [False] * 5 + [True] * 2
    assert phone.show().expect(200)["back_up_prompt"] is True
    phone.enable("ada@example.com").expect(201)
    assert phone.sign_in().expect(201)["back_up_prompt"] is True
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    assert phone.sign_in().expect(201)["back_up_prompt"] is False
    phone.disable().expect(204)
    assert phone.sign_in().expect(201)["back_up_prompt"] is True


def test_not_now_is_final_and_the_way_by_hand_stays(world: World) -> None:
    """S3: never asked again, also after restore was enabled and disabled; it can be enabled all the same."""
    phone = world.phone()
    phone.create("ada").expect(201)
    for _ in range(6):
        phone.sign_in().expect(201)
    phone.refuse_prompt().expect(204)
    phone.refuse_prompt().expect(204)
    assert phone.sign_in().expect(201)["back_up_prompt"] is False
    phone.enable("ada@example.com").expect(201)
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    phone.disable().expect(204)
    assert phone.sign_in().expect(201)["back_up_prompt"] is False


def test_the_sign_in_of_the_prompt_is_policy(world: World) -> None:
    """W1: `prompt_at_sign_in`; where restore is forbidden there is nothing to prompt for."""
    world.redeploy(PromptAtSignIn="2")
    phone = world.phone()
    phone.create("ada").expect(201)
    assert [phone.sign_in().expect(201)["back_up_prompt"] for _ in range(2)] == [False, True]
    world.redeploy(RestoreEnabled="false")
    assert phone.sign_in().expect(201)["back_up_prompt"] is False


def test_a_sign_in_says_when_and_shows_the_head_of_the_log(world: World) -> None:
    """B14: the head goes to the phone with every sign-in, and a sign-in itself is no row of the log."""
    owner = world.owner()
    world.clock.move(HOUR)
    told = owner.phone.sign_in().expect(201)
    assert told["signed_in_at"] == "2026-11-18T12:10:00Z"
    assert told["log"] == {"seq": len(world.events("ada")), "hash": world.item("ada", "R")["head"]}
    shown = owner.phone.show().expect(200)
    assert shown["log"] == told["log"]
    assert shown["devices"][0]["last_seen_at"] == "2026-11-18T12:10:00Z"


def test_the_screen_shows_everything_in_one_read(world: World) -> None:
    """Every member of the contract's answer, once restore is enabled and somebody tries to restore."""
    owner = world.owner(name="Ada's phone")
    new, number, _ = world.begun(owner, name="tablet", platform="android")
    shown = owner.phone.show().expect(200)
    log = shown.pop("log")
    assert log["seq"] == len(world.events("ada"))
    assert shown == {
        "identity": "ada",
        "created_at": "2026-11-18T11:10:00Z",
        "email_hint": "a***@example.com",
        "email_confirmed": True,
        "email_pending": None,
        "second_email_hint": None,
        "second_email_pending": None,
        "sign_in_count": 0,
        "back_up_prompt": False,
        "restore": {
            "status": "enabled",
            "code_label": owner.label,
            "enabled_at": "2026-11-18T11:10:00Z",
            "last_proven_at": None,
            "code_kept": False,
        },
        "devices": [
            {
                "id": owner.phone.id,
                "name": "Ada's phone",
                "platform": "ios",
                "paired_at": "2026-11-18T11:10:00Z",
                "last_seen_at": "2026-11-18T11:10:00Z",
                "paired_by": "creation",
                "held_until": None,
                "verification": True,
                "this_device": True,
            }
        ],
        "restorations": [
            {
                "id": number,
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
                    "name": "tablet",
                    "platform": "android",
                    "paired_at": None,
                    "last_seen_at": None,
                    "paired_by": "restoration",
                    "held_until": None,
                    "verification": False,
                    "this_device": False,
                },
                "poll_seconds": 5,
            }
        ],
    }
    world.clock.move(10 * MINUTE)
    assert owner.phone.show().expect(200)["restorations"] == []


def test_reading_changes_nothing_and_may_be_repeated_byte_for_byte(world: World) -> None:
    """Only GETs accept a nonce again."""
    owner = world.owner()
    request = owner.phone.prepare("GET", owner.phone.path())
    before = world.items()
    first = world.send(request).expect(200)
    assert world.send(request).expect(200) == first
    assert world.items() == before


def test_a_device_that_is_not_paired_gets_one_answer(world: World) -> None:
    """Unknown identity, stranger, unpaired device: the same bytes, and nothing changes."""
    owner = world.owner()
    gone = world.restored(owner).phone
    world.clock.move(25 * HOUR)
    owner.phone.unpair(gone.id).expect(204)
    stranger = world.phone(identity="ada")
    nobody = world.phone(identity="nobody")
    before = world.items()
    for act in ("show", "sign_in", "refuse_prompt", "resend_confirmation", "disable", "enable"):
        answers = [getattr(phone, act)() for phone in (gone, stranger, nobody)]
        for answer in answers:
            answer.expect(401, "not_paired")
        assert len({answer.body for answer in answers}) == 1
    answers = [phone.confirm_email("00000000") for phone in (gone, stranger, nobody)]
    answers += [phone.unpair(owner.phone.id) for phone in (gone, stranger, nobody)]
    answers += [phone.veto("x" * 22) for phone in (gone, stranger, nobody)]
    answers += [phone.restoration("x" * 22) for phone in (gone, stranger, nobody)]
    for answer in answers:
        answer.expect(401, "not_paired")
    assert len({answer.body for answer in answers}) == 1
    assert world.items() == before


NEW_KEY = Key.generate()
VERIFIED: dict[str, tuple[str, str, dict[str, str] | None]] = {
    "enable": ("POST", "/restore", {}),
    "disable": ("DELETE", "/restore", None),
    "unpair": ("DELETE", "/devices/{device}", None),
    "veto": ("DELETE", "/restorations/{restoration}", None),
    "approve": ("POST", "/restorations/{restoration}/approval", {}),
    "offer a pairing": ("POST", "/pairings", {}),
    "show the code": ("GET", "/restore/code", None),
    "change the verification key": ("PUT", "/devices/{device}/verification-key", {"verification_key": NEW_KEY.public}),
    "change the address": ("PUT", "/email", {"email": "ada@example.net"}),
    "change the second address": ("PUT", "/second-email", {"email": "ada@second.example"}),
    "remove the second address": ("DELETE", "/second-email", None),
    "erase": ("DELETE", "", None),
}
"""Every act that the contract has as *verified*."""


@pytest.mark.parametrize("act", VERIFIED)
def test_what_needs_the_person_needs_the_verification_key(world: World, act: str) -> None:
    """S4, ASVS 7.5.1: without it `verification_required`, with another one `signature_invalid`; nothing changes."""
    world.redeploy(KeepSealedCodes="true")
    owner = world.owner()
    _, number, _ = world.begun(owner)
    method, rest, body = VERIFIED[act]
    path = owner.phone.path(rest.format(device=owner.phone.id, restoration=number))
    brought = [NEW_KEY] if body and "verification_key" in body else []

    def sent(*verifiers: Key) -> Answer:
        created, nonce = int(time.time()), fresh_nonce()
        request = owner.phone.prepare(method, path, body, created=created, nonce=nonce)
        for at, key in enumerate((*verifiers, *brought)):
            request = signed(request, key, tag=VERIFIED_TAG, label=f"v{at}", created=created, nonce=nonce)
        return world.send(request)

    before, mails = world.items(), len(world.mails)
    sent().expect(401, "verification_required")
    another = Key.generate()
    refused = sent(another).expect(401, "signature_invalid")
    assert f';keyid="{another.public}"' in refused["signature_base"]
    assert world.items() == before
    assert len(world.mails) == mails
    assert owner.phone.verification is not None
    assert sent(owner.phone.verification).status < 300


def test_a_code_that_is_shown_is_told_in_the_log(world: World) -> None:
    """S6, S4, ASVS 16.3.1: each showing is a row with the code's label, by which device and from where."""
    world.redeploy(KeepSealedCodes="true")
    owner = world.owner()
    before = world.events("ada")
    for _ in range(2):
        assert owner.phone.show_code().expect(200)["restore_code"] == owner.restore_code
    told = world.events("ada")[len(before) :]
    assert [(row["type"], row["device"], row["source"], row["detail"]) for row in told] == [
        ("restore.code_shown", owner.phone.id, SOURCE, {"code_label": owner.label})
    ] * 2


def test_mails_follow_the_language_of_paired_devices(world: World) -> None:
    """Of a creation at first, then of the latest request by a paired device that names one; never of a stranger's."""
    phone = world.phone(language="de")
    phone.create("ada", "ada@example.com").expect(201)
    assert world.mails[-1].language == "de"
    phone.language = "en-GB, de;q=0.5"
    phone.sign_in().expect(201)
    world.clock.move(MINUTE)
    phone.language = "fr"
    phone.resend_confirmation().expect(202)
    assert world.mails[-1].language == "en"
    phone.language = "de"
    restore_code = phone.enable().expect(201)["restore_code"]
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    assert [mail.language for mail in world.deliver()] == ["de"]
    phone.language = "fr"
    phone.sign_in().expect(201)
    thief = world.phone(language="en")
    number = thief.request_restore("ada", restore_code).expect(202)["restoration"]["id"]
    assert world.mails[-1].language == "de"
    thief.restoration(number).expect(200)
    world.clock.move(MINUTE)
    thief.resend_code(number).expect(202)
    assert world.mails[-1].language == "de"
    phone.language = "en"
    phone.show().expect(200)
    world.clock.move(MINUTE)
    thief.resend_code(number).expect(202)
    assert world.mails[-1].language == "en"


def test_details_are_in_the_language_of_the_request(world: World) -> None:
    """`title` never changes, `detail` is for the reader."""
    german = world.phone(language="de-AT", identity="ada").show().expect(401, "not_paired")
    english = world.phone(language="sw", identity="ada").show().expect(401, "not_paired")
    assert german["title"] == english["title"]
    assert german["detail"] != english["detail"]
    assert "Gerät" in german["detail"]


def test_sign_ins_go_on_for_days_in_whatever_slot_their_nonces_fall(world: World) -> None:
    """Nonces lie in 61 slots of 300 s: going round them, with gaps, never keeps a device out."""
    phone = world.phone()
    phone.create("ada").expect(201)
    for gap in (1, 299, 300, 301, 61 * 300, 61 * 300 - 1, 122 * 300, 60 * 300, 62 * 300, DAY, 7 * DAY, 300, 1):
        world.clock.move(gap)
        phone.sign_in().expect(201)
    assert sum(name.startswith("n") for name in world.item("ada", "I")) <= 2
