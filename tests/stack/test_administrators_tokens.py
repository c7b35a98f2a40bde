"""Administrators at the deployed stack: how they come to a token, and which tokens the authorizer lets pass."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.errors import StackError
from local.places import ROOT
from local.user_pool import PASSWORD, ROLES, Administrators, altered, claims_of, email_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.mailbox import Mailbox
    from local.stack import Stack

A_ROUTE = "/v1/admin/policy"
TEMPORARY = re.compile(r"with the password (\S+) within")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client that no proxy setting of this machine leads astray."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def administrators(stack: Stack) -> Administrators:
    """The stack's own, as its dashboard meets them."""
    return Administrators.of(stack.summary)


def ask(http: httpx.Client, stack: Stack, token: str | None) -> httpx.Response:
    """Ask for something that administrators alone may see."""
    headers = {} if token is None else {"Authorization": token}
    return http.get(stack.api + A_ROUTE, headers=headers)


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this project and wait for it."""
    return subprocess.run(
        arguments, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def stages_variables(stack: Stack) -> dict[str, str]:
    """What the stage tells pages and functions."""
    api = stack.resources["AWS::ApiGateway::RestApi", "Api"]
    variables: dict[str, str] = stack.client("apigateway").get_stage(restApiId=api, stageName="live")["variables"]
    return variables


# --- people and their tokens -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_token_says_who_somebody_is(stack: Stack, administrators: Administrators, role: str) -> None:
    """The page gives an id token of the stack's pool, for its client, with the role and a sign-in of just now."""
    claims = claims_of(administrators.token(role))
    assert claims["iss"] == stages_variables(stack)["issuer"]
    assert claims["aud"] == stages_variables(stack)["client"] == stack.administrator_client
    assert claims["token_use"] == "id"
    assert claims["cognito:groups"] == [role]
    assert claims["email"] == email_of(role) == f"{role}@example.com"
    assert 0 <= claims["iat"] - claims["auth_time"] <= 1
    assert claims["exp"] - claims["iat"] == 3600


def test_several_people_have_one_role(administrators: Administrators) -> None:
    """B2 B15: two admins are two, and each is the same one the next time."""
    ann, bob = (claims_of(administrators.token("admin", name)) for name in ("ann", "bob"))
    assert ann["sub"] != bob["sub"]
    assert ann["email"] == "ann.admin@example.com"
    assert ann["cognito:groups"] == bob["cognito:groups"] == ["admin"]
    assert claims_of(administrators.token("admin", "ann"))["sub"] == ann["sub"]


def test_a_person_may_have_no_role(administrators: Administrators) -> None:
    """Somebody whom the company's own sign-in lets in, and nobody has given a role."""
    assert "cognito:groups" not in claims_of(administrators.token(None))


def test_the_sign_in_page_is_the_only_way(stack: Stack, administrators: Administrators) -> None:
    """A password that a program sends is refused, whatever flow it names."""
    email = administrators.person("admin", "pat")
    cognito = stack.client("cognito-idp")
    asked = {"ClientId": stack.administrator_client, "AuthParameters": {"USERNAME": email, "PASSWORD": PASSWORD}}
    with pytest.raises(cognito.exceptions.InvalidParameterException):
        cognito.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", **asked)
    with pytest.raises(cognito.exceptions.InvalidParameterException):
        cognito.admin_initiate_auth(UserPoolId=stack.administrator_pool, AuthFlow="ADMIN_USER_PASSWORD_AUTH", **asked)


def test_a_wrong_password_opens_nothing(administrators: Administrators) -> None:
    """What the other tests prove is not that the page lets everybody in."""
    email = administrators.person("auditor", "eve")
    with pytest.raises(StackError, match="could not sign in"):
        administrators.sign_in(email, "another password")


