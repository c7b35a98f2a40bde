"""Cold starts: the CPU that a function takes until its first request is answered, against a bare function.

Both sides are a fresh process of AWS's own runtime client (`awslambdaric`) that talks to a stand-in for Lambda and AWS
on 127.0.0.1, and both end when they ask for a second event. So counted are, for both and in full: the interpreter's
start, the runtime client, every import, making the clients, and one invocation with a real, signed request of a phone,
with all calls to AWS that it makes. Counted is user and system time of the process as the kernel has it, not time that
passes; what stands in for AWS runs in another process. Not counted, for neither: TLS, since 127.0.0.1 has none.

- Ours: what `sam build` made for this machine, on the path in Lambda's order: function, layers, runtime.
- Bare: the runtime's boto3, one DynamoDB client made at import, one put: the least that a function with a table does.

AWS's answers are those that moto gave to the same act in `bench.acts`, played by functions that had just started.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench import ROOT
from bench.wire import target_of
from tests.functional.world import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.acts import Act
    from bench.wire import Call

SECONDS_TO_ANSWER: Final = 60
WARM_INVOCATIONS: Final = 40
_RUNTIME_API: Final = "/2018-06-01/runtime"
_OF_THE_RUNTIME: Final = (
    *("awslambdaric", "snapshot_restore_py", "simplejson", "runtime_client"),
    *("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"),
)
_PUT: Final = ("DynamoDB_20120810.PutItem", 200, b"{}")
BARE: Final = """\
import boto3

table = boto3.client("dynamodb")


def lambda_handler(event, context):
    table.put_item(TableName="table", Item={"PK": {"S": "bare"}, "SK": {"S": "bare"}, "n": {"N": "1"}})
    return {"statusCode": 204, "headers": {}, "body": ""}
"""


@dataclass(slots=True)
class _Play:
    """What one process is given, and what it did."""

    event: bytes
    answers: list[tuple[str, int, bytes]]
    warm_answers: list[tuple[str, int, bytes]] = field(default_factory=list)
    invocations: int = 1
    asked: int = 0
    pending: list[tuple[str, int, bytes]] = field(default_factory=list)
    answer: Any = None
    failure: str | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def fail(self, why: str) -> None:
        self.failure = self.failure or why
        self.over.set()


class _StandIn(BaseHTTPRequestHandler):
    """Lambda's runtime API, and AWS's services with the answers that are given."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    play: _Play

    def do_GET(self) -> None:
        """The runtime asks for its next event."""
        play = self._play
        if play.asked >= play.invocations:
            play.over.set()  # measured; the process is about to be ended, and hears no more
            return
        play.pending = list(play.warm_answers if play.asked else play.answers)
        play.asked += 1
        self._send(
            200,
            play.event,
            {
                "Lambda-Runtime-Aws-Request-Id": f"00000000-0000-4000-8000-{play.asked:012}",
                "Content-Type": "application/json",
                "Lambda-Runtime-Deadline-Ms": "4102444800000",
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:{REGION}:123456789012:function:bench",
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            },
        )

    def do_POST(self) -> None:
        """An answer of the function, or a call of it to AWS."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        play = self._play
        if self.path.startswith(_RUNTIME_API):
            if self.path.endswith("/response"):
                play.answer = json.loads(body)
            else:
                play.fail(body.decode("utf-8", "replace"))
            self._send(202, b"{}")
            return
        target = target_of("POST", self.path, self.headers)
        wanted, status, answer = play.pending.pop(0) if play.pending else ("nothing more", 500, b"{}")
        if target != wanted:
            play.fail(f"{target} was called where {wanted} was expected")
        self._send(status, answer, {"Content-Type": "application/x-amz-json-1.0"})

    @property
    def _play(self) -> _Play:
        return self.server.play  # type: ignore[attr-defined,no-any-return]  # set by `Bench`

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Says nothing."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A function as it was built: its folder, and the environment that the template gives it."""

    name: str
    folder: Path
    environment: dict[str, str]
    has_body_model: bool


@dataclass(frozen=True, slots=True)
class ColdStart:
    """How a function's start compares to the bare one, and seconds of CPU for the price list."""

    function: str
    has_body_model: bool
    ratio: float
    low: float
    high: float
    cold_seconds: float
    warm_seconds: float
    instructions: float | None = None


