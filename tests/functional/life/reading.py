"""Reading: the app's screen, the identity's own log, and what must hold of both whatever has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis.stateful import invariant

from restore.keys import short_of
from tests.functional.life.known import MAIN, SECOND, Known

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from local.phone import Phone


def hint(address: str | None) -> str | None:
    """`a***@example.com`."""
    return address and f"{address[0]}***@{address.partition('@')[2]}"


class Reading(Known):
    """The rules about what is shown, and the invariants."""

    def looks_at_the_screen(self, data: st.DataObject) -> None:
        """A paired phone sees exactly what the model knows; any other sees nothing."""
        phone = self.any_phone(data)
        answer = phone.show()
        if phone.id in self.paired:
            self.must_show_what_is(answer.expect(200))
        else:
            answer.expect(401, "not_paired")

    def must_show_what_is(self, shown: dict[str, Any]) -> None:
        """The screen is the model."""
        assert {one["id"] for one in shown["devices"]} == self.paired
        for one in shown["devices"]:
            assert self.is_told(one["held_until"], self.held[one["id"]] if self.is_held(one["id"]) else None)
        protected = {one["id"]: one["verification"] for one in shown["devices"]}
        assert protected == {key: self.phones[key].verification is not None for key in self.paired}
        assert shown["restore"]["status"] == self.status()
        assert shown["restore"]["code_kept"] == self.kept()
        assert (shown["email_hint"], shown["email_confirmed"]) == (hint(self.address[MAIN]), bool(self.address[MAIN]))
        assert shown["second_email_hint"] == hint(self.address[SECOND])
        self._must_show_what_is_awaited(MAIN, shown["email_pending"])
        self._must_show_what_is_awaited(SECOND, shown["second_email_pending"])
        pending = {one["id"]: (one["status"], one["attempts_left"]) for one in shown["restorations"]}
        states = {True: "awaiting_code", False: "waiting"}
        assert pending == {
            one.number: (states[one.ready is None], one.attempts) for one in self.attempts if self.is_pending(one)
        }

    def _must_show_what_is_awaited(self, slot: str, shown: dict[str, Any] | None) -> None:
        assert (shown is not None) == self.is_awaited(slot)
        if shown:
            awaited = self.awaited[slot]
            assert shown["email_hint"] == hint(awaited.to)
            assert (shown["attempts_left"], shown["resends_left"]) == (awaited.attempts, awaited.resends)
            assert self.is_told(shown["expires_at"], awaited.expires)

    def reads_the_log(self, data: st.DataObject) -> None:
        """B4: a paired phone reads all of it; nothing that it ever saw is missing, and the screen tells its head."""
        phone = self.any_phone(data)
        if phone.id not in self.paired:
            phone.events().expect(401, "not_paired")
            return
        self.must_have_grown(phone)

    def must_have_grown(self, phone: Phone) -> None:
        """The log is what was seen before, and what came since."""
        page = phone.events().expect(200)
        rows = page["events"]
        while page["cursor"] is not None:
            page = phone.events(page["cursor"]).expect(200)
            rows += page["events"]
        rows.reverse()
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        hashes = [row["hash"] for row in rows]
        assert hashes[: len(self.seen)] == self.seen, "the log has gone back"
        self.seen = hashes
        assert phone.show().expect(200)["log"] == {"seq": len(rows), "hash": hashes[-1]}

    # What must always hold

    @invariant()
    def only_those_are_paired_who_may(self) -> None:
        """S7 S17 N4: the paired devices are those that two codes or a paired device's word have bound, no others."""
        if self.phones:
            assert self.world.paired(self.identity) == {short_of(key) for key in self.paired}

    @invariant()
    def nothing_blames_the_server(self) -> None:
        """ASVS 16.5.3: no odd order of acts brings an answer of 5xx."""
        assert all(answer.status < 500 for answer in self.world.answers[-3:])

    @invariant()
    def there_is_a_way(self) -> None:
        """B8 S17: an identity has a device, or can be restored, be it when a bar is lifted, or both."""
        if self.phones:
            assert self.paired or (self.on and self.address[MAIN])

    @invariant()
    def the_log_is_whole(self) -> None:
        """B4: every row is numbered and chained."""
        self.world.must_have_whole_logs(self.identity)

    @invariant()
    def no_link_is_mailed_that_nobody_expects(self) -> None:
        """B13: a link goes out for what can be disputed, to those who were in force before, and for nothing else."""
        assert not self.world.unexpected_links()
