"""The noise floor of any quantity: how far a store was from itself in it, over A/A pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from contract.run_record import TrialRecord
from reports.estimate import Band, Ratio
from reports.verdicts import band_of_pairs


def beside_itself(ratio: Ratio | None, trials: Sequence[TrialRecord],
                  value: Callable[[TrialRecord], float | None]) -> Ratio | None:
    """The ratio with the noise floor of `value`, by the whole A/A pairs among the trials."""
    groups: dict[tuple[int, int], dict[str, float | None]] = {}
    for trial in trials:
        if trial.is_aa:
            groups.setdefault((trial.pair, trial.attempt), {})[trial.arm] = value(trial)
    both = [(group["a"], group["b"]) for _, group in sorted(groups.items()) if len(group) == 2]
    known = [(a, b) for a, b in both if a is not None and b is not None]
    return replace(ratio, band=band_of_pairs(known)) if ratio else None


def apart(before: Band | None, after: Band | None) -> Band | None:
    """Of a ratio of two ratios that were measured apart: errors add, those of one alone stay."""
    known = [one for one in (before, after) if one]
    if not known:
        return None
    off = math.hypot(*(math.log(one.high) for one in known))
    return Band(math.exp(-off), math.exp(off), sum(one.n for one in known))
