"""Estimates with their intervals: every result carries value, interval, n, unit and caveats."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy import stats

from reports.estimate_blocks import block_interval
from reports.estimate_p import (
    ALPHA,
    LEVEL,
    Floats,
    Values,
    holm,
    paired_t_p,
    sign_flip_p,
)

__all__ = [
    "ALPHA",
    "LEVEL",
    "QS",
    "ROWS_FOR",
    "Band",
    "Estimate",
    "Floats",
    "Ratio",
    "Values",
    "attainment",
    "half_width",
    "half_width_of_pairs",
    "hodges_lehmann",
    "holm",
    "is_enough",
    "mean_of",
    "paired_t_p",
    "percentile",
    "percentile_of",
    "quantiles",
    "rate_bound",
    "ratio_of_pairs",
    "sign_flip_p",
]

ROWS_FOR: Final = {50.0: 20, 95.0: 400, 99.0: 2000, 99.9: 20_000}
"""Rows below which a percentile is not quoted: 20 of them must lie beyond it."""

QS: Final = (50.0, 95.0, 99.0)
"""Percentiles that reports quote."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`low` and `high` bound a 95 % interval; None: there is none (one trial), or no bound."""

    value: float
    low: float | None
    high: float | None
    n: int
    unit: str
    method: str
    caveats: tuple[str, ...] = ()

    @property
    def has_interval(self) -> bool:
        return self.low is not None and self.high is not None


@dataclass(frozen=True, slots=True)
class Band:
    """The lab's noise floor: how far apart a store was from itself in the mean of `n` A/A pairs."""

    low: float
    high: float
    n: int
    unit: str = "ratio"
    method: str = "the greater of the mean log ratio and its standard error around 0"

    @property
    def caveats(self) -> tuple[str, ...]:
        """What it does not hold."""
        if not math.isfinite(self.high):
            return ("an A/A pair has no ratio, so there is no bound",)
        return ("one A/A pair, taken as it is",) if self.n == 1 else ()


@dataclass(frozen=True, slots=True)
class Ratio:
    """theta_B / theta_A over pairs; `low` and `high` are the t interval of mean log ratios."""

    value: float
    low: float | None
    high: float | None
    n: int
    hodges_lehmann: float
    p: float | None
    """Sign-flip permutation, two-sided; None with one pair."""
    caveats: tuple[str, ...] = ()
    p_t: float | None = None
    """Student's t on the log ratios, two-sided; None with one pair."""
    block: tuple[float, float] | None = None
    """The same interval by the block bootstrap; None under 20 pairs."""
    unit: str = "ratio"
    method: str = "paired t of log ratios"
    band: Band | None = None
    """The noise floor of the same quantity, where it was looked for."""

    @property
    def widest(self) -> tuple[float, float] | None:
        """What a difference must lie beyond: the wider of both intervals; None with one pair."""
        if self.low is None or self.high is None:
            return None
        ends = [(self.low, self.high), *([self.block] if self.block else [])]
        return min(low for low, _ in ends), max(high for _, high in ends)


def percentile(values: Values, q: float) -> float:
    """Return the smallest observed value that at least q % of the values do not exceed.

    No interpolation, so every quoted percentile is a row.  Infinite when requests without a
    right answer reach down to q.
    """
    return float(np.percentile(np.asarray(values, float), q, method="inverted_cdf"))


def percentile_of(values: Values, q: float, unit: str) -> Estimate | None:
    """Percentile q of one trial with its interval; None where rows are too few.

    The ends are rows too: order statistics by the binomial distribution (Conover 1999, §3.2).
    """
    x = np.asarray(values, float)
    if not is_enough(len(x), q):
        return None
    interval: Any = stats.quantile_test(x, p=q / 100).confidence_interval(LEVEL)
    low, high = (float(end) if math.isfinite(end) else None for end in interval)
    return Estimate(percentile(x, q), low, high, len(x), unit, "order statistics",
                    ("one trial: counting error only",))


