"""One searched threshold divided by another, and what its interval holds.

`pairs`: Student's t over searches that were interleaved, from two pairs on.  `apart`: Welch's t
over searches that were not, from two answers each on.  Neither is narrower than what the searches'
own brackets leave open, for answers are steps: equal ones do not make a ratio certain.  `ends`:
what the probes leave open, with an allowance for repetition, which single searches say nothing
about.  Source: docs/decisions/0194-an-allowance-for-repetition.md and 0213.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from reports.estimate import ratio_of_pairs
from reports.estimate_apart import means_apart
from reports.search import Search, merge

REPEATABILITY: Final = 0.10
"""Searches of one store may differ by so much: the spread that `bench capacity_spread` holds five
of them to."""

By = Literal["pairs", "apart", "ends"]
Ends = tuple[float | None, float | None]
"""None: open."""


@dataclass(frozen=True, slots=True)
class ThresholdRatio:
    """Above ÷ below; a missing end is open.  `low` and `high` are the ends that decide."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Pairs that have both answers; searches with an answer, of both together."""
    asked: int
    """Pairs, or searches of both together, with an answer or without."""
    by: By
    is_apart: bool = False
    """The searches of the two were not interleaved."""
    best_of: tuple[int, int] = (1, 1)
    """Above and below: the best of so many, chosen by the searches that it is judged by here."""

    @property
    def turned(self) -> ThresholdRatio:
        """Below ÷ above."""
        value, low, high = (1 / end if end else None for end in (self.value, self.high, self.low))
        return replace(self, value=value, low=low, high=high, best_of=self.best_of[::-1])


def ratio_of_searches(above: Sequence[Search], below: Sequence[Search]) -> ThresholdRatio:
    """Divide what interleaved searches found; searches of one repeat are a pair."""
    one = {search.repeat: search for search in above}
    other = {search.repeat: search for search in below}
    pairs = [(a, b) for repeat, a in one.items() if (b := other.get(repeat))
             and a.threshold.value is not None and b.threshold.value is not None]
    if len(pairs) > 1:
        tops, bottoms = [a for a, _ in pairs], [b for _, b in pairs]
        ratio = ratio_of_pairs(_answers(bottoms), _answers(tops))
        assert ratio is not None
        ends = _outer((ratio.low, ratio.high), tops, bottoms)
        silent = [(one[repeat], other[repeat]) for repeat in one.keys() & other.keys()
                  if (one[repeat], other[repeat]) not in pairs]
        return ThresholdRatio(ratio.value, *_holding(ends, silent), ratio.n,
                              len({*one, *other}), "pairs")
    return _by_ends(above, below)


def ratio_of_searches_apart(above: Sequence[Search], below: Sequence[Search]) -> ThresholdRatio:
    """Divide what searches found that were not interleaved: of two points, or of two runs."""
    top, bottom = _answers(above), _answers(below)
    if min(len(top), len(bottom)) > 1 and (found := means_apart(bottom, top)):
        return ThresholdRatio(found.value, *_outer((found.low, found.high), above, below),
                              sum(found.n), len(above) + len(below), "apart", is_apart=True)
    return replace(_by_ends(above, below), is_apart=True)


def _outer(ends: Ends, above: Sequence[Search], below: Sequence[Search]) -> Ends:
    """The outer of an interval by repeats and of what brackets leave open of the same means."""
    brackets = (divide(_mean_end(above, "low"), _mean_end(below, "high")),
                divide(_mean_end(above, "high"), _mean_end(below, "low")))
    return _farther(ends, brackets)


def _holding(ends: Ends, silent: Sequence[tuple[Search, Search]]) -> Ends:
    """The ends, as far out as pairs without both answers leave open: why a search has none may hang
    on what it would have answered."""
    for above, below in silent:
        ends = _farther(ends, (divide(above.threshold.low, below.threshold.high),
                               divide(above.threshold.high, below.threshold.low)))
    return ends


def _farther(ends: Ends, others: Ends) -> Ends:
    """The outer of both; an end that is open in one stays open."""
    (low, least), (high, most) = zip(ends, others, strict=True)
    return min(low, least) if low and least else None, max(high, most) if high and most else None


def _mean_end(found: Sequence[Search], end: Literal["low", "high"]) -> float | None:
    """Geometric mean of one end over the searches that answered; None where one is open."""
    known = [getattr(search.threshold, end) for search in found
             if search.threshold.value is not None]
    return math.exp(math.fsum(map(math.log, known)) / len(known)) if all(known) else None


def allowing_repetition(low: float | None,
                        high: float | None) -> tuple[float | None, float | None]:
    """The ends of a ratio of two answers, as far out as repeating the two may move it."""
    return (low / (1 + REPEATABILITY) if low else None,
            high * (1 + REPEATABILITY) if high else None)


def _by_ends(above: Sequence[Search], below: Sequence[Search]) -> ThresholdRatio:
    top, bottom = (merge([search.threshold for search in found]) for found in (above, below))
    low, high = allowing_repetition(divide(top.low, bottom.high), divide(top.high, bottom.low))
    return ThresholdRatio(divide(top.value, bottom.value), low, high,
                          len(_answers(above)) + len(_answers(below)), len(above) + len(below),
                          "ends")


def _answers(found: Sequence[Search]) -> np.ndarray:
    return np.array([search.threshold.value for search in found
                     if search.threshold.value is not None], float)


def divide(above: float | None, below: float | None) -> float | None:
    """The quotient; None where an end is open."""
    return above / below if above and below else None
