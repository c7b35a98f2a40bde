"""`python -m local serve`: the stack stays up until it is told to end, and says where everything is."""

import argparse
import sys
from collections.abc import Sequence

from local.errors import StackError, tail_of
from local.options import add_stack_options, choice_of
from local.progress import Progress
from local.signals import Stopped, stoppable
from local.stack import LOOPBACK, Choice, Stack, running_stack
from local.user_pool import PASSWORD, ROLES, Administrators

PORT = 8080
STOPPED = 130


def main(arguments: Sequence[str]) -> int:
    """Keep the stack up; exit status 0 when told to end, 130 when told before it was up, 1 when something failed."""
    parser = argparse.ArgumentParser(prog="python -m local serve", description="Keep the stack up on this machine.")
    add_stack_options(parser, port=PORT)
    options = parser.parse_args(arguments)
    progress = Progress()
    up = False
    try:
        choice = choice_of(options)
        with stoppable(), running_stack(choice, progress) as stack:
            up = True
            progress.say(_whereabouts(stack, choice))
            while not stack.ended(3600):
                pass
            progress.say()
            print(f"The local AWS has ended by itself. {tail_of(stack.folder / 'ministack.log')}", file=sys.stderr)
            return 1
    except Stopped:
        progress.say("\nEverything has ended." if up else "\nStopped; everything has ended.")
        return 0 if up else STOPPED
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _whereabouts(stack: Stack, choice: Choice) -> str:
    administrators = Administrators.of(stack.summary)
    people = ", ".join(administrators.person(role) for role in ROLES)
    lines = [
        "",
        f"  Server's address   {stack.api}",
        f"  Mails sent         {stack.mailbox_address}   (in a browser, or as JSON)",
        f"  Local AWS          {stack.aws_endpoint}   (region {stack.region}, key id and secret: test)",
        f"  Administrators     {people}   (password: {PASSWORD})",
        f"  Their dashboard    {administrators.callback}",
        "  People to look at  make people   (one in each state that the dashboard shows)",
        "  A token of one     make -s admin-token ROLE=auditor   (or helpdesk, or admin)",
        f"  For programs       {stack.folder / 'stack.json'}",
        f"  Functions' logs    {stack.folder / 'functions.log'}",
        f"  Local AWS's log    {stack.folder / 'ministack.log'}",
    ]
    if choice.host == LOOPBACK:
        emulator = stack.api.replace(f"//{LOOPBACK}", "//10.0.2.2")
        lines.append(f"  Android emulator   {emulator}   (a phone needs HOST=<this machine's address in its network>)")
    else:
        lines.append("  Whoever reaches this machine's network can use it and read its mails: for trying out only.")
    if stack.folder != choice.folder:
        lines.append(f"  Another stack is up, so this one's files are in {stack.folder}.")
    return "\n".join([*lines, "", "  Ctrl-C ends it, and everything in it is gone then."])
