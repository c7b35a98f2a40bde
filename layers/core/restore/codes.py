"""Codes: what people keep on paper, what is mailed to them, and what the table knows of either.

Three kinds of secret are made here. The *restore code* is a saved recovery code (NIST SP 800-63B-4, 4.2.1.1), the
*e-mail code* an issued one (4.2.1.2), the *token* stands in a link of a mail. None is ever stored: the table holds an
HMAC under the pepper, bound to a purpose and an identity, so a copy of the table gives away not even eight digits, and
a hash made for one purpose is worth nothing for another.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from typing import Final

from restore.errors import Problem

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U."""

RANDOM_SYMBOLS: Final = 26
CHECK_SYMBOLS: Final = 2
SELECTOR_SYMBOLS: Final = 8
EMAIL_CODE_DIGITS: Final = 8

_READ_AS = str.maketrans("OIL", "011")
_HYPHENS = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_UNSEEN_BLANKS = "\u180e\u200b\u2060\ufeff"
"""Blanks of no width, which come along when a code is copied; `str.split` knows all others and every line end."""
_IGNORED = dict.fromkeys(map(ord, _HYPHENS + _UNSEEN_BLANKS))
_HASH_BYTES: Final = 32
_SELECTOR_HASH_BYTES: Final = 16  # it only has to be unique within one identity; short, since it is a map's key


class RestoreCode:
    """A restore code whose check symbols are right. `symbols` are its 28 symbols without hyphens."""

    __slots__ = ("symbols",)

    def __init__(self, symbols: str) -> None:
        self.symbols = symbols

    @classmethod
    def new(cls) -> RestoreCode:
        """130 random bits and their check symbols."""
        symbols = _symbols(RANDOM_SYMBOLS)
        return cls(symbols + check_symbols(symbols))

    @classmethod
    def read(cls, text: str) -> RestoreCode:
        """Read what a person typed: any case, O for 0, I and L for 1, blanks, line ends, hyphens and dashes ignored.

        Whatever cannot be a code is `code_mistyped` before anything is looked up: it costs no attempt, and it says
        nothing about any identity.
        """
        typed = "".join(text.split()).translate(_IGNORED)
        # before upper case: some letters beyond ASCII become one of ours by it
        symbols = typed.upper().translate(_READ_AS) if typed.isascii() else ""
        if len(symbols) != RANDOM_SYMBOLS + CHECK_SYMBOLS or any(symbol not in ALPHABET for symbol in symbols):
            raise Problem("code_mistyped", errors=[{"field": "restore_code", "message": "is no restore code"}])
        if check_symbols(symbols[:RANDOM_SYMBOLS]) != symbols[RANDOM_SYMBOLS:]:
            raise Problem("code_mistyped", errors=[{"field": "restore_code", "message": "has a symbol wrong"}])
        return cls(symbols)

    @property
    def selector(self) -> str:
        """The first eight symbols: which code is meant."""
        return self.symbols[:SELECTOR_SYMBOLS]

    @property
    def grouped(self) -> str:
        """Seven groups of four, as it is shown."""
        return "-".join(self.symbols[i : i + 4] for i in range(0, len(self.symbols), 4))


def _symbols(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def check_symbols(symbols: str) -> str:
    """The first 10 bits of SHA-256 over the 26 symbols as upper-case ASCII, as two symbols."""
    bits = int.from_bytes(hashlib.sha256(symbols.encode("ascii")).digest()[:2]) >> 6
    return ALPHABET[bits >> 5] + ALPHABET[bits & 31]


def new_label(*others: str | None) -> str:
    """Four random symbols to tell sheets of paper apart; drawn apart from the code, so it says nothing about it."""
    while (label := _symbols(4)) in others:
        pass
    return label


def new_email_code() -> str:
    """Eight decimal digits."""
    return f"{secrets.randbelow(10**EMAIL_CODE_DIGITS):0{EMAIL_CODE_DIGITS}d}"


def new_id() -> str:
    """An unguessable id of 128 bits, base64url."""
    return secrets.token_urlsafe(16)


class Pepper:
    """The key of every hash: a set of versions, one of them current.

    Read from the secret's JSON `{"current": "2", "1": "…", "2": "…"}`. New hashes are made under the current version
    and carry its name (`2.xxxx`); older ones stay good as long as their version is in the set.
    """

    __slots__ = ("_current", "_keys")

    def __init__(self, current: str, keys: dict[str, bytes]) -> None:
        if not keys.get(current):
            message = "the pepper's current version is not in its set"
            raise ValueError(message)
        self._current = current
        self._keys = keys

    @classmethod
    def parse(cls, secret: str) -> Pepper:
        """Read the secret's value."""
        values = json.loads(secret)
        current = str(values.pop("current"))
        return cls(current, {str(version): str(key).encode() for version, key in values.items()})

    def hash(self, purpose: str, identity: str, secret: str) -> str:
        """The current hash of a secret for one purpose of one identity: `<version>.<43 symbols>`."""
        return self._one(self._current, purpose, identity, secret)

    def selector(self, identity: str, code: RestoreCode) -> str:
        """The current hash of a code's selector, the key under which the code is found."""
        return self.selectors(identity, code)[0]

    def selectors(self, identity: str, code: RestoreCode) -> tuple[str, ...]:
        """The selector's hash under every version, the current one first."""
        return tuple(
            self._one(version, "selector", identity, code.selector, _SELECTOR_HASH_BYTES)
            for version in self._versions()
        )

    def hashes(self, purpose: str, identity: str, secret: str) -> tuple[str, ...]:
        """The hash under every version, the current one first: for what is found by its hash."""
        return tuple(self._one(version, purpose, identity, secret) for version in self._versions())

    def fits(self, stored: str | None, purpose: str, identity: str, secret: str) -> bool:
        """Whether a secret is the one that was hashed, in constant time; false where there is no hash or version."""
        version = (stored or "").partition(".")[0]
        if version not in self._keys:
            # the work is done all the same, so that time does not tell a missing hash from a wrong secret
            hmac.compare_digest(self.hash(purpose, identity, secret), "")
            return False
        return hmac.compare_digest(self._one(version, purpose, identity, secret), stored or "")

    def derive(self, purpose: str, identity: str, seed: str, version: str | None = None) -> tuple[str, str]:
        """A secret of 128 bits that only who has the pepper can make of its seed: the version used, and 22 symbols."""
        version, _, secret = self._one(version or self._current, purpose, identity, seed, 16).partition(".")
        return version, secret

    def _versions(self) -> list[str]:
        return [self._current, *sorted(version for version in self._keys if version != self._current)]

    def _one(self, version: str, purpose: str, identity: str, secret: str, size: int = _HASH_BYTES) -> str:
        # each part with its length before it: no two different triples make the same message
        message = b"".join(
            len(part).to_bytes(4) + part for part in (purpose.encode(), identity.encode(), secret.encode())
        )
        digest = hmac.digest(self._keys[version], message, "sha256")[:size]
        return f"{version}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"
