"""The end of a start-up: what was made so far stays, and the collector works again (`restore/__init__.py`)."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def wired(handler: Callable[[dict[str, Any], Any], dict[str, Any]]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Decorate the handler of a function, the last thing that its module makes."""
    gc.freeze()
    gc.enable()
    return handler
