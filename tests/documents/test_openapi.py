"""The API's document: complete, valid, and as the code is now."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from docs.build import events, functions, openapi
from docs.build.functions import Endpoint, endpoints, raised_codes, told_types
from docs.build.routes import Missing, Route, route_of

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final[dict[str, Any]] = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS: Final = [
    (f"{method.upper()} {path}", operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]


def test_generated_documents_are_as_the_code_is() -> None:
    """`make docs` was run after the last change of routes, models, docstrings or codes."""
    command = [sys.executable, "-m", "docs.build", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda one: one.name)
def test_every_route_of_the_template_is_documented(endpoint: Endpoint) -> None:
    """What is missing is named, and where to say it; each code that the function itself raises is a documented one."""
    route = route_of(endpoint.method, endpoint.path)
    if endpoint.folder.name not in {"pages", "dispute"}:  # the first has other routes, the other answers pages
        silent = raised_codes(endpoint) - set(route.codes(endpoint.method))
        assert not silent, f"name in `problems` of {endpoint.name} in docs/build/routes.py: {sorted(silent)}"


def test_what_is_missing_is_named() -> None:
    """Whoever adds a route is told where to describe it, and what an entry lacks."""
    with pytest.raises(Missing, match=r"GET /v1/new is not documented: add an entry .* docs/build/routes\.py"):
        route_of("GET", "/v1/new")
    creation = next(one for one in endpoints() if one.name == "POST /v1/identities")
    with pytest.raises(Missing, match="an example of the body"):
        openapi._request_body(creation, Route(who="new", answers={}), functions.function_of(creation))
    with pytest.raises(Missing, match="no_such_code"):
        Route(who="new", answers={}, problems="no_such_code").codes("POST")


def test_every_event_that_is_told_is_listed() -> None:
    """The list is the code's: nothing told is left out, and nothing is listed that nobody tells."""
    told = list(told_types())
    unlisted = [f"{where} tells {kind}" for where, kind in told if kind not in events.EVENT_TYPES]
    assert not unlisted, "add to docs/build/events.py what they tell"
    untold = set(events.EVENT_TYPES) - {kind for _, kind in told}
    assert not untold, "nobody tells these any more: take them out of docs/build/events.py"


def test_every_event_is_a_noun_and_a_past_participle() -> None:
    """The contract's form of a type."""
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", kind) for kind in events.EVENT_TYPES)


def test_every_reference_leads_somewhere() -> None:
    """No schema, response, example, header or parameter is named that is not there."""
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT)):
        found: Any = DOCUMENT
        for part in reference.split("/"):
            found = found[part]


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_schema_is_one(name: str) -> None:
    """JSON Schema 2020-12, which OpenAPI 3.1 takes."""
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_every_operation_is_whole(name: str, operation: dict[str, Any]) -> None:
    """A summary, who may call it, an example of each body, and every example fits its schema."""
    assert operation["summary"]
    assert operation["operationId"]
    signed = bool(operation["security"])
    assert signed == name.partition(" ")[2].startswith("/v1/")
    contents = list(operation.get("requestBody", {}).get("content", {}).values())
    for response in operation["responses"].values():
        assert response.get("description") or response["$ref"]
        contents += response.get("content", {}).values()
    for content in contents:
        examples = [content["example"]] if "example" in content else []
        for example in content.get("examples", {}).values():
            told = (
                DOCUMENT["components"]["examples"][example["$ref"].rpartition("/")[2]] if "$ref" in example else example
            )
            examples.append(told["value"])
        assert examples or content["schema"] == {"type": "string"}
        for example in examples:
            jsonschema.validate(example, {**content["schema"], "components": DOCUMENT["components"]})


def test_operations_have_names_of_their_own() -> None:
    """Generated clients call their methods so."""
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert sorted(names) == sorted(set(names))
