"""Ratios from interleaved rounds: the only form in which a bench prints a speed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from scipy import stats

MISSED: Final = 3
"""Exit code of a bench that ran, and missed a target: a result, not a failure."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Geometric mean of paired ratios with its 95 % interval (Student's t on the logarithms).

    `tolerance`: the target is to be as near to `target` as this; None: to reach it.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    target: float
    is_met: bool
    note: str = ""
    tolerance: float | None = None

    def __str__(self) -> str:
        verdict = "meets" if self.is_met else "misses"
        digits = 2 if self.tolerance is None or self.tolerance > 0.03 else 3
        aim = (f"{self.target:g}" if self.tolerance is None
               else f"{self.target:g} ± {100 * self.tolerance:g} %")
        return (f"{self.name}: {self.value:.{digits}f} [{self.low:.{digits}f}, "
                f"{self.high:.{digits}f}], n = {self.n} pairs, {verdict} the target of {aim}"
                f"{self.note and f' ({self.note})'}")


def paired_ratio(name: str, ours: Sequence[float], reference: Sequence[float], target: float,
                 note: str = "") -> Ratio:
    """Compare two series of rounds measured in turns; higher is better."""
    value, low, high = _interval(ours, reference)
    return Ratio(name, value, low, high, len(ours), target, value >= target, note)


def agreement(name: str, ours: Sequence[float], truth: Sequence[float], tolerance: float,
              note: str = "") -> Ratio:
    """Hold a series against its truth, round by round: met when the ratio is 1 ± tolerance."""
    value, low, high = _interval(ours, truth)
    return Ratio(name, value, low, high, len(ours), 1.0, abs(value - 1) <= tolerance, note,
                 tolerance)


def equivalence(name: str, ours: Sequence[float], reference: Sequence[float], tolerance: float,
                note: str = "") -> Ratio:
    """Ask for no difference: met when the whole interval lies within 1 ± tolerance."""
    value, low, high = _interval(ours, reference)
    return Ratio(name, value, low, high, len(ours), 1.0,
                 1 - tolerance <= low and high <= 1 + tolerance, note, tolerance)


def in_turns(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Run the measures one after the other, in changing order; return a series for each."""
    series: list[list[float]] = [[] for _ in measures]
    for number in range(rounds):
        order = list(range(len(measures)))
        for index in order[::-1] if number % 2 else order:
            series[index].append(measures[index]())
    return series


def show(ratios: Sequence[Ratio], *, as_json: bool = False) -> int:
    """Print results for people, or for programs; return the exit code."""
    if as_json:
        json.dump([asdict(ratio) for ratio in ratios], sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        for ratio in ratios:
            sys.stdout.write(f"{ratio}\n")
    return 0 if all(ratio.is_met for ratio in ratios) else MISSED


def _interval(ours: Sequence[float], reference: Sequence[float]) -> tuple[float, float, float]:
    logs = np.log(np.asarray(ours) / np.asarray(reference))
    mean, n = float(logs.mean()), len(logs)
    half = float(stats.t.ppf(0.975, n - 1) * logs.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf
    return float(np.exp(mean)), float(np.exp(mean - half)), float(np.exp(mean + half))
