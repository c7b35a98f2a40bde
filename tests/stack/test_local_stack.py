"""Running locally: what is there, what is said, and that nothing stays behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from local.build import digest_of
from local.children import Child
from local.deployment import _session
from local.environments import of_ministack, of_sam
from local.errors import AddressError
from local.mailbox import Mail, Mailbox, page
from local.places import ROOT
from local.stack import Stack, free_port

DISCOVERY = "/.well-known/id-restore"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client that no proxy setting of this machine leads astray."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def is_alive(process: int) -> bool:
    """Whether there is a process of this id that has not ended (one that nobody has reaped yet has)."""
    state = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def descendants(process: int) -> set[int]:
    """Ids of all that a process has started, and of what those have."""
    listed = subprocess.run(["/bin/ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def serve(tmp_path: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """`python -m local serve` in the background and the file with what it says; killed at the end if it still runs.

    Its files are in `tmp_path / "stack"`, unless the options say otherwise.
    """
    said = tmp_path / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "serve", "--folder", tmp_path / "stack", *options],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, said
    finally:
        process.kill()
        process.wait()


def unused_port() -> str:
    """A port that was free a moment ago."""
    return str(free_port("127.0.0.1", 0))


# --- what is there ---------------------------------------------------------------------------------------------------


def test_stack_json_says_where_everything_is(stack: Stack, http: httpx.Client) -> None:
    """Its addresses and names are there, and each of them answers."""
    written = json.loads((stack.folder / "stack.json").read_text())
    assert written == stack.summary
    assert set(written) == {
        *("api", "mailbox", "aws_endpoint", "region", "stack", "table"),
        *("administrator_pool", "administrator_client"),
    }
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/live", written["api"])
    assert http.get(written["api"] + DISCOVERY).json()["server"] == written["api"]
    assert isinstance(http.get(written["mailbox"]).json(), list)
    assert stack.client("dynamodb").describe_table(TableName=written["table"])["Table"]["TableStatus"] == "ACTIVE"


def test_emulator_reaches_the_same_server_by_its_own_name(stack: Stack, http: httpx.Client) -> None:
    """An Android emulator calls this machine 10.0.2.2, signs that, and is told that."""
    port = httpx.URL(stack.api).port
    answer = http.get(stack.api + DISCOVERY, headers={"Host": f"10.0.2.2:{port}"})
    assert answer.json()["server"] == f"http://10.0.2.2:{port}/live"


@pytest.mark.parametrize(("verb", "path"), [("GET", "/v1/nothing"), ("DELETE", DISCOVERY)])
def test_gateway_answers_with_the_templates_own_problem(stack: Stack, http: httpx.Client, verb: str, path: str) -> None:
    """An unknown route and a wrong verb never reach a function, and get a problem document with a page behind it."""
    answer = http.request(verb, stack.api + path)
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["type"] == f"{stack.api}/problems/not_found"


def test_table_forgets_what_has_expired(stack: Stack) -> None:
    """TTL is on, though the local CloudFormation leaves it out."""
    described = stack.client("dynamodb").describe_time_to_live(TableName=stack.table)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_functions_logs_can_be_read_and_followed(stack: Stack, http: httpx.Client) -> None:
    """A call leaves a line, at once for programs and soon in the file."""
    mark = f"/problems/{os.urandom(4).hex()}"
    http.get(stack.api + mark, headers={"X-Forwarded-For": "198.51.100.77"})
    assert any("198.51.100.77" in line for line in stack.function_logs())
    file = stack.folder / "functions.log"
    assert wait_until(lambda: "198.51.100.77" in file.read_text(), 10)
    assert not any(line.startswith(("START ", "END ", "REPORT ")) for line in stack.function_logs())


def test_own_aws_settings_are_passed_over(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile, an endpoint or a proxy of the person at this machine leads nobody away from the local AWS."""
    for name, value in {
        "AWS_PROFILE": "of-somebody",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "AKIAOFSOMEBODY",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    _session.cache_clear()
    assert stack.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert "AKIAOFSOMEBODY" not in of_sam(Path("notes")).values()
    assert "AKIAOFSOMEBODY" not in of_ministack("127.0.0.1", 8080, Path("tmp")).values()


# --- the mailbox -----------------------------------------------------------------------------------------------------


def test_mailbox_lists_mails_for_programs_and_for_people(stack: Stack, mailbox: Mailbox, http: httpx.Client) -> None:
    """A mail that is sent raw is listed with its parts, in the form that programs are promised."""
    to = f"{os.urandom(4).hex()}@example.org"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "id-restore@example.com", to, "Grüße, " + "a long subject " * 8
    mail.set_content("One line\n12345678\nümlaut\n")
    mail.add_alternative("<p>Öne <b>line</b></p>\n", subtype="html")
    stack.client("sesv2").send_email(
        FromEmailAddress="id-restore@example.com",
        Destination={"ToAddresses": [to]},
        Content={"Raw": {"Data": mail.as_bytes()}},
    )
    (listed,) = [raw for raw in http.get(stack.mailbox_address).json() if raw["to"] == [to]]
    assert set(listed) == {"to", "subject", "text", "html", "sent_at"}
    assert listed["subject"].strip() == mail["Subject"].strip()
    assert listed["text"] == "One line\n12345678\nümlaut\n"
    assert listed["html"] == "<p>Öne <b>line</b></p>\n"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", listed["sent_at"])
    assert mailbox.mails(to.upper()) == [Mail(**listed)]
    shown = http.get(stack.mailbox_address, headers={"Accept": "text/html,application/xhtml+xml"})
    assert shown.headers["content-type"].startswith("text/html")
    assert to in shown.text


def test_page_of_mails_lets_nothing_out_of_its_frame() -> None:
    """What a mail contains can neither run in the page nor change it (markup in subject, text, address or HTML)."""
    evil = "\"></iframe><script>alert('1')</script>"
    shown = page([Mail(to=[evil], subject=evil, text=evil, html=evil, sent_at="2026-01-01T00:00:00.000000Z")])
    assert "<script" not in shown
    assert shown.count("</iframe>") == 1
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown


# --- addresses -------------------------------------------------------------------------------------------------------


def test_busy_port_is_said_and_disturbs_nobody(stack: Stack, http: httpx.Client, tmp_path: Path) -> None:
    """A second server on the same port says so in a sentence, with what to do, before it builds anything."""
    port = str(httpx.URL(stack.api).port)
    with serve(tmp_path, "--port", port) as (process, said):
        assert process.wait(30) == 1
    assert said.read_text().strip() == (
        f"Port {port} of 127.0.0.1 is in use by another program. Choose another one, as in PORT={int(port) + 2}."
    )
    assert http.get(stack.api + DISCOVERY).status_code == HTTPStatus.OK
    assert (stack.folder / "stack.json").exists()


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("localhost", 0, "localhost is not an IPv4 address"),
        ("::1", 0, "::1 is not an IPv4 address"),
        ("0.0.0.0", 0, "every address at once"),  # noqa: S104 - to see it refused
        ("203.0.113.7", 0, "203.0.113.7 is not an address of this machine"),
        ("127.0.0.1", 70000, "There is no port 70000"),
    ],
)
def test_impossible_address_is_said(host: str, port: int, said: str) -> None:
    """Each kind of address that cannot be listened at has its own sentence."""
    with pytest.raises(AddressError, match=re.escape(said)):
        free_port(host, port)


