"""The utilisation law: which part is the bottleneck, and was a latency trial close to it?

Utilisation of a part = CPU-seconds it used ÷ (window × cores it may use) = throughput × demand
(Denning & Buzen 1978, doi.org/10.1145/356733.356735).  One pooled budget is one resource: the
part with the largest demand is named.  In a partitioned budget it is the part that is closest to
its own share.  Response times near saturation are waiting, not work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.run_record import TrialRecord
from reports.arms import usable
from reports.guards import Judged
from reports.read import Run
from reports.words import number, percent

SATURATED: Final = 0.9
"""Utilisation from which a latency trial measures waiting."""


@dataclass(frozen=True, slots=True)
class PartUse:
    """Means over trials: CPU ms a right answer, and share of the cores it may use."""

    part: str
    demand_ms: float
    utilisation: float | None
    """None: nothing bounds it."""


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """One store under one series."""

    topology: str
    where: str
    trials: int
    parts: list[PartUse]
    """The largest demand first."""
    whole: float | None
    """Utilisation of the whole budget."""
    is_partitioned: bool

    @property
    def key(self) -> tuple[str, ...]:
        """What is the same when it is found elsewhere."""
        return "bottleneck", self.topology

    @property
    def name(self) -> str:
        """The part that gives out first."""
        if self.is_partitioned:
            return max(self.parts, key=lambda use: use.utilisation or 0.0).part
        return self.parts[0].part

    @property
    def utilisation(self) -> float | None:
        """Of what gives out first: the fullest share, or the pooled budget."""
        if self.is_partitioned:
            return max(use.utilisation or 0.0 for use in self.parts)
        return self.whole

    @property
    def is_found(self) -> bool:
        return self.utilisation is not None and self.utilisation >= SATURATED

    @property
    def sentence(self) -> str:
        """Name the bottleneck; say so when it was reached."""
        demand = next(use.demand_ms for use in self.parts if use.part == self.name)
        what = (f"{self.topology}, {self.where}: the bottleneck is {self.name}, "
                f"{number(demand)} CPU ms an answer")
        if self.utilisation is None:
            return f"{what}; no CPU budget bounds it."
        of = "its share" if self.is_partitioned else "the budget"
        said = f"{what}; {percent(self.utilisation, 0)} of {of} was used"
        return (f"{said}: these response times are waiting as much as work." if self.is_found
                else f"{said}.")


def find_bottlenecks(run: Run, judged: list[Judged]) -> list[Bottleneck]:
    """By store and latency series, in the order of measurement."""
    groups: dict[tuple[str, str], list[TrialRecord]] = {}
    for trial in usable(judged, "latency"):
        if trial.cost and trial.measure_s:
            where = trial.series or trial.workload
            groups.setdefault((trial.topology, where), []).append(trial)
    found = [_bottleneck(run, topology, where, trials)
             for (topology, where), trials in groups.items()]
    return [one for one in found if one.parts]


def _bottleneck(run: Run, topology: str, where: str, trials: list[TrialRecord]) -> Bottleneck:
    right = sum(int(run.ended(t)["right"].sum()) for t in trials)
    names = sorted({part for t in trials for part in t.cost if part != "total"})
    parts = [PartUse(name, _seconds(trials, name) * 1000 / right,
                     _mean([_share(t, name) for t in trials])) for name in names if right]
    whole = [t.cost["total"].cpu_s / t.measure_s / t.cpu_budget for t in trials
             if "total" in t.cost and t.cpu_budget]
    return Bottleneck(topology, where, len(trials),
                      sorted(parts, key=lambda use: (-use.demand_ms, use.part)),
                      float(np.mean(whole)) if whole else None,
                      any(t.budget_mode == "partitioned" for t in trials))


def _seconds(trials: list[TrialRecord], part: str) -> float:
    return sum(t.cost[part].cpu_s for t in trials if part in t.cost)


def _share(trial: TrialRecord, part: str) -> float | None:
    cores = trial.shares.get(part) if trial.budget_mode == "partitioned" else trial.cpu_budget
    if not cores or part not in trial.cost:
        return None
    return trial.cost[part].cpu_s / trial.measure_s / cores


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
