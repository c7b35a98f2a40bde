"""Proxy events of API Gateway's REST API for every kind of address, and an outside client that signs requests.

The events are what the gateway makes of one and the same route below differing addresses. The client is
`http-message-signatures`: nothing here uses the service's own code.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256, ED25519
from http_message_signatures.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TAG: Final = "id-restore"
TAG_VERIFIED: Final = "id-restore-verified"
NOW: Final = 1_795_000_000
NONCE: Final = "eDd7UldXtJRCf4kBT5fXmSjz"


@dataclass(frozen=True)
class Address:
    """A kind of address: as the client knows it (`url`), and what of it arrives at a function.

    `sent` is what stands before the route in `requestContext.path`, `mapped` what does in `event.path`; `server` is the
    stage variable, `host` the Host header where it is not the one of `url`.
    """

    name: str
    url: str
    sent: str = ""
    mapped: str = ""
    domain_name: str | None = None
    server: str = ""
    host: str = ""

    def __str__(self) -> str:
        """Names the case in pytest's output."""
        return self.name


_EXECUTE_API: Final = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
ADDRESSES: Final = (
    Address("execute-api with its stage", f"https://{_EXECUTE_API}/live", sent="/live", domain_name=_EXECUTE_API),
    Address("custom domain at its root", "https://id.example.com", domain_name="id.example.com"),
    Address(
        "custom domain with a base path",
        "https://id.example.com/keys/v2",
        sent="/keys/v2",
        mapped="/keys/v2",
        domain_name="id.example.com",
    ),
    Address(
        "custom domain that the template names as the server's address",
        "https://id.example.com",
        domain_name="id.example.com",
        server="https://id.example.com",
    ),
    Address(
        "content network with a path of its own",
        "https://id.example.org/identity",
        sent="/live",
        domain_name=_EXECUTE_API,
        server="https://id.example.org/identity",
        host=_EXECUTE_API,
    ),
    Address(
        "content network on another port, server's address with a slash",
        "https://id.example.org:8443",
        sent="/live",
        domain_name=_EXECUTE_API,
        server="https://ID.example.org:8443/",
        host=_EXECUTE_API,
    ),
    Address(
        "content network with the default port written out",
        "https://id.example.org",
        sent="/live",
        domain_name=_EXECUTE_API,
        server="https://id.example.org:443",
        host=_EXECUTE_API,
    ),
    Address("local stack", "http://127.0.0.1:4566/live", sent="/live"),
    Address("local stack on the default port", "http://10.0.2.2/live", sent="/live", host="10.0.2.2:80"),
    Address("local stack by IPv6", "http://[::1]:4566/live", sent="/live"),
)


def event(
    address: Address,
    method: str,
    resource: str,
    parameters: Mapping[str, str] | None = None,
    *,
    headers: Iterable[tuple[str, str]] = (),
    query: Mapping[str, list[str]] | None = None,
    body: str | None = None,
) -> dict[str, Any]:
    """The event of a request for `resource`, a route's template, with its `parameters` as they were sent.

    `headers` are the lines as they were sent, `query` is decoded, as the gateway hands it out.
    """
    path = resource
    for name, value in (parameters or {}).items():
        path = path.replace(f"{{{name}}}", value)
    several: dict[str, list[str]] = {"Host": [address.host or urlsplit(address.url).netloc]}
    for name, value in headers:
        several.setdefault(name, []).append(value)
    context: dict[str, Any] = {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "extendedRequestId": "Zx1Y2w3V4u5T6s7=",
        "httpMethod": method,
        "identity": {"sourceIp": "198.51.100.7", "userAgent": "phone"},
        "path": address.sent + path,
        "protocol": "HTTP/1.1",
        "requestId": "5a0d1d2e-0000-4000-8000-000000000000",
        "requestTimeEpoch": NOW * 1000,
        "resourceId": "abc123",
        "resourcePath": resource,
        "stage": "live",
    }
    if address.domain_name:
        context["domainName"] = address.domain_name
        context["domainPrefix"] = address.domain_name.partition(".")[0]
    return {
        "resource": resource,
        "path": address.mapped + path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in several.items()},
        "multiValueHeaders": several,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": dict(query) if query else None,
        "pathParameters": dict(parameters) if parameters else None,
        "stageVariables": {"server": address.server} if address.server else None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": False,
    }


class Key:
    """A key pair of a phone, `p256` or `ed25519`; `seed` makes it the same in each run."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind = kind
        self.private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
        if kind == "p256":
            self.private = ec.derive_private_key(seed, ec.SECP256R1())
            raw = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        else:
            self.private = ed25519.Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32))
            raw = self.private.public_key().public_bytes_raw()
        self.id = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        self.algorithm = ECDSA_P256_SHA256 if kind == "p256" else ED25519

    def sign(self, base: str) -> bytes:
        """The raw signature over a base."""
        signature = self.algorithm(private_key=self.private).sign(base.encode())
        assert isinstance(signature, bytes)
        return signature


@dataclass
class Message:
    """A request that the outside client signs in place."""

    method: str
    url: str
    headers: CaseInsensitiveDict = field(default_factory=CaseInsensitiveDict)


def sign(
    message: Message,
    key: Key,
    *,
    body: bytes | None = None,
    tag: str = TAG,
    label: str = "phone",
    created: int = NOW,
    nonce: str = NONCE,
    include_alg: bool = False,
) -> str:
    """Add one signature of the profile to `message`; return its base as the outside client made it."""
    covered = ["@method", "@authority", "@path", *(["@query"] if "?" in message.url else [])]
    signer = HTTPMessageSigner(
        signature_algorithm=key.algorithm,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key.id: key.private}),
    )
    prepared = signer.prepare(
        message,
        key_id=key.id,
        created=dt.datetime.fromtimestamp(created, dt.UTC),
        nonce=nonce,
        label=label,
        tag=tag,
        include_alg=include_alg,
        covered_component_ids=covered,
        body=body,
        use_existing_digest="Content-Digest" in message.headers,
    )
    raw = key.algorithm(private_key=key.private).sign(prepared.signature_base)
    signer.apply(message, prepared, raw, append_if_signature_exists=True)
    return prepared.signature_base.decode()


def lines(message: Message) -> list[tuple[str, str]]:
    """The header lines of a message."""
    return [(str(name), str(value)) for name, value in message.headers.items()]


def split_members(value: str) -> list[str]:
    """The members of a dictionary of signatures, one for a line each."""
    return re.split(r",\s*(?=[a-z][a-z0-9]*=)", value)
