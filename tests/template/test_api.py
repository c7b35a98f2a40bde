"""The API: its routes, who may call them, its own answers, and what may stand before it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

import pytest
from botocore.session import Session

from restore.errors import CATALOGUE
from tests.template.translated import DOMAIN, EVERYTHING, SETS, Stack, functions, source, stack

ROUTES = {
    ("POST", "/v1/identities"): "CreateIdentity",
    ("GET", "/v1/identities/{identity}"): "ShowIdentity",
    ("POST", "/v1/identities/{identity}/sign-ins"): "SignIn",
    ("POST", "/v1/identities/{identity}/back-up-prompt"): "RefusePrompt",
    ("POST", "/v1/identities/{identity}/restore"): "EnableRestore",
    ("DELETE", "/v1/identities/{identity}/restore"): "DisableRestore",
    ("POST", "/v1/identities/{identity}/email/confirmation"): "ConfirmEmail",
    ("POST", "/v1/identities/{identity}/email/confirmation/resend"): "ResendConfirmation",
    ("PUT", "/v1/identities/{identity}/email"): "ChangeEmail",
    ("PUT", "/v1/identities/{identity}/second-email"): "ChangeSecondEmail",
    ("POST", "/v1/identities/{identity}/second-email/confirmation"): "ConfirmSecondEmail",
    ("POST", "/v1/identities/{identity}/second-email/confirmation/resend"): "ResendSecondConfirmation",
    ("DELETE", "/v1/identities/{identity}/second-email"): "RemoveSecondEmail",
    ("POST", "/v1/identities/{identity}/restorations"): "RequestRestore",
    ("GET", "/v1/identities/{identity}/restorations/{restoration}"): "ShowRestoration",
    ("DELETE", "/v1/identities/{identity}/restorations/{restoration}"): "CancelRestoration",
    ("POST", "/v1/identities/{identity}/restorations/{restoration}/resend"): "ResendCode",
    ("POST", "/v1/identities/{identity}/restorations/{restoration}/completion"): "CompleteRestore",
    ("DELETE", "/v1/identities/{identity}/devices/{device}"): "Unpair",
    ("POST", "/v1/identities/{identity}/pairings"): "OfferPairing",
    ("GET", "/v1/identities/{identity}/pairings/{pairing}"): "ShowPairing",
    ("DELETE", "/v1/identities/{identity}/pairings/{pairing}"): "CancelPairing",
    ("POST", "/v1/identities/{identity}/pairings/{pairing}/completion"): "CompletePairing",
    ("POST", "/v1/identities/{identity}/restorations/{restoration}/approval"): "ApproveRestoration",
    ("POST", "/v1/identities/{identity}/restore/drill"): "Drill",
    ("GET", "/v1/identities/{identity}/restore/code"): "KeptCode",
    ("PUT", "/v1/identities/{identity}/devices/{device}/verification-key"): "ChangeVerificationKey",
    ("DELETE", "/v1/identities/{identity}/devices/held"): "Reclaim",
    ("GET", "/v1/identities/{identity}/events"): "ShowEvents",
    ("DELETE", "/v1/identities/{identity}"): "EraseIdentity",
    ("GET", "/.well-known/id-restore"): "Pages",
    ("GET", "/.well-known/apple-app-site-association"): "Pages",
    ("GET", "/.well-known/assetlinks.json"): "Pages",
    ("GET", "/restore"): "Pages",
    ("GET", "/pair"): "Pages",
    ("GET", "/problems/{code}"): "Pages",
    ("GET", "/dispute/{token}"): "Dispute",
    ("POST", "/dispute/{token}"): "Dispute",
    ("GET", "/dashboard"): "Dashboard",
    ("GET", "/dashboard/{proxy+}"): "Dashboard",
}
"""Every route that API Gateway lets through without asking for anything: signed end to end by phones, or public."""

_IDENTITY = "/v1/admin/identities/{identity}"
ADMINISTRATORS_ROUTES = {
    ("GET", "/v1/admin/policy"): "LookUp",
    ("PUT", "/v1/admin/policy"): "SetPolicy",
    ("GET", "/v1/admin/identities"): "LookUp",
    ("GET", _IDENTITY): "LookUp",
    ("GET", "/v1/admin/events"): "LookUp",
    ("GET", "/v1/admin/readiness"): "LookUp",
    ("GET", "/v1/admin/approvals"): "LookUp",
    ("POST", "/v1/admin/approvals/{approval}"): "DecideApproval",
    ("POST", f"{_IDENTITY}/devices/{{device}}/unpairing"): "UnpairByAdministrator",
    ("POST", f"{_IDENTITY}/restore/barring"): "BarRestore",
    ("POST", f"{_IDENTITY}/restore/unbarring"): "UnbarRestore",
    ("POST", f"{_IDENTITY}/restorations/{{restoration}}/cancellation"): "CancelByAdministrator",
    ("POST", f"{_IDENTITY}/restore-code/send"): "KeptCode",
    ("POST", f"{_IDENTITY}/restore-code/reveal"): "KeptCode",
    ("POST", f"{_IDENTITY}/restore-code/issue"): "IssueCode",
}
"""Every route that asks for an administrator's token."""

