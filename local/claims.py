"""What the demo claims, checked: the first that does not hold ends the story."""

from collections.abc import Mapping

from local.phone import Unexpected


def says(document: object, **expected: object) -> None:
    """Stop the story unless an answer's members are what was expected."""
    if not isinstance(document, Mapping):
        raise Unexpected(f"expected an object with {', '.join(expected)}, came {document!r}")
    for name, value in expected.items():
        same(f"the member {name}", document.get(name), value)


def same(what: str, came: object, expected: object) -> None:
    """Stop the story unless what came is what was expected."""
    if came != expected:
        raise Unexpected(f"{what}: expected {expected!r}, came {came!r}")


def true(what: str, *, came: object, holds: bool) -> None:
    """Stop the story unless it holds; `came` is shown."""
    if not holds:
        raise Unexpected(f"expected {what}, came {came!r}")
