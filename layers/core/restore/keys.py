"""The table's keys, and what is asked of it.

One table, one item collection an identity. Every read below is one request of known size: nothing is scanned.

| item | PK | SK | read by |
| --- | --- | --- | --- |
| identity: sign-ins, paired devices, nonces | `ID#<identity>` | `I` | its key; with the two below, `I` to `R` |
| device, kept for ever | `ID#<identity>` | `K#<short>` | its key (is this key a device, or was it one?) |
| restore: state, addresses, codes, restorations, log's head | `ID#<identity>` | `R` | its key |
| event rows of one act | `ID#<identity>` | `E#<first seq>` | the stream; backwards from a number, page by page |
| that a row of the administrators' log names the identity | `ID#<identity>` | `A#<seq>` | with all of it |
| policy | `POLICY` | `V` | its key |
| head and rows of the administrators' own log | `ID##administration` | `R`, `E#<first seq>` | as an identity's |
| what one administrator did in the last hour | `PERSON#<sub>` | `P` | its key |
| an act that waits for a second person | `APPROVAL` | its id, which begins with the time | its key; a day's |
| the log by time: a pointer to an event row | `DAY#<day>` | `<at>#<identity>#<seq>` | backwards from a time |
| the log by type and time: the same | `TYPE#<type>#<day>` | as above | as above |
| which days there are, of all events and of one type | `DAYS`, `DAYS#<type>` | `<day>` | backwards from a day |
| entries that came after their day was signed | `LATE#<day>` | as `DAY#` | all of them, by the signer |
| how an identity stands (`restore.standing`) | `WHO#all` | `<identity>` | its key; from a name on, page by page |
| that an identity is one of a kind, by name | `WHO#<tag>` | `<identity>` | from a name on, page by page |
| how many identities stand how | `COUNT` | shard | all of them: a few |
| which day was signed last | `SIGNED` | `V` | its key |
| how many stood how on a day | `COUNTED` | `<day>` | the newest |
| an erased identity's name, which stays taken (`restore.tombstones`) | `GONE#<hash of the name>` | `T` | its key |
| what is left of an erased identity's log | `GONE#<hash of the name>` | `L#<first seq>` | in order, by an auditor |
| counter of a source address | `SRC#<what>#<source>` | `W#<window>` | only written, with its limit as the condition |
| the same of mails to one address | `SRC#mail#<keyed hash of the address>#<source>` | `W#<day>` | as above |

`short` is the 22-symbol hash of a device key: it names the device inside items, where 44 symbols would be too many.
The two items `I` and `R` are apart on purpose: restoring, which strangers may try, writes `R` alone, so that nothing
they do there contends with a paired device's sign-in.
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
ORDER: Final = "A#"
EVENT: Final = "E#"
TOMBSTONE: Final = "T"
ERASED_EVENT: Final = "L#"
"""Not `E#`: what is moved there has happened long ago, and the stream's readers need not see it again."""

ADMINISTRATION: Final = "#administration"
"""Stands where an identity's name would, for the log of administrators and the system. No name begins like this."""

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


def order_key(identity: str, seq: int) -> Key:
    """Says which row of the administrators' log names this identity."""
    return _key(identity, f"{ORDER}{seq:010d}")


def person_key(sub: str) -> Key:
    """What an administrator did lately."""
    return {"PK": f"PERSON#{sub}", "SK": "P"}


def approval_key(number: str) -> Key:
    """An act that waits for a second person."""
    return {"PK": "APPROVAL", "SK": number}


def day_key(day: str, place: str, kind: str | None = None) -> Key:
    """An entry of the journal, by its day, or by its type and day."""
    return {"PK": f"TYPE#{kind}#{day}" if kind else f"DAY#{day}", "SK": place}


def days_key(day: str, kind: str | None = None) -> Key:
    """That the journal has something on a day, of any type or of one."""
    return {"PK": f"DAYS#{kind}" if kind else "DAYS", "SK": day}


def late_key(day: str, place: str) -> Key:
    """An entry that came on this day, when its own may have been signed."""
    return {"PK": f"LATE#{day}", "SK": place}


def who_key(tag: str, identity: str) -> Key:
    """An identity in the list of a tag."""
    return {"PK": f"WHO#{tag}", "SK": identity}


def counter_of_standings_key(shard: int) -> Key:
    """How many identities stand how: one of a few items that add up."""
    return {"PK": "COUNT", "SK": str(shard)}


def counted_key(day: str) -> Key:
    """How many stood how at the end of a day."""
    return {"PK": "COUNTED", "SK": day}


def signed_key() -> Key:
    """Which day's log was signed last, and the hash of its manifest."""
    return {"PK": "SIGNED", "SK": "V"}


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
