"""A simulated phone: its keys, its signatures (RFC 9421), and every request that the app makes.

An outside client on purpose. It imports nothing of the server, so a mistake that both would share cannot hide: what a
signature covers, how a key is written and what a restore code looks like is said here a second time.

    phone = Phone("http://127.0.0.1:8080/live", name="Ada's phone", platform="ios")
    phone.create("ada").expect(201)
    phone.sign_in().expect(201)["sign_in_count"]

Each act has a method that sends it. `prepare` builds and signs a request without sending it, `send` sends one as it is:
sent twice it is a replay, sent by sixteen threads a race, changed in between a forgery.
"""

import base64
import dataclasses
import hashlib
import http.client
import json
import re
import secrets
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

type KeyKind = Literal["p256", "ed25519"]
type Platform = Literal["ios", "android", "other"]
type Body = Mapping[str, Any] | bytes | None

DEVICE_TAG: Final = "id-restore"
VERIFIED_TAG: Final = "id-restore-verified"
SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O and U."""
SELECTOR_SYMBOLS: Final = 8
RANDOM_SYMBOLS: Final = 26
SECONDS_TO_ANSWER: Final = 60.0


class Unexpected(AssertionError):
    """An answer was another than it had to be; the message says what was expected and what came."""


# Keys ----------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Key:
    """A key pair in a phone's secure hardware; `public` is how it is named to the server."""

    kind: KeyKind
    private: ec.EllipticCurvePrivateKey | Ed25519PrivateKey

    @classmethod
    def generate(cls, kind: KeyKind = "p256") -> Self:
        """A fresh key pair."""
        return cls(kind, ec.generate_private_key(ec.SECP256R1()) if kind == "p256" else Ed25519PrivateKey.generate())

    @classmethod
    def from_scalar(cls, kind: KeyKind, scalar: str) -> Self:
        """The key pair of 64 hexadecimal digits: P-256's private scalar, or Ed25519's seed."""
        if kind == "p256":
            return cls(kind, ec.derive_private_key(int(scalar, 16), ec.SECP256R1()))
        return cls(kind, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(scalar)))

    @property
    def public(self) -> str:
        """Base64url without padding: of P-256's compressed point (33 bytes), or of Ed25519's key (32 bytes)."""
        if isinstance(self.private, Ed25519PrivateKey):
            raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        else:
            raw = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return base64url(raw)

    def sign(self, message: bytes) -> bytes:
        """64 bytes: Ed25519's signature, or P-256's r and s one after the other (phones' hardware gives DER)."""
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(message)
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


# Requests and answers ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Request:
    """One request as it goes over the wire: nothing in it is normalised, reordered or added when it is sent.

    `origin` is scheme and authority (`https://id.example.com`), `target` the path with its query, exactly as sent.
    """

    method: str
    origin: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def header(self, name: str) -> str | None:
        """All values of a header, joined as RFC 9110 says; None where it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def adding(self, name: str, value: str) -> Self:
        """The same with one more header line, also where one of that name is there."""
        return dataclasses.replace(self, headers=(*self.headers, (name, value)))

    def without(self, name: str) -> Self:
        """The same without any line of that header."""
        return dataclasses.replace(self, headers=tuple(h for h in self.headers if h[0].lower() != name.lower()))

    def replacing(self, name: str, value: str) -> Self:
        """The same with that header set to one value."""
        return self.without(name).adding(name, value)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back, and the seconds it took."""

    request: Request
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str | None:
        """All values of a header, joined; None where it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.body)

    @property
    def document(self) -> dict[str, Any]:
        """The body's JSON object, empty where the body is none."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def code(self) -> str | None:
        """The `code` of a problem document, None for any other answer."""
        kind = (self.header("Content-Type") or "").partition(";")[0].strip()
        code = self.document.get("code") if kind == "application/problem+json" else None
        return code if isinstance(code, str) else None

    def expect(self, status: int, code: str | None = None) -> dict[str, Any]:
        """The body's JSON object (empty for 204), or `Unexpected` where status or problem code are others."""
        if (self.status, self.code) != (status, code):
            wanted = f"{status} {code or ''}".strip()
            came = f"{self.status} {self.code or ''}".strip()
            message = f"{self.request.method} {self.request.target}: expected {wanted}, came {came}\n{self.text}"
            raise Unexpected(message.strip())
        return self.document

    @property
    def text(self) -> str:
        """The body as text, whatever is in it."""
        return self.body.decode("utf-8", "replace")


