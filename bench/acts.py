"""The acts that are measured: one story of one identity, played through the real handlers (`tests.functional.world`).

Played first by functions that have just started, then by the same ones warm. A phone's source address and the mail
addresses are the story's own, so that no limit of one story is felt in another.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bench.units import Units
from local.phone import VERIFIED_TAG, Key, fresh_nonce, made_up_code, signed
from restore import aws, devices
from restore.codes import new_id
from restore.keys import identity_key, short_of
from restore.store import pack
from tests.functional.bus import Long
from tests.functional.clerks import Clerk
from tests.functional.world import TABLE, World, WorldPhone

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.wire import Call, Wire
    from local.phone import Answer, Request

NOTIFY: Final = "notify: one mail"
NOTIFY_OF_NOTHING: Final = "notify: nothing to mail"
PUBLISH: Final = "publish: one event"
INDEX: Final = "index: one event"
ADMINISTRATOR: Final = "administrator: "
INDEX_OF: Final = "index: events of "
ERASE: Final = "erase the identity"
FINISH: Final = "finish the erasure"
BEHIND_QUEUES: Final = frozenset({"Index", "Erase"})
AFTER: Final = frozenset({"Notify", "Publish"}) | BEHIND_QUEUES
"""Functions that no request calls: the stream does, or a queue behind the bus."""

FULL: Final = 10
"""As many devices as an identity may have."""
_PAUSE: Final = 31
_ELSEWHERE: Final = "2001:db8::"
"""Before a story's source: another one, for as many confirmations more as a source may ask for."""


@dataclass(frozen=True)
class Act:
    """One act as it was played. `event` makes the function's event anew, freshly signed."""

    name: str
    function: str
    status: int
    calls: tuple[Call, ...]
    event: Callable[[], dict[str, Any]]

    @property
    def calls_when_warm(self) -> tuple[Call, ...]:
        """Those that a function makes which has read pepper and policy not long before."""
        return tuple(call for call in self.calls if self.needs(call))

    def needs(self, call: Call) -> bool:
        """Whether a warm function makes this call again. Administrators' acts read the policy anew for every one."""
        return not call.only_when_cold or (self.name.startswith(ADMINISTRATOR) and call.service == "dynamodb")

    @property
    def trips(self) -> int:
        """Requests to AWS by a warm function."""
        return len(self.calls_when_warm)

    @property
    def units(self) -> Units:
        """What DynamoDB bills for them."""
        return sum((call.units for call in self.calls_when_warm), Units())

    @property
    def mails(self) -> int:
        """Mails sent in the act itself."""
        return sum(call.service == "sesv2" for call in self.calls)

    @property
    def notices(self) -> int:
        """Mails that it left for the stream's consumer."""
        return sum(len(row.get("mail", {}).get("L", [])) for row in rows_of(self.calls))

    @property
    def events(self) -> int:
        """Event rows that it wrote, which the stream hands to its consumers: each is an event on the bus."""
        return sum(len(row["rows"]["L"]) for row in rows_of(self.calls))

    @property
    def published(self) -> int:
        """Events that it put on the bus itself."""
        return sum(len(call.request["Entries"]) for call in self.calls if call.service == "events")


def rows_of(calls: tuple[Call, ...]) -> list[dict[str, Any]]:
    """The event rows that calls have written, as the stream has them."""
    actions = [
        action
        for call in calls
        if call.status == 200  # noqa: PLR2004 - it was not refused
        for entry in call.request.get("TransactItems", [])
        for action in entry.values()
    ]
    return [action["Item"] for action in actions if action.get("Item", {}).get("SK", {}).get("S", "").startswith("E#")]


