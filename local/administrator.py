"""`python -m local administrator --email … --role …`: invite an administrator, in the cloud or here.

Who runs it needs the account's own rights (`cognito-idp:AdminCreateUser`, `cognito-idp:AdminAddUserToGroup`,
`cloudformation:DescribeStacks`): nobody becomes an administrator through the service itself.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.deployment import STACK, Account
from local.errors import StackError
from local.user_pool import ROLES, invite
from local.whereabouts import add_folder_option, read_stack

ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s]+"


@dataclass(frozen=True)
class Pool:
    """Whom somebody is invited by, and what they are told."""

    id: str
    dashboard: str
    cognito: Any


def main(arguments: Sequence[str]) -> int:
    """Run the command; exit status 0, 1 when something refused, 2 for a wrong option."""
    options = parser().parse_args(arguments)
    try:
        pool = (
            here(options.folder) if options.here else in_the_cloud(options.stack_name, options.region, options.profile)
        )
        new = invite(pool.cognito, pool.id, options.email, options.role, again=options.again)
    except (StackError, BotoCoreError, ClientError) as error:
        print(f"Nobody was invited. {error}", file=sys.stderr)
        return 1
    print(told(options.email, options.role, pool.dashboard, mailed=new or options.again, new=new))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(prog="python -m local administrator", description="Invite an administrator.")
    made.add_argument(
        "--email", required=True, type=_address, help="where the invitation goes, and the name they sign in with"
    )
    made.add_argument("--role", required=True, choices=ROLES, help="what they may do")
    made.add_argument(
        "--again", action="store_true", help="mail a new first password: one that was not used ends after 3 days"
    )
    made.add_argument("--stack-name", default=STACK, help="the stack in CloudFormation (default %(default)s)")
    made.add_argument("--region", help="its region (default: that of the AWS settings in force)")
    made.add_argument("--profile", help="profile of the AWS settings")
    made.add_argument(
        "--here", action="store_true", help="the stack that `make serve` keeps up, instead of one in the cloud"
    )
    add_folder_option(made, "where its stack.json is")
    return made


def here(folder: Path) -> Pool:
    """The pool of the stack that is up on this machine.

    Raises:
        StackError: none is up.
    """
    stack = read_stack(folder)
    return Pool(
        stack["administrator_pool"], f"{stack['api']}/dashboard/", Account(stack["aws_endpoint"]).client("cognito-idp")
    )


def in_the_cloud(stack: str, region: str | None, profile: str | None) -> Pool:
    """The pool of a deployed stack, by its outputs.

    Raises:
        StackError: the stack has no pool of administrators.
    """
    session = boto3.session.Session(region_name=region, profile_name=profile)
    (found,) = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    try:
        return Pool(
            outputs["AdministratorPoolId"], f"{outputs['ApiAddress']}/dashboard/", session.client("cognito-idp")
        )
    except KeyError as error:
        raise StackError(f"The stack {stack} has no output {error}: is it this project's, and up to date?") from error


def told(email: str, role: str, dashboard: str, *, mailed: bool, new: bool) -> str:
    """What whoever ran the command reads."""
    if not mailed:
        return (
            f"{email} was there already and has the role {role} now. Nothing was mailed (--again mails a new password)."
        )
    return "\n".join(
        [
            f"{email} {'is invited' if new else 'was there already and is invited again'}, with the role {role}.",
            "Cognito mails a first password, good for three days. Tell them the address, which the mail does not say:",
            f"    {dashboard}",
            "There they choose a password of their own and set up an authenticator app.",
        ]
    )


def _address(text: str) -> str:
    if not re.fullmatch(ADDRESS, text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an e-mail address")
    return text.lower()
