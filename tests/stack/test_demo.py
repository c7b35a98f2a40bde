"""The demo, against the deployed stack: a person's first impression holds, in full and step by step."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from local.demo import play

if TYPE_CHECKING:
    from local.stack import Stack

# a story that stops halfway leaves a policy behind, which is put back
pytestmark = pytest.mark.usefixtures("policy")


def test_the_whole_story_holds(stack: Stack) -> None:
    """S1 S2 S5 S7 S8 S9 S17 S18 B1 B7: from a first identity to the lost phone turned away, every step holds."""
    output = io.StringIO()
    story = play(stack, output=output)
    assert story.held, output.getvalue()
    assert story.steps >= 30
    assert "▄▄▄▄▄" in output.getvalue(), "no QR code was drawn"
    assert len(story.codes) == 3


def test_it_can_be_told_twice_with_all_that_went_over_the_wire(stack: Stack) -> None:
    """A second story beside the first, told in full: every request of it is shown."""
    output = io.StringIO()
    story = play(stack, verbose=True, output=output)
    assert story.held, output.getvalue()
    shown = [line.strip() for line in output.getvalue().splitlines() if line.startswith("      → ")]
    assert shown == [f"→ {answer.request.method} {answer.request.target}" for answer in story.wire]
