"""Administrators over HTTP at the deployed stack: who may do what, under each function's own role, and their races."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from local.clerk import Clerk
from local.user_pool import ROLES, Administrators
from tests.stack.people import Person
from tests.stack.racing import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack

REASON = "as asked by phone"
NOBODY = "/identities/nobody-at-all"

MATRIX: list[tuple[str, str, Any, str, int]] = [
    ("GET", "/policy", None, "auditor", HTTPStatus.OK),
    ("GET", "/identities", None, "auditor", HTTPStatus.OK),
    ("GET", NOBODY, None, "auditor", HTTPStatus.NOT_FOUND),
    ("GET", "/events", None, "auditor", HTTPStatus.OK),
    ("GET", "/readiness", None, "auditor", HTTPStatus.OK),
    ("POST", f"{NOBODY}/devices/none/unpairing", {"reason": REASON}, "helpdesk", HTTPStatus.NOT_FOUND),
    ("POST", f"{NOBODY}/restore/barring", {"reason": REASON}, "helpdesk", HTTPStatus.NOT_FOUND),
    ("POST", f"{NOBODY}/restore/unbarring", {"reason": REASON}, "helpdesk", HTTPStatus.NOT_FOUND),
    ("POST", f"{NOBODY}/restorations/none/cancellation", {"reason": REASON}, "helpdesk", HTTPStatus.NOT_FOUND),
    ("POST", f"{NOBODY}/restore-code/send", {"reason": REASON}, "helpdesk", HTTPStatus.NOT_FOUND),
    ("POST", f"{NOBODY}/restore-code/reveal", {"reason": REASON}, "admin", HTTPStatus.NOT_FOUND),
    ("POST", f"{NOBODY}/restore-code/issue", {"reason": REASON, "hours": 1}, "admin", HTTPStatus.NOT_FOUND),
    ("PUT", "/policy", {}, "admin", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("GET", "/approvals", None, "admin", HTTPStatus.OK),
    ("POST", "/approvals/none", {"approve": True}, "admin", HTTPStatus.NOT_FOUND),
]
"""Each route of the contract's table with the least role, and what somebody is answered who has it."""


@pytest.fixture(scope="module")
def clerk(stack: Stack) -> Callable[..., Clerk]:
    """Somebody of a role, or of none; people of one word are the same person."""
    people = Administrators.of(stack.summary)

    def of(role: str | None, person: str = "") -> Clerk:
        return Clerk(stack.api, people.token(role, person))

    return of


@pytest.mark.parametrize("role", [*ROLES, None])
def test_the_contracts_roles_hold(clerk: Callable[..., Clerk], role: str | None) -> None:
    """A 8.2, S16: the table of roles, route by route, through the real authorizer."""
    somebody = clerk(role, f"m{secrets.token_hex(3)}")  # fresh: thirty acts an hour are a person's
    rank = -1 if role is None else ROLES.index(role)
    for method, target, body, least, status in MATRIX:
        answer = somebody.call(method, target, body)
        if rank >= ROLES.index(least):
            assert answer.status == status, (method, target)
        else:
            answer.expect(HTTPStatus.FORBIDDEN, "not_allowed")


def test_the_thirty_first_act_of_an_hour_is_refused(clerk: Callable[..., Clerk]) -> None:
    """B2: also where the acts come at once; another person of the role goes on."""
    busy = clerk("helpdesk", f"b{secrets.token_hex(3)}")
    act = busy.prepare("POST", f"{NOBODY}/restore/barring", {"reason": REASON})
    answers = [answer for _ in range(4) for answer in at_once([act] * 9)]
    codes = sorted(str(answer.code) for answer in answers)
    assert codes == ["not_found"] * 30 + ["too_many_requests"] * 6
    refused = next(answer for answer in answers if answer.code == "too_many_requests")
    assert 0 < int(refused.header("Retry-After") or 0) <= 3600
    busy.call("GET", "/readiness").expect(200)
    clerk("helpdesk", f"c{secrets.token_hex(3)}").act("nobody-at-all", "restore/barring", REASON).expect(
        404, "not_found"
    )


def test_two_administrators_at_once_leave_a_device(stack: Stack, clerk: Callable[..., Clerk]) -> None:
    """The contract's races: unpairings at once never leave an identity without a device while restore is off."""
    for _ in range(2):
        person = Person.created(stack)
        person.phone.enable(person.inbox.address).expect(201)
        code, _mail = person.inbox.next_code("the address's confirmation")
        person.phone.confirm_email(code).expect(200)
        tablet = person.with_second_phone()
        person.phone.disable().expect(204)
        one, other = (clerk("helpdesk", f"{who}{secrets.token_hex(3)}") for who in "xy")
        target = f"/identities/{person.identity}/devices/{{}}/unpairing"
        answers = at_once(
            [
                one.prepare("POST", target.format(person.phone.id), {"reason": REASON}),
                other.prepare("POST", target.format(tablet.id), {"reason": REASON}),
            ]
        )
        assert sorted(answer.status for answer in answers) == [204, 409]
        shown = one.call("GET", f"/identities/{person.identity}").expect(200)
        assert len(shown["devices"]) == 1


def test_an_approval_is_used_once_however_many_use_it(stack: Stack, clerk: Callable[..., Clerk]) -> None:
    """B2, B15: eight requests with one approval at once make one code; nobody but the one who asked gets it."""
    person = Person.restorable(stack)
    asks, allows = clerk("admin", f"p{secrets.token_hex(3)}"), clerk("admin", f"q{secrets.token_hex(3)}")
    before, version = asks.policy()
    asks.call("PUT", "/policy", {**before, "two_person_approval": True}, if_match=version).expect(200)
    try:
        target, body = f"/identities/{person.identity}/restore-code/issue", {"reason": REASON, "hours": 1}
        number = asks.call("POST", target, body).expect(202)["approval"]["id"]
        allows.decide(number).expect(204)
        answers = at_once([asks.prepare("POST", target, body, approval=number)] * 8)
        assert sorted(answer.status for answer in answers) == [201] + [403] * 7
        shown = asks.call("GET", f"/identities/{person.identity}").expect(200)
        (issued,) = [answer.document for answer in answers if answer.status == HTTPStatus.CREATED]
        assert shown["issued_code"]["code_label"] == issued["code_label"]
    finally:
        _, version = asks.policy()
        number = asks.call("PUT", "/policy", before, if_match=version).expect(202)["approval"]["id"]
        allows.decide(number).expect(204)
        asks.call("PUT", "/policy", before, if_match=version, approval=number).expect(200)
