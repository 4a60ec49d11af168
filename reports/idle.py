"""The idle tax: what stores take while nobody comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.arms import Arms, usable
from reports.demand import named, whole
from reports.estimate import Estimate, mean_of
from reports.guards import Judged

if TYPE_CHECKING:
    from reports.cost import Cost


@dataclass(frozen=True, slots=True)
class Idle:
    """What a topology takes while nobody comes; shares are of the cost of its own first series,
    which others may lack."""

    topology: str
    cores: Estimate
    memory_gb: Estimate
    parts_cores: dict[str, float]
    parts_memory_gb: dict[str, float]
    share_of_cores: float | None
    share_of_memory: float | None
    series: str = ""
    """Whose cost the shares are of; "" without a series."""


def measure_idle(judged: list[Judged], arms: Arms, costs: Sequence[Cost]) -> list[Idle]:
    """Compute it from phase `idle`; `costs`: of the latency trials, for the shares."""
    found = []
    trials = [trial for trial in usable(judged, "idle") if whole(trial) and trial.measure_s > 0]
    for name in arms.all:
        own = [(trial, cost) for trial in trials if trial.topology == name
               and (cost := whole(trial))]
        cores = mean_of([cost.cpu_s / trial.measure_s for trial, cost in own], "cores")
        memory = mean_of([cost.memory_bytes / 1e9 for _, cost in own], "GB")
        if cores is None or memory is None:
            continue
        parts = sorted({part for trial, _ in own for part in named(trial)})
        loaded = next((cost for cost in costs if cost.topology == name), None)
        found.append(Idle(
            name, cores, memory,
            {p: float(np.mean([t.cost[p].cpu_s / t.measure_s for t, _ in own if p in t.cost]))
             for p in parts},
            {p: float(np.mean([t.cost[p].memory_bytes / 1e9 for t, _ in own if p in t.cost]))
             for p in parts},
            cores.value / loaded.cores if loaded and loaded.cores else None,
            memory.value / loaded.memory_gb if loaded and loaded.memory_gb else None,
            (loaded.series or loaded.workload) if loaded else ""))
    return found
