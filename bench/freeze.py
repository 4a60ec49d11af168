"""A server stops for two seconds: who sees it?  Our generator beside Locust as it comes.

    python -m bench freeze [--rounds 2] [--json]

The same server, the same 100 requests a second for 20 s, one freeze of 2 s in the middle.  Of a
freeze of f seconds in t, a share f / t of the visitors meets it and waits from f down to 0: with
2 in 20 the 99th percentile is 1.8 s, whatever the server does otherwise.  Locust's users wait
with the server: what they did not send can't be slow.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.default_locust import READ_PRODUCTS, Users, run
from bench.known_process import serving
from bench.open_load import drive
from bench.ratio import Ratio, in_turns, paired_ratio, show
from lab.budget.group import available_cores, divide_cores
from reports.estimate import percentile

RATE: Final = 100.0
LOAD_S: Final = 20.0
FREEZE_AT_S: Final = 9.0
FREEZE_S: Final = 2.0
TARGET_MS: Final = 1700.0
_CLOSED: Final = Users(READ_PRODUCTS, 10, {"BENCH_PER_USER": str(RATE / 10)})
_SERVER: Final = ("--shape", "lognormal", "--scale", "0.2")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one generator reports of a freeze; `never_sent`: due at its rate, and not sent."""

    p99_ms: float
    sent: int
    never_sent: int


def ours() -> Seen:
    """Drive an open schedule."""
    cores = divide_cores(available_cores())
    with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as name:
        folder = Path(name)
        with serving(folder, cores.system, *_SERVER, *_freeze(FREEZE_AT_S + 1)) as server:
            driven = drive(server.url, folder, cores.generator, [(1.0, RATE), (LOAD_S, RATE)], 1)
    summary = driven.summary
    return Seen(percentile(driven.response_ms, 99), len(driven.end),
                summary.rows_scheduled - len(server.records))


def default_locust() -> Seen:
    """Let ten users of Locust's own ask ten times a second each."""
    cores = divide_cores(available_cores())
    with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as name:
        folder = Path(name)
        with serving(folder, cores.system, *_SERVER, *_freeze(FREEZE_AT_S)) as server:
            told = run(_CLOSED, server.url, folder, cores.generator, LOAD_S)
        instants = [record.received for record in server.records]
    due = round(RATE * (max(instants) - min(instants)))
    return Seen(told.p99_ms, told.requests, due - len(instants))


def measure(rounds: int) -> tuple[Ratio, str]:
    """Return our p99 against the target, and a sentence of what Locust said meanwhile."""
    mine: list[Seen] = []
    theirs: list[Seen] = []

    def one() -> float:
        mine.append(ours())
        return mine[-1].p99_ms

    def other() -> float:
        theirs.append(default_locust())
        return theirs[-1].p99_ms

    p99, locust_p99 = in_turns(rounds, one, other)
    ratio = paired_ratio("p99 of a freeze / 1,700 ms", p99, [TARGET_MS] * rounds, 1.0,
                         f"{np.mean(p99):,.0f} ms, {np.mean([s.sent for s in mine]):,.0f} sent, "
                         f"{np.mean([s.never_sent for s in mine]):,.0f} never sent")
    return ratio, (
        f"default Locust (HttpUser, constant_throughput, its own summary): p99 "
        f"{', '.join(f'{value:g}' for value in locust_p99)} ms, "
        f"{np.mean([s.sent for s in theirs]):,.0f} sent, "
        f"{np.mean([s.never_sent for s in theirs]):,.0f} never sent")


def _freeze(at_s: float) -> tuple[str, ...]:
    return "--freeze-at", str(at_s), "--freeze-for", str(FREEZE_S)


def main() -> int:
    """Read arguments, measure, print; say whether the freeze shows."""
    parser = argparse.ArgumentParser(prog="python -m bench freeze", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="drives by each generator")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    ratio, beside = measure(given.rounds)
    code = show([ratio], as_json=given.json)
    if not given.json:
        sys.stdout.write(f"{beside}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
