"""How functions run: the same for all, and what the operator chose reaches each."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import fields
from typing import Any

import pytest

from restore import keys
from restore.limits import Limits
from restore.policy import Policy
from tests.template.translated import EVERYTHING, ROOT, SETS, Stack, functions, source, stack

NAMES = sorted(functions())

each_function = pytest.mark.parametrize("name", NAMES)


def parameter_of(field: str) -> str:
    """The template's name of a field: `hold_hours` → `HoldHours`."""
    return "".join(part.title() for part in field.split("_"))


def chosen() -> dict[str, Any]:
    """Every field of policy and limits with the code's own default."""
    return {field.name: getattr(of, field.name) for of in (Policy(), Limits()) for field in fields(of)}


@each_function
def test_a_function_runs_as_all_do(name: str) -> None:
    """B11, A 16.2.5: runtime, layers, traces, JSON lines in one log group, an answer before the gateway gives up."""
    properties = stack().properties(name)
    assert properties["Runtime"] == "python3.13"
    assert properties["Handler"] == "app.lambda_handler"
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert [re.sub(r"Layer\w+>", "Layer>", one) for one in properties["Layers"]] == [
        "<DependenciesLayer>",
        "<CoreLayer>",
    ]
    assert properties["LoggingConfig"] == {
        "LogGroup": "<FunctionLogs>",
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }
    longest = {"SignLog": 900, **dict.fromkeys(("Notify", "Publish", "Erase", "Index"), 60)}
    assert int(properties["Timeout"]) <= longest.get(name, 28), "the API gives up after 29 s"
    assert int(properties["MemorySize"]) == 1024
    assert "ReservedConcurrentExecutions" not in properties, "a new account has ten in all"
    assert "FunctionUrlConfig" not in functions()[name]["Properties"], "no way around the API's limits"


@each_function
def test_the_processor_is_a_parameter(name: str) -> None:
    """Of functions and layers alike: a layer for the other processor cannot be imported."""
    assert stack().properties(name)["Architectures"] == ["arm64"]
    assert stack("everything").properties(name)["Architectures"] == ["x86_64"]


@pytest.mark.parametrize("layer", ["CoreLayer", "DependenciesLayer"])
def test_a_layer_is_built_for_the_functions_processor(layer: str) -> None:
    """Without BuildArchitecture a layer silently gets packages for x86."""
    resource = source()["Resources"][layer]
    assert resource["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": {"Ref": "Architecture"}}
    assert resource["Properties"]["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
    assert resource["Properties"]["CompatibleRuntimes"] == ["python3.13"]
    assert (ROOT / resource["Properties"]["ContentUri"] / "Makefile").read_text().count(f"build-{layer}")


def test_every_function_is_in_its_folder_and_deployed() -> None:
    """One act, one folder, one function."""
    written = {one["Properties"]["CodeUri"] for one in functions().values()}
    found = {f"{app.parent.relative_to(ROOT).as_posix()}/" for app in (ROOT / "functions").rglob("app.py")}
    assert found == written
    assert len(written) == len(NAMES)


TRUST = re.compile(
    r"(?i)AWS_(CA_BUNDLE|ENDPOINT_URL.*|IGNORE_.*|PROFILE|CONFIG_FILE)|SSL_.*|.*_CA_BUNDLE|.*_PROXY|PYTHON.*"
)
"""Variables that change whom a client of AWS trusts or asks, or what Python runs."""


@pytest.mark.parametrize("parameters", SETS)
def test_no_environment_changes_whom_a_client_trusts(parameters: str) -> None:
    """A 13.3.1: codes go to AWS's own endpoints, with the certificates that the runtime brings."""
    for name, function in stack(parameters).of("AWS::Lambda::Function").items():
        variables = function["Properties"]["Environment"]["Variables"]
        assert not [one for one in variables if TRUST.fullmatch(one)], name


@each_function
def test_policy_and_limits_reach_every_function_whole(name: str) -> None:
    """S14: code goes by its default where a variable is missing, so none may be missing anywhere."""
    environment = Stack(EVERYTHING | {"HoldHours": "48", "EmailDomains": "example.com"}).properties(name)["Environment"]
    variables = environment["Variables"]
    assert not {field.upper() for field in chosen()} - set(variables)
    assert variables["TABLE_NAME"] == "<Table>"
    assert Policy.from_environment(variables) == Policy(hold_hours=48, email_domains=("example.com",))
    assert Limits.from_environment(variables) == Limits()


def variables_used(name: str) -> set[str]:
    """The environment variables that a function's own code asks for, by `settings` or by their names."""
    folder = ROOT / functions()[name]["Properties"]["CodeUri"]
    nodes = list(ast.walk(ast.parse((folder / "app.py").read_text(encoding="utf-8"))))
    settings = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings"
    }
    named = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[A-Z]+(_[A-Z0-9]+)+", node.value)
    }
    return (settings | named) - {"POLICY", "LIMITS", "ECDSA_SHA_256"}


