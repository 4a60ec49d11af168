"""One hot feature: which way of scaling, and which split of the budget, serves a store best.

Scaling is either more of the budget or more replicas, of everything or of the hot part alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from contract.probe_record import Variable
from contract.run_record import TrialRecord
from lab.plan.block import Group, Listed
from lab.plan.probes import Search, next_group
from lab.plan.quantity import Cores, Memory, Quantity, Rate, demand
from lab.plan.split import Work, split, works_of
from lab.plan.trials import Phase, PlannedTrial, steady
from lab.scenario import HotPartKeys, ScenarioFile, ScenarioKeys
from lab.topology import Budget

_SECOND: Final = 0.6
"""The second calibration is at this share of the bound that follows from the first."""
_RISE: Final = 2.0
"""And at this many times the first one's rate at least."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of scaling a store: a split of the budget, or more replicas on one pool."""

    works: dict[str, Work] = field(default_factory=dict)
    """By part: the budget is split so that they all come to their end at one rate."""
    is_split: bool = False
    replicas: int = 1
    replicated: str | None = None
    is_tuned: bool = False


Layouts = dict[str, dict[str, Layout]]
"""Topology → way → layout."""


@dataclass(frozen=True, slots=True)
class HotPartBlock:
    """Calibration on the pooled store, then by way capacity and fewest cores; least memory."""

    scenario: ScenarioKeys
    keys: HotPartKeys
    indivisible: frozenset[str]
    """Topologies of one program: its replicas are replicas of everything."""
    phase: Phase = "hot"

    @property
    def series(self) -> str:
        """`hot_search/parts`."""
        return f"{self.keys.workload}/parts"

    def next(self, own: list[TrialRecord]) -> Group | None:
        """Measure first what each part works; the splits follow from it."""
        calibrating = [trial for trial in own if trial.probe is None]
        if len(own) == len(calibrating):
            group = self.calibration(calibrating).next(calibrating)
            if group is not None:
                return group
        for searches in self._rounds(self._layouts(calibrating)):
            group = next_group(searches, own)
            if group is not None:
                return group
        return None

    def outlook(self) -> list[PlannedTrial]:
        """Return the calibration and a typical search for each way."""
        return self.calibration().outlook() + [
            trial for searches in self._rounds(self._layouts([])) for search in searches
            for trial in search.outlook()]

    def calibration(self, own: Sequence[TrialRecord] = ()) -> Listed:
        """Both mixes on the pooled store at two rates: what each part works idle, and a journey.

        The second rate follows from what was recorded at the first.
        """
        keys, first = self.keys, self.keys.pilot_rate_per_s
        cases = [(name, workload) for name in self.scenario.topologies
                 for workload in (keys.ordinary, keys.workload)]

        def second(name: str, workload: str) -> float:
            cpu_s = demand([trial for trial in own if (trial.topology, trial.workload) == (
                name, workload) and trial.rate_profile[-1][1] == first])
            return max(_RISE * first, _SECOND * keys.cpus / cpu_s if cpu_s else 0.0)

        groups = (tuple(self._pooled(*case, first) for case in cases),
                  tuple(self._pooled(*case, second(*case)) for case in cases))
        return Listed("hot", self.series, groups, self.scenario.guards.retries)

    def _pooled(self, topology: str, workload: str, rate_per_s: float) -> PlannedTrial:
        keys = self.keys
        return replace(
            steady(self.scenario, "hot", self.series, topology,
                   (workload, rate_per_s, keys.warmup_s, keys.probe_s * keys.confirm_factor)),
            scaled="pooled", budget=Budget(keys.cpus, self.scenario.budget.memory_mb))

    def _layouts(self, calibrating: list[TrialRecord]) -> Layouts:
        return {name: self._splits(name, calibrating) | self._replicas(name)
                for name in self.scenario.topologies}

    def _splits(self, topology: str, calibrating: list[TrialRecord]) -> dict[str, Layout]:
        """Ways that split the budget by measured work; pooled has no split."""
        keys = self.keys
        ordinary, hot = (
            works_of([trial for trial in calibrating
                      if (trial.topology, trial.workload) == (topology, workload)])
            for workload in (keys.ordinary, keys.workload))
        splits = {"pooled": Layout(), "everything": Layout(ordinary, is_split=True),
                  "hot_part": Layout(hot, is_split=True)}
        splits = {way: splits[way] for way in keys.ways}
        part = keys.hot_part[topology]
        for factor in keys.tune:
            tuned = {name: Work(work.idle, work.slope * (factor if name == part else 1.0))
                     for name, work in hot.items()}
            splits[f"hot_part×{factor:g}"] = Layout(tuned, is_split=True, is_tuned=True)
        return splits

    def _replicas(self, topology: str) -> dict[str, Layout]:
        """Ways that add programs instead of moving the budget."""
        keys = self.keys
        if keys.replicas == 1:
            return {}
        ways = {"replicas_of_everything": Layout(replicas=keys.replicas)}
        if topology not in self.indivisible:
            ways["replicas_of_hot_part"] = Layout(
                replicas=keys.replicas, replicated=keys.hot_part[topology])
        return ways

    def _rounds(self, layouts: Layouts) -> Iterator[list[Search]]:
        """Searches that are interleaved with each other, one round after the other."""
        for repeat in range(self.keys.repeats):
            yield list(self._searches(layouts, "rate", repeat))
            if self.keys.rate_per_s:
                yield list(self._searches(layouts, "cpus", repeat))
            if self.keys.least_memory:
                yield list(self._searches(layouts, "memory", repeat))

    def _searches(self, layouts: Layouts, variable: Variable, repeat: int) -> Iterator[Search]:
        keys = self.keys
        for topology, ways in layouts.items():
            for way, layout in ways.items():
                if (variable == "cpus" and layout.is_tuned) or (
                        variable == "memory" and way != "pooled"):
                    continue
                budget = Budget(keys.cpus, self.scenario.budget.memory_mb,
                                "partitioned" if layout.is_split else "pooled",
                                split(layout.works, keys.cpus))
                template = replace(
                    steady(self.scenario, "hot", self.series, topology,
                           (keys.workload, 0.0, keys.warmup_s, keys.probe_s)),
                    scaled=way, replicas=layout.replicas, replicated=layout.replicated,
                    budget=budget)
                yield Search(f"{self.series}/{topology}/{way}/{variable}/{repeat}",
                             self._quantity(variable, budget, layout), keys, template)

    def _quantity(self, variable: Variable, budget: Budget, layout: Layout) -> Quantity:
        keys = self.keys
        if variable == "rate" or keys.rate_per_s is None:
            return Rate(budget, keys.pilot_rate_per_s)
        if variable == "cpus":
            return Cores(budget, keys.rate_per_s, layout.works)
        return Memory(budget, keys.rate_per_s)


def hot_part_blocks(file: ScenarioFile, scenario: ScenarioKeys) -> Iterator[HotPartBlock]:
    """One block a hot mix."""
    indivisible = frozenset(name for name in scenario.topologies
                            if len(file.topologies[name].deployables) == 1)
    for keys in scenario.hot_parts:
        yield HotPartBlock(scenario, keys, indivisible)
