"""Public keys have one spelling, and prove something."""

import base64
import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from restore import publickeys

P256 = "As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa"
ED25519 = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_FIELD = 2**255 - 19
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
POINT = base64.urlsafe_b64decode(P256)
WHOLE = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), POINT)


def spelled(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(("text", "algorithm"), [(P256, "ecdsa-p256-sha256"), (ED25519, "ed25519")])
def test_a_key_is_read_and_keeps_its_spelling(text: str, algorithm: str) -> None:
    """A 11.2.3: the length tells the algorithm, and the text itself is the id."""
    key = publickeys.parse(text)
    assert (key.text, key.algorithm) == (text, algorithm)
    assert key == publickeys.parse(text)
    assert hash(key) == hash(publickeys.parse(text))
    assert key != publickeys.parse(ED25519 if text == P256 else P256)
    assert key != text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        P256[:-1],
        P256 + "A",
        P256 + "\n",
        P256 + "=",
        ED25519 + "=",
        ED25519[:-1],
        " " + P256,
        P256.replace("_", "/"),
        ED25519.replace("-", "+"),
        P256[:-1] + "\u0661",
        spelled(bytes(33)),
        *(spelled(bytes([prefix]) + POINT[1:]) for prefix in (0, 1, 4, 6, 7)),
        spelled(POINT[1:] + POINT[:1]),
        spelled(WHOLE.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        spelled(WHOLE.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    ],
)
def test_another_spelling_is_refused(text: str) -> None:
    """A 11.2.3: padding, another alphabet, another length, hybrid and uncompressed points are no keys."""
    with pytest.raises(ValueError, match=r"\S"):
        publickeys.parse(text)


def test_the_last_symbol_of_an_ed25519_key_carries_no_spare_bits() -> None:
    """S17: one key is one device: of the four spellings that decode to the same bytes one is taken."""
    last = SYMBOLS.index(ED25519[-1])
    others = [ED25519[:-1] + SYMBOLS[last & ~3 | bits] for bits in range(4) if last & ~3 | bits != last]
    assert len(others) == 3
    for text in others:
        assert base64.urlsafe_b64decode(text + "=") == base64.urlsafe_b64decode(ED25519 + "=")
        with pytest.raises(ValueError, match=r"\S"):
            publickeys.parse(text)


def test_points_off_p256_are_refused() -> None:
    """A 11.2.3: an x without a y on the curve, and an x that is not reduced, are no keys."""
    field = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    off = on = 0
    for x in range(1, 60):
        text = spelled(b"\x02" + x.to_bytes(32))
        if pow(x**3 - 3 * x + b, (field - 1) // 2, field) == 1:
            on += 1
            assert publickeys.parse(text).algorithm == "ecdsa-p256-sha256"
        else:
            off += 1
            with pytest.raises(ValueError, match=r"\S"):
                publickeys.parse(text)
        # the same point by x + p, where that fits into 32 bytes, would be a second spelling
        with pytest.raises(ValueError, match=r"\S"):
            publickeys.parse(spelled(b"\x02" + (x + field).to_bytes(32)))
    assert on > 10
    assert off > 10


SMALL_ORDER = [  # little endian, from libsodium's list: not as the code under test has them
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("point", SMALL_ORDER)
def test_ed25519_points_of_small_order_are_refused(point: str, sign: int) -> None:
    """A 11.2.3: a key under which anybody can sign proves nothing; each in both signs, reduced or not."""
    raw = bytearray.fromhex(point)
    raw[31] |= sign
    with pytest.raises(ValueError, match=r"\S"):
        publickeys.parse(spelled(bytes(raw)))


def test_an_all_zero_ed25519_key_would_take_a_forgery() -> None:
    """A 11.2.3: why points of small order matter: OpenSSL takes the key, and a constant signature holds over much."""
    forged = bytes.fromhex("01" + "00" * 31) + bytes(32)  # R the neutral element, S nought
    key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(SMALL_ORDER[1]))
    key.verify(forged, b"anything at all")  # raises nothing
    with pytest.raises(ValueError, match="small order"):
        publickeys.parse(spelled(bytes.fromhex(SMALL_ORDER[1])))


def test_points_off_ed25519_and_coordinates_not_reduced_are_refused() -> None:
    """A 11.2.3: of the first y about half are points; y + p, where it fits, is a second spelling of each."""
    taken = []
    for y in range(2, 60):
        try:
            publickeys.parse(spelled(y.to_bytes(32, "little")))
        except ValueError:
            continue
        taken.append(y)
    # x² = (y² - 1) / (d·y² + 1) worked out the long way: by a root that is squared again
    d = -121665 * pow(121666, ED25519_FIELD - 2, ED25519_FIELD)
    expected = []
    for y in range(2, 60):
        square = (y * y - 1) * pow(d * y * y + 1, ED25519_FIELD - 2, ED25519_FIELD) % ED25519_FIELD
        root = pow(square, (ED25519_FIELD + 3) // 8, ED25519_FIELD)
        if square in {root * root % ED25519_FIELD, -root * root % ED25519_FIELD}:
            expected.append(y)
    assert taken == expected
    for y in range(19):
        with pytest.raises(ValueError, match=r"\S"):
            publickeys.parse(spelled((ED25519_FIELD + y).to_bytes(32, "little")))


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_every_generated_ed25519_key_is_taken(seed: bytes) -> None:
    """A 11.2.3: no key that a phone makes is refused, and its signature holds."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    key = publickeys.parse(spelled(private.public_key().public_bytes_raw()))
    assert key.verify(private.sign(b"base"), b"base")


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=P256_ORDER - 1))
def test_every_generated_p256_key_is_taken(scalar: int) -> None:
    """A 11.2.3: no key that a phone makes is refused, and its signature holds."""
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    key = publickeys.parse(spelled(private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)))
    r, s = utils.decode_dss_signature(private.sign(b"base", ec.ECDSA(SHA256())))
    assert key.verify(r.to_bytes(32) + s.to_bytes(32), b"base")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_key_or_a_value_error(text: str) -> None:
    """A 16.5.3: no text brings the reader down."""
    with contextlib.suppress(ValueError):
        assert publickeys.parse(text).text == text


def test_a_p256_signature_is_raw_and_both_its_forms_hold() -> None:
    """A 11.2.3: r||s of 64 bytes; DER, noughts, r and s out of range and anything longer do not hold; high s does."""
    private = ec.derive_private_key(2**200 + 1, ec.SECP256R1())
    key = publickeys.parse(spelled(private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)))
    der = private.sign(b"base", ec.ECDSA(SHA256()))
    r, s = utils.decode_dss_signature(der)
    raw = r.to_bytes(32) + s.to_bytes(32)
    assert key.verify(raw, b"base")
    assert key.verify(r.to_bytes(32) + (P256_ORDER - s).to_bytes(32), b"base")
    assert not key.verify(raw, b"Base")
    for wrong in (
        der,
        b"",
        raw[:-1],
        raw + b"\x00",
        raw[:32] + b"\x00" + raw[32:],
        bytes(64),
        r.to_bytes(32) + bytes(32),
        bytes(32) + s.to_bytes(32),
        s.to_bytes(32) + r.to_bytes(32),
        b"\xff" * 64,
    ):
        assert not key.verify(wrong, b"base"), wrong


def test_an_ed25519_signature_has_one_form() -> None:
    """A 11.2.3: S + L, which RFC 8032 refuses, does not hold, nor does another length."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    key = publickeys.parse(spelled(private.public_key().public_bytes_raw()))
    raw = private.sign(b"base")
    assert key.verify(raw, b"base")
    assert not key.verify(raw, b"Base")
    larger = int.from_bytes(raw[32:], "little") + ED25519_ORDER
    for wrong in (b"", raw[:-1], raw + b"\x00", bytes(64), b"\xff" * 64, raw[:32] + larger.to_bytes(32, "little")):
        assert not key.verify(wrong, b"base"), wrong
