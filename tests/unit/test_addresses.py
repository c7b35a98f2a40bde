"""Addresses: hints, and the confirmation of one as pure functions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import addresses
from restore.codes import Pepper
from restore.errors import Problem
from restore.limits import Limits

PEPPER = Pepper.parse(json.dumps({"current": "1", "1": "a" * 64}))
LIMITS = Limits()
NOW = 1_795_000_200


def begun() -> tuple[dict[str, Any], str]:
    """A restore item that awaits the confirmation of an address, and the code for it."""
    restore: dict[str, Any] = {}
    code = addresses.begin(restore, "ada@example.com", identity="ada", pepper=PEPPER, limits=LIMITS, now=NOW)
    return restore, code


@pytest.mark.parametrize(
    ("address", "hint"),
    [("ada@example.com", "a***@example.com"), ("a@example.com", "a***@example.com"), (None, None), ("", None)],
)
def test_a_hint_says_no_more_than_the_first_symbol_and_the_domain(address: str | None, hint: str | None) -> None:
    """The length of the local part is not told."""
    assert addresses.hint(address) == hint


@given(st.lists(st.sampled_from(["wrong", "again", "wait"]), max_size=14))
def test_attempts_are_never_refilled(steps: list[str]) -> None:
    """N3: five wrong codes in all, however often the code is sent anew."""
    restore, code = begun()
    now, wrong = NOW, 0
    refusals = []
    for step in steps:
        now += 31 if step == "wait" else 0
        try:
            if step == "wrong":
                other = f"{(int(code) + 1) % 10**8:08d}"
                refused = addresses.confirm(restore, other, identity="ada", pepper=PEPPER, now=now)
                wrong += 1
                assert refused is not None
                assert refused.members == {"attempts_left": 5 - wrong}
            elif step == "again":
                code = addresses.again(restore, identity="ada", pepper=PEPPER, limits=LIMITS, now=now)
        except Problem as problem:
            refusals.append((step, wrong, problem.code))
    assert wrong <= 5
    assert {code for _, _, code in refusals} <= {"attempts_exhausted", "expired", "limit_reached", "too_many_requests"}
    assert all(step == "again" or at == 5 for step, at, _ in refusals)


def test_a_code_is_for_its_address_and_identity_alone() -> None:
    """ASVS 6.6.2: moved to another address or identity, the hash fits nothing."""
    restore, code = begun()
    moved = {"pending": {**restore["pending"], "to": "eve@example.com"}}
    assert addresses.confirm(moved, code, identity="ada", pepper=PEPPER, now=NOW) is not None
    other = {"pending": dict(restore["pending"])}
    assert addresses.confirm(other, code, identity="eve", pepper=PEPPER, now=NOW) is not None
    assert addresses.confirm(restore, code, identity="ada", pepper=PEPPER, now=NOW) is None
    assert restore["email"] == "ada@example.com"


def test_what_is_over_is_not_shown() -> None:
    """`email_pending` is null from the second on in which the code is dead."""
    restore, _ = begun()
    assert addresses.pending_answer(restore, NOW + 599) is not None
    assert addresses.pending_answer(restore, NOW + 600) is None
    restore["pending"]["a"] = 0
    assert addresses.pending_answer(restore, NOW) is None
    assert addresses.pending_answer({}, NOW) is None


@pytest.mark.parametrize(("gaps", "passes"), [([0] * 4, 4), ([0] * 5, 4), ([150] * 8, 8), ([149] * 8, 4)])
def test_four_mails_in_ten_minutes_by_a_moving_window(gaps: list[int], passes: int) -> None:
    """A window that moves lets nobody send twice the limit across a boundary."""
    restore: dict[str, Any] = {}
    now, sent = NOW, 0
    for number, gap in enumerate(gaps):
        now += gap
        try:
            addresses.begin(restore, f"a{number}@example.com", identity="ada", pepper=PEPPER, limits=LIMITS, now=now)
        except Problem:
            break
        sent += 1
    assert sent == passes


def test_addresses_that_differ_in_case_are_one() -> None:
    """Mailboxes do not mind case in practice."""
    assert addresses.same("Ada@example.com", "ada@EXAMPLE.com")
    assert not addresses.same("ada@example.com", "ada@example.org")


def test_the_counter_of_an_address_does_not_name_it() -> None:
    """ASVS 11.4.2: it outlives an erased identity, so its key is worth nothing without the pepper."""

    def key(address: str, pepper: Pepper = PEPPER) -> dict[str, str]:
        return addresses.counted_mail(address, "192.0.2.1", pepper, LIMITS, NOW).key

    assert "ada" not in str(key("Ada@example.com")).lower()
    assert key("Ada@example.com") == key("ada@EXAMPLE.com")
    assert key("Ada@example.com") != key("eve@example.com")
    assert key("ada@example.com") != key("ada@example.com", Pepper.parse(json.dumps({"current": "1", "1": "b" * 64})))
    rotated = Pepper.parse(json.dumps({"current": "2", "1": "a" * 64, "2": "b" * 64}))
    assert "#2." in key("ada@example.com", rotated)["PK"]
