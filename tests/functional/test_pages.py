"""What is fetched unsigned: the description for apps, the association files, the pages."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import importlib
import json
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from restore.errors import CATALOGUE
from restore.languages import SUPPORTED
from restore.pages import DISPUTED, PAGES, disputed
from tests.unit.events import ADDRESSES, Address, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functional.world import World

    Get = Callable[..., dict[str, Any]]
    Describe = Callable[..., dict[str, Any]]

ROOT = Path(__file__).parents[2]
PAGE_ROUTES = [
    ("/restore", None),
    ("/pair", None),
    ("/problems/{code}", {"code": "wrong_code"}),
    ("/problems/{code}", {"code": "no-such-problem"}),
]
OPERATORS = {
    "SERVER_NAME": "Example <Identity>",
    "SUPPORT_ADDRESS": "mailto:help@example.com",
    "IOS_APP_IDS": "ABCDE12345.com.example.id, ABCDE12345.com.example.id.beta",
    "IOS_MIN_VERSION": "4.2",
    "IOS_STORE_URL": "https://apps.apple.com/app/id123?a=1&b=2",
    "ANDROID_PACKAGE": "com.example.id",
    "ANDROID_CERTIFICATE_FINGERPRINTS": "AA:BB,CC:DD",
    "ANDROID_MIN_VERSION": "4.1",
    "ANDROID_STORE_URL": "https://play.google.com/store/apps/details?id=com.example.id",
}


class Context:
    """As much of Lambda's context as is looked at."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"


class Elements(HTMLParser):
    """The elements of a document in their order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its attributes."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note what is read."""
        self.words += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each element of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch) -> Get:
    """Fetch a route as a browser does, from a server whose operator has named nothing."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "restore")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "restore")
    for name in OPERATORS:
        monkeypatch.delenv(name, raising=False)
    app = importlib.import_module("functions.pages.app")

    def fetch(
        route: str,
        parameters: dict[str, str] | None = None,
        language: str | None = "en",
        address: Address = ADDRESSES[0],
    ) -> dict[str, Any]:
        headers = [("accept-language", language)] if language else []
        answer: dict[str, Any] = app.lambda_handler(
            event(address, "GET", route, parameters, headers=headers), Context()
        )
        assert set(answer) <= {"statusCode", "headers", "body"}
        assert all(isinstance(value, str) for value in answer["headers"].values())
        assert answer["headers"]["Cache-Control"] == "no-store"
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        return answer

    return fetch


@pytest.fixture
def named(get: Get, monkeypatch: pytest.MonkeyPatch) -> Get:
    """The same from a server whose operator has named all there is."""
    for name, value in OPERATORS.items():
        monkeypatch.setenv(name, value)
    return get


@pytest.fixture
def describe(world: World) -> Callable[..., dict[str, Any]]:
    """Read the description of a deployment with some of the template's parameters chosen."""

    def read(address: Address = ADDRESSES[0], **parameters: str) -> dict[str, Any]:
        world.redeploy(**parameters)
        answer = world.handler("Pages")(event(address, "GET", "/.well-known/id-restore"), Context())
        assert answer["statusCode"] == 200
        assert answer["headers"]["Content-Type"] == "application/json"
        assert answer["headers"]["Cache-Control"] == "no-store"
        document: dict[str, Any] = json.loads(answer["body"])
        return document

    return read


def test_the_description_has_exactly_the_members_of_the_contract(world: World, describe: Describe) -> None:
    """S10: what an app that is told an address needs to go on, with the contract's defaults."""
    now = dt.datetime.fromtimestamp(world.clock.now, dt.UTC)
    assert describe(ServerName="") == {
        "server": ADDRESSES[0].url,
        "name": ADDRESSES[0].url.partition("://")[2],
        "version": tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
        "api": "v1",
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "signature": {"algorithms": ["ecdsa-p256-sha256", "ed25519"], "max_skew_seconds": 120},
        "features": ["restore", "dispute", "pairing", "approval", "drill", "second_email", "events", "erasure"],
        "languages": ["en", "de"],
        "policy": {
            "restore_enabled": True,
            "enforce_on_creation": False,
            "require_verification_key": True,
            "pairing_enabled": True,
            "unpair_others_on_restore": False,
            "unpair_others_on_pairing": False,
            "waiting_hours": 0,
            "hold_hours": 24,
            "email_domains": None,
        },
        "apps": {"ios": None, "android": None},
        "support": None,
    }


