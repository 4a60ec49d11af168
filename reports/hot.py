"""One hot feature: what each way of scaling carries, and with how little.

Three questions are searched: the capacity of each way at equal total budget, the fewest cores
that carry a fixed rate, and the least memory that does on all cores.  What the ways are:
reports/hot_ways.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.arms import Arms
from reports.guards import Judged
from reports.hot_ratios import (
    BestRatio,
    MemoryRatio,
    PoolRatio,
    WayRatio,
    best_ratio,
    by_pool,
    by_way,
    memory_ratio,
)
from reports.hot_ways import ORDER, POOLED, Way, way_of
from reports.search import Search, find_searches
from reports.tally import Tally


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Trials from which the splits follow.  `doubtful`: rejected ones that count all the same, for
    at their rate there was no other (lab.plan.split.works_of)."""

    n: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class HotMix:
    """One hot workload."""

    workload: str
    cpus: float | None
    """The total budget of the capacity searches."""
    rate: float | None
    """Journeys per second at which the fewest cores and the least memory were searched."""
    ways: list[Way]
    by_way: list[WayRatio]
    by_pool: list[PoolRatio]
    best: BestRatio | None
    memory: MemoryRatio | None = None
    calibrations: Calibrations | None = None

    def of(self, topology: str) -> list[Way]:
        return [way for way in self.ways if way.topology == topology]


@dataclass(frozen=True, slots=True)
class Hot:
    """All hot mixes of a run, in the order of measurement."""

    mixes: list[HotMix]


def measure_hot(judged: Sequence[Judged], tallies: dict[int, Tally], arms: Arms) -> Hot:
    """Sort the searches of phase `hot` by workload, topology and way."""
    searches = find_searches(judged, "hot")
    workloads = dict.fromkeys(search.trial.workload for search in searches)
    mixes = [_mix(workload, [s for s in searches if s.trial.workload == workload], tallies, arms)
             for workload in workloads]
    return Hot([replace(mix, calibrations=_calibrations(judged, mix)) for mix in mixes])


def _calibrations(judged: Sequence[Judged], mix: HotMix) -> Calibrations:
    """Of one mix, by the series that its searches stand in."""
    series = {search.trial.series for way in mix.ways
              for search in (*way.rate_searches, *way.cpus_searches, *way.memory_searches)}
    at_rates: dict[tuple[str, str, float], list[str]] = {}
    for one in judged:
        trial = one.trial
        if trial.phase == "hot" and trial.probe is None and trial.series in series:
            at_rates.setdefault((trial.topology, trial.workload, trial.rate_profile[-1][1]),
                                []).append(one.status)
    used = [[status for status in own if status != "rejected"] or own for own in at_rates.values()]
    return Calibrations(sum(map(len, used)), sum(own.count("rejected") for own in used))


def _mix(workload: str, own: list[Search], tallies: dict[int, Tally], arms: Arms) -> HotMix:
    groups: dict[tuple[str, str], list[Search]] = {}
    for search in own:
        groups.setdefault((search.trial.topology, search.trial.scaled or POOLED), []).append(search)
    keys = sorted(groups, key=lambda key: (arms.all.index(key[0]), _place(key[1]), key[1]))
    ways = [way_of(topology, way, groups[topology, way], tallies) for topology, way in keys]
    by_store = [[way for way in ways if way.topology == name] for name in arms.all]
    by_rate = [search.trial for search in own if search.variable == "rate"]
    at_one_rate = [search.trial for search in own if search.variable != "rate"]
    return HotMix(workload, by_rate[0].cpu_budget if by_rate else None,
                  at_one_rate[0].rate_profile[-1][1] if at_one_rate else None, ways,
                  [saving for one in by_store for saving in by_way(one)],
                  [pool for one in by_store for pool in by_pool(one)], best_ratio(ways, arms),
                  memory_ratio(ways, arms))


def _place(way: str) -> int:
    """Variants of a split stand behind it, before the replicas."""
    name = way.partition("×")[0]
    return ORDER.index(name) if name in ORDER else len(ORDER)
