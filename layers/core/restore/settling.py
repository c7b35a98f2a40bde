"""How an act becomes one write: read what it depends on, decide, and write all of it or nothing.

An act decides on the restore item as it was read, and its write holds only over that version; what a paired device may
do is a condition of the same transaction. Whatever got in between makes the write fail, and the act is decided anew: an
ordinary race is settled here, and its loser hears what has become of the matter, not of the race.

The first read is eventually consistent, half the price: a decision to *do* something is checked by the write. A
decision to *refuse* is checked by a consistent read before it is told, and told to a paired device only.
"""

from __future__ import annotations

import copy
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from restore.audit import Act
from restore.conditions import by_paired_device, replace
from restore.devices import why_refused
from restore.errors import Problem
from restore.keys import restore_key
from restore.state import language_of
from restore.store import PATIENCE_SECONDS, Collection, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from restore.conditions import Item, Write
    from restore.http import Call
    from restore.store import Table


@dataclass(slots=True)
class View:
    """What an act decides on. `restore` is a copy to be changed; identity and devices are there after a full read."""

    restore: Item
    identity: Item | None = None
    devices: dict[str, Item] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """What an act decided. `answer` is whatever the act needs once it is written.

    `written` False: nothing changes but the nonce. `refusal` is raised once it is written: a wrong code that has to
    cost something. `further` are more writes, each with the problem that its failing means (None: decide anew).
    """

    answer: Any = None
    written: bool = True
    refusal: Problem | None = None
    further: list[tuple[Write, Problem | None]] = field(default_factory=list)


@dataclass(slots=True)
class Settled:
    """The restore item before and after, for whoever has to take it back, and what the act decided to answer."""

    before: Item
    after: Item
    answer: Any


def act_of(call: Call) -> Act:
    """A fresh list of rows for what this call does."""
    device = call.signed.keyid if call.signed else None
    return Act(call.identity, now=call.now, device=device, source=call.source, server=call.server)


def by_paired(  # noqa: C901 - one loop, read from top to bottom
    table: Table,
    call: Call,
    decide: Callable[[View, Act, Write], Change],
    *,
    verified: bool = False,
    may_be_held: bool = True,
    full: bool = False,
) -> Settled:
    """An act of a paired device; `decide` is asked only once the caller was seen to be one.

    A stranger costs the same calls whether there is such an identity or not, and never gets as far as a write. `full`:
    what the act decides to leave as it is was not checked by a write, so already its first read is consistent.
    """
    stale_slot = False
    for attempt in attempts():
        final = bool(full or attempt)
        collection = table.collection(call.identity, consistent=final)
        before = collection.restore
        why = why_refused(collection.identity or {}, call, verified=verified, may_be_held=may_be_held)
        if isinstance(why, Problem) or before is None:
            if final:
                raise why if isinstance(why, Problem) else Problem("not_paired")
            continue  # told only after a consistent read
        stale_slot = stale_slot or why == "stale_slot"
        view = _view(before, collection)
        told = bool(call.language and call.language != language_of(view.restore))
        if told:
            view.restore["lang"] = call.language
        act = act_of(call)
        mine = by_paired_device(call, verified=verified, may_be_held=may_be_held, stale_slot=stale_slot)
        try:
            change = decide(view, act, mine)
        except Problem:
            if final:
                raise
            continue
        writes = [mine]
        if change.written or told:
            writes += writes_of(view.restore, before, act)
        try:
            commit(table, writes, change)
        except Refused as refused:
            why = why_refused(refused.found[0] or {}, call, verified=verified, may_be_held=may_be_held)
            if refused.found[0] is not None and isinstance(why, Problem):
                if not (refused.resent and why.code == "signature_replayed"):
                    raise why from None
                # the client's own retry has met what it had written before its answer was lost
            else:
                stale_slot = stale_slot or why == "stale_slot"
                raise_for(refused, len(writes), change)
                continue
        return _settled(before, view, change)
    raise Problem("unavailable", retry_after=1, reason="conflicts")