EVERY_ROUTE = ROUTES | ADMINISTRATORS_ROUTES

OWN_ANSWERS = {
    "MISSING_AUTHENTICATION_TOKEN": "not_found",
    "RESOURCE_NOT_FOUND": "not_found",
    "UNAUTHORIZED": "token_invalid",
    "EXPIRED_TOKEN": "token_invalid",
    "INVALID_SIGNATURE": "not_allowed",
    "INVALID_API_KEY": "not_allowed",
    "ACCESS_DENIED": "not_allowed",
    "WAF_FILTERED": "not_allowed",
    "BAD_REQUEST_BODY": "malformed",
    "BAD_REQUEST_PARAMETERS": "malformed",
    "REQUEST_TOO_LARGE": "too_large",
    "UNSUPPORTED_MEDIA_TYPE": "not_json",
    "THROTTLED": "too_many_requests",
    "QUOTA_EXCEEDED": "too_many_requests",
    "AUTHORIZER_FAILURE": "unavailable",
    "AUTHORIZER_CONFIGURATION_ERROR": "unavailable",
    "API_CONFIGURATION_ERROR": "unavailable",
    "INTEGRATION_FAILURE": "unavailable",
    "INTEGRATION_TIMEOUT": "unavailable",
    "DEFAULT_4XX": "not_allowed",
    "DEFAULT_5XX": "unavailable",
}

each_set = pytest.mark.parametrize("parameters", SETS)


def body(name: str = "defaults") -> dict[str, Any]:
    """The OpenAPI document that API Gateway imports."""
    document: dict[str, Any] = stack(name).only("AWS::ApiGateway::RestApi")["Body"]
    return document


def stage(*, parameters: dict[str, str] | None = None) -> dict[str, Any]:
    """The stage, with parameters of a test's own."""
    return Stack(parameters or {}).only("AWS::ApiGateway::Stage")


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of the document, by verb and path."""
    paths = body()["paths"].items()
    return {(verb.upper(), path): operation for path, verbs in paths for verb, operation in verbs.items()}


def answers() -> dict[str, dict[str, Any]]:
    """API Gateway's own answers, by type, as they are imported."""
    found: dict[str, dict[str, Any]] = body()["x-amazon-apigateway-gateway-responses"]
    return found


# --- routes


def test_each_route_has_the_function_that_the_contract_gives_it() -> None:
    """S8 S10: the routes are these, and no others (S1-S3, S5, S7, S9, S17-S19 each by its act)."""
    called = {
        route: re.findall(r"<(\w+)\.Arn>", operation["x-amazon-apigateway-integration"]["uri"])
        for route, operation in operations().items()
    }
    assert called == {route: [name] for route, name in EVERY_ROUTE.items()}


