"""`PUT /v1/admin/policy`: what the company has decided, whole, over the version that was read.

In force everywhere within half a minute; who changed what is in the log. With `dry_run=true` nothing changes, and the
caller hears how many people the change would lock out or oblige.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from restore import approvals, aws, orders, settings, standing
from restore.administrators import AdminCall, Desk
from restore.bodies import Body
from restore.conditions import replace
from restore.errors import Problem, invalid
from restore.http import Answer
from restore.keys import policy_key
from restore.orders import Order, Terms
from restore.policies import answer, plain, stored
from restore.policy import NUMBERS, Policy, is_domain
from restore.settling import Change
from restore.store import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)
desk = Desk(table, settings.POLICY, settings.ADMINISTRATOR_SIGN_IN_SECONDS, settings.ADMINISTRATOR_ACTS_PER_HOUR)


def _domain(text: str) -> str:
    if not is_domain(text):
        message = "is no domain"
        raise ValueError(message)
    return text.lower()


def _between(name: str) -> Any:
    least, most = NUMBERS[name]
    return Field(ge=least, le=most)


class WholePolicy(Body):
    """Every field, so that nothing is set by being left out."""

    restore_enabled: bool
    enforce_on_creation: bool
    unpair_others_on_restore: bool
    unpair_others_on_pairing: bool
    pairing_enabled: bool
    keep_sealed_codes: bool
    two_person_approval: bool
    require_verification_key: bool
    prompt_at_sign_in: Annotated[int, _between("prompt_at_sign_in")]
    max_devices: Annotated[int, _between("max_devices")]
    waiting_hours: Annotated[int, _between("waiting_hours")]
    hold_hours: Annotated[int, _between("hold_hours")]
    email_domains: Annotated[list[Annotated[str, AfterValidator(_domain)]], Field(min_length=1, max_length=100)] | None


def _is_dry(event: Mapping[str, Any]) -> bool:
    return (event.get("multiValueQueryStringParameters") or {}).get("dry_run") == ["true"]


@desk.acting(role="admin", body=WholePolicy, counts=lambda event: not _is_dry(event))
def lambda_handler(call: AdminCall) -> Answer:
    """Set policy, or try it."""
    call.only_queries("dry_run")
    if call.queries.get("dry_run", "false") not in {"true", "false"}:
        raise invalid("dry_run", "has to be true or false")
    wanted = Policy(**_fields(call.body))
    if call.queries.get("dry_run") == "true":
        return _try(wanted, call)
    if call.if_match is None:
        raise Problem("if_match_required")
    done = orders.settle(desk, call, lambda _view, _act, terms: _set(wanted, terms, call))
    if isinstance(done, approvals.Asked):
        return Answer(202, done.answer())
    version: int = done.answer
    return Answer(200, answer(wanted, version), {"ETag": f'"{version}"'})


def _fields(said: WholePolicy) -> dict[str, Any]:
    fields = said.model_dump()
    if fields["email_domains"] is not None:
        fields["email_domains"] = tuple(fields["email_domains"])
    return fields


def _set(wanted: Policy, terms: Terms, call: AdminCall) -> Order:
    _must_match(call.if_match, terms.version)
    before, after = plain(terms.policy), plain(wanted)
    changed = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
    if not changed:
        return Order("policy", Change(terms.version, written=False))
    item = {**policy_key(), "form": 1, "fields": after}
    write = replace(item, {"ver": terms.version} if terms.version else None)
    return Order(
        "policy",
        Change(terms.version + 1, further=[(write, None)]),
        two_people=approvals.POLICY,
        tells={"changed": changed, "version": terms.version + 1},
        row="policy.changed",
    )


def _try(wanted: Policy, call: AdminCall) -> Answer:
    policy, version = stored(table, settings.POLICY)
    if call.if_match is not None:
        _must_match(call.if_match, version)
    return Answer(200, standing.effect(standing.counts(table), policy, wanted))


def _must_match(if_match: str | None, version: int) -> None:
    """RFC 9110, 13.1.1: a list of strong tags. `*` would be a change of what nobody has read, so it fits nothing."""
    if f'"{version}"' not in [tag.strip() for tag in (if_match or "").split(",")]:
        raise Problem("stale")
