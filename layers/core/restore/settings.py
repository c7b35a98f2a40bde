"""The environment, read once. Imported by an `app.py` alone, which hands the values on to what needs them."""

from __future__ import annotations

import os
from typing import Final

from restore.limits import Limits
from restore.policy import Policy

TABLE_NAME: Final = os.environ["TABLE_NAME"]
PEPPER_SECRET_ID: Final = os.environ.get("PEPPER_SECRET_ID", "")
SEAL_KEY_ID: Final = os.environ.get("SEAL_KEY_ID", "")
SENDER: Final = os.environ.get("SENDER", "")
MAIL_CONFIGURATION_SET: Final = os.environ.get("MAIL_CONFIGURATION_SET", "")
LOG_KEY_ID: Final = os.environ.get("LOG_KEY_ID", "")
LOG_BUCKET: Final = os.environ.get("LOG_BUCKET", "")
EVENT_BUS: Final = os.environ.get("EVENT_BUS", "")
SERVER_NAME: Final = os.environ.get("SERVER_NAME", "")
POLICY: Final = Policy.from_environment(os.environ)
POLICY_SECONDS: Final = int(os.environ.get("POLICY_SECONDS") or 30)
LIMITS: Final = Limits.from_environment(os.environ)

ADMINISTRATOR_SIGN_IN_SECONDS: Final = int(os.environ.get("ADMINISTRATOR_SIGN_IN_SECONDS") or 3600)
ADMINISTRATOR_ACTS_PER_HOUR: Final = int(os.environ.get("ADMINISTRATOR_ACTS_PER_HOUR") or 30)
