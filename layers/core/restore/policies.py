"""The policy in force: what administrators have stored, over the template's parameters; at most half a minute old.

Each function keeps what it has read for `seconds`, so a warm one reads no more than twice a minute. One item of the
table holds the fields that were set, and a version.
"""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from restore.keys import policy_key
from restore.policy import Policy

if TYPE_CHECKING:
    from restore.store import Table

NAMES = frozenset(field.name for field in fields(Policy))


class Policies:
    """Where the policy is. `defaults` is the template's."""

    def __init__(self, table: Table, defaults: Policy, seconds: int) -> None:
        self._table = table
        self._defaults = defaults
        self._seconds = seconds
        self._read_at: float | None = None
        self._policy = defaults

    def now(self) -> Policy:
        """The policy in force. Where it cannot be read, nothing is decided."""
        at = time.monotonic()
        if self._read_at is None or at - self._read_at >= self._seconds:
            self._policy, _ = stored(self._table, self._defaults)
            self._read_at = at
        return self._policy


def stored(table: Table, defaults: Policy) -> tuple[Policy, int]:
    """The policy as it is at this moment, and its version: 0 where nothing was ever stored."""
    item = table.get(policy_key()) or {}
    return merged(defaults, item), item.get("ver", 0)


def merged(defaults: Policy, stored: dict[str, Any]) -> Policy:
    """The stored fields over the defaults; what a later release stored and this one does not know is ignored."""
    known = {name: value for name, value in stored.get("fields", {}).items() if name in NAMES}
    if known.get("email_domains") is not None:
        known["email_domains"] = tuple(known["email_domains"])
    return replace(defaults, **known)


def plain(policy: Policy) -> dict[str, Any]:
    """Every field of the policy as it is stored and told."""
    domains = list(policy.email_domains) if policy.email_domains is not None else None
    return {**{name: getattr(policy, name) for name in Policy.__slots__}, "email_domains": domains}


def answer(policy: Policy, version: int) -> dict[str, Any]:
    """The policy on the wire: flat, with its version."""
    return {**plain(policy), "version": version}
