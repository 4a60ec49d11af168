"""Lost revenue: what the matched run sold − what the run with the fault sold, in minor units.

Sold are the totals of all orders that stand confirmed in the books once the store has come to
rest (I4: the bank has exactly that).  The whole trial counts, not the fault's window: an order
that a stalled store confirms late is no loss, one that fails while it recovers is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from contract.run_record import TrialRecord
from reports.estimate import Estimate, mean_of
from reports.isolation import FaultResult
from reports.strips import fault_of, matched_to, window_of

OTHER_JOURNEYS: Final = (
    "matched runs had other journeys: chance is in the difference, and no interval holds it")


@dataclass(frozen=True, slots=True)
class Revenue:
    """One fault in one store and posture; amounts in minor units, means over its runs."""

    result: FaultResult
    topology: str
    matched_minor: float
    sold_minor: float
    lost: Estimate
    lost_per_min: Estimate
    """Lost ÷ the minutes for which the fault was armed."""
    orders_lost: float
    """Confirmed orders, of the same trials."""


def revenue_of(results: Sequence[FaultResult],
               trials: Sequence[TrialRecord]) -> list[Revenue]:
    """Compare usable trials of phase `isolation`; a fault without recorded sales is left out."""
    found = []
    for result in results:
        for topology, loss in result.losses.items():
            if result.void or not loss.applies:
                continue
            own = [t for t in trials if t.topology == topology and t.posture == result.posture
                   and t.sold_minor is not None]
            broken = [t for t in own if t.fault and t.fault.name == result.fault.name]
            clean = [t for t in own if t.fault is None]
            if broken and clean:
                found.append(_compare(result, topology, broken, clean))
    return found


def _compare(result: FaultResult, topology: str, broken: list[TrialRecord],
             clean: list[TrialRecord]) -> Revenue:
    seeds = {one.seed for one in clean}
    is_same = any(trial.seed in seeds for trial in broken)
    if is_same:  # a run whose matched run was rejected has nothing to be compared with
        broken = [trial for trial in broken if trial.seed in seeds]
    matched = [matched_to(trial, clean) for trial in broken]
    lost = [_mean([one.sold_minor for one in those]) - (trial.sold_minor or 0)
            for trial, those in zip(broken, matched, strict=True)]
    minutes = [_minutes(trial) for trial in broken]
    return Revenue(
        result, topology,
        _mean([_mean([one.sold_minor for one in those]) for those in matched]),
        _mean([trial.sold_minor for trial in broken]),
        _estimate(lost, "minor units", is_same),
        _estimate([each / m for each, m in zip(lost, minutes, strict=True)],
                  "minor units a minute", is_same),
        _mean([_mean([one.sold_orders for one in those]) - (trial.sold_orders or 0)
               for trial, those in zip(broken, matched, strict=True)]),
    )


def _estimate(values: list[float], unit: str, is_same: bool) -> Estimate:
    """A t interval over repeats.  None where all lost the same, which shows no spread, nor where
    the matched run had other journeys."""
    found = mean_of(values, unit)
    assert found is not None
    bare = replace(found, low=None, high=None)
    if not is_same:
        return replace(bare, caveats=(OTHER_JOURNEYS,))
    return bare if len(set(values)) == 1 else found


def _minutes(trial: TrialRecord) -> float:
    armed, cleared = window_of(fault_of(trial))
    return max(cleared - armed, 1e-3) / 60


def _mean(values: Sequence[float | None]) -> float:
    return sum(value or 0 for value in values) / len(values)
