"""Signed requests: the service's profile of RFC 9421 (HTTP message signatures) and RFC 9530 (digest fields).

One signature tagged `id-restore` by the device key, on verified requests another tagged `id-restore-verified`; both
cover method, authority and path, the query where there is one, and the digest of the body where there is one. What the
profile does not name is refused, so that no two readers of a request can understand it differently. Pure: no clock, no
store. Who may do what with a signature that holds is decided elsewhere.

The parser is our own: a library for structured fields would double what this module adds to a cold start, and would
accept what must be refused here (labels or parameters given twice, base64 that is not canonical). Named tuples stand
where data classes would: each of those takes half a millisecond of every cold start.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from restore import publickeys
from restore.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

TAG: Final = "id-restore"
TAG_VERIFIED: Final = "id-restore-verified"
MAX_SKEW_SECONDS: Final = 120
MAX_FIELD_LENGTH: Final = 10_240
"""Of Signature-Input and of Signature, in symbols: API Gateway takes no more for a whole request's head."""
MAX_SIGNATURES: Final = 8
"""Of whatever tag: a request is signed by three keys at most, proxies may add theirs; more is work for nothing."""

_UNRESERVED: Final = r"[A-Za-z0-9._~-]"
_METHOD: Final = re.compile(r"[A-Z]+")
_PATH: Final = re.compile(rf"/(?:{_UNRESERVED}|/)*")
_QUERY: Final = re.compile(rf"{_UNRESERVED}+={_UNRESERVED}*")
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{22,128}")
_AUTHORITY: Final = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")

# Structured fields, RFC 9651, 3 and 4.2. A string's spelling is its own serialisation: there is one way to escape.
_KEY: Final = r"[a-z*][a-z0-9_.*-]*"
_BARE: Final = (
    r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'  # string
    r"|-?[0-9]{1,12}\.[0-9]{1,3}|@?-?[0-9]{1,15}"  # decimal, integer and date
    r"|:[A-Za-z0-9+/=]*:|\?[01]"  # bytes, boolean
    r"|[A-Za-z*][!#$%&'*+.^_`|~A-Za-z0-9:/-]*"  # token
    r'|%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"'  # display string
)
_LABEL: Final = re.compile(rf"({_KEY})=")
_ITEM: Final = re.compile(_BARE)
_PARAMETER: Final = re.compile(rf";\x20*({_KEY})(?:=({_BARE}))?")
_SIGNATURE: Final = re.compile(r":([A-Za-z0-9+/]{86}==):")  # 64 bytes, as both algorithms make them
_COMMA: Final = re.compile(r"[\x20\t]*,[\x20\t]*")
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_SHA_256: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")

_PARTS: Final = frozenset({'"@method"', '"@authority"', '"@path"'})
_PARAMETERS: Final = frozenset({"created", "nonce", "keyid", "tag"})


class Request(NamedTuple):
    """What of a request is signed, as the client sent it.

    `authority` is the server's own name, in lower case, without the scheme's default port (RFC 9421, 2.2.3); `path`
    includes a stage's or a domain's prefix; `query` is what stands after the question mark; `headers` has lower-case
    names, and lines of the same name joined by a comma and a blank.
    """

    method: str
    authority: str
    path: str
    query: str | None
    headers: Mapping[str, str]
    body: bytes | None

    @classmethod
    def from_event(cls, event: Mapping[str, Any], server: str = "") -> Request:
        """Read a proxy event of API Gateway's REST API; `server` is the server's address, empty where none is set.

        Nothing is unquoted. The gateway hands out the query decoded, so it is put together again from what came;
        one that used other than unreserved symbols is no longer what was signed, and `check` refuses it.
        """
        body = event.get("body")
        if body is not None:
            # invalid UTF-8 arrives as U+FFFD, half a surrogate pair becomes "?": neither has the digest that was sent
            body = binascii.a2b_base64(body) if event.get("isBase64Encoded") else body.encode("utf-8", "replace")
        return cls(
            method=event["httpMethod"],
            authority=authority(event, server),
            path=_path(event, server),
            query=_query(event),
            headers=_headers(event),
            body=body,
        )


def server_address(event: Mapping[str, Any]) -> str:
    """The address that everything of this server is relative to, without a slash at its end.

    The stage variable `server` where it is set, else the name by which API Gateway was called, else (on the local
    stack, which names none) the Host header, unencrypted.
    """
    server: str = (event.get("stageVariables") or {}).get("server") or ""
    if server:
        return server.rstrip("/")
    scheme = "https" if event["requestContext"].get("domainName") else "http"
    return f"{scheme}://{authority(event, '')}{base_path(event, '')}"


