"""One stack for the whole session: built, deployed and ended as `make serve` does it, beside any that is served.

And browsers for who signs in at its dashboard.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from local.mailbox import Mailbox
from local.places import STATE, missing_tool
from local.policy import changed
from local.progress import Progress
from local.stack import Choice, Stack, running_stack
from restore.policy import Policy
from tests.stack.browsing import Desk, Opening, chromium


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack that answers, with the template's own defaults; its logs are in .local/tests."""
    if tool := missing_tool():
        pytest.skip(f"{tool} is not installed (make setup)")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with ExitStack() as todo:
        with capture.global_and_fixture_disabled():  # starting takes a while: whoever waits sees what is being done
            progress = Progress()
            progress.say("\nStarting the stack for the tests")
            started = todo.enter_context(running_stack(Choice(folder=STATE / "tests"), progress))
        yield started


@pytest.fixture
def mailbox(stack: Stack) -> Mailbox:
    """The mails that the stack has sent, those of other tests included: write to addresses of your own."""
    return stack.mailbox


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for all tests of a file."""
    with sync_playwright() as playwright, chromium(playwright) as started:
        yield started


@pytest.fixture
def desk(browser: Browser, stack: Stack) -> Iterator[Opening]:
    """Open a browser for somebody; at the end none may have complained."""
    opened: list[Desk] = []

    def opening(role: str, person: str = "", **how: Any) -> Desk:
        opened.append(Desk(browser, stack, **how))
        return opened[-1].signed_in(role, person)

    yield opening
    for one in opened:
        one.close()


@pytest.fixture
def policy(stack: Stack) -> Iterator[Callable[..., None]]:
    """Set fields of the policy; afterwards the template's parameters are in force again, for the tests that follow."""

    def put(**fields: Any) -> None:
        changed(stack.summary, {name: json.dumps(value) for name, value in fields.items()})

    yield put
    changed(stack.summary, dict.fromkeys(Policy.__slots__, "default"))
