"""`python -m bench`: measure everything, print one table, and leave the figures in .local/bench.json."""

from __future__ import annotations

import argparse
import copy
import json
import logging
import os
import shutil
import sys
import time
from collections import defaultdict
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import moto
import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from bench import ROOT, report
from bench.acts import AFTER, Act, Story
from bench.coldstart import Artifact, Bench, ColdStart, bench_of, has_body_model
from bench.wire import Wire
from local.build import built_template
from local.errors import StackError
from local.places import STATE
from local.progress import Progress
from restore import aws, standing
from restore.store import pack
from tests.functional.bus import NAME as BUS
from tests.functional.world import REGION, TABLE, Clock, World, environment
from tests.template import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEW: Final = 10
MANY: Final = 100_000
PAIRS: Final = 9
# The cold starts follow minutes after the acts whose answers they are given: codes have to last as long.
PARAMETERS: Final = {"EmailCodeSeconds": "3600", "PairingSeconds": "3600"}
_AGO: Final = 300


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 when everything was measured, whatever came out; 1 when something could not be."""
    options = _options(arguments)
    logging.disable()
    progress = Progress()
    began = time.monotonic()
    try:
        with progress.step("Playing every act: cold, warm, with ten devices"), _world(FEW) as (world, wire):
            cold = _played(world, wire, "cold", "192.0.2.1")
            warm = _played(world, wire, "warm", "192.0.2.2")
            crowded = {} if options.no_scale else _played(world, wire, "warm-too", "192.0.2.3", crowded=True)
        among_many: dict[str, Act] = {}
        if not options.no_scale:
            with progress.step(f"The same among {MANY:,} identities"), _world(MANY) as (world, wire):
                _played(world, wire, "cold", "192.0.2.4")
                among_many = _played(world, wire, "warm", "192.0.2.5")
        starts = _starts(cold, options, progress)
    except (StackError, RuntimeError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"  Measured in {time.monotonic() - began:.0f} s\n")
    _tell(cold, warm, crowded, among_many, starts)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the budgets.")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs of starts a function ({PAIRS})")
    parser.add_argument("--only", nargs="*", default=[], metavar="FUNCTION", help="start these functions alone")
    parser.add_argument("--no-scale", action="store_true", help="leave out many identities and many devices")
    parser.add_argument("--no-starts", action="store_true", help="count trips and units alone")
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions of each start, too (valgrind; minutes more)"
    )
    options = parser.parse_args(arguments)
    if options.instructions and not shutil.which("valgrind"):
        parser.error("--instructions needs valgrind")
    return options


@contextmanager
def _world(identities: int) -> Iterator[tuple[World, Wire]]:
    """A deployment in memory with so many identities in its table, and the wire between it and its functions."""
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_DEFAULT_REGION", REGION)
    started = time.time() - _AGO
    clock = Clock(patch)
    clock.now = started
    aws.client.cache_clear()
    wire = Wire()
    try:
        with moto.mock_aws():
            world = World(clock, patch)
            world.redeploy(**PARAMETERS)
            aws.client("events").create_event_bus(Name=BUS)
            _settle(identities)
            # metrics go to standard output
            with wire.watched(), Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
                yield world, wire
    finally:
        patch.undo()
        aws.client.cache_clear()


def _played(world: World, wire: Wire, identity: str, source: str, *, crowded: bool = False) -> dict[str, Act]:
    return {act.name: act for act in Story(world, wire, identity, source, crowded=crowded).play()}


class _Items(defaultdict[Any, Any]):
    """A table's items, of which the first `settled` are somebody else's and written by nobody here.

    Before each transaction moto copies its whole table, to be able to go back. Those need no copy of their own.
    """

    settled = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> _Items:
        copied = _Items(dict, self)
        copied.settled = self.settled
        for key in list(islice(reversed(self), len(self) - self.settled)):
            copied[key] = copy.deepcopy(self[key], memo)
        return copied


_A_PAGE: Final = 51
_STANDS: Final = pack({"cell": "e-pv2a", "tags": ["restore:enabled"], "restore": "enabled", "devices": 2, "lacks": []})


def _settle(identities: int) -> None:
    """Put identities into the table that the acts do not touch."""
    items = _Items(dict)
    for number in range(identities):
        key, sort = DynamoType({"S": f"ID#settled-{number}"}), DynamoType({"S": "I"})
        attributes = {"PK": {"S": f"ID#settled-{number}"}, "SK": {"S": "I"}, "sign_ins": {"N": "7"}}
        items[key] = {sort: Item(key, sort, attributes)}
    # listed are a page and one more at least: how much a page costs is told of full ones
    for tag in (standing.ALL, "restore:enabled"):
        partition = DynamoType({"S": f"WHO#{tag}"})
        items[partition] = {}
        for number in range(max(identities, _A_PAGE)):
            sort = DynamoType({"S": f"settled-{number:06d}"})
            keys = {"PK": {"S": f"WHO#{tag}"}, "SK": {"S": f"settled-{number:06d}"}}
            items[partition][sort] = Item(partition, sort, {**keys, **(_STANDS if tag == standing.ALL else {})})
    shard, zero = DynamoType({"S": "COUNT"}), DynamoType({"S": "0"})
    count = {"PK": {"S": "COUNT"}, "SK": {"S": "0"}, "e-pv2a": {"N": str(identities)}}
    items[shard] = {zero: Item(shard, zero, count)}
    items.settled = len(items)
    dynamodb_backends[translated.ACCOUNT][REGION].tables[TABLE].items = items


def _starts(cold: dict[str, Act], options: argparse.Namespace, progress: Progress) -> dict[str, ColdStart]:
    if options.no_starts:
        return {}
    firsts: dict[str, Act] = {}
    for act in cold.values():
        firsts.setdefault(act.function, act)
    built = built_template(progress)
    starts = {}
    with bench_of(built, _interpreter()) as bench:
        for name, function in translated.functions().items():
            if options.only and name not in options.only and name not in AFTER:
                continue
            if name not in firsts:
                progress.say(f"  {name} has no act in bench/acts.py, and is not started")
                continue
            source = (ROOT / function["Properties"]["CodeUri"] / "app.py").read_text(encoding="utf-8")
            artifact = Artifact(
                name, built.parent / name, environment(name, PARAMETERS), has_body_model=has_body_model(source)
            )
            with progress.step(f"Starting {name} and the bare one, {options.pairs} times by turns"):
                start = bench.compare(artifact, firsts[name], options.pairs)
            if options.instructions:
                with progress.step(f"Counting the instructions of {name}"):
                    start = replace(start, instructions=_instructions(bench, firsts[name], artifact))
            starts[name] = start
    return starts


def _instructions(bench: Bench, act: Act, artifact: Artifact) -> float:
    return bench.instructions(act, artifact) / bench.instructions(act)


def _interpreter() -> str:
    """The Python that the environment was made from: Lambda's has no environment around it either."""
    return str(getattr(sys, "_base_executable", sys.executable))


