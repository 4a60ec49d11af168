"""Shares of requests lost against a matched run, weighted by its mix, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from contract.endpoints import FEATURES
from reports.estimate import Estimate, attainment, mean_of

_ONE_RUN: Final = "one run: counting error only, run-to-run noise not included"


def share_of(frames: list[pd.DataFrame], feature: str) -> Estimate | None:
    """Good / scheduled of a feature; None without a request."""
    own = [frame.loc[frame["feature"].to_numpy() == feature, "good"] for frame in frames]
    return attainment(sum(int(good.sum()) for good in own), sum(len(good) for good in own))


def weights_of(frames: list[pd.DataFrame]) -> dict[str, float]:
    """Feature → its share of the requests."""
    sizes = {f: sum(int((frame["feature"].to_numpy() == f).sum()) for frame in frames)
             for f in FEATURES}
    total = sum(sizes.values())
    return {f: n / total if total else 0.0 for f, n in sizes.items()}


def weighted_loss(window: list[pd.DataFrame], clear: list[pd.DataFrame], features: Sequence[str],
              weights: dict[str, float]) -> Estimate | None:
    """Repeats: mean of their sums with a t interval, which is never narrower than the counting
    error of all their requests: two runs that agree by chance are not certain.  One run: the
    counting error."""
    if not _worked(clear):
        return None  # there is no loss to speak of
    value, own, matched = _sum(window, clear, features, weights)
    half = 1.96 * math.sqrt(own + matched)
    if len(window) > 1:
        sums = [_sum([one], clear, features, weights)[0] for one in window]
        return _at_least(half, mean_of(sums, "share of requests"))
    return Estimate(value, value - half, min(value + half, 1.0), sum(len(w) for w in window),
                    "share of requests", "delta method on counts", (_ONE_RUN,))


def matched_half(window: list[pd.DataFrame], clear: list[pd.DataFrame], features: Sequence[str],
                 weights: dict[str, float]) -> float:
    """How much of the half-width of a `weighted_loss` is the matched run's counting error: it is
    the same for every fault that is compared with that run.  0 where there is no loss."""
    if not _worked(clear):
        return 0.0
    return 1.96 * math.sqrt(_sum(window, clear, features, weights)[2])


def _worked(clear: list[pd.DataFrame]) -> bool:
    """Was any request of every feature good without the fault?"""
    return bool(clear) and not any(
        share.value == 0 for feature in FEATURES if (share := share_of(clear, feature)))


def _at_least(half: float, found: Estimate | None) -> Estimate | None:
    """More than all can't be lost, but less than nothing can: a luckier run."""
    if found is None or found.low is None:
        return found
    half = max(half, found.value - found.low)
    return replace(found, low=found.value - half, high=min(found.value + half, 1.0))


def _sum(window: list[pd.DataFrame], clear: list[pd.DataFrame], features: Sequence[str],
         weights: dict[str, float]) -> tuple[float, float, float]:
    """Weighted loss, and its variances by the run with the fault and by the matched one; features
    without a request in the window are left out and the weights of the others scaled up."""
    value = own = common = 0.0
    shares = {f: (broken, matched) for f in FEATURES
              if (broken := share_of(window, f)) and (matched := share_of(clear, f))}
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


def _variance(share: Estimate) -> float:
    """Of a binomial share, two successes and two failures added so that 0 of n is not certain."""
    n = share.n + 4
    p = (share.value * share.n + 2) / n
    return p * (1 - p) / n
