"""Drift: did a store become slower or faster while the run went on?

The seasonal Kendall test with its slope, a series being a season (Hirsch, Slack & Smith 1982,
doi.org/10.1029/WR018i001p00107): slopes of the log median are taken within series only, so the
order of the workloads is no trend; S and its variance add up over series.  The slope is the
median of all of them (Theil–Sen), its interval by their ranks.  Robust against odd trials.
Adjacent pairs cancel most of a drift; whatever is read over all trials of a store does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats

from reports.estimate import ALPHA, LEVEL, Floats, holm, percentile
from reports.latency import Latency
from reports.words import count, p_said, times

LEAST_TRIALS: Final = 6
"""Six trials in perfect order have p = 0.009; with fewer nothing can be shown."""
LEAST_CHANGE: Final = 1.05
"""A change under 5 % over a series is not named: nobody decides by it."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Change of a store's median over the longest of its latency series, as a ratio."""

    topology: str
    trials: int
    change: float
    low: float
    high: float
    p: float
    """Two-sided; after Holm over the stores of the run."""
    unit: str = "ratio"
    method: str = "seasonal Kendall test, Theil–Sen slope within series"
    caveats: tuple[str, ...] = (
        "a steady trend: a step, or a change there and back, is not one",
        "trials are taken as independent: a slow hour of the machine can look like a trend")

    @property
    def n(self) -> int:
        """Trials."""
        return self.trials

    @property
    def key(self) -> tuple[str, ...]:
        """One a store."""
        return "drift", self.topology

    @property
    def where(self) -> str:
        return "run"

    @property
    def is_found(self) -> bool:
        return (self.p < ALPHA and not self.low <= 1 <= self.high
                and max(self.change, 1 / self.change) >= LEAST_CHANGE)

    @property
    def sentence(self) -> str:
        """Say how far the median went, and what that touches."""
        numbers = (f"{times(self.change, self.low, self.high)} over its longest series, "
                   f"{count(self.trials, 'trial')} in all, {p_said(self.p)}")
        if not self.is_found:
            return f"{self.topology}: no drift shown ({numbers})."
        word = "slower" if self.change > 1 else "faster"
        return (f"{self.topology}: the median drifted {word} while the run went on ({numbers}). "
                "Ratios of adjacent pairs are little touched; percentiles over all trials are.")


def find_drifts(series: list[Latency]) -> list[Drift]:
    """Every store with trials enough; within a series all trials must have been answered."""
    names = dict.fromkeys(name for one in series for name in one.samples)
    found = [drift for name in names if (drift := drift_of(name, [
        [(float(s.trial), percentile(s.first, 50)) for s in one.samples[name] if len(s.first)]
        for one in series if name in one.samples]))]
    adjusted = holm({drift.topology: drift.p for drift in found})
    return [replace(drift, p=p) if (p := adjusted[drift.topology]) is not None else drift
            for drift in found]


def drift_of(topology: str, series: Sequence[Sequence[tuple[float, float]]]) -> Drift | None:
    """Trend of medians, each series a list of (place in the run, ms); None: too few trials."""
    kept = [np.array(one) for one in series if len(one) > 1]
    kept = [one for one in kept if np.isfinite(one).all() and (one[:, 1] > 0).all()]
    trials = sum(map(len, kept))
    if trials < LEAST_TRIALS:
        return None
    slopes = np.concatenate([_slopes(one[:, 0], np.log(one[:, 1])) for one in kept])
    s = float(np.sign(slopes).sum())
    deviation = math.sqrt(sum(n * (n - 1) * (2 * n + 5) / 18 for n in map(len, kept)))
    p = float(2 * stats.norm.sf(max(abs(s) - 1, 0.0) / deviation))  # continuity: S moves by 2
    span = max(float(np.ptp(one[:, 0])) for one in kept)  # nothing was measured beyond it
    low, high = _ends(np.sort(slopes), deviation)
    return Drift(topology, trials, math.exp(float(np.median(slopes)) * span),
                 math.exp(low * span), math.exp(high * span), min(p, 1.0))


def _slopes(x: Floats, y: Floats) -> Floats:
    i, j = np.triu_indices(len(x), 1)
    found: Floats = (y[j] - y[i]) / (x[j] - x[i])
    return found


def _ends(slopes: Floats, deviation: float) -> tuple[float, float]:
    """Ranks (N ∓ z·σ) / 2 of the sorted slopes, as Sen (1968)."""
    n, reach = len(slopes), float(stats.norm.ppf((1 + LEVEL) / 2)) * deviation
    lower = max(math.floor((n - reach) / 2) - 1, 0)
    upper = min(math.ceil((n + reach) / 2), n - 1)
    return float(slopes[lower]), float(slopes[upper])
