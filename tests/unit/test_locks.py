"""The locks: hashed, without any host's name, and the same releases tested that run in Lambda."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "dependencies" / "requirements.txt"
LOCKS = sorted([LAYER, *ROOT.glob("requirements/*.txt")])


def pins(lock: Path) -> dict[str, str]:
    """Release and hashes of each package of a lock; a line with a backslash goes on in the next."""
    entries = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return dict(entry.split("==", 1) for entry in entries if entry and not entry.lstrip().startswith("#"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_a_lock_is_hashed_and_names_no_host(lock: Path) -> None:
    """What is installed is what was resolved, from whichever mirror it comes."""
    assert pins(lock)
    for package, rest in pins(lock).items():
        assert re.fullmatch(r"[a-z0-9.\[\],_-]+", package)
        assert re.search(r" --hash=sha256:[0-9a-f]{64}\b", rest), package
    assert "://" not in lock.read_text(encoding="utf-8")
    assert "index-url" not in lock.read_text(encoding="utf-8")


def test_every_wish_has_its_lock() -> None:
    """A list of requirements that nothing resolves would be installed by nobody."""
    wishes = {path.with_suffix("") for path in [*ROOT.glob("requirements/*.in"), *LAYER.parent.glob("*.in")]}
    assert wishes == {path.with_suffix("") for path in LOCKS}


def test_what_is_tested_is_what_runs() -> None:
    """The development environment holds the layer's packages at the layer's very releases and hashes."""
    tested = pins(ROOT / "requirements" / "dev.txt")
    assert {package: tested.get(package) for package in pins(LAYER)} == pins(LAYER)
