"""Two people (`two_person_approval`): what opens an identity, and the policy itself, waits for a second one's word."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from local.phone import plain_symbols
from restore import aws
from tests.functional.bus import Bus
from tests.functional.clerks import Clerk, meanwhile, set_policy
from tests.functional.faults import BY_NAME, Wire, response
from tests.functional.world import DAY, HOUR, MINUTE, TABLE
from tests.functional.world import Owner as Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.phone import Answer
    from tests.functional.world import World

ACTS: Final = {"policy": 200, "send": 204, "reveal": 200, "issue": 201, "unbarring": 204, "last_unpairing": 204}
"""Every act of the contract's list, and what is answered once it is done."""


@dataclass
class Case:
    """One act of the list, made ready in a world where two people are asked for."""

    world: World
    act: str
    owner: Person
    version: int

    def __post_init__(self) -> None:
        """The one who asks, and another who decides."""
        self.role = "admin" if self.act in {"policy", "reveal", "issue"} else "helpdesk"
        self.asker = Clerk(self.world, self.role, sub="asks")
        self.approver = Clerk(self.world, "admin", sub="approves")

    @property
    def parts(self) -> tuple[str, str, dict[str, Any], str | None]:
        """Method, target, body and If-Match of the request."""
        if self.act == "policy":
            policy = self.asker.call("GET", "/policy").expect(200)
            body = {name: value for name, value in policy.items() if name != "version"}
            return "PUT", "/policy", {**body, "restore_enabled": False}, f'"{self.version}"'
        rest = {"unbarring": "restore/unbarring", "last_unpairing": f"devices/{self.owner.phone.id}/unpairing"}
        target = f"/identities/ada/{rest.get(self.act, f'restore-code/{self.act}')}"
        return "POST", target, {"reason": "lost it", **({"hours": 8} if self.act == "issue" else {})}, None

    def send(self, approval: str | None = None, *, by: Clerk | None = None, **changed: Any) -> Answer:
        """The request, or one in which something is changed."""
        method, target, body, if_match = self.parts
        return (by or self.asker).call(
            method,
            changed.get("target", target),
            changed.get("body", body),
            if_match=changed.get("if_match", if_match),
            approval=approval,
        )

    def ask(self) -> str:
        """Ask for it; the approval's id."""
        number: str = self.send().expect(202)["approval"]["id"]
        return number

    def decide(self, number: str, *, approve: bool = True, by: Clerk | None = None) -> Answer:
        """Say yes or no."""
        return (by or self.approver).call("POST", f"/approvals/{number}", {"approve": approve})

    def asked(self) -> str:
        """An approval that was asked for and given."""
        number = self.ask()
        self.decide(number).expect(204)
        return number

    def open(self) -> list[dict[str, Any]]:
        """What waits."""
        approvals: list[dict[str, Any]] = self.listed()["approvals"]
        return approvals

    def listed(self) -> Any:
        """The list of what waits, as it is answered."""
        return self.approver.call("GET", "/approvals").expect(200)

    def state(self) -> dict[tuple[str, str], Any]:
        """All that there is of identities and policy."""
        return {
            key: item
            for key, item in self.world.items().items()
            if key[0] in {"ID#ada", "ID#bob", "POLICY"} and not key[1].startswith("A#")
        }

    def must_be_done(self, answer: Answer) -> None:
        """It is done now: answered as ever, and seen in the table and by the app."""
        answer.expect(ACTS[self.act])
        restore = self.world.item("ada", "R")
        done: dict[str, Callable[[], bool]] = {
            "policy": lambda: self.world.items()["POLICY", "V"]["ver"]["N"] == str(self.version + 1),
            "send": lambda: any("sent" in code for code in restore["codes"].values()),
            "reveal": lambda: answer.json()["restore_code"] == self.owner.restore_code,
            "issue": lambda: len(restore["codes"]) == 2,
            "unbarring": lambda: "barred" not in restore,
            "last_unpairing": lambda: self.owner.phone.sign_in().code == "not_paired",
        }
        assert done[self.act]()


