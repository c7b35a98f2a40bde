"""What administrators do about one identity: bar, unpair, cancel, send, reveal and issue, and what each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.functional.life.known import MAIN, Code
from tests.functional.life.offices import CLERKS, REASONS, Offices, Order, Verdict
from tests.functional.world import HOUR

if TYPE_CHECKING:
    from local.phone import Answer

PATHS = {
    "barring": "restore/barring",
    "unbarring": "restore/unbarring",
    "unpairing": "devices/{about}/unpairing",
    "cancellation": "restorations/{about}/cancellation",
    "send": "restore-code/send",
    "reveal": "restore-code/reveal",
    "issue": "restore-code/issue",
}
ACTS = st.sampled_from([*PATHS, "send", "issue", "unpairing"])


class Helping(Offices):
    """The rules about acts of administrators on an identity."""

    @rule(
        data=st.data(),
        act=ACTS,
        name=st.sampled_from(list(CLERKS)),
        reason=REASONS,
        through=st.sampled_from([True, True, False]),
    )
    def helps(self, data: st.DataObject, act: str, name: str, reason: str, *, through: bool) -> None:
        """Somebody asks for help, or seems to: an administrator acts, alone or with a second one."""
        about = ""
        if act == "unpairing":
            about = self.any_phone(data).id
        elif act == "cancellation":
            known = [one.number for one in self.attempts if self.is_pending(one)] or [*self.numbers()]
            about = data.draw(st.sampled_from([*known, "A" * 22]))
        hours = data.draw(st.sampled_from([1, 24, 72])) if act == "issue" else 0
        self.orders(name, self.order(act, reason, about=about, hours=hours), through=through)
        if self.barred and self.in_force():
            self.asks_with(self.new_phone(), self.in_force()[0])

    @precondition(lambda self: self.barred)
    @rule()
    def unbars(self) -> None:
        """The bar is lifted again, by two where it takes two."""
        self.orders("anna", self.order("unbarring", "it was a mistake"), through=True)

    @precondition(lambda self: self.can_be_restored())
    @rule(unpair=st.booleans())
    def restores_with_help(self, *, unpair: bool) -> None:
        """Whoever has lost the sheet is issued a code, asks with it and types the mailed one."""
        order = self.order("issue", "has lost the sheet", hours=1)
        before = set(self.live)
        self.orders("boris", order, through=True)
        issued = [code for code in self.in_force() if code not in before]
        if issued:
            attempt = self.asks_with(self.new_phone(), issued[0])
            if attempt:
                self.completes_with(attempt, attempt.code, unpair=unpair)

    asks_with: Any
    completes_with: Any
    """Of `life.restoring`."""

    def numbers(self) -> list[str]:
        """The restorations that there were last."""
        return [one.number for one in self.attempts[-3:]]

    def order(self, act: str, reason: str, *, about: str = "", hours: int = 0) -> Order:
        """An order about the identity."""
        target = f"/identities/{self.identity}/{PATHS[act].format(about=about)}"
        return Order(act, target, reason, hours, about)

    # What each comes to

    def verdict(self, order: Order) -> Verdict:
        """What the contract has an order come to, as everything stands."""
        if order.rules:
            return super().verdict(order)
        verdict: Verdict = getattr(self, f"_judge_{order.act}")(order)
        return verdict

    def _judge_barring(self, _: Order) -> Verdict:
        return Verdict(204, does=not self.barred)

    def _judge_unbarring(self, _: Order) -> Verdict:
        return Verdict(204, does=self.barred, two_people=True)

    def _judge_unpairing(self, order: Order) -> Verdict:
        if order.about not in self.bound:
            return Verdict(404, "not_found")
        if order.about not in self.paired:
            return Verdict(204, does=self._has_a_way_back(order.about))
        last = len(self.paired) == 1
        if last and self.status() != "enabled":
            return Verdict(409, "last_device")
        return Verdict(204, does=True, two_people=last)

    def _has_a_way_back(self, key: str) -> bool:
        return key in self.aside and self.aside_until > self.now

    def _judge_cancellation(self, order: Order) -> Verdict:
        found = [one for one in self.attempts if one.number == order.about]
        if not found:
            return Verdict(404, "not_found")
        if found[0].done is not None:
            return Verdict((410, 404))  # it is `used`, until it is forgotten
        return Verdict(204, does=True) if self.is_pending(found[0]) else Verdict((204, 404, 410))

    def _judge_send(self, _: Order) -> Verdict:
        if not self.kept():
            return Verdict(409, "code_not_kept")
        return Verdict(204, does=True, two_people=True) if self.address[MAIN] else Verdict(409, "email_not_confirmed")

    def _judge_reveal(self, _: Order) -> Verdict:
        return Verdict(200, does=True, two_people=True) if self.kept() else Verdict(409, "code_not_kept")

    def _judge_issue(self, _: Order) -> Verdict:
        if not self.policy.restore_enabled:
            return Verdict(403, "not_allowed", policy="restore_enabled")
        if self.barred or not (self.on or self.way_back):
            return Verdict(409, "restore_not_enabled")
        return Verdict(201, does=True, two_people=True) if self.address[MAIN] else Verdict(409, "email_not_confirmed")

    # What each does

    def takes_effect(self, order: Order, answer: Answer) -> None:
        """An order is done: what is different from now on."""
        if order.rules:
            super().takes_effect(order, answer)
        else:
            if order.act not in {"reveal", "issue"}:
                assert not answer.body, "only whoever reveals or issues a code is answered anything"
            getattr(self, f"_do_{order.act}")(order, answer)

    def row_of(self, order: Order) -> str:
        """What the identity's own log calls it."""
        ended = order.act == "unpairing" and order.about not in self.paired
        return "device.way_back_ended" if ended else super().row_of(order)

    def _do_barring(self, _: Order, __: Answer) -> None:
        self.barred = True
        for attempt in self.attempts:
            attempt.over = True
        self.end_offers()

    def _do_unbarring(self, _: Order, __: Answer) -> None:
        self.barred = False

    def _do_unpairing(self, order: Order, _: Answer) -> None:
        """It is a stranger from now on, and has no way back; the code that came with it stays in force."""
        self.paired.discard(order.about)
        self.aside.discard(order.about)
        self.end_offers(of=order.about)

    def _do_cancellation(self, order: Order, _: Answer) -> None:
        next(one for one in self.attempts if one.number == order.about).over = True

    def _do_send(self, _: Order, __: Answer) -> None:
        """S15: to the confirmed address alone; from now on one mailbox may hold both codes."""
        newest = self.newest()
        assert newest
        self.live[newest].sent_to.add(self.address[MAIN])
        assert self.world.has_mailed(newest) == self.live[newest].sent_to, "the kept code went to somebody else"

    def _do_reveal(self, _: Order, answer: Answer) -> None:
        assert answer.document["restore_code"] == self.newest()

    def _do_issue(self, order: Order, answer: Answer) -> None:
        """A code beside the user's own, in the place of an earlier issued one."""
        ends = self.now + order.hours * HOUR
        assert self.is_told(answer.document["expires_at"], ends)
        earlier = [code for code, one in self.live.items() if one.ends is not None]
        for code in earlier:
            del self.live[code]
        self.dead += earlier
        for attempt in self.attempts:
            attempt.over = attempt.over or attempt.paper in earlier
        self.live[answer.document["restore_code"]] = Code(self.now, ends=ends)

    # What is shown, and what must always hold

    def looks_at_an_office(self) -> None:
        """An auditor sees of the identity what its owner sees, and what waits for a second person."""
        shown = self.world.clerk("auditor", "ada's auditor").call("GET", f"/identities/{self.identity}").expect(200)
        assert shown["restore"]["status"] == self.status()
        assert {one["id"] for one in shown["devices"]} == self.paired
        pending = {one["id"] for one in shown["restorations"] if one["status"] in {"awaiting_code", "waiting"}}
        assert pending == {one.number for one in self.attempts if self.is_pending(one)}
        self.must_show_what_waits()

    @invariant()
    def nothing_is_under_way_while_barred(self) -> None:
        """W6: a bar has ended everything, and nothing begins until it is lifted."""
        if self.barred:
            assert not any(self.is_pending(one) for one in self.attempts)
            assert not any(self.is_open(one) for one in self.offers)

    def opens_again(self) -> None:
        """Two administrators take back what they have closed: no act of one of them shuts anybody out for good."""
        if self.barred:
            self.unbars()
        if self.forbids():
            self.allows_again()
