"""How administrators sign in, and what keeps everybody else from their routes."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.template.test_api import ROUTES, operations
from tests.template.translated import DOMAIN, OWN_SIGN_IN, SETS, Stack, functions, stack, translated

each_set = pytest.mark.parametrize("parameters", SETS)

ADDRESSES = [
    ({}, "https://<Api>.execute-api.eu-central-1.amazonaws.com/live/dashboard/"),
    (DOMAIN, "https://id.example.com/dashboard/"),
    ({**DOMAIN, "BasePath": "r"}, "https://id.example.com/r/dashboard/"),
    ({**DOMAIN, "ServerAddress": "https://cdn.example.com/x"}, "https://cdn.example.com/x/dashboard/"),
]


def pool(name: str = "defaults") -> dict[str, Any]:
    """The user pool."""
    return stack(name).properties("AdministratorPool")


def client(name: str = "defaults") -> dict[str, Any]:
    """The dashboard as a client of the pool."""
    return stack(name).properties("AdministratorClient")


def body(name: str = "defaults") -> dict[str, Any]:
    """The OpenAPI document that API Gateway imports."""
    document: dict[str, Any] = stack(name).only("AWS::ApiGateway::RestApi")["Body"]
    return document


def refused(name: str) -> list[str]:
    """What the resource policy refuses to sources outside of the networks, as patterns of verb and path."""
    statements = body(name)["x-amazon-apigateway-policy"]["Statement"]
    denied = [one for one in statements if one["Effect"] == "Deny"]
    return [resource.removeprefix("execute-api:/live/") for one in denied for resource in one["Resource"]]


def is_refused(verb: str, path: str) -> bool:
    """Whether a stranger to the networks is refused; IAM's `*` reaches over slashes, as that of fnmatch does."""
    return any(fnmatchcase(verb + path, pattern) for pattern in refused("own sign-in"))


# --- the authorizer


@each_set
def test_the_authorizer_is_the_stacks_own_pool(parameters: str) -> None:
    """A 8.3.1: tokens of this pool and of no other, read from the header that every client has."""
    schemes = body(parameters)["components"]["securitySchemes"]
    assert set(schemes) == {"Administrators"}
    authorizer = schemes["Administrators"]
    assert (authorizer["in"], authorizer["name"]) == ("header", "Authorization")
    assert authorizer["x-amazon-apigateway-authorizer"]["type"] == "cognito_user_pools"
    assert authorizer["x-amazon-apigateway-authorizer"]["providerARNs"] == ["<AdministratorPool.Arn>"]


def test_what_is_not_open_asks_for_an_administrators_token() -> None:
    """A 8.3.1: closed means this authorizer, without scopes, which would ask for an access token."""
    closed = {route: one["security"] for route, one in operations().items() if route not in ROUTES}
    assert all(asked == [{"Administrators": []}] for asked in closed.values()), closed


def test_no_route_of_an_administrator_is_open() -> None:
    """The list of open routes is literal, and none below /v1/admin may ever be put on it."""
    assert not [path for _, path in ROUTES if path.startswith("/v1/admin")]
    paths = [
        event["Properties"]["Path"]
        for one in functions().values()
        for event in one["Properties"]["Events"].values()
        if event["Type"] == "Api" and event["Properties"].get("Auth") == {"Authorizer": "NONE"}
    ]
    assert set(paths) == {path for _, path in ROUTES}


# --- the pool


@each_set
def test_the_pool_asks_for_two_factors(parameters: str) -> None:
    """A 6.3.3: an authenticator app, always; no text message."""
    assert pool(parameters)["MfaConfiguration"] == "ON"
    assert pool(parameters)["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


@each_set
def test_nobody_makes_an_administrator_of_themselves(parameters: str) -> None:
    """No sign-up, and no new password by mail alone."""
    assert pool(parameters)["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool(parameters)["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "admin_only", "Priority": 1}]


