"""Whatever is wrong with a request: the contract's 4xx problem document, never a 5xx, and nothing changes."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from local.phone import Key, Request, content_digest, fresh_nonce, signed
from restore.errors import CATALOGUE
from tests.functional.world import ADDRESS

if TYPE_CHECKING:
    from local.phone import Answer
    from tests.functional.world import Owner, World

BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "CreateIdentity": ("POST", "/v1/identities", {"identity": "bob", "device": {}}),
    "RefusePrompt": ("POST", "/v1/identities/ada/back-up-prompt", {"answer": "not_now"}),
    "EnableRestore": ("POST", "/v1/identities/ada/restore", {"email": "ada@example.com"}),
    "ConfirmEmail": ("POST", "/v1/identities/ada/email/confirmation", {"code": "12345678"}),
    "ChangeEmail": ("PUT", "/v1/identities/ada/email", {"email": "ada@example.net"}),
    "ChangeSecondEmail": ("PUT", "/v1/identities/ada/second-email", {"email": "ada@second.example"}),
    "ConfirmSecondEmail": ("POST", "/v1/identities/ada/second-email/confirmation", {"code": "12345678"}),
    "Drill": ("POST", "/v1/identities/ada/restore/drill", {"restore_code": ""}),
    "ChangeVerificationKey": (
        "PUT",
        f"/v1/identities/ada/devices/{'x' * 44}/verification-key",
        {"verification_key": None},
    ),
    "CompletePairing": (
        "POST",
        f"/v1/identities/ada/pairings/{'x' * 22}/completion",
        {"secret": "x" * 22, "device": {}},
    ),
    "RequestRestore": ("POST", "/v1/identities/ada/restorations", {"restore_code": "", "device": {}}),
    "CompleteRestore": ("POST", f"/v1/identities/ada/restorations/{'x' * 22}/completion", {"email_code": "12345678"}),
}
"""The routes with a body: a request of each that is well-formed but for what a test does to it."""

EMPTY: dict[str, tuple[str, str]] = {
    "SignIn": ("POST", "/v1/identities/ada/sign-ins"),
    "ShowIdentity": ("GET", "/v1/identities/ada"),
    "DisableRestore": ("DELETE", "/v1/identities/ada/restore"),
    "ResendConfirmation": ("POST", "/v1/identities/ada/email/confirmation/resend"),
    "ShowRestoration": ("GET", f"/v1/identities/ada/restorations/{'x' * 22}"),
    "CancelRestoration": ("DELETE", f"/v1/identities/ada/restorations/{'x' * 22}"),
    "ResendCode": ("POST", f"/v1/identities/ada/restorations/{'x' * 22}/resend"),
    "ResendSecondConfirmation": ("POST", "/v1/identities/ada/second-email/confirmation/resend"),
    "RemoveSecondEmail": ("DELETE", "/v1/identities/ada/second-email"),
    "ShowCode": ("GET", "/v1/identities/ada/restore/code"),
    "ShowEvents": ("GET", "/v1/identities/ada/events"),
    "ApproveRestoration": ("POST", f"/v1/identities/ada/restorations/{'x' * 22}/approval"),
    "OfferPairing": ("POST", "/v1/identities/ada/pairings"),
    "ShowPairing": ("GET", f"/v1/identities/ada/pairings/{'x' * 22}"),
    "CancelPairing": ("DELETE", f"/v1/identities/ada/pairings/{'x' * 22}"),
    "Reclaim": ("DELETE", "/v1/identities/ada/devices/held"),
    "EraseIdentity": ("DELETE", "/v1/identities/ada"),
    "Unpair": ("DELETE", f"/v1/identities/ada/devices/{'x' * 44}"),
}
"""The routes without one."""


@pytest.fixture
def owner(world: World) -> Owner:
    """Somebody with restore enabled, whose phone sends what is wrong."""
    return world.owner()


def refused(world: World, request: Request, status: int, code: str) -> dict[str, Any]:
    """Send it; it is refused with a whole problem document (RFC 9457), and the table is as before."""
    before, mails = world.items(), len(world.mails)
    answer = world.send(request)
    document = answer.expect(status, code)
    must_be_whole(answer)
    assert world.items() == before
    assert len(world.mails) == mails
    return document


def must_be_whole(answer: Answer) -> None:
    """Check type, title, status, detail and code of a problem document, and that nothing internal is in it."""
    document = answer.document
    status, title = CATALOGUE[document["code"]]
    assert (document["status"], answer.status, document["title"]) == (status, status, title)
    assert document["type"] == f"{ADDRESS.url}/problems/{document['code']}"
    assert document["detail"]
    further = {"signature_base", "errors", "policy", "until", "attempts_left"}
    assert set(document) <= {"type", "title", "status", "detail", "code"} | further
    assert "Traceback" not in answer.text
    assert "restore." not in answer.text


@pytest.mark.parametrize("function", BODIES)
@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'"text"', 422, "invalid"),
        (b"12", 422, "invalid"),
        (b"{}{}", 400, "malformed"),
        (b"[" * 8000, 400, "malformed"),
        (b'{"a":1,}', 400, "malformed"),
        (b'\xef\xbb\xbf{"a":1}', 400, "malformed"),
        (b'{"email":"\\ud800"}', 400, "malformed"),
        (b" " * 16385, 413, "too_large"),
    ],
    ids=lambda value: value[:12].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_a_body_that_is_no_json_object(
    world: World, owner: Owner, function: str, raw: bytes, status: int, code: str
) -> None:
    """400 `malformed`, 422 for JSON of another type, 413 above 16 KiB."""
    method, path, _ = BODIES[function]
    refused(world, owner.phone.prepare(method, path, raw, verified=True), status, code)


@pytest.mark.parametrize("function", sorted(set(BODIES) - {"EnableRestore", "CompleteRestore"}))
def test_a_body_that_is_not_there(world: World, owner: Owner, function: str) -> None:
    """Where something has to be said, saying nothing lacks it."""
    method, path, _ = BODIES[function]
    for raw in (None, b"", b"{}", b"  "):
        status, code = (400, "malformed") if raw == b"  " else (422, "invalid")
        refused(world, owner.phone.prepare(method, path, raw, verified=True), status, code)


@pytest.mark.parametrize("function", EMPTY)
def test_a_body_where_none_belongs(world: World, owner: Owner, function: str) -> None:
    """Absent, empty and `{}` are the same; a member is unknown, other JSON is no object."""
    method, path = EMPTY[function]
    for raw, status, code in (
        (b'{"x":1}', 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"{", 400, "malformed"),
        (b"[" * 9000, 400, "malformed"),
        (b" " * 16385, 413, "too_large"),
    ):
        refused(world, owner.phone.prepare(method, path, raw, verified=True), status, code)
    answers = [world.send(owner.phone.prepare(method, path, raw)) for raw in (None, b"", b"{}", b" {} ")]
    assert len({answer.status for answer in answers}) == 1


@pytest.mark.parametrize("function", BODIES)
def test_members_that_are_not_known_or_of_another_type(world: World, owner: Owner, function: str) -> None:
    """422 with the fields; what was sent is not repeated."""
    method, path, body = BODIES[function]
    for member, value in {
        "surprise-9f3": 1,
        "email": ["evil-9f3"],
        "identity": {"evil-9f3": 1},
        "code": 12345678,
    }.items():
        request = owner.phone.prepare(method, path, {**body, member: value}, verified=True)
        document = refused(world, request, 422, "invalid")
        assert document["errors"]
        assert all(set(error) == {"field", "message"} for error in document["errors"])
        assert "evil-9f3" not in json.dumps([error["message"] for error in document["errors"]])


@pytest.mark.parametrize("function", [*BODIES, *EMPTY])
def test_what_the_transport_refuses(world: World, owner: Owner, function: str) -> None:
    """Content types and codings (415), and whatever a signature may lack (401)."""
    method, path = BODIES[function][:2] if function in BODIES else EMPTY[function]
    raw = json.dumps(BODIES[function][2]).encode() if function in BODIES else b"{}"
    phone = owner.phone

    def plain(content_type: str = "application/json") -> Request:
        return phone.unsigned(method, path, raw, content_type=content_type)

    for odd in ("text/plain", "application/json; charset=latin-1", "application/jsonp", "multipart/form-data", ""):
        if odd:
            refused(world, phone.sign(plain(odd), verified=True), 415, "not_json")
    refused(world, phone.sign(plain().without("Content-Type"), verified=True), 415, "not_json")
    refused(world, phone.sign(plain().adding("Content-Encoding", "gzip"), verified=True), 415, "not_json")
    refused(world, plain(), 401, "signature_missing")
    good = phone.sign(plain(), verified=True)
    refused(world, dataclasses.replace(good, body=raw + b" "), 401, "signature_invalid")
    refused(world, good.replacing("Content-Digest", content_digest(raw + b" ")), 401, "signature_invalid")
    refused(world, good.without("Signature"), 401, "signature_invalid")
    refused(world, good.without("Signature-Input"), 401, "signature_missing")
    refused(world, good.replacing("Signature-Input", "((("), 401, "signature_invalid")
    now = int(world.clock.now)
    for created in (now - 121, now + 121):
        refused(world, phone.sign(plain(), verified=True, created=created), 401, "signature_expired")
    for nonce in ("short", "x" * 129, "!" * 24):
        refused(world, phone.sign(plain(), verified=True, nonce=nonce), 401, "signature_invalid")
    other_path = phone.sign(phone.unsigned(method, path.replace("identities", "identitiez"), raw), verified=True)
    refused(world, dataclasses.replace(other_path, target=good.target), 401, "signature_invalid")
    stranger = signed(
        plain().adding("Content-Digest", content_digest(raw)),
        Key.generate(),
        parameters=f';created={now};nonce="{fresh_nonce()}";keyid="{phone.key.public}";tag="id-restore"',
    )
    document = refused(world, stranger, 401, "signature_invalid")
    assert document["signature_base"].startswith(f'"@method": {method}\n')


def test_a_signature_header_split_over_two_lines_holds(world: World, owner: Owner) -> None:
    """AWS joins nothing: lines of the same name are one header, in any case."""
    request = owner.phone.prepare("DELETE", owner.phone.path("/restore"), verified=True)
    for name in ("Signature-Input", "Signature"):
        value = request.header(name)
        assert value
        first, _, second = value.partition(", verified=")
        request = request.without(name).adding(name, first).adding(name.lower(), f"verified={second}")
    world.send(request).expect(204)


IDENTITIES = [
    "a",
    "ab",
    "-ada",
    "ada-",
    "a" * 65,
    "ad a",
    "adä",
    "a/b",
    "ada\n",
    "a%64a",
    "\u212aelvin",
    "ada\u0000",
    "",
]


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_odd_identity_name_in_a_body(world: World, name: str) -> None:
    """422 `invalid`: the whole string has to match, after ASCII lower-casing alone."""
    phone = world.phone()
    refused(world, phone.prepare_creation(name), 422, "invalid")


@pytest.mark.parametrize("name", ["a", "-ada", "ada-", "a" * 65, "a~a"])
def test_an_odd_identity_name_in_a_path(world: World, owner: Owner, name: str) -> None:
    """422 on every route, before anything is looked up."""
    for function in [*BODIES, *EMPTY]:
        method, path = BODIES[function][:2] if function in BODIES else EMPTY[function]
        body = BODIES[function][2] if function in BODIES else None
        if "/ada" in path:
            request = owner.phone.prepare(method, path.replace("/ada", f"/{name}", 1), body, verified=True)
            refused(world, request, 422, "invalid")


@pytest.mark.parametrize("name", ["a%64a", "%00", "ad%2fa", "ad+a", "ad:a", "ad@a"])
def test_a_path_with_more_than_unreserved_symbols(world: World, owner: Owner, name: str) -> None:
    """Never unquoted: such a path cannot be signed."""
    for function in [*BODIES, *EMPTY]:
        method, path = BODIES[function][:2] if function in BODIES else EMPTY[function]
        body = BODIES[function][2] if function in BODIES else None
        if "/ada" in path:
            request = owner.phone.prepare(method, path.replace("/ada", f"/{name}", 1), body, verified=True)
            refused(world, request, 401, "signature_invalid")


ADDRESSES = [
    "",
    "ada",
    "ada@",
    "@example.com",
    "ada@example",
    "ada@@example.com",
    "ada@example.com\r\nBcc: eve@example.net",
    "ada@example.com\nBcc: eve@example.net",
    "ada@example.com,eve@example.net",
    "ada@example.com;eve@example.net",
    "Ada <ada@example.com>",
    "ada @example.com",
    '"a\\"@x"@example.com',
    "ada@exa_mple.com",
    "ada@-example.com",
    "ada@[192.0.2.1]",
    "ada@192.0.2.1",
    "ädä@example.com",
    "ada@éxample.com",
    "ada.@example.com",
    "ada..b@example.com",
    "ada@example.com.",
    f"{'a' * 65}@example.com",
    f"ada@{'a.' * 130}com",
    "ada@example.com\u0000",
    "=?utf-8?q?ada?=@example.com ",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_or_means_more_than_one(world: World, address: str) -> None:
    """422, at creation as at enabling: no header is injected, no second recipient slipped in, no mail sent."""
    phone = world.phone()
    refused(world, phone.prepare_creation("ada", address), 422, "invalid")
    phone.create("ada").expect(201)
    refused(world, phone.prepare_enabling(address), 422, "invalid")


def devices(device: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Devices that are none, made of a good one, by what is wrong with them."""
    p256_off_the_curve = base64.urlsafe_b64encode(b"\x02" + b"\x00" * 31 + b"\x01").rstrip(b"=").decode()
    uncompressed = base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).rstrip(b"=").decode()
    small_order = base64.urlsafe_b64encode(b"\x01" + b"\x00" * 31).rstrip(b"=").decode()
    return {
        "no name": {**device, "name": ""},
        "blank": {**device, "name": "   "},
        "long": {**device, "name": "x" * 65},
        "control": {**device, "name": "a\u0007b"},
        "line": {**device, "name": "a\nBcc: eve@example.com"},
        "direction": {**device, "name": "a\u202eb"},
        "number": {**device, "name": 7},
        "platform": {**device, "platform": "windows"},
        "off the curve": {**device, "public_key": p256_off_the_curve},
        "uncompressed": {**device, "public_key": uncompressed},
        "small order": {**device, "public_key": small_order},
        "padded": {**device, "public_key": device["public_key"] + "="},
        "no key": {name: value for name, value in device.items() if name != "public_key"},
        "verification off the curve": {**device, "verification_key": p256_off_the_curve},
        "verification small order": {**device, "verification_key": small_order},
        "unknown member": {**device, "id": "x"},
        "none": {},
    }


