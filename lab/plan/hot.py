"""One hot feature: which way of scaling, and which split of the budget, serves a store best."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from contract.run_record import TrialRecord
from lab.plan.block import Group, Listed
from lab.plan.capacity import normalised
from lab.plan.probes import Search, journeys_of, next_group
from lab.plan.trials import Phase, PlannedTrial, steady
from lab.scenario import HotPartKeys, ScenarioKeys
from lab.topology import Budget

LEAST_SHARE: Final = 0.03
"""No part gets less of the budget than this: an idle program still answers its health checks."""


@dataclass(frozen=True, slots=True)
class HotPartBlock:
    """Calibration on the pooled store, then every way's capacity, then every way's fewest cores."""

    scenario: ScenarioKeys
    keys: HotPartKeys
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
        splits = {name: self._splits(name, calibrating) for name in self.scenario.topologies}
        for repeat in range(self.keys.repeats):
            for variable in ("rate", "cpus") if self.keys.rate_per_s else ("rate",):
                group = next_group(list(self._searches(splits, variable, repeat)), own)
                if group is not None:
                    return group
        return None

    def outlook(self) -> list[PlannedTrial]:
        """Return the calibration and a typical search for each way."""
        splits: dict[str, dict[str, dict[str, float]]] = {
            name: {way: {} for way in self._ways()} for name in self.scenario.topologies}
        return self.calibration().outlook() + [
            trial for repeat in range(self.keys.repeats)
            for variable in (("rate", "cpus") if self.keys.rate_per_s else ("rate",))
            for search in self._searches(splits, variable, repeat) for trial in search.outlook()]

    def _ways(self) -> list[str]:
        return [*self.keys.ways, *(f"hot_part×{factor:g}" for factor in self.keys.tune)]

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

    def _splits(self, topology: str, calibrating: list[TrialRecord]) -> dict[str, dict[str, float]]:
        """Cores by part for each way; pooled has none."""
        keys = self.keys
        ordinary, hot = (demands(calibrating, topology, workload)
                         for workload in (keys.ordinary, keys.workload))
        splits: dict[str, dict[str, float]] = {
            "pooled": {}, "everything": split(ordinary, keys.cpus),
            "hot_part": split(hot, keys.cpus)}
        splits = {way: splits[way] for way in keys.ways}
        for factor in keys.tune:
            part = keys.hot_part[topology]
            tuned = {name: value * (factor if name == part else 1.0)
                     for name, value in hot.items()}
            splits[f"hot_part×{factor:g}"] = split(tuned, keys.cpus)
        return splits

    def _searches(self, splits: dict[str, dict[str, dict[str, float]]], variable: str,
                  repeat: int) -> Iterator[Search]:
        keys = self.keys
        for topology, ways in splits.items():
            for way, shares in ways.items():
                template = replace(
                    steady(self.scenario, "hot", self.series, topology,
                           (keys.workload, 0.0, keys.warmup_s, keys.probe_s)),
                    scaled=way, budget=Budget(keys.cpus, self.scenario.budget.memory_mb,
                                              "partitioned" if shares else "pooled", shares))
                yield Search(f"{self.series}/{topology}/{way}/{variable}/{repeat}",
                             "rate" if variable == "rate" else "cpus", keys, template,
                             keys.rate_per_s or 0.0)


def hot_part_blocks(scenario: ScenarioKeys) -> Iterator[HotPartBlock]:
    """One block a hot mix."""
    for keys in scenario.hot_parts:
        yield HotPartBlock(scenario, keys)


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
