"""A comparison as it is usually made: default Locust, all runs of A and then all runs of B.

A and B are one and the same running store, so any difference is the method's own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy import stats

from bench.default_locust import SHOP, Told, Users, run
from contract.tokens import Principal, issue, load_private_key
from lab.deploy.deployment import Deployment
from lab.scenario_file import read_scenarios
from lab.topology import Budget

USERS: Final = 10
_FIRST_CUSTOMER: Final = 2


@dataclass(frozen=True, slots=True)
class NaiveRuns:
    """B / A of one percentile by Welch's t on the logarithms, from runs one after the other."""

    percentile: str
    value: float
    low: float
    high: float
    runs: int
    seconds: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2 / self.value

    def __str__(self) -> str:
        holds = "holds 1" if self.low <= 1 <= self.high else "does not hold 1"
        return (f"default Locust, {self.runs} runs of A and then {self.runs} of B, in "
                f"{self.seconds / 60:.1f} min: {self.percentile} {self.value:.3f} "
                f"[{self.low:.3f}, {self.high:.3f}], {holds}; half-width "
                f"{100 * self.half_width:.1f} %")


def measure_naive(given: argparse.Namespace) -> list[NaiveRuns]:
    """Start the store, run Locust 2 × `pairs` times, compare the halves."""
    topology = read_scenarios(given.file).topologies[given.topology].named(given.topology)
    with tempfile.TemporaryDirectory(prefix="twinstore-bench-") as name, \
            Deployment(Path(name)) as deployment:
        folder = Path(name)
        stack = deployment.start(topology, Budget(given.cpus, 2048))
        tokens = folder / "tokens"
        key = load_private_key(deployment.signing_key_pem)
        tokens.write_text("\n".join(
            issue(Principal(_FIRST_CUSTOMER + number, "customer"), key)[0]
            for number in range(USERS)))
        who = Users(SHOP, USERS, {"BENCH_TOKENS": str(tokens),
                                  "BENCH_PER_USER": str(given.rate / USERS)})
        began = time.monotonic()
        told = [run(who, stack.base_url, folder, deployment.generator_cpus, given.seconds)
                for _ in range(2 * given.pairs)]
        seconds = time.monotonic() - began
    return halves(told, seconds)


def halves(told: Sequence[Told], seconds: float) -> list[NaiveRuns]:
    """Compare the second half of the runs with the first."""
    n = len(told) // 2
    return [compare(name, [getattr(one, f"{name}_ms") for one in told[:n]],
                    [getattr(one, f"{name}_ms") for one in told[n:]], seconds)
            for name in ("p50", "p95")]


def compare(percentile: str, a: Sequence[float], b: Sequence[float],
            seconds: float) -> NaiveRuns:
    """Welch's t on the logarithms; rounded percentiles may be 0, which Locust means as < 0.5."""
    first, second = (np.log(np.maximum(np.asarray(values, float), 0.5)) for values in (a, b))
    middle = float(second.mean() - first.mean())
    v, w = (float(logs.var(ddof=1)) / len(logs) for logs in (first, second))
    half = 0.0  # when all are rounded to the same digits
    if v + w > 0:
        freedom = (v + w) ** 2 / (v * v / (len(first) - 1) + w * w / (len(second) - 1))
        half = float(stats.t.ppf(0.975, freedom)) * (v + w) ** 0.5
    return NaiveRuns(percentile, float(np.exp(middle)), float(np.exp(middle - half)),
                     float(np.exp(middle + half)), len(a), seconds)
