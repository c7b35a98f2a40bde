"""The local sign-in pages: the local AWS's own, with the session that Cognito's keep."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local.user_pool import PASSWORD, SCOPES, Administrators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack


@pytest.fixture
def asked(stack: Stack) -> dict[str, str]:
    """What a dashboard asks the sign-in page for."""
    administrators = Administrators.of(stack.summary)
    return {
        "client_id": administrators.client,
        "redirect_uri": administrators.callback,
        "response_type": "code",
        "scope": SCOPES,
        "state": "s",
    }


@pytest.fixture
def browser(stack: Stack) -> Iterator[httpx.Client]:
    """One that keeps cookies."""
    with httpx.Client(base_url=stack.sign_in, trust_env=False, timeout=30) as client:
        yield client


def _signed_in(browser: httpx.Client, asked: dict[str, str], stack: Stack, password: str = PASSWORD) -> httpx.Response:
    email = Administrators.of(stack.summary).person("auditor")
    return browser.post("/login", data={**asked, "username": email, "password": password})


def _code(answer: httpx.Response) -> str | None:
    codes = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
    return codes[0] if codes else None


def test_a_session_saves_the_form_until_it_is_ended(browser: httpx.Client, asked: dict[str, str], stack: Stack) -> None:
    """As on AWS: whoever has signed in is sent back with another code, until they sign out."""
    assert "<form" in browser.get("/oauth2/authorize", params=asked).text
    first = _code(_signed_in(browser, asked, stack))
    again = browser.get("/oauth2/authorize", params={**asked, "state": "t"})
    assert again.headers["location"].startswith(f"{asked['redirect_uri']}?")
    assert _code(again) not in {first, None}
    assert "state=t" in again.headers["location"]
    given = {"grant_type": "authorization_code", "code": _code(again) or "", **asked}
    assert "id_token" in browser.post("/oauth2/token", data=given).json()
    browser.get("/logout", params={"client_id": asked["client_id"], "logout_uri": asked["redirect_uri"]})
    assert "<form" in browser.get("/oauth2/authorize", params=asked).text


def test_a_wrong_password_begins_no_session(browser: httpx.Client, asked: dict[str, str], stack: Stack) -> None:
    """Who may sign in is the local AWS's to say."""
    assert _code(_signed_in(browser, asked, stack, "wrong")) is None
    assert not browser.cookies
    assert "<form" in browser.get("/oauth2/authorize", params=asked).text


def test_a_session_leads_nowhere_that_the_pool_does_not_know(
    browser: httpx.Client, asked: dict[str, str], stack: Stack
) -> None:
    """An address that is not the dashboard's gets no code, session or not."""
    _signed_in(browser, asked, stack)
    refused = browser.get("/oauth2/authorize", params={**asked, "redirect_uri": "http://127.0.0.1:9/elsewhere"})
    assert refused.status_code == 400
    assert _code(refused) is None
