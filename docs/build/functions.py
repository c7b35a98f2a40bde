"""The template's routes and the functions behind them: docstrings, body models, and what their code says literally."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from docs.build.routes import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
LAYER: Final = ROOT / "layers" / "core"


class _Template(yaml.SafeLoader):
    """CloudFormation's template: its short intrinsic functions are read as what stands behind them."""


def _argument(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None


_Template.add_multi_constructor("!", _argument)


class Endpoint(NamedTuple):
    """A route of the template. `folder` is the function's."""

    method: str
    path: str
    folder: Path

    @property
    def name(self) -> str:
        """As it is named in `routes.ROUTES`."""
        return f"{self.method} {self.path}"

    @property
    def variables(self) -> list[str]:
        """The names of the path's variables."""
        return re.findall(r"\{([a-z]+)\}", self.path)


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every route of the template that is not an administrator's, in the template's order."""
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader=_Template)  # noqa: S506 - a SafeLoader
    return tuple(
        Endpoint(route["Method"].upper(), route["Path"], ROOT / resource["Properties"]["CodeUri"])
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
        for route in [event["Properties"]]
        if not route["Path"].startswith("/v1/admin/")
    )


class Function(NamedTuple):
    """What a function's code says: `summary`, `description`, the name of its operation, and its body's model."""

    operation: str
    summary: str
    description: str
    body: Any


def function_of(endpoint: Endpoint) -> Function:
    """Read the function behind a route."""
    module = _module(endpoint.folder)
    act = getattr(module, "ROUTES", {}).get(endpoint.path)
    handler = _handler(endpoint.folder)
    said = act.__doc__ if act else ast.get_docstring(handler) if handler else None
    if not said:
        raise Missing(f"{endpoint.name}: its handler in {_short(endpoint.folder)} has no docstring to be the summary.")
    summary, _, rest = said.partition("\n")
    if not act:
        rest = re.sub(r"\A`[^`]+`(?: and `[^`]+`)*:\s*", "", module.__doc__ or "")
    name = f"{endpoint.folder.name}_{act.__name__}" if act else endpoint.folder.name
    if not act and sum(one.folder == endpoint.folder for one in endpoints()) > 1:
        name = f"{endpoint.method.lower()}_{name}"
    return Function(name, summary.strip().rstrip("."), _paragraphs(rest), _body(handler, module))


def _paragraphs(text: str) -> str:
    """Markdown, one line a paragraph, the first letter large."""
    found = [" ".join(part.split()) for part in text.strip().split("\n\n") if part.strip()]
    return "\n\n".join(part[0].upper() + part[1:] for part in found)


def _handler(folder: Path) -> ast.FunctionDef | None:
    """The handler as it is written: decorators hide its docstring."""
    found = (node for node in _tree(folder / "app.py").body if isinstance(node, ast.FunctionDef))
    return next((node for node in found if node.name == "lambda_handler"), None)


def _body(handler: ast.FunctionDef | None, module: Any) -> Any:
    """The model that `@endpoint(body=…)` names."""
    for decorator in handler.decorator_list if handler else []:
        for keyword in getattr(decorator, "keywords", []):
            if keyword.arg == "body" and isinstance(keyword.value, ast.Name):
                return getattr(module, keyword.value.id)
    return None


@cache
def _module(folder: Path) -> Any:
    """The function's module, started as Lambda does it; it makes no client before its first call."""
    os.environ.setdefault("TABLE_NAME", "table")
    name = f"app_of_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, folder / "app.py")
    if spec is None or spec.loader is None:
        raise Missing(f"{_short(folder)} has no app.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # pydantic looks its annotations up there
    spec.loader.exec_module(module)
    return module


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def raised_codes(folder: Path) -> set[str]:
    """The problem codes that a function names itself: `Problem("…")`, and `invalid(…)`."""
    found = set()
    for call in _calls(folder / "app.py"):
        if _name(call) == "Problem" and call.args and isinstance(call.args[0], ast.Constant):
            found.add(str(call.args[0].value))
        elif _name(call) == "invalid":
            found.add("invalid")
    return found


def told_types() -> Iterator[tuple[str, str]]:
    """Where an event is told, and its type as a regular expression (parts that only a run knows are `.+`)."""
    for file in sorted([*LAYER.glob("restore/*.py"), *ROOT.glob("functions/**/app.py")]):
        for call in _calls(file):
            if _name(call) in {"tell", "take_back"}:
                for argument in call.args:
                    for pattern in _patterns(argument):
                        if re.fullmatch(r"(?:[a-z_]+|\.\+)\\\.(?:[a-z_]+|\.\+)+", pattern):
                            yield f"{_short(file)}:{call.lineno}", pattern


def _patterns(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value)
    elif isinstance(node, ast.IfExp):
        yield from _patterns(node.body)
        yield from _patterns(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values]
        yield "".join(parts)


def _calls(file: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(_tree(file)) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
