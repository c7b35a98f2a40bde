"""The options that every command which starts a stack has, and what they mean."""

import argparse
import shlex
from pathlib import Path

from local.errors import StackError
from local.places import STATE
from local.stack import LOOPBACK, Choice


def add_stack_options(parser: argparse.ArgumentParser, *, port: int, folder: Path = STATE) -> None:
    """Add --host, --port, --param, --params and --folder.

    Args:
        parser: where to.
        port: the port when none is given; 0 for any that is free.
        folder: for logs and stack.json when none is given; `.local` itself is what `serve` takes.
    """
    group = parser.add_argument_group("the stack")
    group.add_argument(
        "--host", default=LOOPBACK, help="address to listen at, for a phone in the same network (default %(default)s)"
    )
    group.add_argument(
        "--port", type=int, default=port, help="port of the API, 0 for any that is free (default %(default)s)"
    )
    group.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template; may be repeated",
    )
    group.add_argument("--params", default="", metavar="'NAME=VALUE …'", help="several of them in one argument")
    group.add_argument("--folder", type=Path, default=folder, help="where logs and stack.json go (default %(default)s)")


def choice_of(options: argparse.Namespace) -> Choice:
    """The stack that the options ask for.

    Args:
        options: what `add_stack_options` added.

    Raises:
        StackError: a parameter is not NAME=VALUE.
    """
    parameters: dict[str, str] = {}
    for given in [*options.param, *shlex.split(options.params)]:
        name, equals, value = given.partition("=")
        if not (name.isalnum() and equals):
            raise StackError(f"{given!r} is not NAME=VALUE, as in EmailCodeSeconds=3.")
        parameters[name] = value
    return Choice(host=options.host, port=options.port, parameters=parameters, folder=options.folder.resolve())