def _tell(
    cold: dict[str, Act],
    warm: dict[str, Act],
    crowded: dict[str, Act],
    among_many: dict[str, Act],
    starts: dict[str, ColdStart],
) -> None:
    acts = report.act_rows(warm)
    if among_many:
        acts.append(report.scale_row(f"calls and units at {MANY:,} identities against {FEW}", warm, among_many))
        acts.append(report.scale_row("calls and units with ten devices against one", warm, crowded))
    parts = [("Round trips and DynamoDB units, warm", acts)]
    figures: dict[str, Any] = {}
    if starts:
        parts.insert(0, ("Cold start, CPU over the bare function's", report.start_rows(starts.values())))
        rows, figures = report.price_rows(warm, cold, starts)
        parts.append(("List price", rows))
    print("\n\n".join(report.show(title, rows) for title, rows in parts))
    missed = [row.what for _, rows in parts for row in rows if row.verdict == "MISSES"]
    print("\nMisses its must: " + ("; ".join(missed) if missed else "nothing") + ".")
    uncounted = sorted(translated.functions().keys() - {act.function for act in warm.values()})
    print("Not counted: " + (", ".join(uncounted) if uncounted else "nothing") + ".")
    file = STATE / "bench.json"
    file.parent.mkdir(exist_ok=True)
    written = {title: [asdict(row) for row in rows] for title, rows in parts}
    file.write_text(
        json.dumps(
            {"rows": written, "prices": figures, "starts": {name: asdict(start) for name, start in starts.items()}},
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
