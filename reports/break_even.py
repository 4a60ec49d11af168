"""At which load the cheaper store changes: money an hour against the offered rate.

Two straight lines differ by a straight line, so what is true of their difference at both ends
of the range that was measured in both stores is true of all that lies between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from reports.demand import LoadPoint, alike
from reports.estimate import LEVEL, Estimate, Floats
from reports.price import HOUR_S, PriceList, Use
from reports.words import interval, number

_POINTS_FOR_A_LINE: Final = 3


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Rival − base in money an hour at the ends of the common range of rates.

    `cheaper`: the store that costs less at every rate between; None when it changes or is not
    shown.  `rate`: where it changes (journeys/s), with every rate at which neither store is shown
    to be cheaper; None without a change that is shown.
    """

    base: str
    rival: str
    least_rate: float
    most_rate: float
    at_least: Estimate
    at_most: Estimate
    cheaper: str | None
    rate: Estimate | None


def find_break_even(points: Sequence[LoadPoint], base: str, rival: str | None,
                    prices: PriceList | None) -> BreakEven | None:
    """Compare two stores by what they used while they met the objective, unreplicated, on the
    largest budget and at rates that both reached: what one uses beyond lays out no line here.

    None without prices, or with fewer than three rates of either store.
    """
    if prices is None or rival is None:
        return None
    own = [alike(points, name) for name in (base, rival)]
    most = min((max(point.rate for point in one) for one in own if one), default=0.0)
    found = [_bills([point for point in one if point.rate <= most], prices) for one in own]
    if any(len(np.unique(rates)) < _POINTS_FOR_A_LINE for rates, _ in found):
        return None
    least = max(float(rates.min()) for rates, _ in found)
    most = min(float(rates.max()) for rates, _ in found)
    if least >= most:
        return None
    low, high = (_difference(found[0], found[1], rate, prices.currency) for rate in (least, most))
    signs = [_sign(low), _sign(high)]
    cheaper = {(1, 1): base, (-1, -1): rival}.get((signs[0], signs[1]))
    where = crossing(found[0], found[1], least, most) if signs[0] * signs[1] < 0 else None
    return BreakEven(base, rival, least, most, low, high, cheaper, where)


def break_even_said(found: BreakEven) -> str:
    """Which store is cheaper at which load, by use."""
    between = f"between {number(found.least_rate)} and {number(found.most_rate)} journeys/s"
    if found.rate is not None:
        first = found.base if found.at_least.value > 0 else found.rival
        then = found.rival if first == found.base else found.base
        where = f"{number(found.rate.value)} {interval(found.rate.low, found.rate.high)}"
        return f"{first} is cheaper below {where} journeys/s, {then} above (measured {between})"
    if found.cheaper:
        return f"{found.cheaper} is cheaper at every load measured in both stores, {between}"
    return f"which store is cheaper is not shown over the whole range {between}"


def crossing(base: tuple[Floats, Floats], rival: tuple[Floats, Floats], least: float,
              most: float) -> Estimate:
    """Where the lines meet: the rates whose t interval of the difference holds 0 (Fieller 1954,
    doi.org/10.1111/j.2517-6161.1954.tb00159.x).  Between two rates that are shown apart."""
    def root(end: Callable[[Estimate], float | None]) -> float:
        def at(rate: float) -> float:
            value = end(_difference(base, rival, rate, ""))
            assert value is not None
            return value

        return float(brentq(at, least, most))

    low, high = sorted((root(lambda one: one.low), root(lambda one: one.high)))
    return Estimate(root(lambda one: one.value), low, high, len(base[0]) + len(rival[0]),
                    "journeys/s", "lines that meet, by Fieller's interval")


def _bills(points: list[LoadPoint], prices: PriceList) -> tuple[Floats, Floats]:
    """Rates, and money an hour by use; traffic left out (docs/decisions/0187)."""
    open_ = max((point.trial.connections for point in points), default=0)  # idle ones: not counted
    hour = [prices.bill(Use(point.cores * HOUR_S, point.memory_gb * HOUR_S,
                            (point.trial.connections or open_) * HOUR_S, 0.0)) for point in points]
    return np.array([point.rate for point in points]), np.array(hour)


def _difference(base: tuple[Floats, Floats], rival: tuple[Floats, Floats], rate: float,
                currency: str) -> Estimate:
    """Rival − base on their lines at one rate; errors of the lines' means, by Welch's rule."""
    (a, error_a, df_a), (b, error_b, df_b) = _on_line(base, rate), _on_line(rival, rate)
    error = float(np.hypot(error_a, error_b))
    half = 0.0
    if error > 0:
        df = error**4 / (error_a**4 / df_a + error_b**4 / df_b)
        half = float(stats.t.ppf((1 + LEVEL) / 2, df)) * error
    return Estimate(b - a, b - a - half, b - a + half, len(base[0]) + len(rival[0]),
                    f"{currency} an hour", "least squares, t interval")


def _on_line(points: tuple[Floats, Floats], rate: float) -> tuple[float, float, int]:
    """Value, standard error and degrees of freedom of a fitted line at a rate."""
    x, y = points
    line, df = stats.linregress(x, y), len(x) - 2
    spread = float(((y - line.intercept - line.slope * x) ** 2).sum()) / df
    leverage = 1 / len(x) + (rate - float(x.mean())) ** 2 / float(((x - x.mean()) ** 2).sum())
    return float(line.intercept + line.slope * rate), float(np.sqrt(spread * leverage)), df


def _sign(found: Estimate) -> int:
    if found.low is not None and found.low > 0:
        return 1
    return -1 if found.high is not None and found.high < 0 else 0
