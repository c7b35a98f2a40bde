"""Every act of the app that changes something, each ready to be sent: again, twice, or while AWS fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.phone import Key, made_up_code, other_digits, selector
from tests.functional.world import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.phone import Request
    from tests.functional.world import World

    Act = Callable[[], Request]

NEW: Final = "ada@example.net"
SECOND: Final = "ada@second.example"


def creation(world: World) -> Act:
    """A new identity with an address: one mail inside the act."""
    phone = world.phone()
    return lambda: phone.prepare_creation("ada", "ada@example.com")


def creation_with_code(world: World) -> Act:
    """A new identity where policy enforces restore."""
    world.redeploy(EnforceOnCreation="true")
    return creation(world)


def creation_again(world: World) -> Act:
    """The same creation when its answer was lost: another code in the place of the lost one."""
    make = creation_with_code(world)
    world.send(make()).expect(201)
    return make


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
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    phone.enable().expect(201)
    code = world.mailed_code("ada@example.com")
    return lambda: phone.prepare("POST", phone.path("/email/confirmation"), {"code": code})


def confirmation_resend(world: World) -> Act:
    """Another confirmation code."""
    phone = world.phone()
    phone.create("ada", "ada@example.com").expect(201)
    world.clock.move(MINUTE)
    return lambda: phone.prepare("POST", phone.path("/email/confirmation/resend"), {})


def change(world: World) -> Act:
    """Another address asked for: one mail inside the act, one to the old address left for later."""
    phone = world.owner().phone
    return lambda: phone.prepare("PUT", phone.path("/email"), {"email": NEW}, verified=True)


def change_called_off(world: World) -> Act:
    """The address in force asked for, which ends the change under way."""
    owner = world.owner()
    owner.phone.change_email(NEW).expect(202)
    return lambda: owner.phone.prepare("PUT", owner.phone.path("/email"), {"email": owner.address}, verified=True)


def change_confirmed(world: World) -> Act:
    """Another address proved, with a restoration under way whose mailed code this ends."""
    owner = world.owner()
    world.begun(owner)
    owner.phone.change_email(NEW).expect(202)
    code = world.mailed_code(NEW)
    return lambda: owner.phone.prepare("POST", owner.phone.path("/email/confirmation"), {"code": code})


def second(world: World) -> Act:
    """A second address asked for."""
    phone = world.owner().phone
    return lambda: phone.prepare("PUT", phone.path("/second-email"), {"email": SECOND}, verified=True)


def second_resend(world: World) -> Act:
    """Another code for the second address."""
    phone = world.owner().phone
    phone.change_second_email(SECOND).expect(202)
    world.clock.move(MINUTE)
    return lambda: phone.prepare("POST", phone.path("/second-email/confirmation/resend"), {})


def second_confirmed(world: World) -> Act:
    """The second address proved."""
    phone = world.owner().phone
    phone.change_second_email(SECOND).expect(202)
    code = world.mailed_code(SECOND)
    return lambda: phone.prepare("POST", phone.path("/second-email/confirmation"), {"code": code})


def second_removed(world: World) -> Act:
    """The second address removed, and another one that was awaited with it."""
    phone = world.owner().phone
    phone.change_second_email(SECOND).expect(202)
    phone.confirm_second_email(world.mailed_code(SECOND)).expect(200)
    phone.change_second_email(NEW).expect(202)
    return lambda: phone.prepare("DELETE", phone.path("/second-email"), verified=True)


def drill(world: World) -> Act:
    """The code in the safe proved to be the right one."""
    owner = world.owner()
    body = {"restore_code": owner.restore_code}
    return lambda: owner.phone.prepare("POST", owner.phone.path("/restore/drill"), body)


def keeping(world: World) -> Act:
    """A new restore code where policy keeps codes sealed."""
    world.redeploy(KeepSealedCodes="true")
    phone = world.owner().phone
    return phone.prepare_enabling


def reading(world: World) -> Act:
    """The kept code shown again: a read that is written down."""
    world.redeploy(KeepSealedCodes="true")
    phone = world.owner().phone
    return lambda: phone.prepare("GET", phone.path("/restore/code"), verified=True)


def erasure(world: World) -> Act:
    """Everything about the person erased."""
    return world.owner().phone.prepare_erasure


def request(world: World) -> Act:
    """A restoration requested with the right code: one mail inside the act."""
    owner, new = world.owner(), world.phone()
    return lambda: new.prepare_restoration(owner.identity, owner.restore_code)


def fourth_request(world: World) -> Act:
    """One more than may await their code: it ends the oldest."""
    owner, new = world.owner(), world.phone()
    for _ in range(3):
        world.begun(owner)
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


def completion_again(world: World) -> Act:
    """The same completion when its answer was lost: another code in the place of the lost one."""
    make = completion(world)
    world.send(make()).expect(201)
    return make


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


def approval(world: World) -> Act:
    """A paired device ends the waiting period."""
    owner = world.owner()
    world.redeploy(WaitingHours="1")
    new, number, code = world.begun(owner)
    new.complete(number, code).expect(202)
    path = owner.phone.path(f"/restorations/{number}/approval")
    return lambda: owner.phone.prepare("POST", path, {}, verified=True)


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


def unpairing_itself(world: World) -> Act:
    """A device's last act; an offer that it shows ends with it."""
    owner = world.owner()
    owner.phone.offer_pairing().expect(201)
    return lambda: owner.phone.prepare_unpairing(owner.phone.id)


