"""Sentences that carry no more than their numbers: shown, or not shown, with interval and n."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from reports.estimate import ALPHA, Band, Ratio
from reports.words import count, number

Word = Literal["slower", "faster", "no difference shown", "equivalent", "one pair", "unknown"]
EQUIVALENT: Final = 1.1
"""Two stores are called equivalent when the whole interval and the floor lie within ± 10 %."""
LEAST_PRINTED: Final = 0.001
"""Below this nobody reads the digits of a p value."""
NO_PAIR: Final = "no pair of trials can be compared"
MOST_DIGITS: Final = 6
"""An interval that needs more digits to be told from its limit excludes nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`value`, `low` and `high` are the numbers the sentence prints (already turned round)."""

    word: Word
    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    adjusted_p: float | None = None
    """Holm's p, for an endpoint that is one of a family."""


def band_of(ratios: list[float]) -> Band | None:
    """What the mean of so many A/A pairs may be off, both ways round; None without A/A pairs.

    The greater of their mean, which holds what is wrong with the lab, and its standard error
    around 1, which holds chance; one pair counts as it is
    (docs/decisions/0081-the-noise-floor-is-of-a-mean.md).  A pair whose ratio is 0, infinite or
    none differs from itself without bound, and so does the mean.
    """
    if not ratios:
        return None
    n = len(ratios)
    if not all(math.isfinite(r) and r > 0 for r in ratios):
        return Band(0.0, math.inf, n)
    logs = [math.log(r) for r in ratios]
    off = max(abs(math.fsum(logs)) / n, math.hypot(*logs) / n)
    return Band(math.exp(-off), math.exp(off), n)


def band_of_pairs(pairs: Iterable[tuple[float, float]]) -> Band | None:
    """The same of both values of each A/A pair."""
    return band_of([b / a if a else math.nan for a, b in pairs])


def off_text(band: Band, digits: int = 3) -> str:
    """How far a store is off itself: `×1.20`, or `no bound` where an A/A pair has no ratio."""
    return f"×{number(band.high, digits)}" if math.isfinite(band.high) else "no bound"


def itself_text(band: Band, digits: int = 3) -> str:
    """`×1.20 off, 2 A/A pairs`."""
    if math.isfinite(band.high):
        return f"{off_text(band, digits)} off, {count(band.n, 'A/A pair')}"
    return f"no bound, too few right answers in an arm of {count(band.n, 'A/A pair')}"


def speed_verdict(what: str, base: str, rival: str, ratio: Ratio | str | None, band: Band | None,
                  adjusted_p: float | None = None) -> Verdict:
    """Compare rival with base (a ratio of times: above 1 the rival is slower).

    A difference is called only if the interval (from 20 pairs on that of the block bootstrap
    too) excludes both 1 and the A/A band, and Holm's p, where one is given, is below 0.05.
    Equivalence needs the band within ± 10 % as well.  A band that was not measured is said to be
    missing.  Text instead of a ratio is why there is none.
    """
    if not isinstance(ratio, Ratio):
        return Verdict("unknown", f"{what}: {ratio or NO_PAIR}.")
    if ratio.low is None or ratio.high is None or ratio.widest is None:
        text = (f"{what}: {rival} took ~×{number(ratio.value)} the time of {base} in one pair; "
                "one pair has no interval, so no difference is shown.")
        return Verdict("one pair", text, ratio.value, None, None, ratio.n)
    turned = ratio.value < 1
    value, low, high = ((1 / ratio.value, 1 / ratio.high, 1 / ratio.low) if turned
                        else (ratio.value, ratio.low, ratio.high))
    least = 1 / ratio.widest[1] if turned else ratio.widest[0]
    digits = digits_apart(least, band.high if band else 1.0)
    pairs = count(ratio.n, "pair")
    if digits and (adjusted_p is None or adjusted_p < ALPHA):
        slow, fast = (base, rival) if turned else (rival, base)
        ends = ", ".join(number(end, digits) for end in (low, high))
        beside = (f"{block_said(ratio.block, turned, digits)}{holm_said(adjusted_p)}"
                  f"{noise_said(band, digits)}")
        text = (f"{what}: {slow} slower than {fast} by ×{number(value, digits)} [{ends}], "
                f"{pairs}{beside}.")
        return Verdict("faster" if turned else "slower", text, value, low, high, ratio.n,
                       adjusted_p)
    word: Word = "no difference shown"
    said = f"{word}{_why_not(low, least, band)}"
    if _is_within(ratio.widest):
        if band is None or _is_within((band.low, band.high)):
            word, said = "equivalent", "equivalent within ±10 %"
        elif said == word:
            said = f"{word}, for the noise floor is not within ±10 %"
    ends = f"between ×{number(ratio.low)} and ×{number(ratio.high)}"
    beside = f"{block_said(ratio.block)}{holm_said(adjusted_p)}{noise_said(band)}"
    return Verdict(word, f"{what}: {said} ({ends}, {pairs}{beside}).",
                   ratio.value, ratio.low, ratio.high, ratio.n, adjusted_p)


def speed_word(ratio: Ratio | str | None, band: Band | None,
               adjusted_p: float | None = None) -> Word:
    """What `speed_verdict` calls it, for those who count."""
    return speed_verdict("", "", "", ratio, band, adjusted_p).word


def _why_not(low: float, least: float, band: Band | None) -> str:
    """What stands against a difference whose interval excludes 1."""
    if low <= 1:
        return ""
    if least <= 1:
        return ", for blocks of pairs do not exclude ×1"
    if digits_apart(least, band.high if band else 1.0) is None:
        return ", not beyond the noise floor" if band else ", too close to ×1"
    return ", for p is not below 0.05"


def digits_apart(low: float, floor: float = 1.0) -> int | None:
    """Digits, 3 or more, with which `low` is printed above `floor`; None: it is not above it."""
    if low <= floor:
        return None
    return next((digits for digits in range(3, MOST_DIGITS + 1)
                 if _printed(low, digits) > _printed(floor, digits)), None)


def _printed(value: float, digits: int) -> float:
    return float(number(value, digits).replace(",", ""))


def _is_within(ends: tuple[float, float]) -> bool:
    return ends[0] >= 1 / EQUIVALENT and ends[1] <= EQUIVALENT


def block_said(ends: tuple[float, float] | None, turned: bool = False, digits: int = 3) -> str:
    """`; by blocks of pairs ×1.20 to ×1.45`, turned round where the verdict is."""
    if ends is None:
        return ""
    if turned:
        ends = 1 / ends[1], 1 / ends[0]
    return f"; by blocks of pairs ×{number(ends[0], digits)} to ×{number(ends[1], digits)}"


def holm_said(p: float | None) -> str:
    """Holm's p with digits enough to be seen on its side of 0.05."""
    if p is None:
        return ""
    if p < LEAST_PRINTED:
        return f"; p < {LEAST_PRINTED} by Holm"
    texts = [number(p, digits) for digits in range(2, MOST_DIGITS + 1)]
    text = next((t for t in texts if (float(t) < ALPHA) == (p < ALPHA)), texts[-1])
    return f"; p = {text} by Holm"


def noise_said(band: Band | None, digits: int = 3) -> str:
    """`; a store against itself: ×1.20 off, 2 A/A pairs`, or that nobody looked."""
    if band is None:
        return "; no A/A pair measured it"
    return f"; a store against itself: {itself_text(band, digits)}"
