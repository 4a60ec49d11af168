"""What a claim is, what a run has to say to it, and the only ways in which it is decided."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from reports.estimate import Band, Estimate, Ratio
from reports.estimate_apart import Apart
from reports.verdicts import itself_text
from reports.words import MINUS, interval, listed, number, setting

Word = Literal["supported", "contradicted", "no difference shown", "not testable here"]
WORDS: Final[tuple[Word, ...]] = (
    "supported", "contradicted", "no difference shown", "not testable here")
LESS: Final = "less than published"


@dataclass(frozen=True, slots=True)
class Claim:
    """`least` and `most` bound what is expected here, `published` what others found, both in the
    unit of the effect; None: that end is open, or the claim has no such number.  Rules look at
    `within` alone."""

    id: str
    text: str
    source: str
    figures: str
    """The published figures in words."""
    expected: str
    least: float | None = None
    most: float | None = None
    published: tuple[float, ...] = ()
    link: str = ""
    """Where the source can be read."""
    within: tuple[float, float] | None = None
    """The range that a claim of no difference means: the number it states itself.  A source
    without one has this ledger's, and the row says so."""
    is_number: bool = False
    """The claim states a size, `published`, one for each effect: to lie in its direction does not
    support it in full."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What was measured; `low` and `high` bound 95 %, None where an end is open."""

    what: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: Literal["ratio", "share", "count"]
    of: str = "pairs"
    """What n counts."""
    block: tuple[float, float] | None = None
    """The same interval by the block bootstrap; None: there is none."""
    band: Band | None = None
    """The noise floor of the same quantity, where A/A pairs have it."""
    caveats: tuple[str, ...] = ()
    """What its estimate does not hold."""
    published: float | None = None
    """The least that was published of it, as a ratio above 1."""

    @property
    def is_less(self) -> bool:
        """Does the whole of the wider interval lie below what was published?"""
        high = self.widest[1]
        return self.published is not None and high is not None and high < self.published

    @property
    def widest(self) -> tuple[float | None, float | None]:
        """The ends that decide: those of the wider interval."""
        if self.low is None or self.high is None or self.block is None:
            return self.low, self.high
        return min(self.low, self.block[0]), max(self.high, self.block[1])

    @property
    def floor(self) -> float:
        """How far from 1 a difference must be: beyond what a store differs from itself by."""
        return self.band.high if self.band else 1.0

    @property
    def turned(self) -> Effect:
        """1 ÷ a ratio."""
        value, high, low = (1 / end if end else None for end in (self.value, self.low, self.high))
        block = (1 / self.block[1], 1 / self.block[0]) if self.block else None
        return replace(self, value=value, low=low, high=high, block=block)

    @property
    def text(self) -> str:
        """`CPU an answer ×1.83 [1.50, 2.20], n = 6 pairs (a store against itself ×1.05 off, …)`."""
        if self.unit == "count":
            said = setting(self.value) if self.low is None else number(self.value)
            return f"{self.what} {said} {interval(self.low, self.high)}".strip()
        beside = [f"by blocks of pairs ×{number(self.block[0])} to ×{number(self.block[1])}"
                  ] if self.block else []
        if self.band:
            beside.append(f"a store against itself {itself_text(self.band)}")
        less = f", less than the published ×{number(self.published)}" if self.is_less else ""
        return (f"{self.what} {self._number()}, n = {self.n} {self.of}"
                f"{f' ({listed(beside)})' if beside else ''}{less}")

    def _number(self) -> str:
        scale, sign, unit = (1.0, "×", "") if self.unit == "ratio" else (100.0, "", " points")
        value, low, high = (None if end is None else end * scale
                            for end in (self.value, self.low, self.high))
        ends = interval(low, high)
        if not ends and low is not None:
            ends = f"(above {sign}{number(low)})"
        if not ends and high is not None:
            ends = f"(below {sign}{number(high)})"
        said = "" if value is None else f"{sign}{number(value)}"
        return f"{said} {ends}".strip() + unit


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the ledger; `effects[0]` is the one that is drawn."""

    claim: Claim
    word: Word
    effects: tuple[Effect, ...] = ()
    caveat: str = ""
    missing: str = ""
    """What this run lacks, when the claim is not testable here."""

    @property
    def is_less(self) -> bool:
        """Is the claim supported, and an effect of it shown to be less than published?"""
        return self.word == "supported" and any(effect.is_less for effect in self.effects)

    @property
    def is_in_direction_only(self) -> bool:
        """Does the claim state a size that this run shows not to be reached?"""
        return self.claim.is_number and self.is_less

    @property
    def said(self) -> str:
        """The verdict in full."""
        return f"{self.word} in direction, {LESS}" if self.is_in_direction_only else self.word

    @property
    def caveats(self) -> list[str]:
        """The row's own, then those of its effects, each once; of some only, with their number."""
        held = Counter(one for effect in self.effects for one in dict.fromkeys(effect.caveats))
        n = len(self.effects)
        return [*([self.caveat] if self.caveat else []),
                *(one if k == n else f"{k} of {n}: {one}" for one, k in held.items())]