def test_the_description_tells_what_the_operator_has_named(describe: Describe) -> None:
    """S10: name, apps and help are the operator's, through the template's parameters."""
    parameters = {"".join(word.capitalize() for word in name.split("_")): value for name, value in OPERATORS.items()}
    document = describe(**parameters)
    assert document["name"] == OPERATORS["SERVER_NAME"]
    assert document["support"] == "mailto:help@example.com"
    assert document["apps"] == {
        "ios": {"min_version": "4.2", "store_url": OPERATORS["IOS_STORE_URL"]},
        "android": {"min_version": "4.1", "store_url": OPERATORS["ANDROID_STORE_URL"]},
    }


def test_the_description_tells_the_policy(describe: Describe) -> None:
    """S14: what the company has decided reaches an app before it has an identity."""
    told = describe(RestoreEnabled="false", WaitingHours="6", EmailDomains="a.example, b.example")["policy"]
    assert told["restore_enabled"] is False
    assert told["waiting_hours"] == 6
    assert told["email_domains"] == ["a.example", "b.example"]


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_the_server_names_the_address_that_the_client_uses(describe: Describe, address: Address) -> None:
    """The address in the description is what everything else is relative to, at every kind of address."""
    server = describe(address)["server"].lower().removesuffix(":443").replace(":80/", "/")
    assert server == address.url


def test_the_association_files_name_the_operators_apps(named: Get) -> None:
    """S11: the two QR addresses open the app, below whatever path the server has, and no other address does."""
    apple = named("/.well-known/apple-app-site-association", address=ADDRESSES[2])
    assert apple["headers"]["Content-Type"] == "application/json"
    assert json.loads(apple["body"]) == {
        "applinks": {
            "details": [
                {
                    "appIDs": ["ABCDE12345.com.example.id", "ABCDE12345.com.example.id.beta"],
                    "components": [{"/": "/keys/v2/restore"}, {"/": "/keys/v2/pair"}],
                }
            ]
        }
    }
    at_root = json.loads(named("/.well-known/apple-app-site-association", address=ADDRESSES[1])["body"])
    assert at_root["applinks"]["details"][0]["components"] == [{"/": "/restore"}, {"/": "/pair"}]
    android = named("/.well-known/assetlinks.json")
    assert android["headers"]["Content-Type"] == "application/json"
    assert json.loads(android["body"]) == [
        {
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": "com.example.id",
                "sha256_cert_fingerprints": ["AA:BB", "CC:DD"],
            },
        }
    ]


@pytest.mark.parametrize("name", ["apple-app-site-association", "assetlinks.json"])
def test_without_apps_there_are_no_association_files(get: Get, name: str) -> None:
    """The contract: 404, as a problem document, where none is named."""
    answer = get(f"/.well-known/{name}", language="de")
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    document = json.loads(answer["body"])
    assert document["code"] == "not_found"
    assert document["type"] == f"{ADDRESSES[0].url}/problems/not_found"
    assert "gibt es hier nicht" in document["detail"]


def test_the_environment_is_the_one_that_the_template_gives() -> None:
    """A name that the template does not set would silently be empty."""
    read = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', (ROOT / "functions/pages/app.py").read_text(encoding="utf-8")))
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert read == set(OPERATORS)
    assert {name for name in read if not re.search(rf"^ +{name}:", template, re.MULTILINE)} == set()


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize(("route", "parameters"), PAGE_ROUTES)
def test_a_page_is_safe_and_speaks_the_readers_language(
    named: Get, route: str, parameters: dict[str, str] | None, language: str
) -> None:
    """S11: no script, nothing from elsewhere, framed and kept nowhere; language, title and heading for everybody."""
    answer = named(route, parameters, f"{language}-AT, fr;q=0.5")
    check_page(answer["headers"], answer["body"], language)


