"""Whether a real answer is one that the API's document describes."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Union

from pydantic import TypeAdapter, ValidationError

from docs.build.answers import PolicyShown, ProblemDocument
from docs.build.events import EVENT_TYPES
from docs.build.openapi import CSV_EXAMPLE
from docs.build.routes import route_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.phone import Answer


def must_fit(method: str, path: str, answer: Answer) -> None:
    """Fail where an answer of the route `method path`, as the template has it, is not documented."""
    route, where = route_of(method, path), f"{method} {path} answered {answer.status}"
    kind = (answer.header("Content-Type") or "").partition(";")[0]
    assert answer.header("Cache-Control") == "no-store", where
    if kind == "application/problem+json":
        problem = _read(ProblemDocument, answer, where)
        hint = f"name it in `problems` of its entry in docs/build/routes.py: {where} {problem.code}"
        assert problem.code in route.codes(method), hint
        assert problem.status == answer.status, where
        assert (answer.header("Retry-After") is not None) == (answer.status in {429, 503}), where
        return
    assert answer.status in route.answers, f"name it in `answers` of its entry in docs/build/routes.py: {where}"
    model = route.answers[answer.status]
    if model is None:
        assert answer.body == b"", where
    elif model == "page":
        assert kind == "text/html", where
    elif kind == "text/csv":
        _must_be_csv(answer, where, documented=route.csv)
    else:
        assert kind == "application/json", where
        models = route.models(answer.status)
        read = _read(models[0] if len(models) == 1 else Union[models], answer, where)  # noqa: UP007 - made of a tuple
        version = getattr(read, "version", None) if isinstance(read, PolicyShown) else None
        assert answer.header("ETag") == (None if version is None else f'"{version}"'), where


def _must_be_csv(answer: Answer, where: str, *, documented: bool) -> None:
    """Columns as the document's example has them, and each row whole."""
    assert documented, f"say `csv` in its entry in docs/build/routes.py: {where}"
    assert answer.status == 200, where
    head, *rows = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert head == next(csv.reader(CSV_EXAMPLE.splitlines())), where
    assert {len(row) for row in rows} <= {len(head)}, where


def must_be_known(rows: Iterable[dict[str, Any]]) -> None:
    """Fail where a row of a log has a type that the document does not list."""
    unknown = {row["type"] for row in rows} - set(EVENT_TYPES)
    assert not unknown, f"add to docs/build/events.py what they tell: {sorted(unknown)}"


def _read(model: Any, answer: Answer, where: str) -> Any:
    try:
        return TypeAdapter(model).validate_json(answer.body)
    except ValidationError as error:
        raise AssertionError(f"{where}, which docs/build/answers.py describes otherwise: {error}") from None
