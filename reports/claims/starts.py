"""What was measured of one start of each store, and how far another start may lie from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reports.claims.claim import Effect
from reports.words import percent

START_ALLOWANCE: Final = 0.10
"""Starts of one store may differ by so much in the memory they hold; recorded ones did by 8 %
(docs/decisions/0256-a-start-is-one-sample-of-memory.md)."""
ONE_START: Final = f"one start of each store: {percent(START_ALLOWANCE, 0)} allowed for another"


def allowing_start(effect: Effect) -> Effect:
    """A ratio with each end as far out as another start may move it."""
    most = 1 + START_ALLOWANCE
    return replace(effect, low=effect.low / most if effect.low else None,
                   high=effect.high * most if effect.high else None,
                   block=(effect.block[0] / most, effect.block[1] * most) if effect.block else None)
