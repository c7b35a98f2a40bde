"""Who may do what as an administrator: roles, tokens, fresh sign-ins, the limit of acts, bodies that are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from tests.functional.clerks import CLIENT, OFFICE, Clerk, meanwhile, set_policy
from tests.functional.world import HOUR, MINUTE, routes

if TYPE_CHECKING:
    from local.phone import Answer
    from tests.functional.world import World

ACTS_AN_HOUR: Final = 30
REFUSALS_AN_HOUR: Final = 60
ROLES: Final = ("auditor", "helpdesk", "admin")
NOBODY: Final = (None, "operators", "Admin", "administrator", "admin2", "x-admin")
"""No role, and groups that are none of the deployment's."""

POLICY: Final[dict[str, Any]] = {
    "restore_enabled": True,
    "enforce_on_creation": False,
    "unpair_others_on_restore": False,
    "unpair_others_on_pairing": False,
    "pairing_enabled": True,
    "keep_sealed_codes": True,
    "two_person_approval": False,
    "require_verification_key": True,
    "prompt_at_sign_in": 7,
    "max_devices": 10,
    "waiting_hours": 0,
    "hold_hours": 24,
    "email_domains": None,
}
WHY: Final = {"reason": "as asked by phone"}


class Row(NamedTuple):
    """A row of the contract's table: the least role, and what one who has it is answered here."""

    method: str
    target: str
    role: str
    status: int
    code: str | None = None
    body: Any = None

    def __str__(self) -> str:
        """Names the case in pytest's output."""
        return f"{self.method} {self.target}"

    @property
    def path(self) -> str:
        """The route in the template."""
        path = f"/v1/admin{self.target.partition('?')[0]}"
        names = {"/ada": "/{identity}", "DEVICE": "{device}", "RESTORATION": "{restoration}"}
        for said, name in names.items():
            path = path.replace(said, name)
        return path.replace("/approvals/none", "/approvals/{approval}")

    @property
    def acts(self) -> bool:
        """Whether it is more than reading."""
        return self.method != "GET"

    def send(self, clerk: Clerk, ids: dict[str, str]) -> Answer:
        """The request, with the ids that there are."""
        target = self.target
        for name, value in ids.items():
            target = target.replace(name, value)
        if_match = '"1"' if self.method == "PUT" else None
        return clerk.call(self.method, target, self.body, if_match=if_match)


TABLE: Final = (
    Row("GET", "/policy", "auditor", 200),
    Row("PUT", "/policy", "admin", 200, body=POLICY),
    Row("PUT", "/policy?dry_run=true", "admin", 200, body=POLICY),
    Row("GET", "/identities", "auditor", 200),
    Row("GET", "/identities/ada", "auditor", 200),
    Row("GET", "/events", "auditor", 200),
    Row("GET", "/readiness", "auditor", 200),
    Row("GET", "/approvals", "admin", 200),
    Row("POST", "/approvals/none", "admin", 404, "not_found", {"approve": True}),
    Row("POST", "/identities/ada/devices/DEVICE/unpairing", "helpdesk", 204, body=WHY),
    Row("POST", "/identities/ada/restore/barring", "helpdesk", 204, body=WHY),
    Row("POST", "/identities/ada/restore/unbarring", "helpdesk", 204, body=WHY),
    Row("POST", "/identities/ada/restorations/RESTORATION/cancellation", "helpdesk", 204, body=WHY),
    Row("POST", "/identities/ada/restore-code/send", "helpdesk", 204, body=WHY),
    Row("POST", "/identities/ada/restore-code/reveal", "admin", 200, body=WHY),
    Row("POST", "/identities/ada/restore-code/issue", "admin", 201, body={**WHY, "hours": 1}),
)
ACTS: Final = tuple(row for row in TABLE if row.acts)
NOT_COUNTED: Final = frozenset({"PUT /policy?dry_run=true", "POST /approvals/none"})


def office(world: World) -> dict[str, str]:
    """Ada, whose code is kept, with a held tablet and a restoration under way; the ids that rows name."""
    set_policy(world, keep_sealed_codes=True).expect(200)
    owner = world.owner()
    restored = world.restored(owner, name="tablet")
    _, number, _ = world.begun(restored)
    return {"DEVICE": restored.phone.id, "RESTORATION": number}


def state(world: World) -> dict[tuple[str, str], Any]:
    """All that there is, without what is only about administrators: their log, its marks, and what each did lately."""
    return {
        key: item
        for key, item in world.items().items()
        if key[0] != "ID##administration" and not key[0].startswith("PERSON#") and not key[1].startswith("A#")
    }


