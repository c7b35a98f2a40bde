"""The table's keys, and what is asked of it.

One table, one item collection an identity. Every read below is one request of known size: nothing is scanned.

| item | PK | SK | read by |
| --- | --- | --- | --- |
| identity: sign-ins, paired devices, nonces | `ID#<identity>` | `I` | its key; with the two below, `I` to `R` |
| device, kept for ever | `ID#<identity>` | `K#<short>` | its key (is this key a device, or was it one?) |
| restore: state, addresses, codes, restorations, log's head | `ID#<identity>` | `R` | its key |
| event rows of one act | `ID#<identity>` | `E#<first seq>` | the stream; backwards from a number, page by page |
| policy | `POLICY` | `V` | its key |
| an erased identity's name, which stays taken (`restore.tombstones`) | `GONE#<hash of the name>` | `T` | its key |
| what is left of an erased identity's log | `GONE#<hash of the name>` | `L#<first seq>` | in order, by an auditor |
| counter of a source address | `SRC#<what>#<source>` | `W#<window>` | only written, with its limit as the condition |

`short` is the 22-symbol hash of a device key: it names the device inside items, where 44 symbols would be too many.
The two items `I` and `R` are apart on purpose: strangers touch `R` alone, so that nothing they do contends with a
paired device's sign-in.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import Final

IDENTITY_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]")
"""A user name, in lower case and whole."""

IDENTITY: Final = "I"
RESTORE: Final = "R"
DEVICE: Final = "K#"
EVENT: Final = "E#"
TOMBSTONE: Final = "T"
ERASED_EVENT: Final = "L#"
"""Not `E#`: what is moved there has happened long ago, and the stream's readers need not see it again."""

Key = dict[str, str]


def _key(identity: str, sort: str) -> Key:
    return {"PK": f"ID#{identity}", "SK": sort}


def identity_key(identity: str) -> Key:
    """The identity's own item."""
    return _key(identity, IDENTITY)


def restore_key(identity: str) -> Key:
    """The identity's restore item."""
    return _key(identity, RESTORE)


def device_key(identity: str, short: str) -> Key:
    """One device, paired or not any more."""
    return _key(identity, DEVICE + short)


def event_key(identity: str, seq: int) -> Key:
    """The event rows of one act, by the number of the first. Padded, so that they sort as numbers do."""
    return _key(identity, f"{EVENT}{seq:010d}")


def tombstone_key(name_hash: str) -> Key:
    """An erased identity, by the keyed hash of its name: nothing here names it."""
    return {"PK": f"GONE#{name_hash}", "SK": TOMBSTONE}


def erased_event_key(name_hash: str, seq: str) -> Key:
    """What is left of the event rows of one act; `seq` as it is padded in `event_key`."""
    return {"PK": f"GONE#{name_hash}", "SK": ERASED_EVENT + seq}


def policy_key() -> Key:
    """The policy that administrators have stored."""
    return {"PK": "POLICY", "SK": "V"}


def counter_key(what: str, source: str, window: int) -> Key:
    """How often a source address has done something in one window of time."""
    return {"PK": f"SRC#{what}#{source}", "SK": f"W#{window}"}


def short_of(device: str) -> str:
    """The 22 symbols that name a device key inside an identity's items (128 bits of SHA-256)."""
    return _digest(device.encode())


def proof_of(device: str, verification: str | None) -> str:
    """One value for "this device, with this verification key": compared in conditions, so that both hold or neither."""
    return _digest(f"{device}|{verification or ''}".encode())


def nonce_of(device: str, nonce: str) -> str:
    """The short form in which a nonce is remembered, apart for each device."""
    return _digest(f"{device}|{nonce}".encode())[:16]


def _digest(text: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(text).digest()[:16]).rstrip(b"=").decode()
