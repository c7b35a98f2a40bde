"""Every act of the app that changes something, each ready to be sent: again, twice, or while AWS fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.phone import made_up_code, other_digits, selector
from tests.functional.world import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.phone import Request
    from tests.functional.world import World

    Act = Callable[[], Request]


def creation(world: World) -> Act:
    """A new identity with an address: one mail inside the act."""
    phone = world.phone()
    return lambda: phone.prepare_creation("ada", "ada@example.com")


def creation_with_code(world: World) -> Act:
    """A new identity where policy enforces restore."""
    world.redeploy(EnforceOnCreation="true")
    return creation(world)


def sign_in(world: World) -> Act:
    """A sign-in that also changes the language of mails."""
    owner = world.owner()
    owner.phone.language = "de"
    return owner.phone.prepare_sign_in


def refused_prompt(world: World) -> Act:
    """Not now."""
    phone = world.owner().phone
    return lambda: phone.prepare("POST", phone.path("/back-up-prompt"), {"answer": "not_now"})


def enabling(world: World) -> Act:
    """Restore enabled with a new address: one mail inside the act."""
    phone = world.phone()
    phone.create("ada").expect(201)
    return lambda: phone.prepare_enabling("ada@example.com")


def replacing(world: World) -> Act:
    """A new restore code, with a restoration under way that it ends."""
    owner = world.owner()
    world.begun(owner)
    return owner.phone.prepare_enabling


def disabling(world: World) -> Act:
    """Restore disabled, with a restoration under way that this ends."""
    owner = world.owner()
    world.begun(owner)
    return lambda: owner.phone.prepare("DELETE", owner.phone.path("/restore"), verified=True)


def confirmation(world: World) -> Act:
    """An address confirmed, and restore enabled by that."""
    act = enabling(world)
    world.send(act()).expect(201)
    phone = world.phone()
    phone = world.phone()
    phone.create("bob", "bob@example.com").expect(201)
    phone.enable().expect(201)
    code = world.mailed_code("bob@example.com")
    return lambda: phone.prepare("POST", phone.path("/email/confirmation"), {"code": code})


def confirmation_resend(world: World) -> Act:
    """Another confirmation code."""
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    world.clock.move(MINUTE)
    return lambda: phone.prepare("POST", phone.path("/email/confirmation/resend"), {})


def request(world: World) -> Act:
    """A restoration requested with the right code: one mail inside the act."""
    owner, new = world.owner(), world.phone()
    return lambda: new.prepare_restoration(owner.identity, owner.restore_code)


def resend(world: World) -> Act:
    """Another e-mail code."""
    new, number, _ = world.begun(world.owner())
    world.clock.move(MINUTE)
    return lambda: new.prepare("POST", new.path(f"/restorations/{number}/resend"), {})


def completion(world: World) -> Act:
    """Both codes, the other devices kept."""
    new, number, code = world.begun(world.owner())
    return lambda: new.prepare_completion(number, code)


def completion_unpairing(world: World) -> Act:
    """Both codes, the other devices unpaired."""
    new, number, code = world.begun(world.owner())
    return lambda: new.prepare_completion(number, code, "unpair")


def completion_after_waiting(world: World) -> Act:
    """The call after the waiting period."""
    owner = world.owner()
    world.redeploy(WaitingHours="1")
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)
    world.clock.move(HOUR)
    return lambda: new.prepare_completion(number, None)


def completion_that_waits(world: World) -> Act:
    """The call that proves the e-mail code where a waiting period holds."""
    owner = world.owner()
    world.redeploy(WaitingHours="1")
    new, number, code = world.begun(owner)
    return lambda: new.prepare_completion(number, code)


def veto(world: World) -> Act:
    """A paired device ends a restoration."""
    owner = world.owner()
    _, number, _ = world.begun(owner)
    return lambda: owner.phone.prepare("DELETE", owner.phone.path(f"/restorations/{number}"), verified=True)


def withdrawal(world: World) -> Act:
    """The new phone gives up."""
    new, number, _ = world.begun(world.owner())
    return lambda: new.prepare("DELETE", new.path(f"/restorations/{number}"))


def unpairing(world: World) -> Act:
    """A held device is unpaired, and the code that it brought ends."""
    owner = world.owner()
    restored = world.restored(owner)
    return lambda: owner.phone.prepare_unpairing(restored.phone.id)


def dispute_of_a_restoration(world: World) -> Act:
    """The button of the page that a request's mail links to."""
    owner = world.owner()
    world.begun(owner)
    token = world.token(owner.address)
    return lambda: world.phone().unsigned("POST", f"/dispute/{token}", b"")


def dispute_of_a_device(world: World) -> Act:
    """The same for a new device's mail."""
    owner = world.owner()
    world.restored(owner)
    world.deliver()
    token = world.token(owner.address)
    return lambda: world.phone().unsigned("POST", f"/dispute/{token}", b"")


def wrong_restore_code(world: World) -> Act:
    """A guess with the right selector: it is refused, and counts."""
    owner, new = world.owner(), world.phone()
    code = made_up_code(selector(owner.restore_code))
    return lambda: new.prepare_restoration(owner.identity, code)


def wrong_email_code(world: World) -> Act:
    """A guess that costs an attempt."""
    new, number, code = world.begun(world.owner())
    return lambda: new.prepare_completion(number, other_digits(code))


ACTS: Final[dict[str, Callable[[World], Act]]] = {
    act.__name__: act
    for act in (
        creation,
        creation_with_code,
        sign_in,
        refused_prompt,
        enabling,
        replacing,
        disabling,
        confirmation,
        confirmation_resend,
        request,
        resend,
        completion,
        completion_unpairing,
        completion_that_waits,
        completion_after_waiting,
        veto,
        withdrawal,
        unpairing,
        dispute_of_a_restoration,
        dispute_of_a_device,
    )
}
"""What succeeds, by name: each takes a world, makes it ready, and gives what makes the request, freshly signed."""

GUESSES: Final[dict[str, Callable[[World], Act]]] = {
    act.__name__: act for act in (wrong_restore_code, wrong_email_code)
}
"""What is refused and still changes something."""
