"""The log's chain and its cursors, without a table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import audit
from restore.audit import Act

details = st.dictionaries(st.sampled_from(["by", "restoration", "name"]), st.text(max_size=20) | st.integers(0, 99))
acts = st.lists(st.lists(details, min_size=1, max_size=3), min_size=1, max_size=5)


def rows_of(written: list[list[dict[str, Any]]], identity: str = "ada") -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of some acts with these details, and the restore item's head after them."""
    rows: list[dict[str, Any]] = []
    restore: dict[str, Any] = {}
    for at, one in enumerate(written):
        act = Act(identity, now=1_795_000_000 + at, device=None, source="192.0.2.1", server="https://id.example.com")
        for detail in one:
            act.tell("pairing.cancelled", **detail)
        rows += (act.close(restore).item or {})["rows"]
    return rows, restore


def head_of(rows: list[dict[str, Any]], start: str) -> str:
    """The hash that rows lead to."""
    for row in rows:
        start = audit.chained(start, row)
    return start


@given(acts)
def test_the_head_follows_from_the_rows(written: list[list[dict[str, Any]]]) -> None:
    """B4: numbered from one without a gap, from the identity's own beginning to the head."""
    rows, restore = rows_of(written)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert head_of(rows, audit.genesis("ada")) == rows[-1]["hash"] == restore["head"]
    assert head_of(rows, audit.genesis("eve")) != restore["head"]
    assert audit.head_of(restore) == {"seq": len(rows), "hash": restore["head"]}


@given(acts)
def test_an_erased_log_holds_from_its_first_hash_on(written: list[list[dict[str, Any]]]) -> None:
    """B4: without any personal member; erasing what is erased changes nothing."""
    rows, restore = rows_of(written)
    left = [audit.erased(row) for row in rows]
    assert head_of(left[1:], left[0]["hash"]) == restore["head"]
    assert set(left[0]) == {"seq", "at", "type", "hash"}
    assert all(set(row) == {"seq", "at", "type", "hash", "digest"} for row in left[1:])
    assert [audit.erased(row) for row in left[1:]] == left[1:]


def test_the_same_act_twice_has_other_ids_and_hashes() -> None:
    """A 11.5.1: the salt is new each time, so nothing is guessed from a hash."""
    (one,), _ = rows_of([[{}]])
    (other,), _ = rows_of([[{}]])
    assert one["salt"] != other["salt"]
    assert one["hash"] != other["hash"]
    assert len(one["salt"]) == 22


def test_a_cursor_is_read_as_it_was_written() -> None:
    """All of its symbols can stand in a signed query."""
    rows, _ = rows_of([[{}, {}]])
    for row in rows:
        assert audit.seq_of_cursor(audit.cursor_of(row)) == row["seq"]
        assert set(audit.cursor_of(row)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@pytest.mark.parametrize(
    "form", ["{}", "0.{}", "01.{}", "-1.{}", "+1.{}", "1.{}A", "1.{}\n", " 1.{}", "12345678901.{}"]
)
def test_what_is_no_cursor_is_not_read(form: str) -> None:
    """One way to write each; no number beyond what a key has room for."""
    assert audit.seq_of_cursor(form.format("A" * 43)) is None
    assert audit.seq_of_cursor("1." + "A" * 43) == 1


@given(st.text(max_size=60))
def test_any_text_is_taken_or_left(text: str) -> None:
    """No text makes it fail."""
    seq = audit.seq_of_cursor(text)
    assert seq is None or text.startswith(f"{seq}.")


def test_an_event_shows_its_salt_as_its_id() -> None:
    """So that a phone can make the digest itself, with the contract's own members."""
    (row,), _ = rows_of([[{"by": "device"}]])
    shown = audit.answer(row)
    assert shown == {
        "id": row["salt"],
        "seq": 1,
        "hash": row["hash"],
        "at": "2026-11-18T11:06:40Z",
        "type": "pairing.cancelled",
        "device": None,
        "source": "192.0.2.1",
        "detail": {"by": "device"},
    }


@pytest.mark.parametrize("member", ["code", "restore_code"])
def test_a_notice_holds_no_code(member: str) -> None:
    """N1, A 16.2.5: notices lie in the table until they are mailed, so one that would hold a code is refused."""
    act = audit.Act("ada", now=1, device=None, source="192.0.2.1", server="https://id.example.com")
    with pytest.raises(ValueError, match="by the act itself"):
        act.mail("restore_code_sent", ["ada@example.com"], "en", **{member: "22G1-KFBN"})
