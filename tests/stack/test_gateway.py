"""What API Gateway itself answers, and that everything refused is a problem document with a page behind its `type`."""

from __future__ import annotations

import dataclasses
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from local.phone import Answer, Request, content_digest, send, signed
from tests.stack.people import Person, another_phone

if TYPE_CHECKING:
    from local.stack import Stack

LONGEST_BODY = 16 * 1024


def is_a_problem(stack: Stack, answer: Answer, status: int, code: str) -> None:
    """RFC 9457: its media type, an absolute `type` under the server's address, and the status again in the document."""
    assert (answer.status, answer.code) == (status, code), answer.text
    assert answer.header("Content-Type") == "application/problem+json"
    assert answer.header("Cache-Control") == "no-store"
    document = answer.document
    assert document["type"] == f"{stack.api}/problems/{code}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert not set(document) & {"message", "errorMessage", "requestId", "stackTrace"}


def page_behind(answer: Answer) -> Answer:
    """What a person sees that opens a problem's `type`."""
    where = urlsplit(answer.document["type"])
    return send(Request("GET", f"{where.scheme}://{where.netloc}", where.path, (("Host", where.netloc),)))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/identities"),
        ("PUT", "/v1/identities/ada"),
        ("PATCH", "/v1/identities/ada"),
        ("POST", "/v1/identities/ada"),
        ("GET", "/v1/identities/ada/sign-ins"),
        ("POST", "/v1/identities/ada/devices/some/other"),
        ("POST", "/.well-known/id-restore"),
        ("PUT", "/dispute/ada.email.1234567890123456789012"),
        ("POST", "/v2/identities"),
        ("DELETE", "/problems/not_found"),
    ],
)
def test_unknown_routes_and_wrong_verbs_are_not_found(stack: Stack, method: str, path: str) -> None:
    """ASVS 16.5.1: neither reaches a function, and both have the form of every other refusal."""
    phone = another_phone(stack)
    answer = phone.send(phone.unsigned(method, path, None if method == "GET" else {}))
    is_a_problem(stack, answer, 404, "not_found")
    page = page_behind(answer)
    assert page.status == HTTPStatus.OK
    assert (page.header("Content-Type") or "").startswith("text/html")


def test_every_kind_of_refusal_has_a_page(stack: Stack) -> None:
    """RFC 9457, 3.1.1: one refusal of each class of status, its `type` followed to a page that says what it means."""
    person = Person.restorable(stack)
    phone, stranger = person.phone, person.other_phone()
    path = phone.path("/email/confirmation")
    oversized = phone.prepare("POST", path, {"code": "0" * LONGEST_BODY})
    refusals = [
        (phone.prepare("POST", path, b"{"), 400, "malformed"),
        (phone.unsigned("GET", phone.path()), 401, "signature_missing"),
        (stranger.prepare("GET", phone.path()), 401, "not_paired"),
        (stranger.prepare_restoration("nobody-" + person.identity, person.paper), 403, "restore_refused"),
        (phone.prepare_unpairing(stranger.id), 404, "not_found"),
        (stranger.prepare_creation(person.identity), 409, "identity_taken"),
        (oversized, 413, "too_large"),
        (phone.sign(phone.unsigned("POST", path, {"code": "1"}, content_type="text/plain")), 415, "not_json"),
        (phone.prepare("POST", path, {"code": "1", "more": 1}), 422, "invalid"),
    ]
    for request, status, code in refusals:
        answer = send(request)
        is_a_problem(stack, answer, status, code)
        page = page_behind(answer)
        assert page.status == HTTPStatus.OK, code
        assert code in page.text


@pytest.mark.parametrize("size", [LONGEST_BODY, LONGEST_BODY + 1])
def test_bodies_end_at_sixteen_kibibytes(stack: Stack, size: int) -> None:
    """The last byte that is read, and the first that is not; blanks in JSON count as well."""
    phone = Person.created(stack).phone
    body = b"{}" + b" " * (size - 2)
    answer = phone.send(phone.prepare("POST", phone.path("/sign-ins"), body))
    if size <= LONGEST_BODY:
        answer.expect(201)
    else:
        is_a_problem(stack, answer, 413, "too_large")
    assert phone.show().expect(200)["sign_in_count"] == (size <= LONGEST_BODY)


def test_details_are_in_the_readers_language_and_titles_are_not(stack: Stack) -> None:
    """The `detail` is fit to be shown; `title` and `code` are for programs."""
    english, german = (another_phone(stack, "nobody-here", language=language).show() for language in ("en", "de"))
    for answer in (english, german):
        is_a_problem(stack, answer, 401, "not_paired")
    assert english.document["title"] == german.document["title"]
    assert english.document["detail"] != german.document["detail"]


def test_answers_of_the_api_are_kept_nowhere(stack: Stack) -> None:
    """ASVS 14.3.2 3.4.1 3.4.4: on what is told and what is refused."""
    person = Person.restorable(stack)
    for answer in (person.phone.show(), person.phone.sign_in(), person.phone.enable(), person.other_phone().show()):
        assert answer.header("Cache-Control") == "no-store"
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Strict-Transport-Security") == "max-age=63072000"
        assert answer.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'"


def test_content_coding_is_refused(stack: Stack) -> None:
    """A coded body would arrive decoded behind API Gateway, so its digest could not hold: 415 says why."""
    phone = Person.created(stack).phone
    request = phone.prepare("POST", phone.path("/sign-ins"), {}).adding("Content-Encoding", "gzip")
    is_a_problem(stack, phone.send(request), 415, "not_json")


def test_a_body_of_broken_text_never_passes_its_digest(stack: Stack) -> None:
    """Invalid UTF-8 is refused, as what it is or by its digest, and nothing has happened."""
    phone = Person.created(stack).phone
    broken = b'{"answer":"\xff\xfe"}'
    request = phone.unsigned("POST", phone.path("/back-up-prompt"), broken)
    request = signed(request.adding("Content-Digest", content_digest(broken)), phone.key)
    answer = phone.send(request)
    assert (answer.status, answer.code) in {(400, "malformed"), (401, "signature_invalid")}
    other = dataclasses.replace(phone.prepare("POST", phone.path("/sign-ins"), {}), body=b"{ }")
    is_a_problem(stack, phone.send(other), 401, "signature_invalid")
    assert phone.show().expect(200)["sign_in_count"] == 0
