"""Searched thresholds as effects, and what rows say of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scipy import stats

from reports.claims.claim import Effect
from reports.estimate import ALPHA
from reports.scaling import CapacityRow
from reports.search_words import ALLOWED, behind_n, chosen_text
from reports.threshold_ratio import ThresholdRatio, allowing_repetition, divide

QUICK: Final = "from quick ramps with wide steps; the interval is what the steps leave open"
RAMPS: Final = f"ramps each, {ALLOWED}"
SHARED: Final = ("the replicas share one CPU budget: this is no scale-out as published, where each "
           "brings its own")


def effect_of_searches(what: str, ratio: ThresholdRatio) -> Effect:
    """A ratio of thresholds as an effect, with what its n counts."""
    return Effect(what, ratio.value, ratio.low, ratio.high, ratio.n, "ratio", behind_n(ratio))


def among(ratio: ThresholdRatio, family: int) -> ThresholdRatio:
    """The same with an interval that holds in 95 % together with those of all in its family.

    Each end moves away from the value, in logarithms, as the quantile does: Student's of so many
    pairs, the normal one where no pairs are behind it
    (docs/decisions/0255-any-of-several-mixes.md).
    """
    if family < 2:
        return ratio
    times = _quantile(ratio, family) / _quantile(ratio)
    low, high = (ratio.value * (end / ratio.value) ** times if end and ratio.value else None
                 for end in (ratio.low, ratio.high))
    return replace(ratio, low=low, high=high)


def _quantile(ratio: ThresholdRatio, family: int = 1) -> float:
    p = 1 - ALPHA / 2 / family
    return float(stats.t.ppf(p, ratio.n - 1) if ratio.by == "pairs" else stats.norm.ppf(p))


def with_chosen(caveat: str, ratios: list[ThresholdRatio]) -> str:
    """What was chosen by its own result looks better than it is."""
    chosen = chosen_text(*ratios)
    return f"{caveat}; {chosen}" if chosen else caveat


def effect_of_ramps(what: str, above: CapacityRow, below: CapacityRow) -> Effect:
    """Two ramps: the ratio is bounded by their steps, with the allowance for repetition."""
    a, b = above.capacity, below.capacity
    low, high = allowing_repetition(divide(a.low, b.high), divide(a.high, b.low))
    return Effect(what, (low * high) ** 0.5 if low and high else None, low, high,
                  min(a.ramps, b.ramps), "ratio", RAMPS)
