"""Sending mail by SES. What SES does not take is `unavailable`: the act that needed it is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from restore.errors import Problem
from restore.mail import compose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Outbox:
    """Where mails go out. `client` is botocore's of SES v2; `sender` the From address."""

    def __init__(self, client: Callable[[], Any], sender: str, configuration_set: str) -> None:
        self._client = client
        self._sender = sender
        self._set = {"ConfigurationSetName": configuration_set} if configuration_set else {}

    def send(self, kind: str, language: str, *, to: str, server: str, values: Mapping[str, str]) -> None:
        """Send one mail, as a raw message: text and HTML exactly as they were composed."""
        raw = compose(kind, language, sender=self._sender, to=to, server=server, values=values)
        try:
            self._client().send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Raw": {"Data": raw}},
                **self._set,
            )
        except ClientError as error:
            raise Problem("unavailable", retry_after=5, reason=f"mail: {error.response['Error']['Code']}") from error
        except BotoCoreError as error:
            raise Problem("unavailable", retry_after=5, reason=f"mail: {type(error).__name__}") from error
