"""The first call of the developers' guide, as it is printed there, answered by the stack."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.documents.node import NODE, NODE_IS_THERE

if TYPE_CHECKING:
    from local.stack import Stack

ROOT = Path(__file__).parents[2]


@NODE_IS_THERE
def test_a_first_call_is_answered(stack: Stack) -> None:
    """It creates an identity and signs in; the same name by another phone is refused by its code."""
    command = [str(NODE), "docs/typescript/first-call.ts", stack.api, "typed-ada"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "Signed in 1 time, log at 1\n"
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode != 0
    assert "409 identity_taken" in again.stderr
