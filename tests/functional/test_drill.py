"""B3: `POST …/restore/drill`: is the code in my safe the right one? Nothing is spent, nothing counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.phone import made_up_code, mistyped, selector
from tests.functional.clerks import Clerk
from tests.functional.world import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.functional.world import Owner, World


def proven(owner: Owner) -> Any:
    """When the code was last proven, as the app shows it."""
    return owner.phone.show().expect(200)["restore"]["last_proven_at"]


def test_the_right_code_is_proved_and_stays_good(world: World) -> None:
    """B3: however it is typed; the app and the log say when, and the code restores afterwards."""
    owner = world.owner()
    assert proven(owner) is None
    before = world.item("ada", "R")["codes"]
    typed = owner.restore_code.lower().replace("-", " ")
    assert owner.phone.drill(typed).expect(200) == {
        "valid": True,
        "code_label": owner.label,
        "last_proven_at": "2026-11-18T11:10:00Z",
    }
    ((key, after),) = world.item("ada", "R")["codes"].items()
    assert {**before[key], "proven": int(world.clock.now)} == after
    assert world.events("ada")[-1]["type"] == "restore.proven"
    assert world.events("ada")[-1]["detail"] == {"code_label": owner.label}
    world.clock.move(HOUR)
    assert owner.phone.drill(owner.restore_code).expect(200)["last_proven_at"] == "2026-11-18T12:10:00Z"
    assert proven(owner) == "2026-11-18T12:10:00Z"
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(201)


def test_a_wrong_code_changes_and_tells_nothing(world: World) -> None:
    """B3, ASVS 6.3.8: a made-up code and one with the right beginning are the same bytes; nothing counts anywhere."""
    owner = world.owner()
    owner.phone.drill(owner.restore_code).expect(200)
    world.clock.move(MINUTE)
    before = world.items()
    answers = [
        owner.phone.drill(made_up_code()),
        owner.phone.drill(made_up_code(selector(owner.restore_code))),
        *[owner.phone.drill(made_up_code(selector(owner.restore_code))) for _ in range(3)],
    ]
    for answer in answers:
        assert "attempts_left" not in answer.expect(403, "wrong_code")
    assert len({answer.body for answer in answers}) == 1
    owner.phone.drill(mistyped(owner.restore_code)).expect(422, "code_mistyped")
    assert world.items() == before
    assert not world.count("wrong")
    assert proven(owner) == "2026-11-18T11:10:00Z"
    world.phone().request_restore("ada", owner.restore_code).expect(202)


def test_drills_count_on_no_code(world: World) -> None:
    """B3, N9: a paired device that guesses on locks nobody out, not even where one wrong code would."""
    owner = world.owner()
    world.redeploy(WrongCodesInARow="1", WrongCodesPerSource="1")
    for _ in range(3):
        owner.phone.drill(made_up_code(selector(owner.restore_code))).expect(403, "wrong_code")
    world.phone().request_restore("ada", owner.restore_code).expect(202)


def test_a_locked_code_is_proved_all_the_same(world: World) -> None:
    """B6: while strangers get 429, the right code included, the owner's phone learns that its code is right."""
    owner = world.owner()
    world.redeploy(WrongCodesInARow="1")
    guess = made_up_code(selector(owner.restore_code))
    world.phone().request_restore("ada", guess).expect(403, "restore_refused")
    for code in (guess, owner.restore_code):
        world.phone().request_restore("ada", code).expect(429, "too_many_requests")
    owner.phone.drill(guess).expect(403, "wrong_code")
    owner.phone.drill(owner.restore_code).expect(200)
    world.phone().request_restore("ada", owner.restore_code).expect(429, "too_many_requests")


def test_a_dead_code_is_a_wrong_one(world: World) -> None:
    """B3, B7: the sheet from before a replacement; and where restore is off there is nothing to prove."""
    owner = world.owner()
    fresh = owner.phone.enable().expect(201)["restore_code"]
    owner.phone.drill(owner.restore_code).expect(403, "wrong_code")
    owner.phone.drill(fresh).expect(200)
    owner.phone.disable().expect(204)
    owner.phone.drill(fresh).expect(409, "restore_not_enabled")


def test_an_issued_code_is_proved_while_a_way_back_has_switched_restore_off(world: World) -> None:
    """B3: a drill accepts any code in force; without one there is nothing to prove."""
    owner = world.owner()
    thief = world.restored(owner)
    thief.phone.unpair(owner.phone.id).expect(204)
    owner.phone.come_back().expect(204)
    owner.phone.drill(owner.restore_code).expect(409, "restore_not_enabled")
    issued = Clerk(world, "admin").act("ada", "restore-code/issue", hours=1).expect(201)
    assert owner.phone.drill(issued["restore_code"]).expect(200)["code_label"] == issued["code_label"]
    owner.phone.drill(owner.restore_code).expect(403, "wrong_code")
    assert owner.phone.show().expect(200)["restore"]["status"] == "off"
    world.clock.move(HOUR)
    owner.phone.drill(issued["restore_code"]).expect(409, "restore_not_enabled")


def test_an_issued_code_is_proved_while_it_lasts(world: World) -> None:
    """B3: a drill accepts any code in force; to the second."""
    owner = world.owner()
    issued = Clerk(world, "admin").act("ada", "restore-code/issue", hours=1).expect(201)
    world.clock.move(HOUR - 1)
    assert owner.phone.drill(issued["restore_code"]).expect(200)["code_label"] == issued["code_label"]
    world.clock.move(1)
    owner.phone.drill(issued["restore_code"]).expect(403, "wrong_code")
    owner.phone.drill(owner.restore_code).expect(200)