def ready(world: World, act: str) -> Case:
    """Ada with one phone and a kept code, barred where she is to be unbarred; from now on two people are asked for."""
    set_policy(world, keep_sealed_codes=True).expect(200)
    owner = world.owner()
    if act == "unbarring":
        Clerk(world, "helpdesk", sub="bars").act("ada", "restore/barring").expect(204)
    set_policy(world, two_person_approval=True).expect(200)
    world.deliver()
    return Case(world, act, owner, 2)


@pytest.fixture(params=ACTS)
def case(world: World, request: pytest.FixtureRequest) -> Case:
    """Each act of the list."""
    return ready(world, request.param)


def test_one_person_alone_does_nothing(case: Case) -> None:
    """B15: asking is 202 and changes nothing; asked twice it is one approval, and says exactly what would be done."""
    before = case.state()
    asked = case.send().expect(202)["approval"]
    again = case.send().expect(202)["approval"]
    assert asked == again
    assert case.state() == before
    assert not case.world.deliver()
    method, target, body, _ = case.parts
    request = {"method": method, "path": f"/v1/admin{target}", "query": {}, "body": body}
    about = None if case.act == "policy" else "ada"
    assert case.open() == [asked]
    assert (asked["act"], asked["identity"], asked["reason"]) == (case.act, about, body.get("reason"))
    assert (asked["request"], asked["asked_by"], asked["approved_by"]) == (request, "asks", None)
    kinds = [row["type"] for row in case.world.events("#administration")]
    assert kinds.count("approval.requested") == 1
    assert kinds[-1] == "approval.requested"


def test_two_people_do_it_once(case: Case) -> None:
    """B2: another admin approves, whoever asked sends the very same again, and it is done; never a second time."""
    before = case.state()
    number = case.ask()
    case.decide(number).expect(204)
    assert [(one["id"], one["approved_by"]) for one in case.open()] == [(number, "approves")]
    assert case.state() == before
    case.must_be_done(case.send(number))
    after = case.state()
    assert not case.open()
    case.send(number).expect(403, "not_allowed")
    assert case.state() == after
    told = [row for row in case.world.events("#administration") if row["detail"].get("approval") == number]
    assert [row["type"] for row in told[:2]] == ["approval.requested", "approval.given"]
    assert [row["detail"]["administrator"] for row in told] == ["asks", "approves", "asks"]
    if case.act != "policy":
        assert case.world.deliver() or case.act == "send"  # the user is told, by the code's own mail where it is sent


def test_asked_anew_it_is_another_approval(case: Case) -> None:
    """B15: what was approved and done once waits for a second word again."""
    case.must_be_done(case.send(case.asked()))
    if case.act in {"policy", "unbarring", "last_unpairing"}:
        return  # done is done
    first = case.state()
    case.send().expect(202)
    assert case.state() == first


def test_nobody_approves_their_own(case: Case) -> None:
    """B15: one's own request is 403, also with a higher role since, another name or an approval in the header."""
    number, before = case.ask(), case.state()
    for own in (
        Clerk(case.world, "admin", sub="asks"),
        Clerk(case.world, "admin", sub="asks", claims={"email": "other@company.example"}),
    ):
        case.decide(number, by=own).expect(403, "not_allowed")
        own.call("POST", f"/approvals/{number}", {"approve": True}, approval=number).expect(403, "not_allowed")
        case.decide(number, approve=False, by=own).expect(403, "not_allowed")
    case.send(number).expect(403, "not_allowed")
    assert case.state() == before
    assert [one["approved_by"] for one in case.open()] == [None]
    case.decide(number).expect(204)


@pytest.mark.parametrize("role", ["helpdesk", "auditor", None, "operators"])
def test_only_an_admin_approves(world: World, role: str | None) -> None:
    """B15: a lesser role neither reads what waits nor decides on it."""
    case = ready(world, "send")
    number = case.ask()
    other = Clerk(world, role, sub="other")
    other.call("GET", "/approvals").expect(403, "not_allowed")
    case.decide(number, by=other).expect(403, "not_allowed")
    case.decide(number, by=Clerk(world, "admin", sub="late", signed_in_at=world.clock.now - HOUR - 1)).expect(
        401, "reauthentication_required"
    )
    case.send(number).expect(403, "not_allowed")
    assert [one["approved_by"] for one in case.open()] == [None]


