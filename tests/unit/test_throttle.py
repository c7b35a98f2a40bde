"""Limits of source addresses: which addresses count as one, and which window a moment lies in."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.throttle import counted, network_of, too_many

seconds = st.integers(1, 86400)
moments = st.integers(1_600_000_000, 2_000_000_000)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_counts_for_itself(address: object) -> None:
    """Also where it arrives mapped into IPv6."""
    assert network_of(str(address)) == str(address)
    assert network_of(f"::ffff:{address}") == str(address)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_an_ipv6_address_counts_as_its_64(network: int, one: int, other: int) -> None:
    """However it is spelled."""
    first, second = (IPv6Address((network << 64) | host) for host in (one, other))
    if first.ipv4_mapped or second.ipv4_mapped:
        return
    assert network_of(str(first)) == network_of(second.exploded.upper())
    assert ip_address(network_of(str(first)).removesuffix("/64")) == IPv6Address(network << 64)


@pytest.mark.parametrize("odd", ["", "unknown", "192.0.2.1, 198.51.100.1", "192.0.2.300", "test-invoke-source-ip"])
def test_what_is_no_address_counts_together(odd: str) -> None:
    """Fails closed: nobody escapes the count by an odd address."""
    assert network_of(odd) == "unknown"


@given(seconds, moments)
def test_a_window_begins_anew_when_it_is_said_to(length: int, now: int) -> None:
    """`Retry-After` is in 1 … the window's length, and leads exactly into the next window."""
    wait = too_many(length, now, "x").retry_after
    assert wait is not None
    assert 1 <= wait <= length
    key = counted("x", "192.0.2.1", limit=1, seconds=length, now=now).key
    assert counted("x", "192.0.2.1", limit=1, seconds=length, now=now + wait - 1).key == key
    assert counted("x", "192.0.2.1", limit=1, seconds=length, now=now + wait).key != key


@given(seconds, moments)
def test_the_dustman_comes_after_the_window(length: int, now: int) -> None:
    """The item lives at least as long as its window, and no longer than two more."""
    write = counted("x", "192.0.2.1", limit=1, seconds=length, now=now)
    (ttl,) = [value for value in write.values.values() if value > 10**9]
    assert now + length < ttl <= now + 2 * length


def test_the_limit_is_the_condition_of_the_count() -> None:
    """ASVS 15.4.2: checked and counted in one write."""
    write = counted("x", "192.0.2.1", limit=20, seconds=600, now=1_795_000_200)
    assert write.condition == "(attribute_not_exists(#0) OR #0 < :0)"
    assert (write.names["#0"], write.values[":0"]) == ("n", 20)
    assert write.update.endswith(" ADD #0 :1")
