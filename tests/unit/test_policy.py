"""Policy and limits as the environment tells them."""

from __future__ import annotations

import dataclasses

import pytest

from restore.errors import Problem
from restore.limits import Limits
from restore.policy import Policy


def test_an_empty_environment_is_the_contract() -> None:
    """The defaults, field by field, in the contract's words."""
    assert dataclasses.asdict(Policy.from_environment({})) == {
        "restore_enabled": True,
        "enforce_on_creation": False,
        "unpair_others_on_restore": False,
        "unpair_others_on_pairing": False,
        "pairing_enabled": True,
        "keep_sealed_codes": False,
        "two_person_approval": False,
        "require_verification_key": True,
        "prompt_at_sign_in": 6,
        "max_devices": 10,
        "waiting_hours": 0,
        "hold_hours": 24,
        "email_domains": None,
    }
    assert dataclasses.asdict(Limits.from_environment({})) == {
        "email_code_seconds": 600,
        "email_code_attempts": 5,
        "email_code_resends": 3,
        "resend_pause_seconds": 30,
        "wrong_codes_per_source": 20,
        "wrong_codes_window_seconds": 600,
        "creations_per_source": 10,
        "creations_window_seconds": 3600,
        "restoration_mails_per_hour": 10,
        "wrong_codes_in_a_row": 100,
        "code_lock_seconds": 86400,
        "wrong_email_codes_per_day": 20,
        "confirmation_mails_per_10_minutes": 4,
        "confirmation_mails_per_day": 10,
        "confirmation_mails_per_source": 5,
        "pairing_seconds": 300,
    }


@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_each_limit_is_read_by_its_name(field: dataclasses.Field[int]) -> None:
    """Only that one; blanks are no value."""
    name = field.name.upper()
    assert getattr(Limits.from_environment({name: " 7 "}), field.name) == 7
    assert Limits.from_environment({name: " "}) == Limits()
    assert Limits.from_environment({name: "7"}) == dataclasses.replace(Limits(), **{field.name: 7})


@pytest.mark.parametrize("name", ["RESTORE_ENABLED", "REQUIRE_VERIFICATION_KEY", "PAIRING_ENABLED"])
def test_a_switch_is_true_or_false(name: str) -> None:
    """What is neither is false only where it was said; absent and empty keep the default."""
    for text, value in {"true": True, "TRUE ": True, "false": False, "0": False, "": True}.items():
        assert getattr(Policy.from_environment({name: text}), name.lower()) is value


def test_domains_are_a_list_in_lower_case() -> None:
    """Or any."""
    read = Policy.from_environment({"EMAIL_DOMAINS": " Example.COM , ,example.org"})
    assert read.email_domains == ("example.com", "example.org")
    read.must_admit("ada@EXAMPLE.com")
    for other in ("ada@example.net", "ada@sub.example.com", "ada@example.com.evil.org"):
        with pytest.raises(Problem) as refused:
            read.must_admit(other)
        assert (refused.value.code, refused.value.members) == ("not_allowed", {"policy": "email_domains"})
    Policy.from_environment({"EMAIL_DOMAINS": ","}).must_admit("ada@anything.example")


def test_a_number_that_is_none_stops_the_start() -> None:
    """Better no function than one with a limit nobody chose."""
    with pytest.raises(ValueError, match="invalid literal"):
        Limits.from_environment({"WRONG_CODES_PER_SOURCE": "many"})
    with pytest.raises(ValueError, match="invalid literal"):
        Policy.from_environment({"HOLD_HOURS": "a day"})
