"""What each function may do: exact verbs on exact resources, and nothing that it does not use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from restore.sealing import PURPOSE
from tests.template.translated import ACCOUNT, CUSTOMER_KEY, REGION, SETS, Stack, functions, stack

READ = "dynamodb:GetItem"
SEVERAL = "dynamodb:BatchGetItem"
QUERY = "dynamodb:Query"
FILL = "dynamodb:BatchWriteItem"
PUT = "dynamodb:PutItem"
UPDATE = "dynamodb:UpdateItem"
CHECK = "dynamodb:ConditionCheckItem"
DELETE = "dynamodb:DeleteItem"
PUBLISH = "events:PutEvents"
PEPPER = "secretsmanager:GetSecretValue"
SEAL = "kms:Encrypt"
UNSEAL = "kms:Decrypt"
SIGN = "kms:Sign"
ARCHIVE = "s3:PutObject"
ADMINISTERS = frozenset({CHECK, READ, PUT, QUERY, UPDATE})
MAIL = frozenset({"ses:SendEmail", "ses:SendRawEmail"})

RIGHTS: dict[str, set[str]] = {
    "CreateIdentity": {SEAL, READ, QUERY, PUT, UPDATE, CHECK, PEPPER, *MAIL},
    "ShowIdentity": {READ, QUERY, UPDATE},
    "SignIn": {READ, UPDATE},
    "RefusePrompt": {QUERY, PUT, UPDATE},
    "EnableRestore": {SEAL, READ, QUERY, PUT, UPDATE, PEPPER, *MAIL},
    "DisableRestore": {QUERY, PUT, UPDATE},
    "ConfirmEmail": {READ, QUERY, PUT, UPDATE, PEPPER},
    "ResendConfirmation": {READ, QUERY, PUT, UPDATE, PEPPER, *MAIL},
    "ChangeEmail": {READ, QUERY, PUT, UPDATE, PEPPER, *MAIL},
    "ChangeSecondEmail": {READ, QUERY, PUT, UPDATE, PEPPER, *MAIL},
    "ConfirmSecondEmail": {READ, QUERY, PUT, UPDATE, PEPPER},
    "ResendSecondConfirmation": {READ, QUERY, PUT, UPDATE, PEPPER, *MAIL},
    "RemoveSecondEmail": {QUERY, PUT, UPDATE, PEPPER},
    "RequestRestore": {READ, PUT, UPDATE, CHECK, PEPPER, *MAIL},
    "ShowRestoration": {QUERY, UPDATE},
    "CancelRestoration": {READ, QUERY, PUT, UPDATE},
    "ResendCode": {READ, PUT, PEPPER, *MAIL},
    "CompleteRestore": {SEAL, READ, QUERY, PUT, UPDATE, PEPPER},
    "Unpair": {QUERY, PUT, UPDATE},
    "OfferPairing": {READ, PUT, QUERY, UPDATE, PEPPER},
    "ShowPairing": {QUERY, UPDATE},
    "CancelPairing": {PUT, QUERY, UPDATE},
    "CompletePairing": {READ, PUT, QUERY, UPDATE, PEPPER},
    "ApproveRestoration": {PUT, QUERY, UPDATE},
    "Drill": {PUT, QUERY, UPDATE, PEPPER},
    "KeptCode": {UNSEAL, READ, CHECK, PUT, QUERY, UPDATE, *MAIL},
    "ChangeVerificationKey": {READ, PUT, QUERY, UPDATE},
    "Reclaim": {PUT, QUERY, UPDATE},
    "ShowEvents": {READ, QUERY, UPDATE},
    "EraseIdentity": {DELETE, READ, PUT, QUERY, PEPPER},
    "Pages": {READ},
    "Dashboard": set(),
    "Dispute": {READ, QUERY, PUT, UPDATE, PEPPER},
    "LookUp": {READ, SEVERAL, QUERY},
    "SetPolicy": {*ADMINISTERS},
    "UnpairByAdministrator": {*ADMINISTERS},
    "BarRestore": {*ADMINISTERS},
    "UnbarRestore": {*ADMINISTERS},
    "CancelByAdministrator": {*ADMINISTERS},
    "IssueCode": {*ADMINISTERS, PEPPER},
    "DecideApproval": {*ADMINISTERS},
    "Notify": {PEPPER, *MAIL},
    "Publish": {PUBLISH},
    "Erase": {DELETE, READ, PUT, QUERY, UPDATE, PEPPER},
    "Index": {FILL, DELETE, CHECK, READ, PUT, QUERY, UPDATE, PEPPER},
    "SignLog": {READ, PUT, QUERY, PEPPER, SIGN, ARCHIVE},
    "MailFeedback": {READ, PUT},
}
"""The verbs of each function's own statements."""

