"""Logs and alarms: what people would notice, and what to do then."""

from __future__ import annotations

import json
import re
from io import StringIO
from logging import StreamHandler
from typing import Any

import pytest

from restore import http
from restore.errors import Problem
from tests.template.translated import ROOT, SETS, Stack, stack

ALARMS = {
    "ApiErrorsAlarm": ("AWS/ApiGateway", "5XXError", {"ApiName": "stack", "Stage": "<ApiliveStage>"}),
    "SlowAnswersAlarm": ("AWS/ApiGateway", "Latency", {"ApiName": "stack", "Stage": "<ApiliveStage>"}),
    "UnexpectedErrorsAlarm": ("stack", "UnexpectedErrors", {}),
    "WrongCodesAlarm": ("stack", "WrongCodes", {}),
    "FunctionThrottlesAlarm": ("AWS/Lambda", "Throttles", {}),
    "TableWriteThrottlesAlarm": ("AWS/DynamoDB", "WriteThrottleEvents", {"TableName": "<Table>"}),
    "TableReadThrottlesAlarm": ("AWS/DynamoDB", "ReadThrottleEvents", {"TableName": "<Table>"}),
    "NoticesUndeliveredAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": "<UndeliveredNotices.QueueName>"},
    ),
    "EventsUnpublishedAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": "<UnpublishedEvents.QueueName>"},
    ),
    "ErasuresUnfinishedAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": "<UnfinishedErasures.QueueName>"},
    ),
    "MailFeedbackLostAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": "<LostMailFeedback.QueueName>"},
    ),
    "EventsLateAlarm": ("AWS/Lambda", "IteratorAge", {"FunctionName": "<Publish>"}),
    "NoticesLateAlarm": ("AWS/Lambda", "IteratorAge", {"FunctionName": "<Notify>"}),
    "EventsUnindexedAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": "<UnindexedEvents.QueueName>"},
    ),
    "AdministratorLimitedAlarm": ("stack", "AdministratorsLimited", {}),
    "LogUnsignedAlarm": ("stack", "LogsSigned", {}),
    "MailBouncesAlarm": ("AWS/SES", "Reputation.BounceRate", {}),
    "MailComplaintsAlarm": ("AWS/SES", "Reputation.ComplaintRate", {}),
}

each_set = pytest.mark.parametrize("parameters", SETS)
each_alarm = pytest.mark.parametrize("name", ALARMS)


RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def headings() -> list[str]:
    """The headings of the runbook, in its order."""
    return re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)


def test_a_heading_of_the_runbook_is_there_once() -> None:
    """An alarm names one, and of two copies one would be mended."""
    assert headings()
    assert len(headings()) == len(set(headings()))


def test_outputs_that_the_runbook_asks_for_are_there() -> None:
    """Whoever follows it by night gets no empty argument."""
    asked = set(re.findall(r"\$\(out (\w+)\)", RUNBOOK)) | set(re.findall(r"`(\w+(?:Arn|Url|Function))`", RUNBOOK))
    assert {"UndeliveredNoticesUrl", "UnpublishedEventsUrl", "ErasuresUrl", "MailReportsArn"} <= asked
    assert asked <= set(stack().outputs)


def test_the_runbook_tells_what_outlives_a_stack() -> None:
    """Each resource that stays is named with its physical name, before the stack and its outputs are gone."""
    section = RUNBOOK.partition("## Delete a stack")[2]
    kept = {name for name, one in stack().resources.items() if one.get("DeletionPolicy") == "Retain"}
    assert set(re.findall(r"\$\(made (\w+)\)", section)) == kept


def test_functions_are_told_apart_in_the_log() -> None:
    """A stream's name holds the function's between dashes: `Erase` alone would be `EraseIdentity`, too."""
    named = re.findall(r'@logStream like "([^"]+)"', RUNBOOK)
    assert named
    functions = set(stack().of("AWS::Lambda::Function"))
    assert {name.removeprefix("-").removesuffix("-") for name in named} <= functions
    assert all(sum(name in f"-{function}-" for function in functions) == 1 for name in named)


@each_set
def test_the_alarms_are_these(parameters: str) -> None:
    """Plain ones on one metric each, in every deployment."""
    deployed = stack(parameters)
    found = {
        name: (
            one["Properties"]["Namespace"],
            one["Properties"]["MetricName"],
            {each["Name"]: each["Value"] for each in one["Properties"].get("Dimensions", [])},
        )
        for name, one in deployed.of("AWS::CloudWatch::Alarm").items()
    }
    assert found == ALARMS


@each_alarm
def test_an_alarm_says_what_to_do(name: str) -> None:
    """Its description ends with a heading that the runbook has."""
    _, _, heading = stack().properties(name)["AlarmDescription"].partition("See docs/runbook.md, ")
    assert heading in headings()


@each_alarm
def test_silence_rings_no_alarm(name: str) -> None:
    """No traffic is no trouble; what is over is told, too."""
    properties = stack("everything").properties(name)
    assert properties["TreatMissingData"] == "notBreaching"
    wanted = "LessThanThreshold" if name == "LogUnsignedAlarm" else "GreaterThanOrEqualToThreshold"
    assert properties["ComparisonOperator"] == wanted
    assert float(properties["Threshold"]) > 0
    assert properties["AlarmActions"] == properties["OKActions"] == ["<AlarmTopic>"]
    assert "AlarmActions" not in stack().properties(name)