def test_the_open_routes_are_a_closed_list() -> None:
    """A 16.5.3: a route without a word about who may call it is closed, so that forgetting it opens nothing."""
    assert {route for route, one in operations().items() if one.get("security") == [{"NONE": []}]} == set(ROUTES)
    assert source()["Resources"]["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Administrators"


def test_the_administrators_routes_ask_for_a_token() -> None:
    """A 8.2: every one of them, and no other route, goes by the authorizer of the administrators' pool."""
    closed = {route for route, one in operations().items() if one.get("security") == [{"Administrators": []}]}
    assert closed == set(ADMINISTRATORS_ROUTES)
    assert all(route[1].startswith("/v1/admin/") for route in closed)
    assert not [route for route in ROUTES if route[1].startswith("/v1/admin")]


def test_each_route_says_so_itself() -> None:
    """`sam deploy --guided` takes a route with Auth for meant, and does not ask."""
    routes = [event for one in functions().values() for event in one["Properties"]["Events"].values()]
    apis = [event["Properties"] for event in routes if event["Type"] == "Api"]
    assert len(apis) == len(EVERY_ROUTE)
    for api in apis:
        closed = api["Path"].startswith("/v1/admin/")
        assert api["Auth"] == {"Authorizer": "Administrators" if closed else "NONE"}


def test_a_place_in_a_path_has_one_name() -> None:
    """API Gateway refuses two variables of different names under one parent."""
    names = defaultdict(set)
    for _, path in EVERY_ROUTE:
        parts = path.split("/")
        for at, part in enumerate(parts):
            if part.startswith("{"):
                names["/".join("{}" if "{" in one else one for one in parts[:at])].add(part)
    assert names
    assert all(len(found) == 1 for found in names.values()), names


def test_no_route_takes_everything() -> None:
    """No greedy path and no ANY: an unknown route is answered by the gateway itself.

    But below the dashboard: its files are named by their hashes, so the template cannot name them. Its function gives
    out what lies in its bundle, by a closed list, and nothing else.
    """
    greedy = [route for route in operations() if "+}" in route[1] or "ANY" in route[0]]
    assert greedy == [("GET", "/dashboard/{proxy+}")]


def test_answers_are_compressed_where_it_pays() -> None:
    """The dashboard's files are text, and API Gateway compresses them; a small answer is not worth it."""
    assert stack().only("AWS::ApiGateway::RestApi")["MinimumCompressionSize"] == 1024


def test_bodies_arrive_as_text() -> None:
    """With a binary media type every body would be base64, and no digest would hold."""
    api = stack().only("AWS::ApiGateway::RestApi")
    assert "BinaryMediaTypes" not in api
    assert "x-amazon-apigateway-binary-media-types" not in body()


# --- the stage


@each_set
def test_the_endpoint_is_regional(parameters: str) -> None:
    """Unless it is written, AWS makes an edge endpoint, whose requests come from elsewhere."""
    api = stack(parameters).only("AWS::ApiGateway::RestApi")
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["Parameters"] == {"endpointConfigurationTypes": "REGIONAL"}


@each_set
def test_there_is_one_stage(parameters: str) -> None:
    """SAM adds a stage named Stage where the version of OpenAPI is not written."""
    assert stack(parameters).only("AWS::ApiGateway::Stage")["StageName"] == "live"
    assert "StageName" not in stack(parameters).only("AWS::ApiGateway::Deployment")


@each_set
def test_requests_are_traced_limited_and_never_logged_whole(parameters: str) -> None:
    """A 2.4.1 16.2.5: a limit of the whole API, traces, and no bodies in execution logs."""
    properties = stack(parameters).only("AWS::ApiGateway::Stage")
    (settings,) = properties["MethodSettings"]
    assert properties["TracingEnabled"] is False  # its traces would hold the paths of disputes; functions are traced
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert (int(settings["ThrottlingRateLimit"]), int(settings["ThrottlingBurstLimit"])) == (100, 200)
    assert settings["DataTraceEnabled"] is False


def test_logs_that_need_a_role_of_the_account_are_asked_for() -> None:
    """Without the role that they need a deployment would fail."""
    assert "AccessLogSetting" not in stage()
    assert stage()["MethodSettings"][0]["LoggingLevel"] == "OFF"
    assert set(stack().of("AWS::Logs::LogGroup")) == {"FunctionLogs"}
    assert stage(parameters=EVERYTHING)["AccessLogSetting"]["DestinationArn"] == "<AccessLogs.Arn>"


def test_an_access_log_has_no_path() -> None:
    """A 14.2.1 16.2.5: the path of a dispute is a secret; the log names the route instead."""
    template = json.loads(stage(parameters=EVERYTHING)["AccessLogSetting"]["Format"])
    assert set(template.values()) == {
        "$context.requestTimeEpoch",
        "$context.requestId",
        "$context.identity.sourceIp",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.responseLatency",
        "$context.xrayTraceId",
        "$context.error.responseType",
    }


@pytest.mark.parametrize(
    ("parameters", "variables", "address"),
    [
        (
            {},
            {"problems": "https://<Api>.execute-api.eu-central-1.amazonaws.com/live/problems"},
            "https://<Api>.execute-api.eu-central-1.amazonaws.com/live",
        ),
        (DOMAIN, {"problems": "https://id.example.com/problems"}, "https://id.example.com"),
        (
            {**DOMAIN, "BasePath": "r"},
            {"problems": "https://id.example.com/r/problems"},
            "https://id.example.com/r",
        ),
        (
            {**DOMAIN, "ServerAddress": "https://cdn.example.com/x"},
            {"problems": "https://cdn.example.com/x/problems", "server": "https://cdn.example.com/x"},
            "https://cdn.example.com/x",
        ),
    ],
)
def test_the_address_is_a_stage_variable(parameters: dict[str, str], variables: dict[str, str], address: str) -> None:
    """S10: it reaches functions and the gateway's own answers, and is never empty, which API Gateway refuses."""
    there = stage(parameters=parameters)["Variables"]
    assert {name: value for name, value in there.items() if name in {"problems", "server"}} == variables
    assert Stack(parameters).outputs["ApiAddress"]["Value"] == address
    assert all(re.fullmatch(r"[A-Za-z0-9._~:/?#&=,<>-]+", value) for value in variables.values())


# --- the gateway's own answers


def test_every_answer_that_the_gateway_can_give_is_ours() -> None:
    """A 16.5.1: each type that API Gateway knows is spelled out, so that none is inherited by surprise."""
    model = Session().get_service_model("apigateway").shape_for("GatewayResponseType")
    assert set(answers()) == set(model.enum) == set(OWN_ANSWERS)  # type: ignore[attr-defined]
    assert not stack().of("AWS::ApiGateway::GatewayResponse"), "lost when the API is imported again"


@pytest.mark.parametrize(("kind", "code"), OWN_ANSWERS.items())
def test_the_gateway_answers_with_problem_documents(kind: str, code: str) -> None:
    """A 14.3.2 16.5.1: form, title and status are those of the catalogue; nothing internal, nothing is stored."""
    answer = answers()[kind]
    status, title = CATALOGUE[code]
    assert set(answer["responseTemplates"]) == {"application/json"}
    document = json.loads(answer["responseTemplates"]["application/json"])
    assert document["type"] == f"$stageVariables.problems/{code}"
    assert (document["title"], document["code"]) == (title, code)
    assert document["detail"]
    headers = {
        name.removeprefix("gatewayresponse.header."): value.strip("'")
        for name, value in answer["responseParameters"].items()
    }
    assert all(value[0] == value[-1] == "'" for value in answer["responseParameters"].values()), "not a constant"
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Strict-Transport-Security"] == "max-age=63072000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("Retry-After" in headers) == (status in {429, 503})
    if kind == "DEFAULT_4XX":  # a status here would become that of every 4xx, and $context.status is empty
        assert "statusCode" not in answer
        assert "status" not in document
    else:
        assert int(answer["statusCode"]) == document["status"] == status


def test_the_gateways_answers_hold_nothing_that_an_update_would_not_bring() -> None:
    """A reference in them never goes live on an update; variables of the stage do."""
    text = json.dumps(source()["Resources"]["Api"]["Properties"]["GatewayResponses"])
    assert not re.findall(r"Fn::|\"Ref\"", text)
    assert set(re.findall(r"\$[A-Za-z]\w*(?:\.\w+)*", text)) == {"$stageVariables.problems"}


# --- before the API


def test_a_domain_of_ones_own_is_asked_for() -> None:
    """S10: with a name and a certificate, and only then."""
    assert not stack().of("AWS::ApiGateway::DomainName")
    assert not stack().of("AWS::ApiGateway::BasePathMapping")
    domain = stack("domain").only("AWS::ApiGateway::DomainName")
    assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert domain["SecurityPolicy"] == "TLS_1_2"
    assert domain["RegionalCertificateArn"] == DOMAIN["CertificateArn"]
    mapping = stack("domain").only("AWS::ApiGateway::BasePathMapping")
    assert mapping == {"DomainName": "<CustomDomain>", "RestApiId": "<Api>", "Stage": "<ApiliveStage>"}
    assert stack("everything").only("AWS::ApiGateway::BasePathMapping")["BasePath"] == "restore"
    (rule,) = [one for name, one in source()["Rules"].items() if name == "DomainNeedsCertificate"]
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}


def test_a_firewall_is_asked_for() -> None:
    """A 2.4.1: and then stands before the stage itself, whatever the address."""
    assert not [one for one in stack().resources.values() if one["Type"].startswith("AWS::WAFv2")]
    association = stack("waf").only("AWS::WAFv2::WebACLAssociation")
    assert association["WebACLArn"] == "<Waf.Arn>"
    assert association["ResourceArn"] == "arn:aws:apigateway:eu-central-1::/restapis/<Api>/stages/<ApiliveStage>"
    rules = stack("waf").only("AWS::WAFv2::WebACL")["Rules"]
    assert rules[0]["Statement"]["RateBasedStatement"] == {"AggregateKeyType": "IP", "Limit": "1000"}
    assert len({rule["Priority"] for rule in rules}) == len(rules)
