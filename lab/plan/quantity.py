"""What a search can ask for: the highest rate, the fewest cores, the least memory.  Pure.

Each is put to the search as a *difficulty*: the rate itself, or 1 / cores, or 1 / MiB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Protocol

from contract.probe_record import Variable
from contract.run_record import PartCost, TrialRecord
from lab.plan.split import Work, split
from lab.topology import Budget

_LEAST_RATE: Final = 0.5
_MOST_CPUS: Final = 64.0
_MOST_MIB: Final = 2**16


class Quantity(Protocol):
    """The unit of one search, and what a value of it means for a trial."""

    variable: ClassVar[Variable]

    @property
    def pilot(self) -> float:
        """Difficulty of the first probe, from which the others follow."""

    @property
    def easiest(self) -> float:
        """Difficulty below which nothing is asked."""

    def difficulty(self, value: float) -> float:
        """Return the difficulty of a value."""

    def value(self, difficulty: float) -> float:
        """Return the value of a difficulty."""

    def load(self, value: float) -> tuple[float, Budget]:
        """Return journeys per second and the budget of a probe at a value."""

    def bound(self, probes: Sequence[TrialRecord]) -> float | None:
        """Return the greatest difficulty that what was used allows; None when unknown."""

    def finest(self, hardest: float) -> float:
        """Return the least resolution that has a value between two, up to a difficulty."""

    def is_out_of_reach(self, probes: Sequence[TrialRecord]) -> bool:
        """Whether nothing can be learned here."""


class _OfCpu:
    """Known in any fraction, and limited on every machine."""

    __slots__ = ()

    def finest(self, hardest: float) -> float:  # noqa: ARG002
        return 0.0

    def is_out_of_reach(self, probes: Sequence[TrialRecord]) -> bool:  # noqa: ARG002
        return False


@dataclass(frozen=True, slots=True)
class Rate(_OfCpu):
    """Journeys per second on a budget; the pilot's rate tells CPU-seconds a journey."""

    variable: ClassVar[Variable] = "rate"
    budget: Budget
    pilot: float
    easiest: float = _LEAST_RATE

    def difficulty(self, value: float) -> float:
        return value

    def value(self, difficulty: float) -> float:
        return difficulty

    def load(self, value: float) -> tuple[float, Budget]:
        return value, self.budget

    def bound(self, probes: Sequence[TrialRecord]) -> float | None:
        """By the utilisation law: throughput can't exceed cores ÷ CPU-seconds a journey."""
        cpu_s = demand(probes)
        return self.budget.cpus / cpu_s if self.budget.cpus and cpu_s else None


@dataclass(frozen=True, slots=True)
class Cores(_OfCpu):
    """Cores at a fixed rate, from those of the budget on; `works`: each budget that is asked for
    is split by them, empty: one pool."""

    variable: ClassVar[Variable] = "cpus"
    budget: Budget
    rate_per_s: float
    works: Mapping[str, Work] = field(default_factory=dict)
    easiest: float = 1 / _MOST_CPUS

    @property
    def pilot(self) -> float:
        return 1 / (self.budget.cpus or 1.0)

    def difficulty(self, value: float) -> float:
        return 1 / value

    def value(self, difficulty: float) -> float:
        return 1 / difficulty

    def load(self, value: float) -> tuple[float, Budget]:
        return self.rate_per_s, replace(self.budget, cpus=value, shares=split(self.works, value))

    def bound(self, probes: Sequence[TrialRecord]) -> float | None:
        """By the utilisation law, as for a rate."""
        cpu_s = demand(probes)
        return 1 / (self.rate_per_s * cpu_s) if cpu_s else None


@dataclass(frozen=True, slots=True)
class Memory:
    """A limit of memory at a fixed rate, in whole MiB, from that of the budget down."""

    variable: ClassVar[Variable] = "memory"
    budget: Budget
    rate_per_s: float

    @property
    def pilot(self) -> float:
        return 1 / (self.budget.memory_mb or _MOST_MIB)

    @property
    def easiest(self) -> float:
        """No more is asked for than the budget gives."""
        return self.pilot

    def difficulty(self, value: float) -> float:
        return 1 / value

    def value(self, difficulty: float) -> float:
        return float(round(1 / difficulty))  # kernels are told whole MiB

    def load(self, value: float) -> tuple[float, Budget]:
        return self.rate_per_s, replace(self.budget, memory_mb=int(value))

    def bound(self, probes: Sequence[TrialRecord]) -> float | None:
        """What is held is needed, for all that is known yet."""
        held = max(map(held_mib, probes), default=0.0)
        return 1 / held if held else None

    def finest(self, hardest: float) -> float:
        """Two MiB: between limits that are one apart there is nothing to ask."""
        return 2 * hardest

    def is_out_of_reach(self, probes: Sequence[TrialRecord]) -> bool:
        """Where not even the limit that the store has anyway is taken, nothing limits memory."""
        return any(not trial.probe.is_enforced and trial.probe.value == self.budget.memory_mb
                   for trial in probes if trial.probe)


def demand(trials: Sequence[TrialRecord]) -> float | None:
    """CPU seconds a journey, from the trial with the most journeys; None when unknown."""
    known = [(journeys_of(trial), cpu_s_of(trial)) for trial in trials
             if trial.status != "rejected" and not trial.stopped_early]
    journeys, cpu_s = max(known, default=(0.0, 0.0))
    return cpu_s / journeys if journeys > 0 and cpu_s > 0 and math.isfinite(cpu_s) else None


def journeys_of(trial: TrialRecord) -> float:
    """Journeys that were scheduled in the measured window, on average."""
    return sum(seconds * rate for seconds, rate in trial.rate_profile[1:])


def cpu_s_of(trial: TrialRecord) -> float:
    """CPU seconds of the whole architecture in the measured window."""
    return _of_all(trial, lambda cost: cost.cpu_s)


def held_mib(trial: TrialRecord) -> float:
    """Mebibytes that the whole architecture held in the measured window; 0 where unknown."""
    return _of_all(trial, lambda cost: cost.memory_bytes) / 2**20


def _of_all(trial: TrialRecord, what: Callable[[PartCost], float]) -> float:
    """By the kernel where it counts groups, else the sum of the parts."""
    total = trial.cost.get("total")
    return what(total) if total else sum(map(what, trial.cost.values()))
