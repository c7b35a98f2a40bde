"""Fixtures of the tests that run the real handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.world import World, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A deployment with the template's defaults, and nobody in it."""
    yield from make_world(monkeypatch)
