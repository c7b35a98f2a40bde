"""The answers as models. Functions answer plain dicts; tests hold every answer that they see to these models.

Members that a model does not know are refused, so that an undocumented one is found. The document does not say so:
clients ignore members that they do not know.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

SYMBOL = "[0-9A-HJKMNP-TV-Z]"


class Document(BaseModel):
    """What an answer holds."""

    model_config = ConfigDict(extra="forbid", strict=True)


def text(pattern: str, example: str, description: str | None = None, **more: Any) -> Any:
    """A string of one form."""
    return Field(pattern=pattern, examples=[example], description=description, json_schema_extra=more)


Identity = Annotated[str, text(r"^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$", "ada", "The user name, in lower case.")]
Time = Annotated[
    str,
    text(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
        "2026-11-18T11:06:40Z",
        "RFC 3339, UTC.",
        format="date-time",
    ),
]
DeviceId = Annotated[
    str,
    text(
        r"^[A-Za-z0-9_-]{43,44}$",
        "As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa",
        "A device's id, which is its public key. Clients treat it as opaque.",
    ),
]
Id = Annotated[str, text(r"^[A-Za-z0-9_-]{22}$", "3kqP0bqyJ0mTtGvqf8r2Yw", "128 random bits in base64url.")]
EmailHint = Annotated[
    str, text(r"^.\*\*\*@[A-Za-z0-9.-]+$", "a***@example.com", "First symbol and domain: enough to know it by.")
]
RestoreCode = Annotated[
    str,
    text(
        rf"^(?:{SYMBOL}{{4}}-){{6}}{SYMBOL}{{4}}$",
        "0123-4567-89AB-CDEF-GHJK-MNPQ-RSYQ",
        "26 random symbols of Crockford's base32 and 2 check symbols. Shown once, stored as a hash.",
    ),
]
CodeLabel = Annotated[
    str, text(rf"^{SYMBOL}{{4}}$", "K7QD", "Tells sheets of paper apart; says nothing about the code.")
]
Count = Annotated[int, Field(ge=0, examples=[3])]
Hash = Annotated[
    str, text(r"^[A-Za-z0-9_-]{43}$", "Dx3P2oYC5wHdD4cVEDo1ZY7zM3Xk0RDx3Q3a9pRkS5Y", "SHA-256 in base64url.")
]
Flag = Annotated[bool, Field(examples=[True])]
Platform = Annotated[Literal["ios", "android", "other"], Field(examples=["ios"])]


class Log(Document):
    """The head of the identity's event chain.

    The app keeps the highest it saw. A lower `seq`, or another hash for the same one, means that the server's history
    went back: the app warns.
    """

    seq: Annotated[int, Field(ge=1, examples=[7])]
    hash: Hash


class Device(Document):
    """A device of an identity. For one that is not paired, what only a paired one has is null."""

    id: DeviceId
    name: Annotated[str, Field(min_length=1, max_length=64, examples=["Ada's phone"])]
    platform: Platform
    paired_at: Time | None
    last_seen_at: Time | None
    paired_by: Annotated[Literal["creation", "restoration", "pairing"], Field(examples=["creation"])]
    held_until: Annotated[Time | None, Field(examples=[None], description="While held, a device may do less.")]
    verification: Annotated[bool, Field(examples=[True], description="Whether it has a verification key.")]
    this_device: Flag


class Restore(Document):
    """Whether the identity can be restored."""

    status: Annotated[Literal["off", "awaiting_email", "enabled", "disabled_by_admin"], Field(examples=["enabled"])]
    code_label: CodeLabel | None
    enabled_at: Time | None
    last_proven_at: Annotated[Time | None, Field(examples=[None], description="The last drill with the code in force.")]
    code_kept: Annotated[bool, Field(examples=[False], description="Whether the code can be shown again.")]


class EmailPending(Document):
    """An address that waits for its code."""

    email_hint: EmailHint
    expires_at: Time
    attempts_left: Count
    resends_left: Count


class Qr(Document):
    """A QR code: what is in it, and a drawing."""

    uri: Annotated[
        str,
        Field(
            description="What stands behind `#` is never sent to a server.",
            examples=["https://id.example.com/live/restore#i=ada&c=0123456789ABCDEFGHJKMNPQRSYQ"],
        ),
    ]
    svg: Annotated[str, Field(pattern=r"^<svg ", examples=['<svg xmlns="http://www.w3.org/2000/svg"/>'])]


class Restoration(Document):
    """One attempt to bind a new device with the two codes."""

    id: Id
    status: Annotated[
        Literal["awaiting_code", "waiting", "completed", "cancelled", "expired", "exhausted"],
        Field(examples=["awaiting_code"]),
    ]
    email_hint: EmailHint | None
    created_at: Time
    expires_at: Time
    code_expires_at: Time
    attempts_left: Count
    resends_left: Count
    ready_at: Annotated[Time | None, Field(examples=[None], description="When a waiting period ends.")]
    device: Device
    poll_seconds: Annotated[Count | None, Field(description="Ask again after so long; null when it is over.")]


class Pairing(Document):
    """An offer to bind another device by the QR code on a paired one's screen."""

    id: Id
    status: Annotated[Literal["offered", "used", "expired", "cancelled"], Field(examples=["offered"])]
    expires_at: Time
    device: Annotated[Device | None, Field(description="The device that has used it.", examples=[None])]
    poll_seconds: Annotated[Count | None, Field(description="Ask again after so long; null when it is over.")]