@each_function
def test_a_function_is_told_what_it_asks_for_and_no_more(name: str) -> None:
    """Beyond what all have: a variable that were missing would be taken for empty, and nobody would notice."""
    of_all = set(source()["Globals"]["Function"]["Environment"]["Variables"])
    own = functions()[name]["Properties"].get("Environment", {"Variables": {}})["Variables"]
    assert set(own) == variables_used(name) - of_all


@pytest.mark.parametrize("field", chosen())
def test_a_choice_is_a_parameter_of_its_name(field: str) -> None:
    """S14: with the code's own default, which is the contract's, and passed on under the field's name."""
    parameter = source()["Parameters"][parameter_of(field)]
    default = chosen()[field]
    if isinstance(default, bool):
        assert parameter["AllowedValues"] == ["true", "false"]
        default = str(default).lower()
    assert parameter["Default"] == ("" if default is None else default)
    variables = source()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables[field.upper()] == {"Ref": parameter_of(field)}


@pytest.mark.parametrize(
    ("parameter", "most"),
    [
        ("EmailCodeSeconds", 24 * 3600),
        ("WrongCodesInARow", 100),
        ("MaxDevices", 10),
    ],
)
def test_no_choice_goes_beyond_what_the_standard_allows(parameter: str, most: int) -> None:
    """N3, N9: a mailed code lives a day at most, and no more than a hundred failures in a row are taken."""
    assert source()["Parameters"][parameter]["MaxValue"] == most


# --- the stream


READERS = {
    "Notify": ("UndeliveredNotices", 10, 3600),
    "Publish": ("UnpublishedEvents", None, 43200),
}
"""Who reads the stream: where goes what fails, after how many tries, and after how many seconds."""

each_reader = pytest.mark.parametrize("name", READERS)


