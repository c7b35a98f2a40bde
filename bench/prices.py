"""List prices, and what an act costs by them.

us-east-1, on demand, first tier, without free tiers; US dollars, as AWS's price pages had them in November 2025:
aws.amazon.com/<service>/pricing of lambda, api-gateway, dynamodb (on-demand), ses, secrets-manager, eventbridge, sqs,
xray, cloudwatch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.acts import AFTER, BEHIND_QUEUES

if TYPE_CHECKING:
    from bench.acts import Act
    from bench.coldstart import ColdStart

LAMBDA_REQUEST: Final = 0.20e-6
LAMBDA_GB_SECOND: Final = 0.0000133334
"""arm64."""
API_REQUEST: Final = 3.50e-6
"""REST API, the first 333 million a month."""
WRITE_UNIT: Final = 0.625e-6
READ_UNIT: Final = 0.125e-6
MAIL: Final = 0.10e-3
SECRET_CALL: Final = 0.05 / 10_000
KEY_CALL: Final = 0.03 / 10_000
EVENT: Final = 1.00e-6
"""A custom event, for each begun 64 KB of it; what rules of the stack's own account take off the bus is free."""
QUEUE_REQUEST: Final = 0.40e-6
"""A standard queue."""
QUEUE_REQUESTS: Final = 3
"""A message is sent, received and deleted."""
TRACE: Final = 5.00e-6
LOG_GB: Final = 0.50

MEMORY_GB: Final = 1.0
"""The template's default for MemorySize, 1,024 MB …"""
PROCESSORS: Final = 1024 / 1769
"""… and the share of one processor that Lambda gives for it (Developer Guide, "Configure Lambda function memory")."""
WAITS: Final = {"dynamodb": 0.005, "secretsmanager": 0.010, "kms": 0.010, "sesv2": 0.080, "events": 0.020}
"""Assumed, since nothing here can measure it: seconds that a call to AWS is waited for, and paid."""
LOGGED_BYTES: Final = 1500
"""The function's one line, and Lambda's start and report."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars of one act. `traces_and_logs` is kept apart: the operator's choice, and no part of the budget."""

    function: float = 0.0
    gateway: float = 0.0
    table: float = 0.0
    secrets: float = 0.0
    mails: float = 0.0
    bus: float = 0.0
    traces_and_logs: float = 0.0

    def __add__(self, other: Price) -> Price:
        """Both together."""
        return Price(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def total(self) -> float:
        """All but traces and logs."""
        return self.function + self.gateway + self.table + self.secrets + self.mails + self.bus


def price_of(act: Act, start: ColdStart, *, cold: bool, mails: int | None = None, events: int | None = None) -> Price:
    """What an act costs where its function has just started (Lambda bills the start, too), or is warm.

    `mails` and `events` are another act's, where what was played stands for what runs after that one.
    """
    calls = [call for call in act.calls if cold or act.needs(call)]
    seconds = (start.cold_seconds if cold else start.warm_seconds) / PROCESSORS
    seconds += sum(WAITS[call.service] for call in calls)
    return Price(
        function=LAMBDA_REQUEST + seconds * MEMORY_GB * LAMBDA_GB_SECOND,
        gateway=0.0 if act.function in AFTER else API_REQUEST,
        table=sum(call.units.written * WRITE_UNIT + call.units.read * READ_UNIT for call in calls),
        secrets=sum(SECRET_CALL for call in calls if call.service == "secretsmanager")
        + sum(KEY_CALL for call in calls if call.service == "kms"),
        mails=MAIL * (act.mails if mails is None else mails),
        bus=EVENT * (act.published if events is None else events)
        + (QUEUE_REQUESTS * QUEUE_REQUEST if act.function in BEHIND_QUEUES else 0.0),
        traces_and_logs=TRACE + LOGGED_BYTES / 1e9 * LOG_GB,
    )
