"""The search of a threshold: ramp, bisect, confirm.  Pure.

What is asked is a *difficulty*: the offered rate, or 1 / cores at a fixed rate.  A store holds
below its threshold and fails above; near it, chance decides, which is why the answer is
confirmed by a longer window, and given up for a lower one when that fails.
Source: docs/method.md, capacity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lab.plan.trials import Step

GROWTH: Final = 1.5


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
    if low is None and high is None:
        return Question(min(max(first, easiest), hardest), "ramp")
    if high is None:
        assert low is not None
        return Question(min(low * GROWTH, hardest), "ramp") if low < hardest else _confirm(
            answers, low)
    if low is None:
        return Question(max(high / GROWTH, easiest), "ramp") if high > easiest else None
    if high / low > 1 + resolution:
        return Question(math.sqrt(low * high), "bisect")
    return _confirm(answers, low)


def bracket(answers: list[Answered]) -> tuple[float | None, float | None]:
    """Return the highest difficulty that held below the lowest that failed, and that one."""
    failed = [one.difficulty for one in answers if not one.holds]
    high = min(failed, default=None)
    held = [one.difficulty for one in answers
            if one.holds and (high is None or one.difficulty < high)]
    return max(held, default=None), high


def _confirm(answers: list[Answered], low: float) -> Question | None:
    is_confirmed = any(one.step == "confirm" and one.holds and one.difficulty == low
                       for one in answers)
    return None if is_confirmed else Question(low, "confirm")
