"""The service without a network: its real handlers, an AWS in memory, a clock that tests move, and phones.

A request of `local.phone` is routed by the template's own routes to the function behind them, which sees the event that
API Gateway would make of it and the environment that the template gives it. The table is the template's, too. Nothing
of the service is replaced; what it calls is moto's DynamoDB, SES and Secrets Manager.
"""

from __future__ import annotations

import copy
import email
import email.policy
import hashlib
import importlib.util
import json
import re
import sys
import time
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import moto
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.ses.models import ses_backends

import restore
from local.phone import Answer, Phone, Request, base64url
from restore import aws
from restore.store import pack, unpack
from tests.template import translated
from tests.unit.events import ADDRESSES, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    import pytest

ROOT: Final = translated.ROOT
REGION: Final = translated.REGION
TABLE: Final = "table"
PEPPER: Final = json.dumps({"current": "1", "1": "Ab3" * 21 + "x"})
START: Final = 1_795_000_200
"""A full ten minutes, an hour has 50 minutes left: windows of limits do not end by surprise."""
ADDRESS: Final = ADDRESSES[0]
SOURCE: Final = "198.51.100.7"
MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400

KEYS: Final[dict[str, dict[str, Any]]] = {
    "<SealKey.Arn>": {},
    "<LogKey.Arn>": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
}
"""The template's keys."""
ARCHIVE: Final = "log-archive"

Items = dict[tuple[str, str], dict[str, Any]]


class Clock:
    """The one clock of service and phones. Whoever sleeps moves it, so patience costs no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = float(START)
        monkeypatch.setattr(time, "time", lambda: self.now)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.move)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True)
class Route:
    """A route of the template: method, path with its variables, and the function behind it."""

    method: str
    path: str
    function: str

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path's variables as API Gateway finds them, or None where the route does not fit."""
        pattern = re.sub(r"\{([a-z]+)\}", r"(?P<\1>[^/]+)", self.path.replace(".", r"\."))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found and method == self.method else None


@cache
def routes() -> tuple[Route, ...]:
    """The routes of the template, those with fewer variables first, as API Gateway prefers them."""
    found = [
        Route(one["Properties"]["Method"], one["Properties"]["Path"], name)
        for name, function in translated.functions().items()
        for one in function["Properties"].get("Events", {}).values()
        if one["Type"] == "Api"
    ]
    return tuple(sorted(found, key=lambda route: route.path.count("{")))


def environment(function: str, parameters: dict[str, str]) -> dict[str, str]:
    """The environment that the template gives a function, deployed with these parameters."""
    stack = copy.copy(translated.stack())
    stack.parameters = stack.parameters | parameters
    variables = {
        **translated.source()["Globals"]["Function"]["Environment"]["Variables"],
        **translated.functions()[function]["Properties"].get("Environment", {}).get("Variables", {}),
    }
    return {name: str(stack._worked_out(value)) for name, value in variables.items()} | {"TABLE_NAME": TABLE}


@cache
def _all_names() -> frozenset[str]:
    """Every variable that any function has."""
    return frozenset(name for function in translated.functions() for name in environment(function, {}))