def refusals(world: World) -> list[dict[str, Any]]:
    """The rows of refused acts in the administrators' log."""
    return [row for row in world.events("#administration") if row["type"] == "act.refused"]


def is_allowed(row: Row, role: str | None) -> bool:
    """By the contract's table."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(row.role)


def test_every_route_of_administrators_has_its_row() -> None:
    """The table below is whole: a new route needs a role here."""
    assert {(row.method, row.path) for row in TABLE} == {
        (route.method, route.path) for route in routes() if route.path.startswith("/v1/admin/")
    }


@pytest.mark.parametrize("role", [*ROLES, *NOBODY])
def test_the_table_of_roles(world: World, role: str | None) -> None:
    """ASVS 8.2.1: a role does what the contract says; any other is 403 and changes nothing; a refused act is told."""
    ids = office(world)
    saved, before = world.save(), state(world)
    for row in TABLE:
        world.go_back(saved)
        answer = row.send(Clerk(world, role), ids)
        if is_allowed(row, role):
            answer.expect(row.status, row.code)
            continue
        answer.expect(403, "not_allowed")
        assert state(world) == before, row
        assert len(refusals(world)) == row.acts, row


GROUPS: Final[tuple[tuple[Any, str | None], ...]] = (
    ("auditor,helpdesk", "helpdesk"),
    ("admin,auditor", "admin"),
    ("[auditor, helpdesk]", "helpdesk"),
    ("[admin]", "admin"),
    (["auditor", "helpdesk"], "helpdesk"),
    (["admin"], "admin"),
    ("eu-central-1_AbCdEfGhI_CompanyLogin,helpdesk", "helpdesk"),
    ("[eu-central-1_AbCdEfGhI_CompanyLogin, auditor]", "auditor"),
    (["eu-central-1_AbCdEfGhI_CompanyLogin", "admin"], "admin"),
    ("eu-central-1_AbCdEfGhI_admin", None),
    ("[eu-central-1_AbCdEfGhI_admin]", None),
    (["not-admin", "admin-not"], None),
    (["admin,auditor"], None),
    ("[auditor helpdesk]", "helpdesk"),
    ("not admin", None),
    ("admin auditor", None),
    (["not admin"], None),
    ("[admin", None),
    ("admin]", None),
    ("auditor,[admin]", "auditor"),
    ("[[admin]]", None),
    ("", None),
    ("[]", None),
    ([], None),
    (None, None),
    ({"admin": True}, None),
    (True, None),
)


def test_the_groups_claim(world: World) -> None:
    """The highest role among the groups, in any form that a gateway gives; a name that only looks alike is none."""
    ids = office(world)
    saved = world.save()
    for groups, role in GROUPS:
        for row in (TABLE[0], TABLE[10], TABLE[14]):  # the table's least, middle and highest role
            world.go_back(saved)
            answer = row.send(Clerk(world, None, sub="somebody", claims={"cognito:groups": groups}), ids)
            if is_allowed(row, role):
                answer.expect(row.status)
            else:
                answer.expect(403, "not_allowed")


TOKENS: Final[tuple[dict[str, Any], ...]] = (
    {"token_use": "access"},
    {"token_use": None},
    {"token_use": "ID"},
    {"aud": "another-client"},
    {"aud": None},
    {"aud": ""},
    {"aud": None, "client_id": CLIENT},
    {"aud": [CLIENT]},
    {"sub": None},
    {"sub": ""},
)


def test_a_token_that_is_not_this_dashboards(world: World) -> None:
    """ASVS 9.2.3: an access token, another client's or nobody's is 401 everywhere, for reading too."""
    ids = office(world)
    before = world.items()
    for claims in TOKENS:
        for row in TABLE:
            row.send(Clerk(world, "admin", claims=claims), ids).expect(401, "token_invalid")
    assert world.items() == before


@pytest.mark.parametrize("client", [None, ""])
def test_a_stage_without_its_client(world: World, client: str | None) -> None:
    """ASVS 16.5.3: where a deployment does not say whose tokens it takes, it takes none, not even one of nobody."""
    ids = office(world)
    before = world.items()
    for row in TABLE:
        row.send(Clerk(world, "admin", client=client, claims={"aud": client}), ids).expect(401, "token_invalid")
        row.send(Clerk(world, "admin", client=client), ids).expect(401, "token_invalid")
    assert world.items() == before


@pytest.mark.parametrize("signed_in", [-HOUR - 1, 121, None, "", "soon", "-1", "1e10", "٣" * 10], ids=repr)
def test_a_sign_in_that_is_not_fresh(world: World, signed_in: int | str | None) -> None:
    """ASVS 7.5.1: no act after an old, absent, odd or future sign-in; reading goes on; each is written down."""
    ids = office(world)
    when = str(int(world.clock.now) + signed_in) if isinstance(signed_in, int) else signed_in
    clerk = Clerk(world, "admin", sub="late", claims={"auth_time": when})
    before, told = state(world), len(refusals(world))
    for row in TABLE:
        answer = row.send(clerk, ids)
        if row.acts:
            answer.expect(401, "reauthentication_required")
        else:
            answer.expect(row.status)
    assert state(world) == before
    rows = refusals(world)[told:]
    assert [row["detail"]["code"] for row in rows] == ["reauthentication_required"] * len(ACTS)


def test_a_sign_in_that_is_just_fresh(world: World) -> None:
    """Sixty minutes to the second, and a clock that runs a little ahead."""
    ids = office(world)
    saved = world.save()
    for row in ACTS:
        for seconds in (-HOUR, 120):
            world.go_back(saved)
            clerk = Clerk(world, "admin", signed_in_at=world.clock.now + seconds)
            row.send(clerk, ids).expect(row.status, row.code)


def test_the_age_of_a_sign_in_is_the_templates(world: World) -> None:
    """A parameter of the template: a company may ask for more."""
    world.owner()
    world.redeploy(AdministratorSignInSeconds="300")
    clerk = Clerk(world, "helpdesk", signed_in_at=world.clock.now - 301)
    clerk.act("ada", "restore/barring").expect(401, "reauthentication_required")
    Clerk(world, "helpdesk", signed_in_at=world.clock.now - 300).act("ada", "restore/barring").expect(204)


def test_a_refusal_is_written_down(world: World) -> None:
    """ASVS 16.3.2: who tried what on whom, from where, and what was answered."""
    world.owner()
    Clerk(world, "auditor", sub="eve").act("ada", "restore/barring").expect(403, "not_allowed")
    (row,) = refusals(world)
    assert row["source"] == OFFICE
    assert row["detail"] == {
        "route": "POST /v1/admin/identities/{identity}/restore/barring",
        "code": "not_allowed",
        "administrator": "eve",
        "identity": "ada",
    }


def test_a_refusal_about_nobody_names_nobody(world: World) -> None:
    """What somebody typed is not kept where nothing would ever erase it; and 404 is the same as for the erased."""
    world.owner()
    for name in ("nobody", "NOBODY", "no%00body", "#administration", "x" * 64):
        answer = Clerk(world, "helpdesk").act(name.replace("#", "%23"), "restore/barring")
        assert (answer.status, answer.code) in {(404, "not_found"), (422, "invalid")}, name
    assert not [row for row in refusals(world) if "identity" in row["detail"]]
    assert len(refusals(world)) == 5


def test_the_thirty_first_act_of_an_hour(world: World) -> None:
    """Thirty acts in any hour; the next is 429, says exactly when, is written down and does nothing."""
    ids = office(world)
    begun = world.clock.now
    clerk = Clerk(world, "admin", sub="busy")
    for _ in range(ACTS_AN_HOUR):
        clerk.act("ada", "restore/unbarring").expect(204)
        world.clock.move(10)
    before, told = state(world), len(refusals(world))
    counted = [row for row in ACTS if str(row) not in NOT_COUNTED]
    for row in counted:
        answer = row.send(clerk, ids)
        answer.expect(429, "too_many_requests")
        assert answer.header("Retry-After") == str(int(begun + HOUR - world.clock.now))
    assert state(world) == before
    assert [row["detail"]["code"] for row in refusals(world)[told:]] == ["too_many_requests"] * len(counted)
    Clerk(world, "admin", sub="another").act("ada", "restore/unbarring").expect(204)


def test_the_hour_slides(world: World) -> None:
    """Each act makes room again exactly an hour after it was done: no window that begins anew lets sixty through."""
    world.owner()
    clerk = Clerk(world, "helpdesk")
    for _ in range(ACTS_AN_HOUR):
        clerk.act("ada", "restore/unbarring").expect(204)
        world.clock.move(MINUTE)
    for _ in range(3):
        answer = clerk.act("ada", "restore/unbarring")
        answer.expect(429, "too_many_requests")
        wait = int(answer.header("Retry-After") or 0)
        world.clock.move(wait - 1)
        clerk.act("ada", "restore/unbarring").expect(429, "too_many_requests")
        world.clock.move(1)
        clerk.act("ada", "restore/unbarring").expect(204)


def test_the_limit_holds_in_a_race(world: World) -> None:
    """ASVS 2.3.4, 15.4.2: of two last acts at the same moment one is done, however they meet."""
    world.owner()
    clerk, twin = Clerk(world, "helpdesk", sub="one"), Clerk(world, "helpdesk", sub="one")
    for _ in range(ACTS_AN_HOUR - 1):
        clerk.act("ada", "restore/unbarring").expect(204)
    with meanwhile(lambda: twin.act("ada", "restore/unbarring").expect(204), "PutItem"):
        clerk.act("ada", "restore/barring").expect(429, "too_many_requests")
    assert "barred" not in world.item("ada", "R")


def test_a_lower_limit_says_when_it_ends(world: World) -> None:
    """A template with a lower limit than before: what is told is when so many acts are over that one is free."""
    world.owner()
    clerk = Clerk(world, "helpdesk")
    for _ in range(10):
        clerk.act("ada", "restore/unbarring").expect(204)
        world.clock.move(MINUTE)
    world.redeploy(AdministratorActsPerHour="3")
    answer = clerk.act("ada", "restore/unbarring")
    answer.expect(429, "too_many_requests")
    world.clock.move(int(answer.header("Retry-After") or 0) - 1)
    clerk.act("ada", "restore/unbarring").expect(429, "too_many_requests")
    world.clock.move(1)
    clerk.act("ada", "restore/unbarring").expect(204)


def test_refused_acts_count(world: World) -> None:
    """Once authentication and role hold: trying names, bodies or versions is not free."""
    owner = world.owner()
    clerk = Clerk(world, "admin", sub="prying")
    bad = (
        lambda: clerk.act("nobody", "restore/barring").expect(404, "not_found"),
        lambda: clerk.act("ada", "restore-code/reveal").expect(409, "code_not_kept"),
        lambda: clerk.act("ada", "restore/barring", reason="").expect(422, "invalid"),
        lambda: clerk.act("ada", "restore/barring", approval="no-such").expect(403, "not_allowed"),
        lambda: clerk.act("ada", f"devices/{world.phone().id}/unpairing").expect(404, "not_found"),
        lambda: clerk.call("PUT", "/policy", POLICY).expect(428, "if_match_required"),
    )
    for at in range(ACTS_AN_HOUR):
        bad[at % len(bad)]()
    clerk.act("ada", "restore/barring").expect(429, "too_many_requests")
    owner.phone.show().expect(200)
    assert world.item("ada", "R").get("barred") is None


def test_what_the_role_or_the_sign_in_forbids_does_not_count(world: World) -> None:
    """Nobody who may not act can use up the acts of a person, not even that person's own stale session."""
    world.owner()
    for _ in range(ACTS_AN_HOUR + 1):
        Clerk(world, "auditor", sub="one").act("ada", "restore/barring").expect(403, "not_allowed")
        stale = Clerk(world, "helpdesk", sub="one", signed_in_at=world.clock.now - HOUR - 1)
        stale.act("ada", "restore/barring").expect(401, "reauthentication_required")
    Clerk(world, "helpdesk", sub="one").act("ada", "restore/barring").expect(204)


