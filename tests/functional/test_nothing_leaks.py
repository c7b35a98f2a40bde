"""ASVS 16.2.5, 14.2.1: no code, secret, token, signature or address in what operators and strangers can see."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from local.phone import plain_symbols, selector
from restore import http
from tests.functional.acts import ACTS, DISPUTES, GUESSES
from tests.functional.faults import BY_NAME, Wire
from tests.functional.world import ADDRESS, PEPPER

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.phone import Answer
    from tests.functional.world import World

ALL = ACTS | GUESSES
PEPPER_KEY = json.loads(PEPPER)["1"]


@pytest.fixture
def said(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """All that was said since: the log as Lambda gets it, and what is printed beside it (metrics)."""
    world.handler("Notify")  # whose start makes the logger
    stream = io.StringIO()
    for name in {http.logger.service, "restore"}:  # it has another name where it was made before the environment was
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, logging.StreamHandler):
                monkeypatch.setattr(handler, "stream", stream)
    return lambda: stream.getvalue() + capsys.readouterr().out


def secrets_of(world: World) -> dict[str, str]:
    """Every secret that was handed out, by its value, with the kind of it."""
    found = {PEPPER_KEY: "pepper"}
    for answer in world.answers:
        told = answer.document
        if code := told.get("restore_code"):
            found |= spellings(code)
        if code := _sent(answer).get("restore_code"):
            found |= spellings(code)
        if secret := told.get("secret") or _sent(answer).get("secret"):
            found[secret] = "pairing secret"
        for value in re.findall(r":([A-Za-z0-9+/]{86}==):", answer.request.header("Signature") or ""):
            found[value] = "signature"
    for mail in world.mails:
        found |= dict.fromkeys(mail.codes, "e-mail code")
        for token in mail.tokens:
            found |= {token: "dispute token", token.rpartition(".")[2]: "dispute secret"}
    return found


def _sent(answer: Answer) -> dict[str, Any]:
    """The JSON object of the request."""
    sent: dict[str, Any] = json.loads(answer.request.body or b"{}")
    return sent


def spellings(code: str) -> dict[str, str]:
    """A restore code as it may be written, and its selector."""
    symbols = plain_symbols(code)
    return {code: "restore code", symbols: "restore code", symbols[:26]: "restore code", selector(code): "selector"}


@pytest.mark.parametrize("act", ALL)
def test_nothing_secret_in_logs_metrics_and_table(
    world: World, act: str, said: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    """Each act, answered, refused as a replay, and with its first call of AWS failing."""
    make = ALL[act](world)
    world.answers.clear()
    with Wire(BY_NAME["denied"], 0):
        world.send(make())
    request = make()
    world.send(request)
    world.send(request)
    world.deliver()
    log = said() + "".join(str(record.__dict__) for record in caplog.records)
    assert '"message":"answered"' in log or act in GUESSES
    assert '"message":"refused"' in log or act in DISPUTES
    table = json.dumps([[*key, item] for key, item in world.items().items()])
    secret = secrets_of(world)
    assert len(secret) > 1
    for value, kind in secret.items():
        assert value not in log, f"{kind} in what was logged"
        assert value not in table, f"{kind} in the table"
    for address in {mail.to for mail in world.mails}:
        assert address not in log, "an address in what was logged"


@pytest.mark.parametrize("act", ALL)
def test_answers_tell_codes_to_whom_they_belong_and_addresses_to_nobody(world: World, act: str) -> None:
    """A restore code is in the answer that makes it, once; the mailed one, a token, an address, the pepper in none."""
    world.send(ALL[act](world)())
    mailed = {code for mail in world.mails for code in mail.codes} | {
        one for mail in world.mails for one in mail.tokens
    }
    mailed |= {mail.to for mail in world.mails} | {PEPPER_KEY}
    for answer in world.answers:
        assert not [value for value in mailed if value in answer.text]
        must_tell_no_code_but_its_own(answer)


def must_tell_no_code_but_its_own(answer: Answer) -> None:
    """Whatever looks like a restore code stands in `restore_code` and in its QR alone; no URL has one before `#`."""
    own = answer.document.get("restore_code", "")
    text = answer.text.replace(own or "\0", "").replace(plain_symbols(own) or "\0", "")
    assert not re.search(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}", text)
    if "qr" in answer.document:
        before, _, after = answer.document["qr"]["uri"].partition("#")
        assert before == f"{ADDRESS.url}/{'restore' if own else 'pair'}"
        assert (plain_symbols(own) or answer.document["secret"]) in after


def test_what_goes_wrong_unforeseen_is_logged_without_its_message(world: World, said: Callable[[], str]) -> None:
    """The message of an exception may hold what was sent; the caller gets 503 and nothing internal (ASVS 16.5.1)."""
    owner = world.owner()
    paired = world.item("ada", "I")["devices"]
    world.set("ada", "I", devices={**paired, "12345678": {"v": "x", "s": 1}})  # KeyError: '12345678'
    answer = owner.phone.show()
    answer.expect(503, "unavailable")
    log = said()
    assert '"message":"unexpected"' in log
    assert '"Unexpected":[1.0]' in log
    assert "12345678" not in log
