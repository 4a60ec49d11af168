"""One store against itself: how small a difference could this lab show on this machine?

    python -m bench noise_floor [--pairs 10] [--seconds 20] [--only lab|naive] [--json]
    python -m bench noise_floor --read results/RUN

The lab measures interleaved A/A pairs; the ratio's interval must hold 1, and its half-width is
the noise floor (targets: 5 % on p50, 10 % on p95).  Beside it the same store, measured as it is
usually done: as many runs of default Locust, ten and then ten more, its rounded percentiles,
Welch's t on their logarithms.

When a target is missed the differences are held against what else differed between the two
arms of a pair: the machine's speed (spin), lag and CPU of the generator, CPU of the store.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np
from scipy import stats

from bench.lab_run import add_options, record_of
from bench.naive_runs import NaiveRuns, measure_naive
from bench.ratio import MISSED
from contract.run_record import RunRecord, TrialRecord
from lab.scenario import BudgetKeys, LatencyKeys, ScenarioKeys
from reports.estimate import Ratio, half_width, ratio_of_pairs

Percentile = Literal["p50", "p95"]
TARGETS: Final[dict[Percentile, float]] = {"p50": 0.05, "p95": 0.10}
"""Greatest half-width of the 95 % interval, relative."""
NAME: Final = "noise-floor"
_LEAST_PAIRS: Final = 3
_SUSPECTS: Final[dict[str, Callable[[TrialRecord], float]]] = {
    "the machine's speed (spin)": lambda t: (t.spin_before_ms + t.spin_after_ms) / 2,
    "generator lag p99": lambda t: max(t.lag_p99_ms, 0.001),
    "CPU that the generator used": lambda t: t.generator_cpu_share or math.nan,
    "CPU that the store used": lambda t: t.cost["total"].cpu_s if "total" in t.cost else math.nan,
}

Pairs = list[tuple[TrialRecord, TrialRecord]]


@dataclass(frozen=True, slots=True)
class Suspect:
    """What may explain the differences: `r` with the log ratios, `half_width` without its part."""

    name: str
    r: float
    half_width: float


@dataclass(frozen=True, slots=True)
class Floor:
    """One percentile of the store against itself."""

    percentile: Percentile
    ratio: Ratio
    half_width: float
    pairs_needed: int
    """For the target, at the spread that was found."""
    suspects: list[Suspect]

    @property
    def is_met(self) -> bool:
        assert self.ratio.low is not None
        assert self.ratio.high is not None
        return (self.half_width <= TARGETS[self.percentile]
                and self.ratio.low <= 1 <= self.ratio.high)

    def __str__(self) -> str:
        low, high = self.ratio.low or 0.0, self.ratio.high or math.inf
        holds = "holds 1" if low <= 1 <= high else "does not hold 1"
        verdict = "meets" if self.is_met else "misses"
        text = (f"{self.percentile} against itself: {self.ratio.value:.3f} [{low:.3f}, "
                f"{high:.3f}], n = {self.ratio.n} pairs, {holds}; half-width "
                f"{100 * self.half_width:.1f} %, {verdict} the target of "
                f"{100 * TARGETS[self.percentile]:g} %")
        if self.is_met:
            return text
        parts = "; ".join(f"{one.name}: r = {one.r:.2f}, half-width without it "
                          f"{100 * one.half_width:.1f} %" for one in self.suspects)
        return f"{text}\n  {self.pairs_needed} pairs would meet it; what went with it: {parts}"


def scenario_of(given: argparse.Namespace) -> ScenarioKeys:
    """Nothing but A/A pairs."""
    return ScenarioKeys(
        description="One store against itself.", seed=given.seed, topologies=[given.topology],
        budget=BudgetKeys(cpus=given.cpus, memory_mb=2048),
        latency=[LatencyKeys(workload=given.workload, rate_per_s=given.rate, pairs=given.pairs,
                             aa=True, warmup_s=2.0, measure_s=given.seconds)])


def pairs_of(record: RunRecord) -> Pairs:
    """The A/A pairs of a run of which neither arm was rejected."""
    groups: dict[tuple[int, int], dict[str, TrialRecord]] = {}
    for trial in record.trials:
        if trial.is_aa and trial.status != "rejected":
            groups.setdefault((trial.pair, trial.attempt), {})[trial.arm] = trial
    return [(group["a"], group["b"]) for group in groups.values() if len(group) == 2]


def floor_of(pairs: Pairs, percentile: Percentile) -> Floor:
    """Estimate one percentile's ratio, b / a.  Raises ValueError when pairs or rows are few."""
    values = [(getattr(a, f"{percentile}_ms"), getattr(b, f"{percentile}_ms")) for a, b in pairs]
    known = [index for index, both in enumerate(values) if None not in both]
    if len(known) < _LEAST_PAIRS:
        raise ValueError(f"{len(known)} pairs carry a {percentile}; {_LEAST_PAIRS} are needed: "
                         "more pairs, a longer --seconds, a higher --rate")
    a, b = (np.array([values[index][arm] for index in known], float) for arm in (0, 1))
    ratio = ratio_of_pairs(a, b)
    width = half_width(ratio) if ratio else None
    assert ratio
    assert width is not None
    d = np.log(b / a)
    return Floor(percentile, ratio, width, _pairs_needed(float(d.std(ddof=1)),
                                                         TARGETS[percentile]),
                 _suspects([pairs[index] for index in known], d.tolist(), width))


