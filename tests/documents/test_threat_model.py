"""The threat model names its proofs: each is a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_proof_that_it_names_is_a_test() -> None:
    """A test that was renamed, or is gone, is no proof any more."""
    named = set(re.findall(r"\btest_\w+\b(?!\.py)", (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")))
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 50
    assert named <= there
