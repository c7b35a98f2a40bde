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


class Standing(Document):
    """How an identity stands, as both its app and administrators see it."""

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
            description="There only while mails do not reach the address in force: since when one bounced for good, or "
            "was reported as spam. Gone when a code mailed to it is proved. Codes are mailed to it all the same.",
        ),
    ] = None
    email_pending_bounced_at: Annotated[
        Time | None,
        Field(description="The same of the address that waits: perhaps a slip of the pen."),
    ] = None
    second_email_bounced_at: Time | None = None
    second_email_pending_bounced_at: Time | None = None
    sign_in_count: Count
    restore: Restore
    devices: list[Device]
    restorations: Annotated[list[Restoration], Field(description="Those under way: each can be vetoed.")]
    log: Log


class IdentityShown(Standing):
    """All that the app's screen shows."""

    devices: Annotated[list[Device], Field(min_length=1)]
    back_up_prompt: Annotated[bool, Field(examples=[False], description="Whether to offer a back-up now.")]


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


_DEVICE_NAME = Annotated[
    str | None,
    Field(
        examples=["Ada's phone"], description="Of `device`, if it is or was one of the identity's. Somebody chose it."
    ),
]


class NamedEvent(Event):
    """One entry of the identity's log, with the name of its device."""

    device_name: _DEVICE_NAME


class Events(Document):
    """A page of the log, newest first."""

    events: list[Event]
    cursor: Annotated[str | None, Field(description="For the next page; null at the end.", examples=[None])]


class PolicyShown(Document):
    """The whole policy, with its version, which is also the `ETag`."""

    restore_enabled: Flag
    enforce_on_creation: Annotated[bool, Field(examples=[False])]
    unpair_others_on_restore: Annotated[bool, Field(examples=[False])]
    unpair_others_on_pairing: Annotated[bool, Field(examples=[False])]
    pairing_enabled: Flag
    keep_sealed_codes: Annotated[bool, Field(examples=[False])]
    two_person_approval: Annotated[bool, Field(examples=[False])]
    require_verification_key: Flag
    prompt_at_sign_in: Annotated[int, Field(ge=1, examples=[6])]
    max_devices: Annotated[int, Field(ge=1, examples=[10])]
    waiting_hours: Annotated[int, Field(ge=0, examples=[0])]
    hold_hours: Annotated[int, Field(ge=0, examples=[24])]
    email_domains: Annotated[
        list[str] | None, Field(min_length=1, examples=[None], description="Null: any. Else addresses of these alone.")
    ]
    version: Annotated[int, Field(ge=0, examples=[3], description="0: the template's parameters; nobody has set it.")]


class PolicyTried(Document):
    """What a policy would do to people; nothing has changed."""

    locked_out: Annotated[int, Field(ge=0, examples=[0], description="Could be restored, and could not any more.")]
    obliged: Annotated[
        int,
        Field(
            ge=0,
            examples=[12],
            description="Would have to change something: no restore, no verification key, too many devices.",
        ),
    ]


RestoreStatus = Annotated[Literal["off", "awaiting_email", "enabled", "disabled_by_admin"], Field(examples=["enabled"])]
Lacks = Annotated[
    list[
        Literal[
            "restore",
            "confirmed_address",
            "working_address",
            "proven_code",
            "second_device",
            "verification_key",
        ]
    ],
    Field(
        examples=[["proven_code"]],
        description="The first three stand in the way of restoring.",
    ),
]


class IdentityListed(Document):
    """One identity of a list."""

    identity: Identity
    restore: RestoreStatus
    devices: Annotated[int, Field(ge=0, examples=[2], description="How many are paired.")]
    lacks: Lacks


class Identities(Document):
    """A page of identities, by name. It may be some seconds behind."""

    identities: list[IdentityListed]
    cursor: Annotated[str | None, Field(description="For the next page; null at the end.", examples=[None])]


class CodeInForce(Document):
    """A one-time code that an administrator has issued."""

    code_label: CodeLabel
    issued_at: Time
    expires_at: Time


class IdentityOverview(Standing):
    """All that an administrator needs to help one person."""

    events: Annotated[list[NamedEvent], Field(description="The latest ten, newest first.")]
    issued_code: Annotated[
        CodeInForce | None, Field(examples=[None], description="In force beside the user's own; the code is not here.")
    ]


