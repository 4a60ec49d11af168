"""Searched thresholds as effects, and what rows say of them."""

from __future__ import annotations

from typing import Final

from reports.claims.claim import Effect
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
