"""The table: what was to be reached, what was reached, and whether it was."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.acts import ERASE, FINISH, INDEX_OF, NOTIFY, NOTIFY_OF_NOTHING, PUBLISH
from bench.prices import QUEUE_REQUEST, Price, price_of
from bench.units import Units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.acts import Act
    from bench.coldstart import ColdStart

WITH_MODEL: Final = (1.25, 1.1)
WITHOUT_MODEL: Final = (0.9, 0.75)
TRIPS: Final = {
    "sign in": (2, 1),
    "enable": (2, 1),
    "request": (3, 3),
    "complete": (2, 2),
    "unpair": (2, 1),
    "request, refused": (1, 1),
    "complete, wrong code": (2, 1),
}
SHOWN: Final = 4
"""Acts that a row names, the worst first."""
MAIN_JOB: Final = ("enable", "request", "complete", "unpair")
MAIN_JOB_UNITS: Final = (Units(30, 2), Units(24, 0))
OF_MAILS: Final = (1.3, 1.15)
RESTORATION: Final = ("request", "complete")
_UNPAIRING: Final = ("complete, unpairing the others", "reclaim")
BY_NUMBER_OF_DEVICES: Final = frozenset({*_UNPAIRING, *(f"{INDEX_OF}{name}" for name in _UNPAIRING), FINISH})
"""Acts that write down or delete each device that they unpair, give back or forget: more of them are more work."""


@dataclass(frozen=True, slots=True)
class Row:
    """One budget. Goals are None where there is none: then the value is only told."""

    what: str
    must: str
    aim: str
    reached: str
    verdict: str
    """`aim`, `must`, `MISSES` or nothing."""


def verdict(value: float, must: float, aim: float) -> str:
    """What a value has reached; smaller is better."""
    return "aim" if value <= aim else "must" if value <= must else "MISSES"


def start_rows(starts: Iterable[ColdStart]) -> list[Row]:
    """One row a function, those with a body model first."""
    rows = []
    for start in sorted(starts, key=lambda one: (not one.has_body_model, one.ratio)):
        must, aim = WITH_MODEL if start.has_body_model else WITHOUT_MODEL
        reached = f"{start.ratio:.2f}  ({start.low:.2f} to {start.high:.2f})"
        if start.instructions is not None:
            reached += f"  instructions {start.instructions:.2f}"
        what = f"{start.function}{', body model' if start.has_body_model else ''}"
        rows.append(Row(what, f"{must:g}", f"{aim:g}", reached, verdict(start.ratio, must, aim)))
    return rows


def act_rows(acts: Mapping[str, Act]) -> list[Row]:
    """Trips of every act of a warm function, with a goal where there is one, and its units."""
    rows = []
    for name, act in acts.items():
        if name.startswith(INDEX_OF) and name.removeprefix(INDEX_OF) not in RESTORATION:
            continue  # what runs after an act is told once for all of them, and for the main job
        trips = act.trips
        goal = TRIPS.get(name)
        must, aim = (str(goal[0]), str(goal[1])) if goal else ("", "")
        judged = verdict(trips, *goal) if goal else ""
        rows.append(Row(name, must, aim, f"{trips} {'trip' if trips == 1 else 'trips'}, {act.units}", judged))
    whole = sum((acts[name].units for name in MAIN_JOB), Units())
    must_units, aim_units = MAIN_JOB_UNITS
    judged = verdict(_weight(whole), _weight(must_units), _weight(aim_units))
    if whole.written > must_units.written or whole.read > must_units.read:
        judged = "MISSES"
    rows.append(Row("units of " + " + ".join(MAIN_JOB), str(must_units), str(aim_units), str(whole), judged))
    return rows


def _weight(units: Units) -> float:
    """Units by their price: a write costs five reads."""
    return units.written + units.read / 5


def scale_row(what: str, few: Mapping[str, Act], many: Mapping[str, Act]) -> Row:
    """The worst ratio of calls and units of any act in one setting to the same act in another."""
    ratios = {name: max(_ratio(act, few[name])) for name, act in many.items() if name not in BY_NUMBER_OF_DEVICES}
    worst = max(ratios.values())
    ranked = sorted((name for name, ratio in ratios.items() if ratio > 1), key=ratios.__getitem__, reverse=True)
    more = [f"{name} {few[name].units} -> {many[name].units}" for name in ranked[:SHOWN]]
    more += [f"{len(ranked) - SHOWN} more"] if len(ranked) > SHOWN else []
    told = f"{worst:.2f}" + (f"  ({'; '.join(more)})" if more else "")
    return Row(what, "1", "", told, verdict(worst, 1.0, 1.0).replace("aim", "must"))


def _ratio(one: Act, other: Act) -> tuple[float, float]:
    weight, former = _weight(one.units), _weight(other.units)
    return one.trips / other.trips if other.trips else 1.0, weight / former if former else 1.0


def price_rows(
    acts: Mapping[str, Act], cold_acts: Mapping[str, Act], starts: Mapping[str, ColdStart]
) -> tuple[list[Row], dict[str, Any]]:
    """A thousand of each act, and a restoration against its mails; the same as figures.

    Of those acts alone whose functions were started, and all that runs after them.
    """
    figures: dict[str, Any] = {}
    rows: list[Row] = []
    acts_alone = {name: act for name, act in acts.items() if not name.startswith(INDEX_OF)}
    priced = [name for name, act in acts_alone.items() if starts.keys() >= {act.function, *_functions_after(name, act)}]
    for name in priced:
        cold = _of_act(name, acts, cold_acts, starts, cold=True)
        warm = _of_act(name, acts, cold_acts, starts, cold=False)
        figures[name] = {"cold": asdict(cold), "warm": asdict(warm)}
        rows.append(
            Row(f"a thousand of: {name}", "", "", f"${1000 * warm.total:.4f} warm, ${1000 * cold.total:.4f} cold", "")
        )
    for started in (True, False) if set(priced) >= set(RESTORATION) else ():
        whole = sum((_of_act(name, acts, cold_acts, starts, cold=started) for name in RESTORATION), Price())
        ratio = whole.total / whole.mails
        with_logs = (whole.total + whole.traces_and_logs) / whole.mails
        how = "every function cold" if started else "every function warm"
        reached = f"{ratio:.2f}  (with traces and logs {with_logs:.2f})"
        rows.append(
            Row(
                f"a restoration over its mails, {how}",
                f"{OF_MAILS[0]:g}",
                f"{OF_MAILS[1]:g}",
                reached,
                verdict(ratio, *OF_MAILS),
            )
        )
        figures[f"restoration, {how}"] = asdict(whole) | {"ratio": ratio, "with_traces_and_logs": with_logs}
    return rows, figures


def _functions_after(name: str, act: Act) -> set[str]:
    """What runs because of an act."""
    return ({"Notify", "Publish", "Index"} if act.events else set()) | ({"Erase"} if name == ERASE else set())


def _of_act(
    name: str,
    acts: Mapping[str, Act],
    cold_acts: Mapping[str, Act],
    starts: Mapping[str, ColdStart],
    *,
    cold: bool,
) -> Price:
    """An act, the stream's consumers for the rows that it wrote, and the end of an erasure."""
    act = acts[name]
    played = act if not cold else cold_acts.get(name, act)
    price = price_of(played, starts[act.function], cold=cold)
    if act.events:
        mails = act.notices
        consumer = acts[NOTIFY if mails else NOTIFY_OF_NOTHING]
        price += price_of(consumer, starts["Notify"], cold=cold, mails=mails)
        price += price_of(acts[PUBLISH], starts["Publish"], cold=cold, events=act.events)
        # a queue gives an act's events in one batch; each is a message of its own
        price += price_of(acts[f"{INDEX_OF}{name}"], starts["Index"], cold=cold)
        price += Price(bus=QUEUE_REQUEST * (act.events - 1))
    if name == ERASE:
        price += price_of(acts[FINISH], starts["Erase"], cold=cold)
    return price


def show(title: str, rows: Sequence[Row]) -> str:
    """The rows under a title, in columns."""
    head = Row(title, "must", "aim", "reached", "")
    widths = [max(len(row[place]) for row in map(_cells, [head, *rows])) for place in range(4)]
    lines = []
    for row in [head, *rows]:
        cells = _cells(row)
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells[:4], widths, strict=True))
        lines.append(f"{line}  {cells[4]}".rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    return [row.what, row.must, row.aim, row.reached, row.verdict]
