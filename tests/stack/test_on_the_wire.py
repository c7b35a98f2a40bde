"""Requests byte by byte, as proxies and odd clients write them, over sockets that normalise nothing."""

from __future__ import annotations

import dataclasses
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from local.phone import Request, signed
from tests.stack.people import Person, another_phone

if TYPE_CHECKING:
    from local.phone import Phone
    from local.stack import Stack


def spoken(lines: list[str], body: bytes, request: Request) -> tuple[int, dict[str, Any]]:
    """Send these lines and this body as they are; the status and the JSON object that come back."""
    where = urlsplit(request.origin)
    with socket.create_connection((str(where.hostname), where.port or 80), timeout=30) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        received = b""
        while chunk := wire.recv(65536):
            received += chunk
    head, _, content = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(content) if content.strip().startswith(b"{") else {}


def lines_of(request: Request) -> list[str]:
    """The request line and the header lines, the connection to be closed afterwards."""
    length = f"Content-Length: {len(request.body or b'')}"
    headers = [f"{name}: {value}" for name, value in request.headers]
    return [f"{request.method} {request.target} HTTP/1.1", *headers, length, "Connection: close"]


def verified_request(phone: Phone) -> Request:
    """Enabling restore: it needs both signatures of a phone."""
    return phone.prepare_enabling(f"{phone.identity}@example.com")


def test_signatures_on_two_lines_are_one_header(stack: Stack) -> None:
    """RFC 9110, 5.3: a label on each line is the list that one line would be; the gateway keeps both lines."""
    phone = Person.created(stack).phone
    request = verified_request(phone)
    lines = []
    for line in lines_of(request):
        name, _, value = line.partition(": ")
        if name in {"Signature", "Signature-Input"}:
            first, second = value.split(", verified=")
            lines += [f"{name}: {first}", f"{name}: verified={second}"]
        else:
            lines.append(line)
    assert len(lines) == len(lines_of(request)) + 2
    status, document = spoken(lines, request.body or b"", request)
    assert status == 201, document
    status, document = spoken(lines, request.body or b"", request)
    assert (status, document["code"]) == (401, "signature_replayed")


def test_lines_of_a_header_keep_their_order_whatever_stands_between(stack: Stack) -> None:
    """The second line of each header comes last, after the others': still the same two lists."""
    phone = Person.created(stack).phone
    request = verified_request(phone)
    first, last = [], []
    for line in lines_of(request):
        name, _, value = line.partition(": ")
        if name in {"Signature", "Signature-Input"}:
            one, two = value.split(", verified=")
            first.append(f"{name.lower()}: {one}")
            last.append(f"{name}: verified={two}")
        else:
            first.append(line)
    status, document = spoken([*first, *last], request.body or b"", request)
    assert status == 201, document


@pytest.mark.parametrize("casing", [str.upper, str.lower, str.swapcase])
def test_header_names_in_any_casing(stack: Stack, casing: Any) -> None:
    """RFC 9110, 5.1: names of headers have no case; HTTP/2 clients send small letters, others what they like."""
    phone = Person.created(stack).phone
    request = phone.prepare_sign_in()
    lines = lines_of(request)
    odd = [lines[0], *(f"{casing(name)}:{value}" for name, _, value in (line.partition(":") for line in lines[1:]))]
    assert odd[1:] != lines[1:]
    status, document = spoken(odd, request.body or b"", request)
    assert (status, document.get("sign_in_count")) == (201, 1), document


def test_blanks_around_values_are_no_part_of_them(stack: Stack) -> None:
    """RFC 9110, 5.5: leading and trailing blanks of a value mean nothing, in the digest's line neither."""
    phone = Person.created(stack).phone
    request = phone.prepare_sign_in()
    lines = [line if line.startswith("POST") else line.replace(": ", ":  \t", 1) + "  " for line in lines_of(request)]
    status, document = spoken(lines, request.body or b"", request)
    assert status == 201, document


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/identities/", "/%69dentities/"),
        ("/identities/p-", "/identities/%70-"),
        ("/identities/p-", "/identities/p%2D"),
        ("/sign-ins", "/sign%2Dins"),
        ("/identities/", "/identities/%2e%2e/identities/"),
        ("/identities/p-", "/identities/%00p-"),
        ("/identities/p-", "/identities/%ff"),
        ("/identities/p-", "/identities/%"),
        ("/identities/p-", "/identities/../identities/p-"),
        ("/identities/p-", "/identities/./p-"),
    ],
)
def test_paths_in_another_spelling_are_refused(stack: Stack, before: str, after: str) -> None:
    """ASVS 8.2.1: one path is one resource; signed or not, percent signs and dots are no other way to it.

    The local gateway decodes a path before the function sees it, so what would hold here for a signature of the plain
    path is left to the tests with AWS's own events.
    """
    phone = Person.created(stack).phone
    request = phone.prepare_sign_in()
    target = request.target.replace(before, after)
    assert target != request.target
    unsigned = dataclasses.replace(request, target=target).without("Signature").without("Signature-Input")
    for odd in (unsigned, signed(unsigned, phone.key)):
        status, document = spoken(lines_of(odd), odd.body or b"", odd)
        assert 400 <= status < 500, document
    assert phone.show().expect(200)["sign_in_count"] == 0