class AuditedEvent(Document):
    """One entry of an identity's log, or of the administrators' own. What is erased has no name, id or detail."""

    id: Annotated[str | None, Field(min_length=1, examples=["3kqP0bqyJ0mTtGvqf8r2Yw"])]
    seq: Annotated[int, Field(ge=1, examples=[7])]
    hash: Hash
    at: Time
    type: Annotated[str, Field(examples=["restore.enabled"], json_schema_extra={"x-ref": "EventType"})]
    device: DeviceId | None
    source: Annotated[str | None, Field(description="The caller's address.", examples=["198.51.100.7"])]
    detail: Annotated[
        dict[str, Any] | None, Field(description="Nothing secret is in it.", examples=[{"code_label": "K7QD"}])
    ]
    identity: Annotated[
        Identity | None,
        Field(description="Null: a row of the administrators' log (its `detail` may name one), or of what is erased."),
    ]
    device_name: _DEVICE_NAME


class AuditedEvents(Document):
    """A page of the audit log, newest first. It may be short, and some seconds behind."""

    events: list[AuditedEvent]
    cursor: Annotated[str | None, Field(description="For the next page; null at the end.", examples=[None])]


class NotRestorable(Document):
    """How many identities could not be restored, each counted under the first thing that stands in the way."""

    off: Count
    barred: Count
    address_not_confirmed: Count
    mail_bounced: Count


class AtRisk(Document):
    """How many of those that could be restored lack something; one identity may be in both."""

    code_never_proven: Count
    only_one_device: Count


class DayCounted(Document):
    """How it stood at the end of a day."""

    day: Annotated[str, text(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2026-11-17", "In UTC.")]
    at: Time
    identities: Count
    restorable: Count
    not_restorable: NotRestorable
    at_risk: AtRisk


class Readiness(Document):
    """Who could be restored today, and what the others lack."""

    identities: Count
    restorable: Count
    forbidden_by_policy: Annotated[int, Field(ge=0, examples=[0], description="Would be restorable, did policy allow.")]
    not_restorable: NotRestorable
    at_risk: AtRisk
    without_verification_key: Count
    at: Time
    history: Annotated[list[DayCounted], Field(description="The last 90 days, the oldest first.")]


class ApprovedRequest(Document):
    """What exactly will be done."""

    method: Annotated[Literal["POST", "PUT"], Field(examples=["POST"])]
    path: Annotated[str, text(r"^/v1/admin/", "/v1/admin/identities/ada/restore-code/issue")]
    query: Annotated[dict[str, str], Field(examples=[{}])]
    body: Annotated[dict[str, Any], Field(examples=[{"reason": "lost the phone and the paper", "hours": 24}])]


Person = Annotated[str, Field(min_length=1, examples=["4f1c2a8e-0a53-4a2b-9d0c-1d2f3e4a5b6c"], description="A `sub`.")]


class Approval(Document):
    """An act that waits for a second person, or was approved and is not done yet."""

    id: Annotated[str, text(r"^[0-9]{10}\.[A-Za-z0-9_-]{22}$", "1795000000.3kqP0bqyJ0mTtGvqf8r2Yw")]
    act: Annotated[
        Literal["policy", "send", "reveal", "issue", "unbarring", "last_unpairing"], Field(examples=["issue"])
    ]
    identity: Annotated[Identity | None, Field(description="Null: it is about nobody, but policy.")]
    reason: Annotated[str | None, Field(examples=["lost the phone and the paper"])]
    request: ApprovedRequest
    version: Annotated[
        int | None,
        Field(
            examples=[None],
            description="Of a change of policy: the version that it was asked over. Over another it is 412 `stale`.",
        ),
    ]
    asked_by: Person
    asked_by_name: Annotated[str, Field(min_length=1, examples=["grace@example.com"])]
    asked_at: Time
    expires_at: Time
    approved_by: Annotated[Person | None, Field(examples=[None])]
    approved_by_name: Annotated[str | None, Field(min_length=1, examples=[None])]


class Approvals(Document):
    """What waits for a second person, the newest first: a hundred at most, of each person who asked in turn."""

    approvals: list[Approval]
    unlisted: Annotated[
        int | None,
        Field(
            ge=1,
            description="There only where not all are listed: so many more wait. They are listed once some of these "
            "are decided on, carried out or over.",
        ),
    ] = None


class ApprovalAsked(Document):
    """Nothing is done: another administrator has to approve. Then the same request is sent again with `Approval`."""

    approval: Approval


class CodeRevealed(CodeShown):
    """The kept restore code, to be handed over."""


class CodeIssued(Document):
    """A one-time restore code, to be handed over. It is in this answer alone."""

    restore_code: RestoreCode
    code_label: CodeLabel
    qr: Qr
    expires_at: Time


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
