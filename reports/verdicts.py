"""Sentences that carry no more than their numbers: shown, or not shown, with interval and n."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from reports.estimate import Ratio
from reports.words import count, number

Word = Literal["slower", "faster", "no difference shown", "equivalent", "one pair", "unknown"]
EQUIVALENT = 1.1
"""Two stores are called equivalent when the whole interval lies within ± 10 %."""


@dataclass(frozen=True, slots=True)
class Band:
    """The lab's noise floor: how far apart a store was from itself in A/A pairs."""

    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`value`, `low` and `high` are the numbers the sentence prints (already turned round)."""

    word: Word
    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


def band_of(ratios: list[float]) -> Band | None:
    """The widest A/A ratio, both ways round; None without A/A pairs."""
    usable = [abs(math.log(r)) for r in ratios if math.isfinite(r) and r > 0]
    if not usable:
        return None
    return Band(math.exp(-max(usable)), math.exp(max(usable)), len(usable))


def speed_verdict(what: str, base: str, rival: str, ratio: Ratio | None,
                  band: Band | None) -> Verdict:
    """Compare rival with base (a ratio of times: above 1 the rival is slower)."""
    if ratio is None:
        return Verdict("unknown", f"{what}: no pair of trials can be compared.")
    if ratio.low is None or ratio.high is None:
        text = (f"{what}: {rival} took ~×{number(ratio.value)} the time of {base} in one pair; "
                "one pair has no interval, so no difference is shown.")
        return Verdict("one pair", text, ratio.value, None, None, ratio.n)
    ends = _ends(ratio.low, ratio.high)
    noise = _noise(band)
    pairs = count(ratio.n, "pair")
    if (ratio.low > 1 or ratio.high < 1) and not _meets(ratio, band):
        slow, fast = (rival, base) if ratio.low > 1 else (base, rival)
        value, low, high = ((ratio.value, ratio.low, ratio.high) if ratio.low > 1
                            else (1 / ratio.value, 1 / ratio.high, 1 / ratio.low))
        word: Word = "slower" if ratio.low > 1 else "faster"
        text = (f"{what}: {slow} slower than {fast} by ×{number(value)} "
                f"[{number(low)}, {number(high)}], {pairs}{noise}.")
        return Verdict(word, text, value, low, high, ratio.n)
    if ratio.low >= 1 / EQUIVALENT and ratio.high <= EQUIVALENT:
        text = f"{what}: equivalent within ±10 % ({ends}, {pairs}{noise})."
        return Verdict("equivalent", text, ratio.value, ratio.low, ratio.high, ratio.n)
    text = f"{what}: no difference shown ({ends}, {pairs}{noise})."
    return Verdict("no difference shown", text, ratio.value, ratio.low, ratio.high, ratio.n)


def _meets(ratio: Ratio, band: Band | None) -> bool:
    """Does the interval reach into what a store differs from itself?"""
    return (band is not None and ratio.low is not None and ratio.high is not None
            and ratio.low <= band.high and ratio.high >= band.low)


def _ends(low: float, high: float) -> str:
    return f"between ×{number(low)} and ×{number(high)}"


def _noise(band: Band | None) -> str:
    if band is None:
        return ""
    return (f"; a store against itself: up to ×{number(band.high)}, "
            f"{count(band.n, 'A/A pair')}")