def is_enough(n: int, q: float) -> bool:
    """Say whether n rows carry percentile q."""
    return n >= ROWS_FOR.get(q, 20)


def quantiles(values: Floats) -> dict[float, float | None]:
    """p50, p95, p99 where there are rows enough, else None."""
    return {q: percentile(values, q) if is_enough(len(values), q) else None for q in QS}


def ratio_of_pairs(a: Values, b: Values) -> Ratio | None:
    """Estimate B / A, pairs in the order of measurement; None without a pair.

    Pairs that are not finite and positive void it.
    """
    d = _log_ratios(a, b)
    if d is None:
        return None
    low, high = _t_interval(d)
    block = block_interval(d)
    return Ratio(
        math.exp(float(d.mean())),
        None if low is None else math.exp(low), None if high is None else math.exp(high),
        len(d), math.exp(hodges_lehmann(d)), sign_flip_p(d) if len(d) > 1 else None,
        ("one pair: no interval",) if len(d) == 1 else (), paired_t_p(d),
        (math.exp(block[0]), math.exp(block[1])) if block else None,
    )


def half_width(ratio: Ratio) -> float | None:
    """Half the interval as a share of the ratio: None without one."""
    if ratio.low is None or ratio.high is None:
        return None
    return (ratio.high - ratio.low) / 2 / ratio.value


def half_width_of_pairs(a: Values, b: Values) -> float | None:
    """`half_width` of the ratio of pairs and nothing else, quick enough to be asked of each pair.

    The interval is the mean of the logarithms ± h, so that half its width is sinh h of the ratio.
    """
    d = _log_ratios(a, b)
    low, high = (None, None) if d is None else _t_interval(d)
    return None if low is None or high is None else math.sinh((high - low) / 2)


def mean_of(values: Values, unit: str) -> Estimate | None:
    """Estimate a mean over trials with a t interval; None without values."""
    x = np.asarray(values, float)
    if not len(x):
        return None
    low, high = _t_interval(x)
    caveats = ("one trial: no interval",) if len(x) == 1 else ()
    return Estimate(float(x.mean()), low, high, len(x), unit, "mean, t interval", caveats)


@lru_cache(maxsize=4096)
def attainment(good: int, scheduled: int) -> Estimate | None:
    """Estimate good / scheduled with a Wilson interval; None when nothing was scheduled.

    The interval counts requests of the trials at hand; it knows nothing of trial to trial noise.
    """
    if scheduled == 0:
        return None
    interval = stats.binomtest(good, scheduled).proportion_ci(LEVEL, method="wilson")
    return Estimate(good / scheduled, float(interval.low), float(interval.high), scheduled,
                    "share", "Wilson", ("counting error only",))


def rate_bound(n: int) -> float | None:
    """Upper 95 % bound of a rate after zero events in n checks: the rule of three."""
    return min(1.0, 3 / n) if n else None


def hodges_lehmann(d: Values) -> float:
    """Return the median of the Walsh averages (i <= j)."""
    x = np.asarray(d, float)
    i, j = np.triu_indices(len(x))
    return float(np.median((x[i] + x[j]) / 2))


def _log_ratios(a: Values, b: Values) -> Floats | None:
    """Return ln b − ln a; None without a pair, or where a value is not finite and positive."""
    first, second = np.asarray(a, float), np.asarray(b, float)
    if not len(first) or len(first) != len(second):
        return None
    if not (np.isfinite(first).all() and np.isfinite(second).all()
            and (first > 0).all() and (second > 0).all()):
        return None
    found: Floats = np.log(second) - np.log(first)
    return found


def _t_interval(x: np.ndarray[Any, Any]) -> tuple[float | None, float | None]:
    n = len(x)
    if n < 2:
        return None, None
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * float(x.std(ddof=1)) / math.sqrt(n)
    return float(x.mean()) - half, float(x.mean()) + half
