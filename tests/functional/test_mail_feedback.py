"""SES's feedback: an address that mails do not reach is marked, shown and told, once, and keeps nobody out."""

from __future__ import annotations

import copy
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from moto.events.models import EventPattern

from restore import aws
from tests.functional.faults import BY_NAME, Wire
from tests.functional.world import DAY, HOUR, MINUTE, Context
from tests.template import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.world import Owner, World

SECOND: Final = "ada@second.example"

# The forms of the SES Developer Guide: "Monitoring SES events using Amazon EventBridge", "Examples of event data".
MAIL: Final[dict[str, Any]] = {
    "timestamp": "2017-08-05T00:40:02.012Z",
    "source": "id-restore@example.com",
    "sourceArn": "arn:aws:ses:eu-central-1:123456789012:identity/id-restore@example.com",
    "sendingAccountId": "123456789012",
    "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
    "destination": ["recipient@example.com"],
    "headersTruncated": False,
    "headers": [{"name": "To", "value": "recipient@example.com"}],
    "commonHeaders": {"from": ["id-restore@example.com"], "to": ["recipient@example.com"]},
    "tags": {
        "ses:configuration-set": ["<MailConfiguration>"],
        "ses:source-ip": ["192.0.2.0"],
        "ses:from-domain": ["example.com"],
        "ses:caller-identity": ["ses_user"],
    },
}
BOUNCE: Final[dict[str, Any]] = {
    "bounceType": "Permanent",
    "bounceSubType": "General",
    "bouncedRecipients": [
        {
            "emailAddress": "mailbox-17@behind.example",
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
    ],
    "timestamp": "2017-08-05T00:41:02.669Z",
    "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
    "reportingMTA": "dsn; mta.example.com",
}
COMPLAINT: Final[dict[str, Any]] = {
    "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
    "complaintSubType": None,
    "complainedRecipients": [{"emailAddress": "recipient@example.com"}],
    "timestamp": "2017-08-05T00:41:02.669Z",
    "userAgent": "Amazon SES Mailbox Simulator",
    "complaintFeedbackType": "abuse",
    "arrivalDate": "2017-08-05T00:41:02.669Z",
}
ENVELOPE: Final[dict[str, Any]] = {
    "version": "0",
    "id": "12345678-1234-1234-1234-111122223333",
    "source": "aws.ses",
    "account": "123456789012",
    "region": "eu-central-1",
    "resources": ["arn:aws:ses:eu-central-1:123456789012:configuration-set/<MailConfiguration>"],
}


class Post:
    """What SES was handed, with its tags, and what it tells of that afterwards."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sent: list[dict[str, Any]] = []

    def note(self, request: Any, **_: Any) -> None:
        """Read a mail off the wire."""
        asked = json.loads(request.body)
        (to,) = asked["Destination"]["ToAddresses"]
        tags = {one["Name"]: one["Value"] for one in asked["EmailTags"]}
        self.sent.append({"to": to, "tags": tags, "at": self.world.clock.now})

    def latest(self, to: str) -> dict[str, Any]:
        """The latest mail to an address."""
        return next(mail for mail in reversed(self.sent) if mail["to"] == to)

    def bounced(self, to: str, **other: Any) -> dict[str, Any]:
        """SES's event that the latest mail to an address bounced a second ago."""
        return self._event("Email Bounced", "Bounce", to, {**BOUNCE, "timestamp": self._time(-1), **other})

    def complained(self, to: str, **other: Any) -> dict[str, Any]:
        """SES's event that the latest mail to an address was reported as spam."""
        told = {**COMPLAINT, "timestamp": self._time(-1), **other}
        return self._event("Email Complaint Received", "Complaint", to, told)

    def _event(self, kind: str, event_type: str, to: str, told: dict[str, Any]) -> dict[str, Any]:
        found, mail = self.latest(to), copy.deepcopy(MAIL)
        mail["destination"] = mail["commonHeaders"]["to"] = [to]
        mail["timestamp"] = datetime.fromtimestamp(found["at"], UTC).isoformat(timespec="milliseconds")
        mail["tags"] |= {name: [value] for name, value in found["tags"].items()}
        detail = {"eventType": event_type, event_type.lower(): told, "mail": mail}
        return ENVELOPE | {"detail-type": kind, "time": self._time(0), "detail": detail}

    def _time(self, seconds: float) -> str:
        return datetime.fromtimestamp(self.world.clock.now + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.669Z")

    def told(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Hand events to the function as its queue does; what it answers."""
        records = [{"messageId": str(number), "body": json.dumps(event)} for number, event in enumerate(events)]
        answer: dict[str, Any] = self.world.handler("MailFeedback")({"Records": records}, Context())
        return answer

    def takes(self, *events: dict[str, Any]) -> None:
        """Hand events to the function, which is done with all of them."""
        assert self.told(*events) == DONE


DONE: Final[dict[str, Any]] = {"batchItemFailures": []}
AGAIN: Final[dict[str, Any]] = {"batchItemFailures": [{"itemIdentifier": "0"}]}


@pytest.fixture
def post(world: World) -> Iterator[Post]:
    """The post office of the world."""
    post = Post(world)
    hooks = aws.client("sesv2").meta.events
    hooks.register_first("before-send.sesv2.SendEmail", post.note)
    yield post
    hooks.unregister("before-send.sesv2.SendEmail", post.note)


def written_to(world: World, *, second: bool = False) -> Owner:
    """An owner who was sent a notice a minute after the address was confirmed; by choice with a second address."""
    owner = world.owner()
    if second:
        owner.phone.change_second_email(SECOND).expect(202)
        owner.phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    world.deliver()
    world.clock.move(MINUTE)
    made = owner.phone.enable().expect(201)
    world.deliver()
    world.clock.move(10)
    return replace(owner, restore_code=made["restore_code"], label=made["code_label"])


def marks(owner: Owner) -> dict[str, Any]:
    """What the app is shown of bounces."""
    shown = owner.phone.show().expect(200)
    return {name: value for name, value in shown.items() if name.endswith("bounced_at")}


def told_rows(world: World) -> list[dict[str, Any]]:
    """The rows of the log about feedback."""
    return [row for row in world.events("ada") if row["type"].endswith((".bounced", ".complained"))]


# The mail's tags


def test_every_mail_says_in_its_tags_whom_it_is_about(world: World, post: Post) -> None:
    """A 16.2.5: identity, kind and server in the symbols that SES takes; no address of a person and no code."""
    phone = world.phone()
    phone.create("a.b-c_d", "ada@example.com").expect(201)
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    made = phone.enable().expect(201)
    world.clock.move(MINUTE)
    phone.change_second_email(SECOND).expect(202)
    phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    new = world.phone()
    asked = new.request_restore("a.b-c_d", made["restore_code"]).expect(202)
    world.clock.move(MINUTE)
    new.resend_code(asked["restoration"]["id"]).expect(202)
    world.deliver()
    kinds = {mail["tags"]["kind"] for mail in post.sent}
    assert kinds >= {"address_confirmation", "restoration_code", "restore_enabled", "restoration_requested"}
    for mail in post.sent:
        tags = mail["tags"]
        assert set(tags) == {"identity", "kind", "server"}
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value) for value in tags.values())
        assert _text(tags["identity"]) == "a.b-c_d"
        assert _text(tags["server"]) == phone.server
        said = json.dumps([tags, _text(tags["identity"]), _text(tags["server"])])
        assert "@" not in said
        assert not re.search(r"[0-9]{8}", said)
    confirmation = next(mail for mail in world.mails if mail.codes)
    assert "a.b-c_d" not in confirmation.message.as_string(), "an address that is not confirmed is not told the name"


def test_a_server_too_long_for_a_tag_is_left_out(world: World, post: Post) -> None:
    """SES would refuse the whole mail; without it the address is marked all the same, and nobody is told."""
    owner = written_to(world, second=True)
    event = post.bounced(owner.address)
    del event["detail"]["mail"]["tags"]["server"]
    post.takes(event)
    assert set(marks(owner)) == {"email_bounced_at"}
    assert world.deliver() == []


# What marks


def test_a_bounce_marks_the_address_and_the_other_one_is_told(world: World, post: Post) -> None:
    """B10, N5: in the app, in the log, and by a mail to the other address; not to the one that bounced."""
    owner = written_to(world, second=True)
    post.takes(post.bounced(owner.address))
    assert marks(owner) == {"email_bounced_at": "2026-11-18T11:11:09Z"}
    (row,) = told_rows(world)
    assert (row["type"], row["device"], row["source"]) == ("email.bounced", None, "")
    assert row["detail"] == {"awaited": False, "cause": "General"}
    (mail,) = world.deliver()
    assert (mail.to, mail.subject) == (SECOND, "Our mails do not reach one of your addresses")
    assert owner.address not in mail.message.as_string()
    assert "ada" in mail.text
    assert "the first, for notices and codes" in mail.text
    assert post.latest(SECOND)["tags"]["kind"] == "address_bounced"


def test_a_bounce_of_the_second_is_told_to_the_first(world: World, post: Post) -> None:
    """N5: in the language of the person."""
    owner = written_to(world, second=True)
    owner.phone.language = "de"
    owner.phone.sign_in().expect(201)
    post.takes(post.bounced(SECOND))
    assert set(marks(owner)) == {"second_email_bounced_at"}
    assert [row["type"] for row in told_rows(world)] == ["second_email.bounced"]
    (mail,) = world.deliver()
    assert (mail.to, mail.language) == (owner.address, "de")


def test_without_another_address_nobody_is_mailed(world: World, post: Post) -> None:
    """What bounced is not written to about it: that would bounce as well."""
    owner = written_to(world)
    post.takes(post.bounced(owner.address))
    assert set(marks(owner)) == {"email_bounced_at"}
    assert world.deliver() == []


def test_an_address_is_known_however_it_is_written(world: World, post: Post) -> None:
    """Case is not minded, and what the last server calls the mailbox does not matter."""
    owner = written_to(world)
    event = post.bounced(owner.address)
    event["detail"]["mail"]["destination"] = ["ADA@Example.com"]
    post.takes(event)
    assert set(marks(owner)) == {"email_bounced_at"}


def test_a_complaint_marks_as_a_bounce_does(world: World, post: Post) -> None:
    """SES sends no more mails there, codes included."""
    owner = written_to(world, second=True)
    post.takes(post.complained(owner.address))
    assert set(marks(owner)) == {"email_bounced_at"}
    (row,) = told_rows(world)
    assert (row["type"], row["detail"]) == ("email.complained", {"awaited": False, "cause": "abuse"})
    assert [mail.to for mail in world.deliver()] == [SECOND]


@pytest.mark.parametrize("cause", ["OnAccountSuppressionList", "Suppressed", "NoEmail"])
def test_the_cause_is_ses_own_word(world: World, post: Post, cause: str) -> None:
    """It says whether the address is wrong or is on a list from which an operator can take it."""
    owner = written_to(world)
    post.takes(post.bounced(owner.address, bounceSubType=cause))
    assert [row["detail"]["cause"] for row in told_rows(world)] == [cause]


def test_a_cause_that_is_no_word_is_not_repeated(world: World, post: Post) -> None:
    """A 16.2.5: the cause leaves on the bus; nothing that a mail server wrote does."""
    owner = written_to(world)
    post.takes(post.bounced(owner.address, bounceSubType="ada@example.com is unknown"))
    assert [row["detail"]["cause"] for row in told_rows(world)] == ["other"]


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("bounced", {"bounceType": "Transient", "bounceSubType": "MailboxFull"}),
        ("bounced", {"bounceType": "Undetermined", "bounceSubType": "Undetermined"}),
        ("complained", {"complaintFeedbackType": "not-spam"}),
        ("complained", {"complaintFeedbackType": "auth-failure"}),
    ],
)
def test_what_says_nothing_lasting_of_the_person_changes_nothing(
    world: World, post: Post, kind: str, other: dict[str, Any]
) -> None:
    """A full mailbox, a server that is away, a complaint taken back: no mark, no row."""
    owner = written_to(world, second=True)
    before = world.items()
    post.takes(getattr(post, kind)(owner.address, **other))
    assert world.items() == before


def test_mails_that_are_not_ours_change_nothing(world: World, post: Post) -> None:
    """One sent by hand through the same configuration set has no tags of ours, and perhaps several recipients."""
    owner = written_to(world)
    before = world.items()
    event = post.bounced(owner.address)
    event["detail"]["mail"]["tags"] = MAIL["tags"]
    event["detail"]["mail"]["destination"] = [owner.address, "bob@example.com"]
    post.takes(event)
    assert world.items() == before


def test_feedback_about_another_address_changes_nothing(world: World, post: Post) -> None:
    """A bounce marks the address that it was sent to and no other, whoever's identity its tags name."""
    owner = written_to(world)
    before = world.items()
    event = post.bounced(owner.address)
    event["detail"]["mail"]["destination"] = ["bob@example.com"]
    post.takes(event)
    assert world.items() == before


# Twice, late, and in no order


def test_feedback_twice_is_one_row_and_one_mail(world: World, post: Post) -> None:
    """2.3.3: at least once; a later mail's bounce or a complaint adds nothing to what is known."""
    owner = written_to(world, second=True)
    event = post.bounced(owner.address)
    post.takes(event, event)
    world.clock.move(HOUR)
    first = marks(owner)
    owner.phone.enable().expect(201)
    assert [mail.to for mail in world.deliver()].count(SECOND) == 2, "the notice of the bounce, and the new code's"
    post.takes(event, post.bounced(owner.address), post.complained(owner.address))
    assert len(told_rows(world)) == 1
    assert marks(owner) == first
    assert world.deliver() == []


def test_feedback_about_an_address_that_was_replaced_does_nothing(world: World, post: Post) -> None:
    """B10: neither to the new one nor to what is shown."""
    owner = written_to(world)
    event = post.bounced(owner.address)
    owner.phone.change_email("ada@new.example").expect(202)
    owner.phone.confirm_email(world.mailed_code("ada@new.example")).expect(200)
    before = world.items()
    post.takes(event)
    assert marks(owner) == {}
    assert world.item("ada", "R")["seq"] == len(world.events("ada"))
    assert {key for key in world.items() if key[1].startswith("E#")} == {
        key for key in before if key[1].startswith("E#")
    }


def test_a_mail_from_before_the_last_proof_marks_nothing(world: World, post: Post) -> None:
    """The right code shows that mails arrive: feedback that comes after it about an earlier mail is out of date."""
    owner = written_to(world)
    early = post.bounced(owner.address)
    world.clock.move(MINUTE)
    owner = world.restored(owner)
    world.clock.move(MINUTE)
    post.takes(early)
    assert marks(owner) == {}
    owner.phone.sign_in().expect(201)
    world.deliver()
    post.takes(post.bounced(owner.address))
    assert set(marks(owner)) == {"email_bounced_at"}, "of a mail after it the same is news"


def test_a_mail_from_before_the_confirmation_marks_nothing(world: World, post: Post) -> None:
    """The code of that very mail was typed: late feedback about it is out of date."""
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    event = post.bounced("ada@example.com")
    world.clock.move(MINUTE)
    phone.confirm_email(world.mailed_code("ada@example.com")).expect(200)
    post.takes(event)
    assert "email_bounced_at" not in phone.show().expect(200)
    assert told_rows(world) == []


# What unmarks


def test_a_code_that_came_back_takes_the_mark_away(world: World, post: Post) -> None:
    """A marked address is sent its code all the same: its mailbox may be mended. Nobody is locked out."""
    owner = written_to(world)
    post.takes(post.bounced(owner.address))
    world.clock.move(MINUTE)
    new, number, code = world.begun(owner)
    assert set(marks(owner)) == {"email_bounced_at"}
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    new.complete(number, wrong).expect(403, "wrong_code")
    assert set(marks(owner)) == {"email_bounced_at"}, "a wrong code proves nothing"
    new.complete(number, code).expect(201)
    assert marks(owner) == {}


def test_another_address_has_no_mark(world: World, post: Post) -> None:
    """The mark is of an address: it goes with it, and comes back with it when a link puts it back unproved."""
    owner = written_to(world, second=True)
    post.takes(post.bounced(owner.address), post.bounced(SECOND))
    assert set(marks(owner)) == {"email_bounced_at", "second_email_bounced_at"}
    owner.phone.change_email("ada@new.example").expect(202)
    assert set(marks(owner)) == {"email_bounced_at", "second_email_bounced_at"}, "the old one is in force still"
    owner.phone.confirm_email(world.mailed_code("ada@new.example")).expect(200)
    assert set(marks(owner)) == {"second_email_bounced_at"}
    owner.phone.remove_second_email().expect(204)
    assert marks(owner) == {}
    world.deliver()
    assert owner.phone.dispute(world.token(SECOND)).status == 200
    assert set(marks(owner)) == {"second_email_bounced_at"}


# An address that is awaited


def test_the_bounce_of_a_confirmation_is_shown_where_the_person_waits(world: World, post: Post) -> None:
    """A slip of the pen at creation: seen in the app at once; the contract's `email_pending` is as it was."""
    phone = world.phone()
    pending = phone.create("ada", "ada@exmaple.com").expect(201)["email_pending"]
    world.clock.move(2)
    post.takes(post.bounced("ada@exmaple.com"))
    shown = phone.show().expect(200)
    assert shown["email_pending_bounced_at"] == "2026-11-18T11:10:01Z"
    assert "email_bounced_at" not in shown
    assert shown["email_pending"] == pending
    (row,) = told_rows(world)
    assert (row["type"], row["detail"]) == ("email.bounced", {"awaited": True, "cause": "General"})
    assert world.deliver() == []
    post.takes(post.bounced("ada@exmaple.com"))
    assert len(told_rows(world)) == 1
    phone.confirm_email(world.mailed_code("ada@exmaple.com")).expect(200)
    shown = phone.show().expect(200)
    assert not [name for name in shown if name.endswith("bounced_at")], "the contract's members, and no others"


def test_feedback_that_is_quicker_than_the_creation_is_given_again(world: World, post: Post) -> None:
    """A creation mails first and writes then; an address on SES's own list bounces within the second."""
    phone = world.phone()
    saved = world.save()
    phone.create("ada", "ada@example.com").expect(201)
    after = world.save()
    world.go_back(saved)
    event = post.bounced("ada@example.com")
    assert post.told(event) == AGAIN
    world.go_back(after)
    post.takes(event)
    assert phone.show().expect(200)["email_pending_bounced_at"] is not None


def test_feedback_about_nobody_is_done_with(world: World, post: Post) -> None:
    """An identity that was erased meanwhile: nothing about it is written again."""
    owner = written_to(world)
    event = post.bounced(owner.address)
    world.clock.move(MINUTE)
    world.go_back(type(world.save())({}, [], world.clock.now, set()))
    post.takes(event)
    assert world.items() == {}


# Failing


@pytest.mark.parametrize("fault", ["throttled", "broken", "denied", "conflict", "unreachable", "answer lost"])
def test_what_fails_is_given_again_and_done_once(world: World, post: Post, fault: str) -> None:
    """A 2.3.3: at every call; whatever became of it, the next try leaves one mark, one row and one mail."""
    owner = written_to(world, second=True)
    event = post.bounced(owner.address)
    saved = world.save()
    with Wire() as wire:
        post.takes(event)
    calls = wire.calls
    assert calls == ["GetItem", "TransactWriteItems"]
    for at in range(len(calls)):
        for for_ever in (False, True):
            world.go_back(saved)
            with Wire(BY_NAME[fault], at, for_ever=for_ever) as wire:
                answer = post.told(event)
            assert wire.failed
            assert answer in (DONE, AGAIN)
            assert answer == DONE or told_rows(world) == [] or fault == "answer lost"
            if answer == AGAIN:
                post.takes(event)
            assert len(told_rows(world)) == 1
            assert set(marks(owner)) == {"email_bounced_at"}
            assert [mail.to for mail in world.deliver()] == [SECOND]
            world.must_have_whole_logs()


def test_no_log_line_has_an_address(world: World, post: Post, caplog: pytest.LogCaptureFixture) -> None:
    """A 16.2.5: SES's events are full of them."""
    owner = written_to(world)
    caplog.clear()
    transient = post.bounced(owner.address, bounceType="Transient")
    post.takes(transient, post.bounced(owner.address), post.complained(owner.address))
    logged = [str(vars(record)) for record in caplog.records]
    assert len(logged) == 3
    assert not [line for line in logged if "@" in line]


# The rule


@pytest.mark.parametrize(
    ("kind", "changed", "passes"),
    [
        ("bounced", {}, True),
        ("complained", {}, True),
        ("bounced", {"source": "id-restore"}, False),
        ("bounced", {"detail-type": "Email Delivered"}, False),
        ("bounced", {"set": ["another-set"]}, False),
    ],
)
def test_the_rule_lets_through_what_the_function_takes(
    world: World,
    post: Post,
    kind: str,
    changed: dict[str, Any],
    passes: bool,  # noqa: FBT001
) -> None:
    """The template's own pattern, held against the events in SES's form."""
    owner = written_to(world)
    event = getattr(post, kind)(owner.address)
    if "set" in changed:
        event["detail"]["mail"]["tags"]["ses:configuration-set"] = changed["set"]
    else:
        event |= changed
    pattern = translated.stack().properties("MailFeedbackRule")["EventPattern"]
    assert EventPattern.load(json.dumps(pattern)).matches_event(event) is passes


def test_a_second_later_than_a_day_is_news_still(world: World, post: Post) -> None:
    """A bounce may take days: what counts is when the mail was sent, not when SES heard."""
    owner = written_to(world)
    world.clock.move(3 * DAY)
    post.takes(post.bounced(owner.address))
    assert set(marks(owner)) == {"email_bounced_at"}


def _text(value: str) -> str:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
