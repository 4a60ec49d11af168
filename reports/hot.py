"""One hot feature: what each way of scaling carries, and with how little.

Two questions are searched: the capacity of each way at equal total budget, and the fewest cores
that carry a fixed rate.  What the ways are: reports/hot_ways.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.arms import Arms
from reports.hot_ratios import BestRatio, PoolRatio, WayRatio, best_ratio, by_pool, by_way
from reports.hot_ways import ORDER, POOLED, Way, way_of
from reports.search import Search
from reports.tally import Tally


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


def _mix(workload: str, own: list[Search], tallies: dict[int, Tally], arms: Arms) -> HotMix:
    groups: dict[tuple[str, str], list[Search]] = {}
    for search in own:
        groups.setdefault((search.trial.topology, search.trial.scaled or POOLED), []).append(search)
    keys = sorted(groups, key=lambda key: (arms.all.index(key[0]), _place(key[1]), key[1]))
    ways = [way_of(topology, way, groups[topology, way], tallies) for topology, way in keys]
    by_store = [[way for way in ways if way.topology == name] for name in arms.all]
    by_rate = [search.trial for search in own if search.variable == "rate"]
    by_cpus = [search.trial for search in own if search.variable == "cpus"]
    return HotMix(workload, by_rate[0].cpu_budget if by_rate else None,
                  by_cpus[0].rate_profile[-1][1] if by_cpus else None, ways,
                  [saving for one in by_store for saving in by_way(one)],
                  [pool for one in by_store for pool in by_pool(one)], best_ratio(ways, arms))


def _place(way: str) -> int:
    """Variants of a split stand behind it, before the replicas."""
    name = way.partition("×")[0]
    return ORDER.index(name) if name in ORDER else len(ORDER)
