"""Ratios from interleaved rounds: the only form in which a bench prints a speed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Ratio:
    """Geometric mean of paired ratios with its 95 % interval (Student's t on the logarithms)."""

    name: str
    value: float
    low: float
    high: float
    n: int
    target: float
    is_met: bool
    note: str = ""

    def __str__(self) -> str:
        verdict = "meets" if self.is_met else "misses"
        return (f"{self.name}: {self.value:.2f} [{self.low:.2f}, {self.high:.2f}], n = {self.n} "
                f"pairs, {verdict} the target of {self.target:g}{self.note and f' ({self.note})'}")


def paired_ratio(name: str, ours: list[float], reference: list[float], target: float,
                 note: str = "") -> Ratio:
    """Compare two series of rounds measured in turns; higher is better."""
    logs = np.log(np.asarray(ours) / np.asarray(reference))
    mean, n = float(logs.mean()), len(logs)
    half = float(stats.t.ppf(0.975, n - 1) * logs.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf
    value = float(np.exp(mean))
    return Ratio(name, value, float(np.exp(mean - half)), float(np.exp(mean + half)), n, target,
                 value >= target, note)


def in_turns(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Run the measures one after the other, in changing order; return a series for each."""
    series: list[list[float]] = [[] for _ in measures]
    for number in range(rounds):
        order = list(range(len(measures)))
        for index in order[::-1] if number % 2 else order:
            series[index].append(measures[index]())
    return series


def show(ratios: list[Ratio], *, as_json: bool) -> None:
    """Print results for people, or for programs."""
    if as_json:
        json.dump([asdict(ratio) for ratio in ratios], sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    for ratio in ratios:
        sys.stdout.write(f"{ratio}\n")
