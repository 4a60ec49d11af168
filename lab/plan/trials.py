"""What one trial is, before it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contract.load import EarlyStop, Workload
from contract.probe_record import Variable
from contract.run_record import TrialRecord
from lab.scenario import FaultKeys, ScenarioKeys, WorkloadKeys
from lab.topology import Budget

Phase = Literal["latency", "distance", "capacity", "search", "hot", "idle", "isolation"]
Step = Literal["ramp", "bisect", "confirm"]

OVERHEAD_S: Final = 2.0
"""Restore, gates, drain, audit: what a trial takes besides its load (for the forecast); 1.2 s were
measured over 271 trials, and stacks are started again in between."""
AFRESH_S: Final = 5.0
"""What ending every part and starting it again takes besides."""
PAST_CAPACITY: Final = EarlyStop(attainment_below=0.7, over_s=1.5)
"""Leave a ramp or a probe once the store is clearly past its capacity."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault on a trial's time line (seconds after the start of load)."""

    name: str
    keys: FaultKeys
    at_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class PlannedProbe:
    """A question of a search, as in contract.probe_record.ProbeRecord."""

    search: str
    variable: Variable
    value: float
    step: Step


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """One trial to be run; `rate_profile` as in contract.load.LoadSpec.

    `pair` and `attempt` are given by the plan: trials of one pair and attempt stand together; so
    is `seed`, unless a block has chosen the journeys itself.
    """

    phase: Phase
    series: str
    topology: str
    workload: str
    rate_profile: tuple[tuple[float, float], ...]
    warmup_s: float
    budget: Budget
    pair: int = 0
    attempt: int = 0
    arm: Literal["a", "b"] = "a"
    is_aa: bool = False
    seed: int = 0
    scaled: str | None = None
    replicas: int = 1
    replicated: str | None = None
    """The only program that has them; None: every program."""
    relayed: bool = False
    """Calls between services go through the relay, also at distance 0."""
    breakable: bool = False
    """The ways between parts go through relays, so that a fault can break them."""
    hop_ms: float = 0.0
    probe: PlannedProbe | None = None
    fault: PlannedFault | None = None
    posture: Literal["raw", "resilient"] = "raw"
    early_stop: EarlyStop | None = None

    @property
    def replicas_said(self) -> str:
        """`2 replicas of search`; empty for one of everything."""
        of = f" of {self.replicated}" if self.replicated else ""
        return f"{self.replicas} replicas{of}" if self.replicas > 1 else ""

    @property
    def lacks_memory(self) -> bool:
        """Whether it asks what the store does with so little memory."""
        return self.probe is not None and self.probe.variable == "memory"

    @property
    def load_s(self) -> float:
        """Seconds of load, warm-up included."""
        return sum(seconds for seconds, _ in self.rate_profile)

    @property
    def measure_s(self) -> float:
        """Seconds of the measured window."""
        return self.load_s - self.warmup_s

    @property
    def forecast_s(self) -> float:
        """How long it is expected to take, with all that is done before and after the load."""
        return _takes_s(self.load_s, is_afresh=self.lacks_memory)


def steady(scenario: ScenarioKeys, phase: Phase, series: str, topology: str,
           load: tuple[str, float, float, float]) -> PlannedTrial:
    """Plan a trial of one rate; `load`: workload, rate per s, warm-up s, measured s."""
    workload, rate, warmup_s, measure_s = load
    return PlannedTrial(
        phase, series, topology, workload, ((warmup_s, rate), (measure_s, rate)), warmup_s,
        Budget(scenario.budget.cpus, scenario.budget.memory_mb))


def forecast_s(trials: list[PlannedTrial]) -> float:
    """Estimate how long trials take. Unit: seconds."""
    return sum(trial.forecast_s for trial in trials)


def spent_s(trials: list[TrialRecord]) -> float:
    """Estimate how long recorded trials took, by the same rule. Unit: seconds."""
    return sum(_takes_s(trial.warmup_s + trial.measure_s, is_afresh=trial.lacks_memory)
               for trial in trials)


def _takes_s(load_s: float, *, is_afresh: bool) -> float:
    return load_s + OVERHEAD_S + (AFRESH_S if is_afresh else 0.0)


def workload_of(keys: WorkloadKeys) -> Workload:
    """Hand a workload of the file to the load generator."""
    return Workload(weights={name: weight for name, weight in keys.weights.items() if weight > 0},
                    think_s=keys.think_s, zipf=keys.zipf)