def test_what_is_not_approved_is_not_done(case: Case) -> None:
    """B15: unknown, not yet given, denied; and what is decided is decided: 404."""
    before = case.state()
    case.send("1795000000.nobody-ever-asked-for-it").expect(403, "not_allowed")
    number = case.ask()
    case.send(number).expect(403, "not_allowed")
    case.decide(number, approve=False).expect(204)
    case.send(number).expect(403, "not_allowed")
    assert not case.open()
    for approve in (True, False):
        case.decide(number, approve=approve).expect(404, "not_found")
        case.decide(number, approve=approve, by=Clerk(case.world, "admin", sub="third")).expect(404, "not_found")
    case.send(number).expect(403, "not_allowed")
    assert case.state() == before
    kinds = [row["type"] for row in case.world.events("#administration")]
    assert (kinds.count("approval.denied"), kinds.count("approval.given")) == (1, 0)


def test_asking_again(world: World) -> None:
    """Once approved, asking says so; once denied, it is another approval; and each person asks for themselves."""
    case = ready(world, "reveal")
    number = case.asked()
    again = case.send().expect(202)["approval"]
    assert (again["id"], again["approved_by"]) == (number, "approves")
    other = Clerk(world, "admin", sub="other")
    theirs = case.send(by=other).expect(202)["approval"]
    assert theirs["id"] != number
    assert theirs["approved_by"] is None
    case.send(theirs["id"]).expect(403, "not_allowed")
    case.send(number, by=other).expect(403, "not_allowed")
    case.decide(theirs["id"], approve=False).expect(204)
    assert case.send(by=other).expect(202)["approval"]["id"] not in {number, theirs["id"]}
    case.must_be_done(case.send(number))


@pytest.mark.parametrize("said", ["true", 1, "yes", None, [True]])
def test_a_word_that_is_neither_yes_nor_no(world: World, said: Any) -> None:
    """422: nothing is coerced into a yes, and nothing is decided."""
    case = ready(world, "reveal")
    number = case.ask()
    case.approver.call("POST", f"/approvals/{number}", {"approve": said}).expect(422, "invalid")
    case.approver.call("POST", f"/approvals/{number}", {}).expect(422, "invalid")
    case.send(number).expect(403, "not_allowed")
    case.decide(number).expect(204)


def test_a_yes_is_not_taken_back_by_a_later_no(world: World) -> None:
    """Decided is decided, whoever comes second; a no beside it is 404, and the first word holds."""
    case = ready(world, "reveal")
    number = case.asked()
    case.decide(number, approve=False, by=Clerk(world, "admin", sub="third")).expect(404, "not_found")
    case.must_be_done(case.send(number))
    case.decide(number).expect(404, "not_found")


def test_two_decide_at_once(world: World) -> None:
    """ASVS 15.4.2: of a yes and a no at the same moment one counts, and the other hears 404."""
    case = ready(world, "reveal")
    number, third = case.ask(), Clerk(world, "admin", sub="third")
    with meanwhile(lambda: case.decide(number, approve=False, by=third).expect(204)):
        case.decide(number).expect(404, "not_found")
    case.send(number).expect(403, "not_allowed")


def test_a_day_to_approve_and_use_it(case: Case) -> None:
    """An approval ends 24 h after it was asked for, given or not; until then it holds."""
    number, saved = case.ask(), case.world.save()
    case.world.clock.move(DAY)
    case.decide(number).expect(404, "not_found")
    case.send(number).expect(403, "not_allowed")
    case.world.go_back(saved)
    case.decide(number).expect(204)
    saved = case.world.save()
    case.world.clock.move(DAY)
    before = case.state()
    case.send(number).expect(403, "not_allowed")
    assert case.state() == before
    case.world.go_back(saved)
    case.world.clock.move(DAY - 1)
    case.must_be_done(case.send(number))