class Context:
    """As much of Lambda's context as is looked at."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Mail:
    """A mail that SES took."""

    to: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.message["Subject"])

    @property
    def language(self) -> str:
        """The language that it says it is in."""
        return str(self.message["Content-Language"])

    @property
    def text(self) -> str:
        """Its text part."""
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def codes(self) -> list[str]:
        """The codes in it: eight digits alone on a line."""
        return re.findall(r"^([0-9]{8})$", self.text, re.MULTILINE)

    @property
    def tokens(self) -> list[str]:
        """The dispute tokens in it."""
        return re.findall(r"/dispute/(\S+)$", self.text, re.MULTILINE)


class WorldPhone(Phone):
    """A phone whose requests arrive at the functions. `at` is the address that API Gateway sees."""

    def __init__(self, world: World, *, at: str = SOURCE, **options: Any) -> None:
        super().__init__(ADDRESS.url, **options)
        self.world = world
        self.at = at

    def send(self, request: Request) -> Answer:
        """Send a request as it is."""
        answer = self.world.send(request, at=self.at)
        self.log.append(answer)
        return answer


@dataclass
class Owner:
    """Somebody whose restore is enabled: the phone, the sheet of paper and the mailbox."""

    phone: WorldPhone
    restore_code: str
    label: str
    address: str

    @property
    def identity(self) -> str:
        """The user name."""
        assert self.phone.identity
        return self.phone.identity


@dataclass
class World:
    """One deployment with the template's parameters, some of them chosen. Made inside `moto.mock_aws`."""

    clock: Clock
    environ: pytest.MonkeyPatch
    parameters: dict[str, str] = field(default_factory=dict)
    handlers: dict[str, Any] = field(default_factory=dict)
    delivered: set[tuple[str, str]] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    odd_transactions: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make what the template makes: table, secret, and the sender as a verified identity."""
        declared = translated.stack().only("AWS::DynamoDB::Table")
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            **{name: declared[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")},
            StreamSpecification={"StreamEnabled": True, **declared["StreamSpecification"]},
        )
        dynamodb.update_time_to_live(TableName=TABLE, TimeToLiveSpecification=declared["TimeToLiveSpecification"])
        # `deliver` reads the items themselves: moto would copy all of the stream's records with every transaction
        dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].stream_shard = None
        secrets = aws.client("secretsmanager")
        secrets.create_secret(Name="<PepperSecret.Id>", SecretString=PEPPER)
        kms = aws.client("kms")
        self.references = {key: kms.create_key(**options)["KeyMetadata"]["Arn"] for key, options in KEYS.items()}
        aws.client("s3").create_bucket(
            Bucket=ARCHIVE,
            CreateBucketConfiguration={"LocationConstraint": REGION},
            ObjectLockEnabledForBucket=True,
        )
        self.references["<LogArchive>"] = ARCHIVE
        ses = aws.client("sesv2")
        ses.create_email_identity(EmailIdentity=translated.stack().parameters["Sender"])

    # Functions

    def redeploy(self, **parameters: str) -> None:
        """Start every function afresh, with further parameters of the template."""
        self.parameters |= parameters
        self.handlers.clear()

    def handler(self, function: str) -> Any:
        """The function's handler, started at its first call as Lambda does it."""
        if function not in self.handlers:
            source: Path = ROOT / translated.functions()[function]["Properties"]["CodeUri"] / "app.py"
            self.handlers[function] = self._start(function, source)
        return self.handlers[function]

    def _start(self, function: str, source: Path) -> Any:
        """Run the module anew, in the environment that the template gives this function and no other."""
        declared = environment(function, self.parameters)
        own = {name: self.references.get(value, value) for name, value in declared.items()}
        for name in _all_names() - set(own):
            self.environ.delenv(name, raising=False)
        for name, value in own.items():
            self.environ.setenv(name, value)
        # settings read the environment when they are imported: each function has its own, as in a process of its own
        sys.modules.pop("restore.settings", None)
        vars(restore).pop("settings", None)
        spec = importlib.util.spec_from_file_location(f"app_of_{function}_{time.perf_counter_ns()}", source)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # pydantic looks its annotations up there
        spec.loader.exec_module(module)
        return module.lambda_handler

    def send(self, request: Request, *, at: str = SOURCE) -> Answer:
        """Hand a request to the function behind its route, as API Gateway would."""
        proxied = self.event(request, at=at)
        result = self.handler(self.route(request)[0].function)(proxied, Context())
        assert set(result) == {"statusCode", "headers", "body"}
        assert all(isinstance(value, str) for value in result["headers"].values())
        assert result["headers"]["Cache-Control"] == "no-store"
        answer = Answer(request, result["statusCode"], tuple(result["headers"].items()), result["body"].encode(), 0.0)
        self.answers.append(answer)
        return answer

    def route(self, request: Request) -> tuple[Route, dict[str, str]]:
        """The route that a request takes, and its variables."""
        path = urlsplit(request.target).path.removeprefix(ADDRESS.sent)
        for route in routes():
            if (variables := route.match(request.method, path)) is not None:
                return route, variables
        raise LookupError(f"the template has no route for {request.method} {path}")

    def event(self, request: Request, *, at: str = SOURCE) -> dict[str, Any]:
        """The event that API Gateway makes of a request."""
        route, variables = self.route(request)
        made = event(
            ADDRESS,
            request.method,
            route.path,
            variables,
            headers=[(name, value) for name, value in request.headers if name != "Host"],
            query=_query(request.target),
            body=None if request.body is None else request.body.decode("utf-8", "replace"),
        )
        made["requestContext"]["identity"]["sourceIp"] = at
        return made

    # People

    def phone(self, **options: Any) -> WorldPhone:
        """A phone with fresh keys."""
        return WorldPhone(self, **options)

    def owner(self, identity: str = "ada", **options: Any) -> Owner:
        """Somebody whose restore is enabled and whose address is confirmed; `options` are the phone's.

        In a world where nothing else has happened this is played once for all tests, and then gone back to.
        """
        pristine = not (self.items() or self.parameters or options)
        if pristine and identity in _OWNERS:
            saved, owner = _OWNERS[identity]
            self.go_back(saved)
            phone = copy.copy(owner.phone)
            phone.world, phone.log = self, []
            return replace(owner, phone=phone)
        owner = self._enabled(identity, options)
        if pristine:
            _OWNERS[identity] = self.save(), owner
        return replace(owner, phone=copy.copy(owner.phone))

    def _enabled(self, identity: str, options: dict[str, Any]) -> Owner:
        phone, address = self.phone(**{"name": f"{identity}'s phone", **options}), f"{identity}@example.com"
        phone.create(identity).expect(201)
        made = phone.enable(address).expect(201)
        phone.confirm_email(self.mailed_code(address)).expect(200)
        return Owner(phone, made["restore_code"], made["code_label"], address)

    def begun(self, owner: Owner, **options: Any) -> tuple[WorldPhone, str, str]:
        """A new phone that has asked for a restoration: the phone, the restoration's id, and the mailed code."""
        phone = self.phone(**{"name": "new phone", **options})
        asked = phone.request_restore(owner.identity, owner.restore_code).expect(202)
        return phone, asked["restoration"]["id"], self.mailed_code(owner.address)

    def restored(self, owner: Owner, **options: Any) -> Owner:
        """The owner with a new phone, restored, and the code that came with it."""
        phone, number, code = self.begun(owner, **options)
        done = phone.complete(number, code).expect(201)
        return Owner(phone, done["restore_code"], done["code_label"], owner.address)

    def owner_of(self, phone: WorldPhone, owner: Owner) -> Owner:
        """The owner with a code made anew by their first phone; `phone` is another one of theirs."""
        made = owner.phone.enable().expect(201)
        return Owner(phone, made["restore_code"], made["code_label"], owner.address)

    # Mail

    @property
    def mails(self) -> list[Mail]:
        """All mails that were sent, in their order."""
        return [
            Mail(str(message["To"]), message)
            for sent in ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
            for message in [email.message_from_string(sent.raw_data, policy=email.policy.default)]
        ]

    def mailed_code(self, address: str) -> str:
        """The code in the latest mail to an address that has one."""
        return next(mail.codes[0] for mail in reversed(self.mails) if mail.to == address and mail.codes)

    def token(self, address: str) -> str:
        """The dispute token in the latest mail to an address that has one."""
        return next(mail.tokens[0] for mail in reversed(self.mails) if mail.to == address and mail.tokens)

    def deliver(self) -> list[Mail]:
        """Hand the event rows written since to the stream's consumer; the mails that it sent."""
        fresh = [(key, item) for key, item in sorted(self.items().items()) if key[1].startswith("E#")]
        records = [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {name: item[name] for name in ("PK", "SK")},
                    "NewImage": item,
                    "SequenceNumber": str(number),
                },
            }
            for number, (key, item) in enumerate(fresh)
            if key not in self.delivered
        ]
        before = len(self.mails)
        assert self.handler("Notify")({"Records": records}, Context()) == {"batchItemFailures": []}
        self.delivered |= {key for key, _ in fresh}
        return self.mails[before:]

    # Table

    def items(self, *, counters: bool = True) -> Items:
        """The whole table as DynamoDB has it; without the counters of source addresses where these do not matter."""
        table = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE]
        found = {}
        for partition in table.items.values():
            for item in partition.values():
                attributes = copy.deepcopy(item.to_json()["Attributes"])
                found[attributes["PK"]["S"], attributes["SK"]["S"]] = attributes
        return {key: item for key, item in found.items() if counters or not key[0].startswith("SRC#")}

    def item(self, identity: str, sort: str) -> dict[str, Any]:
        """One item of an identity as the service reads it; empty where there is none."""
        return unpack(self.items().get((f"ID#{identity}", sort), {}))

    def set(self, identity: str, sort: str, **attributes: Any) -> None:
        """Set attributes of an item behind the service's back, as a later release's functions will."""
        names = {f"#{name}": name for name in attributes}
        aws.client("dynamodb").update_item(
            TableName=TABLE,
            Key={"PK": {"S": f"ID#{identity}"}, "SK": {"S": sort}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={f":{name}": _packed(value) for name, value in attributes.items()},
        )

    def count(self, what: str) -> dict[str, int]:
        """The counters of a kind: how often each source did it, all windows together."""
        found: dict[str, int] = {}
        for (partition, _), item in self.items().items():
            if partition.startswith(f"SRC#{what}"):
                source = partition.removeprefix(f"SRC#{what}").rpartition("#")[2]
                found[source] = found.get(source, 0) + int(item["n"]["N"])
        return found

    def events(self, identity: str) -> list[dict[str, Any]]:
        """The rows of an identity's log, oldest first."""
        acts = [unpack(item) for key, item in sorted(self.items().items()) if key[0] == f"ID#{identity}"]
        return [row for act in acts if act["SK"].startswith("E#") for row in act["rows"]]

    def must_have_whole_logs(self) -> None:
        """B4: every log is numbered from 1 without a gap, and each hash follows from the one before, up to the head.

        Whatever the restore item has as cancelled has a row that says so.
        """
        for partition, sort in self.items():
            if sort != "R":
                continue
            identity = partition.removeprefix("ID#")
            if "head" not in self.item(identity, "R"):
                continue  # made by a test of the table, without a log
            rows, head = self.events(identity), hashlib.sha256(f"log of {identity}".encode()).digest()
            assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
            for row in rows:
                told = {"at": row["at"], "digest": _digest(row), "seq": row["seq"], "type": row["type"]}
                head = hashlib.sha256(head + _canonical(told)).digest()
                assert row["hash"] == base64url(head)
            restore_item = self.item(identity, "R")
            assert (restore_item["seq"], restore_item["head"]) == (len(rows), base64url(head))
            told = {
                kind: {row["detail"].get(kind) for row in rows if _ends(row)} for kind in ("restoration", "pairing")
            }
            for kind, name in (("restoration", "rst"), ("pairing", "pairs")):
                entries = restore_item.get(name, {})
                assert {one for one, entry in entries.items() if entry["st"] == "cancelled"} <= told[kind]

    def must_carry_forms(self) -> None:
        """Every item says which version of its form it has; a shard of counts has nothing but counts."""
        assert [key for key, item in self.items().items() if "form" not in item and key[0] != "COUNT"] == []

    def look_at(self, params: dict[str, Any], **_: Any) -> None:
        """Note a transaction that DynamoDB would refuse: of more than 100 actions, or with two on one item."""
        keys = []
        for action in params["TransactItems"]:
            ((_kind, arguments),) = action.items()
            key = arguments.get("Key") or {name: arguments["Item"][name] for name in ("PK", "SK")}
            keys.append(f"{key['PK']['S']} {key['SK']['S']}")
        if len(keys) > 100 or len(set(keys)) < len(keys):
            self.odd_transactions.append(keys)

    def save(self) -> Saved:
        """All that there is, to go back to."""
        table = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE]
        sent = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        return Saved(copy.deepcopy(table.items), list(sent), self.clock.now, set(self.delivered))

    def go_back(self, saved: Saved) -> None:
        """Make everything as it was; functions stay started."""
        dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].items = copy.deepcopy(saved.items)
        ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages = list(saved.sent)
        self.clock.now, self.delivered = saved.now, set(saved.delivered)


