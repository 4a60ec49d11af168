"""One hot feature: what each way of scaling carries, and with how little.

At equal total budget a store is run as one pool (`pooled`), split as the ordinary mix uses it
(`everything`), or split as the hot mix uses it (`hot_part`, and variants of it).  Two questions
are searched: the capacity of each way, and the fewest cores that carry a fixed rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from reports.arms import Arms
from reports.demand import Bound, bound_of, whole
from reports.search import Search, Threshold, merge
from reports.tally import Tally
from reports.threshold_ratio import ThresholdRatio, ratio_of_searches

POOLED: Final = "pooled"
EVERYTHING: Final = "everything"
_ORDER: Final = {POOLED: 0, EVERYTHING: 1, "hot_part": 2}


@dataclass(frozen=True, slots=True)
class Way:
    """One topology scaled in one way; what was not searched is None or empty."""

    topology: str
    way: str
    capacity: Threshold | None
    """At the budget of the mix."""
    bound: Bound | None
    shares: dict[str, float]
    """Cores by part at that budget; empty when pooled."""
    least_cpus: Threshold | None
    """The fewest cores that meet the objective at the fixed rate."""
    least_memory_gb: float | None
    """What was held there."""
    rate_searches: list[Search]
    cpus_searches: list[Search]


@dataclass(frozen=True, slots=True)
class WayRatio:
    """Scaling everything against the best way of scaling the hot part, in one topology.

    `cpus`: everything ÷ hot part (above 1: the hot part alone needs fewer cores);
    `capacity`: hot part ÷ everything (above 1: it carries more); `memory` as `cpus`.
    """

    topology: str
    way: str
    cpus: ThresholdRatio | None
    capacity: ThresholdRatio | None
    memory: float | None


@dataclass(frozen=True, slots=True)
class BestRatio:
    """Each topology at its own best split: base ÷ rival; pooled is no split and left out."""

    base: Way
    rival: Way
    capacity: ThresholdRatio


@dataclass(frozen=True, slots=True)
class PoolRatio:
    """One big machine against the best split of the same budget: capacity, pooled ÷ split."""

    topology: str
    way: str
    capacity: ThresholdRatio


@dataclass(frozen=True, slots=True)
class HotMix:
    """One hot workload."""

    workload: str
    cpus: float | None
    """The total budget of the capacity searches."""
    rate: float | None
    """Journeys per second at which the fewest cores were searched."""
    ways: list[Way]
    by_way: list[WayRatio]
    by_pool: list[PoolRatio]
    best: BestRatio | None

    def of(self, topology: str) -> list[Way]:
        return [way for way in self.ways if way.topology == topology]


@dataclass(frozen=True, slots=True)
class Hot:
    """All hot mixes of a run, in the order of measurement."""

    mixes: list[HotMix]


def measure_hot(searches: Sequence[Search], tallies: dict[int, Tally], arms: Arms) -> Hot:
    """Sort the searches of phase `hot` by workload, topology and way."""
    workloads = dict.fromkeys(search.trial.workload for search in searches)
    return Hot([_mix(workload, [s for s in searches if s.trial.workload == workload], tallies,
                     arms) for workload in workloads])


def best_of(ways: Sequence[Way]) -> Way | None:
    """The split with the greatest confirmed capacity; pooled, which is none, is not asked."""
    known = _carrying(ways)
    return max(known, key=lambda one: one[0])[1] if known else None


def best_hot_part(ways: Sequence[Way]) -> Way | None:
    """The best split that follows the hot mix: by fewest cores where they were searched."""
    own = _hot_parts(ways)
    least = _needing(own)
    return min(least, key=lambda one: one[0])[1] if least else best_of(own)


def _hot_parts(ways: Sequence[Way]) -> list[Way]:
    return [way for way in ways if way.way not in (POOLED, EVERYTHING)]


def _carrying(ways: Sequence[Way]) -> list[tuple[float, Way]]:
    """Splits with their confirmed capacities: those among which the best is chosen."""
    return [(value, way) for way in ways
            if way.way != POOLED and way.capacity and (value := way.capacity.value) is not None]


def _needing(ways: Sequence[Way]) -> list[tuple[float, Way]]:
    """Splits with the fewest cores that were confirmed."""
    return [(value, way) for way in ways
            if way.least_cpus and (value := way.least_cpus.value) is not None]


def _mix(workload: str, own: list[Search], tallies: dict[int, Tally], arms: Arms) -> HotMix:
    groups: dict[tuple[str, str], list[Search]] = {}
    for search in own:
        groups.setdefault((search.trial.topology, search.trial.scaled or POOLED), []).append(search)
    keys = sorted(groups, key=lambda key: (arms.all.index(key[0]), _ORDER.get(key[1], 3), key[1]))
    ways = [_way(topology, way, groups[topology, way], tallies) for topology, way in keys]
    by_store = [[way for way in ways if way.topology == name] for name in arms.all]
    by_rate = [search.trial for search in own if search.variable == "rate"]
    by_cpus = [search.trial for search in own if search.variable == "cpus"]
    return HotMix(workload, by_rate[0].cpu_budget if by_rate else None,
                  by_cpus[0].rate_profile[-1][1] if by_cpus else None, ways,
                  [saving for one in by_store if (saving := _by_way(one))],
                  [pool for one in by_store if (pool := _by_pool(one))], _best(ways, arms))


def _way(topology: str, way: str, own: list[Search], tallies: dict[int, Tally]) -> Way:
    rate, cpus = ([search for search in own if search.variable == variable]
                  for variable in ("rate", "cpus"))
    memory = [cost.memory_bytes / 1e9 for search in cpus
              if search.best and (cost := whole(search.best.trial))]
    return Way(
        topology, way, merge([search.threshold for search in rate]) if rate else None,
        bound_of(rate, tallies), rate[0].trial.shares if rate else {},
        merge([search.threshold for search in cpus]) if cpus else None,
        sum(memory) / len(memory) if memory else None, rate, cpus)


def _by_way(own: list[Way]) -> WayRatio | None:
    everything = next((way for way in own if way.way == EVERYTHING), None)
    hot = best_hot_part(own)
    if everything is None or hot is None:
        return None
    more, less = everything.least_memory_gb, hot.least_memory_gb
    parts = _hot_parts(own)
    by_cores = len(_needing(parts))  # else by capacity; the other question has chosen nothing
    by_capacity = 1 if by_cores else len(_carrying(parts))
    return WayRatio(
        hot.topology, hot.way,
        _ratio(everything.cpus_searches, hot.cpus_searches, (1, by_cores or 1))
        if everything.cpus_searches and hot.cpus_searches else None,
        _ratio(hot.rate_searches, everything.rate_searches, (by_capacity, 1))
        if everything.rate_searches and hot.rate_searches else None,
        more / less if more and less else None)


def _by_pool(own: list[Way]) -> PoolRatio | None:
    pooled = next((way for way in own if way.way == POOLED and way.rate_searches), None)
    best = best_of(own)
    if pooled is None or best is None:
        return None
    return PoolRatio(best.topology, best.way, _ratio(pooled.rate_searches, best.rate_searches,
                                                     (1, len(_carrying(own)))))


def _best(ways: list[Way], arms: Arms) -> BestRatio | None:
    of_base, of_rival = ([way for way in ways if way.topology == name]
                         for name in (arms.base, arms.rival))
    base, rival = best_of(of_base), best_of(of_rival)
    if base is None or rival is None:
        return None
    return BestRatio(base, rival, _ratio(base.rate_searches, rival.rate_searches,
                                         (len(_carrying(of_base)), len(_carrying(of_rival)))))


def _ratio(above: list[Search], below: list[Search], best_of: tuple[int, int]) -> ThresholdRatio:
    return replace(ratio_of_searches(above, below), best_of=best_of)
