"""The template's routes and the functions behind them: docstrings, body models, and what their code says literally."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args, get_type_hints

import yaml

from docs.build.routes import Missing
from restore.addresses import SLOTS
from restore.feedback import Feedback

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
    """Every route of the template that is the API's, in the template's order."""
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader=_Template)  # noqa: S506 - a SafeLoader
    return tuple(
        Endpoint(route["Method"].upper(), route["Path"], ROOT / resource["Properties"]["CodeUri"])
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
        for route in [event["Properties"]]
        if is_documented(route["Path"])
    )


def is_documented(path: str) -> bool:
    """Whether a route is the API's; the dashboard's files are a web app's, which only a browser reads."""
    return path.split("/")[1] != "dashboard"


class Function(NamedTuple):
    """What a function's code says: `summary`, `description`, the name of its operation, and its body's model."""

    operation: str
    summary: str
    description: str
    body: Any


def function_of(endpoint: Endpoint) -> Function:
    """Read the function behind a route."""
    module, act = _module(endpoint.folder), _act_of(endpoint)
    handler = act or _defined(endpoint.folder).get("lambda_handler")
    said = ast.get_docstring(handler) if handler else None
    if not said:
        raise Missing(f"{endpoint.name}: its handler in {_short(endpoint.folder)} has no docstring to be the summary.")
    summary, _, rest = said.partition("\n")
    if act:
        rest = "\n\n".join(part for part in (rest, _item_about(endpoint, module.__doc__ or "")) if part)
    else:
        rest = re.sub(r"\A`[^`]+`(?: and `[^`]+`)*:\s*", "", module.__doc__ or "")
    name = _operation(endpoint, act)
    return Function(name, summary.strip().rstrip("."), _paragraphs(rest), _body(handler, module))


def _operation(endpoint: Endpoint, act: ast.FunctionDef | None) -> str:
    """What generated clients call their method: `admin_` before an administrator's."""
    *above, own = endpoint.folder.relative_to(ROOT / "functions").parts
    if above and act:
        return "_".join([*above, act.name])
    name = "_".join([*above, own, *([act.name] if act else [])])
    alone = act or sum(one.folder == endpoint.folder for one in endpoints()) == 1
    return name if alone else f"{endpoint.method.lower()}_{name}"


def _act_of(endpoint: Endpoint) -> ast.FunctionDef | None:
    """The act of a route where one function has several: its module's table names it, by path or by method and path."""
    acts = _defined(endpoint.folder)
    for table in (node for node in ast.walk(_tree(endpoint.folder / "app.py")) if isinstance(node, ast.Dict)):
        for key, value in zip(table.keys, table.values, strict=True):
            named = isinstance(key, ast.Constant) and key.value in {endpoint.path, endpoint.name}
            if named and isinstance(value, ast.Name):
                return acts[value.id]
    return None


