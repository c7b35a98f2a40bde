"""docs/openapi.json: the app's interface as an OpenAPI 3.1 document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema

from docs.build import answers as a
from docs.build.events import EVENT_TYPES
from docs.build.functions import LAYER, Endpoint, Function, endpoints, function_of
from docs.build.routes import Missing, Route, route_of
from restore.details import detail
from restore.errors import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CSV: Final = "text/csv"
HTML: Final = "text/html"
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
REFERENCE: Final = "#/components/schemas/"

INTRODUCTION: Final = """\
Restoring an identity that lives on a phone, after the phone is lost.

Everything is relative to the server's address. Bodies are JSON in UTF-8, 16 KiB at most, without a content coding;
members that a request does not know are refused, members of answers that a client does not know it ignores. Times are
RFC 3339 in UTC with `Z`. No answer is to be stored.

**Signatures.** Every route of the app but the public ones takes a signature (RFC 9421) tagged `id-restore` by the
device key, over `@method`, `@authority` and `@path`, `@query` where there is a query, and `content-digest` (RFC 9530,
sha-256) where there is a body; where the person has to be verified, a second one tagged `id-restore-verified` by the
verification key, with the same nonce. docs/app-developers.md tells it step by step, docs/vectors.json has examples to
test against.

**Administrators** send an id token of the deployment's user pool instead; nothing of theirs is signed. A role may do
what the lesser ones may. Each of their acts wants a sign-in of at most an hour ago (as the server is set up), is told
to the person whom it is about, and counts towards a limit for each administrator. Where policy asks for two people, an
act answers 202 with an approval and does nothing; once another administrator has approved it, whoever asked sends the
same request again with the header `Approval`.

**Refusals** are problem documents (RFC 9457). A client decides by `code`, shows `detail`, and reads a status or code
that it does not know by its class.

**Repeats.** After a lost answer the same body is sent again with a fresh signature and nonce, and has the same outcome;
the very same bytes are refused as `signature_replayed`. So it is with a completion however long ago it was, by the
device that it bound.

