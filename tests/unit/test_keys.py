"""The table's keys, and the short names inside items."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from restore import keys

names = st.from_regex(keys.IDENTITY_NAME, fullmatch=True)
anything = st.text(min_size=1, max_size=30)


@given(names, names, anything, st.integers(1, 10**9))
def test_identities_never_share_a_partition(one: str, other: str, short: str, seq: int) -> None:
    """No name reaches into another's items, or into a counter."""
    for make in (keys.identity_key, keys.restore_key):
        assert (make(one) == make(other)) == (one == other)
    own = (keys.identity_key(one), keys.restore_key(one), keys.device_key(one, short), keys.event_key(one, seq))
    assert {key["PK"] for key in own} == {f"ID#{one}"}
    assert len({key["SK"] for key in own}) == 4
    assert keys.counter_key("creations", short, seq)["PK"] not in {key["PK"] for key in own}


@given(names, st.integers(1, 10**9), st.integers(1, 10**9))
def test_rows_sort_as_their_numbers_do(name: str, one: int, other: int) -> None:
    """Backwards from a number is a range of the sort key."""
    first, second = keys.event_key(name, one)["SK"], keys.event_key(name, other)["SK"]
    assert (first < second) == (one < other)


@given(names)
def test_one_range_reads_identity_devices_and_restore_and_no_row(name: str) -> None:
    """`I` to `R` holds the devices between, and leaves the log out."""
    first, last = keys.identity_key(name)["SK"], keys.restore_key(name)["SK"]
    assert first <= keys.device_key(name, "0")["SK"] <= keys.device_key(name, "z" * 22)["SK"] <= last
    assert not first <= keys.event_key(name, 1)["SK"] <= last


@given(anything, anything)
def test_short_names_tell_devices_apart(one: str, other: str) -> None:
    """22 symbols, 128 bits."""
    assert len(keys.short_of(one)) == 22
    assert (keys.short_of(one) == keys.short_of(other)) == (one == other)


@given(anything, anything, st.none() | anything, st.none() | anything)
def test_a_proof_is_of_both_keys_together(one: str, other: str, first: str | None, second: str | None) -> None:
    """A device without verification key has another proof than with any."""
    same = (one, first) == (other, second)
    keyed = [text.replace("|", "") or "k" for text in (one, other)]
    if "|" not in one + other:
        assert (keys.proof_of(keyed[0], first) == keys.proof_of(keyed[1], second)) == same


@given(anything, anything)
def test_a_nonce_is_remembered_for_its_device_alone(device: str, nonce: str) -> None:
    """Another device may use the same symbols."""
    assert keys.nonce_of(device, nonce) != keys.nonce_of(device + "x", nonce)
    assert not keys.nonce_of(device, nonce).startswith("#")
