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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

type Who = Literal["public", "new", "device", "verified", "set aside", "new or device", "new or verified"]

DEVICE: Final = "As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa"
OTHER: Final = "AgIX5hfwtkQ5KCePlpmeaaI6TywVK99tbN9m5bgCgtTt"
PHONE: Final = {"name": "Ada's phone", "platform": "ios", "public_key": DEVICE}
CODE: Final = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSYQ"

ANY: Final = ("too_large", "too_many_requests", "unavailable")
SIGNED: Final = ("malformed", "signature_missing", "signature_invalid", "signature_expired", "not_json", "invalid")


class Missing(Exception):
    """Something that the document needs is said nowhere; the text says where to say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route.

    Args:
        who: whose signatures it takes; `public` takes none.
        answers: status → model, `None` for an empty one, `"page"` for HTML.
        problems: codes besides those that follow from `who`, with blanks between them.
        held: whether a held device may call it; without, `not_allowed` is added.
        example: a body, where the function has a model for one.
        summary: in the place of the handler's docstring, where one handler has several routes.
        query: name → meaning of the one query parameter, where there is one.
    """

    who: Who
    answers: Mapping[int, type[BaseModel] | Literal["page"] | None]
    problems: str = ""
    held: bool = True
    example: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    tag: str = "Identity"
    summary: str | None = None

    def codes(self, method: str) -> list[str]:
        """Every problem code of the route, in the catalogue's order of statuses."""
        found = {*ANY, *self.problems.split()}
        if self.who != "public":
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


_I: Final = "/v1/identities/{identity}"
_OVER: Final = "used expired cancelled attempts_exhausted"
_CONFIRMING: Final = f"wrong_code email_required {_OVER}"
_RESENDING: Final = f"not_found limit_reached {_OVER}"

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
