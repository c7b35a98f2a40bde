"""What a company has decided. The defaults are the contract's; until policy is stored, template parameters set it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from restore.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping


NUMBERS: Final = {
    "prompt_at_sign_in": (1, 1000),
    "max_devices": (1, 10),
    "waiting_hours": (0, 720),
    "hold_hours": (0, 720),
}
"""The least and the most of the fields that are numbers."""

_DOMAIN: Final = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The fields, flat as they are on the wire. Hours are hours; `email_domains` None means any."""

    restore_enabled: bool = True
    enforce_on_creation: bool = False
    unpair_others_on_restore: bool = False
    unpair_others_on_pairing: bool = False
    pairing_enabled: bool = True
    keep_sealed_codes: bool = False
    two_person_approval: bool = False
    require_verification_key: bool = True
    prompt_at_sign_in: int = 6
    max_devices: int = 10
    waiting_hours: int = 0
    hold_hours: int = 24
    email_domains: tuple[str, ...] | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Policy:
        """Read the fields from `RESTORE_ENABLED` and so on; what is absent or empty keeps its default."""
        default = cls()

        def flag(name: str) -> bool:
            text = environment.get(name.upper(), "").strip().lower()
            return text == "true" if text else bool(getattr(default, name))

        def number(name: str) -> int:
            return int(environment.get(name.upper(), "").strip() or getattr(default, name))

        domains = tuple(
            domain.strip().lower() for domain in environment.get("EMAIL_DOMAINS", "").split(",") if domain.strip()
        )
        return cls(
            restore_enabled=flag("restore_enabled"),
            enforce_on_creation=flag("enforce_on_creation"),
            unpair_others_on_restore=flag("unpair_others_on_restore"),
            unpair_others_on_pairing=flag("unpair_others_on_pairing"),
            pairing_enabled=flag("pairing_enabled"),
            keep_sealed_codes=flag("keep_sealed_codes"),
            two_person_approval=flag("two_person_approval"),
            require_verification_key=flag("require_verification_key"),
            prompt_at_sign_in=number("prompt_at_sign_in"),
            max_devices=number("max_devices"),
            waiting_hours=number("waiting_hours"),
            hold_hours=number("hold_hours"),
            email_domains=domains or None,
        )

    def changed(self, fields: Mapping[str, Any]) -> Policy:
        """The policy with these fields, as they come from JSON. ValueError names a field and what is wrong with it."""
        clean = {name: _checked(name, value) for name, value in fields.items()}
        return replace(self, **clean)

    def must_enable_restore(self) -> None:
        """Refuse where the company forbids restoring."""
        if not self.restore_enabled:
            raise Problem("not_allowed", policy="restore_enabled")

    def must_admit(self, address: str) -> None:
        """Refuse an address of a domain that the company does not accept."""
        if self.email_domains is not None and address.rpartition("@")[2].lower() not in self.email_domains:
            raise Problem("not_allowed", policy="email_domains")

    @property
    def hold_seconds(self) -> int:
        """How long a device that a restoration or a pairing brought is held."""
        return self.hold_hours * 3600


def _checked(name: str, value: Any) -> Any:
    if name not in Policy.__slots__:
        raise ValueError(f"{name}: there is no such field")
    if name in NUMBERS:
        least, most = NUMBERS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{name}: has to be a whole number from {least} to {most}")
        return value
    if name == "email_domains":
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not value or not all(is_domain(one) for one in value):
            raise ValueError(f"{name}: has to be null, or a list of at least one domain")
        return tuple(one.lower() for one in value)
    if not isinstance(value, bool):
        raise ValueError(f"{name}: has to be true or false")  # noqa: TRY004 - one kind of error for whoever asks
    return value


def is_domain(value: Any) -> bool:
    """Whether a value is a domain of at least two labels, as it stands in addresses."""
    return isinstance(value, str) and value.isascii() and bool(re.fullmatch(_DOMAIN, value.lower()))
