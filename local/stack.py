"""The whole stack on this machine, from nothing to an API that answers, and back to nothing.

    with running_stack(Choice(parameters={"EmailCodeSeconds": "3"})) as stack:
        httpx.get(f"{stack.api}/.well-known/id-restore")
        stack.mailbox.mails("ann@example.org")

Every stack has a local AWS, a port and a folder of its own, so several run side by side. State lives in memory: when
the stack ends, everything in it is gone.
"""

import errno
import fcntl
import ipaddress
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from local import mailbox, sign_in_pages
from local.build import built_template
from local.children import Child
from local.deployment import STACK, STAGE, Account, check_names, complete, deploy
from local.environments import REGION, of_ministack
from local.errors import AddressError, StackError, tail_of
from local.functionlogs import FunctionLogs, following
from local.mailbox import Mailbox
from local.places import MINISTACK, STATE, TEMPLATE, missing_tool
from local.progress import Progress, Silence

LOOPBACK = "127.0.0.1"
EMULATOR = "10.0.2.2"  # an Android emulator's name for the loopback of the machine that it runs on
FIRST_PATH = "/.well-known/id-restore"
READY_SECONDS = 30


@dataclass(frozen=True)
class Choice:
    """What may differ from stack to stack.

    Args:
        host: the address to listen at, an IPv4 address of this machine.
        port: the port of the API; 0 for one that is free.
        parameters: values for the template's parameters.
        folder: where logs and stack.json go; if another stack is using it, a folder in it that is named for the port.
    """

    host: str = LOOPBACK
    port: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    folder: Path = STATE


