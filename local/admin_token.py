"""`python -m local admin-token --role admin`: a token of an administrator of the stack that `make serve` keeps up."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.errors import StackError
from local.places import STATE
from local.user_pool import ROLES, Administrators


def main(arguments: Sequence[str]) -> int:
    """Print a token and nothing else; exit status 0, 1 when there is none to be had, 2 for a wrong option."""
    parser = argparse.ArgumentParser(
        prog="python -m local admin-token", description="Print an administrator's token (make -s admin-token ROLE=…)."
    )
    parser.add_argument("--role", required=True, choices=ROLES, help="ROLE=… of make")
    parser.add_argument(
        "--person", default="", metavar="WORD", help="another person of the role, made when first asked for"
    )
    parser.add_argument("--folder", type=Path, default=STATE, help="where the stack.json is (default %(default)s)")
    options = parser.parse_args(arguments)
    try:
        print(Administrators.of(read_stack(options.folder)).token(options.role, options.person))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except (httpx.TransportError, BotoCoreError, ClientError) as error:
        print(f"The stack of {options.folder} does not answer as it should: {error}", file=sys.stderr)
        return 1
    return 0


def read_stack(folder: Path) -> dict[str, str]:
    """What a stack that is up says of itself.

    Raises:
        StackError: none is up; the text says what to do.
    """
    try:
        stack: dict[str, str] = json.loads((folder / "stack.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StackError(
            f"No stack is up in {folder}. Start one with `make serve` in another terminal, and wait till it is up."
        ) from None
    return stack