def send(request: Request) -> Answer:
    """Put a request on the wire as it is, over a connection of its own; the answer, or OSError after 60 s."""
    where = urlsplit(request.origin)
    connection: http.client.HTTPConnection
    if where.scheme == "https":
        connection = http.client.HTTPSConnection(
            where.netloc, timeout=SECONDS_TO_ANSWER, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(where.netloc, timeout=SECONDS_TO_ANSWER)
    begun = time.perf_counter()
    try:
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        if request.header("Content-Length") is None and (request.body is not None or request.method != "GET"):
            connection.putheader("Content-Length", str(len(request.body or b"")))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - begun
        return Answer(request, answer.status, tuple(answer.getheaders()), body, seconds)
    finally:
        connection.close()


# Signatures ----------------------------------------------------------------------------------------------------------


def content_digest(body: bytes) -> str:
    """The value of `Content-Digest` (RFC 9530) for a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def covered_components(request: Request) -> tuple[str, ...]:
    """What a signature of this request has to cover: always three parts, the query and the digest where they are."""
    components = ["@method", "@authority", "@path"]
    if "?" in request.target:
        components.append("@query")
    if request.header("Content-Digest") is not None:
        components.append("content-digest")
    return tuple(components)


def signature_base(request: Request, components: Sequence[str], signature_params: str) -> str:
    """The text that is signed (RFC 9421, 2.5): a line for each component, then the parameters, no line end at last."""
    path, mark, query = request.target.partition("?")
    derived = {
        "@method": request.method,
        "@authority": authority(request),
        "@path": path or "/",
        "@query": mark + query if mark else "?",
        "@scheme": urlsplit(request.origin).scheme,
        "@request-target": request.target,
        "@target-uri": request.origin + request.target,
    }
    lines = [f'"{name}": {derived[name] if name in derived else request.header(name)}' for name in components]
    return "\n".join([*lines, f'"@signature-params": {signature_params}'])


def signed(  # noqa: PLR0913 - a signature has these parts, and tests change each of them
    request: Request,
    key: Key,
    *,
    tag: str = DEVICE_TAG,
    label: str = "phone",
    created: int | None = None,
    nonce: str | None = None,
    components: Sequence[str] | None = None,
    parameters: str | None = None,
) -> Request:
    """The request with one more signature.

    What is left out is as the server wants it: `created` now, a fresh `nonce`, the components that have to be covered.
    `parameters` is all that stands behind the components instead (`;created=…`), for signatures that are to be refused.
    """
    chosen = covered_components(request) if components is None else components
    if parameters is None:
        parameters = (
            f";created={int(time.time()) if created is None else created}"
            f';nonce="{fresh_nonce() if nonce is None else nonce}";keyid="{key.public}";tag="{tag}"'
        )
    names = " ".join(f'"{name}"' for name in chosen)
    params = f"({names}){parameters}"
    signature = key.sign(signature_base(request, chosen, params).encode("ascii"))
    lines = {
        "Signature-Input": f"{label}={params}",
        "Signature": f"{label}=:{base64.b64encode(signature).decode()}:",
    }
    for name, value in lines.items():
        before = request.header(name)
        request = request.replacing(name, f"{before}, {value}" if before else value)
    return request


def authority(request: Request) -> str:
    """Host and port as a signature names them (RFC 9421, 2.2.3): lower case, the scheme's own port left out."""
    name = (request.header("Host") or urlsplit(request.origin).netloc).lower()
    own_port = ":443" if request.origin.startswith("https:") else ":80"
    return name.removesuffix(own_port)


def fresh_nonce() -> str:
    """24 characters of base64url, 144 random bits."""
    return base64url(secrets.token_bytes(18))


def base64url(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


# Restore codes -------------------------------------------------------------------------------------------------------


def check_symbols(symbols: str) -> str:
    """The two check symbols for 26: the first ten bits of SHA-256 over them."""
    bits = int.from_bytes(hashlib.sha256(symbols.encode("ascii")).digest()[:2]) >> 6
    return SYMBOLS[bits >> 5] + SYMBOLS[bits & 31]


def grouped(symbols: str) -> str:
    """28 symbols as people see them: seven groups of four."""
    return "-".join(symbols[at : at + 4] for at in range(0, len(symbols), 4))


def plain_symbols(code: str) -> str:
    """A code as it is checked: upper case, no blanks and hyphens, O read as 0, I and L as 1."""
    return code.upper().translate(str.maketrans("OIL", "011", " -"))


def is_well_formed(code: str) -> bool:
    """Whether a code has 28 symbols of the alphabet, the last two of which fit the others."""
    symbols = plain_symbols(code)
    random_part, check = symbols[:RANDOM_SYMBOLS], symbols[RANDOM_SYMBOLS:]
    return len(symbols) == RANDOM_SYMBOLS + 2 and set(symbols) <= set(SYMBOLS) and check == check_symbols(random_part)


def made_up_code(beginning: str = "") -> str:
    """A well-formed code that nobody was given; `beginning` may be another code's selector, its first eight symbols."""
    start = plain_symbols(beginning)
    random_part = start + "".join(secrets.choice(SYMBOLS) for _ in range(RANDOM_SYMBOLS - len(start)))
    return grouped(random_part + check_symbols(random_part))


def selector(code: str) -> str:
    """The first eight symbols of a restore code, which say which code is meant."""
    return plain_symbols(code)[:SELECTOR_SYMBOLS]


def mistyped(code: str) -> str:
    """The same code with its last check symbol wrong, as a slip of the finger makes it."""
    symbols = plain_symbols(code)
    return grouped(symbols[:-1] + SYMBOLS[(SYMBOLS.index(symbols[-1]) + 1) % len(SYMBOLS)])


def other_digits(code: str, step: int = 1) -> str:
    """Eight digits that are not this e-mail code; another `step` gives others."""
    return f"{(int(code) + step) % 10**8:08d}"


# The phone -----------------------------------------------------------------------------------------------------------


class Phone:
    """The app on one phone with one identity: a device key, and a verification key behind PIN or biometrics.

    Args:
        server: the server's address, with its path.
        name: what the person calls this phone.
        platform: `ios`, `android` or `other`.
        kind: of the device key.
        verification_kind: of the verification key; None for a phone without one.
        identity: the identity that the phone has, where it has one already.
        language: what its requests ask for (`Accept-Language`).
        source: the address that the server is to see; the local stack believes `X-Forwarded-For`, AWS does not.
        log: collects every answer with its request; several phones may share one list.
    """

    def __init__(  # noqa: PLR0913 - every one of them has a default, and is given by its name
        self,
        server: str,
        *,
        name: str = "Phone",
        platform: Platform = "ios",
        kind: KeyKind = "p256",
        verification_kind: KeyKind | None = "p256",
        identity: str | None = None,
        language: str = "en",
        source: str | None = None,
        log: list[Answer] | None = None,
    ) -> None:
        self.server = server.rstrip("/")
        self.name = name
        self.platform = platform
        self.key = Key.generate(kind)
        self.verification = None if verification_kind is None else Key.generate(verification_kind)
        self.identity = identity
        self.language = language
        self.source = source
        self.log: list[Answer] = [] if log is None else log
        self.heads: dict[tuple[str | None, int], str] = {}
        """Every head of the identity's log that the server has shown: by its number, the hash."""
        self.warnings: tuple[str, ...] = ()
        """What the app would show: the server's history was set back or rewritten."""

    @property
    def id(self) -> str:
        """The device's id: its public key."""
        return self.key.public

    @property
    def device(self) -> dict[str, str]:
        """The `device` of a creation, with the verification key where the phone has one."""
        own = {} if self.verification is None else {"verification_key": self.verification.public}
        return {**self.bare_device, **own}

    @property
    def bare_device(self) -> dict[str, str]:
        """The `device` of a restoration's request, whose verification key comes with the completion."""
        return {"name": self.name, "platform": self.platform, "public_key": self.key.public}

    def path(self, rest: str = "") -> str:
        """A path below the phone's identity."""
        return f"/v1/identities/{self.identity}{rest}"

    # Building and sending

    def unsigned(self, method: str, path: str, body: Body = None, *, content_type: str | None = None) -> Request:
        """A request below the server's address without a signature; bytes go as they are, anything else as JSON."""
        where = urlsplit(self.server)
        request = Request(method, f"{where.scheme}://{where.netloc}", where.path + path)
        request = request.adding("Host", where.netloc).adding("Accept-Language", self.language)
        if self.source is not None:
            request = request.adding("X-Forwarded-For", self.source)
        if body is None:
            return request
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        request = request.adding("Content-Type", content_type or "application/json")
        return dataclasses.replace(request, body=raw)

    def sign(
        self, request: Request, *, verified: bool = False, created: int | None = None, nonce: str | None = None
    ) -> Request:
        """The request signed by the device key and, where it is verified, by the phone's verification key, too."""
        if request.body is not None and request.header("Content-Digest") is None:
            request = request.adding("Content-Digest", content_digest(request.body))
        nonce = fresh_nonce() if nonce is None else nonce
        created = int(time.time()) if created is None else created
        request = signed(request, self.key, created=created, nonce=nonce)
        if verified and self.verification is not None:
            request = signed(
                request, self.verification, tag=VERIFIED_TAG, label="verified", created=created, nonce=nonce
            )
        return request

    def prepare(
        self,
        method: str,
        path: str,
        body: Body = None,
        *,
        verified: bool = False,
        created: int | None = None,
        nonce: str | None = None,
    ) -> Request:
        """A signed request below the server's address, not yet sent."""
        return self.sign(self.unsigned(method, path, body), verified=verified, created=created, nonce=nonce)

    def send(self, request: Request) -> Answer:
        """Send a request as it is, and log it."""
        answer = send(request)
        self.log.append(answer)
        return answer

    def act(self, method: str, path: str, body: Body = None, *, verified: bool = False) -> Answer:
        """Prepare and send in one."""
        return self.send(self.prepare(method, path, body, verified=verified))

    # The identity

    def prepare_creation(self, identity: str, email: str | None = None) -> Request:
        """`POST /v1/identities`, signed by both new keys."""
        body = {"identity": identity, **({} if email is None else {"email": email}), "device": self.device}
        return self.prepare("POST", "/v1/identities", body, verified=True)

    def create(self, identity: str, email: str | None = None) -> Answer:
        """Create an identity with this phone as its first device (201), which the phone then has."""
        answer = self.send(self.prepare_creation(identity, email))
        if answer.status in {200, 201}:
            self.identity = answer.document["identity"]
        return answer

    def show(self) -> Answer:
        """All that the app's screen shows, in one read (200)."""
        return self._compared(self.act("GET", self.path()))

    def prepare_sign_in(self) -> Request:
        """`POST …/sign-ins`."""
        return self.prepare("POST", self.path("/sign-ins"), {})

    def sign_in(self) -> Answer:
        """Sign in (201)."""
        return self._compared(self.send(self.prepare_sign_in()))

    def refuse_prompt(self) -> Answer:
        """Answer "not now" to the prompt to back up (204)."""
        return self.act("POST", self.path("/back-up-prompt"), {"answer": "not_now"})

    def confirm_email(self, code: str) -> Answer:
        """Prove the address with the code that was mailed to it (200)."""
        return self.act("POST", self.path("/email/confirmation"), {"code": code})

    def resend_confirmation(self) -> Answer:
        """Ask for another confirmation code (202)."""
        return self.act("POST", self.path("/email/confirmation/resend"), {})

    def change_email(self, email: str) -> Answer:
        """Ask for another address, or end a change with the one in force (202)."""
        return self.act("PUT", self.path("/email"), {"email": email}, verified=True)

    def change_second_email(self, email: str) -> Answer:
        """Ask for a second address, or for another one (202)."""
        return self.act("PUT", self.path("/second-email"), {"email": email}, verified=True)

    def confirm_second_email(self, code: str) -> Answer:
        """Prove the second address with the code that was mailed to it (200)."""
        return self.act("POST", self.path("/second-email/confirmation"), {"code": code})

    def resend_second_confirmation(self) -> Answer:
        """Ask for another confirmation code for the second address (202)."""
        return self.act("POST", self.path("/second-email/confirmation/resend"), {})

    def remove_second_email(self) -> Answer:
        """Have no second address any more (204)."""
        return self.act("DELETE", self.path("/second-email"), verified=True)

    def events(self, cursor: str | None = None) -> Answer:
        """The identity's own log, a page of it, newest first (200)."""
        return self._compared(
            self.act("GET", self.path("/events") + (f"?cursor={cursor}" if cursor is not None else ""))
        )

    def _compared(self, answer: Answer) -> Answer:
        """Compare what an answer shows of the log with the heads seen before, and keep the one that it shows."""
        head = answer.document.get("log")
        for row in answer.document.get("events", []) if head is None else [head]:
            known = self.heads.get((self.identity, row["seq"]))
            if known is not None and known != row["hash"]:
                self.warnings += (f"entry {row['seq']} of the log was {known}, and is {row['hash']} now",)
        if head is not None:
            highest = max((seq for identity, seq in self.heads if identity == self.identity), default=0)
            if head["seq"] < highest:
                self.warnings += (f"the log went back from entry {highest} to {head['seq']}",)
            self.heads = {(self.identity, head["seq"]): head["hash"]} | self.heads
        return answer

    def prepare_erasure(self) -> Request:
        """`DELETE /v1/identities/{i}`."""
        return self.prepare("DELETE", self.path(), verified=True)

    def erase(self) -> Answer:
        """Erase the identity, for good (204)."""
        return self.send(self.prepare_erasure())

    # Restore

    def prepare_enabling(self, email: str | None = None) -> Request:
        """`POST …/restore`."""
        return self.prepare("POST", self.path("/restore"), {} if email is None else {"email": email}, verified=True)

    def enable(self, email: str | None = None) -> Answer:
        """Enable restore, or replace the restore code (201, with the code)."""
        return self.send(self.prepare_enabling(email))

    def disable(self) -> Answer:
        """Disable restore (204)."""
        return self.act("DELETE", self.path("/restore"), verified=True)

    def prepare_restoration(self, identity: str, restore_code: str) -> Request:
        """`POST …/restorations`, signed by the new device key alone."""
        body = {"restore_code": restore_code, "device": self.bare_device}
        return self.prepare("POST", f"/v1/identities/{identity}/restorations", body)

    def request_restore(self, identity: str, restore_code: str) -> Answer:
        """Ask, as a new phone, for an identity back (202 and a mail, else 403 `restore_refused`)."""
        answer = self.send(self.prepare_restoration(identity, restore_code))
        if answer.status == http.HTTPStatus.ACCEPTED:
            self.identity = identity
        return answer

    def restoration(self, restoration: str) -> Answer:
        """How a restoration stands (200), for the phone that began it or a paired one."""
        return self.act("GET", self.path(f"/restorations/{restoration}"))

    def resend_code(self, restoration: str) -> Answer:
        """Ask for another e-mail code (202)."""
        return self.act("POST", self.path(f"/restorations/{restoration}/resend"), {})

    def prepare_completion(
        self, restoration: str, email_code: str | None, other_devices: Literal["keep", "unpair"] | None = None
    ) -> Request:
        """`POST …/completion` with the passcode just chosen: the verification key is in the body and signs, too.

        Without a code the body is `{}`, the later call after a waiting period.
        """
        body: dict[str, str] = {}
        if email_code is not None:
            body["email_code"] = email_code
            if other_devices is not None:
                body["other_devices"] = other_devices
            if self.verification is not None:
                body["verification_key"] = self.verification.public
        return self.prepare("POST", self.path(f"/restorations/{restoration}/completion"), body, verified=True)

    def complete(
        self, restoration: str, email_code: str | None, other_devices: Literal["keep", "unpair"] | None = None
    ) -> Answer:
        """Finish a restoration with the mailed code (201, or 202 while a waiting period holds)."""
        return self.send(self.prepare_completion(restoration, email_code, other_devices))

    def veto(self, restoration: str) -> Answer:
        """End a restoration that somebody else began (204), as a paired phone and with its verification key."""
        return self.act("DELETE", self.path(f"/restorations/{restoration}"), verified=True)

    def withdraw(self, restoration: str) -> Answer:
        """End the restoration that this new phone began (204)."""
        return self.act("DELETE", self.path(f"/restorations/{restoration}"))

    def approve(self, restoration: str) -> Answer:
        """Say of a restoration that it is the owner's, as a paired phone: no waiting period (200)."""
        return self.act("POST", self.path(f"/restorations/{restoration}/approval"), {}, verified=True)

    def drill(self, restore_code: str) -> Answer:
        """Ask whether a restore code is the right one, without using it (200, else 403 `wrong_code`)."""
        return self.act("POST", self.path("/restore/drill"), {"restore_code": restore_code})

    def show_code(self) -> Answer:
        """Be shown the restore code again, where the server keeps it sealed (200)."""
        return self.act("GET", self.path("/restore/code"), verified=True)

    # Pairing

    def offer_pairing(self) -> Answer:
        """Show a QR code that pairs another device (201, with its secret)."""
        return self.act("POST", self.path("/pairings"), {}, verified=True)

    def pairing(self, pairing: str) -> Answer:
        """Whether the QR code was used (200)."""
        return self.act("GET", self.path(f"/pairings/{pairing}"))

    def cancel_pairing(self, pairing: str) -> Answer:
        """Take the QR code back (204)."""
        return self.act("DELETE", self.path(f"/pairings/{pairing}"))

    def prepare_scan(self, identity: str, pairing: str, secret: str) -> Request:
        """`POST …/pairings/{pairing}/completion`, as the new phone that has scanned the QR code."""
        body = {"secret": secret, "device": self.device}
        return self.prepare("POST", f"/v1/identities/{identity}/pairings/{pairing}/completion", body, verified=True)

    def scan(self, identity: str, pairing: str, secret: str) -> Answer:
        """Be paired by the QR code on a paired phone's screen (201), which gives this phone the identity."""
        answer = self.send(self.prepare_scan(identity, pairing, secret))
        if answer.status in {200, 201}:
            self.identity = identity
        return answer

    # Devices

    def come_back(self) -> Answer:
        """As a device that was set aside: throw out those that did it (204)."""
        return self.act("DELETE", self.path("/devices/held"), verified=True)

    def prepare_protection(self, new: Key | None) -> Request:
        """`PUT …/devices/{device}/verification-key`, signed by the old key and the new one."""
        path = self.path(f"/devices/{self.id}/verification-key")
        request = self.prepare("PUT", path, {"verification_key": new and new.public}, verified=True)
        if new is not None:
            created, nonce = int(time.time()), _nonce_of(request)
            request = signed(request, new, tag=VERIFIED_TAG, label="new", created=created, nonce=nonce)
        return request

    def protect(self, new: Key | None) -> Answer:
        """Set, change or, with None, remove this phone's verification key; old and new sign (204)."""
        answer = self.send(self.prepare_protection(new))
        if answer.status == http.HTTPStatus.NO_CONTENT:
            self.verification = new
        return answer

    def prepare_unpairing(self, device: str) -> Request:
        """`DELETE …/devices/{device}`."""
        return self.prepare("DELETE", self.path(f"/devices/{device}"), verified=True)

    def unpair(self, device: str) -> Answer:
        """Unpair a device, this one included (204)."""
        return self.send(self.prepare_unpairing(device))

    # What is fetched unsigned

    def fetch(self, path: str) -> Answer:
        """GET something public below the server's address."""
        return self.send(self.unsigned("GET", path))

    def discover(self) -> Answer:
        """`GET /.well-known/id-restore` (200): what the app asks a server whose address was typed in."""
        return self.fetch("/.well-known/id-restore")

    def dispute(self, token: str) -> Answer:
        """Press the button of the "this wasn't me" page of a mail (200, a page)."""
        form = "application/x-www-form-urlencoded"
        return self.send(self.unsigned("POST", f"/dispute/{token}", b"", content_type=form))


def _nonce_of(request: Request) -> str:
    """The nonce of a signed request: all its signatures carry the same."""
    found = re.search(r'nonce="([^"]+)"', request.header("Signature-Input") or "")
    if found is None:
        raise ValueError("the request is not signed")
    return str(found[1])