def test_approvals_and_dry_runs_do_not_count(world: World) -> None:
    """Whoever decides for others is not stopped by their number; nor is trying a policy."""
    world.owner()
    clerk = Clerk(world, "admin", sub="deciding")
    for _ in range(ACTS_AN_HOUR + 1):
        clerk.call("POST", "/approvals/none", {"approve": True}).expect(404, "not_found")
        clerk.call("PUT", "/policy?dry_run=true", POLICY).expect(200)
    clerk.act("ada", "restore/barring").expect(204)
    for _ in range(ACTS_AN_HOUR - 1):
        clerk.act("ada", "restore/barring").expect(204)
    clerk.act("ada", "restore/barring").expect(429, "too_many_requests")
    clerk.call("PUT", "/policy?dry_run=true", POLICY).expect(200)
    clerk.call("POST", "/approvals/none", {"approve": True}).expect(404, "not_found")


@pytest.mark.parametrize(
    "query", ["dry_run=false", "dry_run=True", "dry_run=1", "dry_run=", "dry_run=true&dry_run=true"]
)
def test_what_is_not_quite_a_dry_run_counts(world: World, query: str) -> None:
    """The limit goes by what a request would do, not by a word in it."""
    clerk = Clerk(world, "admin")
    for _ in range(ACTS_AN_HOUR):
        clerk.call("PUT", f"/policy?{query}", POLICY)
    clerk.call("PUT", f"/policy?{query}", POLICY).expect(429, "too_many_requests")


