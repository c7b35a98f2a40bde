"""Everything that is fetched unsigned: what the server says of itself, what ties QR addresses to the app, and pages.

The caller gets a description for apps as JSON, or a page for people in their language. Promised: nothing here changes
any state, reads more of it than the policy, or repeats what was asked for. What a dispute link opens is `dispute`'s.
"""

from __future__ import annotations

import json
import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from restore import signatures
from restore.errors import CATALOGUE, Problem
from restore.http import Answer, guarded, language_of
from restore.languages import DEFAULT, SUPPORTED
from restore.pages import PAGES, page
from restore.startup import wired
from restore.texts import Shown, escape
from restore.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restore.policies import Policies

VERSION: Final = "0.0.0"
"""The release, as in pyproject.toml."""

FEATURES: Final = ("restore", "dispute", "pairing", "approval", "drill", "second_email", "events", "erasure")
"""What this release can do beyond creating an identity and signing in; apps ignore what they do not know."""


def description(event: Mapping[str, Any]) -> Answer:
    """What an app that is given an address must know before it has an identity there."""
    server, policy = _server(event), _policies().now()
    domains = policy.email_domains
    body = {
        "server": server,
        "name": _given("SERVER_NAME") or server.partition("://")[2],
        "version": VERSION,
        "api": "v1",
        "time": rfc3339(int(time.time())),
        "signature": {
            "algorithms": ["ecdsa-p256-sha256", "ed25519"],
            "max_skew_seconds": signatures.MAX_SKEW_SECONDS,
        },
        "features": list(FEATURES),
        "languages": list(SUPPORTED),
        "policy": {
            "restore_enabled": policy.restore_enabled,
            "enforce_on_creation": policy.enforce_on_creation,
            "require_verification_key": policy.require_verification_key,
            "pairing_enabled": policy.pairing_enabled,
            "unpair_others_on_restore": policy.unpair_others_on_restore,
            "unpair_others_on_pairing": policy.unpair_others_on_pairing,
            "waiting_hours": policy.waiting_hours,
            "hold_hours": policy.hold_hours,
            "email_domains": list(domains) if domains else None,
        },
        "apps": {
            "ios": _app("IOS_MIN_VERSION", "IOS_STORE_URL", "IOS_APP_IDS"),
            "android": _app("ANDROID_MIN_VERSION", "ANDROID_STORE_URL", "ANDROID_PACKAGE"),
        },
        "support": _given("SUPPORT_ADDRESS") or None,
    }
    return Answer(200, body)


@cache
def _policies() -> Policies:
    """The policy in force. Only the description needs a client of AWS, so only it imports one."""
    from restore import aws, settings  # noqa: PLC0415 - see above
    from restore.policies import Policies  # noqa: PLC0415 - see above
    from restore.store import Table  # noqa: PLC0415 - see above

    table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
    return Policies(table, settings.POLICY, settings.POLICY_SECONDS)


def apple_association(event: Mapping[str, Any]) -> Answer:
    """Apple's `apple-app-site-association`: the two QR addresses open the company's app, no other address does."""
    apps = _list("IOS_APP_IDS")
    if not apps:
        raise Problem("not_found")
    base = "".join(f"/{part}" for part in _server(event).split("/")[3:])
    components = [{"/": f"{base}/{link}"} for link in ("restore", "pair")]
    return Answer(200, {"applinks": {"details": [{"appIDs": apps, "components": components}]}})


def android_association(_: Mapping[str, Any]) -> Answer:
    """Android's Digital Asset Links: the app with these signing certificates may open this server's addresses."""
    package, fingerprints = _given("ANDROID_PACKAGE"), _list("ANDROID_CERTIFICATE_FINGERPRINTS")
    if not package or not fingerprints:
        raise Problem("not_found")
    target = {"namespace": "android_app", "package_name": package, "sha256_cert_fingerprints": fingerprints}
    statements = [{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}]
    return Answer(200, json.dumps(statements), {"Content-Type": "application/json"})


def restore_link(event: Mapping[str, Any]) -> Answer:
    """What the restore code's QR address is for. Its code stands after `#` and never gets here."""
    return _page(200, "restore", event, _app_values())


def pair_link(event: Mapping[str, Any]) -> Answer:
    """What a pairing's QR address is for. Its secret stands after `#` and never gets here."""
    return _page(200, "pair", event, _app_values())


def problem(event: Mapping[str, Any]) -> Answer:
    """What a problem's code means, for people and for those who write apps (RFC 9457, 3.1.1)."""
    from restore.details import detail  # noqa: PLC0415 (sentences that no other route needs)

    code = event["pathParameters"]["code"]
    if code not in CATALOGUE:
        return _page(404, "not_found", event)
    language = _language(event)
    status, english = CATALOGUE[code]
    causes = json.loads((PAGES / "causes" / f"{language}.json").read_text(encoding="utf-8"))
    values = {
        "code": Shown.plain(code),
        "status": Shown.plain(str(status)),
        "english": Shown(english, f'<span lang="en">{escape(english)}</span>'),
        "sentences": Shown.plain(detail(code, language)),
        "cause": Shown.plain(causes[code]),
        "support": _support(),
    }
    return _page(200, "problem", event, values)


ROUTES: Final[Mapping[str, Callable[[Mapping[str, Any]], Answer]]] = {
    "/.well-known/id-restore": description,
    "/.well-known/apple-app-site-association": apple_association,
    "/.well-known/assetlinks.json": android_association,
    "/restore": restore_link,
    "/pair": pair_link,
    "/problems/{code}": problem,
}


def _route(event: Mapping[str, Any]) -> Answer:
    if event["httpMethod"] != "GET" or event["resource"] not in ROUTES:
        raise Problem("not_found")
    return ROUTES[event["resource"]](event)


def _page(status: int, kind: str, event: Mapping[str, Any], values: Mapping[str, Shown] | None = None) -> Answer:
    name = _given("SERVER_NAME")
    return page(status, kind, _language(event), server=_server(event), name=name, values=values)


def _language(event: Mapping[str, Any]) -> str:
    return language_of(event) or DEFAULT


def _server(event: Mapping[str, Any]) -> str:
    return signatures.server_address(event)


def _given(name: str) -> str:
    return os.environ.get(name, "").strip()


def _list(name: str) -> list[str]:
    return [word.strip() for word in _given(name).split(",") if word.strip()]


def _app(min_version: str, store_url: str, app: str) -> dict[str, str | None] | None:
    if not any(_given(name) for name in (min_version, store_url, app)):
        return None
    return {"min_version": _given(min_version) or None, "store_url": _given(store_url) or None}


def _app_values() -> dict[str, Shown]:
    """Where the app is and who helps; what the operator has not named is empty, and the page leaves it out."""
    return {
        "ios_store": Shown.plain(_given("IOS_STORE_URL")),
        "android_store": Shown.plain(_given("ANDROID_STORE_URL")),
        "support": _support(),
    }


def _support() -> Shown:
    """Where people get help: a link where it is an address that browsers follow safely, else words."""
    support = _given("SUPPORT_ADDRESS")
    if not support.startswith(("https://", "mailto:")):
        return Shown.plain(support)
    words = support.removeprefix("mailto:")
    return Shown(words, f'<a href="{escape(support)}">{escape(words)}</a>')


lambda_handler = wired(guarded(_route))
