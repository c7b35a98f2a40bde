"""Who waits for whom: a call to AWS, the function around it, and the gateway before that."""

from __future__ import annotations

from typing import Any

from restore import aws
from tests.template.translated import functions, stack

GATEWAY_SECONDS = 29
PAUSES_SECONDS = 1 + 2
"""Before the second and the third try at most (botocore's standard mode)."""
TIME_TO_TAKE_BACK_SECONDS = 3


def test_a_service_that_hangs_is_given_up_while_the_act_can_be_taken_back() -> None:
    """ASVS 2.3.3, 16.5.3: a mail whose service never answers must not end the function before it has undone its act."""
    config: Any = aws._config  # botocore's stubs do not know its members
    tries = config.retries["total_max_attempts"]
    hanging = tries * (config.connect_timeout + config.read_timeout) + PAUSES_SECONDS
    sending = {"CreateIdentity", "EnableRestore", "RequestRestore", "ResendCode", "ResendConfirmation", "ChangeEmail"}
    assert sending <= set(functions())
    for name in sending:
        assert hanging + TIME_TO_TAKE_BACK_SECONDS <= int(stack().properties(name)["Timeout"]) < GATEWAY_SECONDS, name
