"""The house's arrows, read from the imports: functions use the layer, the layer uses no function, and who does I/O."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functional.world import environment
from tests.template import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers/core"
FUNCTIONS = sorted((ROOT / "functions").rglob("*.py"))
MODULES = sorted((LAYER / "restore").rglob("*.py"))
THIRD_PARTY = {"aws_lambda_powertools", "botocore", "cryptography", "pydantic", "qrcode"}
"""What the dependencies layer may be asked for; boto3 is not among it."""
PURE = {
    "restorations",
    "addresses",
    "codes",
    "keys",
    "errors",
    "feedback",
    "conditions",
    "disputes",
    "state",
    "throttle",
    "limits",
    "policy",
    "signatures",
    "publickeys",
    "times",
    "languages",
    "audit",
    "pairings",
}
"""What does no I/O: it takes items and the clock, and gives items."""
IO = {
    "botocore",
    "boto3",
    "os",
    "socket",
    "subprocess",
    "urllib",
    "http",
    "ssl",
    "time",
    "logging",
    "requests",
    "aws_lambda_powertools",
}
IO_MODULES = {
    "restore.aws",
    "restore.settings",
    "restore.store",
    "restore.vault",
    "restore.outbox",
    "restore.policies",
    "restore.settling",
    "restore.http",
}
WITHOUT_PYDANTIC = ("http", "store", "signatures", "codes", "settling", "conditions", "audit", "outbox", "vault")


def imports(path: Path, *, at_run_time: bool = True) -> Iterator[str]:
    """The modules that a file imports, those for the type checker alone left out."""
    yield from _of(ast.parse(path.read_text(encoding="utf-8")), at_run_time=at_run_time)


def _of(tree: ast.AST, *, at_run_time: bool) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if at_run_time and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports say in full what they mean"
            module = node.module or ""
            yield from (f"restore.{alias.name}" for alias in node.names) if module == "restore" else (module,)
        else:
            yield from _of(node, at_run_time=at_run_time)


def top(module: str) -> str:
    """The package that a module is of."""
    return module.partition(".")[0]


@pytest.mark.parametrize("path", FUNCTIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_uses_the_layer_and_no_other_function(path: Path) -> None:
    """One act has one function; used by two, it becomes a noun."""
    allowed = {"restore", "__future__"} | THIRD_PARTY | sys.stdlib_module_names
    siblings = {sibling.stem for sibling in path.parent.glob("*.py")}
    for module in imports(path, at_run_time=False):
        assert top(module) in allowed | siblings, module
        assert top(module) not in {"functions", "boto3", "local", "tests"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_layer_uses_no_function(path: Path) -> None:
    """Nor boto3, nor what only this machine has; settings and clients are handed to it."""
    for module in imports(path):
        assert top(module) in {"restore", "__future__"} | THIRD_PARTY | sys.stdlib_module_names, module
        if path.stem not in {"aws", "settings"}:
            assert module not in {"restore.aws", "restore.settings"}, "these are wired by an app.py"


@pytest.mark.parametrize("name", sorted(PURE))
def test_what_is_pure_does_no_io(name: str) -> None:
    """Its decisions can be tried without a table, and repeated when a write was refused."""
    for module in imports(LAYER / "restore" / f"{name}.py"):
        assert top(module) not in IO, module
        assert module not in IO_MODULES, module


def test_nothing_has_a_name_that_says_nothing() -> None:
    """Nothing is called common, shared, utils, helpers, base or manager."""
    names = {part for path in [*FUNCTIONS, *MODULES] for part in (*path.parent.parts, path.stem)}
    assert not names & {"common", "shared", "utils", "util", "helpers", "helper", "base", "manager", "misc"}


def after_import(code: str, function: str | None = None) -> str:
    """What a fresh interpreter prints, in the environment of a function."""
    own = environment(function, {}) if function else {}
    keep = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "SYSTEMROOT"}}
    where = ROOT / translated.functions()[function]["Properties"]["CodeUri"] if function else ROOT
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**keep, **own, "PYTHONPATH": f"{where}:{LAYER}", "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_modules_that_every_act_needs_do_without_pydantic() -> None:
    """A ValidationError is a ValueError: `restore.http` need not know the library."""
    names = "".join(f"import restore.{name}; " for name in WITHOUT_PYDANTIC)
    found = after_import(names + "import sys; print(sorted({'pydantic', 'boto3'} & set(sys.modules)))")
    assert found.strip() == "[]"


LOADED = """
import app, gc, sys
print(gc.isenabled(), gc.get_freeze_count() > 0, *(name in sys.modules for name in ('boto3', 'pydantic', 'qrcode')))
"""


@pytest.mark.parametrize("function", translated.functions())
def test_a_start_loads_what_its_act_needs(function: str) -> None:
    """The collector works again, boto3 is never loaded, pydantic only by what has a body, QR drawing by nobody yet."""
    source = ROOT / translated.functions()[function]["Properties"]["CodeUri"] / "app.py"
    collects, frozen, boto3, pydantic, qrcode = after_import(LOADED, function).split()
    assert boto3 == qrcode == "False"
    assert collects == frozen == "True"
    assert (pydantic == "True") == bool({"pydantic", "restore.bodies"} & set(imports(source)))
