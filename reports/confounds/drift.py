"""Drift: did a store become slower or faster while the run went on?

Theil–Sen's slope of the log median over the order of trials, with its interval, and Kendall's τ
for its p; robust against single odd trials (Sen 1968, doi.org/10.1080/01621459.1968.10480934).
Adjacent pairs cancel most of a drift; whatever is read over all trials of a store does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats

from reports.estimate import ALPHA, LEVEL, holm, percentile
from reports.latency import Latency
from reports.words import count, number, times

LEAST_TRIALS: Final = 6
"""Five trials in perfect order have p = 0.017; with fewer nothing can be shown."""
LEAST_CHANGE: Final = 1.05
"""A change under 5 % over a series is not named: nobody decides by it."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Change of a store's median from the first to the last trial of a series, as a ratio."""

    topology: str
    series: str
    trials: int
    change: float
    low: float
    high: float
    p: float
    """Kendall, two-sided; after Holm over all stores and series of the run."""

    @property
    def is_found(self) -> bool:
        return (self.p < ALPHA and not self.low <= 1 <= self.high
                and max(self.change, 1 / self.change) >= LEAST_CHANGE)

    @property
    def sentence(self) -> str:
        """Say how far the median went, and what that touches."""
        what = f"{self.topology}, {self.series or 'latency'}: "
        numbers = (f"{times(self.change, self.low, self.high)} over "
                   f"{count(self.trials, 'trial')}, p = {number(self.p, 2)}")
        if not self.is_found:
            return f"{what}no drift shown ({numbers})."
        word = "slower" if self.change > 1 else "faster"
        return (f"{what}the median drifted {word} while the run went on ({numbers}). Ratios of "
                "adjacent pairs are little touched; percentiles over all trials are.")


def find_drifts(series: list[Latency]) -> list[Drift]:
    """Every store and series with trials enough."""
    found = [drift for one in series for topology, samples in one.samples.items()
             if (drift := drift_of(topology, one.series,
                                   [percentile(s.first, 50) for s in samples if len(s.first)]))]
    adjusted = holm({str(index): drift.p for index, drift in enumerate(found)})
    return [replace(drift, p=adjusted[str(index)] or drift.p)
            for index, drift in enumerate(found)]


def drift_of(topology: str, series: str, medians_ms: list[float]) -> Drift | None:
    """Trend of medians in the order of measurement; None: too few, or not all answered."""
    n = len(medians_ms)
    if n < LEAST_TRIALS or not np.isfinite(medians_ms).all() or min(medians_ms) <= 0:
        return None
    order, logs = np.arange(n, dtype=float), np.log(medians_ms)
    trend = stats.theilslopes(logs, order, LEVEL)
    p = float(stats.kendalltau(order, logs).pvalue)
    low, slope, high = (math.exp(float(s) * (n - 1))
                        for s in (trend.low_slope, trend.slope, trend.high_slope))
    return Drift(topology, series, n, slope, low, high, p if math.isfinite(p) else 1.0)
