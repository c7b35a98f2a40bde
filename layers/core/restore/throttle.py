"""Limits on what one source address may do. The limit is the condition of the count, so no race gets past it."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from restore.conditions import Write
from restore.errors import Problem
from restore.keys import counter_key


def network_of(source: str) -> str:
    """The address that counts: an IPv6 source as its /64, since one customer has them all (and more)."""
    try:
        address = ip_address(source)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)


def room(what: str, source: str, *, limit: int, seconds: int, now: int) -> Write:
    """Whether one more would be counted, without counting it."""
    write = Write("ConditionCheck", counter_key(what, network_of(source), now // seconds))
    count = write.name("n")
    return write.when(f"attribute_not_exists({count}) OR {count} < {write.value(limit)}")


def counted(what: str, source: str, *, limit: int, seconds: int, now: int) -> Write:
    """Count one more in the window that `now` lies in; refused once there are `limit` in it."""
    window = now // seconds
    write = Write("Update", counter_key(what, network_of(source), window))
    count = write.name("n")
    write.when(f"attribute_not_exists({count}) OR {count} < {write.value(limit)}")
    write.count("n")
    # the dustman comes a window later; nothing depends on when
    return write.set(("form",), 1).set(("ttl",), (window + 2) * seconds)


def too_many(seconds: int, now: int, reason: str) -> Problem:
    """The refusal of a full window, with the seconds until the next begins."""
    return Problem("too_many_requests", retry_after=seconds - now % seconds, reason=reason)
