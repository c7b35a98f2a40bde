"""Where the stack is that `make serve` keeps up, for the commands that speak to it."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.errors import StackError
from local.places import STATE


def add_folder_option(parser: argparse.ArgumentParser, means: str = "where the stack.json is") -> None:
    """Add --folder, for `read_stack`."""
    parser.add_argument("--folder", type=Path, default=STATE, help=f"{means} (default %(default)s)")


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


@contextmanager
def answering(folder: Path, *otherwise: type[Exception]) -> Iterator[None]:
    """Call the stack of a folder, which may have ended without a word.

    Args:
        folder: where its stack.json is.
        otherwise: what else than no answer at all says that it does not answer as it should.

    Raises:
        StackError: it does not.
    """
    silent: tuple[type[Exception], ...] = (httpx.TransportError, BotoCoreError, ClientError, *otherwise)
    try:
        yield
    except silent as error:
        raise StackError(f"The stack of {folder} does not answer as it should: {error}") from error
