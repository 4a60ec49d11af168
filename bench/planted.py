"""How often planted effects are found, and how often nothing is called something.

    python -m bench.planted [comparisons]

Synthetic request rows go the way of a report's: percentile of each trial, ratio of pairs, noise
floor of A/A pairs, Holm for p95 and p99, verdict.  The rows carry what METHOD.md §3 found on
small machines: trials differ by about 20 %, and the machine has phases that outlast a trial.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from reports.estimate import QS, Floats, adjusted_p, percentile, ratio_of_pairs
from reports.verdicts import Verdict, band_of, speed_verdict

ROWS: Final = 2000
"""Requests a trial: the least that carries a p99."""
AA_EVERY: Final = 5
SHOWN: Final = ("slower", "faster")


@dataclass(frozen=True, slots=True)
class Noise:
    """What differs between trials although nothing was changed (standard deviations of logs)."""

    trial: float = 0.12
    """Of a trial's level, for itself."""
    phase: float = 0.32
    """How much slower the machine is in its slow phase; half of the time, so 0.16."""
    change: float = 0.1
    """Chance that the phase changes from a trial to the next: autocorrelation 1 − 2·change."""
    rows: float = 0.5
    """Of the requests of one trial."""
    spread: float = 0.05
    """Of `rows` itself, from trial to trial: tails are noisier than medians."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The rival's requests take `factor` times as long, the fastest `spared` share excepted."""

    factor: float = 1.0
    spared: float = 0.0


NONE: Final = Effect()
EFFECTS: Final[Mapping[str, Effect]] = {
    "none": NONE, "5 %": Effect(1.05), "20 %": Effect(1.2), "2×": Effect(2.0),
    "2×, slowest 3 % only": Effect(2.0, 0.97),
}
PAIRS: Final = (3, 5, 10, 20, 40)
"""Latency pairs of a scenario; every fifth is A/A and compares nothing."""


def compare(rng: np.random.Generator, pairs: int, effect: Effect,
            noise: Noise | None = None) -> dict[float, Verdict]:
    """Make the rows of so many planned pairs and judge p50, p95 and p99 as a report does."""
    trials = _rows(rng, 2 * pairs, noise or Noise()).reshape(pairs, 2, ROWS)
    is_aa = np.arange(pairs) % AA_EVERY == AA_EVERY - 1
    rival_is = rng.integers(0, 2, pairs)
    for pair in np.flatnonzero(~is_aa):
        _plant(trials[pair, rival_is[pair]], effect)
    found = {q: np.array([[percentile(rows, q) for rows in both] for both in trials])
             for q in QS}
    place = np.arange(pairs)[~is_aa]
    rival = rival_is[~is_aa]
    ratios = {q: ratio_of_pairs(values[place, 1 - rival], values[place, rival])
              for q, values in found.items()}
    bands = {q: band_of(list(values[is_aa, 1] / values[is_aa, 0]))
             for q, values in found.items()}
    adjusted = adjusted_p({f"p{q:g}": ratios[q] for q in QS if q != 50})
    return {q: speed_verdict(f"p{q:g}", "base", "rival", ratios[q], bands[q],
                             adjusted.get(f"p{q:g}")) for q in QS}


def power(pairs: int, effect: Effect, comparisons: int, seed: int = 1) -> dict[float, float]:
    """Share of comparisons in which a difference was called, by percentile."""
    rng = np.random.default_rng([seed, pairs])
    hits: Counter[float] = Counter()
    for _ in range(comparisons):
        said = compare(rng, pairs, effect)
        hits.update(q for q, verdict in said.items() if verdict.word in SHOWN)
    return {q: hits[q] / comparisons for q in QS}


def _rows(rng: np.random.Generator, trials: int, noise: Noise) -> Floats:
    """Response times in ms, (trials, ROWS): lognormal, in the order of measurement."""
    flips = rng.random(trials) < noise.change
    phase = (np.cumsum(flips) + rng.integers(0, 2)) % 2
    level = np.log(5.0) + noise.phase * phase + rng.normal(0, noise.trial, trials)
    spread = noise.rows * np.exp(rng.normal(0, noise.spread, trials))
    rows: Floats = np.exp(level[:, None] + spread[:, None] * rng.standard_normal((trials, ROWS)))
    return rows


def _plant(rows: Floats, effect: Effect) -> None:
    rows[rows > np.quantile(rows, effect.spared) * (effect.spared > 0)] *= effect.factor


def table(comparisons: int) -> str:
    """The power table as Markdown: share of comparisons in which a difference was called."""
    lines = ["| pairs (of which A/A) | " + " | ".join(
        f"{name}: p50 · p95 · p99" for name in EFFECTS) + " |", "|---" * (len(EFFECTS) + 1) + "|"]
    for pairs in PAIRS:
        cells = [" · ".join(f"{share * 100:.0f}" for share in
                            power(pairs, effect, comparisons).values())
                 for effect in EFFECTS.values()]
        lines.append(f"| {pairs} ({pairs // AA_EVERY}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    sys.stdout.write(f"differences called in {repeats} comparisons each, %\n\n{table(repeats)}\n")
