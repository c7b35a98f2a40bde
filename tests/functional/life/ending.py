"""How a life ends: the owner, who has lost nothing but time, is in again; or erases all, and nothing works any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.functional.life.addresses import Addresses
from tests.functional.life.devices import Devices
from tests.functional.life.disputes import Disputes
from tests.functional.life.helping import Helping
from tests.functional.life.known import HELD_BY_DISPUTE, MAIN, forbidden
from tests.functional.life.reading import Reading
from tests.functional.life.restoring import Restoring
from tests.functional.world import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from local.phone import Phone
    from tests.functional.life.known import Attempt

OF_COMPLETIONS = st.sampled_from(
    [
        *[("restore_enabled", True, False), ("require_verification_key", False, True)] * 2,
        *[("unpair_others_on_restore", False, True)] * 2,
        *[("unpair_others_on_restore", True, False), ("require_verification_key", True, False)],
        *[("max_devices", 10, 1), ("max_devices", 1, 10), ("hold_hours", 96, 0), ("hold_hours", 0, 96)],
        *[("waiting_hours", 1, 48), ("waiting_hours", 48, 0), ("keep_sealed_codes", False, True)],
    ]
)
OF_PAIRINGS = st.sampled_from(
    [
        *[("pairing_enabled", True, False), ("require_verification_key", False, True)] * 2,
        *[("unpair_others_on_pairing", False, True), ("unpair_others_on_pairing", True, False)],
        *[("max_devices", 10, 1), ("hold_hours", 96, 0), ("hold_hours", 0, 96)],
    ]
)
"""What policy says of how these acts end: a field, and what it was before and is then."""
READINGS = ["screen", "log", "kept code", "drill", "restoration", "shoulder", "no", "office"]
ENDINGS = ["comes in", "thief presses at once", "thief presses at the end", "erases"]


class Ending(Restoring, Devices, Addresses, Disputes, Helping, Reading):
    """What is tried when a life is over."""

    overtaken: tuple[str, Any, Any] | None = None
    """What changes of policy while the owner's last restoration but one waits."""

    @rule(data=st.data(), what=st.sampled_from(READINGS))
    def looks_around(self, data: st.DataObject, what: str) -> None:
        """Somebody only reads, or tries what changes nothing."""
        if what == "screen":
            self.looks_at_the_screen(data)
        elif what == "log":
            self.reads_the_log(data)
        elif what == "kept code":
            self.reads_the_kept_code(data)
        elif what == "drill" and self.paired:
            self.drills(data)
        elif what == "restoration" and self.attempts:
            self.looks_at_a_restoration(data)
        elif what == "shoulder" and self.attempts:
            self.another_phone_completes(data)
        elif what == "office":
            self.looks_at_an_office()
        elif what == "no" and self.paired:
            self.refuses_the_prompt(data)

    @precondition(lambda self: self.status() == "enabled" and self.can_be_restored())
    @rule(change=OF_COMPLETIONS, unpair=st.booleans())
    def waits_and_is_overtaken(self, change: tuple[str, Any, Any], *, unpair: bool) -> None:
        """A restoration is proved under one policy, waits, and ends under another."""
        field, before, after = change
        self._sets(**{"waiting_hours": 1, field: before})
        attempt = self.asks_with(self._barest_phone(), self.in_force()[0])
        if attempt:
            self.completes_with(attempt, attempt.code, unpair=unpair)
            self._sets(**{field: after})
            self._goes_on(attempt, unpair=unpair)

    @precondition(lambda self: self.status() == "enabled" and self.can_be_restored())
    @rule(change=OF_COMPLETIONS, unpair=st.booleans())
    def asks_and_is_overtaken(self, change: tuple[str, Any, Any], *, unpair: bool) -> None:
        """A restoration begins under one policy, and its code is proved under another."""
        field, before, after = change
        self._sets(**{field: before})
        attempt = self.asks_with(self._barest_phone(), self.in_force()[0])
        if attempt:
            self._sets(**{field: after})
            self._goes_on(attempt, unpair=unpair)

    @precondition(lambda self: self.status() == "enabled" and any(not self.is_held(key) for key in self.paired))
    @rule(change=OF_PAIRINGS)
    def offers_and_is_overtaken(self, change: tuple[str, Any, Any]) -> None:
        """An offer is made under one policy and used under another."""
        field, before, after = change
        self._sets(**{field: before})
        free = [key for key in self.in_order(self.paired) if not self.is_held(key)]
        phone, offer = self._barest_phone(), self._offered(self.phones[free[0]])
        if offer:
            self._sets(**{field: after})
            self._scanned(offer, phone, guess=False)

    def _sets(self, **fields: Any) -> None:
        """Have the policy changed, by two where it takes two."""
        self.orders("anna", self.policy_order(**fields), through=True)

    def _barest_phone(self) -> Phone:
        """A new phone, without a verification key where policy lets it be."""
        return self.new_phone(protected=False)

    def _goes_on(self, attempt: Attempt, *, unpair: bool) -> None:
        """Complete what was begun, after its waiting period where there is one."""
        if attempt.ready is None and self.is_pending(attempt):
            self.completes_with(attempt, attempt.code, unpair=unpair)
        if attempt.ready is not None and self.is_pending(attempt):
            self.world.clock.move(max(0, attempt.ready - self.now))
            self.completes_with(attempt, None, unpair=unpair)

    def teardown(self) -> None:
        """The owner gets the identity back, or is rid of it."""
        try:
            if self.phones:
                free = [key for key in self.in_order(self.paired) if not self.is_held(key)]
                if self.ending == "erases" and free:
                    self.erases(self.phones[free[0]])
                else:
                    self.must_find_a_way_back()
        finally:
            self.end()

    def must_find_a_way_back(self) -> None:
        """B1 B8: after a hold somebody with a paired phone, or with the sheet and the mailbox, is in and stays in.

        A thief who reads the mailbox besides presses every link there is, and cannot keep the owner out for longer.
        """
        longest = max(HELD_BY_DISPUTE, self.policy.hold)
        latest = max([*self.held.values(), self.now])
        self.world.clock.move(max(longest, latest - self.now) + 2 * HOUR)
        self.opens_again()
        if self.paired:
            phone = self.phones[self.in_order(self.paired)[0]]
            self.must_have_all_rights(phone)
        if self.overtaken and self.can_be_restored():
            self.waits_and_is_overtaken(self.overtaken, unpair=False)
            self.opens_again()
            longest = max(longest, self.policy.hold)
        thief = self.address[MAIN] if self.ending.startswith("thief") else None
        new = next((phone for phone in self._restored(thief) if phone.id in self.paired), None)
        assert new is not None, "whoever reads one mailbox keeps the owner out"
        new.sign_in().expect(201)
        self.world.clock.move(longest)
        self.must_have_all_rights(new)

    def _restored(self, thief: str | None) -> Iterator[Phone]:
        """New phones of the owner, one after the other, each with both codes; a thief may press what comes."""
        for _ in range(3):
            code, new = self.in_force()[0], self.new_phone()
            attempt = self.asks_with(new, code)
            assert attempt is not None
            if thief and self.ending == "thief presses at once":
                self.presses_all(thief)
            self._goes_on(attempt, unpair=True)
            if thief:
                self.presses_all(thief)
            yield new

    def must_have_all_rights(self, phone: Phone) -> None:
        """A phone that is not held makes the identity restorable."""
        self.must_show_what_is(phone.show().expect(200))
        assert not self.is_held(phone.id), "a hold that does not end"
        address = self.address[MAIN] or f"{self.identity}@example.com"
        made = phone.enable(None if self.address[MAIN] else address).expect(201)
        self.replace_codes(made["restore_code"])
        if not self.address[MAIN]:
            phone.confirm_email(self.world.mailed_code(address)).expect(200)
            self.address[MAIN] = address
            self.awaited.pop(MAIN, None)
        phone.drill(made["restore_code"]).expect(200)

    def erases(self, phone: Phone) -> None:
        """A 14.2: a paired phone erases the identity; from this moment on nothing that ever was works any more."""
        codes = [*self.live, *self.dead]
        phone.erase().expect(204)
        self._must_all_be_dead(codes)
        self.world.finish_erasing(self.identity)
        self._must_all_be_dead(codes)
        self._must_be_unknown_to_administrators()
        answer = self.world.phone().create(self.identity, f"{self.identity}@example.com")
        if not self.policy.admits(f"{self.identity}@example.com"):
            forbidden(answer, "email_domains")
        elif self.policy.enforce_on_creation and not self.policy.restore_enabled:
            forbidden(answer, "restore_enabled")
        else:
            answer.expect(409, "identity_taken")

    def _must_be_unknown_to_administrators(self) -> None:
        """Nobody helps whom there is not; what was asked about them waits for nobody."""
        for act in ("barring", "unbarring", "send"):
            self._call("anna", "POST", self.order(act, "too late").target, {"reason": "too late"}).expect(
                404, "not_found"
            )
        waiting = self._call("anna", "GET", "/approvals", None).expect(200)["approvals"]
        assert self.identity not in {one["identity"] for one in waiting}
        for asked in self.asked:
            if not asked.order.rules:
                again = self._call(asked.by, "POST", asked.order.target, asked.order.body, None, asked.number)
                assert again.status in {403, 404}, again.text

    def _must_all_be_dead(self, codes: list[str]) -> None:
        for phone in self.phones.values():
            for answer in (phone.sign_in(), phone.show(), phone.come_back(), phone.enable(), phone.erase()):
                answer.expect(401, "not_paired")
        for code in codes[:3]:
            answer = self.world.phone().request_restore(self.identity, code)
            assert answer.code in {"restore_refused", "too_many_requests"}, answer.text
        for attempt in self.attempts:
            attempt.phone.complete(attempt.number, attempt.code or "12345678").expect(401, "not_paired")
        for offer in self.offers:
            self.world.phone().scan(self.identity, offer.number, offer.secret).expect(401, "not_paired")
        for token in self.mailed:
            assert self.world.phone().dispute(token).status == 410
        assert not self.world.unexpected_links()