def test_free_port_is_chosen_where_none_is_asked_for() -> None:
    """0 gives a port that can then be listened at."""
    port = free_port("127.0.0.1", 0)
    with socket.create_server(("127.0.0.1", port)):
        assert port > 0


# --- starting and ending ---------------------------------------------------------------------------------------------


def test_served_at_another_host_beside_the_first_and_gone_without_a_trace(
    stack: Stack, http: httpx.Client, tmp_path: Path
) -> None:
    """HOST's address is what everything answers at; ended, no process and no stack.json is left, and others stay up."""
    host, port = "127.0.0.2", unused_port()
    try:
        free_port(host, 0)
    except AddressError:
        pytest.skip(f"{host} is not an address of this machine (it is on Linux)")
    with serve(
        tmp_path, "--host", host, "--port", port, "--folder", str(stack.folder), "--param", "ServerName=The other"
    ) as (process, said):
        assert wait_until(lambda: process.poll() is not None or "Ctrl-C ends it" in said.read_text(), 120), (
            said.read_text()
        )
        assert process.poll() is None, said.read_text()
        file = stack.folder / port / "stack.json"
        assert str(file) in said.read_text()
        written = json.loads(file.read_text())
        assert written["api"] == f"http://{host}:{port}/live"
        assert written["aws_endpoint"] == f"http://{host}:{port}"
        assert written["mailbox"].startswith(f"http://{host}:")
        found = http.get(written["api"] + DISCOVERY).json()
        assert (found["server"], found["name"]) == (written["api"], "The other")
        with pytest.raises(httpx.ConnectError):
            http.get(f"http://127.0.0.1:{port}/live{DISCOVERY}")
        started = descendants(process.pid)
        assert len(started) >= 3, "the leash, the local AWS and a function"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert [child for child in started if is_alive(child)] == []
    assert not file.exists()
    assert not (file.parent / "tmp").exists()
    shutil.rmtree(file.parent)
    assert http.get(stack.api + DISCOVERY).json()["name"] == "ID restore"


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_no_process_is_left_by_one_ended_while_it_starts(
    stack: Stack, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """Ctrl-C, kill, a closed terminal and even kill -9 take the local AWS and sam along."""
    with serve(tmp_path, "--port", unused_port()) as (process, said):
        assert wait_until(lambda: "Deploying" in said.read_text() and len(descendants(process.pid)) >= 4, 120)
        started = descendants(process.pid)
        process.send_signal(number)
        assert process.wait(20) == status
        assert wait_until(lambda: not any(map(is_alive, started)), 10)


def test_failed_deployment_says_why_and_leaves_nothing(stack: Stack, tmp_path: Path) -> None:
    """The reason and the log's place are on the screen; nothing runs on, and no stack.json claims otherwise."""
    with serve(tmp_path, "--port", unused_port(), "--params", "EmailCodeSeconds=0") as (process, said):
        assert wait_until(lambda: "Deploying" in said.read_text() and len(descendants(process.pid)) >= 4, 120)
        started = descendants(process.pid)
        assert process.wait(60) == 1
    assert "EmailCodeSeconds" in said.read_text()
    assert f"The whole log: {tmp_path / 'stack/deploy.log'}" in said.read_text()
    assert not (tmp_path / "stack/stack.json").exists()
    assert [child for child in started if is_alive(child)] == []


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("EmailCodeSecond=3", "The template has no parameter EmailCodeSecond. Did you mean EmailCodeSeconds?"),
        ("EmailCodeSeconds", "'EmailCodeSeconds' is not NAME=VALUE, as in EmailCodeSeconds=3."),
    ],
)
def test_mistyped_parameter_is_said_at_once(stack: Stack, tmp_path: Path, option: str, said: str) -> None:
    """A parameter that would have been passed over in silence is refused before anything starts."""
    with serve(tmp_path, "--port", unused_port(), "--param", option) as (process, output):
        assert process.wait(30) == 1
    assert output.read_text().strip() == said


