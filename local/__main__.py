"""`python -m local serve …`, `demo …` and others; each takes `--help`."""

import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "serve": "keep the stack up on this machine (make serve)",
    "demo": "play the whole story against it (make demo)",
    "policy": "show or change the policy of a stack that is up",
    "people": "make a few people there, one in each state (make people)",
    "dashboard": "show what is changed of the dashboard in it at once (make dashboard)",
    "admin-token": "print an administrator's token for it (make -s admin-token)",
    "administrator": "invite an administrator, in the cloud or to a stack that is up",
    "verify-log": "is its log whole, or which entry was altered first? (make verify-log)",
}


def main(arguments: Sequence[str]) -> int:
    """Run one command, by the `main` of the module of its name; its exit status."""
    command, *rest = arguments or [""]
    if command in COMMANDS:  # loaded only now: each needs things that the others do not
        return int(importlib.import_module(f"local.{command.replace('-', '_')}").main(rest))
    asked = command in {"-h", "--help"}
    lines = [
        "usage: python -m local COMMAND [options]",
        "",
        *(f"  {name:<13}   {does}" for name, does in COMMANDS.items()),
    ]
    print("\n".join([*lines, "", "Each takes --help."]), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:  # before a command has begun to listen for it
        status = 130
    sys.exit(status)