RESOURCES = {
    "dynamodb": {"<Table.Arn>"},
    "events": {"<EventBus.Arn>"},
    "secretsmanager": {"<PepperSecret.Id>"},
    "kms": {"<SealKey.Arn>"},
    "s3": {"<LogArchive.Arn>/log/*"},
    "ses": {
        f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/id-restore@example.com",
        f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com",
        f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/<MailConfiguration>",
    },
}
"""What the verbs of each service may be used on."""

ALONE = {SIGN: {"<LogKey.Arn>"}}
"""Verbs that are for something else than their service's others."""

MANAGED = "arn:aws:iam::aws:policy/"
ADDED_BY_SAM = {f"{MANAGED}service-role/AWSLambdaBasicExecutionRole", f"{MANAGED}AWSXrayWriteOnlyAccess"}
ADDED_FOR_SOURCES = {
    "Notify": {f"{MANAGED}service-role/AWSLambdaDynamoDBExecutionRole"},
    "Publish": {f"{MANAGED}service-role/AWSLambdaDynamoDBExecutionRole"},
    "Erase": {f"{MANAGED}service-role/AWSLambdaSQSQueueExecutionRole"},
    "MailFeedback": {f"{MANAGED}service-role/AWSLambdaSQSQueueExecutionRole"},
    "Index": {f"{MANAGED}service-role/AWSLambdaSQSQueueExecutionRole"},
}
DEAD_LETTERS = {"Notify": "<UndeliveredNotices.Arn>", "Publish": "<UnpublishedEvents.Arn>"}

each_function = pytest.mark.parametrize("name", RIGHTS)
each_set = pytest.mark.parametrize("parameters", SETS)


def listed(value: Any) -> list[Any]:
    """IAM's one or many."""
    return value if isinstance(value, list) else [value]


def statements(of: Stack, name: str, *, own: bool = True) -> list[dict[str, Any]]:
    """The statements of a function's role: those that we wrote, or those that SAM added for the event source."""
    policies = of.properties(f"{name}Role").get("Policies", [])
    return [
        one
        for policy in policies
        if policy["PolicyName"].startswith(f"{name}RolePolicy") == own
        for one in policy["PolicyDocument"]["Statement"]
    ]


def test_each_function_has_a_role_of_its_own() -> None:
    """B11: the table below is of all functions, and no two share rights."""
    deployed = stack().of("AWS::Lambda::Function")
    assert set(deployed) == set(functions()) == set(RIGHTS)
    assert {name: one["Properties"]["Role"] for name, one in deployed.items()} == {
        name: f"<{name}Role.Arn>" for name in RIGHTS
    }
    assert set(stack().of("AWS::IAM::Role")) == {f"{name}Role" for name in RIGHTS}


@each_function
def test_the_verbs_are_exactly_these(name: str) -> None:
    """B11: no verb that is not used, none on another resource than its own."""
    found: dict[str, set[str]] = {}
    for one in statements(stack(), name):
        assert one["Effect"] == "Allow"
        assert "NotAction" not in one
        assert "NotResource" not in one
        for verb in listed(one["Action"]):
            found.setdefault(verb, set()).update(listed(one["Resource"]))
    assert found == {verb: ALONE.get(verb) or RESOURCES[verb.partition(":")[0]] for verb in RIGHTS[name]}


@each_function
@each_set
def test_nothing_of_ours_is_a_wildcard(name: str, parameters: str) -> None:
    """B11: nor with any set of parameters; objects of the archive, whose names hold a day, lie under one prefix."""
    for own in (True, False):
        for one in statements(stack(parameters), name, own=own):
            named = listed(one["Action"]) + [text.removesuffix("/log/*") for text in listed(one["Resource"])]
            assert not [text for text in named if "*" in text]