class CreatedIdentity(Document):
    """A new identity. The code is there where policy enforces restore."""

    identity: Identity
    device: Device
    restore: Restore
    email_pending: EmailPending | None
    restore_code: RestoreCode | None = None
    code_label: CodeLabel | None = None
    qr: Qr | None = None


class IdentityShown(Document):
    """All that the app's screen shows."""

    identity: Identity
    created_at: Time
    email_hint: EmailHint | None
    email_confirmed: Flag
    email_pending: Annotated[EmailPending | None, Field(examples=[None])]
    second_email_hint: Annotated[EmailHint | None, Field(examples=[None])]
    second_email_pending: Annotated[EmailPending | None, Field(examples=[None])]
    email_bounced_at: Annotated[
        Time | None,
        Field(
            examples=[None],
            description="Since when mails do not reach the address in force: one bounced for good, or was reported as "
            "spam. Null again when a code mailed to it is proved. Codes are mailed to it all the same.",
        ),
    ]
    email_pending_bounced_at: Annotated[
        Time | None, Field(examples=[None], description="The same of the address that waits: perhaps a slip of the pen.")
    ]
    second_email_bounced_at: Annotated[Time | None, Field(examples=[None])]
    second_email_pending_bounced_at: Annotated[Time | None, Field(examples=[None])]
    sign_in_count: Count
    back_up_prompt: Annotated[bool, Field(examples=[False], description="Whether to offer a back-up now.")]
    restore: Restore
    devices: Annotated[list[Device], Field(min_length=1)]
    restorations: Annotated[list[Restoration], Field(description="Those under way: each can be vetoed.")]
    log: Log


class SignedIn(Document):
    """A sign-in."""

    signed_in_at: Time
    sign_in_count: Annotated[int, Field(ge=1, examples=[6])]
    back_up_prompt: Flag
    log: Log


class AddressAwaited(Document):
    """An address that was sent a code; `email_pending` is null where it is the confirmed one."""

    email_hint: Annotated[EmailHint | None, Field(description="The address in force.")]
    email_pending: EmailPending | None


class Resent(Document):
    """Another code is on its way."""

    email_pending: EmailPending


class AddressConfirmed(Document):
    """The address is in force."""

    email_hint: EmailHint
    restore: Restore


class SecondAddressConfirmed(Document):
    """The second address is in force."""

    email_hint: EmailHint


class Enabled(Document):
    """A new restore code. Shown once: every earlier one is dead."""

    restore_code: RestoreCode
    code_label: CodeLabel
    qr: Qr
    restore: Restore
    email_pending: Annotated[EmailPending | None, Field(examples=[None])]


class Proven(Document):
    """The code is the right one."""

    valid: Annotated[Literal[True], Field(examples=[True])]
    code_label: CodeLabel
    last_proven_at: Time


class CodeShown(Document):
    """The restore code again."""

    restore_code: RestoreCode
    code_label: CodeLabel
    qr: Qr


class RestorationShown(Document):
    """How a restoration stands."""

    restoration: Restoration


class Restored(Document):
    """The new device is bound, and a new restore code is in force. A late repeat comes without the code."""

    identity: Identity
    device: Device
    restore_code: RestoreCode | None = None
    code_label: CodeLabel | None = None
    qr: Qr | None = None
    unpaired: Annotated[list[DeviceId], Field(description="The devices that this has unpaired.")]


class PairingOffered(Document):
    """An offer, and what the QR code holds. The secret is in this answer alone."""

    pairing: Pairing
    secret: Id
    qr: Qr


class PairingShown(Document):
    """How an offer stands."""

    pairing: Pairing


class Paired(Document):
    """The device that scanned the code is bound."""

    identity: Identity
    device: Device


