"""Public keys as the wire has them: base64url without padding of a P-256 or an Ed25519 point.

A device's id is its public key, so a key must have one spelling only: what decodes to the same key by another text
would be a second device. `parse` therefore takes canonical text alone, and no point that proves nothing.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from collections.abc import Callable

type Algorithm = Literal["ecdsa-p256-sha256", "ed25519"]
"""The names of RFC 9421, 6.2.2."""

SIGNATURE_BYTES: Final = 64
"""Raw r || s of P-256 (RFC 9421, 3.3.4) and R || S of Ed25519 (RFC 8032) are equally long."""

_P256_BYTES: Final = 33
_ED25519_FIELD: Final = 2**255 - 19
_ED25519_D: Final = -121665 * pow(121666, -1, _ED25519_FIELD) % _ED25519_FIELD
_ORDER_EIGHT: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset(
    {0, 1, _ED25519_FIELD - 1, _ORDER_EIGHT, _ED25519_FIELD - _ORDER_EIGHT},
)
"""The y of the eight points whose order divides 8: under such a key a signature can be made without a secret."""

_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{43,44}")
_TO_STANDARD: Final = str.maketrans("-_", "+/")


class PublicKey:
    """A key that may verify; equal where its text is.

    `text` is the one spelling on the wire, the id of a device; `algorithm` follows from the length.
    """

    __slots__ = ("_holds", "algorithm", "text")

    def __init__(self, text: str, algorithm: Algorithm, holds: Callable[[bytes, bytes], bool]) -> None:
        self.text: Final = text
        self.algorithm: Final = algorithm
        self._holds = holds

    def __eq__(self, other: object) -> bool:
        """Keys are the same where their text is."""
        return self.text == other.text if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        """Fits `__eq__`."""
        return hash(self.text)

    def verify(self, signature: bytes, base: bytes) -> bool:
        """Whether `signature`, 64 raw bytes, was made over `base` by the holder of the key.

        Of P-256 both signatures (r, s) and (r, n - s) hold, as FIPS 186-5 has it: secure hardware makes either. Nothing
        may hang on a signature's bytes being the only ones; replays are told by the nonce, which is signed.
        """
        return len(signature) == SIGNATURE_BYTES and self._holds(signature, base)


def parse(text: str) -> PublicKey:
    """Read a key; ValueError, whose message says why and repeats nothing, for everything that is not one.

    Refused besides other lengths and alphabets: padding, bits after the last byte, points off the curve, coordinates
    not reduced, and points of small order (RFC 8032, 5.1.3 and 8.9 leave them to the verifier; OpenSSL does not look).
    """
    if not _TEXT.fullmatch(text):
        raise ValueError("A public key is 43 or 44 symbols of base64url without padding.")
    raw = binascii.a2b_base64(text.translate(_TO_STANDARD) + "=" * (-len(text) % 4))
    if len(raw) == _P256_BYTES:
        return PublicKey(text, "ecdsa-p256-sha256", _p256(raw))
    spelled_again = binascii.b2a_base64(raw, newline=False).decode().rstrip("=")
    if spelled_again != text.translate(_TO_STANDARD):
        raise ValueError("A public key has no bits after its last byte.")
    return PublicKey(text, "ed25519", _ed25519(raw))


def _p256(raw: bytes) -> Callable[[bytes, bytes], bool]:
    """The check under a compressed point of SEC 1, 2.3.4."""
    # ValueError for points off the curve, coordinates not reduced and, at this length, every other form of SEC 1
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)

    def holds(signature: bytes, base: bytes) -> bool:
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        try:
            key.verify(der, base, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    return holds


def _ed25519(raw: bytes) -> Callable[[bytes, bytes], bool]:
    """The check under a point of RFC 8032, 5.1.3, decoded by hand as far as it takes to know that it is one."""
    y = int.from_bytes(raw, "little") & ~(1 << 255)
    if y >= _ED25519_FIELD or y in _SMALL_ORDER:
        raise ValueError("An Ed25519 key is a reduced point that is not of small order.")
    # x² = (y² - 1) / (d·y² + 1) has a root where the product of both is a square (Euler's criterion)
    square = y * y % _ED25519_FIELD
    if pow((square - 1) * (_ED25519_D * square + 1), (_ED25519_FIELD - 1) // 2, _ED25519_FIELD) != 1:
        raise ValueError("An Ed25519 key is a point of the curve.")
    key = Ed25519PublicKey.from_public_bytes(raw)

    def holds(signature: bytes, base: bytes) -> bool:
        try:
            key.verify(signature, base)
        except InvalidSignature:
            return False
        return True

    return holds
