"""docs/vectors.json, checked without the service's own code: its signatures, keys and codes are what they say."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ED25519
from http_message_signatures.structures import CaseInsensitiveDict

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "docs" / "vectors.json").read_text(encoding="utf-8")
)
KEYS: Final = {key["name"]: key for key in VECTORS["keys"]}
CODES: Final = VECTORS["restore_codes"]
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def raw(text: str) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_key(text: str) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    """A key as the wire has it."""
    if len(raw(text)) == 33:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(text))
    return ed25519.Ed25519PublicKey.from_public_bytes(raw(text))


class ByKeyid(HTTPSignatureKeyResolver):
    """The key id is the key."""

    def resolve_public_key(self, key_id: str) -> Any:
        """The key of its text."""
        return public_key(key_id)


class Message:
    """A request as the library wants it."""

    def __init__(self, vector: dict[str, Any]) -> None:
        self.method: str = vector["method"]
        self.url: str = vector["url"]
        self.headers = CaseInsensitiveDict(vector["headers"])  # type: ignore[no-untyped-call]  # no types there


def verified(vector: dict[str, Any], message: Message) -> list[str]:
    """The labels whose signatures hold; InvalidSignature otherwise. The library reads one member at a time."""
    found = []
    for one in vector["signatures"]:
        algorithm = ED25519 if KEYS[one["key"]]["algorithm"] == "ed25519" else ECDSA_P256_SHA256
        message.headers["Signature-Input"] = f"{one['label']}={one['parameters']}"
        message.headers["Signature"] = f"{one['label']}=:{one['signature']}:"
        verifier = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=ByKeyid())
        verifier.validate_created_and_expires = lambda *_, **__: None  # type: ignore[method-assign]  # vectors are old
        (result,) = verifier.verify(message)
        found.append(str(result.label))
    return found


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["name"])
class TestRequests:
    """Each request, by http-message-signatures."""

    def test_every_signature_holds(self, vector: dict[str, Any]) -> None:
        """Under the keys that it names, over the very request that is printed."""
        assert verified(vector, Message(vector)) == [one["label"] for one in vector["signatures"]]

    def test_none_holds_for_another_request(self, vector: dict[str, Any]) -> None:
        """Another method, and nothing holds any more."""
        message = Message(vector)
        message.method = "PATCH"
        with pytest.raises(InvalidSignature):
            verified(vector, message)

    def test_headers_are_put_together_from_the_signatures(self, vector: dict[str, Any]) -> None:
        """The two headers say what the list of signatures does, and one nonce, key and time for all."""
        headers, signatures = vector["headers"], vector["signatures"]
        assert headers["Signature-Input"] == ", ".join(f"{one['label']}={one['parameters']}" for one in signatures)
        assert headers["Signature"] == ", ".join(f"{one['label']}=:{one['signature']}:" for one in signatures)
        tags = ["id-restore", "id-restore-verified"]
        for one, tag in zip(signatures, tags, strict=False):
            public, end = KEYS[one["key"]]["public_key"], f';tag="{tag}"'
            rest = f';created={vector["created"]};nonce="{vector["nonce"]}";keyid="{public}"{end}'
            assert one["parameters"].endswith(rest)
            assert one["signature_base"].endswith(f'\n"@signature-params": {one["parameters"]}')

    def test_the_digest_is_the_bodys(self, vector: dict[str, Any]) -> None:
        """RFC 9530, over the body's UTF-8; without a body there is none."""
        if vector["body"] is None:
            assert "Content-Digest" not in vector["headers"]
            return
        digest = base64.b64encode(hashlib.sha256(vector["body"].encode()).digest()).decode()
        assert vector["headers"]["Content-Digest"] == f"sha-256=:{digest}:"
        assert json.loads(vector["body"]) is not None


@pytest.mark.parametrize("vector", VECTORS["keys"], ids=lambda vector: vector["name"])
def test_a_key_is_one_in_each_of_its_forms(vector: dict[str, Any]) -> None:
    """Secret, SPKI and the wire's text are one key."""
    secret = bytes.fromhex(vector["private"])
    private: Any = (
        ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        if vector["algorithm"] == "ed25519"
        else ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
    )
    assert private.public_key() == load_der_public_key(base64.b64decode(vector["spki"]))
    assert private.public_key() == public_key(vector["public_key"])


@pytest.mark.parametrize("vector", VECTORS["der_to_raw"], ids=lambda vector: vector["name"])
def test_der_is_r_and_s(vector: dict[str, Any]) -> None:
    """Two integers of DER, each 32 bytes long in the raw form; read by hand (X.690, 8.3)."""
    der, numbers = base64.b64decode(vector["der"]), []
    assert (der[0], der[1]) == (0x30, len(der) - 2)
    at = 2
    while at < len(der):
        assert der[at] == 0x02
        numbers.append(int.from_bytes(der[at + 2 : at + 2 + der[at + 1]]))
        at += 2 + der[at + 1]
    assert base64.b64decode(vector["raw"]) == b"".join(number.to_bytes(32) for number in numbers)


def check_symbols(symbols: str) -> str:
    """The first ten bits of SHA-256, five for each symbol, by way of a string of bits."""
    bits = "".join(f"{byte:08b}" for byte in hashlib.sha256(symbols.encode()).digest())
    return ALPHABET[int(bits[:5], 2)] + ALPHABET[int(bits[5:10], 2)]


def read(typed: str) -> str | None:
    """A code as it was typed; None where it is none."""
    kept = [{"O": "0", "I": "1", "L": "1"}.get(one, one) for one in typed.upper() if one not in " -"]
    symbols = "".join(kept)
    good = len(symbols) == 28 and set(symbols) <= set(ALPHABET) and check_symbols(symbols[:26]) == symbols[26:]
    return symbols if good else None


def test_restore_codes_are_read_as_they_say() -> None:
    """Valid, leniently spelled and mistyped ones."""
    for code in CODES["valid"]:
        assert code["symbols"] == code["random"] + check_symbols(code["random"]) == code["random"] + code["check"]
        assert code["shown"].split("-") == [code["symbols"][at : at + 4] for at in range(0, 28, 4)]
        assert code["selector"] == code["symbols"][:8]
        assert read(code["shown"]) == code["symbols"]
    assert all(read(code["typed"]) == code["symbols"] for code in CODES["lenient"])
    assert all(read(code["typed"]) is None for code in CODES["mistyped"])


@pytest.mark.parametrize("vector", VECTORS["qr"], ids=lambda vector: vector["uri"])
def test_a_qr_code_says_server_identity_and_secret(vector: dict[str, Any]) -> None:
    """The server is what stands before the last `/restore#` or `/pair#`."""
    address, _, members = vector["uri"].partition("#")
    server, _, kind = address.rpartition("/")
    said = dict(one.split("=", 1) for one in members.split("&"))
    assert (server, kind, said["i"]) == (vector["server"], vector["kind"], vector["identity"])
    if kind == "restore":
        assert said["c"] == vector["code"] == read(vector["code"])
    else:
        assert (said["p"], said["s"]) == (vector["pairing"], vector["secret"])
