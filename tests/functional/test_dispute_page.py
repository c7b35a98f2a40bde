"""What a dispute link opens: a page with one button, or one that says that the link is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restore.languages import SUPPORTED
from tests.functional.test_pages import Elements, check_page

if TYPE_CHECKING:
    from tests.functional.world import World


@pytest.mark.parametrize("language", SUPPORTED)
def test_the_page_is_one_button_and_changes_nothing(world: World, language: str) -> None:
    """B13 ASVS 14.2.1: a form without fields, posted to its own address; a scanner opens it as often as it likes."""
    owner = world.owner()
    world.begun(owner)
    browser, token = world.phone(language=language), world.token(owner.address)
    before = world.items()
    first = browser.fetch(f"/dispute/{token}")
    assert first.status == 200
    check_page(dict(first.headers), first.text, language)
    html = Elements(first.text)
    assert html.named("form") == [{"method": "post"}]
    assert len(html.named("button")) == 1
    assert not html.named("a")
    assert token not in first.text
    assert owner.identity not in first.text
    assert [browser.fetch(f"/dispute/{token}").body for _ in range(3)] == [first.body] * 3
    assert world.items() == before
    assert browser.dispute(token).status == 200


def test_the_page_is_over_once_the_button_was_pressed(world: World) -> None:
    """B13: a used link opens the page that says so, with 410 and without a button."""
    owner = world.owner()
    world.begun(owner)
    browser, token = world.phone(), world.token(owner.address)
    assert browser.dispute(token).status == 200
    for answer in (browser.fetch(f"/dispute/{token}"), browser.dispute(token)):
        assert answer.status == 410
        assert not Elements(answer.text).named("form")


def test_the_page_is_over_when_the_time_has_come(world: World) -> None:
    """B13: a link about a device that came long ago, and one about a restoration that has expired, are over."""
    owner = world.owner()
    world.begun(owner)
    token = world.token(owner.address)
    world.clock.move(601)
    assert world.phone().fetch(f"/dispute/{token}").status == 410
    world.restored(owner)
    world.deliver()
    token = world.token(owner.address)
    assert world.phone().fetch(f"/dispute/{token}").status == 200
    world.clock.move(25 * 3600)
    assert world.phone().fetch(f"/dispute/{token}").status == 410


@pytest.mark.parametrize(
    "token",
    ["no-token", "a" * 200, "ada.lovelace.rV9q2LQ3m1Xw7pTz0aBcDe.Qk3vR8sT1uW5xY7zA9bC2d", "ada.x.y", "a.b.c", "..."],
)
def test_a_token_that_never_was_one_is_over(world: World, token: str) -> None:
    """B13 ASVS 16.5.1: 410 as for every link that does not work any more, and nothing of it is repeated."""
    world.owner()
    for answer in (world.phone().fetch(f"/dispute/{token}"), world.phone().dispute(token)):
        assert answer.status == 410
        assert token not in answer.text


def test_no_log_line_holds_a_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """ASVS 16.2.5: the token of a dispute is never logged."""
    owner = world.owner()
    world.begun(owner)
    token = world.token(owner.address)
    caplog.clear()
    world.phone().fetch(f"/dispute/{token}")
    world.phone().dispute(token)
    logged = [str(vars(record)) for record in caplog.records]
    assert logged
    assert not [line for line in logged if token.rpartition(".")[2] in line]


def test_a_resend_does_not_kill_the_link_of_the_first_mail(world: World) -> None:
    """B1 B13: a thief who asks for another code cannot make the owner's first mail say that all is over."""
    owner = world.owner()
    thief, number, _ = world.begun(owner)
    first = world.token(owner.address)
    world.clock.move(31)
    thief.resend_code(number).expect(202)
    second = world.token(owner.address)
    assert second != first
    assert world.phone().fetch(f"/dispute/{first}").status == 200
    assert world.phone().dispute(first).status == 200
    assert world.phone().dispute(second).status == 410
    thief.complete(number, world.mailed_code(owner.address)).expect(410, "cancelled")


def test_a_copy_of_the_table_opens_no_link(world: World) -> None:
    """B13 N1: while a notice waits to be mailed, its link's secret does not stand in the table."""
    owner = world.owner()
    world.begun(owner)
    restored = world.restored(owner)
    waiting = str(world.items())
    world.deliver()
    tokens = {token for mail in world.mails for token in mail.tokens}
    assert len(tokens) >= 3
    for token in tokens:
        assert token.rpartition(".")[2] not in waiting
    assert world.phone().dispute(world.token(restored.address)).status == 200


def test_a_second_dispute_is_told_as_well(world: World) -> None:
    """B13 N5: within 7 days the second link only holds the device, and a mail says so, without another link."""
    owner = world.owner()
    for held in (False, True):
        world.begun(owner)
        assert world.phone().dispute(world.token(owner.address)).status == 200
        told = [mail for mail in world.deliver() if "back" in mail.subject]
        assert bool(told) == held
        assert not any(mail.tokens for mail in told)