def changes(case: Case) -> dict[str, Callable[[str], Answer]]:
    """Requests with the approval that are not the very one that was approved."""
    _, target, body, _ = case.parts
    other = Clerk(case.world, case.role, sub="other")
    found: dict[str, Callable[[str], Answer]] = {"person": lambda number: case.send(number, by=other)}
    if case.act == "policy":
        found |= {
            "body": lambda number: case.send(number, body={**body, "keep_sealed_codes": False}),
            "two people": lambda number: case.send(number, body={**body, "two_person_approval": False}),
            "query": lambda number: case.send(number, target=f"{target}?dry_run=false"),
            "list of If-Match": lambda number: case.send(number, if_match='"7", "2"'),
            "other If-Match": lambda number: case.send(number, if_match='"1"'),
        }
    else:
        found |= {
            "body": lambda number: case.send(number, body={**body, "reason": "another"}),
            "other identity": lambda number: case.send(number, target=target.replace("/ada/", "/bob/")),
            "If-Match": lambda number: case.send(number, if_match='"2"'),
            "query": lambda number: case.send(number, target=f"{target}?x=1"),
        }
    if case.act == "issue":
        found["hours"] = lambda number: case.send(number, body={**body, "hours": 9})
    if case.act in {"send", "reveal"}:
        act = "reveal" if case.act == "send" else "send"
        admin = Clerk(case.world, "admin", sub="asks")
        swapped = target.replace(case.act, act)
        found["other act"] = lambda number: case.send(number, target=swapped, by=admin)
    return found


def test_another_request_is_not_approved(case: Case) -> None:
    """B15: method, path, query, body, If-Match and person are bound; the approval is still there for the right one."""
    bob = case.world.phone()
    bob.create("bob", "bob@example.com").expect(201)
    bob.enable().expect(201)
    number, before = case.asked(), case.state()
    for what, send in changes(case).items():
        answer = send(number)
        assert (answer.status, answer.code) == (403, "not_allowed"), (what, answer.text)
        assert case.state() == before, what
    case.must_be_done(case.send(number))


@pytest.mark.parametrize("number", ["x", "0" * 2000, "1795000000.", "a b", "*", "..", "1795000000.x#y", "é"])
def test_odd_ids(world: World, number: str) -> None:
    """What is no id is an unknown one: 403 in the header, 404 to decide on, whatever its length."""
    case = ready(world, "reveal")
    case.send(number).expect(403, "not_allowed")
    if number.isascii() and " " not in number:
        case.decide(number).expect(404, "not_found")


def test_the_approver_never_sees_a_code(case: Case) -> None:
    """B15: no code is in what the approver reads, in the table or in mails, but the one sent to its owner."""
    case.owner.phone.log.clear()
    number = case.ask()
    case.decide(number).expect(204)
    answer = case.send(number)
    case.must_be_done(answer)
    codes = {case.owner.restore_code, answer.document.get("restore_code") or case.owner.restore_code}
    case.open()
    case.approver.call("GET", "/identities/ada").expect(200)
    case.approver.call("GET", "/events?identity=ada").expect(200)
    seen = [one.text for one in case.world.answers if one is not answer and "/v1/admin/" in one.request.target]
    table = json.dumps(list(case.world.items().values()), default=str)
    mails = [mail.text for mail in [*case.world.mails, *case.world.deliver()]]
    for code in codes:
        for text in (table, *seen):
            assert code not in text
            assert plain_symbols(code) not in text
        assert sum(code in text for text in mails) == (case.act == "send")


def test_dry_runs_and_what_only_takes_away_need_one_person(world: World) -> None:
    """Barring, cancelling, unpairing a device that is not the last, and trying a policy: nothing is opened by them."""
    case = ready(world, "policy")
    _, _, body, _ = case.parts
    case.asker.call("PUT", "/policy?dry_run=true", body).expect(200)
    tablet = world.restored(case.owner, name="tablet")
    _, restoration, _ = world.begun(tablet)
    clerk = Clerk(world, "helpdesk")
    clerk.act("ada", f"restorations/{restoration}/cancellation").expect(204)
    clerk.act("ada", f"devices/{tablet.phone.id}/unpairing").expect(204)
    clerk.act("ada", "restore/barring").expect(204)
    assert not case.open()