def test_refusals_are_not_written_without_end(world: World) -> None:
    """Sixty an hour of one person: nobody fills the log, and nobody else's refusal is lost by it."""
    world.owner()
    eve, mallory = Clerk(world, "auditor", sub="eve"), Clerk(world, "auditor", sub="mallory")
    for _ in range(REFUSALS_AN_HOUR + 5):
        eve.act("ada", "restore/barring").expect(403, "not_allowed")
    assert len(refusals(world)) == REFUSALS_AN_HOUR
    mallory.act("ada", "restore/barring").expect(403, "not_allowed")
    assert len(refusals(world)) == REFUSALS_AN_HOUR + 1
    world.clock.move(HOUR)
    eve.act("ada", "restore/barring").expect(403, "not_allowed")
    assert len(refusals(world)) == REFUSALS_AN_HOUR + 2


NO_REASONS: Final[tuple[Any, ...]] = (
    "",
    " ",
    "\u2800\u3164",
    "x" * 501,
    "a\nb",
    "a\x00b",
    "a\x7fb",
    "\u202eabc",
    7,
    None,
    ["x"],
    {},
)
ON_IDENTITIES: Final = tuple(row for row in ACTS if "reason" in row.body)


def test_reasons_that_are_none(world: World) -> None:
    """A reason has 1 to 500 printable symbols and is not only blanks; what is refused changes nothing."""
    ids = office(world)
    saved, before = world.save(), state(world)
    for row in ON_IDENTITIES:
        world.go_back(saved)
        clerk = Clerk(world, "admin")
        for reason in NO_REASONS:
            row._replace(body={**row.body, "reason": reason}).send(clerk, ids).expect(422, "invalid")
        without = {name: value for name, value in row.body.items() if name != "reason"}
        answer = row._replace(body=without).send(clerk, ids)
        answer.expect(422, "invalid")
        assert answer.document["errors"][0]["field"] == "reason"
        assert state(world) == before


