"""No act is forgotten: what is tried on every act, or on every route, is tried on all that the template has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.acts import ACTS, GUESSES
from tests.functional.clerks import Clerk, set_policy
from tests.functional.nights import Nights
from tests.functional.test_bad_input import BODIES, EMPTY
from tests.functional.world import Route, routes
from tests.template import translated

if TYPE_CHECKING:
    from tests.functional.world import World

WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
BROWSERS = {"Pages", "Dispute", "Dashboard"}
"""What a browser asks for: the tests of the pages try what may be wrong with it."""
READS = {"ShowIdentity", "ShowEvents", "ShowPairing", "ShowRestoration"}
"""They may write what a later read needs, and change nothing that anybody would miss."""


def open_routes() -> set[Route]:
    """The routes of phones and of browsers: those that API Gateway lets through without an administrator's token."""
    unsigned = {
        (one["Properties"]["Method"], one["Properties"]["Path"])
        for function in translated.functions().values()
        for one in function["Properties"].get("Events", {}).values()
        if one["Type"] == "Api" and one["Properties"].get("Auth", {}).get("Authorizer") == "NONE"
    }
    return {route for route in routes() if (route.method, route.path) in unsigned}


def may_write(function: str) -> bool:
    """Whether the template lets a function change the table."""
    allowed: set[str] = set()
    for policy in translated.functions()[function]["Properties"].get("Policies", []):
        for statement in policy["Statement"]:
            actions = statement.get("Action", [])
            allowed |= {actions} if isinstance(actions, str) else set(actions)
    return bool(WRITES & allowed)


def routes_of_acts(world: World) -> set[Route]:
    """The routes that the acts take, each begun with nobody there."""
    found, nobody = set(), world.save()
    for act in (ACTS | GUESSES).values():
        found.add(world.route(act(world)())[0])
        world.go_back(nobody)
        if world.parameters:
            world.parameters.clear()
            world.handlers.clear()
    return found


def test_every_route_that_changes_something_has_an_act(world: World) -> None:
    """Replays, failing calls and leaks are tried on each: all but GET, and the reads that write something down."""
    changing = {route for route in open_routes() if route.method != "GET"}
    reads = {route for route in open_routes() - changing if may_write(route.function)}
    reads = {route for route in reads if route.function not in READS | {one.function for one in changing}}
    assert routes_of_acts(world) == changing | reads


def test_every_route_of_a_phone_is_tried_with_bad_input() -> None:
    """Under its own method and path, with a body and without one."""
    tried = [(method, path) for method, path, _ in BODIES.values()] + list(EMPTY.values())
    of_phones = {route for route in open_routes() if route.function not in BROWSERS}
    assert len(tried) == len(of_phones)
    for route in of_phones:
        assert [path for method, path in tried if route.match(method, path) is not None], route


@pytest.mark.parametrize("act", ACTS | GUESSES)
def test_every_item_carries_its_form(world: World, act: str) -> None:
    """A release reads its neighbours' items: whatever an act writes says which version of its form it has."""
    world.send((ACTS | GUESSES)[act](world)())
    world.must_carry_forms()


def test_what_is_written_after_acts_and_by_administrators_carries_its_form(world: World) -> None:
    """The same of policy, approvals, journal, standings and their counts, signed days and what erasing leaves."""
    nights = Nights(world)
    with nights.awake():
        set_policy(world, keep_sealed_codes=True, two_person_approval=True).expect(200)
        owner, admin = world.owner(), Clerk(world, "admin", sub="asks")
        number = admin.act("ada", "restore-code/issue", hours=1).expect(202)["approval"]["id"]
        Clerk(world, "admin", sub="approves").call("POST", f"/approvals/{number}", {"approve": True}).expect(204)
        admin.act("ada", "restore-code/issue", hours=1, approval=number).expect(201)
        admin.act("nobody", "restore/barring").expect(404, "not_found")
        nights.settle()
        nights.move_to(1)
        assert nights.sign()
        owner.phone.erase().expect(204)
        nights.settle()
        nights.move_to(2)
        assert nights.sign()
    world.must_carry_forms()
    kinds = {partition.partition("#")[0] for partition, _ in world.items()}
    assert {"ID", "POLICY", "PERSON", "DAY", "TYPE", "DAYS", "COUNT", "SIGNED", "COUNTED", "GONE", "SRC"} <= kinds
