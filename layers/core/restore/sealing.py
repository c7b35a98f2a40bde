"""Sealed restore codes, where policy keeps them (a deviation from NIST SP 800-63B-4, 4.2.1.1, that a company chooses).

A code is encrypted by KMS under a context that names its identity and label: what is copied to another identity's item
cannot be opened there. Those who make codes may only seal; one function may open.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from restore.errors import Problem
from restore.state import own_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from restore.codes import RestoreCode
    from restore.conditions import Item
    from restore.policy import Policy


PURPOSE: Final = "restore code"
"""The part of the context that the rights on the key name (template.yaml)."""


def keep(restore: Item, code: RestoreCode, sealer: Sealer, policy: Policy, identity: str) -> None:
    """Seal the code that was just put in force, where policy keeps codes."""
    known = own_code(restore)
    if policy.keep_sealed_codes and known:
        known["sealed"] = sealer.seal(code.symbols, identity, known["label"])


class Sealer:
    """The KMS key of sealed codes. `client` is botocore's."""

    def __init__(self, client: Callable[[], Any], key: str) -> None:
        self._client = client
        self._key = key

    def seal(self, code: str, identity: str, label: str) -> str:
        """Encrypt a code's 28 symbols."""
        answer = self._call("encrypt", Plaintext=code.encode(), EncryptionContext=_context(identity, label))
        return b64encode(answer["CiphertextBlob"]).decode()

    def open(self, sealed: str, identity: str, label: str) -> str:
        """Decrypt what `seal` has made for this identity and label."""
        answer = self._call("decrypt", CiphertextBlob=b64decode(sealed), EncryptionContext=_context(identity, label))
        plain: bytes = answer["Plaintext"]
        return plain.decode()

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client(), operation)(KeyId=self._key, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise Problem("unavailable", retry_after=2, reason=f"{operation}: {type(error).__name__}") from error


def _context(identity: str, label: str) -> dict[str, str]:
    return {"purpose": PURPOSE, "identity": identity, "label": label}