@pytest.mark.parametrize("reason", ["x", "ü" * 500, "=1+1 <b>&amp;</b> 'quoted'"])
def test_reasons_that_are_told(world: World, reason: str) -> None:
    """From one symbol to 500 of any language: logged as it was written, and mailed to the user."""
    ids = office(world)
    world.deliver()
    saved = world.save()
    for row in ON_IDENTITIES:
        world.go_back(saved)
        row._replace(body={**row.body, "reason": reason}).send(Clerk(world, "admin"), ids).expect(row.status)
        if row.target.endswith("/unbarring"):
            continue  # nothing was barred
        assert world.events("#administration")[-1]["detail"]["reason"] == reason
        assert any(event["detail"].get("reason") == reason for event in world.events("ada"))


@pytest.mark.parametrize("row", ACTS, ids=str)
def test_bodies_that_are_refused(world: World, row: Row) -> None:
    """ASVS 2.2.1: further members, what is not JSON by type or by text, what is too large; nothing changes."""
    ids = office(world)
    before = state(world)
    target = row.target
    for name, value in ids.items():
        target = target.replace(name, value)
    text = json.dumps(row.body)

    def sent(raw: str, content_type: str | None = "application/json", **more: Any) -> Answer:
        if_match = '"1"' if row.method == "PUT" else None
        return Clerk(world, "admin").call(
            row.method, target, raw=raw, content_type=content_type, if_match=if_match, **more
        )

    answer = sent(json.dumps({**row.body, "further": 1}))
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == "further"
    for raw in ("{", "", "null", "[]", '"text"', "7", "[" * 5000, "\ufeff" + text):
        answer = sent(raw)
        assert (answer.status, answer.code) in {(400, "malformed"), (422, "invalid")}, raw[:9]
    for kind in ("text/plain", "application/xml", "application/json; charset=latin-1", "application/jsonx", None):
        sent(text, kind).expect(415, "not_json")
    sent(text, headers=(("Content-Encoding", "gzip"),)).expect(415, "not_json")
    sent(text + " " * (16 * 1024)).expect(413, "too_large")
    assert state(world) == before
    sent(text + " " * (16 * 1024 - len(text)), "application/json; charset=utf-8").expect(row.status, row.code)


@pytest.mark.parametrize("query", ["policy", "identities/ada", "readiness", "approvals"])
def test_a_query_that_a_route_does_not_know(world: World, query: str) -> None:
    """422: a filter that is misspelt must not show everything."""
    world.owner()
    clerk = Clerk(world, "admin")
    clerk.call("GET", f"/{query}").expect(200)
    answer = clerk.call("GET", f"/{query}?prefix=x")
    answer.expect(422, "invalid")
    assert answer.document["errors"][0]["field"] == "prefix"
