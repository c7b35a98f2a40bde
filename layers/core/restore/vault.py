"""The pepper, from Secrets Manager (ASVS 13.3.1): read at start, and again after a while, so that a rotation arrives.

Rotating takes two steps, that long apart: first add the new version to the set, then make it the current one. So no
function meets a hash of a version that it does not know.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from restore.codes import Pepper
from restore.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

READ_AGAIN_SECONDS: Final = 900


class Vault:
    """Where the pepper is. `client` is botocore's of Secrets Manager."""

    def __init__(self, client: Callable[[], Any], secret: str) -> None:
        self._client = client
        self._secret = secret
        self._pepper: Pepper | None = None
        self._read_at = 0.0

    def pepper(self) -> Pepper:
        """The pepper; where it cannot be had, nothing is judged."""
        if self._pepper is None or time.monotonic() - self._read_at > READ_AGAIN_SECONDS:
            try:
                value = self._client().get_secret_value(SecretId=self._secret)["SecretString"]
            except (BotoCoreError, ClientError) as error:
                raise Problem("unavailable", retry_after=2, reason="pepper") from error
            self._pepper, self._read_at = Pepper.parse(value), time.monotonic()
        return self._pepper