@each_function
def test_sam_adds_what_is_known(name: str) -> None:
    """B11: logs and traces; for a reader of the stream its dead letters, for that of a queue the queue."""
    role = stack().properties(f"{name}Role")
    assert set(role["ManagedPolicyArns"]) == ADDED_BY_SAM | ADDED_FOR_SOURCES.get(name, set())
    added = [(one["Action"], one["Resource"]) for one in statements(stack(), name, own=False)]
    assert added == [("sqs:SendMessage", queue) for reader, queue in DEAD_LETTERS.items() if reader == name]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": ["lambda.amazonaws.com"]}


@each_function
def test_a_customers_key_may_be_used_through_its_services_alone(name: str) -> None:
    """A 13.3.1: whoever touches what the key encrypts may decrypt, writers too; nobody may ask the key itself."""
    services = {verb.partition(":")[0] for verb in RIGHTS[name]} & {"dynamodb", "secretsmanager"}
    if name in DEAD_LETTERS:
        services |= {"dynamodb"}  # the stream is encrypted as the table is
    found = [one for one in statements(stack("customer key"), name) if one["Sid"] == "DataKey"]
    if not services:
        assert not found
        return
    (one,) = found
    assert (one["Action"], one["Resource"]) == ("kms:Decrypt", CUSTOMER_KEY["DataKeyArn"])
    ((operator, condition),) = one["Condition"].items()
    assert operator == "StringEquals"
    assert set(listed(condition["kms:ViaService"])) == {f"{each}.{REGION}.amazonaws.com" for each in services}
    assert not [other for other in statements(stack(), name) if other["Sid"] == "DataKey"]


@each_function
def test_the_key_of_sealed_codes_is_for_nothing_else(name: str) -> None:
    """S15 13.3.1: a right on it holds only in the context of a restore code."""
    found = [one for one in statements(stack(), name) if "<SealKey.Arn>" in listed(one["Resource"])]
    assert bool(found) == bool(RIGHTS[name] & {SEAL, UNSEAL})
    assert all(one["Condition"] == {"StringEquals": {"kms:EncryptionContext:purpose": PURPOSE}} for one in found)


def test_the_recipient_is_named_while_ses_is_in_its_sandbox() -> None:
    """There SES also asks for a right on the recipient's identity."""
    for name, verbs in RIGHTS.items():
        mail = [one for one in statements(stack("everything"), name) if one["Sid"] == "Mail"]
        assert len(mail) == (1 if verbs >= MAIL else 0)
        for one in mail:
            assert f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.org" in one["Resource"]


@each_function
def test_power_and_its_names_go_together(name: str) -> None:
    """A 13.3.1: who may read the pepper or send mail is told which, nobody else is; no secret is in an environment."""
    environment = stack().properties(name)["Environment"]["Variables"]
    power = {
        "PEPPER_SECRET_ID": ("<PepperSecret.Id>", PEPPER),
        "SENDER": ("id-restore@example.com", "ses:SendEmail"),
        "MAIL_CONFIGURATION_SET": ("<MailConfiguration>", "ses:SendEmail"),
    }
    expected = {variable: value for variable, (value, verb) in power.items() if verb in RIGHTS[name]}
    assert {variable: environment[variable] for variable in power if variable in environment} == expected
    assert "resolve:secretsmanager" not in json.dumps(environment)


def test_only_the_api_calls_functions() -> None:
    """Each permission is for API Gateway, and for this API alone; but for the clock that has the log signed."""
    permissions = stack().of("AWS::Lambda::Permission")
    (nightly,) = (permissions.pop(name) for name in list(permissions) if name.startswith("SignLogNightly"))
    assert nightly["Properties"]["Principal"] == "events.amazonaws.com"
    assert nightly["Properties"]["FunctionName"] == "<SignLog>"
    assert permissions
    for permission in permissions.values():
        assert permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
        assert f"arn:aws:execute-api:{REGION}:{ACCOUNT}:<Api>/" in permission["Properties"]["SourceArn"]
