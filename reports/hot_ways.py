"""One way of scaling a store under a hot mix: what it carries, with how few cores and MiB.

At equal total budget a store is run as one pool (`pooled`); split as the ordinary mix uses it
(`everything`) or as the hot mix does (`hot_part`, and variants of it); or on one pool again, with
more replicas of every program or of the hot one alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from reports.demand import Bound, bound_of, whole
from reports.estimate import Estimate, Floats, mean_of
from reports.search import Search, Threshold, merge
from reports.tally import Tally

POOLED: Final = "pooled"
EVERYTHING: Final = "everything"
HOT_PART: Final = "hot_part"
REPLICAS_OF_EVERYTHING: Final = "replicas_of_everything"
REPLICAS_OF_HOT_PART: Final = "replicas_of_hot_part"
ORDER: Final = (POOLED, EVERYTHING, HOT_PART, REPLICAS_OF_EVERYTHING, REPLICAS_OF_HOT_PART)
"""A variant of a split stands behind it."""


@dataclass(frozen=True, slots=True)
class Way:
    """One topology scaled in one way; what was not searched is None or empty."""

    topology: str
    way: str
    capacity: Threshold | None
    """At the budget of the mix."""
    bound: Bound | None
    shares: dict[str, float]
    """Cores by part at that budget; empty when pooled."""
    least_cpus: Threshold | None
    """The fewest cores that meet the objective at the fixed rate."""
    rate_searches: list[Search]
    cpus_searches: list[Search]
    least_memory: Threshold | None = None
    """The least limit of memory, in MiB, under which all cores of the mix meet it there."""
    memory_searches: list[Search] = field(default_factory=list)
    replicas: int = 1
    replicated: str | None = None
    """The only program that has so many replicas; None: every program."""

    @property
    def is_split(self) -> bool:
        """Whether the budget is divided among the parts."""
        return self.way not in (POOLED, REPLICAS_OF_EVERYTHING, REPLICAS_OF_HOT_PART)

    @property
    def memory_gb(self) -> Floats:
        """What was held at the fixed rate while the objective was met, by probe. Unit: GB."""
        return np.array([cost.memory_bytes / 1e9 for search in self.cpus_searches
                         for probe in search.probes
                         if probe.holds and (cost := whole(probe.trial))], float)

    @property
    def held_memory(self) -> Estimate | None:
        """The mean of those probes. Unit: GB."""
        return mean_of(self.memory_gb, "GB")


def way_of(topology: str, way: str, own: Sequence[Search], tallies: dict[int, Tally]) -> Way:
    """Put the searches of one way together."""
    rate, cpus, memory = ([search for search in own if search.variable == variable]
                          for variable in ("rate", "cpus", "memory"))
    trial = own[0].trial
    return Way(
        topology, way, merge([search.threshold for search in rate]) if rate else None,
        bound_of(rate, tallies), rate[0].trial.shares if rate else {},
        merge([search.threshold for search in cpus]) if cpus else None, rate, cpus,
        merge([search.threshold for search in memory]) if memory else None, memory,
        trial.replicas, trial.replicated)


def way_text(way: str) -> str:
    """`hot part ×1.25`."""
    return way.replace("_", " ").replace("×", " ×")


def way_said(way: str) -> str:
    """As a sentence names it: `the split by hot part`, `replicas of hot part`, `one pool`."""
    if way == POOLED:
        return "one pool"
    return way_text(way) if way.startswith("replicas") else f"the split by {way_text(way)}"
