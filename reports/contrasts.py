"""Percentiles of two topologies over their pairs: what carries them, and why there is no ratio.

A pair carries a percentile when both of its trials have rows enough.  That is decided by the
number of visitors alone, which stands before the run, so leaving out the others is blind to what
was measured (docs/decisions/0212-a-pair-carries-a-percentile.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from contract.run_record import TrialRecord
from reports.arms import Arms, pairs_of
from reports.estimate import (
    QS,
    ROWS_FOR,
    Band,
    Floats,
    Ratio,
    is_enough,
    percentile,
    ratio_of_pairs,
)
from reports.guards import Judged
from reports.verdicts import NO_PAIR, band_of_pairs
from reports.words import count

Twos = Sequence[tuple[TrialRecord, TrialRecord]]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two topologies of one series: percentiles of first requests, `rival` ÷ `base`, by pairs."""

    base: str
    rival: str
    pairs: int
    ratios: dict[float, Ratio | None]
    """Over the pairs that carry the percentile; its caveat says how many do where not all."""
    why_not: dict[float, str]
    """Why there is no ratio; "" where there is one."""


def measure_contrasts(firsts: Mapping[int, Floats], own: list[Judged],
                      arms: Arms) -> list[Contrast]:
    """Every two topologies of a series, those compared first; `firsts` by trial."""
    twos = sorted(combinations(arms.in_order, 2), key=lambda two: two != (arms.base, arms.rival))
    return [_contrast(firsts, own, *two) for two in twos]


def _contrast(firsts: Mapping[int, Floats], own: list[Judged], base: str, rival: str) -> Contrast:
    pairs = pairs_of(own, [base, rival], lambda _: True)
    twos = [(pair[base], pair[rival]) for pair in pairs]
    found = {q: ratio_of_percentiles(firsts, twos, q, "first requests") for q in QS}
    return Contrast(base, rival, len(pairs), {q: ratio for q, (ratio, _) in found.items()},
                    {q: why for q, (_, why) in found.items()})


def ratio_of_percentiles(values: Mapping[int, Floats], twos: Twos, q: float,
                         of: str) -> tuple[Ratio | None, str]:
    """Ratio of percentile q over the pairs that carry it, and why there is none; `of`: what the
    values are of, in words."""
    if not twos:
        return None, NO_PAIR
    a, b = _quoted(values, twos, q)
    if not a:
        return None, (f"not compared, for no pair of trials has {ROWS_FOR[q]:,} {of} in each, "
                      f"which a p{q:g} needs")
    ratio = ratio_of_pairs(a, b)
    if ratio is None:
        endless = sum(not np.isfinite(both).all() for both in zip(a, b, strict=True))
        return None, (f"not compared, for in {endless} of {count(len(a), 'pair')} fewer than "
                      f"{q:g} % of the {of} of a trial were answered rightly")
    if len(a) < len(twos):
        said = f"{len(a)} of {len(twos)} pairs carry a p{q:g}"
        ratio = replace(ratio, caveats=(*ratio.caveats, said))
    return ratio, ""


def band_of_percentiles(values: Mapping[int, Floats], aa: Twos, q: float) -> Band | None:
    """The noise floor of percentile q over the A/A pairs that carry it."""
    return band_of_pairs(zip(*_quoted(values, aa, q), strict=True))


def _quoted(values: Mapping[int, Floats], twos: Twos,
            q: float) -> tuple[list[float], list[float]]:
    """Both percentiles of every pair that carries them, in the order of measurement."""
    both = [(values[one.id], values[other.id]) for one, other in twos
            if one.id in values and other.id in values]
    enough = [two for two in both if all(is_enough(len(rows), q) for rows in two)]
    return [percentile(a, q) for a, _ in enough], [percentile(b, q) for _, b in enough]
