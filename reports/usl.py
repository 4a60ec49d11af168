"""The Universal Scalability Law with its band, and when it must not be used.

    X(N) = γN / (1 + α(N − 1) + βN(N − 1))

N counts means (processors, replicas, users) in units of the smallest; X is throughput.  γ is the
throughput of one unit, α contention, β coherency, N* = √((1 − α)/β) the peak.  Gunther,
Guerrilla Capacity Planning (2007), doi.org/10.1007/978-3-540-31010-5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from reports.estimate import LEVEL, Estimate, Floats
from reports.words import count, interval, number

MIN_POINTS: Final = 4
"""Distinct N: three parameters leave nothing to judge them by on fewer."""
REACH: Final = 2.0
"""The curve is not drawn, and no peak quoted, beyond this many times the largest N."""
_DRAWS: Final = 400
_NOTHING: Final = 1e-6
"""α or β whose term is smaller than this at the largest N are 0."""
_MORE: Final = 1.15
"""Throughput per unit may be so many times that of the smallest size: two answers of searches
differ by up to 10 %, and sizes are seldom more exact."""
_METHOD: Final = "parametric bootstrap"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no fit."""

    reason: str


class TooFar(ValueError):
    """A throughput was asked for where the law would be extrapolated too far."""


@dataclass(frozen=True, slots=True)
class Usl:
    """A fitted law; intervals are 95 %.  `peak_n`, `peak_x` None: none may be quoted."""

    gamma: Estimate
    alpha: Estimate
    beta: Estimate
    peak_n: Estimate | None
    peak_x: Estimate | None
    turn: tuple[float, float]
    """Where throughput turns back, 95 %, quoted or not; 1: from the start; the limit: there, or
    beyond it."""
    largest: float
    """The largest N that was measured."""
    unit: str
    draws: Floats
    """Parameters of the bootstrap, (draws, 3): γ, α, β."""
    caveats: tuple[str, ...]

    @property
    def limit(self) -> float:
        """The largest N for which the law speaks."""
        return REACH * self.largest

    def at(self, n: float) -> Estimate:
        """Throughput at N with the band of the curve; TooFar beyond twice the largest N."""
        if not 1 <= n <= self.limit:
            raise TooFar(f"N = {n:g} is not between 1 and {self.limit:g}, "
                         f"{REACH:g} times the largest N measured")
        value = _throughput(np.array([self.gamma.value, self.alpha.value, self.beta.value]), n)
        found = _throughput(self.draws.T, n)
        return _estimate(float(value), np.asarray(found), self.gamma.n, self.unit)


def fit_usl(n: Sequence[float], x: Sequence[float], unit: str = "journeys/s") -> Usl | Refusal:
    """Fit throughput x at sizes n (several measurements of one size are welcome).

    Least squares on x with γ, α, β ≥ 0.  Intervals by the parametric bootstrap
    (docs/decisions/0082-the-band-of-the-usl.md).
    """
    size, rate = np.asarray(n, float), np.asarray(x, float)
    if reason := _objection(size, rate):
        return Refusal(reason)
    best = _fit(size, rate, np.array([float(np.max(rate / size)), 0.05, 0.001]))
    draws = _resample(size, rate, best)
    largest = float(size.max())
    gamma, alpha, beta = (_estimate(float(best[i]), draws[:, i], len(size), of)
                          for i, of in enumerate((unit, "share", "share")))
    limit = REACH * largest
    peaks = _peaks(draws, limit)
    turn = _ends(peaks)
    peak_n, peak_x, caveat = None, None, _why_no_peak(beta, best, largest, turn)
    if caveat is None:
        peak_n = _estimate(_peak_n(best), peaks, len(size), "N")
        peak_x = _estimate(float(_throughput(best, peak_n.value)), _throughput(draws.T, peaks),
                           len(size), unit)
        if peak_n.high == limit:
            peak_n = replace(peak_n, high=None, caveats=(f"may lie beyond N = {limit:g}",))
    return Usl(gamma, alpha, beta, peak_n, peak_x, turn, largest, unit, draws,
               (caveat,) if caveat else ())


def usl_sentence(what: str, found: Usl | Refusal) -> str:
    """Say what the law says, or why it is not used."""
    if isinstance(found, Refusal):
        return f"{what}: the Universal Scalability Law is not fitted: {found.reason}."
    fitted = (f"{what}: γ = {_said(found.gamma)} {found.unit}, α = {_said(found.alpha)}, "
              f"β = {_said(found.beta)}, {count(found.gamma.n, 'point')}")
    if found.peak_n and found.peak_x:
        return (f"{fitted}; peak of {_said(found.peak_x)} {found.unit} at "
                f"N = {_said(found.peak_n)}{_beyond(found)}.")
    return f"{fitted}; no peak is quoted: {found.caveats[0]}."