@pytest.mark.parametrize("wrong", devices({"public_key": ""}))
def test_a_device_that_is_none(world: World, owner: Owner, wrong: str) -> None:
    """422 at a creation, and at a restoration's request, whose device also has no verification key yet."""
    phone = world.phone()
    device = devices(phone.device)[wrong]
    body = {"identity": "bob", "device": device}
    refused(world, phone.prepare("POST", "/v1/identities", body, verified=True), 422, "invalid")
    wanted = {"restore_code": owner.restore_code, "device": device}
    refused(world, phone.prepare("POST", "/v1/identities/ada/restorations", wanted), 422, "invalid")


def test_a_restoration_is_requested_without_a_verification_key(world: World, owner: Owner) -> None:
    """It comes with the completion; here it is a member that is not known."""
    phone = world.phone()
    body = {"restore_code": owner.restore_code, "device": phone.device}
    refused(world, phone.prepare("POST", "/v1/identities/ada/restorations", body), 422, "invalid")


def test_a_restoration_is_requested_by_the_key_it_brings(world: World, owner: Owner) -> None:
    """Who brings a key proves that it is theirs."""
    phone = world.phone()
    body = {"restore_code": owner.restore_code, "device": world.phone().bare_device}
    refused(world, phone.prepare("POST", "/v1/identities/ada/restorations", body), 401, "signature_invalid")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "1234567",
        "123456789",
        "1234 5678",
        "abcdefgh",
        "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "12345678\n",
    ],
)
def test_an_email_code_of_another_form(world: World, owner: Owner, code: str) -> None:
    """422, and it costs no attempt."""
    new, number, _ = world.begun(owner)
    refused(world, new.prepare_completion(number, code), 422, "invalid")
    refused(world, owner.phone.prepare("POST", owner.phone.path("/email/confirmation"), {"code": code}), 422, "invalid")


def test_a_query_that_nobody_asked_for_is_part_of_what_is_signed(world: World, owner: Owner) -> None:
    """A query is covered or the signature does not hold."""
    request = owner.phone.prepare("GET", owner.phone.path())
    refused(world, dataclasses.replace(request, target=request.target + "?x=1"), 401, "signature_invalid")
