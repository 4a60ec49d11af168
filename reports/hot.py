"""One hot feature: what each way of scaling carries, and with how little.

At equal total budget a store is run as one pool (`pooled`), split as the ordinary mix uses it
(`everything`), or split as the hot mix uses it (`hot_part`, and variants of it).  Two questions
are searched: the capacity of each way, and the fewest cores that carry a fixed rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    known = [(value, way) for way in ways
             if way.way != POOLED and way.capacity and (value := way.capacity.value) is not None]
    return max(known, key=lambda one: one[0])[1] if known else None


def best_hot_part(ways: Sequence[Way]) -> Way | None:
    """The best split that follows the hot mix: by fewest cores where they were searched."""
    own = [way for way in ways if way.way not in (POOLED, EVERYTHING)]
    least = [(value, way) for way in own
             if way.least_cpus and (value := way.least_cpus.value) is not None]
    return min(least, key=lambda one: one[0])[1] if least else best_of(own)


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
    return WayRatio(
        hot.topology, hot.way,
        ratio_of_searches(everything.cpus_searches, hot.cpus_searches)
        if everything.cpus_searches and hot.cpus_searches else None,
        ratio_of_searches(hot.rate_searches, everything.rate_searches)
        if everything.rate_searches and hot.rate_searches else None,
        more / less if more and less else None)


def _by_pool(own: list[Way]) -> PoolRatio | None:
    pooled = next((way for way in own if way.way == POOLED and way.rate_searches), None)
    best = best_of(own)
    if pooled is None or best is None:
        return None
    return PoolRatio(best.topology, best.way,
                     ratio_of_searches(pooled.rate_searches, best.rate_searches))


def _best(ways: list[Way], arms: Arms) -> BestRatio | None:
    base, rival = (best_of([way for way in ways if way.topology == name])
                   for name in (arms.base, arms.rival))
    if base is None or rival is None:
        return None
    return BestRatio(base, rival, ratio_of_searches(base.rate_searches, rival.rate_searches))
