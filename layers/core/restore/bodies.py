"""Fields that the bodies of several acts share. Imported only by acts that have a body: it brings pydantic."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from restore import publickeys

_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)


class Body(BaseModel):
    """A request's body: members that it does not know are refused, and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def _public_key(text: str) -> str:
    publickeys.parse(text)
    return text


def _address(text: str) -> str:
    # ASCII only: SES takes no other local part, and a domain has its A-label form. No blank, comma, CR or LF passes.
    if not _ADDRESS.fullmatch(text):
        message = "is no e-mail address"
        raise ValueError(message)
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


_UNSEEN = re.compile("[\\s\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]*")
"""Symbols that count as printable and show nothing: fillers, the empty Braille pattern, selectors of variants."""


def _printable(text: str) -> str:
    if not text.isprintable() or _UNSEEN.fullmatch(text):
        message = "has to be printable, and not only blanks"
        raise ValueError(message)
    return text


PublicKey = Annotated[
    str, Field(max_length=64, json_schema_extra={"pattern": "^[A-Za-z0-9_-]{43,44}$"}), AfterValidator(_public_key)
]
"""base64url without padding of a compressed P-256 point or an Ed25519 key."""

EmailAddress = Annotated[str, Field(max_length=254, json_schema_extra={"format": "email"}), AfterValidator(_address)]
"""An ASCII address with a domain of at least two labels, the domain lower-cased."""

DeviceName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]

Platform = Literal["ios", "android", "other"]

EmailCode = Annotated[str, Field(pattern=r"^[0-9]{8}$")]

RestoreCodeText = Annotated[str, Field(min_length=1, max_length=200)]
"""As it was typed; `RestoreCode.read` reads it."""


Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
"""Why an administrator acts: the log keeps it, and the user is told."""


class Reasoned(Body):
    """The body of an administrator's act on an identity."""

    reason: Reason


class BareDevice(Body):
    """The `device` of a restoration's request: its verification key comes later."""

    name: DeviceName
    platform: Platform
    public_key: PublicKey


class NewDevice(BareDevice):
    """The `device` of a creation or a pairing."""

    verification_key: PublicKey | None = None

    @model_validator(mode="after")
    def _two_keys(self) -> Self:
        two_keys(self.public_key, self.verification_key)
        return self


def two_keys(device: str, verification: str | None) -> None:
    """A verification key equal to the device key would prove nothing more."""
    if device == verification:
        message = "verification_key: has to be another key than the device key"
        raise ValueError(message)
