"""Re-reads generated sentences: every number that stands in them, and what they claim.

Nothing here calls the code that wrote them; a printed number is held against the data by its
own digits.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

N = r"−?[\d,.]*\d"
_WHAT = r"(?P<what>[^.;:\s][^.;:]*)"
_BESIDE = (rf"(?:; by blocks of pairs ×(?P<block_low>{N}) to ×(?P<block_high>{N}))?"
           rf"(?:; p (?P<sign>[=<]) (?P<p>{N}) by Holm)?"
           rf"(?:; a store against itself: ×(?P<band>{N}) off, (?P<aa>\d+) A/A pairs?|"
         r"; a store against itself: (?P<boundless>no bound), too few right answers in an arm of "
         r"(?P<aa_void>\d+) A/A pairs?|(?P<no_aa>; no A/A pair measured it))")
DIFFERENT = re.compile(
    rf"{_WHAT}: (?P<slow>\S+) slower than (?P<fast>\S+) by ×(?P<value>{N}) "
    rf"\[(?P<low>{N}), (?P<high>{N})\], (?P<n>[\d,]+) pairs?{_BESIDE}\.")
NOT_SHOWN = re.compile(
    rf"{_WHAT}: (?P<word>no difference shown|equivalent within ±10 %)"
    rf"(?P<why>, [^(]+)? \(between ×(?P<low>{N}) and ×(?P<high>{N}), "
    rf"(?P<n>[\d,]+) pairs?{_BESIDE}\)\.")
ONE_PAIR = re.compile(
    rf"{_WHAT}: (?P<slow>\S+) took ~×(?P<value>{N}) the time of (?P<fast>\S+) in one "
    r"pair; one pair has no interval, so no difference is shown\.")
NO_PAIR = re.compile(rf"{_WHAT}: no pair of trials can be compared\.")
TOO_SHORT = re.compile(
    rf"{_WHAT}: not compared, for no pair of trials has (?P<rows>{N}) "
    r"(?P<of>first requests|whole journeys) in each, which a p(?P<q>\d+) needs\.")
ENDLESS = re.compile(
    rf"{_WHAT}: not compared, for in (?P<endless>\d+) of (?P<n>[\d,]+) pairs? fewer than "
    r"(?P<q>\d+) % of the (?P<of>first requests|whole journeys) of a trial were answered rightly\.")

CARRIES = re.compile(
    rf"(?P<more>\S+) carries more, (?:×(?P<value>{N}) \[(?P<low>{N}), (?P<high>{N})\]|"
    rf"at least ×(?P<least>{N}))")
CARRIES_SAME = re.compile(
    rf"no difference shown \(ratio (?:between ×(?P<low>{N}) and ×(?P<high>{N})|"
    rf"above ×(?P<above>{N})|below ×(?P<below>{N}))\)")
_DECIDED = (
    r"(?P<n>\d+) (?:of (?P<asked>\d+) )?(?P<what>pairs of searches|single searches|searches)"
    r"(?P<apart> measured apart)?(?P<answered> answered)?"
    r"(?:, (?P<allowed>\d+) % allowed for repetition)?"
    r"(?:, best of (?P<best>[\d, and]+), chosen by these searches)?")
SEARCHED = re.compile(
    rf"(?P<more>\S+) carries more than (?P<less>\S+), (?:×(?P<value>{N}) \[(?P<low>{N}), "
    rf"(?P<high>{N})\]|at least ×(?P<least>{N})), {_DECIDED}")
SEARCHED_SAME = re.compile(
    rf"no difference shown between (?P<one>\S+) and (?P<other>\S+) \(ratio (?:between "
    rf"×(?P<low>{N}) and ×(?P<high>{N})|above ×(?P<above>{N})|below ×(?P<below>{N})), "
    rf"{_DECIDED}\)")
LOST_LESS = re.compile(
    rf"(?P<less>\S+) lost less, by (?P<value>{N}) points \[(?P<low>{N}), (?P<high>{N})\]")
LOST_SAME = re.compile(
    rf"no difference shown \(between (?P<low>{N}) and (?P<high>{N}) points\)")

CHANGED = re.compile(
    rf"lost (?P<way>less|more), by (?P<value>{N}) points \[(?P<low>{N}), (?P<high>{N})\]")
SHARE = rf"({N}) % \[({N}), ({N})\]"
OF_POSTURE = rf"monolith {SHARE} and microservices {SHARE} of all requests, " \
             r"mean of (\d+) faults? \((.+?)\): (.+?)"
NO_MEAN = r"(?:; (\d+) faults? of a part that every feature needs (is|are) in no mean)?"
NOISE = r"(; one run a fault, so the intervals hold counting error only)?"


def value(text: str) -> float:
    """Read a printed number."""
    return float(text.replace(",", "").replace("−", "-"))


def agrees(text: str, truth: float) -> bool:
    """Is the truth within half a unit of the last digit that counts (three, or as printed)?"""
    decimals = len(text.partition(".")[2])
    unit = 10.0 ** -decimals
    if not decimals and abs(truth) >= 1:
        unit = max(unit, 10.0 ** (math.floor(math.log10(abs(truth) * (1 + 1e-9))) - 2))
    return abs(value(text) - truth) <= unit * 0.5 * (1 + 1e-6) + 1e-12 * abs(truth)


def fields(match: re.Match[str]) -> dict[str, str]:
    """The groups that stand in the sentence."""
    return {name: text for name, text in match.groupdict().items() if text is not None}


@dataclass(frozen=True)
class Said:
    """One verdict on times, as a reader takes it."""

    claim: str
    """different, no difference shown, equivalent within ±10 %, one pair, no pair, too short or
    endless."""
    read: dict[str, str]
    text: str


def speed_sentences(text: str) -> list[Said]:
    """All verdicts on times in a text, in order."""
    found: list[tuple[int, Said]] = []
    for pattern, claim in ((DIFFERENT, "different"), (NOT_SHOWN, ""), (ONE_PAIR, "one pair"),
                           (NO_PAIR, "no pair"), (TOO_SHORT, "too short"),
                           (ENDLESS, "endless")):
        for match in pattern.finditer(text):
            read = fields(match)
            read["what"] = read["what"].strip()
            found.append((match.start(), Said(claim or read["word"], read, match[0])))
    return [said for _, said in sorted(found, key=lambda one: one[0])]
