"""Sending mail by SES. What SES does not take is `unavailable`: the act that needed it is taken back.

Sent again is only what SES cannot have taken: it was refused for its load, or SES was never reached. A mail whose
answer was lost is not, or it might come twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from restore.errors import Problem
from restore.feedback import tags
from restore.mail import compose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TRY_AGAIN: Final = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})


class Outbox:
    """Where mails go out. `client` is botocore's of SES v2; `sender` the From address."""

    def __init__(self, client: Callable[[], Any], sender: str, configuration_set: str) -> None:
        self._client = client
        self._sender = sender
        self._set = {"ConfigurationSetName": configuration_set} if configuration_set else {}

    def send(self, kind: str, language: str, *, to: str, identity: str, server: str, values: Mapping[str, str]) -> None:
        """Send one mail, as a raw message: text and HTML exactly as they were composed.

        `identity` is whom it is about. It stands in the mail's tags, for SES's feedback, whatever the text says.
        """
        raw = compose(kind, language, sender=self._sender, to=to, server=server, values=values)
        for pause in (0.1, 0.4, None):
            try:
                self._client().send_email(
                    FromEmailAddress=self._sender,
                    Destination={"ToAddresses": [to]},
                    Content={"Raw": {"Data": raw}},
                    EmailTags=tags(identity, kind, server),
                    **self._set,
                )
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if pause is None or code not in _TRY_AGAIN:
                    raise Problem("unavailable", retry_after=5, reason=f"mail: {code}") from error
            except BotoCoreError as error:
                if pause is None or not isinstance(error, EndpointConnectionError | ConnectTimeoutError):
                    raise Problem("unavailable", retry_after=5, reason=f"mail: {type(error).__name__}") from error
            else:
                return
            time.sleep(pause)
