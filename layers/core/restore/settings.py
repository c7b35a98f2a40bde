"""The environment, read once. Imported by an `app.py` alone, which hands the values on to what needs them."""

from __future__ import annotations

import os
from typing import Final

from restore.policy import Policy


def _number(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


TABLE_NAME: Final = os.environ["TABLE_NAME"]
PEPPER_SECRET_ID: Final = os.environ.get("PEPPER_SECRET_ID", "")
SENDER: Final = os.environ.get("SENDER", "")
MAIL_CONFIGURATION_SET: Final = os.environ.get("MAIL_CONFIGURATION_SET", "")

POLICY: Final = Policy.from_environment(os.environ)

EMAIL_CODE_SECONDS: Final = _number("EMAIL_CODE_SECONDS", 600)
EMAIL_CODE_ATTEMPTS: Final = _number("EMAIL_CODE_ATTEMPTS", 5)
EMAIL_CODE_RESENDS: Final = _number("EMAIL_CODE_RESENDS", 3)
RESEND_PAUSE_SECONDS: Final = _number("RESEND_PAUSE_SECONDS", 30)
WRONG_CODES_PER_SOURCE: Final = _number("WRONG_CODES_PER_SOURCE", 20)
WRONG_CODES_WINDOW_SECONDS: Final = _number("WRONG_CODES_WINDOW_SECONDS", 600)
CREATIONS_PER_SOURCE: Final = _number("CREATIONS_PER_SOURCE", 10)
CREATIONS_WINDOW_SECONDS: Final = _number("CREATIONS_WINDOW_SECONDS", 3600)
RESTORATION_MAILS_PER_HOUR: Final = _number("RESTORATION_MAILS_PER_HOUR", 10)
WRONG_CODES_IN_A_ROW: Final = _number("WRONG_CODES_IN_A_ROW", 100)
CODE_LOCK_SECONDS: Final = _number("CODE_LOCK_SECONDS", 86400)
WRONG_EMAIL_CODES_PER_DAY: Final = _number("WRONG_EMAIL_CODES_PER_DAY", 20)
CONFIRMATION_MAILS_PER_10_MINUTES: Final = _number("CONFIRMATION_MAILS_PER_10_MINUTES", 4)
CONFIRMATION_MAILS_PER_DAY: Final = _number("CONFIRMATION_MAILS_PER_DAY", 10)
CONFIRMATION_MAILS_PER_SOURCE: Final = _number("CONFIRMATION_MAILS_PER_SOURCE", 5)
