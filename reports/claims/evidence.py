"""What the rows of the ledger look at, and how they find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from contract.run_record import TrialRecord
from reports.arms import Arms
from reports.call_cpu import cpu_ms, idle_cores
from reports.estimate import Ratio
from reports.guards import Judged
from reports.isolation import FaultResult
from reports.journeys import journey_percentile
from reports.latency import Latency, by_pair
from reports.read import Run
from reports.scaling import Scaling

_LATE: Final = 5
"""Trials."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a report has computed; `red`: stores whose books do not balance."""

    run: Run
    judged: list[Judged]
    arms: Arms
    series: list[Latency]
    headline: Latency
    scaling: Scaling
    faults: list[FaultResult]
    red: dict[str, list[str]]

    @property
    def base(self) -> str:
        return self.arms.base

    @property
    def rival(self) -> str:
        return self.arms.rival or ""

    def of_workload(self, workload: str) -> Latency | None:
        """The first series of that workload which compares both stores."""
        return next((one for one in self.series if one.trials[0].workload == workload
                     and {self.base, self.rival} <= set(one.samples)), None)

    def calls_an_answer(self, latency: Latency) -> float:
        """Calls between services, mean over right answers of the rival."""
        right = calls = 0.0
        for trial in latency.trials:
            if trial.topology == self.rival:
                rows = self.run.measured(trial)
                own = rows["service_calls"].to_numpy()[rows["right"].to_numpy()]
                right, calls = right + len(own), calls + float(own.sum())
        return calls / right if right else 0.0

    def good_per_s(self, trial: TrialRecord) -> float | None:
        return float(self.run.measured(trial)["good"].sum()) / trial.measure_s

    def held_late(self, topology: str) -> list[float]:
        """Bytes of memory in a store's last trials, one replica and no fault, whatever their load:
        what it holds once a run has gone by, and before it is started afresh to see how little it
        needs.  Empty where it was latency alone."""
        gone_by = takewhile(lambda trial: not trial.lacks_memory, self.run.record.trials)
        own = [trial for trial in gone_by
               if trial.topology == topology and trial.replicas == 1 and trial.fault is None
               and trial.status != "rejected" and "total" in trial.cost]
        return [trial.cost["total"].memory_bytes for trial in own[-_LATE:]
                if own[-1].phase != "latency"]

    def idle_cores(self, *topologies: str) -> dict[str, float]:
        """Cores that each uses while nobody comes; empty where one of these was not measured."""
        idle = idle_cores(self.judged)
        return idle if set(topologies) <= set(idle) else {}

    def cpu_ms(self, trial: TrialRecord, idle: Mapping[str, float]) -> float | None:
        """Of the whole store without its idle cores, per right answer that ended in the window."""
        return cpu_ms(self.run, trial, idle.get(trial.topology, 0.0))

    def memory_gb(self, trial: TrialRecord) -> float | None:
        total = trial.cost.get("total")
        return total.memory_bytes / 1e9 if total else None

    def journey_ms(self, trial: TrialRecord) -> float | None:
        """Median of whole journeys: a mean or median over unlike requests would be of the mix.

        None where too few came; infinite, which voids the ratio, where too few ended rightly.
        """
        return journey_percentile(self.run.measured(trial), trial.warmup_s, 50.0)

    def paired(self, latency: Latency, what: str) -> Ratio | None:
        """Rival ÷ base by pairs of `good_per_s`, `memory_gb` or `journey_ms`."""
        return by_pair(latency, self.base, self.rival, getattr(self, what))

    def hop_caveat(self, latency: Latency) -> str:
        """The framework is all there is to see where no service calls another."""
        calls = self.calls_an_answer(latency)
        return ("" if calls >= 0.05 else "answers of this series need no call between services: "
                "the difference is framework and process layout, not the network")
