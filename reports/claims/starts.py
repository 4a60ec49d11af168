"""Effects that were measured of one start of each store."""

from __future__ import annotations

from dataclasses import replace

from reports import starts
from reports.claims.claim import Effect


def allowing_start(effect: Effect) -> Effect:
    """A ratio with each end as far out as another start may move it."""
    low, high = starts.allowing_start(effect.low, effect.high)
    return replace(effect, low=low, high=high, block=starts.block_allowing_start(effect.block))