def test_query_that_nobody_asked_for_is_signed_or_refused(stack: Stack) -> None:
    """RFC 9421, 2.2.7: a query that is added on the way breaks the signature, since it has to be covered."""
    phone = Person.created(stack).phone
    request = phone.prepare_sign_in()
    added = dataclasses.replace(request, target=request.target + "?as=eve")
    status, document = spoken(lines_of(added), added.body or b"", added)
    assert (status, document["code"]) == (401, "signature_invalid")
    covered = signed(added.without("Signature").without("Signature-Input"), phone.key)
    status, document = spoken(lines_of(covered), covered.body or b"", covered)
    assert status == 201, document


def test_request_made_for_another_host_is_refused(stack: Stack) -> None:
    """RFC 9421, 7.2: what was signed for one server is nothing at another; the answer shows which one it is here."""
    phone = Person.created(stack).phone
    here = urlsplit(stack.api).netloc
    emulator = f"10.0.2.2:{urlsplit(stack.api).port}"
    for elsewhere in ("id.example.com", emulator, "127.0.0.1", here + "0"):
        unsigned = phone.prepare_sign_in().without("Signature").without("Signature-Input")
        made = signed(unsigned.replacing("Host", elsewhere), phone.key).replacing("Host", here)
        status, document = spoken(lines_of(made), made.body or b"", made)
        assert (status, document["code"]) == (401, "signature_invalid")
        assert f'"@authority": {here}\n' in document["signature_base"]
    # a name that the server knows as its own is another matter, if that is what was signed
    unsigned = phone.prepare_sign_in().without("Signature").without("Signature-Input")
    made = signed(unsigned.replacing("Host", emulator), phone.key)
    status, document = spoken(lines_of(made), made.body or b"", made)
    assert (status, document.get("sign_in_count")) == (201, 1), document
    moved = signed(unsigned, phone.key).replacing("Host", emulator)
    status, document = spoken(lines_of(moved), moved.body or b"", moved)
    assert (status, document["code"]) == (401, "signature_invalid")


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "Forwarded", "X-Original-Host", "X-Host"])
def test_no_header_says_what_the_server_is_called(stack: Stack, header: str) -> None:
    """Whoever may add headers cannot make a request for another server hold here, nor change links in answers."""
    phone = Person.created(stack).phone
    value = "host=id.example.com" if header == "Forwarded" else "id.example.com"
    unsigned = phone.prepare_sign_in().without("Signature").without("Signature-Input").adding(header, value)
    made = signed(unsigned.replacing("Host", "id.example.com"), phone.key)
    made = made.replacing("Host", urlsplit(stack.api).netloc)
    status, document = spoken(lines_of(made), made.body or b"", made)
    assert (status, document["code"]) == (401, "signature_invalid")
    assert document["type"] == f"{stack.api}/problems/signature_invalid"
    described = phone.send(phone.unsigned("GET", "/.well-known/id-restore").adding(header, value)).expect(200)
    assert described["server"] == stack.api


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Signature-Input", "phone=("),
        ("Signature-Input", 'phone=("@method");created=1'),
        ("Signature", "phone=:AAAA:"),
        ("Signature", "phone=AAAA"),
        ("Signature", "other=:AAAA:"),
        ("Content-Digest", "sha-256=:AAAA:"),
        ("Content-Digest", "md5=:AAAA:"),
    ],
)
def test_signature_headers_that_are_broken_are_told_from_none(stack: Stack, name: str, value: str) -> None:
    """Each is 401 with a document, never a 500, and nothing is counted."""
    phone = Person.created(stack).phone
    broken = phone.prepare_sign_in().replacing(name, value)
    status, document = spoken(lines_of(broken), broken.body or b"", broken)
    assert status == 401, document
    assert document["code"] in {"signature_invalid", "signature_missing"}
    twice = phone.prepare_sign_in()
    twice = twice.adding(name, twice.header(name) or "")
    status, document = spoken(lines_of(twice), twice.body or b"", twice)
    assert 400 <= status < 500, "a label, a digest, cannot be there twice"
    assert phone.show().expect(200)["sign_in_count"] == 0


def test_a_stranger_with_the_phones_own_request_line_is_nobody(stack: Stack) -> None:
    """ASVS 8.2.2: the same bytes but for the key that signs are `not_paired`, with no word about the identity."""
    person = Person.created(stack)
    stranger = another_phone(stack, person.identity)
    known = stranger.send(stranger.prepare_sign_in())
    stranger.identity = "nobody-" + person.identity
    unknown = stranger.send(stranger.prepare_sign_in())
    assert (known.status, known.code) == (401, "not_paired")
    assert (known.status, known.body) == (unknown.status, unknown.body)
