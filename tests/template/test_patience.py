"""Who waits for whom: a call to AWS, the function around it, and the gateway before that."""

from __future__ import annotations

from typing import Any

import pytest

from restore import aws
from tests.template.translated import functions, stack

GATEWAY_SECONDS = 29
PAUSES_SECONDS = 1 + 2
"""Before the second and the third try at most (botocore's standard mode)."""
TIME_TO_TAKE_BACK_SECONDS = 3
CONNECTIONS = 3
"""A mail is handed over again by `restore.outbox` only where no connection came about, or SES refused its load."""
OUTBOX_PAUSES_SECONDS = 0.1 + 0.4

MAILING = {
    "CreateIdentity",
    "EnableRestore",
    "RequestRestore",
    "ResendCode",
    "ResendConfirmation",
    "ChangeEmail",
    "ChangeSecondEmail",
    "ResendSecondConfirmation",
    "KeptCode",
}
"""The acts whose answer waits for a mail."""


def test_every_act_that_mails_is_known() -> None:
    """Who has a sender and answers API Gateway."""
    found = {
        name
        for name, function in functions().items()
        if "SENDER" in function["Properties"].get("Environment", {}).get("Variables", {})
        and {one["Type"] for one in function["Properties"].get("Events", {}).values()} == {"Api"}
    }
    assert found == MAILING


@pytest.mark.parametrize("name", sorted(MAILING))
@pytest.mark.parametrize("service", ["mail", "others"])
def test_a_service_that_hangs_is_given_up_while_the_act_can_be_taken_back(name: str, service: str) -> None:
    """ASVS 2.3.3, 16.5.3: a service that never answers must not end the function before it has undone its act."""
    config: Any = aws._mail_config if service == "mail" else aws._config  # botocore's stubs do not know its members
    tries = config.retries["total_max_attempts"]
    if service == "mail":
        assert tries == 1, "its answer lost, a mail would come twice"
        hanging = (CONNECTIONS - 1) * config.connect_timeout + OUTBOX_PAUSES_SECONDS
        hanging += config.connect_timeout + config.read_timeout
    else:
        hanging = tries * (config.connect_timeout + config.read_timeout) + PAUSES_SECONDS
    assert hanging + TIME_TO_TAKE_BACK_SECONDS <= int(stack().properties(name)["Timeout"]) < GATEWAY_SECONDS


class Session:
    """A session that says which configuration a client is made with, and makes none."""

    def create_client(self, _service: str, *, config: Any) -> Any:
        """Its configuration."""
        return config


def test_each_client_has_the_patience_that_is_counted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """SES's is its own: what is tried again of a mail is the outbox's to say."""
    monkeypatch.setattr(aws, "_session", Session())
    make = aws.client.__wrapped__
    assert {make(service) for service in ("dynamodb", "secretsmanager", "kms", "events")} == {aws._config}
    assert make("sesv2") is aws._mail_config
