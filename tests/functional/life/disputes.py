"""Disputes: what a link "this wasn't me" takes away, once, whoever reads the mailbox that it was sent to."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.functional.life.known import HELD_BY_DISPUTE, MAIN, SECOND, WEEK, Attempt, Bound, Known, Moved
from tests.functional.world import DAY

if TYPE_CHECKING:
    from collections.abc import Callable


class Disputes(Known):
    """The rules about links. Whoever has one mailbox has these and nothing else."""

    @precondition(lambda self: self.mailed)
    @rule(data=st.data(), looks_first=st.booleans())
    def presses_a_link(self, data: st.DataObject, *, looks_first: bool) -> None:
        """Somebody presses the button behind a link of some mail, used or not."""
        good = [token for token in self.mailed if self._effect(token)]
        over = data.draw(st.sampled_from([False, False, False, True]))
        links = list(self.mailed) if over or not good else good
        self.presses(data.draw(st.sampled_from(links)), looks_first=looks_first)

    @precondition(lambda self: self.mailed)
    @rule(data=st.data())
    def reads_one_mailbox(self, data: st.DataObject) -> None:
        """A thief has one mailbox, and presses every link that ever came there."""
        addresses = list(dict.fromkeys(to for mailed in self.mailed.values() for to in sorted(mailed)))
        self.presses_all(data.draw(st.sampled_from(addresses)))

    def presses_all(self, mailbox: str) -> None:
        """Press everything in a mailbox, the newest first: what is put back then is the earliest."""
        for token in reversed([token for token, to in self.mailed.items() if mailbox in to]):
            if self._effect(token):
                self.presses(token)

    @precondition(lambda self: self.mailed)
    @rule(data=st.data(), part=st.sampled_from(["secret", "about", "identity"]))
    def alters_a_link(self, data: st.DataObject, part: str) -> None:
        """A link with one part changed, or one part of another link, is over like one that was used."""
        links = list(self.mailed)
        identity, about, secret = data.draw(st.sampled_from(links)).rsplit(".", 2)
        others = [link.rsplit(".", 2)[1] for link in links if link.rsplit(".", 2)[1] != about]
        altered = {
            "secret": f"{identity}.{about}.{secrets.token_urlsafe(16)}",
            "about": f"{identity}.{[*others, 'email' if about != 'email' else 'I'][0]}.{secret}",
            "identity": f"{identity}x.{about}.{secret}",
        }[part]
        assert self.world.phone().dispute(altered).status == 410

    def presses(self, token: str, *, looks_first: bool = False) -> None:
        """Press one; what it does is what the model says."""
        effect, browser = self._effect(token), self.world.phone()
        if looks_first:
            assert browser.fetch(f"/dispute/{token}").status == (200 if effect else 410)
        answer = browser.dispute(token)
        assert answer.status == (200 if effect else 410), answer.text
        if effect:
            effect()

    def _is_second(self) -> bool:
        """Count a used link; whether it is a further one within 7 days."""
        recent = [at for at in self.disputes if at > self.now - WEEK]
        self.disputes.append(self.now)
        return bool(recent)

    def _effect(self, token: str) -> Callable[[], None] | None:
        """What a link would do, or None where it is over."""
        for attempt in self.attempts:
            if token in attempt.links and self.is_pending(attempt):
                return lambda: self._restoration(attempt)
        for key, bound in self.bound.items():
            if token in bound.links and key in self.paired and bound.at + max(DAY, self.policy.hold) > self.now:
                return lambda: self._device(key, bound)
        for slot, awaited in self.awaited.items():
            if token == awaited.link and self.is_awaited(slot):
                return lambda: self._awaited(slot)
        for moved in self.moves:
            if token in moved.links and moved.at + WEEK > self.now:
                return lambda: self._moved(moved)
        return None

    def _restoration(self, attempt: Attempt) -> None:
        attempt.links = []
        if self._is_second():
            attempt.held_until = self.now + HELD_BY_DISPUTE
        else:
            attempt.over = True

    def _device(self, key: str, bound: Bound) -> None:
        bound.links = []
        last = len(self.paired) == 1 and self.status() != "enabled"
        if self._is_second() or last:
            self.held[key] = max(self.held.get(key, 0), self.now + HELD_BY_DISPUTE)
            if self.aside_until <= self.now:
                self.aside = set()
            self.aside_until = max(self.aside_until, self.held[key])
            return
        self.paired.discard(key)
        self.end_offers(of=key)
        if bound.attempt and bound.attempt in {code.by for code in self.live.values()}:
            self.live = {**bound.ended, **self.live}
            self.dead = [code for code in self.dead if code not in self.live]

    def _awaited(self, slot: str) -> None:
        if self._is_second():
            self.awaited[slot].link = None
        else:
            self.end_awaited(slot)

    def _moved(self, moved: Moved) -> None:
        if self._is_second():
            moved.links = []
            return
        slot = moved.slot
        self.end_awaited(slot)
        self.drop(slot)
        self.address[slot] = moved.was
        at = self.moves.index(moved)
        became = [later.second for later in self.moves[at:] if later.slot == slot and later.second]
        if became and not self.address[SECOND]:
            self.address[SECOND] = became[-1]
        self.keep_apart()
        self.moves = self.moves[:at] + [later for later in self.moves[at + 1 :] if later.slot != slot]
        if slot == MAIN:
            self.end_mailed_codes()
