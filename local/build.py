"""`sam build` of the template as it is, for this machine's processor, kept until a source changes."""

import fcntl
import hashlib
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.children import Child
from local.environments import of_sam
from local.errors import StackError, tail_of
from local.places import BUILDS, ROOT, SAM, TEMPLATE
from local.progress import Progress

SOURCES = ("template.yaml", "functions", "layers", ".python-version", "requirements/sam.txt")
# The dependencies layer is trimmed to what the template grants: sam alone would not see that it has to be made anew.
OF_DEPENDENCIES = ("template.yaml", "layers/dependencies", ".python-version", "requirements/sam.txt")
KEPT = 3


def architecture() -> str:
    """The template's name of this machine's processor: what is built here also runs here."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def digest_of(root: Path, sources: Sequence[str] = SOURCES) -> str:
    """A name for the state of everything that a build depends on: sources, processor and the release of sam."""
    summary = hashlib.sha256(f"{platform.system()} {architecture()}".encode())
    for source in sources:
        top = root / source
        for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if file.is_file() and file.suffix != ".pyc" and "node_modules" not in file.parts:
                summary.update(f"\n{file.relative_to(root)} ".encode())
                summary.update(hashlib.sha256(file.read_bytes()).digest())
    return summary.hexdigest()[:16]


def built_template(progress: Progress) -> Path:
    """The template that `sam build` wrote, beside what it built; made now, or before from the same sources.

    Raises:
        StackError: sam could not build it; the text ends with sam's own words.
    """
    BUILDS.mkdir(parents=True, exist_ok=True)
    with _only_one():
        folder = BUILDS / digest_of(ROOT)
        template = folder / "out/template.yaml"
        if template.exists():
            folder.touch()
            progress.say("  Nothing has changed since the last build")
        else:
            with progress.step("Building functions and layers (sam build)"):
                template = _build(folder) / "out/template.yaml"
        _forget_old_ones()
    return template


def settings_of_sam() -> Path:
    """An empty settings file: what `sam deploy --guided` noted down for the cloud must not reach the local stack."""
    file = BUILDS / "samconfig.toml"
    if not file.exists():
        file.write_text("version = 0.1\n", encoding="utf-8")
    return file


def _build(folder: Path) -> Path:
    """Build into a folder that is named for the sources; its path, which is another one if they changed meanwhile."""
    work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=BUILDS))
    cache = BUILDS / "cache" / digest_of(ROOT, OF_DEPENDENCIES)
    cache.mkdir(parents=True, exist_ok=True)
    notes = cache / "build.toml"  # what the cache holds; sam looks for it beside the folder that it builds into
    if notes.exists():
        shutil.copy(notes, work)
    log = BUILDS / "build.log"
    command = (
        *(SAM, "build", "--template-file", TEMPLATE, "--base-dir", ROOT, "--build-dir", work / "out"),
        *("--cached", "--cache-dir", cache, "--parallel"),
        *("--config-file", settings_of_sam(), "--parameter-overrides", f"Architecture={architecture()}"),
    )
    try:
        with Child(command, environment=of_sam(BUILDS / "sam"), folder=ROOT, log=log) as sam:
            status = sam.wait()
        if status != 0:
            raise StackError(f"sam could not build the template. {tail_of(log)}")
        shutil.copy(work / notes.name, cache)
        if digest_of(ROOT) != folder.name:  # what was built is good for now, but nobody is to take it for those sources
            folder = work.with_name(work.name.removeprefix(".unfinished-"))
        return work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _only_one() -> Iterator[None]:
    """Two stacks that start at once build once: the second waits for the first."""
    with (BUILDS / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old_ones() -> None:
    """Keep the builds used last: a stack that starts at this moment may be deploying the one before."""
    builds = [template.parent.parent for template in BUILDS.glob("*/out/template.yaml")]
    for group in (builds, list(BUILDS.glob("cache/*"))):
        for folder in sorted(group, key=lambda folder: folder.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(folder, ignore_errors=True)
