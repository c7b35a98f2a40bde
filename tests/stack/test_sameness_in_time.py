"""B5: by their time, too, a known identity and an unknown one cannot be told apart.

A statistical test and not a limit: requests of all kinds are sent by turns, in random order, so that whatever the
machine does besides falls on all of them alike; only their ranks are compared. Its power is shown in the same run: the
one difference that the contract admits (a wrong code that begins right costs one call more) is found by it.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final

from local.phone import Phone, made_up_code, selector
from tests.stack.people import Person, some_source

if TYPE_CHECKING:
    from local.stack import Stack

ROUND: Final = 40
ROUNDS: Final = 6
FALSE_ALARM: Final = 1e-5
"""So seldom would a run fail by chance alone."""


def probability(one: list[float], other: list[float]) -> float:
    """Of ranks so far apart, were there no difference (Mann and Whitney, two-sided, by the normal approximation)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(place for place, (_, of) in enumerate(ranked, 1) if of == 0)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    return math.erfc(abs(u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12) / math.sqrt(2))


def test_the_statistics_find_what_there_is_and_nothing_else() -> None:
    """The test of the test: the same law twice, and one that is a little later."""
    chance = random.Random(7)
    one, same, later = ([chance.gauss(mean, 1) for _ in range(200)] for mean in (0, 0, 0.6))
    assert probability(one, same) > 0.01
    assert probability(one, later) < FALSE_ALARM


def test_known_and_unknown_identities_take_the_same_time(stack: Stack) -> None:
    """B5, A 6.3.8: a refusal's time says nothing; a second call is found at once by the very same statistics."""
    person = Person.restorable(stack)
    seconds: dict[str, list[float]] = {"unknown": [], "known": [], "begins right": []}
    for _ in range(ROUNDS):
        kinds = [kind for kind in seconds for _ in range(ROUND)]
        random.shuffle(kinds)
        for kind in kinds:
            stranger = Phone(stack.api, source=some_source())
            name = f"{person.identity[:-1]}x" if kind == "unknown" else person.identity
            code = made_up_code(selector(person.paper)) if kind == "begins right" else made_up_code()
            answer = stranger.request_restore(name, code)
            answer.expect(403, "restore_refused")
            seconds[kind].append(answer.seconds)
        assert probability(seconds["known"], seconds["unknown"]) > FALSE_ALARM
        if probability(seconds["begins right"], seconds["unknown"]) < FALSE_ALARM:
            return
        person.shown(person.phone.enable().expect(201))  # a code takes a hundred wrong ones in a row
    message = "a second call was not found, so that nothing was found says nothing"
    raise AssertionError(message)
