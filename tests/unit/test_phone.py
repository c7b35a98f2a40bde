"""The simulated phone, against the contract's worked example, an independent signer, and a listening socket."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ED25519
from http_message_signatures.structures import CaseInsensitiveDict
from hypothesis import given
from hypothesis import strategies as st

from local import phone
from local.phone import Answer, Key, KeyKind, Phone, Request, Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = "https://id.example.com/live"
SCALAR = "60981d80f6c14bca7cba5b963891842123dafd80778e61a0cbc4cbda7a04c66c"
PUBLIC = "As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa"
CREATED = 1_795_000_000
NONCE = "eDd7UldXtJRCf4kBT5fXmSjz"
DIGEST = "sha-256=:4Ec0NH8BCWLM0VrOTBZSpuQ+IwH5yeo2FCxfUrCuxgI=:"
PARAMS = (
    f'("@method" "@authority" "@path" "content-digest");created={CREATED};nonce="{NONCE}"'
    f';keyid="{PUBLIC}";tag="id-restore"'
)
EXAMPLE_SIGNATURE = "mTrfDXtor4Ajumc+zu/loaIYc0/9C2Lxyz8w4x+TzPh1D/s1KoBp8vHc40aWAh+7vkiNmvtcK/MJaiyAjdQyDA=="
BASE = f"""\
"@method": POST
"@authority": id.example.com
"@path": /live/v1/identities/ada/back-up-prompt
"content-digest": {DIGEST}
"@signature-params": {PARAMS}"""


def a_phone(server: str = SERVER, **chosen: Any) -> Phone:
    """Ada's phone."""
    return Phone(server, identity="ada", **chosen)