def test_one_admin_opens_nothing_however_they_try(world: World) -> None:
    """B15: every act by one admin, in one's own name, asked for, approved and sent again: no code, no bar lifted."""
    case = ready(world, "unbarring")
    alone = Clerk(world, "admin", sub="alone")
    before, version = case.state(), alone.call("GET", "/policy").expect(200)
    for act in ACTS:
        if act == "last_unpairing":
            continue  # barred, she cannot be restored: 409 for everybody
        mine = Case(world, act, case.owner, 2)
        mine.role, mine.asker = "admin", alone
        asked = mine.send()
        if asked.status != 202:
            asked.expect(409, "restore_not_enabled")
            continue
        number = asked.json()["approval"]["id"]
        mine.decide(number, by=alone).expect(403, "not_allowed")
        answer = mine.send(number)
        answer.expect(403, "not_allowed")
        assert "restore_code" not in answer.text
    assert alone.call("GET", "/policy").expect(200) == version
    assert case.state() == before
    assert not world.deliver()


def test_switching_it_off_needs_two(world: World) -> None:
    """B15: the policy is on the list itself, so one admin cannot first put the rule away and then act."""
    case = ready(world, "reveal")
    set_policy(world, two_person_approval=False).expect(202)
    case.send().expect(202)
    setter = Clerk(world, "admin", sub="who-sets-policy")
    policy = setter.call("GET", "/policy").expect(200)
    version = policy.pop("version")
    body = {**policy, "two_person_approval": False}
    number = next(one["id"] for one in case.open() if one["act"] == "policy")
    setter.call("POST", f"/approvals/{number}", {"approve": True}).expect(403, "not_allowed")
    case.decide(number).expect(204)
    setter.call("PUT", "/policy", body, if_match=f'"{version}"', approval=number).expect(200)
    case.must_be_done(case.send())


def test_switched_off_after_asking(world: World) -> None:
    """An approval that is there is still one: given it holds, not given it is 403; without one, one is enough."""
    case = ready(world, "issue")
    number = case.ask()
    policy = Case(world, "policy", case.owner, 2)
    _, _, body, _ = policy.parts
    body |= {"restore_enabled": True, "two_person_approval": False}
    asked = policy.send(body=body).expect(202)["approval"]["id"]
    policy.decide(asked).expect(204)
    policy.send(asked, body=body).expect(200)
    case.send(number).expect(403, "not_allowed")
    case.decide(number).expect(204)
    case.must_be_done(case.send(number))
    case.send(number).expect(403, "not_allowed")
    case.send().expect(201)


@pytest.mark.parametrize("before_its", ["Query", "TransactWriteItems"])
@pytest.mark.parametrize("act", [act for act in ACTS if act != "policy"])
def test_switched_on_while_one_acts(world: World, act: str, before_its: str) -> None:
    """B15: what was decided by a policy that asked for one is not written once another asks for two.

    Right after the act has read the policy, before it has read anything else: then nothing but the policy has moved.
    """
    set_policy(world, keep_sealed_codes=True).expect(200)
    case = Case(world, act, world.owner(), 1)
    if act == "unbarring":
        Clerk(world, "helpdesk", sub="bars").act("ada", "restore/barring").expect(204)
    before = case.state()
    with meanwhile(lambda: set_policy(world, two_person_approval=True).expect(200), before_its):
        case.send().expect(202)
    del before["POLICY", "V"]
    after = case.state()
    del after["POLICY", "V"]
    assert after == before


def test_a_version_that_has_moved_since(world: World) -> None:
    """412: a policy is approved over the one that both have read, and over no other."""
    case = ready(world, "policy")
    first = case.asked()
    other = Clerk(world, "admin", sub="other")
    _, _, body, if_match = case.parts
    body = {**body, "max_devices": 3, "restore_enabled": True}
    second = other.call("PUT", "/policy", body, if_match=if_match).expect(202)["approval"]["id"]
    case.decide(second).expect(204)
    other.call("PUT", "/policy", body, if_match=if_match, approval=second).expect(200)
    case.send(first, body={**body, "max_devices": 10, "restore_enabled": False}).expect(412, "stale")


def test_versions_that_are_still_to_come(world: World) -> None:
    """B15: a list in `If-Match` is no approval in advance: what the approver saw is over the version in force then."""
    case = ready(world, "policy")
    listed = ", ".join(f'"{version}"' for version in range(2, 9))
    _, _, body, if_match = case.parts
    asked = case.send(if_match=listed).expect(202)["approval"]
    assert asked["version"] == 2
    case.decide(asked["id"]).expect(204)
    other = Clerk(world, "admin", sub="other")
    hours = {**body, "waiting_hours": 48, "restore_enabled": True}
    second = other.call("PUT", "/policy", hours, if_match=if_match).expect(202)["approval"]["id"]
    case.decide(second).expect(204)
    other.call("PUT", "/policy", hours, if_match=if_match, approval=second).expect(200)
    case.send(asked["id"], if_match=listed, body=body).expect(412, "stale")
    again = case.send(if_match=listed, body=body).expect(202)["approval"]
    assert (again["version"], again["approved_by"]) == (3, None)
    assert again["id"] != asked["id"]
    assert other.call("GET", "/policy").expect(200)["waiting_hours"] == 48