class Bench:
    """Starts functions. Made by `bench_of`."""

    def __init__(self, folder: Path, layers: Path, python: str, server: ThreadingHTTPServer) -> None:
        self._server, self._python, self._layers = server, python, layers
        self._runtime = folder / "runtime"
        self._bare = folder / "bare"

    def compare(self, artifact: Artifact, act: Act, pairs: int) -> ColdStart:
        """So many pairs, ours and the bare one by turns; the median of their ratios, and its quartiles."""
        self._seconds(act, artifact)  # not counted: files come into the page cache
        bare, ours = [], []
        for _ in range(pairs):
            ours.append(self._seconds(act, artifact))
            bare.append(self._seconds(act))
        ratios = sorted(one / other for one, other in zip(ours, bare, strict=True))
        low, _, high = statistics.quantiles(ratios, n=4)
        cold = statistics.median(ours)
        many = self._seconds(act, artifact, invocations=1 + WARM_INVOCATIONS)
        return ColdStart(
            function=artifact.name,
            has_body_model=artifact.has_body_model,
            ratio=statistics.median(ratios),
            low=low,
            high=high,
            cold_seconds=cold,
            warm_seconds=max(0.0, many - cold) / WARM_INVOCATIONS,
        )

    def instructions(self, act: Act, artifact: Artifact | None = None) -> int:
        """Instructions of one start, counted by valgrind: steady where CPU time is not, and forty times slower."""
        with tempfile.NamedTemporaryFile() as note:
            valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={note.name}"]
            self._run(act, artifact, before=valgrind, gently=True)
            found = re.search(r"^summary: ([0-9]+)", Path(note.name).read_text(encoding="utf-8"), re.MULTILINE)
        if not found:
            message = "valgrind has counted nothing"
            raise RuntimeError(message)
        return int(found[1])

    def _seconds(self, act: Act, artifact: Artifact | None = None, *, invocations: int = 1) -> float:
        usage = self._run(act, artifact, invocations=invocations)
        return float(usage.ru_utime + usage.ru_stime)

    def _run(
        self,
        act: Act,
        artifact: Artifact | None,
        *,
        invocations: int = 1,
        before: Sequence[str] = (),
        gently: bool = False,
    ) -> Any:
        """Start a function, give it its events, end it; what the kernel says that it used."""
        calls = [_answer_of(call) for call in act.calls]
        warm = [_answer_of(call) for call in act.calls if act.needs(call)]
        play = _Play(
            json.dumps(act.event()).encode(),
            *((calls, warm) if artifact else ([_PUT], [_PUT])),
            invocations=invocations,
        )
        self._server.play = play  # type: ignore[attr-defined]  # asked for by the handler above
        path = [self._runtime] if artifact is None else [self._layers, self._runtime]
        process = subprocess.Popen(
            [*before, self._python, "-m", "awslambdaric", "app.lambda_handler"],
            cwd=self._bare if artifact is None else artifact.folder,
            env=self._environment(path, {} if artifact is None else artifact.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        answered = play.over.wait(SECONDS_TO_ANSWER * (5 if before else 1))
        # not by `Popen.kill`, which may fetch the exit status first, and the usage with it
        os.kill(process.pid, signal.SIGTERM if gently else signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        _check(play, act, artifact, answered=answered)
        return usage

    def _environment(self, path: list[Path], own: dict[str, str]) -> dict[str, str]:
        address = f"127.0.0.1:{self._server.server_address[1]}"
        return {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONDONTWRITEBYTECODE": "1",  # as on Lambda's disk, which cannot be written
            "PYTHONNOUSERSITE": "1",
            "PYTHONHASHSEED": "0",
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            "AWS_ENDPOINT_URL": f"http://{address}",
            "NO_PROXY": "*",
            **own,
        }


def _answer_of(call: Call) -> tuple[str, int, bytes]:
    return call.target, call.status, call.body


def _check(play: _Play, act: Act, artifact: Artifact | None, *, answered: bool) -> None:
    """A start that did not do its work is no measurement."""
    name = artifact.name if artifact else "the bare function"
    if play.failure or not answered:
        message = f"{name} did not answer: {play.failure or 'it took too long'}"
        raise RuntimeError(message)
    if artifact and "statusCode" in play.answer and play.answer["statusCode"] != act.status:
        message = f"{name} answered {play.answer} instead of {act.status}"
        raise RuntimeError(message)


@contextmanager
def bench_of(built: Path, python: str) -> Iterator[Bench]:
    """A bench for what `sam build` has put beside the template `built`; `python` is the interpreter, 3.13."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        layers = folder / "layers"
        for part in ("runtime", "layers", "bare"):
            (folder / part).mkdir()
        packages = next((ROOT / ".venv/lib").glob("python3.*/site-packages"))
        for wanted in _OF_THE_RUNTIME:
            for found in packages.glob(f"{wanted}*"):
                (folder / "runtime" / found.name).symlink_to(found)
        # the bare one starts from compiled files, too; ours come compiled with the layers
        subprocess.run([python, "-m", "compileall", "-q", folder / "runtime"], check=True)
        for layer in ("DependenciesLayer", "CoreLayer"):  # Lambda unpacks all layers into one folder
            for found in (built.parent / layer / "python").iterdir():
                (layers / found.name).symlink_to(found)
        (folder / "bare" / "app.py").write_text(BARE, encoding="utf-8")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _StandIn)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Bench(folder, layers, python, server)
        finally:
            server.shutdown()
            server.server_close()


def has_body_model(source: str) -> bool:
    """Whether a function reads its body by a model, and so loads pydantic."""
    return re.search(r"from (?:restore\.bodies|pydantic) import", source) is not None
