"""Shares of requests lost against a matched run, weighted by its mix, with intervals."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import pandas as pd
from scipy import stats

from contract.endpoints import FEATURES
from reports.estimate import ALPHA, Estimate, attainment, mean_of

_ONE_RUN: Final = "one run: counting error only, run-to-run noise not included"

Counts = Mapping[str, tuple[int, int]]
"""Feature → its good requests and all that were scheduled, of one run."""


def counts_of(rows: pd.DataFrame) -> Counts:
    """Count the requests of one run; features without any are left out."""
    found = rows.groupby("feature", observed=True)["good"].agg(["sum", "size"])
    return {str(feature): (int(good), int(n))
            for feature, good, n in found.itertuples(name=None)}


def share_of(runs: Sequence[Counts], feature: str) -> Estimate | None:
    """Good / scheduled of a feature; None without a request."""
    own = [run[feature] for run in runs if feature in run]
    return attainment(sum(good for good, _ in own), sum(n for _, n in own))


def weights_of(runs: Sequence[Counts]) -> dict[str, float]:
    """Feature → its share of the requests."""
    sizes = {f: sum(run[f][1] for run in runs if f in run) for f in FEATURES}
    total = sum(sizes.values())
    return {f: n / total if total else 0.0 for f, n in sizes.items()}


def weighted_loss(window: Sequence[Counts], clear: Sequence[Counts], features: Sequence[str],
                  weights: dict[str, float],
                  by_run: Sequence[Sequence[Counts]] = ()) -> Estimate | None:
    """None without a matched run that worked, and where none of the features was asked.

    `by_run`: of each run, those of `clear` that had its journeys; empty: all of them.
    Repeats: mean of their sums, each against its own, with a t interval, which is never narrower
    than the counting error of all their requests: two runs that agree by chance are not certain.
    One run: the counting error."""
    if not _is_known(window, clear, features):
        return None
    value, own, matched = _sum(window, clear, features, weights)
    half = _z() * math.sqrt(own + matched)
    if len(window) > 1:
        return _at_least(half, mean_of(_sums(window, clear, features, weights, by_run),
                                       "share of requests"))
    n = sum(scheduled for run in window for _, scheduled in run.values())
    return Estimate(value, value - half, min(value + half, 1.0), n, "share of requests",
                    "delta method on counts", (_ONE_RUN,))


def matched_half(window: Sequence[Counts], clear: Sequence[Counts], features: Sequence[str],
                 weights: dict[str, float]) -> float:
    """How much of the half-width of a `weighted_loss` is the matched run's counting error: it is
    the same for every fault that is compared with that run.  0 where there is no loss."""
    if not _worked(clear):
        return 0.0
    return _z() * math.sqrt(_sum(window, clear, features, weights)[2])


class Halves(NamedTuple):
    """What the half-width of a `weighted_loss` is the larger of: the counting error of its
    requests, and Student's between its runs (0 with one)."""

    counting: float = 0.0
    between: float = 0.0
    runs: int = 1


def halves_of(window: Sequence[Counts], clear: Sequence[Counts], features: Sequence[str],
              weights: dict[str, float], by_run: Sequence[Sequence[Counts]] = ()) -> Halves:
    """Of a `weighted_loss` of the same features."""
    if not _is_known(window, clear, features):
        return Halves()
    _, own, matched = _sum(window, clear, features, weights)
    mean = mean_of(_sums(window, clear, features, weights, by_run), "")
    between = mean.value - mean.low if mean and mean.low is not None else 0.0
    return Halves(_z() * math.sqrt(own + matched), between, len(window))


def widened(found: Estimate, halves: Halves, family: int) -> Estimate:
    """The same with the interval that holds in 95 % together with those of all in its family
    (Bonferroni): of 160 single ones eight would miss the truth by chance."""
    if found.low is None or family < 2:
        return found
    half = max(halves.counting * _z(family) / _z(),
               halves.between * _t(halves.runs, family) / _t(halves.runs))
    return replace(found, low=found.value - half, high=min(found.value + half, 1.0))


class Counted(NamedTuple):
    """A feature in a loss: its weight, its requests in the window and in the matched run, and its
    share of good ones there."""

    weight: float
    window: int
    matched: int
    good: float