def test_the_mail_is_refused(world: World) -> None:
    """503 and nothing is lost: the approval can be used again, once; what the waiting rests on stays."""
    case = ready(world, "send")
    number = case.asked()
    sent = len(world.mails)
    with Wire() as wire:
        saved = world.save()
        case.send(number).expect(204)
    world.go_back(saved)
    with Wire(BY_NAME["mail rejected"], wire.calls.index("SendEmail")):
        case.send(number).expect(503, "unavailable")
    assert len(world.mails) == sent
    assert any("sent" in code for code in world.item("ada", "R")["codes"].values())
    assert world.events("ada")[-1]["type"] == "restore.code_send_failed"
    assert [one["id"] for one in case.open()] == [number]
    case.must_be_done(case.send(number))
    assert case.owner.restore_code in world.mails[-1].text
    case.send(number).expect(403, "not_allowed")


@pytest.mark.parametrize("act", ["send", "reveal"])
def test_the_seal_cannot_be_opened(world: World, act: str) -> None:
    """503 where KMS fails: nothing is shown, sent or logged as if it were, and the approval is still there."""
    case = ready(world, act)
    number, before, sent = case.asked(), case.state(), len(world.mails)
    events = aws.client("kms").meta.events

    def refuse(request: Any, **_: Any) -> Any:
        return response(request, 400, {"__type": "KMSInvalidStateException", "message": "on purpose"})

    events.register_first("before-send.kms.Decrypt", refuse)
    try:
        case.send(number).expect(503, "unavailable")
    finally:
        events.unregister("before-send.kms.Decrypt", refuse)
    assert case.state() == before
    assert len(world.mails) == sent
    case.must_be_done(case.send(number))


def test_sent_twice_at_once(case: Case) -> None:
    """ASVS 15.4.2: however often the approved request arrives at the same moment, it is done once."""
    number = case.asked()
    inner: list[Answer] = []
    with meanwhile(lambda: inner.append(case.send(number))):
        outer = case.send(number)
    case.must_be_done(inner[0])
    outer.expect(403, "not_allowed")
    kinds = [row["type"] for row in case.world.events("#administration")]
    assert kinds.count("policy.changed" if case.act == "policy" else f"{noun(case)}.ordered") == 1 + (
        2 if case.act == "policy" else 0
    )


def noun(case: Case) -> str:
    """What the act is called in the administrators' log."""
    return "unpairing" if case.act == "last_unpairing" else case.act


def test_conflicts_are_settled(case: Case) -> None:
    """ASVS 2.3.3: a conflict at any call is tried again; the approval is spent by what is done, and by nothing else."""
    number, saved = case.asked(), case.world.save()
    with Wire() as wire:
        case.send(number).expect(ACTS[case.act])
    calls = [at for at, name in enumerate(wire.calls) if name in {"TransactWriteItems", "PutItem", "UpdateItem"}]
    for at in calls:
        case.world.go_back(saved)
        with Wire(BY_NAME["conflict"], at) as wire:
            case.must_be_done(case.send(number))
        assert wire.failed
    case.world.go_back(saved)
    before = case.state()
    with Wire(BY_NAME["conflict"], calls[-1], for_ever=True):
        case.send(number).expect(503, "unavailable")
    assert case.state() == before
    case.must_be_done(case.send(number))


def test_a_second_device_makes_it_no_last_one(world: World) -> None:
    """What is approved is the request: that another device has come since makes it no other one, and it is spent."""
    case = ready(world, "last_unpairing")
    number = case.asked()
    tablet = world.restored(case.owner, name="tablet").phone
    case.must_be_done(case.send(number))
    tablet.sign_in().expect(201)
    case.send(number).expect(403, "not_allowed")


