"""Part two: capacity by quick ramps, and by searches whose probes are interleaved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract.run_record import TrialRecord
from lab.plan.block import Group, Listed
from lab.plan.probes import Search, next_group
from lab.plan.quantity import Rate
from lab.plan.trials import PAST_CAPACITY, Phase, PlannedTrial, steady
from lab.scenario import CapacityKeys, HotKeys, ScenarioKeys, SearchKeys
from lab.topology import Budget


def ramp_blocks(scenario: ScenarioKeys, keys: CapacityKeys | None) -> Iterator[Listed]:
    """One block a budget: a ramp of each topology."""
    if keys is None:
        return
    for cpus in keys.cpus:
        group = tuple(
            replace(_ramp(scenario, "capacity", keys, topology, cpus),
                    budget=Budget(cpus, scenario.budget.memory_mb))
            for topology in scenario.topologies)
        yield Listed("capacity", f"{keys.workload}/cpus={cpus:g}", (group,) * keys.repeats,
                     scenario.guards.retries)


def hot_ramp_blocks(scenario: ScenarioKeys, keys: HotKeys | None) -> Iterator[Listed]:
    """A ramp for each topology and way of scaling, at equal total budget."""
    if keys is None:
        return
    cpus = keys.cpus[0]
    group = tuple(
        replace(_ramp(scenario, "hot", keys, topology, cpus), scaled=way,
                budget=Budget(cpus, scenario.budget.memory_mb, "partitioned",
                              normalised(shares, cpus)))
        for topology in scenario.topologies
        for way, shares in keys.shares[topology].items())
    yield Listed("hot", f"{keys.workload}/ramp", (group,) * keys.repeats, scenario.guards.retries)


def normalised(shares: dict[str, float], cpus: float) -> dict[str, float]:
    """Scale shares to a total of `cpus`."""
    total = sum(shares.values())
    return {part: cpus * share / total for part, share in shares.items()}


def _ramp(scenario: ScenarioKeys, phase: Phase, keys: CapacityKeys, topology: str,
          cpus: float) -> PlannedTrial:
    first = keys.first_rate_per_s[topology] * cpus
    steps = tuple((keys.step_s, first * keys.growth**step) for step in range(keys.steps))
    series = f"{keys.workload}/cpus={cpus:g}" if phase == "capacity" else f"{keys.workload}/ramp"
    one = steady(scenario, phase, series, topology,
                 (keys.workload, first, keys.warmup_s, keys.step_s))
    return replace(one, rate_profile=((keys.warmup_s, first), *steps), early_stop=PAST_CAPACITY)


@dataclass(frozen=True, slots=True)
class SearchBlock:
    """Capacity at one point of resources, every topology, all repeats."""

    scenario: ScenarioKeys
    keys: SearchKeys
    point: int
    phase: Phase = "search"

    @property
    def series(self) -> str:
        """`shop/cpus=0.9/replicas=1`."""
        point = self.keys.points[self.point]
        return f"{self.keys.workload}/cpus={point.cpus:g}/replicas={point.replicas}"

    def next(self, own: list[TrialRecord]) -> Group | None:
        """Ask every search of the first repeat that has not ended."""
        for repeat in range(self.keys.repeats):
            group = next_group(self._searches(repeat), own)
            if group is not None:
                return group
        return None

    def outlook(self) -> list[PlannedTrial]:
        """Return a typical search of each topology."""
        return [trial for repeat in range(self.keys.repeats)
                for search in self._searches(repeat) for trial in search.outlook()]

    def _searches(self, repeat: int) -> list[Search]:
        point = self.keys.points[self.point]
        names = self.keys.topologies or self.scenario.topologies
        budget = Budget(point.cpus, self.scenario.budget.memory_mb)
        return [
            Search(
                f"{self.series}/{name}/{repeat}", Rate(budget, self.keys.pilot_rate_per_s),
                self.keys,
                replace(steady(self.scenario, "search", self.series, name,
                               (self.keys.workload, 0.0, self.keys.warmup_s, self.keys.probe_s)),
                        replicas=point.replicas, budget=budget))
            for name in names
        ]


def search_blocks(scenario: ScenarioKeys) -> Iterator[SearchBlock]:
    """One block for each point of each search."""
    for keys in scenario.search:
        for point in range(len(keys.points)):
            yield SearchBlock(scenario, keys, point)
