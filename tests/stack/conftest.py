"""One stack for the whole session: built, deployed and ended as `make serve` does it, beside any that is served."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from local.mailbox import Mailbox
from local.places import STATE, missing_tool
from local.progress import Progress
from local.stack import Choice, Stack, running_stack


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