def authority(event: Mapping[str, Any], server: str) -> str:
    """The server's own name as RFC 9421, 2.2.3 normalises it; empty where a Host header is no name at all."""
    if server:
        scheme, _, rest = server.partition("://")
        return _normal(rest.partition("/")[0], scheme)
    name = event["requestContext"].get("domainName")
    return _normal(name, "https") if name else _normal(_headers(event).get("host", ""), "http")


def base_path(event: Mapping[str, Any], server: str) -> str:
    """What stands before the route in the client's path: the stage, a domain's base path, or nothing.

    With `server` it is that address's path. Else the route's own template tells: `event.path` has no stage but has a
    domain's base path, so it cannot.
    """
    if server:
        _, slash, path = server.partition("://")[2].partition("/")
        return (slash + path).rstrip("/")
    sent: str = event["requestContext"]["path"]
    return sent.removesuffix(_route(event))


def _route(event: Mapping[str, Any]) -> str:
    """The end of the client's path that the route's template (`event.resource`) stands for."""
    sent: str = event["requestContext"]["path"]
    template = (event.get("resource") or "").strip("/").split("/")
    segments = sent.rstrip("/").split("/")
    if "+" not in template[-1] and len(template) < len(segments):
        end = segments[-len(template) :]
        if all(want.startswith("{") or want == got for want, got in zip(template, end, strict=True)):
            return sent[len("/".join(segments[: -len(template)])) :]
    path: str = event["path"]
    return path if sent.endswith(path) else sent


def _path(event: Mapping[str, Any], server: str) -> str:
    """The path as the client sent it; a content network in front of `server` may have put another base before it."""
    return base_path(event, server) + _route(event) if server else event["requestContext"]["path"]


