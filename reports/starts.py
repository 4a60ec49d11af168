"""What a store holds is measured of one start of it: how far another start may lie from it."""

from __future__ import annotations

from typing import Final

from reports.words import percent

START_ALLOWANCE: Final = 0.10
"""Starts of one store may differ by so much in the memory they hold; recorded ones did by 8 %
(docs/decisions/0256-a-start-is-one-sample-of-memory.md)."""

ONE_START: Final = (f"one start of each store, or few: {percent(START_ALLOWANCE, 0)} allowed for "
                    "another")


def allowing_start(low: float | None, high: float | None,
                   share: float = 1.0) -> tuple[float | None, float | None]:
    """The ends of a ratio of memory, as far out as another start of the two may move it; `share`:
    of what is compared that is memory."""
    most = 1 + START_ALLOWANCE * share
    return low / most if low else None, high * most if high else None


def block_allowing_start(block: tuple[float, float] | None,
                         share: float = 1.0) -> tuple[float, float] | None:
    """The same of an interval by blocks of pairs, which has both ends or is none."""
    low, high = allowing_start(*block, share) if block else (None, None)
    return (low, high) if low is not None and high is not None else None
