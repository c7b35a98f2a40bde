"""The pool's sign-in pages, as a browser meets them: the local AWS's own, with the session that these do not keep.

    with serving("http://127.0.0.1:8080", "127.0.0.1", 8082) as address:
        ...                                      # {address}/oauth2/authorize, and all else that Cognito has there

On AWS the pool remembers for an hour who has signed in, by a cookie of its own: whoever reloads the dashboard is sent
there and straight back. The local AWS's pages forget at once. So this stands before them, hands on whatever it is
given, and does some things besides: after a sign-in that the local AWS has let pass it gives the browser a cookie, and
for that cookie it fills in the form by itself, until `/logout` or for an hour; and `/oauth2/revoke`, and a refreshed id
token with the person's groups, come from the local AWS's interface, which alone has them. Who may sign in, and all
codes and tokens, are the local AWS's.

What still differs from AWS: there is no second factor, and a sign-in by the cookie counts as a fresh one (`auth_time`).
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler
from typing import override
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

from local.listening import listening

SESSION_SECONDS = 3600
"""As Cognito's own pages keep a session."""
LONGEST_FORM = 100_000

_HOPS = {"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"}


@dataclass
class Sessions:
    """Who has signed in by which cookie, and until when: `username` and `password`, to fill in the form again."""

    _kept: dict[str, tuple[float, dict[str, str]]] = field(default_factory=dict)

    def begin(self, credentials: Mapping[str, str]) -> str:
        """Remember somebody; the cookie's value."""
        cookie = secrets.token_urlsafe(32)
        self._kept[cookie] = (time.monotonic() + SESSION_SECONDS, dict(credentials))
        return cookie

    def of(self, cookie: str) -> dict[str, str] | None:
        """What was remembered, if it has not ended."""
        until, credentials = self._kept.get(cookie, (0.0, {}))
        return credentials if time.monotonic() < until else None

    def end(self, cookie: str) -> None:
        """Forget it."""
        self._kept.pop(cookie, None)


@contextmanager
def serving(aws_endpoint: str, host: str, port: int) -> Iterator[str]:
    """Serve the pages while inside; yields their address.

    Args:
        aws_endpoint: the local AWS, whose pages they are.
        host: the address to listen at.
        port: the port to listen at; 0 for one that is free.

    Raises:
        OSError: the port cannot be had.
    """
    with (
        httpx.Client(base_url=aws_endpoint, trust_env=False, timeout=30) as pool,
        listening(host, port, partial(_Page, pool, Sessions())) as address,
    ):
        yield address


class _Page(BaseHTTPRequestHandler):
    def __init__(self, pool: httpx.Client, sessions: Sessions, *given: object) -> None:
        self._pool = pool
        self._sessions = sessions
        super().__init__(*given)  # type: ignore[arg-type]  # the server's own three, handed on

    def do_GET(self) -> None:
        """Hand it on; begin without a form where there is a session, and end the session where that is asked for."""
        address = urlsplit(self.path)
        if address.path == "/logout":
            self._sessions.end(self._cookie())
        elif address.path == "/oauth2/authorize" and (known := self._sessions.of(self._cookie())):
            # the form's fields are the query's; what the query may not ask for, the local AWS says on its own page
            refused = self._asked("GET", b"")
            passed = refused.status_code == HTTPStatus.OK and self._pool.post(
                "/login", data={**dict(parse_qsl(address.query)), **known}, headers=self._handed_on()
            )
            self._answer(passed if passed and _let_in(passed) else refused)
            return
        self._answer(self._asked("GET", b""))

    def do_POST(self) -> None:
        """Hand it on; a sign-in that passes begins a session."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_FORM:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        sent = self.rfile.read(length)
        if self.path == "/oauth2/revoke":
            self._answer(self._revoked(sent))
            return
        answer = self._asked("POST", sent)
        form = dict(parse_qsl(sent.decode(errors="replace")))
        if form.get("grant_type") == "refresh_token" and answer.is_success:
            self._answer(self._refreshed(form))
            return
        if urlsplit(self.path).path == "/login" and _let_in(answer) and {"username", "password"} <= form.keys():
            cookie = self._sessions.begin({name: form[name] for name in ("username", "password")})
            self._answer(
                answer,
                {"Set-Cookie": f"{self._name}={cookie}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax"},
            )
            return
        self._answer(answer)

    def do_OPTIONS(self) -> None:
        """Hand it on: browsers ask before they call the token endpoint from elsewhere."""
        self._answer(self._asked("OPTIONS", b""))

    @property
    def _name(self) -> str:
        """Of the cookie. Cookies are the host's, whatever the port; several stacks may be up at once."""
        return f"sign-in-{self.connection.getsockname()[1]}"

    def _cookie(self) -> str:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(self._name)
        except CookieError:
            return ""
        return found.value if found else ""

    def _asked(self, method: str, body: bytes) -> httpx.Response:
        return self._pool.request(method, self.path, content=body, headers=self._handed_on())

    def _revoked(self, sent: bytes) -> httpx.Response:
        form = dict(parse_qsl(sent.decode(errors="replace")))
        return self._called("RevokeToken", {"Token": form.get("token", ""), "ClientId": form.get("client_id", "")})

    def _refreshed(self, form: Mapping[str, str]) -> httpx.Response:
        """What a refresh gives, the person's groups included."""
        wanted = {
            "AuthFlow": "REFRESH_TOKEN_AUTH",
            "ClientId": form.get("client_id", ""),
            "AuthParameters": {"REFRESH_TOKEN": form.get("refresh_token", "")},
        }
        answer = self._called("InitiateAuth", wanted)
        if not answer.is_success:
            return answer
        given = answer.json()["AuthenticationResult"]
        names = {
            "id_token": "IdToken",
            "access_token": "AccessToken",
            "token_type": "TokenType",
            "expires_in": "ExpiresIn",
        }
        headers = {"Access-Control-Allow-Origin": "*"}
        return httpx.Response(
            HTTPStatus.OK, json={name: given[there] for name, there in names.items()}, headers=headers
        )

    def _called(self, act: str, wanted: Mapping[str, object]) -> httpx.Response:
        target = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{act}"}
        kind = {"Content-Type": "application/x-amz-json-1.1"}
        return self._pool.post("/", json=dict(wanted), headers={**target, **kind})

    def _handed_on(self) -> dict[str, str]:
        dropped = {*_HOPS, "accept-encoding", "content-type" if self.command == "GET" else "", "cookie"}
        return {name: value for name, value in self.headers.items() if name.lower() not in dropped}

    def _answer(self, answer: httpx.Response, further: Mapping[str, str] | None = None) -> None:
        self.send_response(answer.status_code)
        for name, value in [*answer.headers.items(), *(further or {}).items()]:
            if name.lower() not in _HOPS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    @override
    def log_message(self, format: str, *args: object) -> None:  # the parent's name for it
        pass


def _let_in(answer: httpx.Response) -> bool:
    """Whether the local AWS sends the person back with a code."""
    return answer.is_redirect and "code" in parse_qs(urlsplit(answer.headers["location"]).query)