**Endings.** A restoration or pairing that is over says why (410) for 30 days, the latest 20 restorations and 10
pairings of an identity; afterwards it is one that never was. A new device that repeats a call of a restoration more
than 64 times in five minutes is answered 429.
"""

SECURITY: Final = {
    "device": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": (
            "A signature of RFC 9421 by the device key, announced in `Signature-Input` as "
            '`<label>=(<parts>);created=<seconds>;nonce="<22 to 128 of base64url, of 16 random bytes at least>";'
            'keyid="<public key>";tag="id-restore"`; an `alg` that fits the key may be there, nothing else. Parts, in '
            'any order: `"@method" "@authority" "@path"`, `"@query"` where there is one, `"content-digest"` where '
            "there is a body. `created` may be 120 s off. `ecdsa-p256-sha256` (raw r||s) or `ed25519`, as the key's "
            "length says. Keys are base64url without padding of the 33-byte compressed point or 32-byte Ed25519 key."
        ),
    },
    "verification": {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": (
            "A second signature beside the device's, by the verification key that the phone releases after PIN or "
            'biometrics: same parts and nonce, `tag="id-restore-verified"`. Needed from devices that have such a key.'
        ),
    },
    "administrator": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "An id token of the deployment's own user pool, for its own client. The groups give the role: `auditor`, "
            "`helpdesk` or `admin`."
        ),
    },
}

WHO: Final[Mapping[str, tuple[str, list[dict[str, list[str]]]]]] = {
    "public": ("Anybody, unsigned.", []),
    "new": ("Signed by the new keys that it brings.", [{"device": []}, {"device": [], "verification": []}]),
    "device": ("Signed by a paired device.", [{"device": []}]),
    "verified": (
        "Signed by a paired device and its verification key, where it has one.",
        [{"device": [], "verification": []}],
    ),
    "set aside": (
        "Signed by a device that was set aside and the verification key it had.",
        [{"device": [], "verification": []}],
    ),
    "new or device": ("Signed by the restoration's new device, or a paired one.", [{"device": []}]),
    "new or verified": (
        "Signed by the restoration's new device; or by a paired one and its verification key, where it has one.",
        [{"device": []}, {"device": [], "verification": []}],
    ),
    "auditor": ("For every administrator: auditor, helpdesk and admin.", [{"administrator": []}]),
    "helpdesk": ("For helpdesk and admin.", [{"administrator": []}]),
    "admin": ("For admin alone.", [{"administrator": []}]),
}

TAGS: Final = {
    "Identity": "A person's identity and its devices' sign-ins.",
    "Addresses": "E-mail addresses: one for notices and codes, a second one for notices.",
    "Restore": "The saved restore code.",
    "Restorations": "Binding a new device with the two codes.",
    "Pairings": "Binding a new device from a paired one's screen.",
    "Devices": "Unpairing, and app protection.",
    "Administration": "What a company's administrators do: policy, help for one person, the audit log, approvals.",
    "Server": "What apps and phones ask a server, unsigned.",
    "Pages": "Pages for people.",
}

PATH: Final[Mapping[str, dict[str, Any]]] = {
    "identity": {
        "description": "The user name; ASCII capitals count as small letters.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{1,62}[A-Za-z0-9]$"},
        "example": "ada",
    },
    "restoration": {
        "description": "A restoration's id.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
        "example": "3kqP0bqyJ0mTtGvqf8r2Yw",
    },
    "pairing": {
        "description": "A pairing's id.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
        "example": "3kqP0bqyJ0mTtGvqf8r2Yw",
    },
    "device": {
        "description": "A device's id: its public key.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43,44}$"},
        "example": "As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa",
    },
    "approval": {
        "description": "An approval's id.",
        "schema": {"type": "string", "pattern": r"^[0-9]{10}\.[A-Za-z0-9_-]{22}$"},
        "example": "1795000000.3kqP0bqyJ0mTtGvqf8r2Yw",
    },
    "code": {
        "description": "A problem's code.",
        "schema": {"$ref": REFERENCE + "ProblemCode"},
        "example": "wrong_code",
    },
    "token": {
        "description": "What stands in a mail's link.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{22,160}$"},
        "example": "ada.0Yw6R1dQkq0a9b8c7d6e5f.3kqP0bqyJ0mTtGvqf8r2Yw",
    },
}

HEADERS: Final[Mapping[str, dict[str, Any]]] = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": (
            "The language of `detail`, pages and mails; English where none is spoken here. Mails follow the latest "
            "request of a paired device that names a language and was not refused: a refusal writes nothing."
        ),
        "required": False,
        "schema": {"type": "string"},
        "example": "de, en;q=0.5",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` of the policy that was read. Only a dry run may be without it.",
        "required": False,
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Approval": {
        "name": "Approval",
        "in": "header",
        "description": "The id of the approval that another administrator has given of this very request; once.",
        "required": False,
        "schema": {"type": "string"},
        "example": "1795000000.3kqP0bqyJ0mTtGvqf8r2Yw",
    },
    "AcceptCsv": {
        "name": "Accept",
        "in": "header",
        "description": '`text/csv` exports: a thousand rows a file, and `Link` with `rel="next"` where there are more.',
        "required": False,
        "schema": {"type": "string"},
        "example": "text/csv",
    },
}
"""Headers that requests bring, besides those of signatures and tokens."""

CSV_EXAMPLE: Final = (
    "at,type,identity,seq,device,source,detail,id,hash\r\n"
    '2026-11-18T11:06:40Z,restore.proven,ada,7,,198.51.100.7,"{""code_label"": ""K7QD""}",'
    "3kqP0bqyJ0mTtGvqf8r2Yw,Dx3P2oYC5wHdD4cVEDo1ZY7zM3Xk0RDx3Q3a9pRkS5Y\r\n"
)

NO_BODY: Final = {
    "description": "`{}`, or nothing.",
    "required": False,
    "content": {JSON: {"schema": {"type": "object", "additionalProperties": False}, "example": {}}},
}


def text() -> str:
    """The document as it is written: JSON, two blanks, UTF-8."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """The document. Raises Missing where a route of the template is not said."""
    found = [(endpoint, route_of(endpoint.method, endpoint.path)) for endpoint in endpoints()]
    functions = {endpoint: function_of(endpoint) for endpoint, _ in found}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint, route in found:
        item = paths.setdefault(endpoint.path, _item(endpoint))
        item[endpoint.method.lower()] = _operation(endpoint, route, functions[endpoint])
    bodies: list[type[BaseModel]] = [function.body for function in functions.values() if function.body]
    answers = [model for _, route in found for status in route.answers for model in route.models(status)]
    used = {tag for _, route in found for tag in [route.tag]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ID restore",
            "version": "1",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {
                "url": "{server}",
                "description": "The server's address, perhaps with a path.",
                "variables": {"server": {"default": "http://127.0.0.1:8080/live"}},
            }
        ],
        "tags": [{"name": name, "description": said} for name, said in TAGS.items() if name in used],
        "paths": paths,
        "components": {
            "schemas": _schemas(bodies, [*answers, a.ProblemDocument]),
            "parameters": HEADERS,
            "headers": {
                "RetryAfter": {
                    "description": "Seconds to wait.",
                    "required": True,
                    "schema": {"type": "string", "pattern": "^[1-9][0-9]*$"},
                },
                "CacheControl": {"required": True, "schema": {"type": "string", "const": "no-store"}},
                "ETag": {
                    "description": "The version, in quotation marks: for `If-Match`.",
                    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
                },
                "Link": {
                    "description": 'With CSV: where the next rows are, `rel="next"` (RFC 8288).',
                    "schema": {"type": "string"},
                },
            },
            "responses": {code: _refusal(status, [code]) for code, (status, _) in CATALOGUE.items()},
            "examples": _problem_examples(),
            "securitySchemes": SECURITY,
        },
    }


def _item(endpoint: Endpoint) -> dict[str, Any]:
    parameters = []
    for name in endpoint.variables:
        if name not in PATH:
            raise Missing(f"{endpoint.name}: say what {{{name}}} is in PATH of docs/build/openapi.py.")
        parameters.append({"name": name, "in": "path", "required": True, **PATH[name]})
    return {"parameters": parameters} if parameters else {}


def _operation(endpoint: Endpoint, route: Route, function: Function) -> dict[str, Any]:
    who, security = WHO[route.who]
    made: dict[str, Any] = {
        "operationId": function.operation,
        "tags": [route.tag],
        "summary": route.summary or function.summary,
        "description": "\n\n".join(part for part in (function.description, who) if part),
        "security": security,
        "parameters": [
            *({"$ref": f"#/components/parameters/{name}"} for name in ("AcceptLanguage", *route.headers)),
            *(_query(name, said) for name, said in route.query.items()),
        ],
    }
    if body := _request_body(endpoint, route, function):
        made["requestBody"] = body
    made["responses"] = _responses(endpoint, route)
    return made


def _query(name: str, said: str | Mapping[str, Any]) -> dict[str, Any]:
    more = {"description": said} if isinstance(said, str) else said
    return {"name": name, "in": "query", "schema": {"type": "string"}, **more}


def _request_body(endpoint: Endpoint, route: Route, function: Function) -> dict[str, Any] | None:
    if function.body is None:
        return NO_BODY if endpoint.method != "GET" and route.who != "public" else None
    if route.example is None:
        raise Missing(f"{endpoint.name}: give its entry in docs/build/routes.py an example of the body.")
    try:
        function.body.model_validate_json(json.dumps(route.example))
    except ValidationError as error:
        raise Missing(f"{endpoint.name}: the example of its body is none: {error}") from None
    return {
        "required": any(one.is_required() for one in function.body.model_fields.values()),
        "content": {
            JSON: {
                "schema": {"$ref": REFERENCE + function.body.__name__},
                "examples": {"typical": {"value": route.example}},
            }
        },
    }


def _responses(endpoint: Endpoint, route: Route) -> dict[str, Any]:
    found: dict[int, dict[str, Any]] = {}
    for status, model in route.answers.items():
        answer = found.setdefault(status, {"description": _meaning(status, model)})
        answer["headers"] = {"Cache-Control": {"$ref": "#/components/headers/CacheControl"}}
        models = route.models(status)
        if a.PolicyShown in models:
            answer["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
        if model == "page":
            answer["content"] = {HTML: {"schema": {"type": "string"}}}
        elif models:
            answer["content"] = {JSON: _content(models)}
        if route.csv and status == 200:  # noqa: PLR2004 - the only one that is exported
            answer["headers"]["Link"] = {"$ref": "#/components/headers/Link"}
            answer["content"][CSV] = {"schema": {"type": "string"}, "example": CSV_EXAMPLE}
    by_status: dict[int, list[str]] = {}
    for code in route.codes(endpoint.method):
        by_status.setdefault(CATALOGUE[code][0], []).append(code)
    for status, codes in by_status.items():
        refusal = _refusal(status, codes)
        if status in found:  # a page, and from the gateway a problem document
            found[status]["content"] |= refusal["content"]
            found[status]["headers"] |= refusal["headers"]
        else:
            found[status] = refusal if len(codes) > 1 else {"$ref": f"#/components/responses/{codes[0]}"}
    return {str(status): found[status] for status in sorted(found)}


def _content(models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    """The schema of an answer with an example, or one of several schemas with an example of each."""
    if len(models) == 1:
        return {"schema": {"$ref": REFERENCE + models[0].__name__}, "example": example_of(models[0])}
    return {
        "schema": {"anyOf": [{"$ref": REFERENCE + model.__name__} for model in models]},
        "examples": {model.__name__: {"value": example_of(model)} for model in models},
    }


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
    """A response that is one of these problems."""
    headers = {"Cache-Control": {"$ref": "#/components/headers/CacheControl"}}
    if status in {429, 503}:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    schema = [
        {"$ref": REFERENCE + "ProblemDocument"},
        {"properties": {"code": {"enum": codes}, "status": {"const": status}}},
    ]
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": headers,
        "content": {PROBLEM: {"schema": {"allOf": schema}, "examples": examples}},
    }


def _meaning(status: int, model: object) -> str:
    if model is None:
        return "Done."
    if model == "page":
        return {404: "A page that says that there is no such thing.", 410: "A page: the link is over."}.get(
            status, "A page for people."
        )
    models = model if isinstance(model, tuple) else (model,)
    return " Or: ".join((one.__doc__ or "").strip().partition("\n")[0] for one in models)


def _causes() -> dict[str, str]:
    """What each code means to who writes an app, as the page of the problem has it."""
    causes: dict[str, str] = json.loads(
        (LAYER / "restore" / "pages" / "causes" / "en.json").read_text(encoding="utf-8")
    )
    return causes


def _problem_examples() -> dict[str, Any]:
    more: dict[str, dict[str, Any]] = {
        "wrong_code": {"attempts_left": 4},
        "not_allowed": {"policy": "restore_enabled"},
        "invalid": {"errors": [{"field": "device.public_key", "message": "is no key"}]},
        "code_mistyped": {"errors": [{"field": "restore_code", "message": "has a symbol wrong"}]},
        "signature_invalid": {"signature_base": '"@method": GET\n…'},
    }
    return {
        code: {
            "summary": title,
            "value": {
                "type": f"https://id.example.com/live/problems/{code}",
                "title": title,
                "status": status,
                "detail": detail(code, "en"),
                "code": code,
                **more.get(code, {}),
            },
        }
        for code, (status, title) in CATALOGUE.items()
    }


def _schemas(bodies: Iterable[type[BaseModel]], answers: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """Every model's schema. Answers stay open: clients ignore what they do not know."""
    taken, given = _definitions(bodies), _definitions([*answers, a.Events])
    if twice := set(taken) & set(given):
        raise Missing(f"A body and an answer have the same name: {sorted(twice)}. Rename one of the models.")
    causes = _causes()
    named = {
        "ProblemCode": {
            "type": "string",
            "title": "Problem codes",
            "description": _table("code | status | cause", ((f"`{c}`", CATALOGUE[c][0], causes[c]) for c in CATALOGUE)),
            "enum": list(CATALOGUE),
        },
        "EventType": {
            "type": "string",
            "title": "Types of events",
            "description": _table("type | tells", ((f"`{kind}`", said) for kind, said in EVENT_TYPES.items())),
            "examples": list(EVENT_TYPES),
            "x-event-types": EVENT_TYPES,
        },
    }
    return dict(sorted({**_tidy(taken), **_opened(_tidy(given)), **named}.items()))


