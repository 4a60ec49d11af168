"""The tables of when each fault was seen, and of what it cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from reports.isolation import FaultResult
from reports.table import Table
from reports.words import ABSENT, number, times

Column = tuple[str, str, Callable[[float | None], str]]
"""(heading, field of Impact, how it is printed)."""


def impact_tables(results: list[FaultResult]) -> list[Table]:
    """One row a run with a fault, in both tables."""
    return [_table(
        "isolation_times", "When it was seen, and when it was over",
        "Seconds from armed: the first bad request (hurt), the first second by which the bad ones "
        "contradict 99 % (binomial, p < 0.001; detected), the store's own first error or exit "
        "(own sign). Seconds from cleared: 20 good requests in a row (well), and 20 of which at "
        "most 3 are slower than the matched run's p95 (drained), and books found to balance "
        "(consistent).", _TIMES, results,
    ), _table(
        "isolation_impact", "What it cost",
        "Budget: bad requests of the trial ÷ the 1 % that is allowed. Good a second, with the "
        "fault and without. Calls: between services, an answer, against the matched run, retries "
        "not counted. Tries: of the proxy to reach a part ÷ first tries, over the whole measured "
        "window (retry amplification). Orders: placed in the matched run − placed, in the fault's "
        "window.", _COSTS, results)]


def _table(name: str, title: str, caption: str, columns: tuple[Column, ...],
           results: list[FaultResult]) -> Table:
    rows = [(result, loss.topology, impact) for result in results
            for loss in result.losses.values() for impact in loss.impacts]
    return Table(
        name, title, caption, ["fault", "store", *(heading for heading, _, _ in columns)],
        [[result.name, topology, *(printed(getattr(one, field)) for _, field, printed in columns)]
         for result, topology, one in rows],
        ["fault", "posture", "topology", *(field for _, field, _ in columns)],
        [[result.fault.name, result.posture, topology,
          *(getattr(one, field) for _, field, _ in columns)] for result, topology, one in rows],
        frozenset(range(2, 2 + len(columns))),
    )


def _seconds(at: float | None) -> str:
    """Below a hundredth nothing is known: requests come further apart."""
    if at is None:
        return ABSENT
    if math.isinf(at):
        return "never"
    return "< 0.01" if 0 < at < 0.01 else number(at, 2)


def _times(ratio: float | None) -> str:
    return times(ratio) if ratio else ABSENT


_TIMES: Final[tuple[Column, ...]] = (
    ("hurt", "hurt_s", _seconds), ("detected", "seen_s", _seconds),
    ("own sign", "signal_s", _seconds), ("well", "good_run_s", _seconds),
    ("drained", "drained_s", _seconds), ("consistent", "consistent_s", _seconds),
)
_COSTS: Final[tuple[Column, ...]] = (
    ("budget", "budget", _times), ("good/s", "good_per_s", number),
    ("without", "matched_good_per_s", number), ("calls", "calls_ratio", _times),
    ("tries", "tries_ratio", _times),
    ("orders lost", "orders_lost", number),
)