def set_aside(world: World) -> Act:
    """A held device unpairs another, which may come back."""
    owner = world.owner()
    held = world.restored(owner).phone
    return lambda: held.prepare_unpairing(owner.phone.id)


def way_back(world: World) -> Act:
    """A device that was set aside throws out the one that did it."""
    owner = world.owner()
    world.restored(owner).phone.unpair(owner.phone.id).expect(204)
    return lambda: owner.phone.prepare("DELETE", owner.phone.path("/devices/held"), verified=True)


def offer(world: World) -> Act:
    """A pairing offered: its secret is in the answer alone."""
    phone = world.owner().phone
    return lambda: phone.prepare("POST", phone.path("/pairings"), {}, verified=True)


def offer_withdrawn(world: World) -> Act:
    """A pairing taken back."""
    phone = world.owner().phone
    number = phone.offer_pairing().expect(201)["pairing"]["id"]
    return lambda: phone.prepare("DELETE", phone.path(f"/pairings/{number}"))


def pairing(world: World) -> Act:
    """Another device bound by the QR code of a paired one."""
    made, new = world.owner().phone.offer_pairing().expect(201), world.phone()
    return lambda: new.prepare_scan("ada", made["pairing"]["id"], made["secret"])


def pairing_unpairing(world: World) -> Act:
    """The same where policy has it unpair the others."""
    world.redeploy(UnpairOthersOnPairing="true")
    return pairing(world)


def key_changed(world: World) -> Act:
    """Another verification key, signed by the old one and by itself."""
    phone, new = world.owner().phone, Key.generate()
    return lambda: phone.prepare_protection(new)


def key_removed(world: World) -> Act:
    """App protection removed, where policy lets a device have none."""
    world.redeploy(RequireVerificationKey="false")
    phone = world.owner().phone
    return lambda: phone.prepare_protection(None)


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


def dispute_of_a_change(world: World) -> Act:
    """The same for the mail that an address is to be changed."""
    owner = world.owner()
    owner.phone.change_email(NEW).expect(202)
    world.deliver()
    token = world.token(owner.address)
    return lambda: world.phone().unsigned("POST", f"/dispute/{token}", b"")


def dispute_of_an_address(world: World) -> Act:
    """The same for the mail that it was changed: the former one is put back."""
    owner = world.owner()
    owner.phone.change_email(NEW).expect(202)
    owner.phone.confirm_email(world.mailed_code(NEW)).expect(200)
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


def wrong_confirmation_code(world: World) -> Act:
    """A guess at the code for the first address."""
    phone = world.owner().phone
    phone.change_email(NEW).expect(202)
    body = {"code": other_digits(world.mailed_code(NEW))}
    return lambda: phone.prepare("POST", phone.path("/email/confirmation"), body)


def wrong_second_confirmation_code(world: World) -> Act:
    """A guess at the code for the second address."""
    phone = world.owner().phone
    phone.change_second_email(SECOND).expect(202)
    body = {"code": other_digits(world.mailed_code(SECOND))}
    return lambda: phone.prepare("POST", phone.path("/second-email/confirmation"), body)


ACTS: Final[dict[str, Callable[[World], Act]]] = {
    act.__name__: act
    for act in (
        creation,
        creation_with_code,
        creation_again,
        sign_in,
        refused_prompt,
        enabling,
        replacing,
        disabling,
        confirmation,
        confirmation_resend,
        change,
        change_called_off,
        change_confirmed,
        second,
        second_resend,
        second_confirmed,
        second_removed,
        drill,
        keeping,
        reading,
        erasure,
        request,
        fourth_request,
        resend,
        completion,
        completion_unpairing,
        completion_again,
        completion_after_waiting,
        completion_that_waits,
        approval,
        veto,
        withdrawal,
        unpairing,
        unpairing_itself,
        set_aside,
        way_back,
        offer,
        offer_withdrawn,
        pairing,
        pairing_unpairing,
        key_changed,
        key_removed,
        dispute_of_a_restoration,
        dispute_of_a_device,
        dispute_of_a_change,
        dispute_of_an_address,
    )
}
"""What succeeds, by name: each takes a world, makes it ready, and gives what makes the request, freshly signed."""

DISPUTES: Final = frozenset(name for name in ACTS if name.startswith("dispute_"))
"""Those whose proof is the secret in their path: they are not signed."""

LAST: Final = frozenset({"unpairing_itself", "erasure"})
"""Those after which whoever did them is a stranger."""

VARIATIONS: Final = frozenset(
    {
        "creation_with_code",
        "creation_again",
        "replacing",
        "keeping",
        "change_called_off",
        "change_confirmed",
        "second",
        "second_resend",
        "second_confirmed",
        "fourth_request",
        "completion_unpairing",
        "completion_that_waits",
        "completion_after_waiting",
        "completion_again",
        "withdrawal",
        "unpairing_itself",
        "set_aside",
        "pairing_unpairing",
        "key_removed",
        "dispute_of_a_restoration",
        "dispute_of_a_change",
        "dispute_of_an_address",
    }
)
"""Those that are another act's function, or its story for the other address."""

GUESSES: Final[dict[str, Callable[[World], Act]]] = {
    act.__name__: act
    for act in (wrong_restore_code, wrong_email_code, wrong_confirmation_code, wrong_second_confirmation_code)
}
"""What is refused and still changes something."""
