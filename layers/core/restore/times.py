"""Times as the contract writes them. Inside, a time is whole seconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(seconds: int | None) -> str | None:
    """`2026-11-24T14:05:00Z`, or None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> int:
    """The whole seconds of a time in RFC 3339, in any zone; ValueError where it is none."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or "T" not in text.upper():
        message = "is no time of RFC 3339"
        raise ValueError(message)
    return int(at.timestamp())