def test_child_takes_along_what_it_started_and_what_ignores_being_asked(tmp_path: Path) -> None:
    """A program that starts another, both deaf to SIGTERM: after `stop` neither is alive."""
    script = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork();"
        "print(os.getpid(), flush=True); time.sleep(600)"
    )
    log = tmp_path / "log"
    with Child([sys.executable, "-c", script], environment={}, folder=tmp_path, log=log) as child:
        assert wait_until(lambda: len(log.read_text().split()) == 2, 10)
        started = [child.group, *map(int, log.read_text().split())]
        assert all(map(is_alive, started))
        assert {os.getpgid(process) for process in started} == {child.group}
        assert child.status() is None
    assert [process for process in started if is_alive(process)] == []


def test_child_hands_on_its_status_and_takes_stragglers_along(tmp_path: Path) -> None:
    """A program that ends by itself gives its exit status; what it left running in its group ends with it."""
    script = "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid, flush=True); sys.exit(7)"
    log = tmp_path / "log"
    with Child([sys.executable, "-c", script], environment=dict(os.environ), folder=tmp_path, log=log) as child:
        assert child.wait(10) == 7
        assert not is_alive(int(log.read_text()))


def test_build_is_named_for_its_sources(tmp_path: Path) -> None:
    """A changed, added or removed source asks for a new build; what Python leaves behind does not."""
    for file in ("template.yaml", ".python-version", "requirements/sam.txt", "layers/a.py", "functions/act/app.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("1")
    names = [digest_of(tmp_path)]
    (tmp_path / "functions/act/app.pyc").write_text("compiled")
    assert digest_of(tmp_path) == names[0]
    for file, text in (("template.yaml", "2"), ("layers/a.py", "2"), ("functions/act/more.py", "1")):
        (tmp_path / file).write_text(text)
        names.append(digest_of(tmp_path))
    (tmp_path / "layers/a.py").unlink()
    names.append(digest_of(tmp_path))
    assert len(set(names)) == len(names)
