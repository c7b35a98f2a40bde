"""Least privilege as it is enforced: with a function's own role in hand, what it was not granted is refused.

tests/template holds what each role says; here the roles of the running stack are taken on, and tried.
"""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.stack.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack

ROLE = "AWS::IAM::Role"
REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
CLAIM = {"sealed": "for", "nobody": "at all"}


class Worn:
    """What can be done with one role of the stack."""

    def __init__(self, stack: Stack, session: boto3.session.Session, arn: str) -> None:
        credentials = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        make: Any = session.client
        self.client = cache(
            lambda service: make(
                service,
                region_name=stack.region,
                endpoint_url=stack.aws_endpoint,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
        )


@pytest.fixture(scope="module")
def roles(stack: Stack) -> dict[str, Worn]:
    """Every function's role, taken on, by the function's name. The local AWS lets its administrator do that."""
    session, iam = boto3.session.Session(), stack.client("iam")
    return {
        function: Worn(stack, session, iam.get_role(RoleName=stack.resources[ROLE, f"{function}Role"])["Role"]["Arn"])
        for kind, function in stack.resources
        if kind == "AWS::Lambda::Function"
    }


def allowed(act: Callable[[], Any]) -> bool:
    """Whether the right was there; that the act itself failed for another reason says that it was."""
    try:
        act()
    except ClientError as error:
        return error.response["Error"]["Code"] not in REFUSED
    return True


def who(roles: dict[str, Worn], act: Callable[[Worn], Any]) -> set[str]:
    """The functions whose role may do that."""
    return {function for function, role in roles.items() if allowed(partial(act, role))}


def test_who_may_write_the_table(stack: Stack, roles: dict[str, Worn]) -> None:
    """B11: readers put nothing, pages and mails change nothing, few delete, and nobody scans the table."""
    person = Person.created(stack)
    key = {"PK": {"S": f"ID#{person.identity}"}, "SK": {"S": "I"}}
    absent = {"PK": {"S": "ID#x"}, "SK": {"S": "X"}}

    def reads(role: Worn) -> None:
        role.client("dynamodb").get_item(TableName=stack.table, Key=key)

    def puts(role: Worn) -> None:
        condition = "attribute_exists(PK)"  # of an item that is not there: the right shows, and nothing is written
        role.client("dynamodb").put_item(TableName=stack.table, Item=absent, ConditionExpression=condition)

    def updates(role: Worn) -> None:
        role.client("dynamodb").update_item(
            TableName=stack.table,
            Key=absent,
            UpdateExpression="SET a = :a",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeValues={":a": {"N": "1"}},
        )

    readers = {"ShowIdentity", "ShowRestoration", "ShowPairing", "LookUp"}
    assert {*readers, "SignIn", "Unpair"} <= who(roles, reads) | who(roles, lambda role: queries(stack, role))
    putting = who(roles, puts)
    assert "CompleteRestore" in putting
    assert not putting & {*readers, "SignIn", "Pages", "Notify"}
    updating = who(roles, updates)  # readers remember a person's language
    assert "SignIn" in updating
    assert not updating & {"Pages", "Notify", "ResendCode"}
    deleting = who(roles, lambda role: role.client("dynamodb").delete_item(TableName=stack.table, Key=absent))
    assert deleting <= {"EraseIdentity", "Erase", "Index"}, "the last of its own lists, which no rights tell apart"
    assert who(roles, lambda role: role.client("dynamodb").scan(TableName=stack.table)) == set()
    assert who(roles, lambda role: role.client("dynamodb").delete_table(TableName=stack.table)) == set()
    assert person.phone.sign_in().expect(201)["sign_in_count"] == 1


def test_rights_end_at_the_stacks_own_table(stack: Stack, roles: dict[str, Worn]) -> None:
    """B11: whoever may read this table may read no other, not even one whose name begins like it."""
    other = f"{stack.table}-other"
    stack.client("dynamodb").create_table(
        TableName=other,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
    )
    try:
        key = {"PK": {"S": "x"}}
        assert who(roles, lambda role: role.client("dynamodb").get_item(TableName=other, Key=key)) == set()
        assert who(roles, lambda role: role.client("dynamodb").put_item(TableName=other, Item=key)) == set()
    finally:
        stack.client("dynamodb").delete_table(TableName=other)


def test_who_may_read_the_pepper(stack: Stack, roles: dict[str, Worn]) -> None:
    """ASVS 13.3.1: those that make or check a code or a link, and no other; nobody changes it."""
    secret = stack.resources["AWS::SecretsManager::Secret", "PepperSecret"]
    readers = who(roles, lambda role: role.client("secretsmanager").get_secret_value(SecretId=secret))
    assert {"CreateIdentity", "EnableRestore", "RequestRestore", "CompleteRestore"} <= readers
    assert not readers & {"Pages", "ShowIdentity", "SignIn", "RefusePrompt", "Unpair", "Publish", "ShowRestoration"}
    value = json.dumps(CLAIM)
    writers = who(
        roles, lambda role: role.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=value)
    )
    assert writers == set()


def test_only_showing_a_code_may_open_what_is_sealed(stack: Stack, roles: dict[str, Worn]) -> None:
    """S6 ASVS 13.3.1: those that make a code seal it; one function alone opens it, and that one seals nothing."""
    key = stack.resources["AWS::KMS::Key", "SealKey"]
    sealed = roles["EnableRestore"].client("kms").encrypt(KeyId=key, Plaintext=b"code", EncryptionContext=CLAIM)
    blob = sealed["CiphertextBlob"]

    def opens(role: Worn) -> None:
        opened = role.client("kms").decrypt(KeyId=key, CiphertextBlob=blob, EncryptionContext=CLAIM)
        assert opened["Plaintext"] == b"code"

    assert who(roles, opens) == {"KeptCode"}
    makers = who(roles, lambda role: role.client("kms").encrypt(KeyId=key, Plaintext=b"code"))
    assert makers == {"CreateIdentity", "EnableRestore", "CompleteRestore"}
    days = 30
    assert (
        who(roles, lambda role: role.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=days)) == set()
    )


def test_who_may_send_mail(stack: Stack, roles: dict[str, Worn]) -> None:
    """ASVS 13.2.2: the acts that mail a code, and the stream's consumer; a page or a sign-in never does."""

    def sends(role: Worn) -> None:
        role.client("sesv2").send_email(
            FromEmailAddress="id-restore@example.com",
            Destination={"ToAddresses": ["rights@example.net"]},
            Content={"Raw": {"Data": b"Subject: rights\r\n\r\nrights\r\n"}},
        )

    senders = who(roles, sends)
    assert {
        "CreateIdentity",
        "EnableRestore",
        "RequestRestore",
        "ResendCode",
        "ResendConfirmation",
        "Notify",
    } <= senders
    assert not senders & {"Pages", "ShowIdentity", "SignIn", "CompleteRestore", "Unpair", "Dispute", "ConfirmEmail"}


def queries(stack: Stack, role: Worn) -> None:
    """Read an identity's items."""
    role.client("dynamodb").query(
        TableName=stack.table,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": "ID#x"}},
    )
