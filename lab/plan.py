"""A scenario becomes an ordered list of trials: pure and seeded, so the same each time.

Trials of one pair are adjacent; which arm goes first is a coin flip from the scenario's seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from contract.load import EarlyStop, Workload
from lab.scenario import CapacityKeys, FaultKeys, HotKeys, ScenarioFile, ScenarioKeys, WorkloadKeys
from lab.topology import Budget

Phase = Literal["latency", "capacity", "hot", "isolation"]

OVERHEAD_S: Final = 3.5
"""Restore, gates, drain, audit: what a trial takes besides its load (for the forecast)."""
AA_EVERY: Final = 5
_PAST_CAPACITY: Final = EarlyStop(attainment_below=0.7, over_s=1.5)


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault on a trial's time line (seconds after the start of load)."""

    name: str
    keys: FaultKeys
    at_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """One trial to be run; `rate_profile` as in contract.load.LoadSpec."""

    phase: Phase
    pair: int
    arm: Literal["a", "b"]
    is_aa: bool
    topology: str
    workload: str
    rate_profile: tuple[tuple[float, float], ...]
    warmup_s: float
    seed: int
    budget: Budget
    scaled: Literal["everything", "hot_part"] | None = None
    fault: PlannedFault | None = None
    early_stop: EarlyStop | None = None

    @property
    def load_s(self) -> float:
        """Seconds of load, warm-up included."""
        return sum(seconds for seconds, _ in self.rate_profile)

    @property
    def measure_s(self) -> float:
        """Seconds of the measured window."""
        return self.load_s - self.warmup_s


def plan(file: ScenarioFile, name: str) -> list[PlannedTrial]:
    """Return the trials of a scenario in the order in which they are run."""
    scenario = file.scenarios[name]
    coin = random.Random(f"{scenario.seed}-{name}")  # noqa: S311 - order, not a secret
    trials: list[PlannedTrial] = []
    for group in _pairs(file, scenario):
        pair = trials[-1].pair + 1 if trials else 0
        coin.shuffle(group)
        seed = coin.randrange(2**31)
        trials += [_in_pair(trial, pair, seed, arm)
                   for trial, arm in zip(group, _arms(group), strict=True)]
    return trials


def forecast_s(trials: list[PlannedTrial]) -> float:
    """Estimate how long the trials take. Unit: seconds."""
    return sum(trial.load_s + OVERHEAD_S for trial in trials)


def workload_of(keys: WorkloadKeys) -> Workload:
    """Hand a workload of the file to the load generator."""
    return Workload(weights={name: weight for name, weight in keys.weights.items() if weight > 0},
                    think_s=keys.think_s, zipf=keys.zipf)


def _arms(group: list[PlannedTrial]) -> list[Literal["a", "b"]]:
    """The second trial of an A/A pair is arm b; otherwise the topology tells them apart."""
    return ["b" if trial.is_aa and index else "a" for index, trial in enumerate(group)]


def _in_pair(trial: PlannedTrial, pair: int, seed: int,
             arm: Literal["a", "b"]) -> PlannedTrial:
    return replace(trial, pair=pair, seed=seed, arm=arm)


def _pairs(file: ScenarioFile, scenario: ScenarioKeys) -> Iterator[list[PlannedTrial]]:
    yield from _latency(scenario)
    if scenario.capacity:
        yield from _capacity(scenario, scenario.capacity)
    if scenario.hot:
        yield from _hot(scenario, scenario.hot)
    yield from _isolation(file, scenario)


def _trial(scenario: ScenarioKeys, phase: Phase, topology: str, workload: str,
           rate_profile: tuple[tuple[float, float], ...]) -> PlannedTrial:
    return PlannedTrial(
        phase=phase, pair=0, arm="a", is_aa=False, topology=topology, workload=workload,
        rate_profile=rate_profile, warmup_s=rate_profile[0][0], seed=0,
        budget=Budget(scenario.budget.cpus, scenario.budget.memory_mb),
    )


def _latency(scenario: ScenarioKeys) -> Iterator[list[PlannedTrial]]:
    keys = scenario.latency
    if keys is None:
        return
    profile = ((keys.warmup_s, keys.rate_per_s), (keys.measure_s, keys.rate_per_s))
    for number in range(keys.pairs):
        if number % AA_EVERY == AA_EVERY - 1:
            topology = scenario.topologies[(number // AA_EVERY) % len(scenario.topologies)]
            one = _trial(scenario, "latency", topology, keys.workload, profile)
            yield [replace(one, is_aa=True), replace(one, is_aa=True)]
        else:
            yield [_trial(scenario, "latency", topology, keys.workload, profile)
                   for topology in scenario.topologies]


def _ramp(keys: CapacityKeys, topology: str, cpus: float) -> tuple[tuple[float, float], ...]:
    first = keys.first_rate_per_s[topology] * cpus
    steps = tuple((keys.step_s, first * keys.growth**step) for step in range(keys.steps))
    return ((keys.warmup_s, first), *steps)


def _capacity(scenario: ScenarioKeys, keys: CapacityKeys) -> Iterator[list[PlannedTrial]]:
    for _ in range(keys.repeats):
        for cpus in keys.cpus:
            yield [
                replace(_trial(scenario, "capacity", topology, keys.workload,
                               _ramp(keys, topology, cpus)),
                        budget=Budget(cpus, scenario.budget.memory_mb),
                        early_stop=_PAST_CAPACITY)
                for topology in scenario.topologies
            ]


def _hot(scenario: ScenarioKeys, keys: HotKeys) -> Iterator[list[PlannedTrial]]:
    cpus = keys.cpus[0]
    for _ in range(keys.repeats):
        yield [
            replace(_trial(scenario, "hot", topology, keys.workload, _ramp(keys, topology, cpus)),
                    budget=Budget(cpus, scenario.budget.memory_mb, "partitioned",
                                  _normalised(shares, cpus)),
                    scaled=way, early_stop=_PAST_CAPACITY)
            for topology in scenario.topologies
            for way, shares in keys.shares[topology].items()
        ]


def _normalised(shares: dict[str, float], cpus: float) -> dict[str, float]:
    total = sum(shares.values())
    return {part: cpus * share / total for part, share in shares.items()}


def _isolation(file: ScenarioFile, scenario: ScenarioKeys) -> Iterator[list[PlannedTrial]]:
    keys = scenario.isolation
    if keys is None:
        return
    measure_s = keys.before_s + keys.fault_s + keys.after_s
    profile = ((keys.warmup_s, keys.rate_per_s), (measure_s, keys.rate_per_s))
    for _ in range(keys.repeats):
        for name in (None, *keys.faults):
            fault = name and PlannedFault(name, file.faults[name], keys.warmup_s + keys.before_s,
                                          keys.fault_s)
            yield [
                replace(_trial(scenario, "isolation", topology, keys.workload, profile),
                        fault=fault or None)
                for topology in scenario.topologies
            ]
