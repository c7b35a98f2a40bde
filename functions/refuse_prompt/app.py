"""`POST /v1/identities/{i}/back-up-prompt`: "not now", which is final. The way by hand stays open."""

from __future__ import annotations

from typing import Literal

from restore import aws, settings
from restore.audit import Act
from restore.bodies import Body
from restore.conditions import Write
from restore.http import Answer, Call, endpoint
from restore.settling import Change, View, by_paired
from restore.store import Table

table = Table(lambda: aws.client("dynamodb"), settings.TABLE_NAME)


class Refusal(Body):
    """There is one answer; whoever wants to back up enables restore."""

    answer: Literal["not_now"]


@endpoint(body=Refusal)
def lambda_handler(call: Call) -> Answer:
    """Never prompt again."""

    def refuse(_view: View, _act: Act, mine: Write) -> Change:
        mine.set(("prompt_refused",), call.now)
        return Change(written=False)

    by_paired(table, call, refuse)
    return Answer(204)