def _definitions(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    wanted = list(dict.fromkeys(models))
    _, made = models_json_schema([(model, "validation") for model in wanted], ref_template=REFERENCE + "{model}")
    definitions: dict[str, Any] = made.get("$defs", {})
    return definitions


def _table(head: str, rows: Iterable[Iterable[object]]) -> str:
    lines = [f"| {head} |", "|" + " --- |" * (head.count("|") + 1)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def _tidy(node: Any) -> Any:
    """Without the titles that pydantic makes of names, and without a default of null for what may be left out."""
    if isinstance(node, dict):
        dropped = {"title"} if isinstance(node.get("title"), str) else set()
        if node.get("default", ...) is None:
            dropped |= {"default"}
        if "x-ref" in node:
            return {"$ref": REFERENCE + node["x-ref"]}
        return {name: _tidy(one) for name, one in node.items() if name not in dropped}
    return [_tidy(one) for one in node] if isinstance(node, list) else node


def _opened(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _opened(one) for name, one in node.items() if (name, one) != ("additionalProperties", False)}
    return [_opened(one) for one in node] if isinstance(node, list) else node


def example_of(model: type[BaseModel]) -> Any:
    """An example of an answer, put together from those of its fields; it is one, or pydantic says why not."""
    if issubclass(model, RootModel):
        return []
    schema = TypeAdapter(model).json_schema(ref_template="{model}")
    made = _example(schema, schema.get("$defs", {}), model.__name__)
    model.model_validate_json(json.dumps(made))
    return made


def _example(schema: Mapping[str, Any], definitions: Mapping[str, Any], where: str) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if schema.get("$ref") in definitions:
        return _example(definitions[schema["$ref"]], definitions, schema["$ref"])
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], definitions, where)
    if schema.get("type") == "array":
        return [_example(schema["items"], definitions, where)]
    if "properties" in schema:
        required = schema.get("required", [])
        return {name: _example(schema["properties"][name], definitions, f"{where}.{name}") for name in required}
    raise Missing(f"docs/build/answers.py: {where} has no example.")
