"""The document against the deployed stack: schemathesis sends what it allows, and what it does not, signed by a phone.

Every request carries signatures that hold, so it gets past them; every answer has to be a documented one, and none a
server's failure. Bounded: each route a few times, then as many rounds as fit into the time.
Which statuses were seen is in the stack's folder, schemathesis.json.
"""

from __future__ import annotations

import json
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.phone import Phone, Request
from local.user_pool import Administrators

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from local.stack import Stack

DOCUMENT: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8")
)
SECONDS: Final = 40
CASES: Final = 3
PEOPLE: Final = 6
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SENT_BY_US: Final = {"Signature", "Signature-Input", "Content-Digest", "X-Forwarded-For"}


class Signing:
    """Signs what requests is about to send, as a phone would: with both keys, under a source address of its own.

    On an administrator's route it brings a token: of one of several people, since an hour has thirty acts for each.
    """

    def __init__(self, phone: Phone, tokens: list[str]) -> None:
        self.phone = phone
        self.tokens = tokens
        self.calls = 0

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign; `prepared` is changed, as requests wants it of its hooks."""
        assert prepared.url
        assert prepared.method
        self.calls += 1
        for name in SENT_BY_US:
            prepared.headers.pop(name, None)
        if "/v1/admin/" in prepared.url:
            prepared.headers["Authorization"] = f"Bearer {self.tokens[self.calls % len(self.tokens)]}"
            return prepared
        scheme, _, rest = prepared.url.partition("://")
        authority, slash, target = rest.partition("/")
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        assert body is None or isinstance(body, bytes)
        request = Request(prepared.method, f"{scheme}://{authority}", slash + target, body=body)
        for name, value in self.phone.sign(request, verified=True).headers:
            prepared.headers[name] = value
        prepared.headers["X-Forwarded-For"] = f"198.51.{self.calls // 250}.{self.calls % 250 + 1}"
        return prepared


def bring_keys(case: Any, phone: Phone) -> None:
    """Put the phone's own keys where the body brings keys: who brings a key has to prove that it is theirs."""
    body = case.body
    if not isinstance(body, dict):
        return
    device = body.get("device")
    for holder, name, key in (
        (device, "public_key", phone.key),
        (device, "verification_key", phone.verification),
        (body, "verification_key", phone.verification),
    ):
        if isinstance(holder, dict) and isinstance(holder.get(name), str) and key is not None:
            holder[name] = key.public


def owner(stack: Stack) -> tuple[Phone, dict[str, str]]:
    """A paired phone, and ids of its own for the variables of paths: what can be is really there."""
    phone = Phone(stack.api, name="Sue's phone", source="198.51.100.1")
    phone.create("sue-of-schemas").expect(201)
    phone.enable("sue-of-schemas@example.org").expect(201)
    (mail,) = stack.mailbox.mails("sue-of-schemas@example.org")
    code = next(line for line in mail.text.splitlines() if line.isdigit() and len(line) == 8)
    phone.confirm_email(code).expect(200)
    made = phone.enable().expect(201)
    new = Phone(stack.api, name="another", source="198.51.100.2")
    asked = new.request_restore("sue-of-schemas", made["restore_code"]).expect(202)
    offered = phone.act("POST", phone.path("/pairings"), {}, verified=True).expect(201)
    return phone, {
        "identity": "sue-of-schemas",
        "restoration": asked["restoration"]["id"],
        "pairing": offered["pairing"]["id"],
        "device": phone.id,
    }


def ends_the_phone(operation: Any) -> bool:
    """Whether the route may unpair the phone that signs."""
    return operation.method == "delete" and operation.path in {
        "/v1/identities/{identity}",
        "/v1/identities/{identity}/devices/{device}",
    }


@pytest.mark.filterwarnings("ignore:Do not use the .random. module inside strategies")  # schemathesis itself does
def test_the_stack_answers_as_documented(stack: Stack) -> None:
    """Valid and invalid bodies, parameters and headers on every route: never 5xx, always a documented answer."""
    phone, there = owner(stack)
    document = schemathesis.openapi.from_dict(DOCUMENT)
    operations: list[Any] = [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) == sum(len(item.keys() - {"parameters"}) for item in DOCUMENT["paths"].values())
    people = Administrators.of(stack.summary)
    sign = Signing(phone, [people.token("admin", f"s{number}") for number in range(PEOPLE)])
    begun = time.monotonic()
    passed_signatures = 0
    statuses: dict[str, set[int]] = {operation.label: set() for operation in operations}

    def send(case: Any) -> None:
        nonlocal passed_signatures
        bring_keys(case, phone)
        if "{token}" not in case.operation.path:
            case.path_parameters |= {name: there[name] for name in case.path_parameters or {} if name in there}
        answer = case.call(base_url=stack.api, auth=sign, allow_redirects=False, timeout=30)
        statuses[case.operation.label].add(answer.status_code)
        passed_signatures += answer.status_code != 401
        case.validate_response(answer, checks=CHECKS)

    for turn in count():
        for operation in operations:
            for mode in schemathesis.GenerationMode:
                if not ends_the_phone(operation) and (turn == 0 or time.monotonic() < begun + SECONDS):
                    _run(operation, mode, send, turn)
        if time.monotonic() >= begun + SECONDS:
            break
    for operation in filter(ends_the_phone, operations):
        _run(operation, schemathesis.GenerationMode.POSITIVE, send, 0)
    told: dict[str, object] = {"requests": sign.calls, "past the signatures": passed_signatures}
    told |= {label: sorted(seen) for label, seen in statuses.items()}
    (stack.folder / "schemathesis.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
    assert all(statuses.values()), [label for label, seen in statuses.items() if not seen]
    assert passed_signatures > sign.calls / 2


def _run(operation: Any, mode: Any, send: Callable[[Any], None], turn: int) -> None:
    @hypothesis.seed(turn)
    @hypothesis.settings(
        max_examples=CASES,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def cases(case: Any) -> None:
        send(case)

    try:
        cases()
    except hypothesis.errors.Unsatisfiable:
        return  # nothing can be wrong with a route that takes nothing
