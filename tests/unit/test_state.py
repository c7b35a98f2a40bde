"""The restore item: what its state is called, and what a new code does to it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from restore import state
from restore.codes import Pepper, RestoreCode
from restore.policy import Policy

PEPPER = Pepper.parse(json.dumps({"current": "1", "1": "a" * 64}))
ROTATED = Pepper.parse(json.dumps({"current": "2", "1": "a" * 64, "2": "b" * 64}))
NOW = 1_795_000_200


@pytest.mark.parametrize(("on", "confirmed", "barred"), list(itertools.product([False, True], repeat=3)))
def test_the_status_follows_from_three_things(on: bool, confirmed: bool, barred: bool) -> None:  # noqa: FBT001 - cases
    """A bar is told before anything; an address that is not confirmed is awaited only where restore is on."""
    item: dict[str, Any] = {"email": "ada@example.com"} if confirmed else {}
    item |= {"on": True} if on else {}
    item |= {"barred": True} if barred else {}
    wanted = "disabled_by_admin" if barred else "off" if not on else "enabled" if confirmed else "awaiting_email"
    assert state.status(item) == state.answer(item, Policy())["status"] == wanted


def test_a_new_code_is_the_only_one_and_starts_at_nought() -> None:
    """N2: whatever was in force is not any more, with its failures, lock and mails."""
    item: dict[str, Any] = {}
    first, label = state.put_code_in_force(item, PEPPER, "ada", NOW)
    (known,) = item["codes"].values()
    known |= {"fails": 99, "locked": NOW + 1, "mails": [NOW], "misses": {"1": 20}}
    second, other_label = state.put_code_in_force(item, PEPPER, "ada", NOW + 1)
    assert other_label != label
    assert state.code_of(item, PEPPER, "ada", first, now=1) is None
    found = state.code_of(item, PEPPER, "ada", second, now=1)
    assert found is not None
    assert set(found[1]) == {"h", "label", "at", "o", "by"}
    assert item["enabled_at"] == NOW
    assert second.symbols not in str(item)
    assert second.selector not in str(item)


def test_a_code_is_found_after_a_rotation_and_in_no_other_identity() -> None:
    """Its selector is hashed under the version that was current then."""
    item: dict[str, Any] = {}
    code, _ = state.put_code_in_force(item, PEPPER, "ada", NOW)
    found = state.code_of(item, ROTATED, "ada", code, now=1)
    assert found is not None
    assert ROTATED.fits(found[1]["h"], state.CODE_PURPOSE, "ada", code.symbols)
    assert state.code_of(item, PEPPER, "eve", code, now=1) is None
    assert state.code_of(item, PEPPER, "ada", RestoreCode.new(), now=1) is None


@pytest.mark.parametrize(
    ("after", "made_by", "on", "fresh"),
    [
        (0, "r", True, True),
        (599, "r", True, True),
        (600, "r", True, False),
        (0, "x", True, False),
        (0, "r", False, False),
    ],
)
def test_a_lost_code_is_replaced_for_ten_minutes(after: int, made_by: str, on: bool, fresh: bool) -> None:  # noqa: FBT001 - cases
    """By what made it alone, and while it is in force."""
    item: dict[str, Any] = {}
    code, _ = state.put_code_in_force(item, PEPPER, "ada", NOW, made_by="r")
    if not on:
        state.switch_off(item)
    made = state.reissue(item, PEPPER, "ada", NOW + after, made_by=made_by, made_at=NOW)
    assert (made is not None) == fresh
    assert (state.code_of(item, PEPPER, "ada", code, now=1) is not None) == (on and not fresh)


def test_switching_off_ends_codes_and_leaves_a_bar() -> None:
    """And the address."""
    item: dict[str, Any] = {"barred": True, "email": "ada@example.com"}
    state.put_code_in_force(item, PEPPER, "ada", NOW)
    state.switch_off(item)
    assert item == {"barred": True, "email": "ada@example.com"}


def test_of_codes_of_one_second_the_later_version_made_the_newest() -> None:
    """A code, a completion and its dispute within a second; what an earlier release wrote has no order, and is read."""
    item: dict[str, Any] = {"ver": 3}
    state.put_code_in_force(item, PEPPER, "ada", NOW)
    (first,) = item["codes"].items()
    item["ver"] = 12
    _, label = state.put_code_in_force(item, PEPPER, "ada", NOW, made_by="restoration")
    (second,) = item["codes"].items()
    for codes in ([first, second], [second, first]):
        item["codes"] = dict(codes)
        assert (state.own_code(item) or {})["label"] == label
        assert state.has_made_one_in_force(item, "restoration")
        assert state.has_made_one_in_force(item, "enabling")
    del first[1]["o"]
    assert (state.own_code(item) or {})["label"] == label
    del second[1]["o"]
    second[1]["at"] = NOW + 1
    assert (state.own_code(item) or {})["label"] == label


def test_every_notice_goes_to_all_confirmed_addresses() -> None:
    """N5."""
    assert state.recipients({}) == []
    both = {"email": "ada@example.com", "second_email": "ada@example.org"}
    assert state.recipients(both) == ["ada@example.com", "ada@example.org"]
    assert state.language_of({}) == "en"
    assert state.language_of({"lang": "de"}) == "de"
