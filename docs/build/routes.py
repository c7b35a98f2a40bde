"""What each route answers, may refuse, and asks of its caller: what neither template nor models say.

To add a route: one entry here, under `METHOD /path` as the template has it. Summary and description come from the
function's docstrings, the body from its model. Problem codes that come with signing at all, with verification and with
being paired are added by themselves; `problems` names the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from docs.build import answers as a
from restore.errors import CATALOGUE
from restore.standing import DEVICES_OVER, LACKS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel

type Who = Literal[
    "public",
    "new",
    "device",
    "verified",
    "set aside",
    "new or device",
    "new or verified",
    "auditor",
    "helpdesk",
    "admin",
]

DEVICE: Final = "As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa"
OTHER: Final = "AgIX5hfwtkQ5KCePlpmeaaI6TywVK99tbN9m5bgCgtTt"
PHONE: Final = {"name": "Ada's phone", "platform": "ios", "public_key": DEVICE}
CODE: Final = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSYQ"

ANY: Final = ("too_large", "too_many_requests", "unavailable")
ADMINISTRATORS: Final = frozenset({"auditor", "helpdesk", "admin"})
TOKEN: Final = ("malformed", "token_invalid", "not_allowed", "not_json", "invalid")
SIGNED: Final = ("malformed", "signature_missing", "signature_invalid", "signature_expired", "not_json", "invalid")


class Missing(Exception):
    """Something that the document needs is said nowhere; the text says where to say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route.

    Args:
        who: whose signatures it takes; `public` takes none; the least role where it takes an administrator's token.
        answers: status → model, `None` for an empty one, `"page"` for HTML; several models where it depends.
        problems: codes besides those that follow from `who`, with blanks between them.
        held: whether a held device may call it; without, `not_allowed` is added.
        example: a body, where the function has a model for one.
        summary: in the place of the handler's docstring, where one handler has several routes.
        query: name → meaning of the query's parameters, or more of OpenAPI's members. A signed route has one at most.
        headers: names of `HEADERS` in docs/build/openapi.py that it reads.
        csv: whether `Accept: text/csv` gets its 200 as CSV.
    """

    who: Who
    answers: Mapping[int, type[BaseModel] | tuple[type[BaseModel], ...] | Literal["page"] | None]
    problems: str = ""
    held: bool = True
    example: Mapping[str, Any] | None = None
    query: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    csv: bool = False
    tag: str = "Identity"
    summary: str | None = None

    def codes(self, method: str) -> list[str]:
        """Every problem code of the route, in the catalogue's order of statuses."""
        found = {*ANY, *self.problems.split()}
        if self.who in ADMINISTRATORS:
            found |= {*TOKEN, *(() if method == "GET" else ("reauthentication_required",))}
        elif self.who != "public":
            found |= {*SIGNED}
            if self.who != "new" or method != "POST":
                found |= {"not_paired"}
            if method != "GET":
                found |= {"signature_replayed"}
            if "verified" in self.who or self.who == "set aside":
                found |= {"verification_required"}
            if not self.held:
                found |= {"not_allowed"}
        if unknown := found - set(CATALOGUE):
            raise Missing(f"docs/build/routes.py names problem codes that the catalogue lacks: {sorted(unknown)}")
        return [code for code in CATALOGUE if code in found]

    def models(self, status: int) -> tuple[type[BaseModel], ...]:
        """The models of a status; none where its answer is empty or a page."""
        answer = self.answers[status]
        return answer if isinstance(answer, tuple) else (answer,) if isinstance(answer, type) else ()


