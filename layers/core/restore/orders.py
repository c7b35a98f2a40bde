"""Orders: what an administrator has decided, settled like any other act, and told to the user.

One transaction holds the act, the identity's own row of it, the row of the administrators' log (`restore.adminlog`)
with who, why and about whom, the spent approval where two people are asked for, and a check that policy is still what
the act went by: no act without its row, and none by a policy that another administrator has just changed.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from restore import adminlog, approvals, standing
from restore.audit import Act
from restore.conditions import Write
from restore.errors import Problem
from restore.http import Answer
from restore.keys import ADMINISTRATION, policy_key
from restore.policies import stored
from restore.settling import Change, View, act_of, attempts, commit, raise_for, writes_of
from restore.store import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from restore.administrators import AdminCall, Desk, Role
    from restore.conditions import Item
    from restore.policy import Policy
    from restore.store import Table


@dataclass(slots=True)
class Terms:
    """What an act goes by: policy, read for this very act, and whether it only asks for a second person's word."""

    policy: Policy
    version: int
    asking: bool


@dataclass(slots=True)
class Order:
    """What an act decided.

    `name` is its noun in the administrators' log, whose row is `<name>.ordered` unless `row` is another type;
    `two_people` what it is called where a second one has to approve it, or empty where one is enough; `tells` are
    further members of the row: ids, labels, and for policy what was changed.
    """

    name: str
    change: Change
    two_people: str = ""
    tells: dict[str, Any] = field(default_factory=dict)
    row: str = ""


@dataclass(slots=True)
class Done:
    """An act that is written: what it decided to answer, and the restore item before and after."""

    answer: Any
    before: Item
    after: Item


def ordering(
    desk: Desk, *, role: Role, body: Any
) -> Callable[[Callable[[View, Act, AdminCall], Order]], Callable[[dict[str, Any], Any], dict[str, Any]]]:
    """Make what decides on an order a Lambda handler: 204 once it is written, 202 where a second person is asked.

    For acts that answer nothing; `role` and `body` as of `Desk.acting`.
    """

    def decorate(
        decide: Callable[[View, Act, AdminCall], Order],
    ) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        @desk.acting(role=role, body=body)
        @wraps(decide)
        def act(call: AdminCall) -> Answer:
            done = settle(desk, call, lambda view, act, _: decide(view, act, call))
            return Answer(202, done.answer()) if isinstance(done, approvals.Asked) else Answer(204)

        return act

    return decorate


def settle(desk: Desk, call: AdminCall, decide: Callable[[View, Act, Terms], Order]) -> Done | approvals.Asked:
    """Settle an act of an administrator, on the identity of the call or, without one, on nobody.

    Where policy asks for two people and `Approval` is not there, nothing is done but asking; the act is decided all the
    same, so that what would be refused is refused now. An approval counts only for the very same request, once.
    """
    table = desk.table
    for _ in attempts():
        policy, version = stored(table, desk.policy)
        approval = approvals.given(table, call, version) if call.approval is not None else None
        view, before = _view(table, call)
        act = act_of(call)
        order = decide(view, act, Terms(policy, version, asking=policy.two_person_approval and approval is None))
        change = order.change
        if not change.written:
            return Done(change.answer, before, before)
        log, log_before = adminlog.head(table)
        told = Act(ADMINISTRATION, now=call.now, device=None, source=call.source, server=call.server)
        asked: approvals.Asked | None = None
        if order.two_people and policy.two_person_approval and approval is None:
            asked = approvals.ask(table, call, order.two_people, version)
            if asked.write is None:
                return asked  # asked for before, and still open
            told.tell("approval.requested", approval=asked.entry["SK"], act=order.two_people, **_about(call))
            change = Change(further=[(asked.write, None)])
            if call.identity:
                change.further.append((standing.exists(call.identity), Problem("not_found")))
            own: list[Write] = []
        else:
            told.tell(order.row or f"{order.name}.ordered", **_about(call), **order.tells)
            own = writes_of(view.restore, before, act) if call.identity else []
            if not any(write.key == policy_key() for write, _ in change.further):
                change.further.append((_policy_stays(version), None))
            if approval is not None:
                change.further.append((approvals.spent(approval, call), Problem("not_allowed", reason="approval used")))
        writes = [*own, *writes_of(log, log_before, told), *adminlog.marker(call.identity, log)]
        try:
            commit(table, writes, change)
        except Refused as refused:
            raise_for(refused, len(writes), change)
            continue
        return asked or Done(change.answer, before, view.restore)
    raise Problem("unavailable", retry_after=1, reason="conflicts")


def _view(table: Table, call: AdminCall) -> tuple[View, Item]:
    if not call.identity:
        return View({}), {}
    found = table.collection(call.identity)
    if found.restore is None or found.identity is None:
        raise Problem("not_found")
    return View(copy.deepcopy(found.restore), found.identity, found.devices), found.restore


def _about(call: AdminCall) -> dict[str, Any]:
    """Who did it, about whom and why: members of the administrators' row."""
    about: dict[str, Any] = {"administrator": call.administrator.sub, "name": call.administrator.name}
    if call.identity:
        about["identity"] = call.identity
    if reason := getattr(call.body, "reason", None):
        about["reason"] = reason
    if call.approval is not None:
        about["approval"] = call.approval
    return about


def _policy_stays(version: int) -> Write:
    """The policy that the act went by is in force when it is written: two people may be asked for since."""
    check = Write("ConditionCheck", policy_key())
    name = check.name("ver")
    return check.when(f"{name} = {check.value(version)}" if version else f"attribute_not_exists({name})")
