"""Every answer that a functional test gets is held to the API's document, whatever the test is about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from docs.build.functions import is_documented
from restore.store import unpack
from tests.documents.answers import must_be_known, must_fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.world import World

# read when `restore.http` is first imported, and some tests import it before any world sets a function's environment
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "restore")


@pytest.fixture(autouse=True)
def _as_documented(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check what a test's world has answered and logged, once the test is done."""
    world: World | None = request.getfixturevalue("world") if "world" in request.fixturenames else None
    yield
    if world is None:
        return
    for answer in world.answers:
        route, _ = world.route(answer.request)
        if is_documented(route.path):
            must_fit(route.method, route.path, answer)
    for (_, sort), item in world.items().items():
        if sort.startswith("E#"):  # some tests write items of a form of their own
            must_be_known(unpack(item).get("rows", []))
