"""One hot feature: which way of scaling, and which split of the budget, serves a store best.

Scaling is either more of the budget or more replicas, of everything or of the hot part alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np

from contract.run_record import TrialRecord
from lab.plan.block import Group, Listed
from lab.plan.capacity import normalised
from lab.plan.probes import Search, journeys_of, next_group
from lab.plan.trials import Phase, PlannedTrial, steady
from lab.scenario import HotPartKeys, ScenarioFile, ScenarioKeys
from lab.topology import Budget

LEAST_SHARE: Final = 0.03
"""No part gets less of the budget than this: an idle program still answers its health checks."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of scaling a store: a split of the budget, or more replicas on one pool."""

    shares: dict[str, float] = field(default_factory=dict)
    """Cores by part; empty: one pool."""
    replicas: int = 1
    replicated: str | None = None
    is_tuned: bool = False


Layouts = dict[str, dict[str, Layout]]
"""Topology → way → layout."""


@dataclass(frozen=True, slots=True)
class HotPartBlock:
    """Calibration on the pooled store, then every way's capacity, then every way's fewest cores."""

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
        """Measure demands first; the splits follow from them."""
        calibrating = [trial for trial in own if trial.probe is None]
        if len(own) == len(calibrating):
            group = self.calibration().next(calibrating)
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

    def calibration(self) -> Listed:
        """Both mixes on the pooled store: what each part works for a journey."""
        keys = self.keys
        group = tuple(
            replace(steady(self.scenario, "hot", self.series, name,
                           (workload, keys.pilot_rate_per_s, keys.warmup_s,
                            keys.probe_s * keys.confirm_factor)),
                    scaled="pooled", budget=Budget(keys.cpus, self.scenario.budget.memory_mb))
            for name in self.scenario.topologies for workload in (keys.ordinary, keys.workload))
        return Listed("hot", self.series, (group,), self.scenario.guards.retries)

    def _layouts(self, calibrating: list[TrialRecord]) -> Layouts:
        return {name: self._splits(name, calibrating) | self._replicas(name)
                for name in self.scenario.topologies}

    def _splits(self, topology: str, calibrating: list[TrialRecord]) -> dict[str, Layout]:
        """Ways that split the budget by measured demand; pooled has no split."""
        keys = self.keys
        ordinary, hot = (demands(calibrating, topology, workload)
                         for workload in (keys.ordinary, keys.workload))
        splits = {"pooled": Layout(), "everything": Layout(split(ordinary, keys.cpus)),
                  "hot_part": Layout(split(hot, keys.cpus))}
        splits = {way: splits[way] for way in keys.ways}
        for factor in keys.tune:
            part = keys.hot_part[topology]
            tuned = {name: value * (factor if name == part else 1.0)
                     for name, value in hot.items()}
            splits[f"hot_part×{factor:g}"] = Layout(split(tuned, keys.cpus), is_tuned=True)
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

    def _searches(self, layouts: Layouts, variable: Literal["rate", "cpus"],
                  repeat: int) -> Iterator[Search]:
        keys = self.keys
        for topology, ways in layouts.items():
            for way, layout in ways.items():
                if variable == "cpus" and layout.is_tuned:
                    continue
                template = replace(
                    steady(self.scenario, "hot", self.series, topology,
                           (keys.workload, 0.0, keys.warmup_s, keys.probe_s)),
                    scaled=way, replicas=layout.replicas, replicated=layout.replicated,
                    budget=Budget(keys.cpus, self.scenario.budget.memory_mb,
                                  "partitioned" if layout.shares else "pooled", layout.shares))
                yield Search(f"{self.series}/{topology}/{way}/{variable}/{repeat}", variable, keys,
                             template, keys.rate_per_s or 0.0)


def hot_part_blocks(file: ScenarioFile, scenario: ScenarioKeys) -> Iterator[HotPartBlock]:
    """One block a hot mix."""
    indivisible = frozenset(name for name in scenario.topologies
                            if len(file.topologies[name].deployables) == 1)
    for keys in scenario.hot_parts:
        yield HotPartBlock(scenario, keys, indivisible)


def demands(trials: list[TrialRecord], topology: str, workload: str) -> dict[str, float]:
    """CPU seconds a journey by part: the mean over usable calibrations."""
    found: dict[str, list[float]] = {}
    mine = [t for t in trials if (t.topology, t.workload) == (topology, workload)]
    for trial in [t for t in mine if t.status != "rejected"] or mine:
        for part, cost in trial.cost.items():
            if part != "total":
                found.setdefault(part, []).append(cost.cpu_s / journeys_of(trial))
    return {part: float(np.mean(values)) for part, values in found.items()}


def split(demand: dict[str, float], cpus: float) -> dict[str, float]:
    """Share cores in proportion to demand, nobody below the least share."""
    total = sum(demand.values()) or 1.0
    raised = {part: max(value / total, LEAST_SHARE) for part, value in demand.items()}
    return normalised(raised, cpus) if raised else {}
