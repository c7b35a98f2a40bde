"""A mail that bounces, deployed: from the queue behind SES's events to the app's screen and the other mailbox.

The local SES sends every mail and tells of none, so what its rule would put into the queue is put there by the tests.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local.inbox import Inbox
from local.phone import base64url
from tests.stack.people import Person

if TYPE_CHECKING:
    from local.stack import Stack

SECONDS = 30.0


def bounced(person: Person) -> dict[str, Any]:
    """SES's event about a mail sent to that person just now, in the form that EventBridge hands out."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "version": "0",
        "source": "aws.ses",
        "detail-type": "Email Bounced",
        "time": now,
        "detail": {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": person.inbox.address, "action": "failed", "status": "5.1.1"}],
                "timestamp": now,
            },
            "mail": {
                "timestamp": now,
                "destination": [person.inbox.address],
                "tags": {
                    "identity": [base64url(person.identity.encode())],
                    "kind": ["restore_enabled"],
                    "server": [base64url(person.stack.api.encode())],
                },
            },
        },
    }


def test_a_bounce_is_seen_in_the_app_and_told_to_the_other_address(stack: Stack) -> None:
    """B10 N5 B11: by the function's own rights, given twice, shown once; the code still goes to the marked address."""
    person = Person.restorable(stack)
    second = Inbox(stack.mailbox_address, f"second-{person.inbox.address}")
    person.phone.change_second_email(second.address).expect(202)
    person.phone.confirm_second_email(second.next_code("the second address's confirmation")[0]).expect(200)
    assert "email_bounced_at" not in person.phone.show().expect(200)
    queue = stack.resources["AWS::SQS::Queue", "MailReports"]
    event = json.dumps(bounced(person))
    for _ in range(2):
        stack.client("sqs").send_message(QueueUrl=queue, MessageBody=event)
    mail = second.next("the first address bounced", lambda mail: "do not reach" in mail.subject)
    assert person.stack.api in mail.text
    until_empty(stack, queue)
    shown = person.phone.show().expect(200)
    assert shown["email_bounced_at"] is not None
    assert "second_email_bounced_at" not in shown
    new = person.other_phone()
    number = person.restoring(new)
    code, _ = person.inbox.next_code("the second code, to the marked address")
    assert new.complete(number, code).expect(201)
    assert "email_bounced_at" not in new.show().expect(200)
    rows = [row["type"] for row in new.events().expect(200)["events"]]
    assert rows.count("email.bounced") == 1


def until_empty(stack: Stack, queue: str) -> None:
    """Wait until everything in a queue is worked off."""
    told = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    give_up = time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        found = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=list(told))["Attributes"]
        if all(found[name] == "0" for name in told):
            return
        time.sleep(0.1)
    raise AssertionError("the queue is not worked off")


def test_nobody_puts_feedback_on_the_bus(stack: Stack) -> None:
    """A source that begins with `aws.` is AWS's own: not even an administrator of the account may use it."""
    entry = {"Source": "aws.ses", "DetailType": "Email Bounced", "Detail": "{}", "EventBusName": "default"}
    answer = stack.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    rule = stack.client("events").describe_rule(Name=stack.resources["AWS::Events::Rule", "MailFeedbackRule"])
    (name,) = json.loads(rule["EventPattern"])["detail"]["mail"]["tags"]["ses:configuration-set"]
    assert name == stack.resources["AWS::SES::ConfigurationSet", "MailConfiguration"]
