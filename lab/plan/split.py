"""How a budget is split among the parts of a store by what they were seen to work.  Pure.

A part works some cores while nobody comes and some CPU-seconds for each journey more.  A split
serves the most journeys when every part comes to its end at the same rate (utilisation law).
Source: docs/decisions/0252-splits-by-idle-and-slope.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq

from contract.run_record import TrialRecord

LEAST_CORES: Final = 0.01
"""No part gets less while there is room: an idle program answers health checks."""

_NOTHING_S: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Work:
    """Of one part.  `idle`: cores while nobody comes; `slope`: CPU-seconds a journey."""

    idle: float
    slope: float

    def cores(self, rate_per_s: float) -> float:
        """Cores at a rate of journeys per second, and not less than any part gets."""
        return max(self.idle + self.slope * rate_per_s, LEAST_CORES)


def works_of(trials: Sequence[TrialRecord]) -> dict[str, Work]:
    """Fit every part's cores against the rate; a rejected trial counts where its rate has no other.

    At a single rate all work is the journeys'.
    """
    by_rate: dict[float, list[TrialRecord]] = {}
    for trial in trials:
        by_rate.setdefault(trial.rate_profile[-1][1], []).append(trial)
    found: dict[str, list[tuple[float, float]]] = {}
    for rate, own in by_rate.items():
        for trial in [one for one in own if one.status != "rejected"] or own:
            for part, cost in trial.cost.items():
                if part != "total":
                    found.setdefault(part, []).append((rate, cost.cpu_s / trial.measure_s))
    return {part: _fit(points) for part, points in found.items()}


def _fit(points: Sequence[tuple[float, float]]) -> Work:
    rates, cores = (np.array(column) for column in zip(*points, strict=True))
    all_of_journeys = Work(0.0, float(cores.sum() / rates.sum()))
    if len(np.unique(rates)) < 2:
        return all_of_journeys
    slope, idle = np.polyfit(rates, cores, 1)
    if slope < 0:  # noise of a part that is hardly asked
        return Work(float(cores.min()), 0.0)
    return Work(float(idle), float(slope)) if idle >= 0 else all_of_journeys


def split(works: Mapping[str, Work], cpus: float) -> dict[str, float]:
    """Share cores so that all parts come to their end at one rate; their sum is `cpus`.

    Where not even standing idle has room, in proportion to that.  Empty without parts.
    """
    if not works:
        return {}

    def spare(rate_per_s: float) -> float:
        return cpus - sum(work.cores(rate_per_s) for work in works.values())

    steepest = max(work.slope for work in works.values())
    rate = brentq(spare, 0.0, 2 * cpus / steepest) if (
        steepest > _NOTHING_S and spare(0.0) > 0) else 0.0
    wanted = {part: work.cores(rate) for part, work in works.items()}
    total = sum(wanted.values())
    return {part: cpus * cores / total for part, cores in wanted.items()}
