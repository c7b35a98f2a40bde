"""Measures what the service costs: start-up, round trips, units, prices, each against its budget (`make bench`).

Ratios and counts of one run on one machine, never seconds, so that two machines agree. What is counted and how is
said where it is counted: `bench.coldstart`, `bench.wire`, `bench.units`, `bench.prices`; why it is measured so, in
docs/decisions/benchmark.md.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "layers/core"))