def _objection(n: Floats, x: Floats) -> str | None:
    if len(n) != len(x):
        return f"{count(len(n), 'size')} but {count(len(x), 'throughput')}"
    if not (np.isfinite(n).all() and np.isfinite(x).all() and (x > 0).all()):
        return "a throughput is missing, infinite or zero"
    distinct = len(np.unique(n))
    if distinct < MIN_POINTS:
        return (f"{count(distinct, 'distinct size')} measured, three parameters need at least "
                f"{MIN_POINTS}")
    if n.min() < 1:
        return f"sizes begin at {n.min():g}: they must be counted in units of the smallest"
    each = x / n
    first = float(each[n == n.min()].mean())
    if each.max() > _MORE * first:
        return (f"throughput grows faster than size, up to ×{number(float(each.max()) / first)} as "
                "much per unit as at the smallest, which the law does not know")
    return None


def _throughput(parameters: Floats, n: Floats | float) -> Floats:
    gamma, alpha, beta = parameters
    found: Floats = gamma * n / (1 + alpha * (n - 1) + beta * n * (n - 1))
    return found


def _slopes(parameters: Floats, n: Floats) -> Floats:
    gamma, alpha, beta = parameters
    below = 1 + alpha * (n - 1) + beta * n * (n - 1)
    steep = -gamma * n * (n - 1) / below**2
    return np.stack([n / below, steep, steep * n], axis=1)


def _fit(n: Floats, x: Floats, start: Floats) -> Floats:
    def residuals(parameters: Floats) -> Floats:
        return _throughput(parameters, n) - x

    def slopes(parameters: Floats) -> Floats:
        return _slopes(parameters, n)

    found = least_squares(residuals, np.maximum(start, [1e-9, 1e-6, 1e-9]), jac=slopes,
                          bounds=(0, np.inf), x_scale="jac", xtol=1e-10, ftol=1e-10)
    largest = float(n.max())
    weight = np.array([np.inf, largest, largest**2])
    return np.where(found.x * weight < _NOTHING, 0.0, found.x)  # the solver only nears a bound


def _resample(n: Floats, x: Floats, best: Floats) -> Floats:
    """Refit curves with new noise; its size is drawn too, for few points know it badly."""
    rng = np.random.default_rng(0)
    curve = _throughput(best, n)
    free = len(n) - len(best)
    size = math.sqrt(float(((x - curve) ** 2).sum()) / free)
    draws = []
    for _ in range(_DRAWS):
        noise = size * math.sqrt(free / rng.chisquare(free)) * rng.standard_normal(len(n))
        draws.append(_fit(n, curve + noise, best))
    return np.array(draws)


def _peak_n(parameters: Floats) -> float:
    return math.sqrt((1 - parameters[1]) / parameters[2])


def _peaks(draws: Floats, limit: float) -> Floats:
    """N at the peak of each draw; one that falls from the start has it at N = 1."""
    alpha, beta = draws[:, 1], draws[:, 2]
    rises = alpha + beta < 1
    with np.errstate(divide="ignore"):
        found: Floats = np.sqrt(np.where(rises, 1 - alpha, 1) / np.where(rises, beta, 1))
    return found.clip(1, limit)


def _why_no_peak(beta: Estimate, best: Floats, largest: float,
                 turn: tuple[float, float]) -> str | None:
    if not beta.low:
        return "β is not distinguishable from 0"
    if best[1] + best[2] >= 1:
        return "α + β is 1 or more, so throughput falls from the start"
    if _peak_n(best) > REACH * largest:
        return f"it would lie beyond {REACH:g} times the largest N measured"
    if turn[0] <= 1:
        return "its interval reaches down to N = 1, so throughput may fall from the start"
    return None


def _estimate(value: float, draws: Floats, n: int, unit: str) -> Estimate:
    return Estimate(value, *_ends(draws), n, unit, _METHOD)


def _ends(draws: Floats) -> tuple[float, float]:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2],
                            method="inverted_cdf")
    return float(low), float(high)


def _beyond(found: Usl) -> str:
    """Instead of an upper end that would be extrapolated."""
    if found.peak_n is None or found.peak_n.high is not None:
        return ""
    return f" [{number(found.peak_n.low)}, beyond {number(found.limit)}]"


def _said(estimate: Estimate) -> str:
    return f"{number(estimate.value)} {interval(estimate.low, estimate.high)}".strip()
