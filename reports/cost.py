"""What a request costs: CPU-seconds and memory per 1,000 good requests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.arms import usable
from reports.estimate import Estimate, mean_of
from reports.guards import Judged
from reports.read import Run


@dataclass(frozen=True, slots=True)
class Cost:
    """Per 1,000 good requests, over latency trials."""

    topology: str
    cpu_s: Estimate
    gb_s: Estimate
    parts_cpu_s: dict[str, float]
    parts_gb_s: dict[str, float]


def measure_cost(run: Run, judged: list[Judged], topology: str) -> Cost | None:
    trials = [t for t in usable(judged, "latency") if t.topology == topology and t.cost]
    cpu, memory = [], []
    parts: dict[str, list[tuple[float, float]]] = {}
    for trial in trials:
        good = int(run.measured(trial)["good"].sum())
        if not good:
            continue
        named = {name: cost for name, cost in trial.cost.items() if name != "total"}
        total = trial.cost.get("total")
        cpu_s = total.cpu_s if total else sum(cost.cpu_s for cost in named.values())
        held = total.memory_bytes if total else sum(c.memory_bytes for c in named.values())
        cpu.append(cpu_s * 1000 / good)
        memory.append(held / 1e9 * trial.measure_s * 1000 / good)
        for name, cost in named.items():
            parts.setdefault(name, []).append(
                (cost.cpu_s * 1000 / good, cost.memory_bytes / 1e9 * trial.measure_s * 1000 / good))
    cpu_s_each, gb_s_each = mean_of(cpu, "CPU s / 1,000 good"), mean_of(memory, "GB·s / 1,000 good")
    if cpu_s_each is None or gb_s_each is None:
        return None
    means = {name: np.mean(values, axis=0) for name, values in sorted(parts.items())}
    return Cost(topology, cpu_s_each, gb_s_each,
                {name: float(mean[0]) for name, mean in means.items()},
                {name: float(mean[1]) for name, mean in means.items()})