class Event(Document):
    """One entry of the identity's log."""

    id: Annotated[str, Field(min_length=1, examples=["7"])]
    seq: Annotated[int, Field(ge=1, examples=[7])]
    hash: Hash
    at: Time
    type: Annotated[str, Field(examples=["restore.enabled"], json_schema_extra={"x-ref": "EventType"})]
    device: DeviceId | None
    source: Annotated[str | None, Field(description="The caller's address.", examples=["198.51.100.7"])]
    detail: Annotated[
        dict[str, Any] | None, Field(description="Nothing secret is in it.", examples=[{"code_label": "K7QD"}])
    ]


class Events(Document):
    """A page of the log, newest first."""

    events: list[Event]
    cursor: Annotated[str | None, Field(description="For the next page; null at the end.", examples=[None])]


class SignatureProfile(Document):
    """What the server takes of signatures."""

    algorithms: Annotated[
        list[Literal["ecdsa-p256-sha256", "ed25519"]], Field(examples=[["ecdsa-p256-sha256", "ed25519"]])
    ]
    max_skew_seconds: Annotated[int, Field(ge=1, examples=[120])]


class PublicPolicy(Document):
    """What an app has to know of the server's policy."""

    restore_enabled: Flag
    enforce_on_creation: Annotated[bool, Field(examples=[False])]
    require_verification_key: Flag
    pairing_enabled: Flag
    unpair_others_on_restore: Annotated[bool, Field(examples=[False])]
    unpair_others_on_pairing: Annotated[bool, Field(examples=[False])]
    waiting_hours: Annotated[int, Field(ge=0, examples=[0])]
    hold_hours: Annotated[int, Field(ge=0, examples=[24])]
    email_domains: Annotated[list[str] | None, Field(min_length=1, examples=[None])]


class App(Document):
    """The company's app for one platform."""

    min_version: Annotated[str | None, Field(examples=["1.4.0"])]
    store_url: Annotated[str | None, Field(examples=["https://apps.example.com/id"])]


class Apps(Document):
    """The company's apps."""

    ios: Annotated[App | None, Field(examples=[None])]
    android: Annotated[App | None, Field(examples=[None])]


class Description(Document):
    """What an app that was given an address has to know to go on."""

    server: Annotated[str, Field(pattern=r"^https?://", examples=["https://id.example.com/live"])]
    name: Annotated[str, Field(min_length=1, examples=["ID restore"])]
    version: Annotated[str, Field(examples=["1.0.0"])]
    api: Annotated[Literal["v1"], Field(examples=["v1"])]
    time: Time
    signature: SignatureProfile
    features: Annotated[list[str], Field(examples=[["restore", "dispute"]])]
    languages: Annotated[list[str], Field(min_length=1, examples=[["en", "de"]])]
    policy: PublicPolicy
    apps: Apps
    support: Annotated[str | None, Field(examples=["mailto:help@example.com"])]


class AppleAssociation(Document):
    """Apple's `apple-app-site-association`."""

    applinks: Annotated[dict[str, Any], Field(examples=[{"details": []}])]


class AndroidAssociation(RootModel[list[dict[str, Any]]]):
    """Android's Digital Asset Links."""


class FieldError(Document):
    """What is wrong with one field."""

    field: Annotated[str, Field(examples=["device.public_key"])]
    message: Annotated[str, Field(min_length=1, examples=["is no key"])]


class ProblemDocument(Document):
    """A refusal (RFC 9457). `title` is stable, `detail` is in the reader's language and fit to be shown."""

    type: Annotated[
        str,
        Field(
            pattern=r"^https?://.+/problems/[a-z_]+$",
            description="The address of a page that explains the code.",
            examples=["https://id.example.com/live/problems/wrong_code"],
        ),
    ]
    title: Annotated[str, Field(min_length=1, examples=["The code is wrong"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[403])]
    detail: Annotated[str, Field(min_length=1, examples=["The code is wrong."])]
    code: Annotated[str, Field(examples=["wrong_code"], json_schema_extra={"x-ref": "ProblemCode"})]
    errors: Annotated[list[FieldError] | None, Field(min_length=1, description="With 422.")] = None
    attempts_left: Annotated[Count | None, Field(description="With `wrong_code`.")] = None
    policy: Annotated[str | None, Field(description="With `not_allowed`: the field of the policy that forbids it.")] = (
        None
    )
    until: Annotated[Time | None, Field(description="With `not_allowed`: when a hold ends.")] = None
    signature_base: Annotated[
        str | None,
        Field(description="With `signature_invalid`: the text that the server checked, to compare with one's own."),
    ] = None
