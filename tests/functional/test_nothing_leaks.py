"""ASVS 16.2.5, 14.2.1: no code, secret, token, signature or address in what operators and strangers can see."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from local.phone import plain_symbols, selector
from restore import aws, http
from restore.errors import Problem
from tests.functional.acts import ACTS, DISPUTES, GUESSES
from tests.functional.clerks import Clerk, set_policy
from tests.functional.faults import BY_NAME, Wire
from tests.functional.nights import Nights
from tests.functional.test_mail_feedback import Post
from tests.functional.world import ADDRESS, HOUR, PEPPER

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.phone import Answer
    from tests.functional.world import Owner, World

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


# Administrators, and what runs after acts

WHY = "Grandmother's phone fell into the Limmat at Zurich"
SECOND = "ada@second.example"


def must_be_silent(world: World, log: str) -> None:
    """No code, token or secret, no address of a user or an administrator, and no reason."""
    for value, kind in secrets_of(world).items():
        assert value not in log, f"{kind} in what was logged"
    for address in {mail.to for mail in world.mails}:
        assert address not in log, "an address in what was logged"
    assert "@" not in re.sub(r"arn:\S+", "", log), "an address in what was logged"
    assert WHY not in log, "a reason in what was logged"
    assert "Limmat" not in log


def watched(world: World) -> Owner:
    """Ada with two addresses, a second phone, a kept code, and a restoration and a pairing under way."""
    set_policy(world, keep_sealed_codes=True).expect(200)
    owner = world.owner()
    owner.phone.change_second_email(SECOND).expect(202)
    owner.phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    owner.phone.offer_pairing().expect(201)
    world.begun(owner)
    return owner


OFFICE: dict[str, Callable[[World, Owner, str | None], Answer]] = {
    "reveal": lambda world, _, given: asked(world, "restore-code/reveal", given),
    "send": lambda world, _, given: asked(world, "restore-code/send", given),
    "issue": lambda world, _, given: asked(world, "restore-code/issue", given, hours=8),
    "barring": lambda world, _, given: asked(world, "restore/barring", given),
    "unbarring": lambda world, _, given: asked(world, "restore/unbarring", given),
    "unpairing": lambda world, owner, given: asked(world, f"devices/{owner.phone.id}/unpairing", given),
    "cancellation": lambda world, _, given: asked(
        world, f"restorations/{next(iter(world.item('ada', 'R')['rst']))}/cancellation", given
    ),
}
"""Every act of an administrator about a person."""


def asked(world: World, what: str, approval: str | None, **more: Any) -> Answer:
    """One of them, for a reason that is nobody else's business."""
    return Clerk(world, "admin", sub="asks").act("ada", what, WHY, approval=approval, **more)


@pytest.mark.parametrize("two_people", [False, True])
@pytest.mark.parametrize("act", OFFICE)
def test_what_administrators_do_is_not_in_the_log(
    world: World, act: str, *, two_people: bool, said: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    """ASVS 16.2.5, S15, B2: the code that is revealed, sent or issued, whose it is, to which address, and why."""
    owner = watched(world)
    if act == "unbarring":
        asked(world, "restore/barring", None).expect(204)
    if two_people:
        set_policy(world, two_person_approval=True).expect(200)
    with Wire(BY_NAME["denied"], 0):
        OFFICE[act](world, owner, None)
    answer = OFFICE[act](world, owner, None)
    if answer.status == 202:
        number = answer.json()["approval"]["id"]
        OFFICE[act](world, owner, number).expect(403, "not_allowed")
        approver = Clerk(world, "admin", sub="approves")
        approver.call("GET", "/approvals").expect(200)
        approver.call("POST", f"/approvals/{number}", {"approve": True}).expect(204)
        answer = OFFICE[act](world, owner, number)
    assert answer.status in {200, 201, 204}, answer.text
    with Wire(BY_NAME["mail rejected"], 0, for_ever=True):
        OFFICE[act](world, owner, None)
    Clerk(world, None, sub="nobody").act("ada", "restore-code/reveal", WHY).expect(403, "not_allowed")
    world.deliver()
    log = said() + "".join(str(record.__dict__) for record in caplog.records)
    assert '"message":"answered"' in log
    assert '"message":"refused"' in log
    assert '"administrator":"asks"' in log
    assert '"message":"mailed"' in log
    must_be_silent(world, log)


@pytest.mark.parametrize(
    "target",
    [
        "/identities",
        "/identities?prefix=ad",
        "/identities/ada",
        "/events",
        "/events?identity=ada",
        "/events?about=ada",
        "/readiness",
        "/approvals",
        "/policy",
    ],
)
def test_what_administrators_read_is_not_in_the_log(world: World, target: str, said: Callable[[], str]) -> None:
    """ASVS 16.2.5: hints, devices' names, reasons and sources are for who asks, as JSON and as a table of text."""
    watched(world)
    asked(world, "restore-code/reveal", None).expect(200)
    said()
    clerk = Clerk(world, "admin", sub="reads")
    clerk.call("GET", target).expect(200)
    if target.startswith("/events"):
        assert clerk.call("GET", target, accept="text/csv").status == 200
    log = said()
    assert '"message":"answered"' in log
    must_be_silent(world, log)
    assert "ada's phone" not in log


def test_what_runs_after_acts_logs_nothing_of_them(
    world: World, said: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    """ASVS 16.2.5: mailing, publishing, indexing, feedback, signing, erasing: each done, and each with AWS failing."""
    nights, post = Nights(world), Post(world)
    hooks = aws.client("sesv2").meta.events
    hooks.register_first("before-send.sesv2.SendEmail", post.note)
    try:
        with nights.awake():
            owner = watched(world)
            world.restored(owner)
            asked(world, "restore-code/reveal", None).expect(200)
            asked(world, "restore-code/send", None).expect(204)
            world.deliver()
            world.clock.move(HOUR)
            bounced, complained = post.bounced(owner.address), post.complained(SECOND)
            with Wire(BY_NAME["denied"], 0, for_ever=True):
                post.told(bounced)
            post.takes(bounced, complained)
            post.takes({**bounced, "detail": {**bounced["detail"], "eventType": "Other"}})
            events = nights.new()
            with Wire(BY_NAME["denied"], 0, for_ever=True):
                nights.index(events)
            nights.index(events)
            nights.move_to(1)
            with Wire(BY_NAME["denied"], 2, for_ever=True), pytest.raises(Problem):
                nights.sign()
            assert nights.sign()
            owner.phone.erase().expect(204)
            erased = nights.new()
            with Wire(BY_NAME["denied"], 0, for_ever=True):
                nights.erase(erased)
            assert nights.erase(erased) == {"batchItemFailures": []}
    finally:
        hooks.unregister("before-send.sesv2.SendEmail", post.note)
    log = said() + "".join(str(record.__dict__) for record in caplog.records)
    for word in ("mailed", "published", "indexed", "indexing put off", "feedback", "feedback put off"):
        assert f'"message":"{word}"' in log, word
    for word in ("signed", "not signed", "erased", "erasing put off"):
        assert f'"message":"{word}"' in log, word
    must_be_silent(world, log)
