"""Times as the contract writes them. Inside, a time is whole seconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(seconds: int | None) -> str | None:
    """`2026-11-24T14:05:00Z`, or None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
