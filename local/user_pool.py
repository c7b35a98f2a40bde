"""The user pool of a stack on this machine: administrators of each role, and their tokens.

    administrators = Administrators.of(stack.summary)
    token = administrators.token("helpdesk")                  # of the one who is there from the start
    other = administrators.token("admin", "otto")             # of another admin, made when first asked for

The product's client has no flow that takes a password from a program, and gets none here either: a token is had as
the dashboard has it, over the sign-in page, by authorization code and PKCE. What that page cannot give (an old
sign-in, another client) `signed` makes with the pool's own key, which the local AWS keeps beside its other files.

The local AWS's authorizer checks, as on AWS: that the stack's pool is the issuer and one of its keys signed, `exp`,
`nbf` and `iat`. It checks neither `aud` (which client), `token_use` (an access token passes), `cognito:groups` nor
`auth_time` (how long ago somebody signed in): functions must, here and on AWS.

What differs from AWS: the sign-in page never asks for a second factor (browsers get it from `local/sign_in_pages.py`,
which keeps a session; programs have no use for one); anybody may sign up (and has no role); groups
reach a function as `[a b]`, not `a,b`; `exp` and `iat` reach it as digits, not as a date; a refreshed token has no
groups; the resource policy (AdministratorNetworks) is not looked at on routes with an authorizer.
"""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.deployment import Account
from local.errors import StackError

ROLES = ("auditor", "helpdesk", "admin")
PASSWORD = "for this machine only"  # noqa: S105 - of people who exist in a local AWS alone, and is printed by `make serve`
SCOPES = "openid email profile"
WORD = r"[a-z0-9][a-z0-9-]{0,30}"


def email_of(role: str | None, person: str = "") -> str:
    """The address of a person of a role, for None of one without; `person` tells several of a role apart.

    Raises:
        StackError: the word cannot be part of an address.
    """
    if person and not re.fullmatch(WORD, person):
        raise StackError(f"{person!r} is not one word of small letters and digits, as in PERSON=otto.")
    return ".".join(filter(None, [person, role or "nobody"])) + "@example.com"


