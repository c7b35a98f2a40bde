"""The service's clients of AWS: one botocore session, a client made once and only when it is needed.

botocore and not boto3: the clients are the same, and start-up is what a restore after months waits for. Retries are
set here because botocore's defaults differ between versions. `TransactionConflict` is in no list of botocore's;
`restore.store` retries it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session

_session = Session()
_config = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    parameter_validation=False,  # what is sent is built here, and checked by tests
)


# A mail whose answer was lost may be on its way: sent again by the client it would come twice. `restore.outbox` sends
# again what SES has refused for its load.
_mail_config = _config.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


@cache
def client(service: str) -> Any:
    """The client of a service: `dynamodb`, `secretsmanager`, `sesv2`, `events`."""
    return _session.create_client(service, config=_mail_config if service == "sesv2" else _config)