def _item_about(endpoint: Endpoint, text: str) -> str:
    """What a module with several acts says of this one: an item of a list that begins with method and path."""
    items = re.findall(r"^- `([^`]+)`: (.+?)(?=^- |\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    return next((said for name, said in items if name.replace("{i}", "{identity}") == endpoint.name), "")


def _paragraphs(text: str) -> str:
    """Markdown, one line a paragraph, the first letter large."""
    found = [" ".join(part.split()) for part in text.strip().split("\n\n") if part.strip()]
    return "\n\n".join(part[0].upper() + part[1:] for part in found)


@cache
def _defined(folder: Path) -> dict[str, ast.FunctionDef]:
    """The functions of a module as they are written: decorators hide docstrings."""
    return {node.name: node for node in _tree(folder / "app.py").body if isinstance(node, ast.FunctionDef)}


def _body(handler: ast.FunctionDef | None, module: Any) -> Any:
    """The model that `@endpoint(body=…)`, `@desk.acting(body=…)` or `@orders.ordering(body=…)` names."""
    for decorator in handler.decorator_list if handler else []:
        for keyword in getattr(decorator, "keywords", []):
            if keyword.arg == "body" and isinstance(keyword.value, ast.Name):
                return getattr(module, keyword.value.id)
    return None


@cache
def _module(folder: Path) -> Any:
    """The function's module, started as Lambda does it; it makes no client before its first call."""
    os.environ.setdefault("TABLE_NAME", "table")
    name = "_".join(["app_of", *folder.relative_to(ROOT / "functions").parts])
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


def raised_codes(endpoint: Endpoint) -> set[str]:
    """The problem codes that the route's code names itself: `Problem("…")`, and `invalid(…)`."""
    found = set()
    for part in _parts(endpoint):
        for call in (node for node in ast.walk(part) if isinstance(node, ast.Call)):
            if _name(call) == "Problem" and call.args and isinstance(call.args[0], ast.Constant):
                found.add(str(call.args[0].value))
            elif _name(call) == "invalid":
                found.add("invalid")
    return found


def _parts(endpoint: Endpoint) -> list[ast.AST]:
    """All of a function's module; of one with several acts the route's act, and what that uses of the module."""
    act, defined = _act_of(endpoint), _defined(endpoint.folder)
    if act is None:
        return [_tree(endpoint.folder / "app.py")]
    used = {act.name}
    while True:
        names = {node.id for name in used for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
        if names & defined.keys() <= used:
            return [defined[name] for name in used]
        used |= names & defined.keys()


_TOLD_AT: Final[dict[str, int | None]] = {"adminlog.tell": 1, "take_back": 3, "confirming.tell": None}
"""Which argument is the type; of `act.tell` the first. `confirming.tell` mails."""
_FORWARDS: Final = frozenset({"settling", "adminlog", "orders"})
"""Modules that tell what they were given: their callers name the type, or `Order` does."""
_KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "slot.noun": tuple(SLOTS),
    "told.what": get_args(get_type_hints(Feedback)["what"]),
}
"""What may stand in a type that is put together."""


def told_types() -> Iterator[tuple[str, str]]:
    """Where an event is told, and its type; where that cannot be read from the code, the code itself instead of it."""
    tool = ROOT / "local" / "verify_log.py"  # the one row that an operator writes
    for file in sorted([*LAYER.glob("restore/*.py"), *ROOT.glob("functions/**/app.py"), tool]):
        for call in _calls(file):
            where = f"{_short(file)}:{call.lineno}"
            if _name(call) == "Order" and call.args:
                yield from ((where, kind) for kind in _ordered(call))
            elif _name(call) in {"tell", "take_back"}:
                place = _TOLD_AT.get(_qualified(call, file), 0)
                if place is not None and not (file.stem in _FORWARDS and not _is_literal(call.args[place])):
                    yield from ((where, kind) for kind in _texts(call.args[place]))


def _qualified(call: ast.Call, file: Path) -> str:
    """`module.function` of a `tell`; bare names are the file's own."""
    if isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func)
    return _name(call) if _name(call) == "take_back" else f"{file.stem}.{_name(call)}"


def _ordered(call: ast.Call) -> Iterator[str]:
    """What an `Order` has told in the administrators' log: `row`, else `<name>.ordered`; nothing if nothing is done."""
    changes = [one for one in ast.walk(call) if isinstance(one, ast.Call) and _name(one) == "Change"]
    if any(ast.unparse(word) == "written=False" for change in changes for word in change.keywords):
        return
    rows = [word.value for word in call.keywords if word.arg == "row"]
    yield from _texts(rows[0]) if rows else (f"{name}.ordered" for name in _texts(call.args[0]))


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.IfExp)


def _texts(node: ast.expr) -> list[str]:
    """Every text that an expression may be; what cannot be told is the expression's own code."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(parts) for parts in product(*(_texts(part) for part in node.values))]
    code = ast.unparse(node.value if isinstance(node, ast.FormattedValue) else node)
    return [*_KNOWN.get(code, (f"<{code}>",))]


def _calls(file: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(_tree(file)) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
