"""How often are planted effects found, and how often is nothing called something?

    python -m bench planted [--comparisons 100] [--noise 1]

Synthetic request rows go the way of a report's: percentile of each trial, ratio of pairs, noise
floor of A/A pairs, Holm for p95 and p99, verdict.  The rows carry what was found on small
machines (docs/method.md): trials differ by about 20 %, and the machine has phases that outlast a
trial.  `--noise 0.33` is a quiet machine.  After fixed numbers of pairs come the series that ship,
each ended by its own stop rule (bench.planted_stops), always on a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.planted_rows import NONE, ROWS, Effect, Noise, make_rows, plant
from bench.planted_stops import is_called, shipped_series, stop_rates, stop_table
from bench.ratio import MISSED
from reports.estimate import QS, percentile, ratio_of_pairs
from reports.estimate_family import adjusted_p
from reports.verdicts import Verdict, band_of, speed_verdict

AA_EVERY: Final = 5
PAIRS: Final = (5, 10, 20, 40)
"""Latency pairs of a scenario; every fifth is A/A and compares nothing."""
TARGET: Final = 0.07
"""Most false verdicts among comparisons of equals."""
AT_LEAST: Final = 200
"""Comparisons of equals."""
STOPPED_TIMES: Final = 8
"""Comparisons of equals under a stop rule, for each one of an effect: a few per cent are to be told
from five."""
STOP_NOISES: Final = (0.33, 0.2)
"""Shares of the noise under which stop rules are tried: at all of it no series is narrow early."""
STOP_EFFECTS: Final = ("none", "5 %", "20 %")


EFFECTS: Final[Mapping[str, Effect]] = {
    "none": NONE, "5 %": Effect(1.05), "20 %": Effect(1.2), "2×": Effect(2.0),
    "2×, slowest 3 % only": Effect(2.0, 0.97),
}


def compare(rng: np.random.Generator, pairs: int, effect: Effect,
            noise: Noise | None = None) -> dict[float, Verdict]:
    """Make the rows of so many planned pairs and judge p50, p95 and p99 as a report does."""
    trials = make_rows(rng, 2 * pairs, noise or Noise()).reshape(pairs, 2, ROWS)
    is_aa = np.arange(pairs) % AA_EVERY == AA_EVERY - 1
    rival = rng.integers(0, 2, pairs)
    for pair in np.flatnonzero(~is_aa):
        plant(trials[pair, rival[pair]], effect)
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
        called = [q for q, verdict in said.items() if is_called(verdict)]
        hits.update(called)
        any_hit += bool(called)
        equal += said[50.0].word == "equivalent"
        wrong += any(verdict.word == "faster" for verdict in said.values())
    return Rates({q: hits[q] / comparisons for q in QS}, any_hit / comparisons,
                 equal / comparisons, wrong / comparisons)


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
    worst = max(_print_fixed(given.comparisons, Noise().times(given.noise)),
                _print_stopped(given.comparisons))
    verdict = "meets" if worst <= TARGET else "misses"
    sys.stdout.write(f"Equals told apart: at most {worst * 100:.3g} %, {verdict} the target of "
                     f"{TARGET * 100:.3g} %.\n")
    return 0 if worst <= TARGET else MISSED


def _print_fixed(comparisons: int, noise: Noise) -> float:
    """Fixed numbers of pairs; return the largest share of equals told apart."""
    found = {(name, pairs): rates(pairs, effect, max(comparisons, AT_LEAST * (
        effect == NONE)), noise) for name, effect in EFFECTS.items() for pairs in PAIRS}
    sys.stdout.write(f"Differences called, % of {comparisons} comparisons (of equals: "
                     f"{max(comparisons, AT_LEAST)})\n\n{table(found)}\n\n")
    return max(share for (name, _), one in found.items() if name == "none"
               for share in one.different.values())


def _print_stopped(comparisons: int) -> float:
    """The stop rules that ship; return the largest share of equals told apart, A/A pairs used."""
    equals, others = STOPPED_TIMES * comparisons, comparisons
    found = [stop_rates(series, EFFECTS[name], equals if name == "none" else others,
                        Noise().times(share), name)
             for series in shipped_series() for share in STOP_NOISES
             for name in (STOP_EFFECTS if share == STOP_NOISES[0] else STOP_EFFECTS[:1])]
    sys.stdout.write(f"The same, each series ended by its own stop rule, % of {others} comparisons "
                     f"(of equals: {equals})\n\n{stop_table(found)}\n\n")
    return max(share for one in found if one.effect == NONE for share in one.different.values())


if __name__ == "__main__":
    sys.exit(main())
