"""The means over faults that page one speaks of, with what it subtracts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.arms import Arms
from reports.estimate import Estimate
from reports.isolation import FaultResult
from reports.postures import collateral_of, gap_of, in_both, postures_of
from reports.table import Table
from reports.words import interval, number

_Row = tuple[str, str, Estimate]


def mean_tables(results: Sequence[FaultResult], arms: Arms) -> list[Table]:
    """Mean collateral by posture and store, their difference, and what resilience changed."""
    rows = list(_rows([one for one in results if one.is_comparable and one.has_independent], arms))
    if not rows:
        return []
    return [Table(
        "isolation_means", "Collateral, mean over faults",
        "Points of all requests, over the faults that can be compared and that some feature does "
        "not need; 95 % intervals.",
        ["posture", "what", "faults", "points"],
        [[posture, what, str(one.n), _points(one)] for posture, what, one in rows],
        ["posture", "what", "faults", "share", "low", "high"],
        [[posture, what, one.n, one.value, one.low, one.high] for posture, what, one in rows],
        frozenset({2, 3}))]


def _rows(valid: list[FaultResult], arms: Arms) -> Iterator[_Row]:
    stores = [name for name in (arms.base, arms.rival) if name]
    for posture in postures_of(valid):
        own = [one for one in valid if one.posture == posture]
        found = [(name, mean) for name in stores if (mean := collateral_of(own, name))]
        yield from ((posture, name, mean) for name, mean in found)
        if len(found) == 2:
            (base, one), (rival, other) = found
            yield from _difference(posture, f"{base} − {rival}", one, other)
    raw, resilient = in_both(valid)
    for name in stores if raw else []:
        before, after = collateral_of(raw, name), collateral_of(resilient, name)
        if before and after:
            yield from _difference("raw − resilient", name, before, after)


def _difference(posture: str, what: str, one: Estimate, other: Estimate) -> Iterator[_Row]:
    if gap := gap_of(one, other):
        yield posture, what, Estimate(gap.value, gap.low, gap.high, one.n, one.unit,
                                      "difference of means over faults")


def _points(one: Estimate) -> str:
    low, high = (None if end is None else end * 100 for end in (one.low, one.high))
    return f"{number(one.value * 100)} {interval(low, high)}".strip()