@dataclass(frozen=True)
class Stack:
    """A stack that answers."""

    api: str
    """The server's address as apps are given it: `http://127.0.0.1:8080/live`."""
    mailbox_address: str
    """Where the mails are listed."""
    sign_in: str
    """Where administrators' browsers find the pool's sign-in pages."""
    aws_endpoint: str
    """The local AWS; key id and secret are `test`."""
    region: str
    name: str
    """The stack's name in CloudFormation."""
    table: str
    administrator_pool: str
    """The user pool of the administrators."""
    administrator_client: str
    """The dashboard in that pool: the `aud` of their tokens."""
    folder: Path
    """Where its logs and stack.json are."""
    outputs: Mapping[str, str]
    """The template's outputs. Addresses in them are AWS's, not this machine's."""
    resources: Mapping[tuple[str, str], str]
    """Physical ids by (type, logical id)."""
    group: int
    """The process group that all its programs are in."""
    mailbox: Mailbox
    _ministack: Child = field(repr=False)

    @property
    def summary(self) -> dict[str, str]:
        """What stack.json holds, for programs that are not ours."""
        return {
            "api": self.api,
            "mailbox": self.mailbox_address,
            "aws_endpoint": self.aws_endpoint,
            "region": self.region,
            "stack": self.name,
            "table": self.table,
            "administrator_pool": self.administrator_pool,
            "administrator_client": self.administrator_client,
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the stack's account, with all rights."""
        return Account(self.aws_endpoint).client(service)

    def function_logs(self) -> list[str]:
        """Every line that the functions have written, oldest first."""
        return FunctionLogs(self.client("logs")).lines()

    def ended(self, seconds: float) -> bool:
        """Wait so long, or until the local AWS has ended by itself; whether it has."""
        return self._ministack.wait(seconds) is not None


@contextmanager
def running_stack(choice: Choice | None = None, progress: Progress | None = None) -> Iterator[Stack]:
    """Start, build, deploy; while inside it answers. Afterwards no process of it is left, and stack.json is gone.

    Raises:
        AddressError: the host or port cannot be had.
        StackError: a tool is missing, or a step failed; the text says where its log is.
    """
    choice = choice or Choice()
    progress = progress or Silence()
    if tool := missing_tool():
        raise StackError(f"{tool.name} is not installed. `make setup` installs it.")
    check_names(TEMPLATE, choice.parameters)
    port = free_port(choice.host, choice.port)
    endpoint = f"http://{choice.host}:{port}"
    with ExitStack() as todo:
        folder = todo.enter_context(_own_folder(choice.folder, port))
        template = built_template(progress)
        with progress.step("Starting the local AWS (ministack)"):
            ministack = todo.enter_context(_ministack(choice.host, port, folder))
        account = Account(endpoint)
        with progress.step("Deploying the template (sam deploy)"):
            deployed = deploy(account, template, choice.parameters, folder)
        api = f"{endpoint}/{STAGE}"
        sign_in = todo.enter_context(_beside(choice, 2, partial(sign_in_pages.serving, endpoint)))
        with progress.step("Opening the address, waiting for the first answer"):
            complete(account, deployed, api, {LOOPBACK, EMULATOR, choice.host}, sign_in)
            _first_answer(account, api, folder)
        mails = Mailbox(endpoint)
        todo.callback(mails.close)
        todo.enter_context(following(FunctionLogs(account.client("logs")), folder / "functions.log"))
        stack = Stack(
            api=api,
            mailbox_address=todo.enter_context(_beside(choice, 1, partial(mailbox.serving, mails))),
            sign_in=sign_in,
            aws_endpoint=endpoint,
            region=REGION,
            name=STACK,
            table=deployed.only("AWS::DynamoDB::Table"),
            administrator_pool=deployed.only("AWS::Cognito::UserPool"),
            administrator_client=deployed.only("AWS::Cognito::UserPoolClient"),
            folder=folder,
            outputs=deployed.outputs,
            resources=deployed.resources,
            group=ministack.group,
            mailbox=mails,
            _ministack=ministack,
        )
        todo.enter_context(_announced(folder / "stack.json", stack.summary))
        yield stack


def free_port(host: str, port: int) -> int:
    """The port asked for, or for 0 any that is free.

    Raises:
        AddressError: it cannot be had; the text says why and what to do.
    """
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        raise AddressError(
            f"{host} is not an IPv4 address. Give one of this machine, as in HOST=192.168.1.5."
        ) from None
    if host == "0.0.0.0":  # noqa: S104 - refused, not used
        raise AddressError("0.0.0.0 is every address at once, and apps need one. Give it, as in HOST=192.168.1.5.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError as error:
            raise AddressError(f"There is no port {port}. Choose one up to 65535, as in PORT=8080.") from error
        except OSError as error:
            raise AddressError(_why_not(host, port, error)) from error
        return int(probe.getsockname()[1])


def _why_not(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} of {host} is in use by another program. Choose another one, as in PORT={port + 2}."
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine. Choose one that is, as in HOST={LOOPBACK}."
        case errno.EACCES:
            return f"Port {port} is not for everybody. Choose one above 1023, as in PORT=8080."
        case _:
            return f"{host}:{port} cannot be listened at ({error.strerror}). Choose others by HOST= and PORT=."


@contextmanager
def _own_folder(wanted: Path, port: int) -> Iterator[Path]:
    """The folder, or if another stack has it one in it that is named for the port; held while inside."""
    for folder in (wanted, wanted / str(port)):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            (folder / "stack.json").unlink(missing_ok=True)  # of one that was killed
            try:
                yield folder
            finally:
                shutil.rmtree(folder / "tmp", ignore_errors=True)
            return
    raise StackError(f"Another stack is using {wanted / str(port)}.")


@contextmanager
def _ministack(host: str, port: int, folder: Path) -> Iterator[Child]:
    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    log = folder / "ministack.log"
    with Child([MINISTACK], environment=of_ministack(host, port, temporary), folder=temporary, log=log) as child:
        end = time.monotonic() + READY_SECONDS
        with httpx.Client(trust_env=False) as client:
            while not _is_ready(client, f"http://{host}:{port}"):
                if child.wait(0.05) is not None:
                    raise StackError(f"The local AWS ended as soon as it was started. {tail_of(log)}")
                if time.monotonic() > end:
                    raise StackError(f"The local AWS was not ready after {READY_SECONDS} seconds. {tail_of(log)}")
        yield child


def _is_ready(client: httpx.Client, endpoint: str) -> bool:
    try:
        return client.get(f"{endpoint}/_ministack/ready").status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False


def _first_answer(account: Account, api: str, folder: Path) -> None:
    """Ask for what every app asks for first: it proves address, gateway, layers, roles and functions at once."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        answer = client.get(f"{api}{FIRST_PATH}")
    if answer.status_code != HTTPStatus.OK:
        log = folder / "functions.log"
        log.write_text("\n".join(FunctionLogs(account.client("logs")).lines()) + "\n", encoding="utf-8")
        raise StackError(
            f"The stack is deployed, but answers {answer.status_code} to GET {FIRST_PATH}:\n"
            f"    {answer.text[:500]}\n{tail_of(log)}"
        )


@contextmanager
def _beside(choice: Choice, offset: int, serving: Callable[[str, int], AbstractContextManager[str]]) -> Iterator[str]:
    """A server of ours, so many ports after the API's if that was chosen and is free, else at any."""
    with ExitStack() as todo:
        try:
            address = todo.enter_context(serving(choice.host, choice.port and choice.port + offset))
        except (OSError, OverflowError):
            address = todo.enter_context(serving(choice.host, 0))
        yield address


@contextmanager
def _announced(file: Path, summary: Mapping[str, str]) -> Iterator[None]:
    """Stack.json while inside: whoever sees it sees it whole, and can rely on the stack."""
    number, name = tempfile.mkstemp(dir=file.parent, prefix=".stack-")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as output:
            json.dump(summary, output, indent=1)
            output.write("\n")
        Path(name).chmod(0o644)
        Path(name).replace(file)
        yield
    finally:
        Path(name).unlink(missing_ok=True)
        file.unlink(missing_ok=True)
