"""S15, ASVS 13.3.1: a kept code opens where it was sealed, for its identity and its label, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.phone import plain_symbols
from restore.codes import new_label
from tests.functional.clerks import Clerk, set_policy
from tests.functional.world import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.phone import Answer
    from tests.functional.world import Owner, World

WAYS: dict[str, Callable[[World, Owner], Answer]] = {
    "read": lambda _world, owner: owner.phone.show_code(),
    "reveal": lambda world, owner: Clerk(world, "admin").act(owner.identity, "restore-code/reveal"),
    "send": lambda world, owner: Clerk(world, "helpdesk").act(owner.identity, "restore-code/send"),
}
"""All that opens a seal."""
each_way = pytest.mark.parametrize("way", WAYS)


def kept(world: World) -> tuple[Owner, Owner]:
    """Ada and Bob, whose codes are kept sealed."""
    world.redeploy(KeepSealedCodes="true")
    return world.owner(), world.owner("bob")


def code_of(world: World, identity: str) -> tuple[str, dict[str, Any]]:
    """The one code in force, as the table has it, under its key."""
    ((key, code),) = world.item(identity, "R")["codes"].items()
    return key, code


def must_stay_shut(world: World, way: str, owner: Owner, *codes: str) -> None:
    """503, and the code is in no answer, mail or row; the log tells of no showing."""
    log, mails = world.events(owner.identity), len(world.mails)
    answer = WAYS[way](world, owner)
    answer.expect(503, "unavailable")
    assert world.events(owner.identity) == log
    world.deliver()
    for code in codes:
        for text in (answer.text, *(mail.text for mail in world.mails[mails:]), str(world.items())):
            assert code not in text
            assert plain_symbols(code) not in text


@each_way
def test_it_opens_where_it_was_sealed(world: World, way: str) -> None:
    """S6, S15: else the other tests here would prove nothing."""
    owner, _ = kept(world)
    answer = WAYS[way](world, owner)
    assert answer.status in {200, 204}
    assert (answer.document or {"restore_code": owner.restore_code})["restore_code"] == owner.restore_code


@each_way
def test_it_does_not_open_in_somebody_elses_item(world: World, way: str) -> None:
    """S15, ASVS 13.3.1: who may write to the table puts the seal into another item, label and all, in vain."""
    ada, bob = kept(world)
    (_, hers), (key, his) = code_of(world, "ada"), code_of(world, "bob")
    world.set("bob", "R", codes={key: {**his, "sealed": hers["sealed"], "label": hers["label"]}})
    must_stay_shut(world, way, bob, ada.restore_code, bob.restore_code)
    assert WAYS[way](world, ada).status < 300


@each_way
def test_it_does_not_open_under_another_label(world: World, way: str) -> None:
    """S15, ASVS 13.3.1: an older code's seal is not shown as the sheet that is current."""
    ada, _ = kept(world)
    key, hers = code_of(world, "ada")
    world.set("ada", "R", codes={key: {**hers, "label": new_label(hers["label"])}})
    must_stay_shut(world, way, ada, ada.restore_code)


@each_way
def test_what_is_sealed_stays_shut_while_policy_keeps_no_code(world: World, way: str) -> None:
    """S15: 409 once the policy is in force, and the app says so; switched on again, what is sealed still opens."""
    owner, _ = kept(world)
    assert owner.phone.show().expect(200)["restore"]["code_kept"] is True
    set_policy(world, keep_sealed_codes=False)
    mails = len(world.mails)
    WAYS[way](world, owner).expect(409, "code_not_kept")
    assert len(world.mails) == mails
    assert owner.phone.show().expect(200)["restore"]["code_kept"] is False
    set_policy(world, keep_sealed_codes=True)
    assert WAYS[way](world, owner).status < 300
    assert owner.phone.show().expect(200)["restore"]["code_kept"] is True


def test_one_act_alone_opens() -> None:
    """S15: of all sources one asks to open a seal, the one whose function has the right to."""
    opens = [path for path in (ROOT / "functions").rglob("*.py") if "sealer.open(" in path.read_text("utf-8")]
    assert [path.parent.name for path in opens] == ["kept_code"]
