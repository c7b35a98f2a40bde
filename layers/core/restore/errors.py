"""What may go wrong, as callers see it: the problem documents of RFC 9457.

Every refusal is a `Problem`, raised where it is found and answered in one place (`restore.http`). The catalogue is the
whole list: a code that is not in it cannot be raised. Sentences in the reader's language are in `restore.details`.
"""

from __future__ import annotations

from typing import Any, Final

CATALOGUE: Final[dict[str, tuple[int, str]]] = {
    "malformed": (400, "The body is not JSON"),
    "signature_missing": (401, "The request is not signed"),
    "signature_invalid": (401, "The signature does not hold"),
    "signature_expired": (401, "The signature is too old or from the future"),
    "signature_replayed": (401, "The signature was used before"),
    "not_paired": (401, "The key is no device of this identity"),
    "verification_required": (401, "The person must be verified"),
    "token_invalid": (401, "The token is not valid"),
    "reauthentication_required": (401, "The sign-in is too long ago"),
    "restore_refused": (403, "The restoration is refused"),
    "wrong_code": (403, "The code is wrong"),
    "not_allowed": (403, "This is not allowed"),
    "not_found": (404, "There is no such thing"),
    "identity_taken": (409, "The identity is taken"),
    "device_exists": (409, "The key is or was a device of this identity"),
    "email_required": (409, "An e-mail address is required"),
    "email_confirmed": (409, "The e-mail address is confirmed"),
    "restore_not_enabled": (409, "Restore is not enabled"),
    "last_device": (409, "This is the last device"),
    "code_not_kept": (409, "The code is not kept"),
    "email_not_confirmed": (409, "The e-mail address is not confirmed"),
    "limit_reached": (409, "A limit is reached"),
    "expired": (410, "This has expired"),
    "cancelled": (410, "This was cancelled"),
    "used": (410, "This was used"),
    "attempts_exhausted": (410, "There are no attempts left"),
    "stale": (412, "The version is stale"),
    "too_large": (413, "The body is too large"),
    "not_json": (415, "The body is not JSON by its type"),
    "invalid": (422, "The request is invalid"),
    "code_mistyped": (422, "The code is mistyped"),
    "if_match_required": (428, "A version is required"),
    "too_many_requests": (429, "Too many requests"),
    "unavailable": (503, "A part of the service is unavailable"),
}
"""Code → status and English title. Titles never change: clients may compare them."""


class Problem(Exception):
    """A refusal that the caller may see.

    `code` is one of the catalogue; `members` are the further members that the contract allows for it (`attempts_left`,
    `until` …); `retry_after` is in seconds and becomes the header of that name; `reason` is for the log alone.
    """

    def __init__(self, code: str, *, retry_after: int | None = None, reason: str | None = None, **members: Any) -> None:
        self.code = code
        self.status, self.title = CATALOGUE[code]
        self.retry_after = retry_after
        self.reason = reason
        self.members = members
        super().__init__(code)


def invalid(field: str, message: str) -> Problem:
    """The 422 for one wrong field; `message` never repeats what was sent."""
    return Problem("invalid", errors=[{"field": field, "message": message}])
