"""Restore codes and restorations: making, proving, reading and ending codes; asking, approving, vetoing, completing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from local.phone import made_up_code, other_digits, selector
from restore.keys import short_of
from tests.functional.life.known import MAIN, Attempt, Awaited, Bound, Known, forbidden, somebody_is_paired
from tests.functional.world import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from typing import Any

    from local.phone import Answer, Key, Phone

SENT_CODE_WAITS = 24 * HOUR
MAILS_AN_HOUR = 10
WRONG_CODES = 20


class Restoring(Known):
    """The rules about the sheet of paper and the mailed code."""

    # The code

    @precondition(somebody_is_paired)
    @rule(data=st.data())
    def enables(self, data: st.DataObject) -> None:
        """A paired phone makes a new code; a held one may not, nor any where policy forbids it or a bar stands."""
        phone = self.paired_phone(data)
        email = None if self.address[MAIN] or self.is_awaited(MAIN) else f"{self.identity}@example.com"
        answer = phone.enable(email)
        if self.refused_for_its_hold(phone, answer):
            return
        if not self.policy.restore_enabled:
            forbidden(answer, "restore_enabled")
            return
        if self.barred:
            assert "policy" not in answer.expect(403, "not_allowed")
            return
        if email and not self.policy.admits(email):
            forbidden(answer, "email_domains")
            return
        self.replace_codes(answer.expect(201)["restore_code"])
        assert answer.document["restore"]["status"] == self.status()
        if email:
            self.awaited[MAIN] = Awaited(email, self.world.mailed_code(email), self.now + 10 * MINUTE, self.now)
            self.confirmation_mails.append(self.now)

    @precondition(somebody_is_paired)
    @rule(data=st.data())
    def disables(self, data: st.DataObject) -> None:
        """A paired phone switches restore off; a held one may not."""
        phone = self.paired_phone(data)
        answer = phone.disable()
        if self.refused_for_its_hold(phone, answer):
            return
        answer.expect(204)
        self.replace_codes()
        self.end_offers()

    def drills(self, data: st.DataObject) -> None:
        """A paired phone proves a code: every one in force is the right one, and no other; nothing is spent."""
        phone = self.paired_phone(data)
        code = self._some_code(data)
        answer = phone.drill(code)
        if not self.on and not self.in_force():
            answer.expect(409, "restore_not_enabled")
        elif code in self.in_force():
            assert self.is_told(answer.expect(200)["last_proven_at"], self.now)
        else:
            assert "attempts_left" not in answer.expect(403, "wrong_code")

    def reads_the_kept_code(self, data: st.DataObject) -> None:
        """A paired phone reads the newest code again, where codes are kept sealed; nobody else does."""
        phone = self.any_phone(data)
        answer = phone.show_code()
        if phone.id not in self.paired:
            answer.expect(401, "not_paired")
        elif self.kept():
            assert answer.expect(200)["restore_code"] == self.newest()
        else:
            answer.expect(409, "code_not_kept")

    # Asking

    def _some_code(self, data: st.DataObject) -> str:
        """A code in force more often than not, else an ended one, a guess, or a guess with the right selector."""
        in_force = self.in_force()
        ended = [*self.dead[-3:], *(code for code in self.live if code not in in_force)]
        kinds = {"in force": in_force, "ended": ended, "guess": [made_up_code()]}
        kinds["half"] = [made_up_code(selector(one)) for one in in_force[:1]]
        kind = data.draw(st.sampled_from(["in force", "in force", "in force", "ended", "guess", "half"]))
        return str(data.draw(st.sampled_from(kinds[kind] or kinds["guess"])))

    def some_attempt(self, data: st.DataObject) -> Attempt:
        """A restoration under way more often than not."""
        pending = [one for one in self.attempts if self.is_pending(one)]
        over = data.draw(st.sampled_from([False, False, False, True]))
        return data.draw(st.sampled_from(self.attempts if over or not pending else pending))

    @rule(data=st.data(), again=st.booleans(), protected=st.booleans())
    def asks(self, data: st.DataObject, *, again: bool, protected: bool) -> None:
        """Somebody asks for a restoration with a code: one in force, an ended one, or a guess at one."""
        code = self._some_code(data)
        phone = self.any_phone(data) if again else self.new_phone(protected=protected)
        self.asks_with(phone, code)

    @precondition(lambda self: self.status() == "enabled")
    @rule(unpair=st.booleans(), protected=st.booleans())
    def restores(self, *, unpair: bool, protected: bool) -> None:
        """Somebody has the sheet and the mailbox: asks, and types the code at once."""
        attempt = self.asks_with(self.new_phone(protected=protected), self.in_force()[0])
        if attempt:
            self.completes_with(attempt, attempt.code, unpair=unpair)

    def asks_with(self, phone: Phone, code: str) -> Attempt | None:
        """Ask; the restoration that begins, or that this phone has under way with this code."""
        answer = phone.request_restore(self.identity, code)
        if answer.status == 429:
            assert self._mails() >= MAILS_AN_HOUR or self.wrong_codes >= WRONG_CODES
            return None
        if code not in self.in_force() or not self.can_be_restored():
            answer.expect(403, "restore_refused")
            self.wrong_codes += 1
            return None
        same = [one for one in self.attempts if self.is_pending(one) and (one.phone, one.paper) == (phone, code)]
        if same:
            assert answer.expect(202)["restoration"]["id"] == same[0].number
            return same[0]
        if phone.id in self.bound:
            answer.expect(409, "device_exists")
            return None
        return self._begins(phone, code, answer.expect(202)["restoration"])

    def _mails(self) -> int:
        """How many mails with codes for restoring there were."""
        return sum(4 - one.resends for one in self.attempts)

    def _begins(self, phone: Phone, code: str, restoration: dict[str, Any]) -> Attempt:
        awaiting = [one for one in self.attempts if self.awaits_code(one)]
        for oldest in awaiting[: max(0, len(awaiting) - 2)]:
            oldest.over = True
        attempt = Attempt(
            phone,
            restoration["id"],
            code,
            self.world.mailed_code(self.address[MAIN]),
            self.now + 10 * MINUTE,
            restoration["attempts_left"],
            self.now,
            [self.link(short_of(phone.id), self.recipients())],
        )
        self.attempts.append(attempt)
        return attempt

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def asks_for_another_code(self, data: st.DataObject) -> None:
        """The mailed code is replaced; the old one is dead, the links of both mails are good."""
        attempt = self.some_attempt(data)
        answer = attempt.phone.resend_code(attempt.number)
        if not self.awaits_code(attempt):
            assert answer.status in {401, 410}, answer.text
        elif attempt.resends == 0:
            answer.expect(409, "limit_reached")
        elif self.now < attempt.sent + 30:
            answer.expect(429, "too_many_requests")
        elif answer.status == 429:
            assert self._mails() >= MAILS_AN_HOUR
        else:
            answer.expect(202)
            if attempt.code:
                attempt.dead_codes.append(attempt.code)
            attempt.code, attempt.expires = self.world.mailed_code(self.address[MAIN]), self.now + 10 * MINUTE
            attempt.resends, attempt.sent = attempt.resends - 1, self.now
            attempt.links.append(self.link(short_of(attempt.phone.id), {str(self.address[MAIN])}))

    # Judging by paired phones

    @precondition(lambda self: self.attempts and self.paired)
    @rule(data=st.data())
    def approves(self, data: st.DataObject) -> None:
        """A paired phone says that it is the owner: no waiting period; it never stands in for the mailed code."""
        attempt, phone = self.some_attempt(data), self.paired_phone(data)
        answer = phone.approve(attempt.number)
        if self.refused_for_its_hold(phone, answer):
            return
        if not self.is_pending(attempt):
            assert answer.status in {404, 410}, answer.text
            return
        answer.expect(200)
        attempt.approved = True
        if attempt.ready is not None:
            attempt.ready = min(attempt.ready, self.now)

    @precondition(lambda self: self.attempts and self.paired)
    @rule(data=st.data())
    def vetoes(self, data: st.DataObject) -> None:
        """A paired phone ends a restoration; a held one may not."""
        attempt, phone = self.some_attempt(data), self.paired_phone(data)
        if phone is attempt.phone:
            return
        answer = phone.veto(attempt.number)
        if self.refused_for_its_hold(phone, answer):
            return
        if self.is_pending(attempt):
            answer.expect(204)
        else:
            assert answer.status in {204, 404, 410}, answer.text
        attempt.over = True

    @precondition(lambda self: self.attempts)
    @rule(data=st.data())
    def gives_up(self, data: st.DataObject) -> None:
        """The new phone ends its own restoration; another's it cannot."""
        attempt, phone = self.some_attempt(data), self.any_phone(data)
        if phone is not attempt.phone and phone.verification is None:
            return  # where it is paired, this is its veto
        answer = phone.withdraw(attempt.number)
        if phone is not attempt.phone:
            answer.expect(401, "verification_required" if phone.id in self.paired else "not_paired")
        elif self.is_pending(attempt):
            answer.expect(204)
            attempt.over = True
        else:
            assert answer.status in {204, 401, 410}, answer.text

    def looks_at_a_restoration(self, data: st.DataObject) -> None:
        """Its own phone and every paired one see how it stands; a stranger sees nothing."""
        attempt, phone = self.some_attempt(data), self.any_phone(data)
        answer = phone.restoration(attempt.number)
        if phone.id not in self.paired and phone is not attempt.phone:
            answer.expect(401, "not_paired")
        elif self.is_pending(attempt):
            seen = answer.expect(200)["restoration"]
            assert seen["status"] == ("awaiting_code" if attempt.ready is None else "waiting")
            assert (seen["attempts_left"], seen["resends_left"]) == (attempt.attempts, attempt.resends)
        elif answer.status == 200:
            assert answer.document["restoration"]["status"] not in {"awaiting_code", "waiting"}
        else:
            assert answer.status in {401, 404}, answer.text

    # Completing

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), kind=st.sampled_from(["right", "right", "guess", "dead", "later"]), unpair=st.booleans())
    def completes(self, data: st.DataObject, *, kind: str, unpair: bool) -> None:
        """Somebody types a mailed code: the right one, a guess, a dead one, or none, as after a waiting period."""
        attempt = self.some_attempt(data)
        dead = [code for code in attempt.dead_codes if code != attempt.code]
        guess = other_digits(attempt.code or "12345678")
        code = {"right": attempt.code or guess, "guess": guess, "dead": [*dead, guess][0], "later": None}[kind]
        self.completes_with(attempt, code, unpair=unpair)

    def another_phone_completes(self, data: st.DataObject) -> None:
        """Who sees both codes over somebody's shoulder cannot use them with another phone."""
        attempt, phone = self.some_attempt(data), self.new_phone()
        phone.complete(attempt.number, attempt.code or "12345678").expect(401, "not_paired")

    def completes_with(self, attempt: Attempt, code: str | None, *, unpair: bool) -> None:
        """Complete with this code, or with none; the answer is the one that the model expects."""
        answer = attempt.phone.complete(attempt.number, code, "unpair" if unpair else "keep")
        if attempt.done is not None:
            self._repeats(attempt, answer, code, unpair=unpair)
        elif not self.is_pending(attempt):
            assert answer.status in {401, 410}, answer.text
        elif not self.policy.restore_enabled:
            if attempt.phone.id not in self.bound:
                forbidden(answer, "restore_enabled")  # it costs no attempt, and nothing is settled
            assert answer.status >= 400, answer.text
        elif attempt.ready is not None:
            self._comes_later(attempt, answer, code, unpair=unpair)
        elif code is None or self._lacks_a_key(attempt.phone.verification):
            answer.expect(422, "invalid")
        elif code != attempt.code:
            attempt.attempts -= 1
            left = answer.expect(403, "wrong_code")["attempts_left"]
            assert left <= attempt.attempts
            attempt.attempts = left
        else:
            self._proves(attempt, answer, unpair=unpair)

    def _proves(self, attempt: Attempt, answer: Answer, *, unpair: bool) -> None:
        sent = SENT_CODE_WAITS if self.live[attempt.paper].sent_to else 0
        waits = 0 if attempt.approved else max(self.policy.waiting_hours * HOUR, sent)
        ready = self.now + waits
        settled = unpair, unpair or self.policy.unpair_others_on_restore
        if ready > self.now:
            seen = answer.expect(202)["restoration"]
            assert seen["status"] == "waiting"
            assert self.is_told(seen["ready_at"], ready)
            attempt.said_unpair, attempt.unpair = settled
            attempt.ready, attempt.verification = ready, attempt.phone.verification
        elif not self._is_in_the_way(attempt, answer, unpair=settled[1]):
            attempt.said_unpair, attempt.unpair = settled
            self.is_bound(attempt, answer.expect(201))

    def _lacks_a_key(self, verification: Key | None) -> bool:
        """Whether a new device would come without the key that policy requires of it."""
        return verification is None and self.policy.require_verification_key

    def _says_the_same(self, attempt: Attempt, code: str | None, *, unpair: bool) -> bool:
        return code is None or (code == attempt.code and unpair == attempt.said_unpair)

    def _comes_later(self, attempt: Attempt, answer: Answer, code: str | None, *, unpair: bool) -> None:
        assert attempt.ready is not None
        if attempt.phone.id in self.bound:
            assert answer.status >= 400, answer.text  # it was paired by a QR code meanwhile
        elif not self._says_the_same(attempt, code, unpair=unpair):
            answer.expect(410, "used")
        elif attempt.ready > self.now:
            assert answer.expect(202)["restoration"]["status"] == "waiting"
        elif self._lacks_a_key(attempt.verification):
            answer.expect(422, "invalid")  # policy has come to require one while it waited
        else:
            attempt.unpair = attempt.unpair or self.policy.unpair_others_on_restore
            if not self._is_in_the_way(attempt, answer, unpair=attempt.unpair):
                self.is_bound(attempt, answer.expect(201))

    def _is_in_the_way(self, attempt: Attempt, answer: Answer, *, unpair: bool) -> bool:
        """Whether the device cannot be bound; then nothing is spent."""
        if attempt.phone.id in self.bound:
            assert answer.status == 409, answer.text
            return True
        if not unpair and len(self.paired) >= self.policy.max_devices:
            answer.expect(409, "limit_reached")
            return True
        return False

    def is_bound(self, attempt: Attempt, done: dict[str, Any]) -> None:
        """S7 N4: both codes have bound a device: they are spent, and what else was under way is over."""
        assert attempt.paper in self.live, "a restoration went on with a code that had ended"
        assert attempt.paper not in self.dead, "a code has worked twice"
        assert not self.barred, "a barred identity was restored"
        assert self.policy.restore_enabled, "an identity was restored while policy forbids it"
        key = attempt.phone.id
        others = set(self.paired) if attempt.unpair else set()
        assert set(done["unpaired"]) == others
        if attempt.ready is None:
            attempt.verification = attempt.phone.verification
        self.hold_new(key, others, attempt.held_until)
        ended = dict(self.live)
        attempt.done = self.now
        self.replace_codes(done["restore_code"], by=attempt.number)
        link = self.link(short_of(key), self.recipients())
        self.bound[key] = Bound(self.now, attempt.number, ended, [*attempt.links, link])

    def _is_long_over(self, attempt: Attempt) -> bool:
        """Whether nothing needs to be known of a completed restoration but its device: by time, or by many others."""
        assert attempt.done is not None
        return attempt.done + 30 * DAY <= self.now or len(self.attempts) > 20

    def _repeats(self, attempt: Attempt, answer: Answer, code: str | None, *, unpair: bool) -> None:
        """The answer was lost: the device again, for ten minutes with a fresh code in the place of the lost one."""
        assert attempt.done is not None
        if attempt.phone.id not in self.paired:
            assert answer.status in {401, 410}, answer.text
            return
        if attempt.phone.verification is not attempt.verification:
            assert answer.status in {200, 401, 410}, answer.text  # it has another passcode by now
        elif not self._says_the_same(attempt, code, unpair=unpair):
            # what was said is forgotten in the end, that it was done is not
            assert answer.status == 410 or (answer.status == 200 and self._is_long_over(attempt)), answer.text
        else:
            made = [one.by for one in self.live.values()]
            fresh = self.now < attempt.done + 10 * MINUTE and attempt.number in made
            assert ("restore_code" in answer.expect(200)) == fresh, answer.text
        if "restore_code" in answer.document:
            self.replace_codes(answer.document["restore_code"], by=attempt.number)
