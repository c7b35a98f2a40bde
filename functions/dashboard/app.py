"""`GET /dashboard` and all below it: the administrators' web app, from this function's own bundle.

The caller gets the page, a file of it, or where to sign in. Promised: nothing here is secret, nothing reads or changes
any state; the page loads and runs nothing but what lies beside this file, and its data come from `/v1/admin`.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from restore.errors import Problem
from restore.http import Answer, guarded
from restore.startup import wired
from restore.texts import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

BUNDLE: Final = Path(__file__).parent

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""The name of an asset holds the hash of what is in it."""

HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def _serve(event: Mapping[str, Any]) -> Answer:
    below = (event.get("pathParameters") or {}).get("proxy") or ""
    if below == "":
        return _index(event)
    if below == "config.json":
        return _config(event)
    return Answer(
        200, _asset(below), {**HEADERS, "Cache-Control": IMMUTABLE, "Content-Type": TYPES[Path(below).suffix]}
    )


def _index(event: Mapping[str, Any]) -> Answer:
    """The page. Its files are named by their whole path: its own address may end with a slash or without."""
    page = _read("index.html").replace("{{root}}", escape(_root(event)))
    return Answer(
        200, page, {**HEADERS, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _policy(event)}
    )


def _policy(event: Mapping[str, Any]) -> str:
    """What the browser may load, run and call (Content Security Policy 3): our own, and the pool's sign-in domain."""
    sign_in = _variables(event).get("sign_in", "")
    parts = urlsplit(sign_in)
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {parts.scheme}://{parts.netloc}",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _config(event: Mapping[str, Any]) -> Answer:
    """What the page must know before anybody has signed in."""
    variables = _variables(event)
    body = {"client": variables["client"], "sign_in": variables["sign_in"], "name": os.environ["SERVER_NAME"]}
    return Answer(200, body, HEADERS)


def _asset(name: str) -> str:
    if name not in _assets():
        raise Problem("not_found")
    return _read(name)


@cache
def _assets() -> frozenset[str]:
    """What may be asked for: a closed list, so that no path leads anywhere else."""
    return frozenset(f"assets/{file.name}" for file in (BUNDLE / "assets").iterdir() if file.suffix in TYPES)


@cache
def _read(name: str) -> str:
    return (BUNDLE / name).read_text(encoding="utf-8")


def _root(event: Mapping[str, Any]) -> str:
    """The path of the dashboard as the client knows it, behind a stage, a base path or a network of one's own."""
    server: str | None = _variables(event).get("server")
    if server:
        return f"{urlsplit(server).path.rstrip('/')}/dashboard"
    sent: str = event["requestContext"]["path"]
    return sent.rstrip("/")


def _variables(event: Mapping[str, Any]) -> Mapping[str, str]:
    return event.get("stageVariables") or {}


lambda_handler = wired(guarded(_serve))
