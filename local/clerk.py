"""An administrator as an outside client: a token, and requests below `/v1/admin` made from the contract alone."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from local.phone import Answer, Request, send


@dataclass
class Clerk:
    """Somebody with a token. `log` gets every answer."""

    server: str
    token: str
    log: list[Answer] = field(default_factory=list)

    def call(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        if_match: str | None = None,
        approval: str | None = None,
        accept: str | None = None,
    ) -> Answer:
        """One request; `target` is what stands behind `/v1/admin`, with its query."""
        request = self.prepare(method, target, body, if_match=if_match, approval=approval, accept=accept)
        answer = send(request)
        self.log.append(answer)
        return answer

    def prepare(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        if_match: str | None = None,
        approval: str | None = None,
        accept: str | None = None,
    ) -> Request:
        """The same request, not yet sent."""
        where = urlsplit(self.server)
        headers = [("Host", where.netloc), ("Authorization", f"Bearer {self.token}")]
        given = (("If-Match", if_match), ("Approval", approval), ("Accept", accept))
        headers += [(name, value) for name, value in given if value is not None]
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None:
            headers.append(("Content-Type", "application/json"))
        origin = f"{where.scheme}://{where.netloc}"
        return Request(method, origin, f"{where.path}/v1/admin{target}", tuple(headers), sent)

    def act(self, identity: str, what: str, reason: str, *, approval: str | None = None, **more: Any) -> Answer:
        """Do something about an identity; `what` is what stands behind its name."""
        return self.call("POST", f"/identities/{identity}/{what}", {"reason": reason, **more}, approval=approval)

    def policy(self) -> tuple[dict[str, Any], str]:
        """The policy's fields, and its ETag."""
        answer = self.call("GET", "/policy")
        fields = answer.expect(200)
        fields.pop("version")
        return fields, answer.header("ETag") or ""

    def decide(self, approval: str, *, approve: bool = True) -> Answer:
        """Say yes or no to what another has asked for."""
        return self.call("POST", f"/approvals/{approval}", {"approve": approve})