def test_the_stage_says_where_the_page_is_here(stack: Stack, http: httpx.Client) -> None:
    """On AWS it has a name of its own; here the dashboard is told of the local one, and may come back to itself."""
    sign_in = stages_variables(stack)["sign_in"]
    assert sign_in == stack.sign_in
    emulator = f"http://10.0.2.2:{urlsplit(stack.api).port}/live/dashboard/"
    places = (f"{stack.api}/dashboard/", emulator, f"{stack.api}/dashboard/x", "https://evil.example.com/")
    asked = {"client_id": stack.administrator_client, "response_type": "code"}
    answers = [
        http.get(f"{sign_in}/oauth2/authorize", params={**asked, "redirect_uri": place}).status_code for place in places
    ]
    assert answers == [HTTPStatus.OK, HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.BAD_REQUEST]


# --- the authorizer --------------------------------------------------------------------------------------------------


def test_no_token_no_answer(stack: Stack, http: httpx.Client) -> None:
    """A request without one gets the problem document that the contract names."""
    for token in (None, "", "nonsense", "a.b.c"):
        answer = ask(http, stack, token)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "token_invalid"


def test_a_good_token_passes(stack: Stack, http: httpx.Client, administrators: Administrators) -> None:
    """With `Bearer` before it and without."""
    token = administrators.token("auditor")
    assert ask(http, stack, f"Bearer {token}").status_code == HTTPStatus.OK
    assert ask(http, stack, token).status_code == HTTPStatus.OK


def test_tokens_that_the_pool_did_not_give_are_refused(
    stack: Stack, http: httpx.Client, administrators: Administrators
) -> None:
    """Altered, signed by the pool's other key, expired, not yet valid, of another pool."""
    token = administrators.token("auditor")
    claims = claims_of(token)
    elsewhere = administrators.elsewhere()
    bad = {
        "altered": altered(token, **{"cognito:groups": ["admin"]}),
        "expired": administrators.expired(token, stack.folder),
        "made tomorrow": administrators.changed(token, stack.folder, iat=claims["iat"] + 86400),
        "of another pool": elsewhere.token("admin"),
        "of another pool, under our name": elsewhere.signed(claims, stack.folder),
        "without a signature": ".".join([*token.split(".")[:2], ""]),
    }
    answers = {name: ask(http, stack, one) for name, one in bad.items()}
    assert {name: one.status_code for name, one in answers.items()} == dict.fromkeys(bad, HTTPStatus.UNAUTHORIZED)
    assert {one.json()["code"] for one in answers.values()} == {"token_invalid"}
    again = administrators.changed(token, stack.folder)
    assert ask(http, stack, again).status_code == HTTPStatus.OK, "what was signed here is good, unless made bad"


def test_what_the_authorizer_lets_pass_the_function_refuses(
    stack: Stack, http: httpx.Client, administrators: Administrators
) -> None:
    """An access token, and one that the pool gave another client: API Gateway checks neither."""
    for token in (administrators.access_token("admin"), administrators.with_another_client().token("admin")):
        answer = ask(http, stack, token)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer.json()["code"] == "token_invalid"


def test_without_a_role_nothing_is_shown(stack: Stack, http: httpx.Client, administrators: Administrators) -> None:
    """Who has signed in and has no role may do nothing."""
    answer = ask(http, stack, administrators.token(None))
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.json()["code"] == "not_allowed"


def test_an_act_asks_for_a_sign_in_of_lately(stack: Stack, http: httpx.Client, administrators: Administrators) -> None:
    """A token that was refreshed for hours may read, and not act."""
    token = administrators.token("helpdesk", "late")
    act = f"{stack.api}/v1/admin/identities/nobody-of-that-name/restore/barring"
    codes = {}
    for minutes in (61, 59):
        held = administrators.signed_in_ago(token, stack.folder, minutes * 60)
        assert ask(http, stack, held).status_code == HTTPStatus.OK
        answer = http.post(act, headers={"Authorization": held}, json={"reason": "lost"})
        codes[minutes] = (answer.status_code, answer.json()["code"])
    assert codes == {
        61: (HTTPStatus.UNAUTHORIZED, "reauthentication_required"),
        59: (HTTPStatus.NOT_FOUND, "not_found"),
    }


# --- the commands ----------------------------------------------------------------------------------------------------