def holds(public: str, signature: bytes, base: str) -> bool:
    """Whether a signature of the contract's form holds, checked from the public key's text alone."""
    raw = base64.urlsafe_b64decode(public + "=" * (-len(public) % 4))
    try:
        if len(raw) == 32:
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, base.encode())
        else:
            der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
            key.verify(der, base.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


class Keys(HTTPSignatureKeyResolver):
    """What the independent package asks for keys: the phone's own."""

    def __init__(self, *keys: Key) -> None:
        self._keys = {key.public: key for key in keys}

    def resolve_private_key(self, key_id: str) -> Any:
        """The private key of an id."""
        return self._keys[key_id].private

    def resolve_public_key(self, key_id: str) -> Any:
        """The public key of an id."""
        return self._keys[key_id].private.public_key()


@dataclasses.dataclass
class Message:
    """A request as the independent package reads one."""

    method: str
    url: str
    headers: CaseInsensitiveDict
    body: bytes | None

    @classmethod
    def of(cls, request: Request) -> Self:
        """The message that a request of the phone is."""
        headers = CaseInsensitiveDict({name: request.header(name) for name, _ in request.headers})  # type: ignore[no-untyped-call]
        return cls(request.method, request.origin + request.target, headers, request.body)


@dataclasses.dataclass
class OneAnswer:
    """A listener that keeps what each connection sends, and its address as that of a server with a path."""

    address: str
    read: list[bytes] = dataclasses.field(default_factory=list)


@contextmanager
def answering(answer: bytes) -> Iterator[OneAnswer]:
    """Take connections one after the other while inside, and give each the same answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = OneAnswer(f"http://127.0.0.1:{listener.getsockname()[1]}/live")

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as stream:
                    head = b"".join(iter(stream.readline, b"\r\n"))
                    lengths = [
                        line.partition(b":")[2] for line in head.split(b"\r\n") if line.startswith(b"Content-Length")
                    ]
                    server.read.append(head + b"\r\n" + stream.read(int(lengths[0]) if lengths else 0))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


class TestSignatures:
    """What the phone signs, and how."""

    def test_the_worked_example_is_signed_as_printed(self) -> None:
        """The contract's key, request and parameters give its base to the letter, and a signature that holds."""
        ada = a_phone()
        ada.key = Key.from_scalar("p256", SCALAR)
        assert ada.id == PUBLIC
        body = {"answer": "not_now"}
        request = ada.prepare("POST", ada.path("/back-up-prompt"), body, created=CREATED, nonce=NONCE)
        assert request.target == "/live/v1/identities/ada/back-up-prompt"
        assert request.body == b'{"answer":"not_now"}'
        assert request.header("Content-Digest") == DIGEST
        assert request.header("Signature-Input") == f"phone={PARAMS}"
        assert phone.signature_base(request, phone.covered_components(request), PARAMS) == BASE
        made = (request.header("Signature") or "").removeprefix("phone=:").removesuffix(":")
        assert holds(PUBLIC, base64.b64decode(made), BASE)
        assert holds(PUBLIC, base64.b64decode(EXAMPLE_SIGNATURE), BASE)
        assert not holds(PUBLIC, base64.b64decode(made), BASE + "\n")

    @pytest.mark.parametrize("kind", ["p256", "ed25519"])
    @pytest.mark.parametrize("server", [SERVER, "https://id.example.com", "http://127.0.0.1:8080/live"])
    def test_an_independent_verifier_accepts_both_signatures(self, kind: KeyKind, server: str) -> None:
        """N4 S4: of a verified request, device and verification signature each hold for `http-message-signatures`."""
        ada = a_phone(server, kind=kind, verification_kind=kind)
        assert ada.verification is not None
        request = ada.prepare("POST", ada.path("/restore"), {"email": "ada@example.com"}, verified=True)
        algorithm = ECDSA_P256_SHA256 if kind == "p256" else ED25519
        resolver = Keys(ada.key, ada.verification)
        verifier = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=resolver)
        for tag, key in {phone.DEVICE_TAG: ada.key, phone.VERIFIED_TAG: ada.verification}.items():
            (result,) = verifier.verify(Message.of(request), expect_tag=tag)
            assert result.parameters["keyid"] == key.public
            assert set(result.covered_components) - {'"@signature-params"'} == {
                '"@method"',
                '"@authority"',
                '"@path"',
                '"content-digest"',
            }

    @pytest.mark.parametrize("target", ["/v1/identities/ada/events?cursor=abc", "/v1/identities/ada"])
    def test_an_independent_signer_makes_the_same_base(self, target: str) -> None:
        """Query included, `http-message-signatures` signs the very text that the phone signs."""
        ada = a_phone("http://127.0.0.1:8080/live")
        request = ada.prepare("GET", target, created=CREATED, nonce=NONCE)
        components = phone.covered_components(request)
        theirs = HTTPMessageSigner(signature_algorithm=ECDSA_P256_SHA256, key_resolver=Keys(ada.key)).prepare(
            Message.of(ada.unsigned("GET", target)),
            key_id=ada.id,
            created=dt.datetime.fromtimestamp(CREATED, dt.UTC),
            nonce=NONCE,
            label="phone",
            tag=phone.DEVICE_TAG,
            include_alg=False,
            covered_component_ids=components,
        )
        ours = phone.signature_base(request, components, theirs.signature_params)
        assert ours.encode() == theirs.signature_base

    def test_a_verified_request_has_one_nonce(self) -> None:
        """All signatures of a request carry the same nonce, and no two requests do."""
        ada = a_phone()
        inputs = [ada.prepare("DELETE", ada.path("/restore"), verified=True).header("Signature-Input") for _ in "12"]
        nonces = [[part[7:31] for part in (text or "").split(";") if part.startswith("nonce=")] for text in inputs]
        assert all(first == second for first, second in nonces)
        assert len({first for first, _ in nonces}) == 2

    def test_a_phone_without_verification_key_signs_once(self) -> None:
        """Asked for a verified request, it sends what it can: the device key's signature alone."""
        bare = a_phone(verification_kind=None)
        request = bare.prepare("DELETE", bare.path("/restore"), verified=True)
        assert "verified" not in (request.header("Signature-Input") or "")
        assert "verification_key" not in bare.device

    @pytest.mark.parametrize(
        ("origin", "host", "named"),
        [
            ("https://ID.example.com:443", None, "id.example.com"),
            ("http://id.example.com:80", None, "id.example.com"),
            ("http://127.0.0.1:8080", None, "127.0.0.1:8080"),
            ("https://id.example.com:80", None, "id.example.com:80"),
            ("http://127.0.0.1:8080", "Other.Example", "other.example"),
        ],
    )
    def test_the_authority_is_written_as_the_standard_says(self, origin: str, host: str | None, named: str) -> None:
        """RFC 9421, 2.2.3: lower case, without the scheme's own port; the Host header's where there is one."""
        request = Request("GET", origin, "/", () if host is None else (("Host", host),))
        assert phone.authority(request) == named

    @given(scalar=st.integers(min_value=1, max_value=2**255), message=st.binary(max_size=64))
    def test_raw_signatures_always_have_64_bytes(self, scalar: int, message: bytes) -> None:
        """R and s with leading zeros are not shortened, as they are in DER."""
        key = Key.from_scalar("p256", f"{scalar:064x}")
        assert len(key.sign(message)) == 64
        assert len(base64.urlsafe_b64decode(key.public + "=" * (-len(key.public) % 4))) == 33


