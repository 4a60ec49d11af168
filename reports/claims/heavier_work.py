"""The row about a gap that narrows with the work of a request: B5.

The gap is the distance of a ratio from 1, |ln ratio|.  It is smaller after a step where
ln² after − ln² before = ln (after ÷ before) · ln (after × before) lies below 0.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from reports.claims.claim import (
    Effect,
    Row,
    Word,
    all_of,
    by_direction,
    effect_of_ratio,
    untestable,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.estimate import Ratio
from reports.estimate_apart import ratio_apart
from reports.noise import apart
from reports.words import listed

LISTS: Final = ("list_small", "list_medium", "list_large")
_OPEN: Final = "no difference shown"


def heavier_work(evidence: Evidence) -> Row:
    """B5: the ratio from short lists to long ones; every step must bring it nearer to 1, and none
    to the other side."""
    claim = CLAIMS["B5"]
    found = [evidence.of_workload(name) for name in LISTS]
    known = [(one, ratio) for one in found if one and (ratio := one.ratios[50.0])]
    if len(known) < len(LISTS):
        return untestable(claim, f"latency series of workloads {', '.join(LISTS)} on both stores")
    ratios = [replace(ratio, band=one.bands[50.0]) for one, ratio in known]
    gaps = [effect_of_ratio(name, ratio) for name, ratio in zip(LISTS, ratios, strict=True)]
    side, caveats = by_direction(gaps[0]), [evidence.hop_caveat(known[0][0])]
    if side == "contradicted":
        ratios = [_turned(ratio) for ratio in ratios]
        caveats.append(f"{evidence.rival} is the faster at {LISTS[0]}, so what lies between two "
                       f"lists is of {evidence.base} ÷ {evidence.rival}")
    steps = [_step(f"ratio at {b} ÷ ratio at {a}", one, other)
             for (a, b), (one, other) in zip(pairwise(LISTS), pairwise(ratios), strict=True)]
    whole = _step("ratio at long lists ÷ ratio at short ones", ratios[0], ratios[-1])
    effects = (whole, *steps, *gaps)
    if side == _OPEN:
        return Row(claim, "not testable here", effects, caveats[0],
                   f"a difference between the stores at {LISTS[0]}: a gap that is not shown can't "
                   "be shown to narrow")
    words = [_nearer(one, other) for one, other in pairwise(ratios)]
    if beyond := [gap.what for gap in gaps if by_direction(gap) not in (side, _OPEN)]:
        words.append(_OPEN)
        caveats.append(f"at {listed(beyond)} the other store is the faster: a gap that turns "
                       "round is not narrowed")
    caveats += [f"{name} may lie as far from 1 on the other side"
                for name, word, step in zip(LISTS[1:], words, steps, strict=False)
                if word == _OPEN and by_direction(step) != _OPEN]
    return Row(claim, all_of(words), effects, "; ".join(filter(None, caveats)))


def _nearer(before: Ratio, after: Ratio) -> Word:
    """Is the gap after the step smaller?  Shown only where both factors are."""
    words = by_direction(_step("", before, after)), by_direction(_step("", _turned(before), after))
    if _OPEN in words:
        return _OPEN
    return "contradicted" if words[0] == words[1] else "supported"


def _step(what: str, before: Ratio, after: Ratio) -> Effect:
    """after ÷ before: series are measured apart."""
    found = ratio_apart(before, after)
    return Effect(what, found.value, found.low, found.high, min(found.n), "ratio", "pairs each",
                  band=apart(before.band, after.band),
                  caveats=tuple(dict.fromkeys(before.caveats + after.caveats)))


def _turned(ratio: Ratio) -> Ratio:
    """1 ÷ the ratio."""
    low, high = (1 / end if end else None for end in (ratio.high, ratio.low))
    return replace(ratio, value=1 / ratio.value, low=low, high=high,
                   hodges_lehmann=1 / ratio.hodges_lehmann,
                   block=(1 / ratio.block[1], 1 / ratio.block[0]) if ratio.block else None)