def test_make_prints_a_token_and_nothing_else(stack: Stack) -> None:
    """`make -s admin-token ROLE=… PERSON=…` is for `$(…)` in a shell."""
    asked = ("make", "-s", "admin-token", f"ARGS=--folder {stack.folder}")
    printed = program(*asked, "ROLE=helpdesk", "PERSON=otto")
    assert (printed.returncode, printed.stderr) == (0, "")
    (line,) = printed.stdout.splitlines()
    claims = claims_of(line)
    assert (claims["cognito:groups"], claims["email"]) == (["helpdesk"], "otto.helpdesk@example.com")
    for wrong in (("ROLE=root",), (), ("ROLE=admin", "PERSON=O to")):
        refused = program(*asked, *wrong)
        assert refused.returncode != 0
        assert refused.stdout == ""
        assert refused.stderr


def test_make_says_what_to_do_when_nothing_is_served(tmp_path: Path) -> None:
    """On stderr, and with a status that stops a script."""
    printed = program("make", "-s", "admin-token", "ROLE=admin", f"ARGS=--folder {tmp_path}")
    assert printed.returncode != 0
    assert printed.stdout == ""
    assert "make serve" in printed.stderr


def invite(stack: Stack, *options: str, in_the_cloud: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the command that invites an administrator: to the stack here, or as to one in the cloud by its outputs."""
    command = (sys.executable, "-m", "local", "administrator", *options)
    if not in_the_cloud:
        return program(*command, "--here", "--folder", str(stack.folder))
    account = {"AWS_ENDPOINT_URL": stack.aws_endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return program(*command, "--region", stack.region, **account, NO_PROXY="*", no_proxy="*")


def invitations(mailbox: Mailbox, email: str) -> list[str]:
    """The first passwords that were mailed to somebody, oldest first."""
    return [found[1] for mail in mailbox.mails(email) if (found := TEMPORARY.search(mail.text or mail.html))]


def test_the_first_administrator_is_invited(stack: Stack, mailbox: Mailbox, administrators: Administrators) -> None:
    """The command mails a password, which opens the page once, for choosing another; asked again it mails one anew."""
    email = "first@example.org"
    said = invite(stack, "--email", email, "--role", "admin")
    assert (said.returncode, said.stderr) == (0, "")
    assert f"{stack.api}/dashboard/" in said.stdout
    (password,) = invitations(mailbox, email)
    assert password not in said.stdout
    with pytest.raises(StackError, match="could not sign in"):
        administrators.sign_in(email, password)  # the page asks for a password of their own first
    cognito = stack.client("cognito-idp")
    there: dict[str, Any] = cognito.admin_get_user(UserPoolId=stack.administrator_pool, Username=email)
    assert there["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert "already" in invite(stack, "--email", email, "--role", "auditor").stdout
    assert len(invitations(mailbox, email)) == 1
    invite(stack, "--email", email, "--role", "admin", "--again")
    assert len(invitations(mailbox, email)) == 2
    groups = cognito.admin_list_groups_for_user(UserPoolId=stack.administrator_pool, Username=email)["Groups"]
    assert {one["GroupName"] for one in groups} == {"admin", "auditor"}


def test_an_administrator_of_a_deployment_is_invited(stack: Stack, mailbox: Mailbox) -> None:
    """In the cloud pool and address come from the stack's outputs, and everything else is the same."""
    email = "second@example.org"
    said = invite(stack, "--email", email.title(), "--role", "helpdesk", in_the_cloud=True)
    assert (said.returncode, said.stderr) == (0, "")
    assert stack.outputs["ApiAddress"] + "/dashboard/" in said.stdout
    assert len(invitations(mailbox, email)) == 1


def test_who_cannot_be_invited_is_told_why(stack: Stack) -> None:
    """A stack that is not there is no traceback."""
    said = invite(stack, "--email", "x@example.org", "--role", "admin", "--stack-name", "nowhere", in_the_cloud=True)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("Nobody was invited. ")
    assert "Traceback" not in said.stderr


def test_what_serve_says_is_so(stack: Stack) -> None:
    """The files that programs read name pool and client."""
    written = json.loads((stack.folder / "stack.json").read_text())
    assert written["administrator_pool"] == stack.outputs["AdministratorPoolId"]
    assert written["administrator_client"] == stack.outputs["AdministratorClientId"]
