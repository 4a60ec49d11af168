"""Plays a plan against a world that is known, in no time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from contract.run_record import PartCost, TrialRecord
from lab.plan import Plan
from lab.plan.trials import PlannedTrial
from lab.trial_record import record_of

World = Callable[[PlannedTrial, TrialRecord], None]
"""Fills in what a trial finds."""


@dataclass
class Rehearsal:
    """`planned` and `recorded` go side by side, in the order of the run."""

    plan: Plan
    world: World
    planned: list[PlannedTrial] = field(default_factory=list)
    recorded: list[TrialRecord] = field(default_factory=list)

    def run(self, most: int = 2_000, *, elapsed_s: float = 0.0) -> Rehearsal:
        """Go on until the plan is done, or until `most` trials are recorded."""
        while trials := self.plan.next(self.recorded, elapsed_s):
            for planned in trials:
                if len(self.recorded) >= most:
                    return self
                self.planned.append(planned)
                self.recorded.append(_recorded(len(self.recorded) + 1, planned))
                self.world(planned, self.recorded[-1])
        return self


def _recorded(number: int, planned: PlannedTrial) -> TrialRecord:
    """Record a planned trial as the lab does, with latencies that are always the same."""
    store = "monolith" if planned.topology == "monolith" else "microservices"
    trial = record_of(number, planned, store, 250)
    trial.p50_ms, trial.p95_ms = 5.0, 9.0
    return trial


def nothing(_planned: PlannedTrial, _record: TrialRecord) -> None:
    """All trials are alike."""


@dataclass
class KnownStores:
    """`cpu_s`: CPU seconds a journey by topology (so capacity = cores ÷ it, times `yields`);
    `held_mib`: memory by topology, the least that it can do with."""

    cpu_s: dict[str, float]
    yields: float = 0.9
    held_mib: dict[str, float] = field(default_factory=dict)

    def __call__(self, planned: PlannedTrial, record: TrialRecord) -> None:
        """Charge CPU and answer probes by the truth."""
        rate = planned.rate_profile[-1][1]
        each = self.cpu_s[planned.topology]
        used = each * rate * planned.measure_s
        held = self.held_mib.get(planned.topology, 0.0)
        record.cost = {
            "envoy": PartCost(cpu_s=used * 0.2, memory_bytes=1),
            "postgres": PartCost(cpu_s=used * 0.3, memory_bytes=1),
            planned.topology: PartCost(cpu_s=used * 0.5, memory_bytes=1),
            "total": PartCost(cpu_s=used, memory_bytes=round(held * 2**20) or 3)}
        if record.probe:
            record.probe.holds = (rate <= self.capacity(planned)
                                  and held <= (planned.budget.memory_mb or math.inf))

    def capacity(self, planned: PlannedTrial) -> float:
        """Return the highest rate that holds."""
        return (planned.budget.cpus or 0.0) / self.cpu_s[planned.topology] * self.yields
