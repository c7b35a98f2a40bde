"""What is kept: the table, the pepper, and how mail leaves."""

from __future__ import annotations

from typing import Any

import pytest

from restore import keys
from restore.codes import Pepper
from tests.template.translated import ACCOUNT, CUSTOMER_KEY, EVERYTHING, REGION, SETS, Stack, stack

each_set = pytest.mark.parametrize("parameters", SETS)


@each_set
def test_the_table_can_be_had_back(parameters: str) -> None:
    """N7: it stays when the stack goes, cannot be deleted by mistake, and can be had back as it was at any second."""
    (table,) = stack(parameters).of("AWS::DynamoDB::Table").values()
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_table_is_made_for_the_keys() -> None:
    """Two text keys, as `restore.keys` makes them; no index, so that no write costs twice."""
    table = stack().only("AWS::DynamoDB::Table")
    assert {one["AttributeName"]: one["KeyType"] for one in table["KeySchema"]} == {"PK": "HASH", "SK": "RANGE"}
    assert {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]} == {
        "PK": "S",
        "SK": "S",
    }
    assert set(keys.identity_key("ada")) == {"PK", "SK"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert not {"ProvisionedThroughput", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"} & set(table)


def test_counters_go_by_themselves_and_acts_are_streamed() -> None:
    """Notices are mailed from the stream's new images."""
    table = stack().only("AWS::DynamoDB::Table")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_a_customers_key_is_asked_for() -> None:
    """A 13.3.1: AWS's own keys, or one of the customer's for table and pepper."""
    assert "SSESpecification" not in stack().only("AWS::DynamoDB::Table")
    assert "KmsKeyId" not in stack().only("AWS::SecretsManager::Secret")
    key = CUSTOMER_KEY["DataKeyArn"]
    encryption = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    assert stack("customer key").only("AWS::DynamoDB::Table")["SSESpecification"] == encryption
    assert stack("customer key").only("AWS::SecretsManager::Secret")["KmsKeyId"] == key


FROZEN = {
    "SecretStringTemplate": '{"current":"1"}',
    "GenerateStringKey": "1",
    "PasswordLength": 64,
    "ExcludePunctuation": True,
}
"""Never change this together with the template: a new value would end every code that was ever handed out."""


@each_set
def test_the_pepper_is_frozen_and_kept(parameters: str) -> None:
    """N1, A 13.3.1: changing any member would make a new value; no set of parameters does."""
    (secret,) = stack(parameters).of("AWS::SecretsManager::Secret").values()
    assert secret["DeletionPolicy"] == secret["UpdateReplacePolicy"] == "Retain"
    assert secret["Properties"]["GenerateSecretString"] == FROZEN


def test_the_pepper_is_what_the_code_reads() -> None:
    """N1: versions and the current one; 64 letters and digits are over 112 bits (SP 800-63B-4, 3.1.1.2)."""
    Pepper.parse('{"current":"1","1":"' + "x" * int(str(FROZEN["PasswordLength"])) + '"}')


def test_mail_is_never_sent_in_the_clear() -> None:
    """N3: to a server without TLS a code is not handed over; who bounced or complained is not written to again."""
    assert stack().only("AWS::SES::ConfigurationSet") == {
        "DeliveryOptions": {"TlsPolicy": "REQUIRE"},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SuppressionOptions": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    }


def test_what_becomes_of_mails_is_told() -> None:
    """Bounces and complaints, to the account's default bus: SES takes no other."""
    told = stack().only("AWS::SES::ConfigurationSetEventDestination")
    assert told["ConfigurationSetName"] == "<MailConfiguration>"
    assert told["EventDestination"] == {
        "Enabled": True,
        "MatchingEventTypes": ["BOUNCE", "COMPLAINT"],
        "EventBridgeDestination": {"EventBusArn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"},
    }


@pytest.mark.parametrize(
    ("choice", "identity"),
    [
        ("none", None),
        ("address", {"EmailIdentity": "id-restore@example.com"}),
        ("domain", {"EmailIdentity": "example.com", "DkimAttributes": {"SigningEnabled": True}}),
    ],
)
def test_the_senders_identity_is_asked_for(choice: str, identity: dict[str, Any] | None) -> None:
    """Making one that exists fails, so it is made only when asked for; a domain's records are among the outputs."""
    made = Stack({"CreateSenderIdentity": choice})
    assert [one["Properties"] for one in made.of("AWS::SES::EmailIdentity").values()] == (
        [identity] if identity else []
    )
    assert len([name for name in made.outputs if name.startswith("DkimRecord")]) == (3 if choice == "domain" else 0)


NAMED_BY_AWS = {
    "AWS::ApiGateway::RestApi": set(),  # its Name is only shown, and need not be unique
    "AWS::CloudWatch::Alarm": {"AlarmName"},
    "AWS::Cognito::UserPool": {"UserPoolName"},
    "AWS::Cognito::UserPoolClient": {"ClientName"},
    "AWS::DynamoDB::Table": {"TableName"},
    "AWS::Events::Rule": {"Name"},
    "AWS::IAM::Role": {"RoleName"},
    "AWS::Lambda::Function": {"FunctionName"},
    "AWS::Logs::LogGroup": {"LogGroupName"},
    "AWS::Logs::MetricFilter": {"FilterName"},
    "AWS::S3::Bucket": {"BucketName"},
    "AWS::SES::ConfigurationSet": {"Name"},
    "AWS::SES::ConfigurationSetEventDestination": set(),  # named within its set alone
    "AWS::SNS::Topic": {"TopicName"},
    "AWS::SQS::Queue": {"QueueName"},
    "AWS::SecretsManager::Secret": {"Name"},
    "AWS::WAFv2::WebACL": {"Name"},
}
NAMELESS = {
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::KMS::Key",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::WebACLAssociation",
}
NAMED_FOR_WHAT_THEY_ARE = {
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::Stage",
    "AWS::Cognito::UserPoolDomain",  # must be named: by the stack's id, unless somebody chose a name
    "AWS::Cognito::UserPoolGroup",  # within its pool alone
    "AWS::Lambda::LayerVersion",  # versions of one name live side by side
    "AWS::SES::EmailIdentity",
    "AWS::Events::EventBus",  # must be named: as the stack is
}


def test_two_stacks_live_in_one_account() -> None:
    """No name is fixed, with every option on."""
    for name, resource in Stack(EVERYTHING).resources.items():
        kind = resource["Type"]
        assert kind in NAMED_BY_AWS.keys() | NAMELESS | NAMED_FOR_WHAT_THEY_ARE, f"{name}: is a {kind} named by hand?"
        assert not NAMED_BY_AWS.get(kind, set()) & set(resource["Properties"]), name


def test_the_bus_is_the_stacks_own() -> None:
    """Named after the stack, so that two stacks live in one account; nobody else's rules are on it unasked."""
    assert stack().only("AWS::Events::EventBus")["Name"] == "stack"
    assert not stack().of("AWS::Events::EventBusPolicy")


THE_ACCOUNTS_OWN = {
    "Sid": "ByTheAccountsOwnRights",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
"""What a key's policy has to say, so that rights of the account's own roles count at all."""


@each_set
def test_nobody_changes_what_was_signed(parameters: str) -> None:
    """B4: locked from the first object on, for a year and more, and not by a right that the account could give."""
    deployed = stack(parameters)
    bucket = deployed.properties("LogArchive")
    assert bucket["ObjectLockEnabled"] is True
    retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (retention["Mode"], int(retention["Days"])) == ("COMPLIANCE", 400)
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    policy = deployed.properties("LogArchivePolicy")["PolicyDocument"]["Statement"]
    assert [one["Effect"] for one in policy] == ["Deny"], "who may read it is for the account's own rights"


def test_the_logs_key_signs_and_no_more() -> None:
    """B4: an asymmetric key: whoever verifies needs no secret. It has no rotation, which AWS refuses for such keys."""
    key = stack().properties("LogKey")
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert "EnableKeyRotation" not in key
    assert key["KeyPolicy"]["Statement"] == [THE_ACCOUNTS_OWN]


@each_set
def test_the_key_of_sealed_codes_is_the_accounts_and_rotates(parameters: str) -> None:
    """A 13.3.1, S15: nobody outside the account, and roles by their own rights alone; it rotates."""
    key = stack(parameters).properties("SealKey")
    assert key["EnableKeyRotation"] is True
    assert key["PendingWindowInDays"] == 30
    assert key["KeyPolicy"]["Statement"] == [THE_ACCOUNTS_OWN]
    assert not {"KeySpec", "Origin", "BypassPolicyLockoutSafetyCheck"} & set(key), "an ordinary symmetric key of KMS"