def _query(event: Mapping[str, Any]) -> str | None:
    """The query put together from its decoded parameters."""
    several: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    return "&".join(f"{name}={value}" for name, values in several.items() for value in values) or None


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Headers by lower-case name; `multiValueHeaders` alone has all lines, under each spelling of a name."""
    lines: Mapping[str, list[str]] | None = event.get("multiValueHeaders")
    if lines is None:
        lines = {name: [value] for name, value in (event.get("headers") or {}).items()}
    headers: dict[str, list[str]] = {}
    for name, values in lines.items():
        headers.setdefault(name.lower(), []).extend(value.strip() for value in values)
    return {name: ", ".join(values) for name, values in headers.items()}


def _normal(name: str, scheme: str) -> str:
    name = name.lower().removesuffix({"https": ":443", "http": ":80"}.get(scheme, "\n"))
    return name if _AUTHORITY.fullmatch(name) else ""


class Signed(NamedTuple):
    """The keys that signed a request; every signature held when this was made.

    `keyid` is the device key, `verifiers` are the verification keys in the order of the header, `bases` the signature
    base of each, the device's first.
    """

    keyid: str
    nonce: str
    verifiers: tuple[str, ...]
    bases: tuple[str, ...]

    def refusal(self, reason: str, verifier: str | None = None) -> Problem:
        """`signature_invalid` for a signature that holds, but by the wrong key: of `verifier`, else of the device."""
        number = 1 + self.verifiers.index(verifier) if verifier in self.verifiers else 0
        return Problem("signature_invalid", reason=reason, signature_base=self.bases[number])


class _Input(NamedTuple):
    """A member of Signature-Input: its label, the items that it covers and its parameters, as they are spelled."""

    label: str
    covered: tuple[str, ...]
    parameters: Mapping[str, str | None]

    def serialised(self) -> str:
        """The value of `@signature-params`: RFC 9421, 2.3, blanks and integers as RFC 9651, 4.1 writes them."""
        return f"({' '.join(self.covered)}){_serialised(self.parameters)}"

    def text(self, name: str) -> str | None:
        """A parameter that is a string (of the kind the profile has: without escapes)."""
        value = self.parameters.get(name)
        return value[1:-1] if value is not None and value.startswith('"') else None


class _Malformed(Exception):
    """The field cannot be parsed."""


def check(
    request: Request, *, now: int, max_skew: int = MAX_SKEW_SECONDS, verifiers: int = 1, brings_key: bool = False
) -> Signed:
    """Check every signature of the profile on `request`, and return who signed.

    `now` and `max_skew` are in seconds. At most `verifiers` signatures may have the verified tag (two where one
    verification key replaces another); whether there must be one is the caller's to judge. A verification key equal to
    the device key proves nothing more and is refused; only with `brings_key`, on routes whose body names a new
    verification key, it is let through so that the body's own check can answer 422.

    Raises Problem: `signature_missing`; `signature_invalid` with `signature_base` as soon as the signature can be
    parsed; `signature_expired` once all signatures hold, so that only a key's holder is told of their clock.
    """
    found = _inputs(request)
    devices = [one for one in found if one.text("tag") == TAG]
    verifying = [one for one in found if one.text("tag") == TAG_VERIFIED]
    if not devices:
        raise Problem("signature_missing")
    if len(devices) > 1:
        raise _refused(request, devices[1], "two device signatures")
    if len(verifying) > verifiers:
        raise _refused(request, verifying[verifiers], "too many verified signatures")

    inputs = [devices[0], *verifying]
    signatures = _signatures(request, found, inputs[0])
    for one in inputs:
        if reason := _breach(request, one) or _unproved(request, one, signatures[one.label]):
            raise _refused(request, one, reason)

    nonce = inputs[0].text("nonce")
    keyids = [one.text("keyid") or "" for one in inputs]
    for number, one in enumerate(inputs):
        if one.text("nonce") != nonce:
            raise _refused(request, one, "another nonce")
        if keyids[number] in keyids[1 if brings_key else 0 : number]:
            raise _refused(request, one, "one key twice")
    if any(abs(now - int(one.parameters["created"] or "")) > max_skew for one in inputs):
        raise Problem("signature_expired")
    return Signed(
        keyid=keyids[0],
        nonce=nonce or "",
        verifiers=tuple(keyids[1:]),
        bases=tuple(_base(request, one) for one in inputs),
    )


def signature_base(request: Request, member: str) -> str:
    """The text to sign for a member of Signature-Input, `label=("@method" …);created=…`; for vectors and documents.

    ValueError where it is not one member.
    """
    try:
        (one,) = _parse_inputs(member)
    except _Malformed as error:
        raise ValueError(str(error)) from None
    return _base(request, one)


def _refused(request: Request, one: _Input, reason: str) -> Problem:
    return Problem("signature_invalid", reason=reason, signature_base=_base(request, one))


def _inputs(request: Request) -> list[_Input]:
    """The members of Signature-Input, whatever their tag."""
    field = request.headers.get("signature-input", "").strip()
    if not field:
        raise Problem("signature_missing")
    try:
        found = _parse_inputs(field)
    except _Malformed as error:
        raise Problem("signature_invalid", reason=f"Signature-Input: {error}") from None
    for one in found:
        if "tag" in one.parameters and one.text("tag") is None:
            raise _refused(request, one, "tag is no string")
    return found


def _signatures(request: Request, found: list[_Input], first: _Input) -> dict[str, str]:
    """The members of Signature as they are spelled, one for each of Signature-Input."""
    try:
        signatures = _parse_signatures(request.headers.get("signature", ""))
    except _Malformed as error:
        raise _refused(request, first, f"Signature: {error}") from None
    if set(signatures) != {one.label for one in found}:
        raise _refused(request, first, "a label in one header only")
    return signatures


def _breach(request: Request, one: _Input) -> str | None:
    """What of the profile a signature breaks, before its key is looked at."""
    wanted = set(_PARTS)
    if request.query is not None:
        wanted.add('"@query"')
    if request.body or '"content-digest"' in one.covered:  # an empty body may be covered or not
        wanted.add('"content-digest"')
    created = one.parameters.get("created") or ""
    if sorted(one.covered) != sorted(wanted):
        return "other parts than the profile's"
    if set(one.parameters) - {"alg"} != _PARAMETERS:
        return "other parameters than the profile's"
    if not _INTEGER.fullmatch(created) or created.startswith("-"):
        return "created is no time"
    if not _NONCE.fullmatch(one.text("nonce") or ""):
        return "nonce is none"
    return _unsignable(request, digest='"content-digest"' in wanted)


def _unsignable(request: Request, *, digest: bool) -> str | None:
    """What of the request itself no signature can hold for."""
    if not request.authority or not _METHOD.fullmatch(request.method):
        return "no name of this server, or no method"
    if not _PATH.fullmatch(request.path) or (request.query is not None and not _QUERY.fullmatch(request.query)):
        return "symbols in path or query that cannot be signed"
    return "the digest differs" if digest and not _digest_holds(request) else None


def _unproved(request: Request, one: _Input, member: str) -> str | None:
    """Why a signature, a member of Signature, does not hold under the key that it names."""
    spelled = _SIGNATURE.fullmatch(member)
    if not spelled:
        return "the signature is not 64 bytes in base64"
    signature = binascii.a2b_base64(spelled[1])
    if binascii.b2a_base64(signature, newline=False).decode() != spelled[1]:
        return "the signature's base64 is not canonical"
    try:
        key = publickeys.parse(one.text("keyid") or "")
    except ValueError:
        return "keyid is no key"
    if "alg" in one.parameters and one.text("alg") != key.algorithm:
        return "alg does not fit the key"
    return None if key.verify(signature, _base(request, one).encode()) else "does not hold"


def _digest_holds(request: Request) -> bool:
    """Whether Content-Digest is the body's SHA-256 and nothing else (RFC 9530, 2)."""
    digest = _SHA_256.fullmatch(request.headers.get("content-digest", ""))
    actual = hashlib.sha256(request.body or b"").digest()
    return digest is not None and digest[1] == binascii.b2a_base64(actual, newline=False).decode()