def counted(window: Sequence[Counts], clear: Sequence[Counts], features: Sequence[str],
            weights: dict[str, float]) -> tuple[Counted, ...]:
    """What the interval of a `weighted_loss` of these features is made of; empty without one."""
    if not _worked(clear):
        return ()
    shares = _both(window, clear)
    known = sum(weights[f] for f in shares)
    return tuple(Counted(weights[f] / known, shares[f][0].n, shares[f][1].n, shares[f][1].value)
                 for f in features if f in shares and known)


def least_half(features: Sequence[Counted], times: int = 1, family: int = 1) -> float:
    """Half-width of the interval of a loss where nothing is lost, had the run and its matched run
    so many times their requests: counting error alone, as wide as so many intervals ask for."""
    return _z(family) * math.sqrt(sum(
        one.weight**2 * sum(_variance_of(one.good, n * times) for n in (one.window, one.matched))
        / one.good**2 for one in features))


def times_for(features: Sequence[Counted], half: float, family: int = 1) -> int:
    """How many times the requests it takes until `least_half` is at most `half` (above 0)."""
    enough = 1
    while least_half(features, enough, family) > half:
        enough *= 2
    return bisect_left(range(enough), True, lo=enough // 2,
                       key=lambda times: times > 0 and least_half(features, times, family) <= half)


def _z(family: int = 1) -> float:
    return float(stats.norm.ppf(1 - ALPHA / 2 / family))


def _t(runs: int, family: int = 1) -> float:
    return float(stats.t.ppf(1 - ALPHA / 2 / family, runs - 1)) if runs > 1 else 1.0


def _is_known(window: Sequence[Counts], clear: Sequence[Counts],
              features: Sequence[str]) -> bool:
    """Is there a loss to speak of?"""
    return _worked(clear) and not _both(window, clear).keys().isdisjoint(features)


def _worked(clear: Sequence[Counts]) -> bool:
    """Was any request of every feature good without the fault?"""
    return bool(clear) and not any(
        share.value == 0 for feature in FEATURES if (share := share_of(clear, feature)))


def _both(window: Sequence[Counts],
          clear: Sequence[Counts]) -> dict[str, tuple[Estimate, Estimate]]:
    """Feature → its shares of good ones, with the fault and without, where both runs had it."""
    return {f: (broken, matched) for f in FEATURES
            if (broken := share_of(window, f)) and (matched := share_of(clear, f))}


def _at_least(half: float, found: Estimate | None) -> Estimate | None:
    """More than all can't be lost, but less than nothing can: a luckier run."""
    if found is None or found.low is None:
        return found
    half = max(half, found.value - found.low)
    return replace(found, low=found.value - half, high=min(found.value + half, 1.0))


def _sum(window: Sequence[Counts], clear: Sequence[Counts], features: Sequence[str],
         weights: dict[str, float]) -> tuple[float, float, float]:
    """Weighted loss, and its variances by the run with the fault and by the matched one; features
    without a request in the window are left out and the weights of the others scaled up."""
    value = own = common = 0.0
    shares = _both(window, clear)
    known = sum(weights[f] for f in shares)
    for feature in features:
        if feature not in shares or known == 0:
            continue
        broken, matched = shares[feature]
        a, m = broken.value, matched.value
        weight = weights[feature] / known
        value += weight * (1 - a / m)
        own += weight**2 * _variance(broken) / m**2
        common += weight**2 * a**2 * _variance(matched) / m**4
    return value, own, common


def _sums(window: Sequence[Counts], clear: Sequence[Counts], features: Sequence[str],
          weights: dict[str, float], by_run: Sequence[Sequence[Counts]]) -> list[float]:
    """Each run's weighted loss against its own matched runs, or all where those did not work: what
    differs from one matched run to another is then in the spread of the losses."""
    return [_sum([one], own if _worked(own) else clear, features, weights)[0]
            for one, own in zip(window, by_run or [clear] * len(window), strict=True)]


def _variance(share: Estimate) -> float:
    return _variance_of(share.value, share.n)


def _variance_of(share: float, n: int) -> float:
    """Of a binomial share, two successes and two failures added so that 0 of n is not certain."""
    p = (share * n + 2) / (n + 4)
    return p * (1 - p) / (n + 4)
