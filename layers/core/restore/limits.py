"""How long codes live, how often they may be tried and mailed. Template parameters; the defaults are the contract's."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Counts and seconds. Each field is the environment variable of its name in capitals."""

    email_code_seconds: int = 600
    email_code_attempts: int = 5
    email_code_resends: int = 3
    resend_pause_seconds: int = 30
    pairing_seconds: int = 300
    wrong_codes_per_source: int = 20
    wrong_codes_window_seconds: int = 600
    creations_per_source: int = 10
    creations_window_seconds: int = 3600
    restoration_mails_per_hour: int = 10
    wrong_codes_in_a_row: int = 100
    code_lock_seconds: int = 86400
    wrong_email_codes_per_day: int = 20
    confirmation_mails_per_10_minutes: int = 4
    confirmation_mails_per_day: int = 10
    confirmation_mails_per_source: int = 5

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Limits:
        """What is absent or empty keeps its default."""
        return cls(
            **{
                field.name: int(text)
                for field in fields(cls)
                if (text := environment.get(field.name.upper(), "").strip())
            }
        )
