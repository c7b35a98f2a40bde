"""ASVS 11.2.4: secrets and keyed hashes are compared in constant time, wherever in the sources that is."""

from __future__ import annotations

import ast
import hmac
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from restore import codes
from restore.codes import Pepper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "layers/core/restore").rglob("*.py"), *(ROOT / "functions").rglob("*.py")])
HASHING = {"_hash", "_one", "derive", "hash", "hashes", "hexdigest", "selector", "selectors"}
"""What makes a keyed hash of what a caller sent (`Pepper`, and what calls it)."""
SECRET = {"code_hash", "email_code", "restore_code", "secret", "seed", "stored", "symbols", "token"}
"""What secrets and their hashes are called."""
STORED = {"disputes", "h", "links", "sealed", "t"}
"""The members of items that hold hashes and seals."""
EQUALITY = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)

HARMLESS = {
    "check_symbols(symbols[:RANDOM_SYMBOLS]) != symbols[RANDOM_SYMBOLS:]": "a checksum of what was sent itself",
    "symbol not in ALPHABET": "whether it could be a code at all",
    "key in codes": "found by its selector's hash, the key of a map",
    "short not in out": "names of devices; holds are in a member `h`, too",
    "change['of'] == token[1]": "what a link is about, not its secret",
    "pending['h'] != began['h']": "hashes of ours, when an act is taken back: nothing that was sent",
    "entry['h'] not in {begun.entry['h'], None}": "the same",
    "link != begun.link.hash": "the same",
}
"""Comparisons that are no secret's, as they stand in the source."""


def named(node: ast.AST) -> str | None:
    """What an expression is called, if it is a name, a member or an item of a dict."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return f"[{name}]"
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return f"[{name}]"
        case ast.Subscript(value=value):
            return named(value)
    return None


def secret(node: ast.AST, aliases: set[str]) -> bool:
    """Whether an operand is a secret or a hash of one; `aliases` are names that were given to such."""
    if name := named(node):
        return name.strip("[]") in STORED if name.startswith("[") else name in SECRET | aliases
    if isinstance(node, ast.Call):
        called = named(node.func)
        return called in HASHING or (called != "len" and any(secret(one, aliases) for one in node.args))
    return any(secret(one, aliases) for one in ast.iter_child_nodes(node))


def compared(tree: ast.AST) -> Iterator[ast.Compare]:
    """Comparisons for equality of what may be secret."""
    given = [(target, node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
    given += [(node.target, node.iter) for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension)]
    aliases = {
        target.id
        for target, value in given
        if isinstance(target, ast.Name) and not isinstance(value, ast.Dict) and secret(value, set())
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(one, EQUALITY) for one in node.ops):
            continue
        operands = (node.left, *node.comparators)
        if any(isinstance(one, ast.Constant) for one in operands):
            continue  # what stands in the source is no secret
        if any(secret(one, aliases) for one in operands):
            yield node


def found_in(source: str) -> list[str]:
    """The comparisons of a source that are not harmless, as they stand there."""
    return [text for node in compared(ast.parse(source)) if (text := ast.unparse(node)) not in HARMLESS]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_secret_is_compared_by_equality(path: Path) -> None:
    """ASVS 11.2.4: neither what was sent nor a hash of it meets `==`, `!=` or `in`."""
    assert found_in(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        'return self._one(version, purpose, identity, secret) == (stored or "")',
        'return pepper.hash(f"pairing {number}", identity, secret) == entry["h"]',
        'wrong = entry["h"] != given',
        "ok = stored in pepper.hashes(PURPOSE, identity, code.symbols)",
        "made = pepper.hash(PURPOSE, identity, text)\nok = made == known",
        'ok = any(one == link for one in entry["links"])\nok = link in entry.get("links", [])',
        "ok = said.secret == other",
    ],
)
def test_what_would_be_wrong_is_found(line: str) -> None:
    """Else the test above would prove nothing."""
    assert found_in(line)


def test_what_is_harmless_is_there() -> None:
    """An exception is for something that stands in the sources."""
    sources = [ast.unparse(node) for path in SOURCES for node in compared(ast.parse(path.read_text("utf-8")))]
    assert set(HARMLESS) == set(sources)


def test_every_hash_is_compared_by_compare_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """ASVS 11.2.4: right, wrong, unknown version and no hash at all cost one comparison of two whole values."""
    pepper = Pepper.parse(json.dumps({"current": "1", "1": "a" * 64}))
    stored, asked = pepper.hash("purpose", "ada", "12345678"), []

    def watched(one: str, other: str) -> bool:
        asked.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(codes, "hmac", Watched(watched))
    told = [pepper.fits(known, "purpose", "ada", "12345678") for known in (stored, stored[:-1] + "-", "7.x", None)]
    assert told == [True, False, False, False]
    assert [one for one, _ in asked] == [stored] * 4
    assert [other for _, other in asked] == [stored, stored[:-1] + "-", "", ""]


class Watched:
    """The module `hmac`, its comparisons seen."""

    digest = staticmethod(hmac.digest)

    def __init__(self, compare_digest: Callable[[str, str], bool]) -> None:
        self.compare_digest = compare_digest
