"""What a claim is, what a run has to say to it, and the only ways in which it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reports.estimate import Estimate, Ratio
from reports.words import MINUS, interval, number

Word = Literal["supported", "contradicted", "no difference shown", "not testable here"]
WORDS: Final[tuple[Word, ...]] = (
    "supported", "contradicted", "no difference shown", "not testable here")


@dataclass(frozen=True, slots=True)
class Claim:
    """`least` and `most` bound what is expected here, `published` what others found, both in the
    unit of the effect; None: that end is open, or the claim has no such number."""

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

    @property
    def text(self) -> str:
        """`CPU an answer ×1.83 [1.50, 2.20], n = 6 pairs`."""
        if self.unit == "count":
            return f"{self.what} {self.value:g} {interval(self.low, self.high)}".strip()
        return f"{self.what} {self._number()}, n = {self.n} {self.of}"

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


def effect_of_ratio(what: str, ratio: Ratio) -> Effect:
    """A paired ratio as an effect."""
    return Effect(what, ratio.value, ratio.low, ratio.high, ratio.n, "ratio")


def effect_of_estimate(what: str, found: Estimate, of: str) -> Effect:
    """A share as an effect, in points."""
    return Effect(what, found.value, found.low, found.high, found.n, "share", of)


def by_direction(effect: Effect, border: float = 1.0) -> Word:
    """The claim says `above the border`: supported or contradicted only by the whole interval."""
    if effect.low is not None and effect.low > border:
        return "supported"
    if effect.high is not None and effect.high < border:
        return "contradicted"
    return "no difference shown"


def by_equivalence(effect: Effect, least: float, most: float) -> Word:
    """The claim says `within [least, most]`: by the interval inside, or wholly outside."""
    low, high = effect.low, effect.high
    if low is not None and high is not None and low >= least and high <= most:
        return "supported"
    if (low is not None and low > most) or (high is not None and high < least):
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