def _base(request: Request, one: _Input) -> str:
    """The signature base of RFC 9421, 2.5.

    Where the signature covers what the profile does not have, only the lines that can be written are: then it is
    refused anyway, and the text shows its author the difference.
    """
    derived = {
        '"@method"': request.method,
        '"@authority"': request.authority,
        '"@path"': request.path,
        '"@query"': None if request.query is None else f"?{request.query}",
    }
    lines = []
    for part in dict.fromkeys(one.covered):  # once each: a long header named often would be a long answer
        value = derived[part] if part in derived else request.headers.get(part[1:-1])
        if value is not None and part.startswith('"') and value.isascii() and value.isprintable():
            lines.append(f"{part}: {value}")
    lines.append(f'"@signature-params": {one.serialised()}')
    return "\n".join(lines)


def _parse_inputs(field: str) -> list[_Input]:
    """Signature-Input: a dictionary of inner lists with parameters."""
    found: dict[str, _Input] = {}
    at = 0
    while True:
        label, at = _label(field, at, found)
        covered, at = _inner_list(field, at)
        parameters, at = _parameters(field, at)
        found[label] = _Input(label, covered, parameters)
        if len(found) > MAX_SIGNATURES:
            raise _Malformed("too many signatures")
        if at == len(field):
            return list(found.values())
        at = _comma(field, at)


def _parse_signatures(field: str) -> dict[str, str]:
    """Signature: a dictionary of bytes; the members' texts with their parameters, which the profile does not have."""
    found: dict[str, str] = {}
    at = 0
    while True:
        label, start = _label(field, at, found)
        item = _ITEM.match(field, start)
        if not item:
            raise _Malformed("no bytes")
        _, at = _parameters(field, item.end())
        found[label] = field[start:at]
        if at == len(field):
            return found
        at = _comma(field, at)


def _label(field: str, at: int, found: Container[str]) -> tuple[str, int]:
    """A member's label and where its value begins; RFC 9421, 4.1 wants labels to be unique."""
    label = _LABEL.match(field, at)
    if not label or len(field) > MAX_FIELD_LENGTH:
        raise _Malformed("no label, or too long")
    if label[1] in found:
        raise _Malformed("a label twice")
    return label[1], label.end()


def _comma(field: str, at: int) -> int:
    """Where the next member begins."""
    comma = _COMMA.match(field, at)
    if not comma:
        raise _Malformed("no comma")
    return comma.end()


def _inner_list(field: str, at: int) -> tuple[tuple[str, ...], int]:
    """The items between parentheses, each with its parameters, and where the list ends."""
    if not field.startswith("(", at):
        raise _Malformed("no list")
    items: list[str] = []
    at = _blanks(field, at + 1)
    while not field.startswith(")", at):
        item = _ITEM.match(field, at)
        if not item:
            raise _Malformed("no item")
        parameters, after = _parameters(field, item.end())
        items.append(item[0] + _serialised(parameters))
        at = _blanks(field, after)
        if at == after and not field.startswith(")", at):
            raise _Malformed("no blank")
    return tuple(items), at + 1


def _blanks(field: str, at: int) -> int:
    """Where the blanks end."""
    while field.startswith(" ", at):
        at += 1
    return at


def _parameters(field: str, at: int) -> tuple[dict[str, str | None], int]:
    """Parameters as they are spelled, integers without leading noughts; None is a bare name. And where they end."""
    parameters: dict[str, str | None] = {}
    while parameter := _PARAMETER.match(field, at):
        name, value = parameter.groups()
        if name in parameters:
            raise _Malformed("a parameter twice")
        parameters[name] = str(int(value)) if value and _INTEGER.fullmatch(value) else value
        at = parameter.end()
    return parameters, at


def _serialised(parameters: Mapping[str, str | None]) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items())