def effect_of_ratio(what: str, ratio: Ratio, steps: int = 1,
                    published: float | None = None) -> Effect:
    """A paired ratio as an effect; of several steps at once, the geometric mean of one."""
    def each(end: float) -> float:
        return math.exp(math.log(end) / steps) if end else 0.0

    block, band = ratio.block, ratio.band
    return Effect(
        what, each(ratio.value), each(ratio.low) if ratio.low else None,
        each(ratio.high) if ratio.high else None, ratio.n, "ratio",
        block=(each(block[0]), each(block[1])) if block else None,
        band=Band(each(band.low), each(band.high), band.n) if band else None,
        caveats=ratio.caveats, published=published)


def effect_of_apart(what: str, found: Apart, published: float | None = None) -> Effect:
    """A ratio of means over trials of each."""
    return Effect(what, found.value, found.low, found.high, sum(found.n), "ratio", "trials",
                  caveats=found.caveats, published=published)


def effect_of_estimate(what: str, found: Estimate, of: str) -> Effect:
    """A share as an effect, in points."""
    return Effect(what, found.value, found.low, found.high, found.n, "share", of,
                  caveats=found.caveats)


def by_direction(effect: Effect) -> Word:
    """The claim says `above 1`: supported or contradicted only by the whole of the wider
    interval, beyond the noise floor."""
    low, high = effect.widest
    if low is not None and low > effect.floor:
        return "supported"
    if high is not None and high < 1 / effect.floor:
        return "contradicted"
    return "no difference shown"


def by_equivalence(effect: Effect, least: float, most: float) -> Word:
    """The claim says `within [least, most]`: by the wider interval and the noise floor inside, or
    wholly outside and beyond the noise floor."""
    low, high = effect.widest
    if (low is not None and high is not None and low >= least and high <= most
            and 1 / effect.floor >= least and effect.floor <= most):
        return "supported"
    if ((low is not None and low > max(most, effect.floor))
            or (high is not None and high < min(least, 1 / effect.floor))):
        return "contradicted"
    return "no difference shown"


def all_of(words: Sequence[Word]) -> Word:
    """A claim with several halves: every one must be shown, one contradicted is enough."""
    if "contradicted" in words:
        return "contradicted"
    return "supported" if words and set(words) == {"supported"} else "no difference shown"


def every_one(claim: Claim, effects: Sequence[Effect], caveat: str = "") -> Row:
    """A row whose claim must hold in every effect; those that decided stand first (drawn)."""
    word = all_of([by_direction(effect) for effect in effects])
    return Row(claim, word, tuple(sorted(effects, key=lambda one: by_direction(one) != word)),
               caveat)


def size_of(claim: Claim, effect: Effect) -> str:
    """How the interval lies to what was expected here; empty without an interval or a range."""
    low, high = effect.low, effect.high
    if low is None or high is None or (claim.least is None and claim.most is None):
        return ""
    if claim.most is not None and low > claim.most:
        return "more than expected"
    if claim.least is not None and high < claim.least:
        return "less than expected"
    inside = ((claim.least is None or low >= claim.least)
              and (claim.most is None or high <= claim.most))
    return "as expected" if inside else "overlaps what was expected"


def untestable(claim: Claim, missing: str) -> Row:
    """A row without numbers; `missing` completes `needs …`."""
    return Row(claim, "not testable here", missing=missing)


def signed(value: float) -> str:
    """+14 %, −3 %."""
    return f"{'+' if value >= 0 else MINUS}{number(abs(value) * 100)} %"