class TestOnTheWire:
    """What leaves the phone, seen from the other end."""

    def test_nothing_is_normalised_on_the_way(self) -> None:
        """Odd paths, header lines twice and bodies that are no text arrive as they were prepared."""
        with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
            ada = a_phone(server.address, source="192.0.2.7")
            odd = ada.unsigned("POST", "/v1/./identities//a%64a/../%7e?b=1&a=2&", b"\xff\x00", content_type="text/odd")
            ada.send(odd.adding("Signature", "a=:AA==:").adding("Signature", "b=:AA==:"))
        (head, body) = server.read[0].split(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0] == b"POST /live/v1/./identities//a%64a/../%7e?b=1&a=2& HTTP/1.1"
        assert [line for line in lines if line.startswith(b"Signature")] == [
            b"Signature: a=:AA==:",
            b"Signature: b=:AA==:",
        ]
        assert b"X-Forwarded-For: 192.0.2.7" in lines
        assert b"Content-Type: text/odd" in lines
        assert sum(line.lower().startswith(b"host:") for line in lines) == 1
        assert body == b"\xff\x00"

    def test_what_was_prepared_can_be_sent_twice(self) -> None:
        """A replay is the very same bytes, and both answers are in the log."""
        with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
            ada = a_phone(server.address)
            request = ada.prepare_sign_in()
            answers = [ada.send(request), ada.send(request)]
        assert server.read[0] == server.read[1]
        assert ada.log == answers

    def test_a_created_identity_is_the_phones_own(self) -> None:
        """The name as the server wrote it, not as it was typed."""
        answer = (
            b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"identity":"ada"}'
        )
        with answering(answer) as server:
            new = Phone(server.address)
            new.create("ADA").expect(201)
        assert new.identity == "ada"


class TestAnswers:
    """How an answer is judged."""

    @staticmethod
    def answer(status: int, kind: str, body: bytes) -> Answer:
        """An answer to some request."""
        return Answer(Request("GET", SERVER, "/x"), status, (("content-type", kind),), body, 0.1)

    def test_an_expected_refusal_gives_its_document(self) -> None:
        """Status and code both have to fit."""
        refused = self.answer(403, "application/problem+json", b'{"code":"wrong_code","attempts_left":4}')
        assert refused.expect(403, "wrong_code")["attempts_left"] == 4
        for status, code in [(403, None), (401, "wrong_code"), (403, "restore_refused")]:
            with pytest.raises(Unexpected, match=r"GET /x: expected .*, came 403 wrong_code"):
                refused.expect(status, code)

    def test_a_refusal_has_to_be_a_problem_document(self) -> None:
        """A code in any other kind of document is none."""
        with pytest.raises(Unexpected):
            self.answer(403, "application/json", b'{"code":"wrong_code"}').expect(403, "wrong_code")

    def test_an_answer_that_is_no_json_is_shown(self) -> None:
        """What came is in the message, whatever it is."""
        with pytest.raises(Unexpected, match="<h1>Bad gateway</h1>"):
            self.answer(502, "text/html", b"<h1>Bad gateway</h1>").expect(200)


class TestRestoreCodes:
    """Codes as people type them."""

    @given(st.text(alphabet=phone.SYMBOLS, min_size=8, max_size=8))
    def test_a_made_up_code_is_well_formed(self, beginning: str) -> None:
        """N1: it passes every check but the one that counts, and starts as it was told to."""
        code = phone.made_up_code(beginning)
        assert [len(group) for group in code.split("-")] == [4] * 7
        assert phone.is_well_formed(code)
        assert phone.selector(code) == beginning
        assert not phone.is_well_formed(phone.mistyped(code))
        assert phone.selector(phone.mistyped(code)) == beginning

    def test_check_symbols_of_a_known_code(self) -> None:
        """The first ten bits of SHA-256 over 26 zeros, worked out by hand: 0x575b… begins 01010 11101."""
        assert phone.check_symbols("0" * 26) == "AX"

    @pytest.mark.parametrize("write", [str.lower, lambda c: c.replace("-", " "), lambda c: f" {c.replace('0', 'o')} "])
    def test_codes_are_read_leniently(self, write: Any) -> None:
        """S8: any case, blanks for hyphens, O for 0."""
        code = phone.made_up_code("00000000")
        assert phone.plain_symbols(write(code)) == code.replace("-", "")

    @given(st.integers(min_value=0, max_value=10**8 - 1), st.integers(min_value=1, max_value=9))
    def test_other_digits_are_others(self, number: int, step: int) -> None:
        """Eight digits, leading noughts included, and never the same."""
        code = f"{number:08d}"
        other = phone.other_digits(code, step)
        assert len(other) == 8
        assert other != code