@each_set
def test_passwords_are_long_and_free_in_their_signs(parameters: str) -> None:
    """A 6.2.1 6.2.5: at least 15 characters, of any kind."""
    policy = pool(parameters)["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] == 15
    assert not any(value for name, value in policy.items() if name.startswith("Require"))
    assert policy["TemporaryPasswordValidityDays"] == 3


@each_set
def test_the_invitation_says_what_it_has_to(parameters: str) -> None:
    """Cognito refuses one without the places of name and password."""
    message = pool(parameters)["AdminCreateUserConfig"]["InviteMessageTemplate"]["EmailMessage"]
    assert "{username}" in message
    assert "{####}" in message
    assert "ID restore" in message


@each_set
def test_the_pool_survives_the_stack(parameters: str) -> None:
    """The audit log names administrators by their ids in it."""
    resource = stack(parameters).resources["AdministratorPool"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert resource["Properties"]["DeletionProtection"] == "ACTIVE"


def test_sign_ins_are_watched_where_the_plan_has_it() -> None:
    """Cognito refuses it in the other plans."""
    assert pool("own sign-in")["UserPoolAddOns"] == {"AdvancedSecurityMode": "ENFORCED"}
    for plan in ("LITE", "ESSENTIALS"):
        properties = Stack({"AdministratorPoolTier": plan}).properties("AdministratorPool")
        assert properties["UserPoolTier"] == plan
        assert "UserPoolAddOns" not in properties


def test_the_groups_are_the_roles() -> None:
    """Three roles of the contract; Cognito's own order of them is that of their power."""
    groups = [one["Properties"] for one in stack().of("AWS::Cognito::UserPoolGroup").values()]
    by_power = [one["GroupName"] for one in sorted(groups, key=lambda one: int(one["Precedence"]))]
    assert by_power == ["admin", "helpdesk", "auditor"]
    assert all(one["UserPoolId"] == "<AdministratorPool>" for one in groups)


# --- the client


@each_set
def test_no_flow_takes_a_password_from_a_program(parameters: str) -> None:
    """A 6.3.4: the sign-in page is the only way to a token; a refresh token renews one."""
    assert client(parameters)["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client(parameters)["AllowedOAuthFlows"] == ["code"]
    assert client(parameters)["AllowedOAuthFlowsUserPoolClient"] is True
    assert len(stack(parameters).of("AWS::Cognito::UserPoolClient")) == 1


@each_set
def test_the_client_is_public_and_may_not_change_the_account(parameters: str) -> None:
    """A 10.4.6 10.4.11: no secret in a browser, and no scope that could change address or second factor."""
    assert client(parameters)["GenerateSecret"] is False
    assert client(parameters)["AllowedOAuthScopes"] == ["openid", "email", "profile"]
    assert client(parameters)["PreventUserExistenceErrors"] == "ENABLED"
    assert client(parameters)["EnableTokenRevocation"] is True


@each_set
def test_tokens_are_short(parameters: str) -> None:
    """A 7.3.1 7.3.2: an hour, and a working day until the next sign-in."""
    units = client(parameters)["TokenValidityUnits"]
    assert set(units.values()) == {"minutes"}
    assert (client(parameters)["IdTokenValidity"], client(parameters)["AccessTokenValidity"]) == (60, 60)
    assert client(parameters)["RefreshTokenValidity"] == 480


@pytest.mark.parametrize(("parameters", "address"), ADDRESSES)
def test_the_sign_in_comes_back_to_the_dashboard_only(parameters: dict[str, str], address: str) -> None:
    """A 10.4.1: to the server's own address, whichever that is, to the letter."""
    properties = Stack(parameters).properties("AdministratorClient")
    assert properties["CallbackURLs"] == properties["LogoutURLs"] == [address]
    assert address == Stack(parameters).outputs["ApiAddress"]["Value"] + "/dashboard/"


def test_a_company_signs_in_with_its_own() -> None:
    """The pool itself by default; its providers by name."""
    assert client()["SupportedIdentityProviders"] == ["COGNITO"]
    assert client("own sign-in")["SupportedIdentityProviders"] == ["Company", "COGNITO"]


# --- the page where they sign in, and who is told of it


def test_the_sign_in_page_has_a_name_that_nobody_else_has() -> None:
    """It is free by default, short enough, and has none of the words that Cognito refuses."""
    prefix = stack().properties("AdministratorDomain")["Domain"]
    assert prefix == "restore-0a1b2c3d-4e5f-6789-abcd-ef0123456789"
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", prefix)
    assert not re.search("aws|amazon|cognito", prefix)
    assert stack("own sign-in").properties("AdministratorDomain")["Domain"] == "example-restore"


@each_set
def test_the_sign_in_page_needs_no_branding(parameters: str) -> None:
    """Version 2 shows nothing without a branding, and is not in the LITE plan."""
    assert stack(parameters).properties("AdministratorDomain")["ManagedLoginVersion"] == 1


@each_set
def test_pages_and_functions_are_told_by_stage_variables(parameters: str) -> None:
    """An environment that named the client would be a cycle: the client names the API."""
    variables = stack(parameters).only("AWS::ApiGateway::Stage")["Variables"]
    assert variables["client"] == "<AdministratorClient>"
    assert variables["issuer"] == "https://cognito-idp.eu-central-1.amazonaws.com/<AdministratorPool>"
    assert variables["sign_in"] == "https://<AdministratorDomain>.auth.eu-central-1.amazoncognito.com"
    outputs = stack(parameters).outputs
    assert outputs["AdministratorPoolId"]["Value"] == "<AdministratorPool>"
    assert outputs["AdministratorClientId"]["Value"] == variables["client"]
    assert outputs["AdministratorSignIn"]["Value"] == variables["sign_in"]


# --- where they may come from


def test_without_networks_the_policy_is_open() -> None:
    """A policy that allows nothing would close the whole API."""
    (statement,) = body()["x-amazon-apigateway-policy"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
    }


def test_with_networks_others_are_refused() -> None:
    """From elsewhere, whoever asks, with whatever token; the rest of the API stays open."""
    allow, deny = body("own sign-in")["x-amazon-apigateway-policy"]["Statement"]
    assert allow == body()["x-amazon-apigateway-policy"]["Statement"][0]
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", "execute-api:Invoke")
    assert deny["Condition"] == {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}


@pytest.mark.parametrize("verb", ["GET", "PUT", "POST", "DELETE", "PATCH"])
def test_every_verb_of_an_administrator_is_refused(verb: str) -> None:
    """A route that comes later is no way around."""
    assert is_refused(verb, "/v1/admin/policy")
    assert is_refused(verb, "/v1/admin/identities/ada/devices/1/unpairing")


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/", "/dashboard/app.js", "/dashboard/fonts/one.woff2"])
def test_the_dashboard_is_refused(path: str) -> None:
    """Its pages too, though they hold nothing secret."""
    assert is_refused("GET", path)


@pytest.mark.parametrize("name", ["dashboard", "dashboard-1", "v1", "admin"])
def test_the_app_is_never_refused(name: str) -> None:
    """Not even for a person whose name looks like one of those paths."""
    for verb, path in ROUTES:
        if not path.startswith("/dashboard"):
            assert not is_refused(verb, re.sub(r"\{\w+\}", name, path))


def test_other_networks_go_live_at_once() -> None:
    """A deployment is a copy of the API: under the same name, a changed policy would wait for the next release."""

    def deployments(networks: str) -> set[str]:
        resources = translated({"AdministratorNetworks": networks})["Resources"].items()
        return {name for name, one in resources if one["Type"] == "AWS::ApiGateway::Deployment"}

    one, other = deployments(OWN_SIGN_IN["AdministratorNetworks"]), deployments("198.51.100.0/24")
    assert len(one) == len(other) == 1
    assert one != other != deployments("")
