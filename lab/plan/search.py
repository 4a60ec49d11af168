"""The search of a threshold: ramp, bisect, confirm.  Pure.

What is asked is a *difficulty* (lab/plan/quantity.py).  A store holds below its threshold and
fails above; near it, chance decides, which is why the answer is confirmed by a longer window.
When that fails, what short windows held near it counts for nothing any more: long windows ask
lower, in steps that begin with the resolution and double, until one is confirmed, and then halve
what lies between.  A short window that failed ends the search only when it fails twice (but for
one at the easiest value): a pause of the machine fails any probe that meets it, and would leave a
store with half of what it carries.
Source: docs/method.md, capacity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lab.plan.trials import Step
from reports.bracket import by_value, has_failed, is_sure

GROWTH: Final = 1.5
_ROUNDING: Final = 1.000_001


@dataclass(frozen=True, slots=True)
class Answered:
    """An answered probe."""

    difficulty: float
    holds: bool
    step: Step


@dataclass(frozen=True, slots=True)
class Question:
    """The next probe."""

    difficulty: float
    step: Step


def next_question(answers: list[Answered], first: float, resolution: float,
                  hardest: float = math.inf, easiest: float = 0.0) -> Question | None:
    """Return what to ask next; None when the search has ended.

    It ends when the highest difficulty that held is confirmed and the lowest that failed is
    within `resolution` of it, or when an end of the range is reached.
    """
    low, high = bracket(answers)
    if low is not None and high is not None:
        return _narrow(answers, low, high, resolution, easiest)
    if high is not None:
        lower = (_below_refuted(answers, high, resolution) if high == _refuted(answers)
                 else high / GROWTH)
        return Question(max(lower, easiest), "ramp") if high > easiest else None
    if low is None:
        return Question(min(max(first, easiest), hardest), "ramp")
    if low < hardest:
        return Question(min(low * GROWTH, hardest), "ramp")
    return None if low == _confirmed(answers) else Question(low, "confirm")


def _narrow(answers: list[Answered], low: float, high: float, resolution: float,
            easiest: float) -> Question | None:
    """Ask between a difficulty that held and one that failed."""
    confirmed = _confirmed(answers)
    if confirmed is not None and high / confirmed <= (1 + resolution) * _ROUNDING:
        return None
    if _refuted(answers) == high:
        asked = (_below_refuted(answers, high, resolution) if confirmed is None
                 else math.sqrt(confirmed * high))
        return Question(max(asked, easiest), "confirm")
    if high / low > 1 + resolution:
        return Question(math.sqrt(low * high), "bisect")
    is_doubtful = not is_sure(_by_difficulty(answers)[high])
    return Question(high, "bisect") if is_doubtful else Question(low, "confirm")


def _below_refuted(answers: list[Answered], high: float, resolution: float) -> float:
    """How far below short windows have misled is not known: each refusal doubles the step."""
    refusals = {one.difficulty for one in answers if one.step == "confirm" and not one.holds}
    steps = 2.0 ** (len(refusals) - 1)
    return float(high / (1 + resolution) ** steps)


def _confirmed(answers: list[Answered]) -> float | None:
    return max((one.difficulty for one in answers if one.step == "confirm" and one.holds),
               default=None)


def _refuted(answers: list[Answered]) -> float | None:
    return min((one.difficulty for one in answers if one.step == "confirm" and not one.holds),
               default=None)


def bracket(answers: list[Answered]) -> tuple[float | None, float | None]:
    """Return the highest difficulty that held below the lowest that failed, and that one."""
    asked = _by_difficulty(answers)
    high = min((one for one, own in asked.items() if has_failed(own)), default=None)
    held = [one for one, own in asked.items()
            if any(holds for _, holds in own) and (high is None or one < high)]
    return max(held, default=None), high


def _by_difficulty(answers: list[Answered]) -> dict[float, list[tuple[str, bool]]]:
    return by_value((one.difficulty, one.step, one.holds) for one in answers)
