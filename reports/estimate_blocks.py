"""Block bootstrap: an interval that stands when neighbouring pairs depend on one another."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy import stats

from reports.estimate_p import LEVEL, Floats

PAIRS_FOR_BLOCKS: Final = 20
"""Pairs below which resampling is too narrow to be shown."""
_DRAWS: Final = 1999


def block_length(n: int) -> int:
    """1.5 times the cube root of n: 4 for 20 pairs, 6 for 64."""
    return max(2, round(1.5 * math.cbrt(n)))


def block_interval(d: Floats) -> tuple[float, float] | None:
    """95 % interval of the mean of d, in the order of measurement; None under 20 values.

    Circular blocks (Politis & Romano 1992) give the standard error of the mean.  It is widened
    by √(n / (n − b)) for what the observed mean hides within blocks of length b, and read with
    Student's t on n/b − 1 degrees of freedom: quantiles of the resampled means cover too rarely
    (docs/decisions/0080-an-interval-for-pairs-that-depend.md).
    """
    n = len(d)
    if n < PAIRS_FOR_BLOCKS:
        return None
    b = block_length(n)
    rng = np.random.default_rng(0)
    starts = rng.integers(0, n, (_DRAWS, math.ceil(n / b)))
    picked = ((starts[:, :, None] + np.arange(b)) % n).reshape(_DRAWS, -1)[:, :n]
    error = float(d[picked].mean(axis=1).std(ddof=1)) * math.sqrt(n / (n - b))
    half = float(stats.t.ppf((1 + LEVEL) / 2, n / b - 1)) * error
    return float(d.mean()) - half, float(d.mean()) + half