def test_the_other_device_goes_while_one_is_unpaired(world: World) -> None:
    """B15: two unpairings at once do not take the last device with one person's word."""
    case = ready(world, "last_unpairing")
    tablet = world.restored(case.owner, name="tablet").phone
    clerk = Clerk(world, "helpdesk", sub="quick")
    with meanwhile(lambda: clerk.act("ada", f"devices/{tablet.id}/unpairing").expect(204)):
        case.send().expect(202)
    case.owner.phone.sign_in().expect(201)


@pytest.mark.parametrize("given", [False, True])
def test_what_was_asked_about_somebody_erased(world: World, *, given: bool) -> None:
    """An approval goes with the identity that it is about: nothing of a person stays, however many rows name it."""
    case = ready(world, "reveal")
    number = case.asked() if given else case.ask()
    bus = Bus(world)
    with bus.listening():
        case.owner.phone.erase().expect(204)
        bus.finish()
    case.decide(number).expect(404, "not_found")
    case.send(number).expect(403, "not_allowed")
    case.send().expect(404, "not_found")
    assert not case.open()
    assert "lost it" not in json.dumps(list(world.items().values()), default=str)


def test_many_wait(world: World) -> None:
    """Thirty of each person, the newest first, and each can be decided on."""
    case = ready(world, "issue")
    _, target, body, _ = case.parts
    for hour in range(1, 31):
        case.asker.call("POST", target, {**body, "hours": hour}).expect(202)
        world.clock.move(MINUTE)
    listed = case.listed()
    assert {*listed} == {"approvals"}
    waiting = listed["approvals"]
    assert [one["request"]["body"]["hours"] for one in waiting] == list(range(30, 0, -1))
    case.decide(waiting[-1]["id"]).expect(204)


CROWD: Final = 110
"""More than one answer lists."""


def asked_often(case: Case, number: str, times: int, since: int) -> list[str]:
    """Have whoever asked for one thing have asked for others like it, a minute apart; the ids, oldest first.

    Written as the service writes them, since so many at once are beyond the acts of an hour.
    """
    one = case.world.items()["APPROVAL", number]
    numbers = [f"{since + n * MINUTE:010d}.{n:022d}" for n in range(times)]
    for n, key in enumerate(numbers):
        changed = {"SK": {"S": key}, "bound": {"S": f"another {key}"}, "at": {"N": str(since + n * MINUTE)}}
        aws.client("dynamodb").put_item(TableName=TABLE, Item={**one, **changed})
    case.world.clock.now = since + times * MINUTE
    return numbers


def test_nobody_crowds_out_what_others_ask_for(world: World) -> None:
    """B15: who asks often takes places from nobody else; how many more there are is told, and they come in later."""
    case = ready(world, "send")
    first, second = (Clerk(world, "helpdesk", sub=sub) for sub in ("before", "amid"))
    before = case.send(by=first).expect(202)["approval"]["id"]
    world.clock.move(MINUTE)
    number = case.ask()
    many = [number, *asked_often(case, number, CROWD // 2, int(world.clock.now) + MINUTE)]
    amid = case.send(by=second).expect(202)["approval"]["id"]
    many += asked_often(case, number, CROWD // 2, int(world.clock.now) + MINUTE)
    listed = case.listed()
    numbers = [one["id"] for one in listed["approvals"]]
    assert numbers == sorted(numbers, reverse=True)
    assert {*numbers} == {before, amid, *many[-98:]}
    assert listed["unlisted"] == len(many) - 98
    case.decide(before, approve=False).expect(204)
    case.decide(amid).expect(204)
    case.send(amid, by=second).expect(204)
    listed = case.listed()
    assert [one["id"] for one in listed["approvals"]] == many[:-101:-1]
    assert listed["unlisted"] == len(many) - 100


def test_what_is_not_listed_is_still_asked_for(world: World) -> None:
    """Asked twice it is one approval, however many were asked for in between; it can be decided on, and used."""
    case = ready(world, "send")
    number = case.ask()
    asked_often(case, number, CROWD, int(world.clock.now) + MINUTE)
    assert number not in {one["id"] for one in case.open()}
    assert case.ask() == number
    case.decide(number).expect(204)
    case.must_be_done(case.send(number))
