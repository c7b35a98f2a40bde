"""`python -m local admin-token --role admin`: a token of an administrator of the stack that `make serve` keeps up."""

import argparse
from collections.abc import Sequence

from local.errors import said
from local.user_pool import ROLES, Administrators
from local.whereabouts import add_folder_option, answering, read_stack


@said
def main(arguments: Sequence[str]) -> int:
    """Print a token and nothing else; exit status 0, 1 when there is none to be had, 2 for a wrong option."""
    parser = argparse.ArgumentParser(
        prog="python -m local admin-token", description="Print an administrator's token (make -s admin-token ROLE=…)."
    )
    parser.add_argument("--role", required=True, choices=ROLES, help="ROLE=… of make")
    parser.add_argument(
        "--person", default="", metavar="WORD", help="another person of the role, made when first asked for"
    )
    add_folder_option(parser)
    options = parser.parse_args(arguments)
    with answering(options.folder):
        print(Administrators.of(read_stack(options.folder)).token(options.role, options.person))
    return 0
