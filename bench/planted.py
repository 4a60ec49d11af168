"""How often are planted effects found, and how often is nothing called something?

    python -m bench planted [--comparisons 100] [--noise 1]

Synthetic request rows go the way of a report's: percentile of each trial, ratio of pairs, noise
floor of A/A pairs, Holm for p95 and p99, verdict.  The rows carry what was found on small
machines (docs/method.md): trials differ by about 20 %, and the machine has phases that outlast a
trial.  `--noise 0.33` is a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.ratio import MISSED
from reports.estimate import QS, Floats, adjusted_p, percentile, ratio_of_pairs
from reports.verdicts import Verdict, Word, band_of, speed_verdict

ROWS: Final = 2000
"""Requests a trial: the least that carries a p99."""
AA_EVERY: Final = 5
PAIRS: Final = (5, 10, 20, 40)
"""Latency pairs of a scenario; every fifth is A/A and compares nothing."""
TARGET: Final = 0.07
"""Most false verdicts among comparisons of equals."""
AT_LEAST: Final = 200
"""Comparisons of equals."""
DIFFERENT: Final[frozenset[Word]] = frozenset({"slower", "faster"})


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

    def times(self, factor: float) -> Noise:
        """The same machine with so much of its trial to trial noise."""
        return Noise(self.trial * factor, self.phase * factor, self.change, self.rows,
                     self.spread * factor)


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


def compare(rng: np.random.Generator, pairs: int, effect: Effect,
            noise: Noise | None = None) -> dict[float, Verdict]:
    """Make the rows of so many planned pairs and judge p50, p95 and p99 as a report does."""
    trials = _rows(rng, 2 * pairs, noise or Noise()).reshape(pairs, 2, ROWS)
    is_aa = np.arange(pairs) % AA_EVERY == AA_EVERY - 1
    rival = rng.integers(0, 2, pairs)
    for pair in np.flatnonzero(~is_aa):
        _plant(trials[pair, rival[pair]], effect)
    found = {q: np.array([[percentile(rows, q) for rows in both] for both in trials]) for q in QS}
    compared = np.flatnonzero(~is_aa)
    ratios = {q: ratio_of_pairs(values[compared, 1 - rival[compared]],
                                values[compared, rival[compared]]) for q, values in found.items()}
    bands = {q: band_of(list(values[is_aa, 1] / values[is_aa, 0])) for q, values in found.items()}
    adjusted = adjusted_p({f"p{q:g}": ratios[q] for q in QS if q != 50})
    return {q: speed_verdict(f"p{q:g}", "base", "rival", ratios[q], bands[q],
                             adjusted.get(f"p{q:g}")) for q in QS}


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of comparisons: a difference was called, by percentile and in any of the three."""

    different: dict[float, float]
    any_different: float
    equivalent: float
    """The median was called equivalent within ±10 %."""
    wrong_way: float
    """The base was called slower although the rival was made so."""


def rates(pairs: int, effect: Effect, comparisons: int, noise: Noise | None = None,
          seed: int = 1) -> Rates:
    """Repeat a comparison with new rows; the same seed gives the same rates."""
    rng = np.random.default_rng([seed, pairs])
    hits: Counter[float] = Counter()
    any_hit = equal = wrong = 0
    for _ in range(comparisons):
        said = compare(rng, pairs, effect, noise)
        called = [q for q, verdict in said.items() if verdict.word in DIFFERENT]
        hits.update(called)
        any_hit += bool(called)
        equal += said[50.0].word == "equivalent"
        wrong += any(verdict.word == "faster" for verdict in said.values())
    return Rates({q: hits[q] / comparisons for q in QS}, any_hit / comparisons,
                 equal / comparisons, wrong / comparisons)


def _rows(rng: np.random.Generator, trials: int, noise: Noise) -> Floats:
    """Response times in ms, (trials, ROWS): lognormal, in the order of measurement."""
    phase = (np.cumsum(rng.random(trials) < noise.change) + rng.integers(0, 2)) % 2
    level = np.log(5.0) + noise.phase * phase + rng.normal(0, noise.trial, trials)
    spread = noise.rows * np.exp(rng.normal(0, noise.spread, trials))
    rows: Floats = np.exp(level[:, None] + spread[:, None] * rng.standard_normal((trials, ROWS)))
    return rows


def _plant(rows: Floats, effect: Effect) -> None:
    slow = rows > np.quantile(rows, effect.spared) if effect.spared else np.full(len(rows), True)
    rows[slow] *= effect.factor


def table(found: Mapping[tuple[str, int], Rates]) -> str:
    """Per cent of comparisons, as Markdown; one line a number of pairs."""
    names = list(dict.fromkeys(name for name, _ in found))
    lines = ["| pairs (of which A/A) | " + " | ".join(
        f"{name}: p50 · p95 · p99" for name in names) + " | none: any · p50 equivalent |",
        "|---" * (len(names) + 2) + "|"]
    for pairs in dict.fromkeys(pairs for _, pairs in found):
        cells = [" · ".join(_percent(share) for share in found[name, pairs].different.values())
                 for name in names]
        equals = found["none", pairs]
        lines.append(f"| {pairs} ({pairs // AA_EVERY}) | {' | '.join(cells)} | "
                     f"{_percent(equals.any_different)} · {_percent(equals.equivalent)} |")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{share * 100:.3g}"


def main() -> int:
    """Read arguments, simulate, print; say whether equals are told apart too often."""
    parser = argparse.ArgumentParser(prog="python -m bench planted", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=100,
                        help=f"for each cell (default 100; of equals at least {AT_LEAST})")
    parser.add_argument("--noise", type=float, default=1.0,
                        help="share of the trial to trial noise (default 1)")
    given = parser.parse_args()
    noise = Noise().times(given.noise)
    found = {(name, pairs): rates(pairs, effect, max(given.comparisons, AT_LEAST * (
        effect == NONE)), noise) for name, effect in EFFECTS.items() for pairs in PAIRS}
    worst = max(share for (name, _), one in found.items() if name == "none"
                for share in one.different.values())
    verdict = "meets" if worst <= TARGET else "misses"
    sys.stdout.write(
        f"Differences called, % of {given.comparisons} comparisons (of equals: "
        f"{max(given.comparisons, AT_LEAST)})\n\n{table(found)}\n\n"
        f"Equals told apart: at most {worst * 100:.3g} %, {verdict} the target of "
        f"{TARGET * 100:.3g} %.\n")
    return 0 if worst <= TARGET else MISSED


if __name__ == "__main__":
    sys.exit(main())