@dataclass(frozen=True)
class Saved:
    """What `World.save` keeps."""

    items: Any
    sent: list[Any]
    now: float
    delivered: set[tuple[str, str]]


_OWNERS: dict[str, tuple[Saved, Owner]] = {}


def make_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world that lasts for one test."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    if aws.client.cache_info().currsize and aws.client("dynamodb").meta.region_name != REGION:
        aws.client.cache_clear()
    clock = Clock(monkeypatch)
    with moto.mock_aws():
        world = World(clock, monkeypatch)
        events, name = aws.client("dynamodb").meta.events, "provide-client-params.dynamodb.TransactWriteItems"
        events.register(name, world.look_at, unique_id="transactions")
        try:
            yield world
        finally:
            events.unregister(name, unique_id="transactions")
        world.must_have_whole_logs()
        assert world.odd_transactions == [], "DynamoDB takes 100 actions, and one for an item"


def _ends(row: dict[str, Any]) -> bool:
    """Whether a row tells that something was cancelled, by itself or by a dispute."""
    kind: str = row["type"]
    return kind.endswith(".cancelled") or row.get("detail", {}).get("outcome") == "cancelled"


def _digest(row: dict[str, Any]) -> str:
    """What is personal in a row, hashed; an administrators' row about somebody erased has nothing else left."""
    if "salt" not in row:
        return str(row["digest"])
    personal = {name: row[name] for name in ("detail", "device", "source")}
    return base64url(hashlib.sha256(row["salt"].encode() + _canonical(personal)).digest())


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _query(target: str) -> dict[str, list[str]] | None:
    query = urlsplit(target).query
    if not query:
        return None
    found: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(name, []).append(value)
    return found


def _packed(value: Any) -> dict[str, Any]:
    packed: dict[str, Any] = pack({"value": value})["value"]
    return packed