def check_page(headers: dict[str, str], body: str, language: str) -> None:
    """Check all that holds for every page."""
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Language"] == language
    assert headers["Vary"] == "Accept-Language"
    [style] = re.findall(r"<style>(.*?)</style>", body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    html = Elements(body)
    assert html.named("html") == [{"lang": language}]
    assert len(html.named("title")) == len(html.named("h1")) == len(html.named("main")) == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in html.named("meta")
    assert not {"script", "img", "link", "iframe", "object", "base", "input"} & {tag for tag, _ in html.tags}
    assert not [
        name for _, attributes in html.tags for name in attributes if name.startswith("on") or name in {"src", "style"}
    ]
    assert not re.search(r"url\(|@import", style)
    assert "prefers-color-scheme: dark" in style
    assert "${" not in body
    assert ("Sie" in html.words) == (language == "de")


def test_a_page_is_english_where_nothing_else_fits(get: Get) -> None:
    """The contract: what the server does not speak is answered in English."""
    for language in (None, "fr", "*", "de;q=0"):
        assert '<html lang="en">' in get("/restore", language=language)["body"]


@pytest.mark.parametrize("route", ["/restore", "/pair"])
def test_a_qr_address_says_where_the_app_is(named: Get, route: str) -> None:
    """S11: what the link is for, where the app is, who helps. What the operator named is text and addresses alone."""
    html = Elements(named(route)["body"])
    addresses = [attributes["href"] for attributes in html.named("a")]
    assert addresses == [OPERATORS["IOS_STORE_URL"], OPERATORS["ANDROID_STORE_URL"], "mailto:help@example.com"]
    assert OPERATORS["SERVER_NAME"] in html.words


@pytest.mark.parametrize("route", ["/restore", "/pair"])
def test_a_qr_address_of_an_operator_who_named_nothing(get: Get, route: str) -> None:
    """No link that leads nowhere, no empty table."""
    html = Elements(get(route)["body"])
    assert not html.named("a")
    assert not html.named("table")


def test_help_may_be_an_address_of_either_kind_or_words(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is an address becomes a link."""
    for support, links in {
        'https://example.com/?a="b"': ['https://example.com/?a="b"'],
        "javascript:alert(1)": [],
        "Extension 42 <b>": [],
    }.items():
        monkeypatch.setenv("SUPPORT_ADDRESS", support)
        html = Elements(get("/pair")["body"])
        assert [attributes["href"] for attributes in html.named("a")] == links
        assert support in html.words
        assert not html.named("b")


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("code", CATALOGUE)
def test_every_problem_has_its_page(get: Get, code: str, language: str) -> None:
    """RFC 9457, 3.1.1: the type of each problem leads to a page that says what it means and what to do."""
    answer = get("/problems/{code}", {"code": code}, language)
    assert answer["statusCode"] == 200
    words = Elements(answer["body"]).words
    status, title = CATALOGUE[code]
    details = importlib.import_module("restore.details")
    for part in (code, str(status), title, details.detail(code, language)):
        assert part in words


@pytest.mark.parametrize(
    "code", ["no-such-problem", "%3Cscript%3E", "<script>alert(1)</script>", "..%2f..", "../../etc/passwd", ""]
)
def test_an_unknown_problem_is_404_and_not_repeated(get: Get, code: str) -> None:
    """ASVS 16.5.1: what is not there echoes nothing, decoded or not."""
    answer = get("/problems/{code}", {"code": code})
    assert answer["statusCode"] == 404
    assert code == "" or code not in answer["body"]


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize(("outcome", "status"), DISPUTED.items())
def test_the_pages_after_the_button(outcome: str, status: int, language: str) -> None:
    """The contract: 200 with what was done, 410 where the link is over; 503 says when to come again."""
    answer = disputed(outcome, language, server="https://id.example.com/live", name="")
    assert answer.status == status
    assert ("Retry-After" in answer.headers) == (status == 503)
    check_page(dict(answer.headers), str(answer.body), language)
    assert "form" not in dict(Elements(str(answer.body)).tags)


def test_every_page_exists_in_every_language() -> None:
    """A page that lacks a language would be a failure for its readers."""
    folders = [folder for folder in PAGES.iterdir() if folder.is_dir() and folder.name != "causes"]
    assert len(folders) >= 12
    for folder in folders:
        assert {path.stem for path in folder.iterdir()} == set(SUPPORTED), folder.name


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_are_only_read(get: Get, method: str) -> None:
    """A route that is not there, or another method, is `not_found` like any unknown route."""
    app = importlib.import_module("functions.pages.app")
    for route in app.ROUTES:
        answer = app.lambda_handler(event(ADDRESSES[0], method, route), Context())
        assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "not_found")
    unknown = app.lambda_handler(event(ADDRESSES[0], "GET", "/nothing"), Context())
    assert unknown["statusCode"] == 404
    assert get("/pair")["statusCode"] == 200


def test_colours_are_told_apart_by_everybody() -> None:
    """WCAG 1.4.3: at least 4.5 to 1 for text, links and buttons, in light and in dark."""
    style = (PAGES / "style.css").read_text(encoding="utf-8")
    themes = re.findall(r":root \{([^}]*)\}", style)
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", theme))
        for ink, ground in (("ink", "sheet"), ("faint", "sheet"), ("act", "sheet"), ("on-act", "act")):
            bright, dim = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, ground)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
