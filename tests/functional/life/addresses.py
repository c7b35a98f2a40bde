"""Addresses: changing the first, having a second, and confirming either with the code that was mailed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from local.phone import other_digits
from tests.functional.life.known import MAIN, SECOND, Awaited, Known, Moved, forbidden, somebody_is_paired
from tests.functional.world import DAY, MINUTE

if TYPE_CHECKING:
    from local.phone import Answer, Phone

IN_TEN_MINUTES = 4
IN_A_DAY = 10
TO_ONE_ADDRESS = 5
SLOTS = st.sampled_from([MAIN, SECOND])
DOMAINS = st.sampled_from(["example.com", "example.net", "example.org"])


class Addresses(Known):
    """The rules about mailboxes."""

    def __init__(self) -> None:
        super().__init__()
        self.mails_to: dict[str, int] = {}

    @precondition(somebody_is_paired)
    @rule(data=st.data(), slot=SLOTS, domain=DOMAINS)
    def asks_for_an_address(self, data: st.DataObject, slot: str, domain: str) -> None:
        """A paired phone wants another address; a held one may not. Those in force hear of it, with a link."""
        self._asked(self.paired_phone(data), slot, f"{self.identity}@{domain}")

    @precondition(lambda self: any(not self.is_held(key) for key in self.paired))
    @rule(slot=SLOTS, domain=DOMAINS)
    def changes_an_address(self, slot: str, domain: str) -> None:
        """Somebody has a phone and the new mailbox: asks, and types the code at once."""
        free = [key for key in self.in_order(self.paired) if not self.is_held(key)]
        phone, to = self.phones[free[0]], f"{self.identity}@{domain}"
        self._asked(phone, slot, to)
        if self.is_awaited(slot) and self.awaited[slot].to == to:
            self._confirmed(phone, slot, self.awaited[slot].code)

    def _asked(self, phone: Phone, slot: str, to: str) -> None:
        answer = phone.change_email(to) if slot == MAIN else phone.change_second_email(to)
        if self.refused_for_its_hold(phone, answer):
            return
        if self.address[slot] == to:
            assert answer.expect(202)["email_pending"] is None
            self.end_awaited(slot)
        elif not self.policy.admits(to):
            forbidden(answer, "email_domains")
        elif slot == SECOND and not self.address[MAIN]:
            answer.expect(409, "email_required")
        elif slot == SECOND and self.address[MAIN] == to:
            answer.expect(422, "invalid")
        elif self.is_awaited(slot) and self.awaited[slot].to == to:
            assert answer.expect(202)["email_pending"]["attempts_left"] == self.awaited[slot].attempts
        elif not self._is_limited(answer, to):
            answer.expect(202)
            told = self.recipients()
            link = self.link(slot, told) if told else None
            self.awaited[slot] = Awaited(to, self.world.mailed_code(to), self.now + 10 * MINUTE, self.now, link)

    def _is_limited(self, answer: Answer, to: str) -> bool:
        """Whether a limit of confirmation mails has been reached; else one more went out."""
        if answer.status == 429:
            recent = sum(at > self.now - 10 * MINUTE for at in self.confirmation_mails)
            daily = sum(at > self.now - DAY for at in self.confirmation_mails)
            assert recent >= IN_TEN_MINUTES or daily >= IN_A_DAY or self.mails_to.get(to, 0) >= TO_ONE_ADDRESS
            return True
        self.confirmation_mails.append(self.now)
        self.mails_to[to] = self.mails_to.get(to, 0) + 1
        return False

    @precondition(lambda self: self.awaited or self.settled)
    @precondition(somebody_is_paired)
    @rule(data=st.data(), slot=SLOTS, kind=st.sampled_from(["right", "right", "guess", "dead", "again", "other slot"]))
    def confirms_an_address(self, data: st.DataObject, slot: str, kind: str) -> None:
        """A code is typed: the mailed one, a guess, one that was replaced, the last that was right, the other's."""
        phone, awaited, settled = self.paired_phone(data), self.awaited.get(slot), self.settled.get(slot)
        right = awaited.code if awaited else settled[0] if settled else "12345678"
        other = self.awaited.get(SECOND if slot == MAIN else MAIN)
        dead = [one for one in (awaited.dead_codes if awaited else []) if one != right]
        code = {
            "right": right,
            "guess": other_digits(right),
            "dead": [*dead, other_digits(right)][0],
            "again": self.proved.get(slot, right),
            "other slot": other.code if other else other_digits(right),
        }[kind]
        self._confirmed(phone, slot, code)

    def _confirmed(self, phone: Phone, slot: str, code: str) -> None:
        awaited, settled = self.awaited.get(slot), self.settled.get(slot)
        answer = phone.confirm_email(code) if slot == MAIN else phone.confirm_second_email(code)
        if self.refused_for_its_hold(phone, answer):
            return
        is_right = awaited is not None and self.is_awaited(slot) and code == awaited.code
        if code == self.proved.get(slot) and not is_right:
            answer.expect(200)  # a lost answer
        elif awaited is not None and self._is_excluded(slot):
            forbidden(answer, "email_domains")  # since it was asked for; it costs no attempt
        elif awaited is None:
            answer.expect(410, settled[1]) if settled else answer.expect(409, "email_required")
        elif awaited.attempts == 0:
            answer.expect(410, "attempts_exhausted")
        elif awaited.expires <= self.now:
            answer.expect(410, "expired")
        elif code != awaited.code:
            awaited.attempts -= 1
            assert answer.expect(403, "wrong_code")["attempts_left"] == awaited.attempts
        else:
            answer.expect(200)
            self._is_in_force(slot, awaited)

    def _is_excluded(self, slot: str) -> bool:
        """Whether policy has excluded the address that is awaited."""
        return self.is_awaited(slot) and not self.policy.admits(self.awaited[slot].to)

    def _is_in_force(self, slot: str, awaited: Awaited) -> None:
        told, former, second = self.recipients(), self.address[slot], self.address[SECOND]
        self.address[slot] = awaited.to
        self.settled[slot] = (awaited.code, "used")
        self.proved[slot] = awaited.code
        del self.awaited[slot]
        if slot == MAIN:
            self.keep_apart()
        if told:
            links = [link for link in (awaited.link, self.link(slot, told)) if link]
            became = second if slot == MAIN and not self.address[SECOND] else None
            self.moves.append(Moved(slot, former, self.now, links, became))
        if slot == MAIN and former:
            self.end_mailed_codes()

    @precondition(lambda self: self.awaited or self.settled)
    @precondition(somebody_is_paired)
    @rule(data=st.data(), slot=SLOTS)
    def asks_for_another_confirmation(self, data: st.DataObject, slot: str) -> None:
        """The code for an address is replaced; attempts are not."""
        phone, awaited, settled = self.paired_phone(data), self.awaited.get(slot), self.settled.get(slot)
        answer = phone.resend_confirmation() if slot == MAIN else phone.resend_second_confirmation()
        if self.refused_for_its_hold(phone, answer):
            return
        if awaited is None:
            answer.expect(410, settled[1]) if settled else answer.expect(404, "not_found")
        elif self._is_excluded(slot):
            forbidden(answer, "email_domains")
        elif awaited.attempts == 0:
            answer.expect(410, "attempts_exhausted")
        elif awaited.expires <= self.now:
            answer.expect(410, "expired")
        elif awaited.resends == 0:
            answer.expect(409, "limit_reached")
        elif self.now < awaited.sent + 30:
            answer.expect(429, "too_many_requests")
        elif not self._is_limited(answer, awaited.to):
            assert answer.expect(202)["email_pending"]["attempts_left"] == awaited.attempts
            awaited.dead_codes.append(awaited.code)
            awaited.code, awaited.sent = self.world.mailed_code(awaited.to), self.now
            awaited.expires, awaited.resends = self.now + 10 * MINUTE, awaited.resends - 1

    @precondition(lambda self: self.address[SECOND] or SECOND in self.awaited)
    @precondition(somebody_is_paired)
    @rule(data=st.data())
    def removes_the_second_address(self, data: st.DataObject) -> None:
        """Both addresses hear of it, with a link that puts it back."""
        phone = self.paired_phone(data)
        answer = phone.remove_second_email()
        if self.refused_for_its_hold(phone, answer):
            return
        answer.expect(204)
        self.end_awaited(SECOND)
        if was := self.address[SECOND]:
            link = self.link(SECOND, self.recipients())
            self.moves.append(Moved(SECOND, was, self.now, [link]))
            self.drop(SECOND)
