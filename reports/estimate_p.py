"""How surprising paired differences are: sign flips, Student's t, and Holm's correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy import stats

Floats = np.ndarray[Any, np.dtype[np.float64]]
Values = Sequence[float] | Floats

LEVEL: Final = 0.95
ALPHA: Final = 0.05
EXACT_UP_TO: Final = 12
"""Values up to which all sign flips are counted; beyond, `FLIPS` of them are drawn."""
FLIPS: Final = 9999


def sign_flip_p(d: Values) -> float:
    """Two-sided permutation p of mean = 0: exact up to 12 values, else 9,999 seeded flips."""
    x = np.asarray(d, float)
    if np.allclose(x, 0):
        return 1.0
    sums, own, slack = _flips(len(x)) @ x, float(x.sum()), 1e-12 * float(np.abs(x).sum())
    as_far = min(int((sums <= own + slack).sum()), int((sums >= own - slack).sum()))
    unseen = int(len(x) > EXACT_UP_TO)  # what was observed counts as one of the drawn
    return min(1.0, 2 * (as_far + unseen) / (len(sums) + unseen))


@lru_cache(maxsize=8)
def _flips(n: int) -> Floats:
    """Signs of n values, +1 and -1, one row a flip: all of them, or as many as are drawn."""
    drawn = (np.random.default_rng(0).integers(0, 2, (FLIPS, n)) if n > EXACT_UP_TO
             else (np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    signs: Floats = 2 * drawn.astype(np.float64) - 1
    return signs


def smallest_sign_flip_p(n: int) -> float:
    """The least p that sign flips of n values can give: 0.0625 for 5 and 0.031 for 6."""
    return 2 / (FLIPS + 1) if n > EXACT_UP_TO else 2 / 2**n


def paired_t_p(d: Values) -> float | None:
    """Two-sided p of mean = 0 by Student's t; None under two values."""
    x = np.asarray(d, float)
    if len(x) < 2:
        return None
    if np.ptp(x) <= 1e-12 * np.abs(x).max():
        return 1.0 if np.allclose(x, 0) else 0.0
    return float(stats.ttest_1samp(x, 0.0).pvalue)


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Adjust the p values of one family so that a false one is rare in all of them together.

    The step-down method of Holm (1979), doi.org/10.2307/4615733: of m values in rising order
    the k-th becomes the greatest of (m − j + 1)·p_j, j ≤ k, and at most 1.  Values that are
    None stay None and do not count.
    """
    known = sorted((p, name) for name, p in p_values.items() if p is not None)
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    highest = 0.0
    for place, (p, name) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - place) * p))
        adjusted[name] = highest
    return adjusted
