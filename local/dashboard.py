"""`python -m local dashboard`: what is changed of the dashboard is seen at once in the stack that is up.

Whenever a file of functions/dashboard changes it is bundled as `sam build` would, put into the function that is
deployed, and its types are checked. The stack's data and the sign-in stay: reload the page.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.deployment import Account
from local.errors import said
from local.places import ROOT
from local.whereabouts import add_folder_option, answering, read_stack

FUNCTION = "Dashboard"
SOURCES = ROOT / "functions" / "dashboard"
KEPT = ROOT / ".tools" / "dashboard"
PAUSE_SECONDS = 0.3


@said
def main(arguments: Sequence[str]) -> int:
    """Put every change there until interrupted; exit status 0, 1 when no stack is up."""
    parser = argparse.ArgumentParser(
        prog="python -m local dashboard", description="Show changes of functions/dashboard in the stack that is up."
    )
    add_folder_option(parser)
    parser.add_argument("--once", action="store_true", help="put it there as it is now, and end")
    options = parser.parse_args(arguments)
    try:
        with answering(options.folder):
            stack = read_stack(options.folder)
            print("Waiting for changes in functions/dashboard. Ctrl-C ends.", flush=True)
            seen = None if options.once else state_of(SOURCES)
            while True:
                now = state_of(SOURCES)
                if now != seen:
                    seen = now
                    _show(stack)
                if options.once:
                    return 0
                time.sleep(PAUSE_SECONDS)
    except KeyboardInterrupt:
        print()
        return 0


def state_of(folder: Path) -> dict[Path, int]:
    """Every file, and when it was changed last."""
    return {
        file: file.stat().st_mtime_ns
        for file in folder.rglob("*")
        if file.is_file() and not {"node_modules", "__pycache__", "generated.ts"} & set(file.parts)
    }


def _show(stack: Mapping[str, str]) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as artifacts:
        if _bundle(artifacts) != 0:
            print("  It cannot be bundled; what was there before stays.", flush=True)
            return
        shutil.copy(SOURCES / "app.py", artifacts)
        put(stack, Path(artifacts))
    print(f"  {time.strftime('%H:%M:%S')} changed ({time.monotonic() - began:.1f} s): reload the page", flush=True)
    _bundle("--check", str(ROOT / "docs" / "openapi.json"))


def _bundle(*arguments: str) -> int:
    command = [sys.executable, str(SOURCES / "bundle.py"), str(KEPT), *arguments]
    return subprocess.run(command, check=False).returncode


def put(stack: Mapping[str, str], artifacts: Path) -> None:
    """Put a function's artifacts in the place of what is deployed.

    Args:
        stack: what its stack.json holds.
        artifacts: the folder with what `sam build` makes for it.
    """
    account = Account(stack["aws_endpoint"])
    found = account.client("cloudformation").describe_stack_resource(
        StackName=stack["stack"], LogicalResourceId=FUNCTION
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(one for one in artifacts.rglob("*") if one.is_file()):
            archive.write(file, file.relative_to(artifacts))
    account.client("lambda").update_function_code(
        FunctionName=found["StackResourceDetail"]["PhysicalResourceId"], ZipFile=packed.getvalue()
    )
