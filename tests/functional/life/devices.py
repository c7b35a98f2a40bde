"""Devices: signing in, pairing by QR code, unpairing, the way back of those set aside, and what proves the person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from local.phone import Key
from restore.keys import short_of
from tests.functional.life.known import Bound, Known, Offer, forbidden, somebody_is_paired
from tests.functional.world import MINUTE

if TYPE_CHECKING:
    from local.phone import Answer, Phone

OFFERS_AT_ONCE = 10


class Devices(Known):
    """The rules about paired phones."""

    @rule(data=st.data(), times=st.integers(1, 3))
    def signs_in(self, data: st.DataObject, times: int) -> None:
        """Every phone that ever was tries; those that are paired get in, and are asked to back up until they have."""
        phone = self.any_phone(data)
        for _ in range(times):
            answer = phone.sign_in()
            if phone.id not in self.paired:
                answer.expect(401, "not_paired")
                return
            self.sign_ins += 1
            assert answer.expect(201)["sign_in_count"] == self.sign_ins
            assert answer.document["back_up_prompt"] == self._is_prompted()

    def _is_prompted(self) -> bool:
        """Whether the app asks to back up: from policy's sign-in on, where that is allowed and not done or refused."""
        lacks = self.policy.restore_enabled and self.status() in {"off", "awaiting_email"}
        return lacks and self.sign_ins >= self.policy.prompt_at_sign_in and not self.prompt_refused

    def refuses_the_prompt(self, data: st.DataObject) -> None:
        """Not now: it is never shown again."""
        phone = self.paired_phone(data)
        phone.refuse_prompt().expect(204)
        self.prompt_refused = True

    # Unpairing

    @precondition(somebody_is_paired)
    @rule(data=st.data())
    def unpairs(self, data: st.DataObject) -> None:
        """A paired phone unpairs one; never the last while nobody could restore."""
        phone = self.paired_phone(data)
        target = self.any_phone(data).id
        answer = phone.unpair(target)
        if target not in self.paired:
            assert answer.status in {204, 404}, answer.text
        elif len(self.paired) == 1 and self.status() != "enabled":
            answer.expect(409, "last_device")
        else:
            answer.expect(204)
            self.is_unpaired(phone.id, target)

    def is_unpaired(self, by: str, target: str) -> None:
        """B8: what a held device unpairs is set aside; unpairing a held one ends the code that it brought."""
        held, target_held = self.is_held(by), self.is_held(target)
        self.paired.discard(target)
        self.end_offers(of=target)
        if held and not target_held and self.aside_until > self.now:
            self.aside.add(target)
        attempt = self.bound[target].attempt if target in self.bound else ""
        if target_held and not held and attempt and attempt in {code.by for code in self.live.values()}:
            self.replace_codes()
            self.end_offers()

    @rule(data=st.data())
    def comes_back(self, data: st.DataObject) -> None:
        """A phone tries the way back of those that were set aside, one of these more often than not."""
        other = data.draw(st.sampled_from([False, False, True])) or not self.aside
        phone = self.any_phone(data) if other else self.phones[data.draw(st.sampled_from(self.in_order(self.aside)))]
        answer = phone.come_back()
        if phone.id in self.paired:
            answer.expect(204) if phone.id in self.came_back else answer.expect(404, "not_found")
        elif phone.id in self.aside and self.aside_until > self.now and phone.verification is not None:
            answer.expect(204)
            self.is_back()
        else:
            answer.expect(401, "not_paired")

    def is_back(self) -> None:
        """Every held device is out, every one set aside is in, and every code has ended."""
        self.paired = {key for key in self.paired if not self.is_held(key)} | self.aside
        self.came_back = (self.came_back | self.aside) & self.paired
        self.aside, self.aside_until = set(), 0.0
        self.held = {}
        was_on = self.on or self.way_back
        self.replace_codes()
        self.way_back = was_on
        self.end_offers()

    # Pairing

    @precondition(somebody_is_paired)
    @rule(data=st.data())
    def offers_a_pairing(self, data: st.DataObject) -> None:
        """A paired phone shows a QR code; a held one may not, and none while nobody could restore."""
        self._offered(self.paired_phone(data))

    def _offered(self, phone: Phone) -> Offer | None:
        answer = phone.offer_pairing()
        if self.refused_for_its_hold(phone, answer):
            return None
        if not self.policy.pairing_enabled:
            forbidden(answer, "pairing_enabled")
            return None
        if self.status() != "enabled":
            answer.expect(409, "restore_not_enabled")
            return None
        made = answer.expect(201)
        still = [one for one in self.offers if self.is_open(one)]
        for oldest in still[: max(0, len(still) - OFFERS_AT_ONCE + 1)]:
            oldest.over = True
        self.offers.append(Offer(made["pairing"]["id"], made["secret"], phone.id, self.now + 5 * MINUTE))
        return self.offers[-1]

    @precondition(lambda self: self.status() == "enabled" and any(not self.is_held(key) for key in self.paired))
    @rule(protected=st.booleans())
    def pairs_another(self, *, protected: bool) -> None:
        """The owner holds two phones beside one another."""
        free = [key for key in self.in_order(self.paired) if not self.is_held(key)]
        offer = self._offered(self.phones[free[0]])
        if offer:
            self._scanned(offer, self.new_phone(protected=protected), guess=False)

    @precondition(lambda self: self.offers)
    @rule(data=st.data(), guess=st.booleans(), again=st.booleans(), protected=st.booleans())
    def scans(self, data: st.DataObject, *, guess: bool, again: bool, protected: bool) -> None:
        """A phone uses a pairing's secret, or makes one up."""
        offer = data.draw(st.sampled_from(self.offers))
        phone = self.any_phone(data) if again else self.new_phone(protected=protected)
        self._scanned(offer, phone, guess=guess)

    def _scanned(self, offer: Offer, phone: Phone, *, guess: bool) -> None:
        answer = phone.scan(self.identity, offer.number, "A" * len(offer.secret) if guess else offer.secret)
        lacks = phone.verification is None and self.policy.require_verification_key
        if lacks and offer.used_by != phone.id:
            answer.expect(422, "invalid")
        elif guess and offer.used_by != phone.id:
            answer.expect(401, "not_paired")
        elif offer.used_by == phone.id and guess:
            assert answer.status in {200, 401}, answer.text  # the secret is forgotten in the end
        elif offer.used_by == phone.id:
            self._scanned_again(phone, answer)
        elif not self.is_open(offer):
            assert answer.status in {401, 410}, answer.text  # what has long been over is forgotten
        elif not self.policy.pairing_enabled:
            forbidden(answer, "pairing_enabled")
        elif phone.id in self.bound:
            assert answer.status == 409, answer.text
        elif len(self.paired) >= self.policy.max_devices and not self.policy.unpair_others_on_pairing:
            answer.expect(409, "limit_reached")
        else:
            self._is_paired(offer, phone.id, answer)

    def _scanned_again(self, phone: Phone, answer: Answer) -> None:
        """The answer was lost: the device again, however long ago it was."""
        if phone.id not in self.paired:
            answer.expect(401, "not_paired")
        else:
            answer.expect(200)

    def _is_paired(self, offer: Offer, key: str, answer: Answer) -> None:
        assert offer.by in self.paired, "a phone came in by the word of one that is not paired any more"
        assert self.status() == "enabled", "a phone came in where nobody could restore"
        assert answer.expect(201)["device"]["paired_by"] == "pairing"
        offer.over, offer.used_by = True, key
        self.hold_new(key, set(self.paired) if self.policy.unpair_others_on_pairing else set())
        self.bound[key] = Bound(self.now, links=[self.link(short_of(key), self.recipients())])

    @precondition(lambda self: self.offers)
    @rule(data=st.data(), cancel=st.booleans())
    def looks_after_an_offer(self, data: st.DataObject, *, cancel: bool) -> None:
        """A paired phone sees whether a QR code was used, or takes it back."""
        offer, phone = data.draw(st.sampled_from(self.offers)), self.any_phone(data)
        answer = phone.cancel_pairing(offer.number) if cancel else phone.pairing(offer.number)
        if phone.id not in self.paired:
            answer.expect(401, "not_paired")
        elif cancel and self.is_open(offer):
            answer.expect(204)
            offer.over = True
        elif cancel:
            assert answer.status in {204, 404, 410}, answer.text
        elif answer.status == 200:
            status = answer.document["pairing"]["status"]
            assert (status == "offered") == self.is_open(offer)
            assert (status == "used") == bool(offer.used_by)
        else:
            assert not self.is_open(offer)
            answer.expect(404, "not_found")

    # The verification key

    @rule(data=st.data(), remove=st.booleans())
    def changes_the_verification_key(self, data: st.DataObject, *, remove: bool) -> None:
        """A phone, held or not, sets, changes or removes what proves its person; removing only where policy lets it."""
        phone = self.any_phone(data)
        before = phone.verification
        answer = phone.protect(None if remove else Key.generate("p256"))
        if phone.id not in self.paired:
            answer.expect(401, "not_paired")
            return
        if remove and self.policy.require_verification_key:
            assert answer.expect(403, "not_allowed")["policy"] == "require_verification_key"
            return
        answer.expect(204)
        if before is not None:
            self.former_keys[phone.id] = before

    @precondition(lambda self: self.paired)
    @rule(data=st.data(), act=st.sampled_from(["enable", "disable", "erase", "unpair", "read", "offer", "second"]))
    def acts_without_the_person(self, data: st.DataObject, act: str) -> None:
        """N8, S4: whoever has the unlocked phone alone, or the passcode that it had before, does nothing verified."""
        phone = self.paired_phone(data)
        if phone.verification is None:
            return
        acts: dict[str, tuple[str, str, dict[str, str] | None]] = {
            "enable": ("POST", "/restore", {}),
            "disable": ("DELETE", "/restore", None),
            "erase": ("DELETE", "", None),
            "unpair": ("DELETE", f"/devices/{phone.id}", None),
            "read": ("GET", "/restore/code", None),
            "offer": ("POST", "/pairings", {}),
            "second": ("DELETE", "/second-email", None),
        }
        method, path, body = acts[act]
        phone.act(method, phone.path(path), body).expect(401, "verification_required")
        if former := self.former_keys.get(phone.id):
            now, phone.verification = phone.verification, former
            phone.act(method, phone.path(path), body, verified=True).expect(401, "signature_invalid")
            phone.verification = now
