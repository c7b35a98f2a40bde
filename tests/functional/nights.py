"""Days and nights of a stack: events reach the journal, erasures are finished, and every night the log is signed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms.utils import ECDSAPrivateKey

from local.verify_log import Deployment
from restore import aws
from restore.store import unpack
from tests.functional.bus import Bus, Long
from tests.functional.world import ARCHIVE, DAY, HOUR, START, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.functional.world import World

MIDNIGHT = START // DAY * DAY


class Nights(Bus):
    """The bus, the queue behind it that fills the journal, and the clock of the nightly signing."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        # moto takes what is to be signed for a message, even where the request says that it is a digest
        world.environ.setattr(ECDSAPrivateKey, "sign", _sign_digest)

    @contextmanager
    def awake(self) -> Iterator[Nights]:
        """See what arrives on the bus."""
        with self.listening():
            yield self

    def index(self, events: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Hand events to the function that fills the journal; what it answers."""
        records = [{"messageId": str(number), "body": json.dumps(event)} for number, event in enumerate(events)]
        answer: dict[str, Any] = self.world.handler("Index")({"Records": records}, Long())
        return answer

    def new(self) -> list[dict[str, Any]]:
        """The events of all acts since, as they arrive on the bus."""
        assert self.publish() == {"batchItemFailures": []}
        return self.taken()

    def settle(self) -> list[dict[str, Any]]:
        """Let happen what happens after acts: journal and erasures; the events that it was about."""
        events = self.new()
        assert self.index(events) == {"batchItemFailures": []}
        if any(event["detail-type"] == "identity.erased" for event in events):
            assert self.erase(events) == {"batchItemFailures": []}
        return events

    def sign(self) -> list[str]:
        """Sign the log; the days that were signed."""
        answer = self.world.handler("SignLog")({}, Long())
        days: list[str] = answer["signed"]
        return days

    def move_to(self, day: int, hour: int = 2) -> None:
        """Move the clock on to an hour of a day, counted from the world's first."""
        at = MIDNIGHT + day * DAY + hour * HOUR
        assert at >= self.world.clock.now
        self.world.clock.now = float(at)

    def deployment(self) -> Deployment:
        """What `verify-log` reads."""
        return Deployment(aws.client, TABLE, ARCHIVE, self.world.references["<LogKey.Arn>"], pepper="<PepperSecret.Id>")

    def left(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The items of the table as the service reads them, but for counters of sources."""
        return {key: unpack(item) for key, item in self.world.items(counters=False).items()}


def _sign_digest(key: Any, message: bytes, signing_algorithm: str) -> bytes:
    """As KMS signs a digest."""
    assert signing_algorithm == "ECDSA_SHA_256"
    signature: bytes = key.private_key.sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))
    return signature
