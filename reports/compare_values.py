"""What the trials of a series have that two runs are compared by, or why they have it not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from contract.run_record import TrialRecord
from reports.call_cpu import cpu_ms
from reports.estimate import Floats, Ratio, is_enough, percentile
from reports.journeys import journey_percentile
from reports.latency import Latency, by_pair
from reports.read import Run
from reports.verdicts import NO_PAIR
from reports.words import listed

Found = float | str
"""Text instead of a number is why there is none."""
Value = Callable[[Run, Latency, TrialRecord], Found]

_UNRECORDED: Final = "not recorded"
_UNUSED: Final = "nothing used"


def values_of(run: Run, latency: Latency, topology: str, value: Value) -> list[Found]:
    """Of every trial of a topology in a series."""
    return [value(run, latency, trial) for trial in latency.trials if trial.topology == topology]


def is_known(found: Sequence[Found]) -> bool:
    """Has any of these trials a number?"""
    return any(not isinstance(one, str) for one in found)


def comparable(found: Sequence[Found]) -> Floats | str:
    """The numbers of a topology's trials, or why their means can't be compared."""
    whys = [one for one in found if isinstance(one, str)]
    if whys:
        return _of_trials(listed(list(dict.fromkeys(whys))), len(whys), len(found))
    numbers = np.array(found, float)
    for why, bad in (("too few right answers", ~np.isfinite(numbers)), (_UNUSED, numbers <= 0)):
        if bad.any():
            return _of_trials(why, int(bad.sum()), len(found))
    return numbers


def ratio_of(run: Run, latency: Latency, two: tuple[str, str], value: Value) -> Ratio | str:
    """Rival ÷ base over the pairs of a series, or why there is none."""

    def number(trial: TrialRecord) -> float | None:
        found = value(run, latency, trial)
        return None if isinstance(found, str) else found

    if ratio := by_pair(latency, *two, number):
        return ratio
    each = {topology: values_of(run, latency, topology, value) for topology in two}
    lacking = [topology for topology in two if not is_known(each[topology])]
    whys = [one for topology in lacking for one in each[topology] if isinstance(one, str)]
    if not whys:
        known = [one for found in each.values() for one in found if not isinstance(one, str)]
        return f"{_UNUSED} in a trial" if min(known) <= 0 else NO_PAIR
    said = listed(list(dict.fromkeys(whys)))
    return said if len(lacking) == len(two) else f"{said} for {lacking[0]}"


def first_ms(q: float) -> Value:
    """Percentile q of first requests: infinite where too few were answered rightly."""

    def value(run: Run, latency: Latency, trial: TrialRecord) -> Found:  # noqa: ARG001
        sample = next(s for s in latency.samples[trial.topology] if s.trial == trial.id)
        return (percentile(sample.first, q) if is_enough(len(sample.first), q)
                else "too few first requests")

    return value


def whole_journey_ms(q: float) -> Value:
    """Percentile q of whole journeys, likewise."""

    def value(run: Run, latency: Latency, trial: TrialRecord) -> Found:
        if latency.journeys is None:
            return NO_PAIR  # or a journey is one request, in both runs
        found = journey_percentile(run.measured(trial), trial.warmup_s, q)
        return "too few journeys" if found is None else found

    return value


def cpu_an_answer_ms(run: Run, latency: Latency, trial: TrialRecord) -> Found:  # noqa: ARG001
    """CPU of the whole store for a right answer."""
    found = cpu_ms(run, trial)
    if found is not None:
        return found
    return "no right answer" if "total" in trial.cost else _UNRECORDED


def memory_gb(run: Run, latency: Latency, trial: TrialRecord) -> Found:  # noqa: ARG001
    """Memory of the whole store."""
    total = trial.cost.get("total")
    return total.memory_bytes / 1e9 if total else _UNRECORDED


def _of_trials(why: str, n: int, of: int) -> str:
    return why if n == of else f"{why} in {n} of {of} trials"