def test_alarms_are_mailed_when_an_address_is_given() -> None:
    """Without a key: under the account's own key CloudWatch may not publish, and alarms vanish."""
    assert not stack().of("AWS::SNS::Topic")
    topic = stack("everything").only("AWS::SNS::Topic")
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "operator@example.com"}]
    assert "KmsMasterKeyId" not in topic


@each_set
def test_logs_end(parameters: str) -> None:
    """A 14.2.1: one group for all functions, kept as long as the operator chose."""
    groups = stack(parameters).of("AWS::Logs::LogGroup")
    assert "FunctionLogs" in groups
    assert {one["Properties"]["RetentionInDays"] for one in groups.values()} == {"90"}
    chosen = Stack({"LogRetentionDays": "7"}).properties("FunctionLogs")
    assert chosen["RetentionInDays"] == "7"


# --- what the alarms on the log count

TOKENS = re.compile(r'\s*(\(|\)|&&|\|\||\$\.[\w.]+\s*!?=\s*"[^"]*")')
TERM = re.compile(r'\$\.([\w.]+)\s*(!?=)\s*"([^"]*)"')


def matches(pattern: str, line: dict[str, Any]) -> bool:
    """Whether CloudWatch's pattern for JSON lines matches one: `&&` before `||`, an absent member is never `!=`."""
    inner = pattern.strip().removeprefix("{").removesuffix("}").strip()
    tokens = TOKENS.findall(inner)
    assert "".join(tokens).replace(" ", "") == inner.replace(" ", ""), "a pattern that this does not read"

    def either() -> bool:
        found = both()
        while tokens and tokens[0] == "||":
            tokens.pop(0)
            found = both() or found
        return found

    def both() -> bool:
        found = one()
        while tokens and tokens[0] == "&&":
            tokens.pop(0)
            found = one() and found
        return found

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            found = either()
            assert tokens.pop(0) == ")"
            return found
        term = TERM.fullmatch(token)
        assert term is not None
        value: Any = line
        for part in term[1].split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value is not None and (str(value) == term[3]) == (term[2] == "=")

    return either()


def counted(name: str, line: dict[str, Any]) -> bool:
    """Whether a line of the log counts for the metric of that name."""
    for one in stack().of("AWS::Logs::MetricFilter").values():
        (metric,) = one["Properties"]["MetricTransformations"]
        if metric["MetricName"] == name:
            assert one["Properties"]["LogGroupName"] == "<FunctionLogs>"
            assert (metric["MetricNamespace"], metric["MetricValue"]) == ("stack", "1")
            return matches(one["Properties"]["FilterPattern"], line)
    raise AssertionError(name)


EVENT = {
    "httpMethod": "POST",
    "resource": "/v1/identities",
    "path": "/v1/identities",
    "requestContext": {"identity": {"sourceIp": "192.0.2.1"}, "path": "/live/v1/identities"},
    "multiValueHeaders": {"host": ["127.0.0.1"]},
}


@pytest.fixture(autouse=True)
def _metrics_have_a_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the template's environment gives them one."""
    monkeypatch.setattr(http.metrics.provider, "namespace", "stack")


def line_of(error: Exception) -> dict[str, Any]:
    """What a function logs when its act ends like that."""

    def act(_: dict[str, Any]) -> http.Answer:
        raise error

    stream = StringIO()
    handler = http.logger.registered_handler
    assert isinstance(handler, StreamHandler)
    before = handler.setStream(stream)
    try:
        http.guarded(act)(EVENT, None)
    finally:
        if before is not None:
            handler.setStream(before)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


@pytest.mark.parametrize(
    ("error", "metrics"),
    [
        (ValueError("never foreseen"), {"UnexpectedErrors"}),
        (Problem("unavailable", reason="mail"), set()),
        (Problem("restore_refused"), {"WrongCodes"}),
        (Problem("wrong_code", attempts_left=4), {"WrongCodes"}),
        (Problem("not_paired"), set()),
    ],
)
def test_what_functions_log_is_what_alarms_count(error: Exception, metrics: set[str]) -> None:
    """A 16.3.1: an error that nobody foresaw, and every wrong code; a refusal with 503 rings the API's own alarm."""
    line = line_of(error)
    assert {name for name in ("UnexpectedErrors", "WrongCodes") if counted(name, line)} == metrics


@pytest.mark.parametrize(
    "line",
    [
        {"log_level": "ERROR", "errorType": "Runtime.ImportModuleError"},
        {"type": "platform.report", "record": {"status": "timeout"}},
        {"type": "platform.report", "record": {"status": "error"}},
        {"level": "CRITICAL", "message": "anything"},
    ],
)
def test_what_the_platform_logs_is_counted_too(line: dict[str, Any]) -> None:
    """A 16.3.1: an exception that left the handler, a run out of time or memory, a function that cannot start."""
    assert counted("UnexpectedErrors", line)


@pytest.mark.parametrize(
    "line",
    [
        {"type": "platform.report", "record": {"status": "success"}},
        {"level": "INFO", "message": "answered", "status": 200},
        {
            "level": "ERROR",
            "message": "mail refused",
            "kind": "restore_enabled",
        },  # tried again; NoticesLate rings if not
    ],
)
def test_what_is_well_is_not_counted(line: dict[str, Any]) -> None:
    """Or nobody would look at the alarm any more."""
    assert not counted("UnexpectedErrors", line)
    assert not counted("WrongCodes", line)
