"""What a journey works a store: demand against load, and the bound that follows from it.

Utilisation law (Denning & Buzen 1978, doi.org/10.1145/356733.356735): a part that works D
CPU-seconds a journey within a share of c cores carries at most c / D journeys a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from contract.run_record import PartCost, TrialRecord
from reports.estimate import LEVEL, Estimate
from reports.search import Search
from reports.tally import Tally

TOTAL: Final = "total"
_POINTS_FOR_A_LINE: Final = 3


@dataclass(frozen=True, slots=True)
class Bound:
    """No more than `rate` journeys/s, for `part` works `demand_s` CPU-seconds a journey on
    `cpus` cores; `part` is `total` where all parts share one budget."""

    rate: float
    part: str
    demand_s: float
    cpus: float
    greatest: str
    """The part that works most, whoever limits."""
    greatest_share: float
    """Of the CPU time of all parts."""


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """One trial: cores used and memory held at an offered rate."""

    trial: TrialRecord
    rate: float
    cores: float
    memory_gb: float
    holds: bool | None
    """Whether the objective was met; None where nobody asked (latency, idle)."""


@dataclass(frozen=True, slots=True)
class DemandLine:
    """Least squares through the points of one replica and one budget that met the objective: cores
    = idle + slope · rate.  On another budget a journey works otherwise (docs/demo.md)."""

    topology: str
    slope: Estimate
    """CPU-seconds a further journey works."""
    idle: Estimate
    """Cores at rate 0, by the line."""
    last_rate: float
    """The highest rate it was fitted on."""
    cpus: float | None = None
    """The budget; None: no limit."""

    def at(self, rate: float) -> float:
        return self.idle.value + self.slope.value * rate


def whole(trial: TrialRecord) -> PartCost | None:
    """The cost of the whole architecture, by the kernel where it counts groups."""
    parts = list(named(trial).values())
    return trial.cost.get(TOTAL) or (PartCost(
        cpu_s=sum(part.cpu_s for part in parts),
        memory_bytes=sum(part.memory_bytes for part in parts)) if parts else None)


def named(trial: TrialRecord) -> dict[str, PartCost]:
    """The cost of every part, the whole left out."""
    return {name: cost for name, cost in trial.cost.items() if name != TOTAL}


def bound_of(searches: Sequence[Search], tallies: dict[int, Tally]) -> Bound | None:
    """The utilisation bound from each search's best probe; None without cost or budget.

    Probes far below capacity would count the idle cost of few journeys as demand.
    """
    trials = [search.best.trial for search in searches if search.best]
    journeys = sum(tallies[t.id].journeys for t in trials if t.id in tallies and t.cost)
    if not journeys or trials[0].cpu_budget is None:
        return None
    parts: dict[str, float] = {}
    total = 0.0
    for trial in trials:
        found = whole(trial)
        total += found.cpu_s if found else 0.0
        for part, cost in named(trial).items():
            parts[part] = parts.get(part, 0.0) + cost.cpu_s
    demands = {part: cpu_s / journeys for part, cpu_s in parts.items() if cpu_s > 0}
    if not demands or total <= 0:
        return None
    greatest = max(demands, key=lambda part: demands[part])
    shares = trials[0].shares
    limits = {part: share / demands[part] for part, share in shares.items() if part in demands}
    if not limits:
        limits, demands[TOTAL] = {TOTAL: trials[0].cpu_budget / total * journeys}, total / journeys
    part = min(limits, key=lambda name: limits[name])
    return Bound(limits[part], part, demands[part], shares.get(part, trials[0].cpu_budget),
                 greatest, parts[greatest] / sum(parts.values()))


def load_points(trials: Sequence[TrialRecord], tallies: dict[int, Tally],
                topologies: Sequence[str]) -> list[LoadPoint]:
    """Cores and memory of every trial at one rate, in order of store, replicas and rate.

    Trials that were left early are passed over: their window was not whole.
    """
    points = []
    order = {name: place for place, name in enumerate(topologies)}
    for trial in trials:
        cost = whole(trial)
        if cost is None or trial.stopped_early or trial.measure_s <= 0:
            continue
        if trial.phase != "idle" and trial.id not in tallies:
            continue
        points.append(LoadPoint(
            trial, trial.rate_profile[-1][1], cost.cpu_s / trial.measure_s,
            cost.memory_bytes / 1e9, trial.probe.holds if trial.probe else None))
    return sorted(points, key=lambda point: (order[point.trial.topology], point.trial.replicas,
                                             point.rate, point.trial.id))


def alike(points: Sequence[LoadPoint], topology: str) -> list[LoadPoint]:
    """Points of one topology that lie on one line: one replica, the objective met, and the largest
    budget, which is the scenario's (what stands idle uses the same on any)."""
    own = [point for point in points if point.trial.topology == topology
           and point.trial.replicas == 1 and point.holds is not False]
    most = max((point.trial.cpu_budget or math.inf for point in own), default=math.inf)
    return [point for point in own if point.trial.phase == "idle"
            or (point.trial.cpu_budget or math.inf) == most]


def demand_line(topology: str, points: Sequence[LoadPoint]) -> DemandLine | None:
    """Fit one topology's line; None with fewer than three rates."""
    own = alike(points, topology)
    rates = np.array([point.rate for point in own])
    if len(np.unique(rates)) < _POINTS_FOR_A_LINE:
        return None
    found = stats.linregress(rates, [point.cores for point in own])
    t = float(stats.t.ppf((1 + LEVEL) / 2, len(own) - 2))
    slope, idle = (
        Estimate(float(value), float(value - t * error), float(value + t * error), len(own), unit,
                 "least squares, t interval")
        for value, error, unit in ((found.slope, found.stderr, "CPU-seconds"),
                                   (found.intercept, found.intercept_stderr, "cores")))
    return DemandLine(topology, slope, idle, float(rates.max()), max(
        (point.trial.cpu_budget or 0.0 for point in own), default=0.0) or None)