_I: Final = "/v1/identities/{identity}"
_OVER: Final = "used expired cancelled attempts_exhausted"
_CONFIRMING: Final = f"wrong_code email_required {_OVER}"
_RESENDING: Final = f"not_found limit_reached {_OVER}"
_A: Final = "/v1/admin"
_AI: Final = f"{_A}/identities/{{identity}}"
_REASON: Final = {"reason": "asked for by phone, called back"}
_CURSOR: Final = "The `cursor` of the page before."
_POLICY: Final = {
    "restore_enabled": True,
    "enforce_on_creation": False,
    "unpair_others_on_restore": False,
    "unpair_others_on_pairing": False,
    "pairing_enabled": True,
    "keep_sealed_codes": True,
    "two_person_approval": True,
    "require_verification_key": True,
    "prompt_at_sign_in": 6,
    "max_devices": 10,
    "waiting_hours": 0,
    "hold_hours": 24,
    "email_domains": ["example.com"],
}


def _time(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", "format": "date-time"}, "example": example}


def _one_of(description: str, words: Iterable[str]) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", "enum": list(words)}}


ROUTES: Final[Mapping[str, Route]] = {
    "POST /v1/identities": Route(
        who="new",
        answers={201: a.CreatedIdentity, 200: a.CreatedIdentity},
        problems="not_allowed email_required identity_taken not_paired verification_required",
        example={"identity": "ada", "email": "ada@example.com", "device": {**PHONE, "verification_key": OTHER}},
    ),
    f"GET {_I}": Route(who="device", answers={200: a.IdentityShown}),
    f"DELETE {_I}": Route(who="verified", answers={204: None}, held=False),
    f"POST {_I}/sign-ins": Route(who="device", answers={201: a.SignedIn}),
    f"POST {_I}/back-up-prompt": Route(who="device", answers={204: None}, example={"answer": "not_now"}),
    f"GET {_I}/events": Route(
        who="device", answers={200: a.Events}, query={"cursor": "The `cursor` of the page before."}
    ),
    # addresses
    f"PUT {_I}/email": Route(
        tag="Addresses",
        who="verified",
        answers={202: a.AddressAwaited},
        held=False,
        example={"email": "ada@example.com"},
    ),
    f"POST {_I}/email/confirmation": Route(
        tag="Addresses",
        who="device",
        answers={200: a.AddressConfirmed},
        problems=_CONFIRMING,
        held=False,
        example={"code": "12345678"},
    ),
    f"POST {_I}/email/confirmation/resend": Route(
        tag="Addresses", who="device", answers={202: a.Resent}, problems=_RESENDING, held=False
    ),
    f"PUT {_I}/second-email": Route(
        tag="Addresses",
        who="verified",
        answers={202: a.AddressAwaited},
        problems="email_required",
        held=False,
        example={"email": "ada@example.org"},
    ),
    f"DELETE {_I}/second-email": Route(tag="Addresses", who="verified", answers={204: None}, held=False),
    f"POST {_I}/second-email/confirmation": Route(
        tag="Addresses",
        who="device",
        answers={200: a.SecondAddressConfirmed},
        problems=_CONFIRMING,
        held=False,
        example={"code": "12345678"},
    ),
    f"POST {_I}/second-email/confirmation/resend": Route(
        tag="Addresses", who="device", answers={202: a.Resent}, problems=_RESENDING, held=False
    ),
    # the restore code
    f"POST {_I}/restore": Route(
        tag="Restore",
        who="verified",
        answers={201: a.Enabled},
        problems="email_required email_confirmed",
        held=False,
        example={"email": "ada@example.com"},
    ),
    f"DELETE {_I}/restore": Route(tag="Restore", who="verified", answers={204: None}, held=False),
    f"POST {_I}/restore/drill": Route(
        tag="Restore",
        who="device",
        answers={200: a.Proven},
        problems="code_mistyped wrong_code restore_not_enabled",
        example={"restore_code": CODE},
    ),
    f"GET {_I}/restore/code": Route(
        tag="Restore", who="verified", answers={200: a.CodeShown}, problems="code_not_kept signature_replayed"
    ),
    # restoring
    f"POST {_I}/restorations": Route(
        tag="Restorations",
        who="new",
        answers={202: a.RestorationShown},
        problems="code_mistyped restore_refused device_exists",
        example={"restore_code": CODE, "device": PHONE},
    ),
    f"GET {_I}/restorations/{{restoration}}": Route(
        tag="Restorations", who="new or device", answers={200: a.RestorationShown}, problems="not_found"
    ),
    f"DELETE {_I}/restorations/{{restoration}}": Route(
        tag="Restorations",
        who="new or verified",
        answers={204: None},
        problems="not_found used expired attempts_exhausted",
        held=False,
    ),
    f"POST {_I}/restorations/{{restoration}}/resend": Route(
        tag="Restorations",
        who="new",
        answers={202: a.RestorationShown},
        problems=f"not_paired limit_reached {_OVER}",
    ),
    f"POST {_I}/restorations/{{restoration}}/completion": Route(
        tag="Restorations",
        who="new",
        answers={201: a.Restored, 200: a.Restored, 202: a.RestorationShown},
        problems=f"not_paired verification_required wrong_code not_allowed device_exists limit_reached {_OVER}",
        example={"email_code": "12345678", "other_devices": "keep", "verification_key": OTHER},
    ),
    f"POST {_I}/restorations/{{restoration}}/approval": Route(
        tag="Restorations",
        who="verified",
        answers={200: a.RestorationShown},
        problems=f"not_found {_OVER}",
        held=False,
    ),
    # pairing
    f"POST {_I}/pairings": Route(
        tag="Pairings",
        who="verified",
        answers={201: a.PairingOffered},
        problems="restore_not_enabled",
        held=False,
    ),
    f"GET {_I}/pairings/{{pairing}}": Route(
        tag="Pairings", who="device", answers={200: a.PairingShown}, problems="not_found"
    ),
    f"DELETE {_I}/pairings/{{pairing}}": Route(
        tag="Pairings", who="device", answers={204: None}, problems="not_found used expired"
    ),
    f"POST {_I}/pairings/{{pairing}}/completion": Route(
        tag="Pairings",
        who="new",
        answers={201: a.Paired, 200: a.Paired},
        problems=("not_paired verification_required not_allowed expired cancelled used limit_reached device_exists"),
        example={"secret": "3kqP0bqyJ0mTtGvqf8r2Yw", "device": {**PHONE, "verification_key": OTHER}},
    ),
    # devices
    f"DELETE {_I}/devices/{{device}}": Route(
        tag="Devices", who="verified", answers={204: None}, problems="not_found last_device"
    ),
    f"DELETE {_I}/devices/held": Route(tag="Devices", who="set aside", answers={204: None}, problems="not_found"),
    f"PUT {_I}/devices/{{device}}/verification-key": Route(
        tag="Devices",
        who="verified",
        answers={204: None},
        problems="not_allowed",
        example={"verification_key": OTHER},
    ),
    # administrators
    f"GET {_A}/policy": Route(tag="Administration", who="auditor", answers={200: a.PolicyShown}),
    f"PUT {_A}/policy": Route(
        tag="Administration",
        who="admin",
        answers={200: (a.PolicyShown, a.PolicyTried), 202: a.ApprovalAsked},
        problems="stale if_match_required",
        example=_POLICY,
        query={
            "dry_run": _one_of(
                "`true`: only count whom it would lock out or oblige. Counts as no act.", ["true", "false"]
            )
        },
        headers=("IfMatch", "Approval"),
    ),
    f"GET {_A}/identities": Route(
        tag="Administration",
        who="auditor",
        answers={200: a.Identities},
        query={
            "prefix": "How the names begin.",
            "restore": _one_of("Those whose restore is in this state.", STATUSES.values()),
            "lacks": _one_of("Those that lack this; not together with `restore`.", LACKS),
            "devices_over": _one_of(
                "Those with more devices than this; not together with the two others.", map(str, DEVICES_OVER)
            ),
            "cursor": _CURSOR,
        },
    ),
    f"GET {_AI}": Route(tag="Administration", who="auditor", answers={200: a.IdentityOverview}, problems="not_found"),
    f"GET {_A}/events": Route(
        tag="Administration",
        who="auditor",
        answers={200: a.AuditedEvents},
        query={
            "from": _time("Not before this time.", "2026-11-01T00:00:00Z"),
            "to": _time("Not after this time.", "2026-11-30T23:59:59Z"),
            "identity": "Of this identity's log alone, which is complete at once.",
            "about": "What administrators did about this identity, with who and why; not together with `identity`.",
            "type": "Of this type alone.",
            "cursor": _CURSOR,
        },
        headers=("AcceptCsv",),
        csv=True,
    ),
    f"GET {_A}/readiness": Route(tag="Administration", who="auditor", answers={200: a.Readiness}),
    f"GET {_A}/approvals": Route(tag="Administration", who="admin", answers={200: a.Approvals}),
    f"POST {_A}/approvals/{{approval}}": Route(
        tag="Administration", who="admin", answers={204: None}, problems="not_found", example={"approve": True}
    ),
    f"POST {_AI}/devices/{{device}}/unpairing": Route(
        tag="Administration",
        who="helpdesk",
        answers={204: None, 202: a.ApprovalAsked},
        problems="not_found last_device",
        example=_REASON,
        headers=("Approval",),
    ),
    f"POST {_AI}/restore/barring": Route(
        tag="Administration", who="helpdesk", answers={204: None}, problems="not_found", example=_REASON
    ),
    f"POST {_AI}/restore/unbarring": Route(
        tag="Administration",
        who="helpdesk",
        answers={204: None, 202: a.ApprovalAsked},
        problems="not_found",
        example=_REASON,
        headers=("Approval",),
    ),
    f"POST {_AI}/restorations/{{restoration}}/cancellation": Route(
        tag="Administration",
        who="helpdesk",
        answers={204: None},
        problems="not_found used expired attempts_exhausted",
        example=_REASON,
    ),
    f"POST {_AI}/restore-code/send": Route(
        tag="Administration",
        who="helpdesk",
        answers={204: None, 202: a.ApprovalAsked},
        problems="not_found code_not_kept email_not_confirmed",
        example=_REASON,
        headers=("Approval",),
    ),
    f"POST {_AI}/restore-code/reveal": Route(
        tag="Administration",
        who="admin",
        answers={200: a.CodeRevealed, 202: a.ApprovalAsked},
        problems="not_found code_not_kept",
        example=_REASON,
        headers=("Approval",),
    ),
    f"POST {_AI}/restore-code/issue": Route(
        tag="Administration",
        who="admin",
        answers={201: a.CodeIssued, 202: a.ApprovalAsked},
        problems="not_found restore_not_enabled email_not_confirmed",
        example={**_REASON, "hours": 24},
        headers=("Approval",),
    ),
    # what is fetched unsigned
    "GET /.well-known/id-restore": Route(tag="Server", who="public", answers={200: a.Description}),
    "GET /.well-known/apple-app-site-association": Route(
        tag="Server", who="public", answers={200: a.AppleAssociation}, problems="not_found"
    ),
    "GET /.well-known/assetlinks.json": Route(
        tag="Server", who="public", answers={200: a.AndroidAssociation}, problems="not_found"
    ),
    "GET /restore": Route(tag="Pages", who="public", answers={200: "page"}),
    "GET /pair": Route(tag="Pages", who="public", answers={200: "page"}),
    "GET /problems/{code}": Route(tag="Pages", who="public", answers={200: "page", 404: "page"}),
    "GET /dispute/{token}": Route(
        tag="Pages",
        who="public",
        summary="Say on a page what the link of a mail would do; nothing changes",
        answers={200: "page", 410: "page", 503: "page"},
    ),
    "POST /dispute/{token}": Route(
        tag="Pages",
        who="public",
        summary="Take away what the link is about, and say on a page what was done",
        answers={200: "page", 410: "page", 503: "page"},
    ),
}


def route_of(method: str, path: str) -> Route:
    """The entry of a route of the template."""
    found = ROUTES.get(f"{method} {path}")
    if found is None:
        raise Missing(
            f"{method} {path} is not documented: add an entry for it to ROUTES in docs/build/routes.py "
            "(whose signatures, which answers, which problem codes, an example of its body), then run `make docs`."
        )
    return found
