"""The TypeScript client of the developers' guide, run by node as it is printed there, against the test vectors."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.documents.node import NODE, NODE_IS_THERE

ROOT = Path(__file__).parents[2]


@NODE_IS_THERE
def test_it_agrees_with_every_vector() -> None:
    """Keys, DER, signed requests, restore codes and QR codes."""
    command = [str(NODE), "tests/documents/vectors.ts"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert int(ran.stdout.split()[0]) > 50


def test_the_guide_shows_the_files_that_are_run() -> None:
    """What is printed in the guide is what was tested, line by line."""
    guide = (ROOT / "docs" / "app-developers.md").read_text(encoding="utf-8")
    first_call = (ROOT / "docs" / "typescript" / "first-call.ts").read_text(encoding="utf-8")
    assert first_call.split("\n", 1)[1].strip() in guide
    assert "typescript/id-restore.ts" in guide
