"""Where things are in this folder: the project's sources, the tools that `make setup` installs, what a stack keeps."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
STATE = ROOT / ".local"
BUILDS = STATE / "build"

SAM = ROOT / ".tools/sam/bin/sam"
MINISTACK = ROOT / ".tools/ministack/bin/ministack"
# sam and the layers' Makefiles look here for python3.13 and uv.
PROGRAMS = (ROOT / ".venv/bin", ROOT / ".tools/uv/bin")


def missing_tool() -> Path | None:
    """The first tool that is not installed, if any; `make setup` installs them."""
    return next((tool for tool in (SAM, MINISTACK) if not tool.exists()), None)
