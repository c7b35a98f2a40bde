"""Every answer of every administrator's route that the API's document promises, given once.

That each fits its model, `tests/conftest.py` checks after every test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from docs.build.functions import endpoints
from docs.build.routes import ADMINISTRATORS, route_of
from tests.functional.clerks import Clerk, set_policy
from tests.functional.nights import Nights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.functional.world import World, WorldPhone


@pytest.fixture
def nights(world: World) -> Iterator[Nights]:
    """What keeps the journal and the counts."""
    with Nights(world).awake() as nights:
        yield nights


def given(world: World) -> set[tuple[str, int]]:
    """Which routes of administrators have answered what, refusals left out."""
    found = ((world.route(answer.request)[0], answer.status) for answer in world.answers)
    named = {(f"{route.method} {route.path}", status) for route, status in found if status < 400}
    return {(name, status) for name, status in named if "/v1/admin/" in name}


def promised() -> set[tuple[str, int]]:
    """What the document says that they answer, refusals left out."""
    routes = ((one.name, route_of(one.method, one.path)) for one in endpoints())
    return {(name, status) for name, route in routes if route.who in ADMINISTRATORS for status in route.answers}


def test_each_promised_answer_is_given(world: World, nights: Nights) -> None:
    """W8: the document is whole, and promises nothing that no administrator ever gets."""
    owner = world.owner()
    admin, helpdesk = Clerk(world, "admin"), Clerk(world, "helpdesk")
    set_policy(world, keep_sealed_codes=True).expect(200)
    paper: str = owner.phone.enable().expect(201)["restore_code"]
    asked = world.phone().request_restore("ada", paper).expect(202)
    spare = _second_device(owner.phone)
    for act in (f"restorations/{asked['restoration']['id']}/cancellation", f"devices/{spare.id}/unpairing"):
        helpdesk.act("ada", act).expect(204)
    helpdesk.act("ada", "restore-code/send").expect(204)
    admin.act("ada", "restore-code/reveal").expect(200)
    admin.act("ada", "restore-code/issue", hours=72).expect(201)
    world.owner("gone").phone.erase().expect(204)
    nights.settle()
    nights.move_to(1)
    assert nights.sign()
    nights.settle()
    _read_everything(admin)
    helpdesk.act("ada", "restore/barring").expect(204)
    helpdesk.act("ada", "restore/unbarring").expect(204)
    _ask_for_two(owner.phone.id, admin, Clerk(world, "admin", sub="another"))
    assert given(world) == promised()


def _second_device(phone: WorldPhone) -> WorldPhone:
    offer, spare = phone.offer_pairing().expect(201), phone.world.phone()
    spare.scan("ada", offer["pairing"]["id"], offer["secret"]).expect(201)
    return spare


def _read_everything(admin: Clerk) -> None:
    """With something in each list, so that there is something to fit."""
    listed = admin.call("GET", "/identities").expect(200)["identities"]
    assert [one["identity"] for one in listed] == ["ada"]
    shown = admin.call("GET", "/identities/ada").expect(200)
    assert shown["events"]
    assert shown["issued_code"]
    events = admin.call("GET", "/events").expect(200)["events"]
    assert {one["id"] is None for one in events} == {one["identity"] is None for one in events} == {True, False}
    exported = admin.call("GET", "/events?identity=ada", accept="text/csv")
    assert (exported.status, exported.header("Content-Type")) == (200, "text/csv; charset=utf-8")
    assert len(exported.body.splitlines()) > 5
    assert admin.call("GET", "/readiness").expect(200)["history"]


def _ask_for_two(device: str, admin: Clerk, another: Clerk) -> None:
    policy: dict[str, Any] = set_policy(admin.world, two_person_approval=True).expect(200)
    version = policy.pop("version")
    tried = admin.call("PUT", "/policy?dry_run=true", {**policy, "restore_enabled": False}).expect(200)
    assert tried == {"locked_out": 1, "obliged": 0}
    admin.call("PUT", "/policy", {**policy, "waiting_hours": 1}, if_match=f'"{version}"').expect(202)
    admin.act("ada", f"devices/{device}/unpairing").expect(202)
    admin.act("ada", "restore-code/reveal").expect(202)
    admin.act("ada", "restore-code/issue", hours=3).expect(202)
    number = admin.act("ada", "restore-code/send").expect(202)["approval"]["id"]
    another.call("POST", f"/approvals/{number}", {"approve": True}).expect(204)
    approvals = {one["id"]: one["approved_by"] for one in admin.call("GET", "/approvals").expect(200)["approvals"]}
    assert approvals.pop(number) == another.sub
    assert set(approvals.values()) == {None}
    admin.act("ada", "restore/barring").expect(204)
    admin.act("ada", "restore/unbarring").expect(202)
