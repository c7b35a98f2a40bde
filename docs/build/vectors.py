"""docs/vectors.json: what an app's developer tests their own code against.

Made with the server's own code; a test checks every value with an independent implementation. P-256 signatures are made
deterministically (RFC 6979), only so that the file can be made again: a phone's differ each time and hold as well.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from restore import signatures
from restore.codes import RestoreCode, check_symbols
from restore.qr import pairing_qr, restore_qr

SERVER: Final = "https://id.example.com/live"
CREATED: Final = 1_795_000_000
NONCE: Final = "eDd7UldXtJRCf4kBT5fXmSjz"

KEYS: Final = {
    "p256 device": ("p256", "60981d80f6c14bca7cba5b963891842123dafd80778e61a0cbc4cbda7a04c66c"),
    "p256 verification": ("p256", "11" * 32),
    "ed25519 device": ("ed25519", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
    "ed25519 verification": ("ed25519", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
}
"""Name → kind and 64 hexadecimal digits: P-256's scalar, Ed25519's seed (two of RFC 8032's). They open nothing."""

REQUESTS: Final[list[dict[str, Any]]] = [
    {
        "name": "a body, by a P-256 device key",
        "method": "POST",
        "path": "/v1/identities/ada/back-up-prompt",
        "body": '{"answer":"not_now"}',
        "device": "p256 device",
    },
    {
        "name": "no body, by an Ed25519 device key",
        "method": "GET",
        "path": "/v1/identities/ada",
        "device": "ed25519 device",
    },
    {
        "name": "a query",
        "method": "GET",
        "path": "/v1/identities/ada/events?cursor=MTI",
        "device": "p256 device",
    },
    {
        "name": "verified, no body, both keys P-256",
        "method": "DELETE",
        "path": "/v1/identities/ada/restore",
        "device": "p256 device",
        "verification": "p256 verification",
    },
    {
        "name": "verified, a body with other than ASCII, both keys Ed25519",
        "method": "POST",
        "path": "/v1/identities",
        "body": (
            '{"identity":"ada","device":{"name":"Ädas Telefon","platform":"android",'
            '"public_key":"<ed25519 device>","verification_key":"<ed25519 verification>"}}'
        ),
        "device": "ed25519 device",
        "verification": "ed25519 verification",
    },
    {
        "name": "a server at the root of another port, an empty object",
        "server": "http://127.0.0.1:8080",
        "method": "POST",
        "path": "/v1/identities/ada/sign-ins",
        "body": "{}",
        "device": "p256 device",
    },
]

RANDOM_SYMBOLS: Final = ("0123456789ABCDEFGHJKMNPQRS", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "7KQD0MX3J9TBWZ5V1HNP8RCA2E")
DER: Final = {
    "both numbers full": (2**255 + 7, 2**254 + 9),
    "short numbers are padded": (1, 2**247 - 1),
    "a leading zero of DER is dropped": (2**256 - 2**224, 2**255),
}


def text() -> str:
    """The file as it is written: JSON, two blanks, UTF-8."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """All vectors."""
    return {
        "about": (
            "Test vectors for apps, generated from the server's own code. Keys and codes in it open nothing. P-256 "
            "signatures differ each time they are made: verify these, and let yours be verified."
        ),
        "keys": [_key(name) for name in KEYS],
        "der_to_raw": [_der(name, r, s) for name, (r, s) in DER.items()],
        "requests": [_request(**request) for request in REQUESTS],
        "restore_codes": _restore_codes(),
        "qr": _qr(),
    }


def _private(name: str) -> ec.EllipticCurvePrivateKey | Ed25519PrivateKey:
    kind, secret = KEYS[name]
    if kind == "p256":
        return ec.derive_private_key(int(secret, 16), ec.SECP256R1())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _public(name: str) -> str:
    public = _private(name).public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _base64url(public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))
    return _base64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _key(name: str) -> dict[str, str]:
    kind, secret = KEYS[name]
    spki = _private(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "name": name,
        "algorithm": {"p256": "ecdsa-p256-sha256", "ed25519": "ed25519"}[kind],
        "private": secret,
        "spki": base64.b64encode(spki).decode(),
        "public_key": _public(name),
    }


def _der(name: str, r: int, s: int) -> dict[str, str]:
    return {
        "name": name,
        "der": base64.b64encode(encode_dss_signature(r, s)).decode(),
        "raw": base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode(),
    }


def _sign(name: str, base: bytes) -> bytes:
    private = _private(name)
    if isinstance(private, Ed25519PrivateKey):
        return private.sign(base)
    r, s = decode_dss_signature(private.sign(base, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32) + s.to_bytes(32)


def _request(
    *,
    name: str,
    method: str,
    path: str,
    device: str,
    body: str | None = None,
    verification: str | None = None,
    server: str = SERVER,
) -> dict[str, Any]:
    for placed in KEYS:
        body = body and body.replace(f"<{placed}>", _public(placed))
    url = urlsplit(server + path)
    parts = ["@method", "@authority", "@path"]
    headers: dict[str, str] = {}
    if url.query:
        parts.append("@query")
    if body is not None:
        parts.append("content-digest")
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        headers = {"Content-Type": "application/json", "Content-Digest": f"sha-256=:{digest}:"}
    request = signatures.Request(
        method=method,
        authority=url.netloc,
        path=url.path,
        query=url.query or None,
        headers={key.lower(): value for key, value in headers.items()},
        body=body.encode() if body is not None else None,
    )
    made = []
    signers = [("device", signatures.TAG, device)]
    if verification is not None:
        signers.append(("verified", signatures.TAG_VERIFIED, verification))
    for label, tag, key in signers:
        covered = " ".join(f'"{part}"' for part in parts)
        params = f'({covered});created={CREATED};nonce="{NONCE}";keyid="{_public(key)}";tag="{tag}"'
        base = signatures.signature_base(request, f"{label}={params}")
        signature = base64.b64encode(_sign(key, base.encode())).decode()
        made.append({"label": label, "key": key, "parameters": params, "signature_base": base, "signature": signature})
    return {
        "name": name,
        "method": method,
        "url": server + path,
        "body": body,
        "headers": {
            **headers,
            "Signature-Input": ", ".join(f"{one['label']}={one['parameters']}" for one in made),
            "Signature": ", ".join(f"{one['label']}=:{one['signature']}:" for one in made),
        },
        "created": CREATED,
        "nonce": NONCE,
        "signatures": made,
    }


def _restore_codes() -> dict[str, Any]:
    codes = [RestoreCode(symbols + check_symbols(symbols)) for symbols in RANDOM_SYMBOLS]
    valid = [
        {
            "random": code.symbols[:26],
            "check": code.symbols[26:],
            "symbols": code.symbols,
            "shown": code.grouped,
            "selector": code.selector,
        }
        for code in codes
    ]
    one = codes[0]
    lenient = [
        one.grouped.lower(),
        one.grouped.replace("-", " "),
        f"  {one.symbols} ",
        one.grouped.replace("0", "O").replace("1", "I"),
        one.grouped.replace("0", "o").replace("1", "l"),
        "-".join(one.symbols),
    ]
    wrong = one.symbols
    mistyped = {
        "the first symbol is another": "Z" + wrong[1:],
        "two neighbours are swapped": wrong[:3] + wrong[4] + wrong[3] + wrong[5:],
        "a check symbol is another": wrong[:-1] + ("0" if wrong[-1] != "0" else "1"),
        "a symbol is missing": wrong[:-1],
        "a symbol too many": wrong + "0",
        "U is no symbol": "U" + wrong[1:],
        "nothing": "",
    }
    return {
        "valid": valid,
        "lenient": [{"typed": typed, "symbols": RestoreCode.read(typed).symbols} for typed in lenient],
        "mistyped": [{"typed": typed, "why": why} for why, typed in mistyped.items()],
    }


def _qr() -> list[dict[str, str]]:
    symbols = RANDOM_SYMBOLS[2] + check_symbols(RANDOM_SYMBOLS[2])
    code, pairing, secret = RestoreCode(symbols), "3kqP0bqyJ0mTtGvqf8r2Yw", "q8r2Yw3kqP0bqyJ0mTtGvA"
    odd = "https://id.example.com/restore"
    restored: str = restore_qr(SERVER, "ada", code)["uri"]
    return [
        {"uri": restored, "kind": "restore", "server": SERVER, "identity": "ada", "code": symbols},
        {
            "uri": pairing_qr(SERVER, "ada", pairing, secret)["uri"],
            "kind": "pair",
            "server": SERVER,
            "identity": "ada",
            "pairing": pairing,
            "secret": secret,
        },
        {
            "uri": restore_qr(odd, "ada.lovelace", code)["uri"],
            "kind": "restore",
            "server": odd,
            "identity": "ada.lovelace",
            "code": symbols,
        },
        {"uri": f"{restored}&later=1", "kind": "restore", "server": SERVER, "identity": "ada", "code": symbols},
    ]
