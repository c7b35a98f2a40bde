"""One decorator between API Gateway and an act: it reads, checks, answers and logs.

Everything that is the same for every route is here, and nothing that is not. The order is fixed and fails closed: size,
content type, signatures, path, body, then the act. Whatever goes wrong becomes a problem document (RFC 9457); what
nobody foresaw becomes `unavailable`, is logged as unexpected, and sets off an alarm.
"""

from __future__ import annotations

import json
import re
import time
import traceback
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics

from restore import signatures
from restore.errors import Problem, invalid
from restore.keys import IDENTITY_NAME, short_of
from restore.languages import negotiate
from restore.startup import wired

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restore.signatures import Signed

MAX_BODY_BYTES: Final = 16 * 1024
RETRY_AFTER_SECONDS: Final = 5

_CONTENT_TYPE = re.compile(r"application/json\s*(?:;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE)
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer, refusals included (ASVS 3.4); a page has a policy of its own."""
_COUNTED: Final = frozenset(
    {"restore_refused", "wrong_code", "not_paired", "signature_replayed", "too_many_requests", "unavailable"}
)

logger = Logger()
metrics = Metrics()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request whose signatures hold. Whether its key is a paired device is the act's own condition.

    `now` is in whole seconds; `language` is what the request asks for among those spoken here, or None; `source` is the
    address that API Gateway saw, never a header's; `query` has one parameter at most.
    """

    signed: Signed | None
    identity: str
    path: Mapping[str, str]
    body: Any
    server: str
    source: str
    language: str | None
    now: int
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def device(self) -> str:
        """The device key that signed: the device's id; empty for what comes unsigned, by a link."""
        return self.signed.keyid if self.signed else ""

    @property
    def short(self) -> str:
        """The device's name inside items."""
        return short_of(self.device)

    @property
    def nonce(self) -> str:
        """The nonce of all its signatures."""
        return self.signed.nonce if self.signed else ""

    @property
    def verification(self) -> str | None:
        """The verification key that signed, or None."""
        return self.signed.verifiers[0] if self.signed and self.signed.verifiers else None

    def about(self, identity: str) -> Call:
        """The same call, about an identity that its body names."""
        return replace(self, identity=identity)

    def must_bring(self, device: str, verification: str | None, field: str = "verification_key") -> None:
        """Refuse keys in the body that did not sign: who brings a key proves that it is theirs."""
        if device != self.device:
            raise self.refusal("another device key than the body's")
        if verification is None:
            return
        if verification == device:
            raise invalid(field, "has to be another key than the device key")
        if self.verification != verification:
            raise self.refusal("the body's verification key did not sign", self.verification)

    def refusal(self, reason: str, verifier: str | None = None) -> Problem:
        """`signature_invalid` for a signature that holds, but by the wrong key."""
        return self.signed.refusal(reason, verifier) if self.signed else Problem("signature_missing")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an act answers: an object as JSON, or a text as it is (a page). Without a body it is empty (204)."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def endpoint(
    *, body: Any = None, brings_key: bool = False, verifiers: int = 1
) -> Callable[[Callable[[Call], Answer]], Callable[[dict[str, Any], Any], dict[str, Any]]]:
    """Make an act a Lambda handler for a signed route.

    `body` is the pydantic model of the request's body, or None where the body is `{}` or absent; `brings_key` says that
    the body may name a new verification key, which then signs; `verifiers` how many verification keys may.
    """

    def decorate(act: Callable[[Call], Answer]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        def answer(event: dict[str, Any]) -> Answer:
            return act(_read(event, body, brings_key=brings_key, verifiers=verifiers))

        return wraps(act)(wired(guarded(answer)))

    return decorate


def guarded(act: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Answer an event with what the act answers, or with the problem that it raises; log the outcome once."""

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        logger.append_keys(request_id=getattr(context, "aws_request_id", None))
        outcome: dict[str, Any] = {
            "route": f"{event['httpMethod']} {event.get('resource')}",
            "identity": (event.get("pathParameters") or {}).get("identity"),
            "source": source_of(event),
        }
        if who := ((event["requestContext"].get("authorizer") or {}).get("claims") or {}).get("sub"):
            outcome["administrator"] = who
        try:
            answer = act(event)
            logger.info("answered", **outcome, status=answer.status)
            return respond(answer)
        except Problem as problem:
            log = logger.error if problem.status >= 500 else logger.info  # noqa: PLR2004 - the class of server errors
            log("refused", **outcome, status=problem.status, code=problem.code, reason=problem.reason)
            if problem.code in _COUNTED:
                _count(problem.code)
            return respond(document(problem, event))
        except Exception as error:  # noqa: BLE001 - fail closed, whatever it is
            # the message of an exception may hold what was sent; where it came from cannot
            frames = traceback.format_tb(error.__traceback__)
            logger.error("unexpected", **outcome, error=type(error).__name__, frames=frames)  # noqa: TRY400 - see above
            _count("unexpected")
            return respond(document(Problem("unavailable", retry_after=RETRY_AFTER_SECONDS), event))

    return handler


def _count(code: str) -> None:
    """One metric for each kind of refusal that an operator watches, such as `RestoreRefused` and `WrongCode`."""
    metrics.add_metric(name=code.title().replace("_", ""), unit="Count", value=1)
    metrics.flush_metrics()


def respond(answer: Answer) -> dict[str, Any]:
    """The answer in the form that API Gateway takes."""
    headers = {**_ALWAYS, **answer.headers}
    if answer.body is None:
        return {"statusCode": answer.status, "headers": headers, "body": ""}
    headers.setdefault("Content-Type", "application/json")
    if isinstance(answer.body, str):
        return {"statusCode": answer.status, "headers": headers, "body": answer.body}
    text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return {"statusCode": answer.status, "headers": headers, "body": text}


def document(problem: Problem, event: Mapping[str, Any]) -> Answer:
    """The problem document of RFC 9457, its `detail` in the reader's language."""
    from restore.details import detail  # noqa: PLC0415 - sentences that only a refusal needs

    body = {
        "type": f"{signatures.server_address(event)}/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail(problem.code, language_of(event) or "en"),
        "code": problem.code,
        **{name: value for name, value in problem.members.items() if value is not None},
    }
    headers = {"Content-Type": "application/problem+json"}
    if problem.status in {429, 503}:
        headers["Retry-After"] = str(max(1, problem.retry_after or RETRY_AFTER_SECONDS))
    return Answer(problem.status, body, headers)


def source_of(event: Mapping[str, Any]) -> str:
    """The caller's address as API Gateway saw the connection (ASVS 4.1.3: no header says it)."""
    source: str = event["requestContext"]["identity"]["sourceIp"]
    return source


def language_of(event: Mapping[str, Any]) -> str | None:
    """The language asked for, of those spoken here."""
    return negotiate(header(event, "accept-language"))


def header(event: Mapping[str, Any], name: str) -> str | None:
    """A header by its lower-case name, its lines joined."""
    lines = event.get("multiValueHeaders") or {}
    found = [value for key, values in lines.items() if key.lower() == name for value in values]
    return ", ".join(found) or None


def _read(event: dict[str, Any], model: Any, *, brings_key: bool, verifiers: int) -> Call:
    """Check everything about a request that needs no table."""
    server = signatures.server_address(event)
    request = signatures.Request.from_event(event, (event.get("stageVariables") or {}).get("server") or "")
    raw = request.body or b""
    if len(raw) > MAX_BODY_BYTES:
        raise Problem("too_large")
    if (raw and not _is_json(request.headers)) or not _is_plain(request.headers):
        raise Problem("not_json")
    now = int(time.time())
    signed = signatures.check(request, now=now, brings_key=brings_key, verifiers=verifiers)
    path = event.get("pathParameters") or {}
    return Call(
        signed=signed,
        identity=identity_of(path["identity"], "identity") if "identity" in path else "",
        path=path,
        body=empty(raw) if model is None else parsed(raw, model),
        server=server,
        source=source_of(event),
        language=language_of(event),
        now=now,
        query=dict([request.query.split("=", 1)] if request.query else []),  # one parameter: more cannot be signed
    )


def identity_of(text: str, name: str) -> str:
    """A user name in lower case, or 422."""
    lowered = text.lower() if text.isascii() else ""
    if not IDENTITY_NAME.fullmatch(lowered):
        raise invalid(name, "is no identity: 3 to 64 of a-z, 0-9, dot, underscore and hyphen, ends in letter or digit")
    return lowered


def is_json(event: Mapping[str, Any]) -> bool:
    """Whether a body says that it is JSON, in UTF-8 and without a content coding."""
    headers = {name: header(event, name) or "" for name in ("content-type", "content-encoding")}
    return _is_json(headers) and _is_plain(headers)


def _is_json(headers: Mapping[str, str]) -> bool:
    return bool(_CONTENT_TYPE.fullmatch(headers.get("content-type", "").strip()))


def _is_plain(headers: Mapping[str, str]) -> bool:
    return (headers.get("content-encoding") or "identity").strip().lower() == "identity"


def empty(raw: bytes) -> dict[str, Any]:
    """The body of a route that takes none: absent, or an empty object."""
    if not raw.strip():
        return {}
    try:
        members = json.loads(raw)
    except (ValueError, RecursionError):
        raise Problem("malformed") from None
    if not isinstance(members, dict):
        raise invalid("", "is no object")
    if members:
        raise Problem(
            "invalid", errors=[{"field": str(name)[:64], "message": "is not known"} for name in list(members)[:16]]
        )
    return {}


def parsed(raw: bytes, model: Any) -> Any:
    """The body as its model reads it. A ValidationError is a ValueError, so pydantic need not be imported here."""
    try:
        return model.model_validate_json(raw or b"{}")
    except ValueError as error:
        errors: list[dict[str, Any]] = error.errors(include_input=False, include_url=False)  # type: ignore[attr-defined]  # a ValidationError
        if any(one["type"] == "json_invalid" for one in errors):
            raise Problem("malformed") from None
        told = [{"field": ".".join(str(part) for part in one["loc"])[:64], "message": one["msg"]} for one in errors]
        raise Problem("invalid", errors=told[:16]) from None
