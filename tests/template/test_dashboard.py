"""The dashboard as `sam build` makes it: what is in its bundle, and how its function serves that."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import re
import subprocess
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from docs.build.events import EVENT_TYPES
from functions.dashboard import bundle
from restore import policy
from tests.template.translated import ROOT
from tests.unit.events import ADDRESSES, Address, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SOURCES = ROOT / "functions/dashboard"
KEPT = ROOT / ".tools/dashboard"
SIGN_IN = "https://restore-1.auth.eu-central-1.amazoncognito.com"
FIRST_VIEW_BYTES = 100 * 1000
HASHED = re.compile(r"[a-z]+-[A-Z0-9]{8}\.(js|css|svg)")

each_address = pytest.mark.parametrize("address", ADDRESSES, ids=str)


def make(folder: Path) -> Path:
    """The artifact, as `sam build` has it made."""
    # `make` hands its own options on, and those of a `make test` are none of this build's business
    environment = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS"}}
    subprocess.run(
        ["make", "-s", "-C", SOURCES, "build-Dashboard"], env=environment | {"ARTIFACTS_DIR": str(folder)}, check=True
    )
    return folder


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact."""
    return make(tmp_path_factory.mktemp("dashboard"))


@pytest.fixture
def get(artifact: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Ask the artifact's own function, as API Gateway does at some address."""
    monkeypatch.setenv("SERVER_NAME", "Example ID")
    spec = importlib.util.spec_from_file_location("app_of_dashboard", artifact / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def ask(below: str | None, address: Address = ADDRESSES[0], *, slash: str = "") -> dict[str, Any]:
        route = "/dashboard" if below is None else "/dashboard/{proxy+}"
        made = event(address, "GET", "/dashboard", {})
        made["resource"] = route
        made["pathParameters"] = None if below is None else {"proxy": below}
        for part in (made, made["requestContext"]):
            part["path"] += slash if below is None else f"/{below}"
        made["stageVariables"] = {**(made.get("stageVariables") or {}), "client": "the-client", "sign_in": SIGN_IN}
        answer: dict[str, Any] = module.lambda_handler(made, SimpleNamespace(aws_request_id="1"))
        return answer

    yield ask
    with suppress(AttributeError):
        del module.lambda_handler


class Links(HTMLParser):
    """What a page loads, and whether anything in it would need a laxer policy."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag loads."""
        found = dict(attrs)
        self.loads += [str(found[name]) for name in ("src", "href") if name in found]
        self.inline += [name for name in found if name == "style" or name.startswith("on")]
        if tag in {"script", "style"} and "src" not in found:
            self.inline.append(tag)


# --- what is built


def test_nothing_but_hashed_files_and_the_page_is_in_it(artifact: Path) -> None:
    """A name changes with what is in it, so a browser keeps it for good; no source map, no package is given out."""
    files = {path.relative_to(artifact).as_posix() for path in artifact.rglob("*") if path.is_file()}
    assets = {name.removeprefix("assets/") for name in files if name.startswith("assets/")}
    assert files - {f"assets/{name}" for name in assets} == {"app.py", "index.html"}
    assert {name.rpartition(".")[2] for name in assets} == {"js", "css", "svg"}
    assert all(HASHED.fullmatch(name) for name in assets)
    for name in assets:
        assert "sourceMappingURL" not in (artifact / "assets" / name).read_text(encoding="utf-8")


def test_the_first_view_is_small(artifact: Path) -> None:
    """Quick on a slow line: everything that is there before somebody sees users is under 100 kB as it is sent."""
    sent = [artifact / "index.html", *(artifact / "assets").iterdir()]
    assert sum(len(gzip.compress(file.read_bytes(), 6)) for file in sent) < FIRST_VIEW_BYTES


def test_the_app_names_no_other_host(artifact: Path) -> None:
    """Nothing at run time but the stack and its sign-in domain; names of kinds of markup are no addresses."""
    for file in (artifact / "assets").iterdir():
        hosts = set(re.findall(r"(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", file.read_text(encoding="utf-8")))
        assert hosts <= {"www.w3.org"}


def test_the_same_sources_make_the_same_artifact(artifact: Path, tmp_path: Path) -> None:
    """A deployment uploads it only when something has changed."""
    again = make(tmp_path)
    for file in artifact.rglob("*"):
        if file.is_file():
            assert (again / file.relative_to(artifact)).read_bytes() == file.read_bytes()
            assert (again / file.relative_to(artifact)).stat().st_mtime == file.stat().st_mtime


def test_a_bundle_is_made_once(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every local stack builds it: without changes it is a copy, and any change makes it anew."""
    monkeypatch.setattr(bundle, "_bundle", lambda *_: pytest.fail("bundled again"))
    assert bundle.main([str(KEPT), str(tmp_path)]) == 0
    assert (tmp_path / "index.html").read_bytes() == (artifact / "index.html").read_bytes()
    source = bundle.WEB / "src/main.tsx"
    monkeypatch.setattr(bundle, "_sources", lambda: [source])
    with pytest.raises(pytest.fail.Exception, match="bundled again"):
        bundle.main([str(KEPT), str(tmp_path)])


def test_packages_are_few_and_locked_without_a_host() -> None:
    """What is fetched is named by hash, from whatever registry the machine uses; one package reaches the browser."""
    asked = json.loads((bundle.WEB / "package.json").read_text(encoding="utf-8"))
    assert set(asked["dependencies"]) == {"preact"}
    assert all(
        re.fullmatch(r"[\d.]+", one) for kind in ("dependencies", "devDependencies") for one in asked[kind].values()
    )
    lock = (bundle.WEB / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    locked = {name: one for name, one in json.loads(lock)["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") for one in locked.values())


def test_types_fit_the_apis_own_document() -> None:
    """What the app takes of an answer, and puts into a request, is what docs/openapi.json says of it."""
    assert bundle.main([str(KEPT), "--check", str(ROOT / "docs/openapi.json")]) == 0


def test_what_the_document_says_anew_is_missed_by_the_types(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """S14: a field of policy that the form does not have fails every save; a list that nobody offers is not seen."""
    document = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    schemas = document["components"]["schemas"]
    schemas["WholePolicy"]["properties"]["new_field"] = {"type": "boolean"}
    schemas["WholePolicy"]["required"].append("new_field")
    listed = schemas["IdentityListed"]["properties"]
    listed["lacks"]["items"]["enum"].append("new_lack")
    schemas["Restore"]["properties"]["status"]["enum"].append("new_status")
    changed = tmp_path / "openapi.json"
    changed.write_text(json.dumps(document), "utf-8")
    assert bundle.main([str(KEPT), "--check", str(changed)]) != 0
    said = capfd.readouterr().out
    for file, missing in {
        "texts/en.ts": "new_field",
        "views/policy/difference.tsx": "new_field",
        "api/types.ts": "new_lack",
        "design/parts.tsx": "new_status",
    }.items():
        assert re.search(rf"^src/{file}.+'{missing}'", said, re.MULTILINE), f"{missing} in {file}"
    assert re.search(r"^src/api/types.ts.+'new_status'", said, re.MULTILINE)


def test_what_needs_no_browser_does_as_it_says() -> None:
    """A 10.4 S15 W4: sign-ins, acts, times and the log's file, by node; each of its tests says what it proves."""
    assert bundle.main([str(KEPT), "--test"]) == 0


# --- how it is served


@each_address
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_page_finds_its_files_at_every_address(
    get: Callable[..., dict[str, Any]], artifact: Path, address: Address, slash: str
) -> None:
    """S10: behind a stage, a domain with or without a base path, or a network of the company's own."""
    answer = get(None, address, slash=slash)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert answer["headers"]["Cache-Control"] == "no-store"
    links = Links(answer["body"])
    assert not links.inline
    assert len(links.loads) == 3
    for link in links.loads:
        base = f"{urlsplit(address.url).path.rstrip('/')}/dashboard/"
        assert link.startswith(base)
        name = link.removeprefix(base)
        assert (artifact / name).exists()
        assert get(name, address)["statusCode"] == 200


def test_the_browser_may_do_nothing_else(get: Callable[..., dict[str, Any]]) -> None:
    """A 3.4: a policy without any inline code or other host than the sign-in domain; never framed."""
    headers = get(None)["headers"]
    rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {SIGN_IN}",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    for below in (None, "config.json"):
        headers = get(below)["headers"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Strict-Transport-Security"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_every_event_and_member_has_a_name_for_people() -> None:
    """A new type of event, or member of a detail, is given a name in both languages."""
    texts = SOURCES / "web" / "src" / "texts"
    named = set(
        re.findall(r'^  "([a-z_.]+)": \{ en: "[^"]+", .+\},$', (texts / "events.ts").read_text("utf-8"), re.MULTILINE)
    )
    assert {kind.replace("second_email.", "email.") for kind in EVENT_TYPES} == named
    table = re.search(r"^const MEMBERS.+?^};", (texts / "members.ts").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert table
    members = set(re.findall(r'^  (\w+): \{ en: "[^"]+", .+\},$', table[0], re.MULTILINE))
    publish = (ROOT / "functions/after/publish/app.py").read_text("utf-8")
    told = re.search(r"^TOLD: Final = frozenset\(\n\s+\{(.+?)\}", publish, re.DOTALL | re.MULTILINE)
    assert told
    assert members == {*re.findall(r'"(\w+)"', told[1]), "name", "reason"}


def test_the_form_of_policy_knows_what_the_server_takes() -> None:
    """S14: it tells people what is wrong in their language, so it has to have the same ranges and domains."""
    form = (SOURCES / "web/src/views/policy/fields.ts").read_text("utf-8")
    numbers = re.findall(r"^  (\w+): \[(\d+), (\d+)\],$", form, re.MULTILINE)
    assert {name: (int(least), int(most)) for name, least, most in numbers} == policy.NUMBERS
    written = re.search(r"^const DOMAIN = /\^(.+)\$/;$", form, re.MULTILINE)
    assert written
    assert written[1] == policy._DOMAIN
    most = re.search(r"^const MOST_DOMAINS = (\d+);$", form, re.MULTILINE)
    assert most
    schemas = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))["components"]["schemas"]
    domains, _ = schemas["WholePolicy"]["properties"]["email_domains"]["anyOf"]
    assert int(most[1]) == domains["maxItems"]


def test_files_are_kept_for_good_and_by_their_kind(get: Callable[..., dict[str, Any]], artifact: Path) -> None:
    """Text, so that API Gateway can compress it and nothing is base64."""
    kinds = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    for file in (artifact / "assets").iterdir():
        answer = get(f"assets/{file.name}")
        assert answer["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer["headers"]["Content-Type"] == kinds[file.suffix]
        assert answer["body"] == file.read_text(encoding="utf-8")
        assert "isBase64Encoded" not in answer


def test_where_to_sign_in_is_told_and_nothing_else(get: Callable[..., dict[str, Any]]) -> None:
    """A 13.3: the page's settings are for everybody to read."""
    answer = get("config.json")
    assert json.loads(answer["body"]) == {"client": "the-client", "sign_in": SIGN_IN, "name": "Example ID"}
    assert answer["headers"]["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "below", ["app.py", "assets", "assets/", "assets/../app.py", "../app.py", "assets/..%2fapp.py", "index.html", "x"]
)
def test_nothing_else_is_given_out(get: Callable[..., dict[str, Any]], below: str) -> None:
    """A 5.3: a closed list of names, so that no path leads out of the bundle; what is unknown is kept nowhere."""
    answer = get(below)
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Cache-Control"] == "no-store"


def test_an_address_is_text_in_the_page(get: Callable[..., dict[str, Any]]) -> None:
    """A 1.2.1: whatever the path is, it ends in no markup."""
    odd = replace(ADDRESSES[0], sent='/live"><script>', server="")
    assert not Links(get(None, odd)["body"]).inline
