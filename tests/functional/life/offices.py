"""Administrators: what each may order, what two of them have to agree on, and what both logs say of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.functional.life.known import Known, Rules
from tests.functional.world import DAY, HOUR

if TYPE_CHECKING:
    from local.phone import Answer

CLERKS: Final = {"anna": "admin", "boris": "admin", "helen": "helpdesk"}
ADMINS: Final = tuple(name for name, role in CLERKS.items() if role == "admin")
ACTS_AN_HOUR: Final = 30
IN_FORCE_WITHIN: Final = 30
"""A policy is in force everywhere after so many seconds."""
REASONS: Final = st.sampled_from(["as asked by phone", "by letter"])
FOR_ADMINS: Final = frozenset({"policy", "reveal", "issue"})
ROWS: Final = {
    "barring": "restore.barred",
    "unbarring": "restore.unbarred",
    "unpairing": "device.unpaired",
    "cancellation": "restoration.cancelled",
    "send": "restore.code_sent",
    "reveal": "restore.code_revealed",
    "issue": "restore.code_issued",
}
"""What the identity's own log calls each act; the administrators' log says `<act>.ordered`."""
VALUES: Final[dict[str, list[Any]]] = {
    "restore_enabled": [False],
    "enforce_on_creation": [True],
    "unpair_others_on_restore": [True],
    "unpair_others_on_pairing": [True],
    "pairing_enabled": [False],
    "keep_sealed_codes": [True],
    "two_person_approval": [True],
    "require_verification_key": [False],
    "prompt_at_sign_in": [1, 3],
    "max_devices": [1, 2],
    "waiting_hours": [1, 48],
    "hold_hours": [0, 1, 96],
    "email_domains": [("example.com",), ("example.net", "example.org")],
}
"""What a field may become where it has its default; from anything else it mostly goes back to it."""
CHANGES: Final = st.sampled_from(
    [
        *VALUES,
        # what an act may begin under and end without, or the other way round
        *("restore_enabled", "unpair_others_on_restore", "keep_sealed_codes", "two_person_approval"),
        *("two_person_approval", "require_verification_key", "require_verification_key", "waiting_hours"),
    ]
)


@dataclass(frozen=True)
class Order:
    """What an administrator orders: a request, so that the very same can be sent again."""

    act: str
    target: str
    reason: str = ""
    hours: int = 0
    about: str = ""
    """The device or the restoration."""
    rules: Rules | None = None
    version: int = 0
    """The version of the policy that this would be over."""

    @property
    def method(self) -> str:
        """Policy is put, all else is posted."""
        return "PUT" if self.rules else "POST"

    @property
    def body(self) -> dict[str, Any]:
        """What is said."""
        if self.rules:
            return dict(vars(self.rules))
        return {"reason": self.reason, **({"hours": self.hours} if self.hours else {})}

    @property
    def if_match(self) -> str | None:
        """Over which version."""
        return f'"{self.version}"' if self.rules else None


@dataclass(frozen=True)
class Verdict:
    """What the contract has an order come to, whoever gives it: refused so, nothing to be done, or done."""

    status: int | tuple[int, ...]
    code: str = ""
    does: bool = False
    two_people: bool = False
    policy: str = ""


@dataclass
class Asked:
    """An order that waits for a second person, or did."""

    number: str
    order: Order
    by: str
    until: float
    decided: bool | None = None
    decided_by: str = ""
    used: bool = False


@dataclass
class Books:
    """How much is written: rows of both logs, and mails to each address."""

    own: int
    office: int
    mails: dict[str, int]


class Offices(Known):
    """The rules about orders, whatever they are. What each one does is told by whoever inherits from this."""

    def __init__(self) -> None:
        super().__init__()
        self.version = 0
        self.asked: list[Asked] = []
        self.acts: dict[str, list[float]] = {name: [] for name in CLERKS}
        self.subs: dict[str, str] = {}

    def verdict(self, order: Order) -> Verdict:
        """What the contract has an order come to, as everything stands."""
        if order.rules is None:
            raise NotImplementedError
        if order.version != self.version:
            return Verdict(412, "stale")
        return Verdict(200, does=order.rules != self.policy, two_people=True)

    def takes_effect(self, order: Order, answer: Answer) -> None:
        """An order is done: what is different from now on."""
        assert order.rules is not None
        self.version += 1
        self.policy = order.rules
        assert answer.document["version"] == self.version
        self.world.clock.move(IN_FORCE_WITHIN)

    # Orders

    def gives(self, name: str, order: Order, approval: str | None = None) -> Answer:
        """Somebody gives an order, perhaps with what a second person has said; it comes to what the contract says."""
        books = self._books()
        answer = self._call(name, order.method, order.target, order.body, order.if_match, approval)
        if order.act in FOR_ADMINS and CLERKS[name] != "admin":
            self._is_refused(answer, 403, "not_allowed", books)
            return answer
        self.acts[name] = [at for at in self.acts[name] if at > self.now - HOUR]
        if len(self.acts[name]) >= ACTS_AN_HOUR:
            self._is_refused(answer, 429, "too_many_requests", books)
            return answer
        self.acts[name].append(self.now)
        asked = next((one for one in self.asked if one.number == approval), None)
        if approval is not None and not self._holds(asked, name, order):
            self._is_refused(answer, 403, "not_allowed", books)
            return answer
        verdict = self.verdict(order)
        if verdict.code:
            self._is_refused(answer, verdict.status, verdict.code, books)
            if verdict.policy:
                assert answer.document["policy"] == verdict.policy
        elif not verdict.does:
            self._comes_to_nothing(answer, verdict, books)
        elif verdict.two_people and self.policy.two_person_approval and asked is None:
            self._is_asked(name, order, answer, books)
        else:
            self._is_done(order, answer, verdict, books, asked, name)
        return answer

    def _holds(self, asked: Asked | None, name: str, order: Order) -> bool:
        """Whether an approval is there, given, in time, unused, and for this very request of this very person."""
        if asked is None or asked.used or asked.decided is not True or asked.until <= self.now:
            return False
        return asked.by == name and asked.order == order

    def _is_refused(self, answer: Answer, status: Any, code: str, books: Books) -> None:
        """Nothing is done: the administrators' log has a row that says so, and the identity's has none."""
        answer.expect(status, code)
        rows, own = self._new_rows(books)
        assert own == [], "a refused act is told to the user as one that was done"
        assert [(row["type"], row["detail"]["code"]) for row in rows] == [("act.refused", code)]

    def _comes_to_nothing(self, answer: Answer, verdict: Verdict, books: Books) -> None:
        statuses = verdict.status if isinstance(verdict.status, tuple) else (verdict.status,)
        assert answer.status in statuses, answer.text
        rows, own = self._new_rows(books)
        assert own == []
        assert [row["type"] for row in rows] == ([] if answer.status < 400 else ["act.refused"])

    def _is_asked(self, name: str, order: Order, answer: Answer, books: Books) -> None:
        """B15: one person alone does nothing but ask; asked twice it is one approval."""
        shown = answer.expect(202)["approval"]
        before = next((one for one in self.asked if self._waits(one) and (one.by, one.order) == (name, order)), None)
        assert "restore_code" not in answer.text
        assert (shown["request"]["method"], shown["request"]["body"]) == (order.method, _plain(order.body))
        rows, own = self._new_rows(books)
        assert own == [], "what was only asked for is told as done"
        if before:
            assert (shown["id"], rows) == (before.number, [])
            return
        assert shown["id"] not in {one.number for one in self.asked}
        assert [row["type"] for row in rows] == ["approval.requested"]
        self._must_be_signed(rows[0], name, order)
        self.asked.append(Asked(shown["id"], order, name, self.now + DAY))

    def _waits(self, asked: Asked) -> bool:
        """Whether an approval is asked for or given, and neither denied, over nor used."""
        return asked.decided is not False and not asked.used and asked.until > self.now

    def _is_done(
        self, order: Order, answer: Answer, verdict: Verdict, books: Books, asked: Asked | None, name: str
    ) -> None:
        """It is done, once, with its one row in each log, and the user is told at every address."""
        assert answer.status == verdict.status, answer.text
        if asked:
            assert asked.decided_by != name, "somebody has approved what they asked for themselves"
            asked.used = True
        elif verdict.two_people:
            assert not self.policy.two_person_approval, "one person alone has done what takes two"
        rows, own = self._new_rows(books)
        assert [row["type"] for row in rows] == ["policy.changed" if order.rules else f"{order.act}.ordered"]
        self._must_be_signed(rows[0], name, order)
        assert rows[0]["detail"].get("approval") == (asked and asked.number)
        if order.rules is None:
            told = [row for row in own if row["detail"].get("reason") == order.reason]
            assert [row["type"] for row in told] == [self.row_of(order)]
            self.world.must_have_written(self.recipients(), books.mails)
        else:
            assert own == []
        self.takes_effect(order, answer)

    def row_of(self, order: Order) -> str:
        """What the identity's own log calls it."""
        return ROWS[order.act]

    def _must_be_signed(self, row: dict[str, Any], name: str, order: Order) -> None:
        """A row of the administrators' log says who, about whom, and why."""
        detail = row["detail"]
        assert self.subs.setdefault(name, detail["administrator"]) == detail["administrator"]
        assert len(set(self.subs.values())) == len(self.subs)
        if order.rules is None:
            assert (detail["identity"], detail["reason"]) == (self.identity, order.reason)

    def _books(self) -> Books:
        own, office = len(self.world.rows(self.identity)), len(self.world.office_rows())
        return Books(own, office, self.world.letters(self.recipients()))

    def _new_rows(self, books: Books) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return self.world.office_rows()[books.office :], self.world.rows(self.identity)[books.own :]

    def _call(self, name: str, method: str, target: str, body: Any, *headers: str | None) -> Answer:
        if_match, approval = headers or (None, None)
        clerk = self.world.clerk(CLERKS[name], name)
        answer: Answer = clerk.call(method, target, body, if_match=if_match, approval=approval)
        assert answer.status < 500, answer.text
        return answer

    # Second people

    def decides_on(self, name: str, asked: Asked, *, yes: bool) -> None:
        """B15: another admin says yes or no, once; never the one who has asked."""
        books = self._books()
        answer = self._call(name, "POST", f"/approvals/{asked.number}", {"approve": yes})
        if CLERKS[name] != "admin":
            self._is_refused(answer, 403, "not_allowed", books)
        elif asked.decided is not None or asked.until <= self.now:
            self._is_refused(answer, 404, "not_found", books)
        elif asked.by == name:
            self._is_refused(answer, 403, "not_allowed", books)
        else:
            answer.expect(204)
            asked.decided, asked.decided_by = yes, name
            rows, own = self._new_rows(books)
            assert own == []
            ((kind, detail),) = [(row["type"], row["detail"]) for row in rows]
            assert (kind, detail["approval"]) == ("approval.given" if yes else "approval.denied", asked.number)
            assert self.subs.setdefault(name, detail["administrator"]) == detail["administrator"]

    def orders(self, name: str, order: Order, *, through: bool) -> None:
        """Give an order; where it takes two, a second one may agree at once, and it is carried out.

        Whoever asked tries first to agree with themselves, and afterwards to have it done a second time.
        """
        answer = self.gives(name, order)
        if answer.status == 202:
            number = answer.document["approval"]["id"]
            asked = next(one for one in self.asked if one.number == number)
            if asked.decided is None:
                self.decides_on(name, asked, yes=True)
            if through and asked.decided is None:
                self.decides_on(next(one for one in ADMINS if one != name), asked, yes=True)
            self.gives(name, order, number)
            if asked.used:
                self.gives(name, order, number)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), name=st.sampled_from(list(CLERKS)), yes=st.sampled_from([True, True, False]))
    def decides(self, data: st.DataObject, name: str, *, yes: bool) -> None:
        """Somebody decides on what was asked for, be it theirs, decided before, or over."""
        self.decides_on(name, self._some_asked(data), yes=yes)

    @precondition(lambda self: self.asked)
    @rule(
        data=st.data(),
        name=st.sampled_from(list(CLERKS)),
        kind=st.sampled_from(["right", "right", "right", "twice", "somebody else", "another reason", "made up"]),
    )
    def carries_out(self, data: st.DataObject, name: str, kind: str) -> None:
        """The request is sent again with its approval: by whoever asked or another, as it was or altered, twice."""
        asked = self._some_asked(data)
        order, by, number = asked.order, asked.by, asked.number
        if kind == "somebody else":
            by = name
        elif kind == "another reason" and not order.rules:
            order = replace(order, reason=f"{order.reason}, or not")
        elif kind == "made up":
            number = f"{int(self.now):010d}.{'A' * 22}"
        for _ in range(2 if kind == "twice" else 1):
            self.gives(by, order, number)

    def _some_asked(self, data: st.DataObject) -> Asked:
        """One that waits more often than not."""
        waiting = [one for one in self.asked if self._waits(one)]
        over = data.draw(st.sampled_from([False, False, True]))
        return data.draw(st.sampled_from(self.asked if over or not waiting else waiting))

    def must_show_what_waits(self) -> None:
        """`GET /approvals` is what the model knows: who asked, who agreed, and never one and the same."""
        seen = self._call("anna", "GET", "/approvals", None).expect(200)["approvals"]
        ours = {*self.subs.values()}  # others may have asked for another policy
        shown = {
            one["id"]: one["approved_by"] for one in seen if self.identity == one["identity"] or one["asked_by"] in ours
        }
        assert shown == {
            one.number: self.subs[one.decided_by] if one.decided else None for one in self.asked if self._waits(one)
        }
        assert all(one["asked_by"] != one["approved_by"] for one in seen)

    # Policy

    def policy_order(self, **fields: Any) -> Order:
        """The whole policy with these fields, over the version that is in force."""
        return Order("policy", "/policy", rules=replace(self.policy, **fields), version=self.version)

    @rule(
        data=st.data(), field=CHANGES, name=st.sampled_from(["anna", "anna", "boris", "helen"]), through=st.booleans()
    )
    def changes_policy(self, data: st.DataObject, field: str, name: str, *, through: bool) -> None:
        """A field of the policy gets another value, in the middle of whatever is under way."""
        self._changes(name, field, data, through=through)

    def _changes(self, name: str, field: str, data: st.DataObject, *, through: bool) -> None:
        default, value = getattr(Rules(), field), getattr(self.policy, field)
        others = [one for one in VALUES[field] if one != value]
        order = self.policy_order(**{field: default if value != default else data.draw(st.sampled_from(others))})
        if self.version and data.draw(st.sampled_from([False] * 7 + [True])):
            order = replace(order, version=self.version - 1)
        self.orders(name, order, through=through)

    @precondition(lambda self: self.forbids())
    @rule()
    def allows_again(self) -> None:
        """Two administrators take back whatever policy forbids."""
        self.orders("anna", self._allowing(), through=True)

    def forbids(self) -> bool:
        """Whether policy forbids anything that people try."""
        return self.policy != self._allowing().rules

    def _allowing(self) -> Order:
        return self.policy_order(restore_enabled=True, pairing_enabled=True, email_domains=None, max_devices=10)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in body.items()}