class Story:
    """Plays the acts of one identity. `crowded` gives it as many devices as it may have."""

    def __init__(self, world: World, wire: Wire, identity: str, source: str, *, crowded: bool = False) -> None:
        self._world, self._wire = world, wire
        self._identity, self._source, self._crowded = identity, source, crowded
        self.acts: list[Act] = []

    def play(self) -> list[Act]:
        """All acts, in the order in which a life has them."""
        owner, code, address = self._beginning()
        phone, code = self._restored(owner, code, address)
        self._others(phone, code, address)
        self._act("reclaim", owner, lambda: owner.prepare("DELETE", owner.path("/devices/held"), verified=True), 204)
        self._second_identity()
        self._changed_and_erased()
        self._administered()
        stranger = self._phone("stranger")
        self._act("describe the server", stranger, lambda: stranger.unsigned("GET", "/.well-known/id-restore"), 200)
        return self.acts

    def _beginning(self) -> tuple[WorldPhone, str, str]:
        """From creation to a restore code in force."""
        owner, address = self._phone("old phone"), f"{self._identity}@example.com"
        self._act("create", owner, lambda: owner.prepare_creation(self._identity), 201)
        owner.identity = self._identity
        if self._crowded:
            self._crowd(self._identity, FULL - 1)
        self._act("sign in", owner, owner.prepare_sign_in, 201)
        self._act("show the identity", owner, lambda: owner.prepare("GET", owner.path()), 200)
        refusal = {"answer": "not_now"}
        self._act(
            "refuse the prompt", owner, lambda: owner.prepare("POST", owner.path("/back-up-prompt"), refusal), 204
        )
        self._act("enable, an address with it", owner, lambda: owner.prepare_enabling(address), 201)
        self._world.clock.move(_PAUSE)
        self._act(
            "resend the confirmation",
            owner,
            lambda: owner.prepare("POST", owner.path("/email/confirmation/resend"), {}),
            202,
        )
        confirmation = {"code": self._world.mailed_code(address)}
        self._act(
            "confirm the address",
            owner,
            lambda: owner.prepare("POST", owner.path("/email/confirmation"), confirmation),
            200,
        )
        code = self._act("enable", owner, owner.prepare_enabling, 201).document["restore_code"]
        self._after(NOTIFY, "Notify", self._records("enable"))
        return owner, code, address

    def _restored(self, owner: WorldPhone, code: str, address: str) -> tuple[WorldPhone, str]:
        """The main job, and what goes wrong on the way."""
        phone, thief = self._phone("new phone"), self._phone("thief")
        asked = self._act("request", phone, lambda: phone.prepare_restoration(self._identity, code), 202)
        self._after(NOTIFY_OF_NOTHING, "Notify", self._records("request"))
        self._after(PUBLISH, "Publish", self._records("request"))
        (entry,) = self.acts[-1].calls[0].request["Entries"]
        message = {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
        self._world.handlers.pop("Index")  # what it costs to start is measured with this one
        self._after(INDEX, "Index", [{"messageId": "1", "body": json.dumps(message)}])
        phone.identity = self._identity
        number = asked.document["restoration"]["id"]
        guesses = {"request, refused": made_up_code(), "request, half the code right": made_up_code(code[:9])}
        for name, guess in guesses.items():
            self._act(name, thief, partial(thief.prepare_restoration, self._identity, guess), 403)
        self._act(
            "show the restoration", phone, lambda: phone.prepare("GET", phone.path(f"/restorations/{number}")), 200
        )
        self._world.clock.move(_PAUSE)
        self._act(
            "resend the code",
            phone,
            lambda: phone.prepare("POST", phone.path(f"/restorations/{number}/resend"), {}),
            202,
        )
        mailed = self._world.mailed_code(address)
        if self._crowded:
            self._uncrowd(owner)
        done = self._act("complete", phone, lambda: phone.prepare_completion(number, mailed), 201)
        self._act("unpair", phone, lambda: phone.prepare_unpairing(owner.id), 204)
        return phone, done.document["restore_code"]

    def _others(self, phone: WorldPhone, code: str, address: str) -> None:
        """Three more: one goes wrong once and unpairs the others at last, one is given up, one is disputed."""
        third, fourth, fifth = (self._phone(f"phone {number}") for number in (3, 4, 5))
        asked = third.request_restore(self._identity, code).expect(202)
        number, mailed = asked["restoration"]["id"], self._world.mailed_code(address)
        wrong = f"{(int(mailed) + 1) % 10**8:08d}"
        self._act("complete, wrong code", third, lambda: third.prepare_completion(number, wrong), 403)
        asked = fourth.request_restore(self._identity, code).expect(202)
        given_up = asked["restoration"]["id"]
        self._act(
            "cancel the restoration",
            fourth,
            lambda: fourth.prepare("DELETE", fourth.path(f"/restorations/{given_up}")),
            204,
        )
        fifth.request_restore(self._identity, code).expect(202)
        token = self._world.token(address)
        form = "application/x-www-form-urlencoded"
        self._act(
            "dispute",
            fifth,
            lambda: fifth.unsigned("POST", f"/dispute/{token}", b"", content_type=form),
            200,
        )
        done = self._act(
            "complete, unpairing the others", third, lambda: third.prepare_completion(number, mailed, "unpair"), 201
        )
        assert phone.id in done.document["unpaired"]  # noqa: S101 - the measurement would be of something else

    def _second_identity(self) -> None:
        """What the first one's phones, which are held, may not do: pair, drill, change their protection, disable."""
        other, address = self._phone("other phone"), f"{self._identity}.two@example.com"
        name = f"{self._identity}.two"
        self._act("create, an address with it", other, lambda: other.prepare_creation(name, address), 201)
        other.identity = name
        other.confirm_email(self._world.mailed_code(address)).expect(200)
        saved = other.enable().expect(201)["restore_code"]
        body = {"restore_code": saved}
        self._act("drill", other, lambda: other.prepare("POST", other.path("/restore/drill"), body), 200)
        self._act(
            "show the code, which is not kept",
            other,
            lambda: other.prepare("GET", other.path("/restore/code"), verified=True),
            409,
        )
        self._pairing(other)
        self._act("change the verification key", other, lambda: _changing(other, Key.generate()), 204)
        disabled = self._phone("other phone, again")
        disabled.create(f"{self._identity}.three").expect(201)
        disabled.enable(f"{self._identity}.three@example.com").expect(201)
        self._act(
            "disable", disabled, lambda: disabled.prepare("DELETE", disabled.path("/restore"), verified=True), 204
        )

    def _pairing(self, owner: WorldPhone) -> None:
        """One offer that is taken, one that is withdrawn."""
        guest = self._phone("guest")
        guest.identity = owner.identity
        offer = partial(owner.prepare, "POST", owner.path("/pairings"), {}, verified=True)
        made = self._act("offer a pairing", owner, offer, 201).document
        path = owner.path(f"/pairings/{made['pairing']['id']}")
        self._act("show the pairing", owner, partial(owner.prepare, "GET", path), 200)
        body = {"secret": made["secret"], "device": guest.device}
        self._act(
            "complete the pairing",
            guest,
            partial(guest.prepare, "POST", f"{path}/completion", body, verified=True),
            201,
        )
        other = owner.send(offer()).expect(201)["pairing"]["id"]
        self._act(
            "cancel the pairing",
            owner,
            partial(owner.prepare, "DELETE", owner.path(f"/pairings/{other}"), verified=True),
            204,
        )

    def _changed_and_erased(self) -> None:
        """The last identity's: a restoration is approved, both addresses change, and everything is erased."""
        address = f"{self._identity}.four@example.com"
        owner = self._phone("last phone", at=_ELSEWHERE + self._source)
        owner.create(f"{self._identity}.four", address).expect(201)
        assert owner.identity  # noqa: S101 - it was created
        owner.confirm_email(self._world.mailed_code(address)).expect(200)
        code = owner.enable().expect(201)["restore_code"]
        if self._crowded:
            self._crowd(owner.identity, FULL - 1)
        asked = self._phone("last phone, again").request_restore(owner.identity, code).expect(202)
        approval = owner.path(f"/restorations/{asked['restoration']['id']}/approval")
        self._act("approve the restoration", owner, partial(owner.prepare, "POST", approval, {}, verified=True), 200)
        self._addresses(owner)
        self._act("show the events", owner, lambda: owner.prepare("GET", owner.path("/events")), 200)
        self._act(ERASE, owner, owner.prepare_erasure, 204)
        message = {"detail-type": "identity.erased", "detail": {"identity": owner.identity}}
        self._after(FINISH, "Erase", [{"messageId": "1", "body": json.dumps(message)}])

    def _administered(self) -> None:
        """Acts and reads of administrators, about an identity whose code is kept; two people only where it says so."""
        identity = f"{self._identity}.five"
        admin, other = (Clerk(self._world, "admin", sub=f"{who} of {self._identity}") for who in ("one", "other"))
        owner = self._phone("helped phone", at=_ELSEWHERE + self._source)
        policy = admin.call("GET", "/policy").expect(200)
        version = policy.pop("version")

        def put(**fields: Any) -> None:
            nonlocal version
            admin.call("PUT", "/policy", {**policy, **fields}, if_match=f'"{version}"').expect(200)
            version += 1
            self._world.clock.move(_PAUSE)

        put(keep_sealed_codes=True)
        owner.create(identity, f"{identity}@example.com").expect(201)
        owner.confirm_email(self._world.mailed_code(f"{identity}@example.com")).expect(200)
        code = owner.enable().expect(201)["restore_code"]
        if self._crowded:
            self._crowd(identity, FULL - 1)
        asked = self._phone("helped phone, again").request_restore(identity, code).expect(202)
        about, reason = f"/identities/{identity}", {"reason": "as asked by phone"}
        acts: list[tuple[str, str, str, Any, int]] = [
            ("administrator: policy", "GET", "/policy", None, 200),
            ("administrator: a page of identities", "GET", "/identities", None, 200),
            ("administrator: one identity", "GET", about, None, 200),
            ("administrator: a page of events", "GET", "/events", None, 200),
            ("administrator: events of a type", "GET", "/events?type=restore.enabled", None, 200),
            ("administrator: events of one identity", "GET", f"/events?identity={identity}", None, 200),
            ("administrator: readiness", "GET", "/readiness", None, 200),
            ("administrator: approvals", "GET", "/approvals", None, 200),
            ("administrator: dry run", "PUT", "/policy?dry_run=true", policy, 200),
            (
                "administrator: cancel a restoration",
                "POST",
                f"{about}/restorations/{asked['restoration']['id']}/cancellation",
                reason,
                204,
            ),
            ("administrator: bar", "POST", f"{about}/restore/barring", reason, 204),
            ("administrator: lift the bar", "POST", f"{about}/restore/unbarring", reason, 204),
            ("administrator: send the code", "POST", f"{about}/restore-code/send", reason, 204),
            ("administrator: reveal the code", "POST", f"{about}/restore-code/reveal", reason, 200),
            ("administrator: issue a code", "POST", f"{about}/restore-code/issue", {**reason, "hours": 4}, 201),
            ("administrator: unpair", "POST", f"{about}/devices/{owner.id}/unpairing", reason, 204),
            ("administrator: an act refused", "POST", f"{about}/devices/nobody/unpairing", reason, 404),
        ]
        for name, method, target, body, status in acts:
            self._clerk(name, admin, method, target, body, status)
        put(two_person_approval=True)
        issue = "POST", f"{about}/restore-code/issue", {**reason, "hours": 5}
        waits = self._clerk("administrator: ask for a second person", admin, *issue, 202)
        number = waits.document["approval"]["id"]
        self._clerk("administrator: approve", other, "POST", f"/approvals/{number}", {"approve": True}, 204)
        self._clerk("administrator: issue a code, approved", admin, *issue, 201, approval=number)
        target, back = "/policy", {**policy, "two_person_approval": False}
        waits = admin.call("PUT", target, back, if_match=f'"{version}"')
        number = waits.expect(202)["approval"]["id"]
        other.call("POST", f"/approvals/{number}", {"approve": True}).expect(204)
        name = "administrator: set policy, approved"
        self._clerk(name, admin, "PUT", target, back, 200, if_match=f'"{version}"', approval=number)

    def _clerk(
        self, name: str, clerk: Clerk, method: str, target: str, body: Any, status: int, **headers: Any
    ) -> Answer:
        self._wire.taken()
        event, function, _ = clerk.prepare(method, target, body, **headers)
        answer = clerk.call(method, target, body, **headers)
        calls = tuple(self._wire.taken())
        if answer.status != status:
            message = f"{name}: {answer.status} instead of {status}: {answer.text}"
            raise AssertionError(message)
        act = Act(name, function, status, calls, lambda: event)
        self.acts.append(act)
        if act.events:
            self._index(act)
        return answer

    def _addresses(self, owner: WorldPhone) -> None:
        """The address changes; a second one comes and goes."""
        new, second = (f"{owner.identity}.{which}@example.com" for which in ("new", "second"))
        path = owner.path("/email")
        change = partial(owner.prepare, "PUT", path, {"email": new}, verified=True)
        self._act("change the address", owner, change, 202)
        confirmation = {"code": self._world.mailed_code(new)}
        confirm = partial(owner.prepare, "POST", f"{path}/confirmation", confirmation)
        self._act("confirm the changed address", owner, confirm, 200)
        path = owner.path("/second-email")
        add = partial(owner.prepare, "PUT", path, {"email": second}, verified=True)
        self._act("add a second address", owner, add, 202)
        self._world.clock.move(_PAUSE)
        resend = partial(owner.prepare, "POST", f"{path}/confirmation/resend", {})
        self._act("resend the second address's confirmation", owner, resend, 202)
        confirmation = {"code": self._world.mailed_code(second)}
        confirm = partial(owner.prepare, "POST", f"{path}/confirmation", confirmation)
        self._act("confirm the second address", owner, confirm, 200)
        self._act("remove the second address", owner, partial(owner.prepare, "DELETE", path, verified=True), 204)

    # How an act is played

    def _phone(self, name: str, *, at: str | None = None) -> WorldPhone:
        return WorldPhone(self._world, at=at or self._source, name=name)

    def _act(self, name: str, phone: WorldPhone, prepare: Callable[[], Request], status: int) -> Answer:
        self._wire.taken()
        request = prepare()
        answer = phone.send(request)
        calls = tuple(self._wire.taken())
        if answer.status != status:
            message = f"{name or request.target}: {answer.status} instead of {status}: {answer.text}"
            raise AssertionError(message)
        if name:
            function = self._world.route(request)[0].function
            event = lambda: self._world.event(prepare(), at=phone.at)  # noqa: E731 - it is kept, not called
            act = Act(name, function, status, calls, event)
            self.acts.append(act)
            if act.events:
                self._index(act)
        return answer

    def _index(self, act: Act) -> None:
        """What an act's events cost behind the bus: they come together, and what was before is counted already."""
        records = self._records(act.name)
        self._world.handler("Publish")({"Records": records}, Long())
        entries = [entry for call in self._wire.taken() for entry in call.request.get("Entries", [])]
        messages = [
            {"messageId": str(n), "body": json.dumps({"detail": json.loads(entry["Detail"])})}
            for n, entry in enumerate(entries)
        ]
        self._after(f"{INDEX_OF}{act.name}", "Index", messages)

    def _records(self, of: str) -> list[dict[str, Any]]:
        """The rows of an act as the stream has them."""
        act = next(act for act in self.acts if act.name == of)
        return [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {key: row[key] for key in ("PK", "SK")},
                    "NewImage": row,
                    "SequenceNumber": str(number),
                },
            }
            for number, row in enumerate(rows_of(act.calls))
        ]

    def _after(self, name: str, function: str, records: list[dict[str, Any]]) -> None:
        """Hand records to a function that runs after an act."""
        self._wire.taken()
        answer = self._world.handler(function)({"Records": records}, Long())
        if answer != {"batchItemFailures": []}:
            message = f"{name}: {answer}"
            raise AssertionError(message)
        self.acts.append(Act(name, function, 0, tuple(self._wire.taken()), lambda: {"Records": records}))

    # Many devices

    def _crowd(self, identity: str, more: int) -> None:
        """Pair further devices behind the service's back."""
        for number in range(more):
            device, verification = Key.generate().public, Key.generate().public
            now = int(self._world.clock.now)
            record = devices.record(
                identity,
                device,
                name=f"phone {number}",
                platform="ios",
                paired_by="pairing",
                now=now,
                pairing=new_id(),
                unpaired=[],
                disputes=[f"1.{verification}"],
            )
            aws.client("dynamodb").put_item(TableName=TABLE, Item=pack(record))
            aws.client("dynamodb").update_item(
                TableName=TABLE,
                Key=pack(dict(identity_key(identity))),
                UpdateExpression="SET devices.#s = :d",
                ExpressionAttributeNames={"#s": short_of(device)},
                ExpressionAttributeValues=pack({":d": devices.entry(device, verification, now)}),
            )

    def _uncrowd(self, owner: WorldPhone) -> None:
        """Make room for one more."""
        shown = owner.show().expect(200)
        owner.unpair(next(device["id"] for device in shown["devices"] if not device["this_device"])).expect(204)


def _changing(phone: WorldPhone, new: Key) -> Request:
    """The request for another verification key, signed by the device, the old key and the new one."""
    nonce, created = fresh_nonce(), int(time.time())
    path = phone.path(f"/devices/{phone.id}/verification-key")
    request = phone.prepare("PUT", path, {"verification_key": new.public}, verified=True, created=created, nonce=nonce)
    return signed(request, new, tag=VERIFIED_TAG, label="new", created=created, nonce=nonce)
