"""How two ratios, or two means, differ that were measured apart: their errors add (Welch)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from reports.estimate import LEVEL, Floats, Ratio


@dataclass(frozen=True, slots=True)
class Apart:
    """`after` ÷ `before`; no interval where one of them has none."""

    value: float
    low: float | None
    high: float | None
    n: tuple[int, int]
    """Of each: what its mean is of."""
    method: str = "Welch's t on logarithms; measured apart, so what changed in between is in it"
    unit: str = "ratio"
    caveats: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def ratio_apart(before: Ratio, after: Ratio) -> Apart:
    """Ratio of two ratios of pairs that have nothing to do with each other."""
    d = math.log(after.value) - math.log(before.value)
    return _apart(d, _error(before), _error(after), (before.n, after.n))


def means_apart(before: Floats, after: Floats) -> Apart | None:
    """Ratio of geometric means over trials; None without positive, finite values in both."""
    for values in (before, after):
        if not len(values) or not (np.isfinite(values).all() and (values > 0).all()):
            return None
    a, b = np.log(before), np.log(after)
    return _apart(float(b.mean() - a.mean()), _error_of_mean(a), _error_of_mean(b),
                  (len(a), len(b)))


def _apart(d: float, before: float | None, after: float | None, n: tuple[int, int]) -> Apart:
    if before is None or after is None:
        return Apart(math.exp(d), None, None, n, caveats=("one of the two has no interval",))
    error = math.hypot(before, after)
    if error == 0:
        return Apart(math.exp(d), math.exp(d), math.exp(d), n,
                     caveats=("no spread at all: the interval is a point",))
    df = error**4 / (before**4 / (n[0] - 1) + after**4 / (n[1] - 1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, df)) * error
    return Apart(math.exp(d), math.exp(d - half), math.exp(d + half), n)


def _error_of_mean(x: Floats) -> float | None:
    return float(x.std(ddof=1)) / math.sqrt(len(x)) if len(x) > 1 else None


def _error(ratio: Ratio) -> float | None:
    """Standard error of the mean log ratio, read back from the wider of its intervals."""
    if ratio.widest is None:
        return None
    low, high = ratio.widest
    half = (math.log(high) - math.log(low)) / 2
    return half / float(stats.t.ppf((1 + LEVEL) / 2, ratio.n - 1))
