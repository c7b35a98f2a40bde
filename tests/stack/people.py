"""People with phones and a mailbox at the deployed stack: as far into their story as a test needs them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import resvg_py
import zxingcpp
from PIL import Image

from local.inbox import Inbox
from local.phone import Answer, KeyKind, Phone, Platform, Request

if TYPE_CHECKING:
    from local.stack import Stack


@dataclass
class Person:
    """Somebody with an identity: the phone it was made on, the mailbox, and what stands on the sheet of paper."""

    stack: Stack
    identity: str
    phone: Phone
    inbox: Inbox
    paper: str = ""
    """The restore code in force, once there is one."""
    labels: list[str] = field(default_factory=list)
    """Of every restore code that this person was shown, oldest first."""

    @classmethod
    def new(
        cls,
        stack: Stack,
        *,
        kind: KeyKind = "p256",
        verification_kind: KeyKind = "p256",
        language: str = "en",
        name: str = "First phone",
    ) -> Person:
        """A name, a mailbox and a phone of their own; nothing is created yet."""
        identity = f"p-{secrets.token_hex(6)}"
        phone = Phone(
            stack.api,
            name=name,
            kind=kind,
            verification_kind=verification_kind,
            language=language,
            source=some_source(),
        )
        return cls(stack, identity, phone, Inbox(stack.mailbox_address, f"{identity}@example.com"))

    @classmethod
    def created(cls, stack: Stack, **how: Any) -> Person:
        """With an identity and no address."""
        person = cls.new(stack, **how)
        person.phone.create(person.identity).expect(201)
        return person

    @classmethod
    def restorable(cls, stack: Stack, **how: Any) -> Person:
        """With an identity, a confirmed address and restore enabled."""
        person = cls.new(stack, **how)
        person.phone.create(person.identity, person.inbox.address).expect(201)
        person.phone.confirm_email(person.mailed_code()).expect(200)
        person.shown(person.phone.enable().expect(201))
        return person

    def shown(self, document: dict[str, Any]) -> dict[str, Any]:
        """Write the code of an answer on the sheet of paper; the answer."""
        self.paper = document["restore_code"]
        self.labels.append(document["code_label"])
        return document

    def mailed_code(self) -> str:
        """The code of the next mail that has one."""
        return self.inbox.next_code(f"a code for {self.identity}")[0]

    def other_phone(self, name: str = "Second phone", **how: Any) -> Phone:
        """A phone that is not paired with the identity, and names it in its requests."""
        return another_phone(self.stack, self.identity, name=name, **how)

    def restoring(self, phone: Phone) -> str:
        """Have that phone ask for the identity with the code on paper; the restoration's id."""
        number: str = phone.request_restore(self.identity, self.paper).expect(202)["restoration"]["id"]
        return number

    def with_second_phone(self) -> Phone:
        """Pair a second phone by QR code."""
        offer = self.phone.act("POST", self.phone.path("/pairings"), {}, verified=True).expect(201)
        second = self.other_phone()
        second.send(pairing_completion(second, offer["pairing"]["id"], offer["secret"])).expect(201)
        return second

    def devices(self, by: Phone | None = None) -> set[str]:
        """The ids of the paired devices, as one of them sees them."""
        return {device["id"] for device in (by or self.phone).show().expect(200)["devices"]}

    def is_in_force(self, code: str, by: Phone | None = None) -> bool:
        """Whether a restore code is one in force, by a drill."""
        phone = by or self.phone
        answer = phone.act("POST", phone.path("/restore/drill"), {"restore_code": code})
        if answer.status == 200:
            return bool(answer.document["valid"])
        answer.expect(403, "wrong_code")
        return False


def another_phone(  # noqa: D103 - its name says it
    stack: Stack,
    identity: str | None = None,
    *,
    name: str = "Phone",
    platform: Platform = "android",
    kind: KeyKind = "p256",
    verification_kind: KeyKind = "ed25519",
    language: str = "en",
) -> Phone:
    return Phone(
        stack.api,
        identity=identity,
        name=name,
        platform=platform,
        kind=kind,
        verification_kind=verification_kind,
        language=language,
        source=some_source(),
    )


def some_source() -> str:
    """A source address of its own, so that nobody's limits are another's (from RFC 2544's range)."""
    return f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def pairing_completion(phone: Phone, pairing: str, secret: str) -> Request:
    """`POST …/pairings/{p}/completion` by the phone that has scanned the code, not yet sent."""
    body = {"secret": secret, "device": phone.device}
    return phone.prepare("POST", phone.path(f"/pairings/{pairing}/completion"), body, verified=True)


def read_qr(svg: str) -> str:
    """What a scanner sees in a QR code's drawing: rendered and decoded by packages that did not make it."""
    import io  # noqa: PLC0415

    picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=600, background="white"))))
    (found,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    text: str = found.text
    return text


def members(uri: str) -> tuple[str, dict[str, str]]:
    """The server of a scanned address and what stands behind its `#`."""
    before, _, after = uri.partition("#")
    server, _, _ = before.rpartition("/")
    return server, {name: values[0] for name, values in parse_qs(after).items()}


def outcomes(answers: list[Answer]) -> dict[tuple[int, str | None], int]:
    """How often each status and problem code came."""
    counted: dict[tuple[int, str | None], int] = {}
    for answer in answers:
        key = answer.status, answer.code
        counted[key] = counted.get(key, 0) + 1
    return counted