def _pairs_needed(spread: float, target: float) -> int:
    n = _LEAST_PAIRS
    while stats.t.ppf(0.975, n - 1) * spread / math.sqrt(n) > target and n < 10_000:
        n += 1
    return n


def _suspects(pairs: Pairs, d: Sequence[float], width: float) -> list[Suspect]:
    """Correlate the log ratios with those of the suspects, the closest first."""
    found = []
    for name, value in _SUSPECTS.items():
        other = [math.log(value(b) / value(a)) for a, b in pairs]
        if not np.isfinite(other).all() or np.ptp(other) == 0:
            continue
        r = float(stats.pearsonr(other, d).statistic)
        found.append(Suspect(name, r, width * math.sqrt(1 - r * r)))
    return sorted(found, key=lambda one: -abs(one.r))


def floors_of(record: RunRecord) -> tuple[list[Floor], list[str]]:
    """Return the floors of p50 and p95, and what is to be said of the run: what is missing, too."""
    pairs = pairs_of(record)
    rejected = sum(trial.status == "rejected" for trial in record.trials)
    spins = [trial.spin_before_ms for trial in record.trials] or [math.nan]
    words = [f"the lab: {len(pairs)} pairs in {record.duration_s / 60:.1f} min, {rejected} trials "
             f"rejected; calibration loop {min(spins):.2f} to {max(spins):.2f} ms; "
             f"run {record.run}"]
    floors: list[Floor] = []
    for name in TARGETS:
        try:
            floors.append(floor_of(pairs, name))
        except ValueError as too_few:
            words.append(str(too_few))
    return floors, words


def main() -> int:
    """Read arguments, measure, print; say whether the lab's floors are met."""
    parser = argparse.ArgumentParser(prog="python -m bench noise_floor", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0, help="measured, each trial")
    parser.add_argument("--rate", type=float, default=35.0, help="journeys per second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("lab", "naive"), help="leave the other out")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)
    given = parser.parse_args()
    if given.workload != "shop" and given.only != "lab" and not given.read:
        parser.error("the naive runs know the workload shop only: add --only lab")
    floors: list[Floor] = []
    naive: list[NaiveRuns] = []
    if given.only != "naive":
        floors, words = floors_of(record_of(given, NAME, scenario_of(given)))
        (sys.stderr if given.json else sys.stdout).writelines(
            f"{line}\n" for line in (*words, *([] if given.json else floors)))
    if given.only != "lab" and not given.read:
        naive = measure_naive(given)
        if not given.json:
            sys.stdout.writelines(f"{one}\n" for one in naive)
    if given.json:
        json.dump({"lab": [asdict(one) for one in floors], "naive": [asdict(n) for n in naive]},
                  sys.stdout, indent=1)
    if given.only != "naive" and len(floors) < len(TARGETS):
        return 1
    return 0 if all(one.is_met for one in floors) else MISSED


if __name__ == "__main__":
    sys.exit(main())