def source_of(name: str, parameters: str = "defaults") -> dict[str, Any]:
    """The event source of a function."""
    found = stack(parameters).of("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = [one["Properties"] for one in found if one["Properties"]["FunctionName"] == f"<{name}>"]
    return dict(mapping)


def test_the_stream_has_two_readers() -> None:
    """DynamoDB lets two read a shard at a time; a third would have all of them throttled."""
    mappings = stack().of("AWS::Lambda::EventSourceMapping").values()
    of_stream = [one for one in mappings if one["Properties"]["EventSourceArn"] == "<Table.StreamArn>"]
    assert {one["Properties"]["FunctionName"] for one in of_stream} == {f"<{name}>" for name in READERS}
    assert len(of_stream) == len(READERS) == 2


@each_reader
@pytest.mark.parametrize("parameters", SETS)
def test_nothing_that_the_stream_brings_is_lost_or_in_the_way(name: str, parameters: str) -> None:
    """N2 N5: tried again, set aside alone, and left in a queue while the stream still remembers it (24 h)."""
    queue_name, tries, seconds = READERS[name]
    mapping = source_of(name, parameters)
    assert mapping["EventSourceArn"] == "<Table.StreamArn>"
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping.get("MaximumRetryAttempts") == tries
    assert mapping["MaximumRecordAgeInSeconds"] == seconds
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": f"<{queue_name}.Arn>"}}
    queue = stack(parameters).properties(queue_name)
    assert queue == {"MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": True}


def test_an_act_and_its_being_taken_back_come_together() -> None:
    """N5: a notice waits a second, in which it may turn out that its act was none."""
    assert source_of("Notify")["MaximumBatchingWindowInSeconds"] == 1


@each_reader
def test_new_event_rows_are_what_readers_see(name: str) -> None:
    """N5: every one of them. "Exists" would match leaves only, and so never a list of mails."""
    (pattern,) = source_of(name)["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"SK": {"S": [{"prefix": keys.EVENT}]}}},
    }
    assert keys.event_key("ada", 1)["SK"].startswith(keys.EVENT)
    others = (
        keys.identity_key("ada"),
        keys.restore_key("ada"),
        keys.device_key("ada", "x"),
        keys.counter_key("a", "b", 1),
        keys.tombstone_key("1.x"),
        keys.erased_event_key("1.x", "0000000001"),
    )
    assert not [key for key in others if key["SK"].startswith(keys.EVENT)]


QUEUES = {
    "Erase": ("ErasureRule", "Erasures", "UnfinishedErasures"),
    "MailFeedback": ("MailFeedbackRule", "MailReports", "LostMailFeedback"),
    "Index": ("IndexRule", "EventsToIndex", "UnindexedEvents"),
}
"""Who works off a queue: the rule that fills it, the queue, and where goes what never succeeds."""


@pytest.mark.parametrize("name", QUEUES)
def test_what_a_rule_brings_is_not_lost(name: str) -> None:
    """A 2.3.3: from a bus into a queue, which gives it again for hours and then rings; only the rule may fill it."""
    rule_name, queue_name, dead = QUEUES[name]
    rule = stack().properties(rule_name)
    assert rule["State"] == "ENABLED"
    (target,) = rule["Targets"]
    assert target["Arn"] == f"<{queue_name}.Arn>"
    assert target["DeadLetterConfig"] == {"Arn": f"<{dead}.Arn>"}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    queue = stack().properties(queue_name)
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": f"<{dead}.Arn>", "maxReceiveCount": 50}
    assert queue["VisibilityTimeout"] >= 6 * int(stack().properties(name)["Timeout"]), "as AWS advises"
    mapping = source_of(name)
    assert mapping["EventSourceArn"] == f"<{queue_name}.Arn>"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    policies = [one["Properties"] for one in stack().of("AWS::SQS::QueuePolicy").values()]
    (policy,) = [one for one in policies if f"<{queue_name}>" in one["Queues"]]
    assert policy["Queues"] == [f"<{queue_name}>", f"<{dead}>"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == [f"<{queue_name}.Arn>", f"<{dead}.Arn>"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": f"<{rule_name}.Arn>"}}
    for each in (queue_name, dead):
        assert stack().properties(each)["SqsManagedSseEnabled"] is True
        assert stack().properties(each)["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_erasures_are_what_the_rule_of_erasures_brings() -> None:
    """Of the stack's own bus."""
    rule = stack().properties("ErasureRule")
    assert rule["EventBusName"] == "<EventBus>"
    assert rule["EventPattern"] == {"source": ["id-restore"], "detail-type": ["identity.erased"]}


def test_feedback_is_of_our_own_mails_alone() -> None:
    """The default bus has every application's: the rule lets through what SES says of this stack's mails."""
    rule = stack().properties("MailFeedbackRule")
    assert "EventBusName" not in rule
    assert rule["EventPattern"] == {
        "source": ["aws.ses"],
        "detail-type": ["Email Bounced", "Email Complaint Received"],
        "detail": {"mail": {"tags": {"ses:configuration-set": ["<MailConfiguration>"]}}},
    }
    assert source_of("MailFeedback")["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert set(QUEUES) == {
        one["Properties"]["FunctionName"].strip("<>")
        for one in stack().of("AWS::Lambda::EventSourceMapping").values()
        if one["Properties"]["EventSourceArn"] != "<Table.StreamArn>"
    }