@dataclass(frozen=True)
class Administrators:
    """The people of one user pool, as one of its clients meets them."""

    aws_endpoint: str
    callback: str
    """Where the sign-in page sends people back to: the dashboard."""
    pool: str
    client: str

    @classmethod
    def of(cls, stack: Mapping[str, str]) -> "Administrators":
        """Those of a stack, from what its stack.json holds."""
        return cls(
            aws_endpoint=stack["aws_endpoint"],
            callback=f"{stack['api']}/dashboard/",
            pool=stack["administrator_pool"],
            client=stack["administrator_client"],
        )

    @property
    def page(self) -> str:
        """The sign-in page, for a browser. The dashboard makes such an address itself, with a PKCE challenge."""
        asked = {"client_id": self.client, "redirect_uri": self.callback, "response_type": "code", "scope": SCOPES}
        return f"{self.aws_endpoint}/oauth2/authorize?{urlencode(asked)}"

    def elsewhere(self) -> "Administrators":
        """Those of a pool that is none of the stack's, with the same roles and a client of the same kind."""
        cognito = self._cognito()
        signs = dict.fromkeys(("RequireLowercase", "RequireUppercase", "RequireNumbers", "RequireSymbols"), False)
        made = cognito.create_user_pool(
            PoolName="elsewhere",
            UsernameAttributes=["email"],
            Policies={"PasswordPolicy": {"MinimumLength": len(PASSWORD), **signs}},
        )
        pool = made["UserPool"]["Id"]
        for role in ROLES:
            cognito.create_group(UserPoolId=pool, GroupName=role)
        return replace(self, pool=pool).with_another_client()

    def with_another_client(self) -> "Administrators":
        """The same people, met by another client of their pool, whose tokens have another `aud`."""
        made = self._cognito().create_user_pool_client(
            UserPoolId=self.pool,
            ClientName="another",
            CallbackURLs=[self.callback],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "email", "profile"],
            SupportedIdentityProviders=["COGNITO"],
        )
        return replace(self, client=made["UserPoolClient"]["ClientId"])

    def person(self, role: str | None, person: str = "") -> str:
        """See to it that there is such a person, who can sign in with `PASSWORD`; their address."""
        email = email_of(role, person)
        cognito = self._cognito()
        with suppress(cognito.exceptions.UsernameExistsException):
            cognito.admin_create_user(
                UserPoolId=self.pool,
                Username=email,
                UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
                TemporaryPassword=PASSWORD,
                MessageAction="SUPPRESS",
            )
        cognito.admin_set_user_password(UserPoolId=self.pool, Username=email, Password=PASSWORD, Permanent=True)
        if role:
            cognito.admin_add_user_to_group(UserPoolId=self.pool, Username=email, GroupName=role)
        return email

    def token(self, role: str | None, person: str = "") -> str:
        """The id token of a person of a role, who has just signed in; for None of a person without a role."""
        return self.sign_in(self.person(role, person))["id_token"]

    def access_token(self, role: str | None, person: str = "") -> str:
        """The access token of such a person. The authorizer lets it pass; a function must not."""
        return self.sign_in(self.person(role, person))["access_token"]

    def sign_in(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        """What the pool gives the dashboard after a sign-in: `id_token`, `access_token`, `refresh_token` and others.

        Raises:
            StackError: the pool did not let the person in, or the client may not do this.
        """
        verifier = secrets.token_urlsafe(48)
        asked = {
            "client_id": self.client,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": SCOPES,
            "state": secrets.token_urlsafe(16),
            "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        with httpx.Client(base_url=self.aws_endpoint, trust_env=False, timeout=30) as browser:
            page = browser.get("/oauth2/authorize", params=asked)
            if page.status_code != HTTPStatus.OK:
                raise StackError(f"The sign-in page is refused: {page.text[:300]}")
            answer = browser.post("/login", data={**asked, "username": email, "password": password})
            back = parse_qs(urlsplit(answer.headers.get("location", "")).query)
            if "code" not in back or back.get("state") != [asked["state"]]:
                raise StackError(f"{email} could not sign in: {answer.status_code}.")
            given = browser.post(
                "/oauth2/token",
                data={
                    "grant_type": "authorization_code",
                    "client_id": self.client,
                    "redirect_uri": self.callback,
                    "code": back["code"][0],
                    "code_verifier": verifier,
                },
            )
        if given.status_code != HTTPStatus.OK:
            raise StackError(f"The pool gave {email} no token: {given.text[:300]}")
        tokens: dict[str, str] = given.json()
        return tokens

    def signed(self, claims: Mapping[str, Any], folder: Path) -> str:
        """A token of these claims, signed as the pool signs: what no sign-in gives, for tests.

        Args:
            claims: all of them; `token_use` says which of the pool's keys signs.
            folder: the stack's, where the local AWS keeps keys.
        """
        use = "access" if claims.get("token_use") == "access" else "id"
        pem = (folder / "tmp" / "state" / "cognito-pool-keys" / f"{self.pool}-{use}.pem").read_bytes()
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise StackError("The local AWS signs tokens with another kind of key than it did.")
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        header = {"alg": "RS256", "kid": base64.b64encode(hashlib.sha256(public).digest()).decode()}
        text = f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps(claims).encode())}"
        return f"{text}.{_base64url(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def changed(self, token: str, folder: Path, **claims: Any) -> str:
        """The same token with other claims, as good as if the pool had given it: `auth_time=0`, `aud="other"`."""
        return self.signed({**claims_of(token), **claims}, folder)

    def expired(self, token: str, folder: Path) -> str:
        """The same token an hour after its end."""
        now = int(time.time())
        return self.changed(token, folder, iat=now - 7200, auth_time=now - 7200, exp=now - 3600)

    def signed_in_ago(self, token: str, folder: Path, seconds: int) -> str:
        """The same token, got by a refresh so long after the sign-in."""
        return self.changed(token, folder, auth_time=int(time.time()) - seconds)

    def _cognito(self) -> Any:
        return Account(self.aws_endpoint).client("cognito-idp")


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unchecked."""
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


def altered(token: str, **claims: Any) -> str:
    """The token with other claims under the signature of the old ones, as a forger would send it."""
    header, _, signature = token.split(".")
    return ".".join([header, _base64url(json.dumps({**claims_of(token), **claims}).encode()), signature])


def invite(cognito: Any, pool: str, email: str, role: str, *, again: bool = False) -> bool:
    """Make an administrator, whom Cognito mails a first password; whether they are new.

    Args:
        cognito: a boto3 client of the account.
        pool: the stack's user pool.
        email: where the mail goes, and what they sign in as.
        role: one of `ROLES`; somebody who is there gets it besides the ones that they have.
        again: mail somebody who has not signed in yet another password, since the first one ends after three days.

    Raises:
        StackError: Cognito refused.
    """
    invitation: dict[str, Any] = {
        "UserPoolId": pool,
        "Username": email,
        "DesiredDeliveryMediums": ["EMAIL"],
        "TemporaryPassword": secrets.token_urlsafe(15),  # the local AWS would make one that is too short for the pool
    }
    new = True
    try:
        try:
            attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
            cognito.admin_create_user(**invitation, UserAttributes=attributes)
        except cognito.exceptions.UsernameExistsException:
            new = False
            if again:
                cognito.admin_create_user(**invitation, MessageAction="RESEND")
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=role)
    except ClientError as error:
        raise StackError(f"Cognito refused: {error.response['Error']['Message']}") from error
    return new


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
