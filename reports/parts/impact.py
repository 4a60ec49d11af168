"""The table of what each fault cost, and when."""

from __future__ import annotations

import math
from dataclasses import astuple, fields

from reports.impact import Impact
from reports.isolation import FaultResult
from reports.table import Table
from reports.words import ABSENT, number, times


def impact_table(results: list[FaultResult]) -> Table:
    """One row a run with a fault."""
    rows = [(result, loss.topology, impact) for result in results
            for loss in result.losses.values() for impact in loss.impacts]
    return Table(
        "isolation_impact", "When it was seen, and what it cost",
        "Seconds from armed: the first bad request (hurt), the first second by which the bad ones "
        "contradict 99 % (binomial, p < 0.001; detected), the store's own first error or exit "
        "(own sign). Seconds from cleared: 20 good requests in a row (well), and 20 of which at "
        "most 3 are slower than the matched run's p95 (drained), and books found to balance "
        "(consistent). Budget: bad requests of the "
        "trial ÷ the 1 % that is allowed. Calls: between services, an answer, against the matched "
        "run. Orders: placed in the matched run − placed, in the fault's window.",
        ["fault", "store", "hurt", "detected", "own sign", "well", "drained", "consistent",
         "budget", "good/s", "without", "calls", "orders lost"],
        [[result.name, topology, *_cells(one)] for result, topology, one in rows],
        ["fault", "posture", "topology", *(field.name for field in fields(Impact))],
        [[result.fault.name, result.posture, topology, *astuple(one)]
         for result, topology, one in rows],
        frozenset(range(2, 13)),
    )


def _cells(one: Impact) -> list[str]:
    return [
        *(ABSENT if at is None else number(at, 2)
          for at in (one.hurt_s, one.seen_s, one.signal_s, one.good_run_s, one.drained_s)),
        _consistent(one), f"×{number(one.budget, 2)}", number(one.good_per_s),
        number(one.matched_good_per_s),
        times(one.calls_ratio) if one.calls_ratio else ABSENT, number(one.orders_lost),
    ]


def _consistent(one: Impact) -> str:
    if one.consistent_s is None:
        return ABSENT
    return "never" if math.isinf(one.consistent_s) else number(one.consistent_s, 2)