def by_new_device(
    table: Table, call: Call, decide: Callable[[View, Act], Change], *, full: bool = False, seen: Item | None = None
) -> Settled:
    """An act of a device that is not paired, or of a link: `decide` itself says whether it may.

    `seen` is the restore item where the act has met it already.
    """
    for attempt in attempts():
        collection = table.collection(call.identity) if full else None
        if collection:
            before = collection.restore
        elif seen and not attempt:
            before = seen
        else:
            before = table.get(restore_key(call.identity), consistent=attempt > 0)
        final = bool(attempt or full or seen)
        if before is None:
            if final:
                raise Problem("not_paired")
            continue
        view = _view(before, collection)
        act = act_of(call)
        try:
            change = decide(view, act)
        except Problem:
            if final:
                raise
            continue
        writes = writes_of(view.restore, before, act) if change.written else []
        if not writes and not change.further:
            return _settled(before, view, change)
        try:
            commit(table, writes, change)
        except Refused as refused:
            raise_for(refused, len(writes), change)
            continue
        return _settled(before, view, change)
    raise Problem("unavailable", retry_after=1, reason="conflicts")


def take_back(
    table: Table, call: Call, settled: Settled, kind: str, undo: Callable[[Item, Act], bool], **detail: Any
) -> None:
    """Undo an act whose mail was refused; the log tells both, and notices of it that wait are not mailed.

    Where nobody has acted since, the restore item is as before. Else `undo` takes what is this act's own out of the
    item as it is now, and leaves alone what is others'; it answers whether anything was left to be undone.
    """
    for attempt in attempts():
        act = act_of(call)
        act.tell(kind, **detail)
        act.takes_back = settled.before.get("seq", 0) + 1
        now = table.get(restore_key(call.identity)) if attempt else settled.after
        if now is None:
            return  # erased since
        if attempt:
            restore = copy.deepcopy(now)
            if not undo(restore, act):
                return
        else:
            restore = copy.deepcopy(settled.before) | {name: now[name] for name in ("ver", "seq", "head")}
        try:
            table.transact(writes_of(restore, now, act))
        except Refused:
            continue
        return


def writes_of(restore: Item, before: Item | None, act: Act) -> list[Write]:
    """The restore item over the version that was read, and the act's rows; the item then has its new version."""
    rows = [act.close(restore)] if act else []  # moves the head in the item that is written beside it
    written = replace(restore, before)
    restore["ver"] = (written.item or {})["ver"]
    return [written, *rows]


def commit(table: Table, writes: list[Write], change: Change) -> None:
    """Write all of it or nothing; `Refused` where a condition does not hold."""
    all_of_them = [*writes, *(write for write, _ in change.further)]
    if len(all_of_them) > 1:
        table.transact(all_of_them)
    else:
        table.write(all_of_them[0], returning="NONE")


def _view(before: Item | None, collection: Collection | None) -> View:
    restore = copy.deepcopy(before) or {}
    return View(restore, collection.identity, collection.devices) if collection else View(restore)


def _settled(before: Item | None, view: View, change: Change) -> Settled:
    if change.refusal:
        raise change.refusal
    return Settled(before or {}, view.restore, change.answer)


def raise_for(refused: Refused, own: int, change: Change) -> None:
    """Raise what a further write's failing means."""
    if any(found is not None for found in refused.found[:own]):
        return  # the version has moved: what else failed may be due to that
    for found, (_, problem) in zip(refused.found[own:], change.further, strict=True):
        if found is not None and problem is not None:
            raise problem


def attempts() -> Any:
    """Count attempts until patience ends, with a random pause before each but the first two."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    attempt = 0
    while attempt < 2 or time.monotonic() < give_up:  # noqa: PLR2004 - the second is the consistent read
        if attempt > 1:
            time.sleep(random.uniform(0, min(0.4, 0.02 * 2**attempt)))  # noqa: S311 - jitter, nothing secret
        yield attempt
        attempt += 1
