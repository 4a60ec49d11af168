"""What a call between services costs: time and CPU against the number of calls of an answer.

The framework is a confound: it is in every answer, also in those that need no call.  A line
through the endpoints' medians takes off what it adds to every answer (the intercept); what it
multiplies grows with the work, and endpoints with more calls do more of it, so against the
monolith the slope is of a call and all that comes with it.  Only where the same services also ran
in one process (`colocated`) is it the price of a call.  Two endpoints always lie on a line, so
there it is the difference of each that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from reports.arms import Arms, pairs_of
from reports.call_cpu import CpuOfCalls, cpu_of_calls
from reports.estimate import LEVEL, Estimate, mean_of
from reports.guards import Judged
from reports.latency import Latency
from reports.read import Run

MIN_ROWS = 5
MIN_ENDPOINTS = 3
"""Fewer leave nothing to judge a line by."""


@dataclass(frozen=True, slots=True)
class Point:
    """One endpoint: `calls` is what the rival needed (mean); medians of service time in ms."""

    endpoint: str
    calls: float
    medians_ms: dict[str, float]
    n: dict[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A fit a pair, then their mean: of one topology, or (`minus`) of its gap to another.

    Intervals are the outer of Student's over pairs and of the residuals' over endpoints: pairs go
    through the same endpoints, so how badly these lie on a line is in no pair's scatter.
    """

    topology: str
    minus: str | None
    intercept_ms: Estimate
    slope_ms: Estimate
    endpoints: int
    """The fewest that a pair's fit went through."""

    @property
    def name(self) -> str:
        return f"{self.topology} − {self.minus}" if self.minus else self.topology


@dataclass(frozen=True, slots=True)
class Difference:
    """`topology` − `minus` of one endpoint's median, mean over pairs."""

    endpoint: str
    calls: float
    topology: str
    minus: str
    ms: Estimate


@dataclass(frozen=True, slots=True)
class Hops:
    """Of one series and the topologies measured in it."""

    series: str
    arms: Arms
    points: list[Point]
    lines: list[Line]
    differences: list[Difference]
    """Of the rival, where no line is laid."""

    def gap(self, topology: str | None, minus: str) -> Line | None:
        return next((line for line in self.lines
                     if line.topology == topology and line.minus == minus), None)


@dataclass(frozen=True, slots=True)
class CallCosts:
    """Time by series, the one of the headline first; CPU of all series."""

    hops: list[Hops]
    cpu: list[CpuOfCalls]


def measure_calls(run: Run, judged: list[Judged], series: list[Latency],
                  headline: Latency) -> CallCosts:
    """Measure what a call costs in time and in CPU."""
    return CallCosts(measure_hops(run, judged, series, headline),
                     cpu_of_calls(run, judged, series))


def measure_hops(run: Run, judged: list[Judged], series: list[Latency],
                 headline: Latency) -> list[Hops]:
    """Fit medians of service time against calls, by pair, in the series that makes the headline.

    Where the services did not run in one process there too, the first series in which they did
    stands beside it: only its gaps hold no framework.
    """
    has_control = [one for one in series if one.arms and one.arms.others]
    chosen = [headline] if headline in has_control else [headline, *has_control[:1]]
    found = [_measure(run, one.judged_in(judged), one.series, one.arms)
             for one in chosen if one.arms and one.arms.rival]
    return [hops for hops in found if hops.points and (hops.lines or hops.differences)]


def _measure(run: Run, own: list[Judged], series: str, arms: Arms) -> Hops:
    assert arms.rival
    twos = sorted(combinations(arms.in_order, 2), key=lambda two: two != (arms.base, arms.rival))
    lines = [line for base, other in twos for line in _lines(run, own, base, other, arms.rival)]
    unique: dict[tuple[str, str | None], Line] = {}
    for line in sorted(lines, key=lambda line: line.minus is not None):
        unique.setdefault((line.topology, line.minus), line)
    return Hops(series, arms, _points(run, own, arms.in_order, arms.rival), list(unique.values()),
                [one for base in arms.in_order[:-1] if (arms.rival, base) not in unique
                 for one in _differences(run, own, base, arms.rival)])


def _lines(run: Run, own: list[Judged], base: str, other: str, caller: str) -> list[Line]:
    """Of two topologies and of their difference, over their pairs.

    Calls are counted in the answers of `caller` where it is in the pair, else in the other's.
    """
    tables = [table for table in _tables(run, own, base, other, caller)
              if len(table) >= MIN_ENDPOINTS]
    if not tables:
        return []
    endpoints = min(len(table) for table in tables)
    shown: list[tuple[str, str | None, list[pd.Series]]] = [
        (name, None, [table[name] for table in tables]) for name in (base, other)]
    shown.append((other, base, [table[other] - table[base] for table in tables]))
    return [_line(name, minus, [table["calls"] for table in tables], times, endpoints)
            for name, minus, times in shown]


def _differences(run: Run, own: list[Judged], base: str, rival: str) -> list[Difference]:
    """Each endpoint's, in the pairs whose endpoints need different numbers of calls."""
    tables = _tables(run, own, base, rival, rival)
    found = []
    for endpoint in sorted({str(name) for table in tables for name in table.index}):
        rows = pd.DataFrame([table.loc[endpoint] for table in tables if endpoint in table.index])
        ms = mean_of((rows[rival] - rows[base]).to_numpy(float), "ms")
        assert ms is not None  # there are rows
        found.append(Difference(endpoint, float(rows["calls"].mean()), rival, base, ms))
    return found


def _tables(run: Run, own: list[Judged], base: str, other: str,
            caller: str) -> list[pd.DataFrame]:
    """Endpoints by pair: medians and calls, where these differ."""
    tables = [
        pd.DataFrame({name: _medians(run.measured(pair[name])) for name in (base, other)}
                     | {"calls": _calls(run.measured(pair.get(caller, pair[other])))}).dropna()
        for pair in pairs_of(own, [base, other], lambda _: True)]
    return [table for table in tables if table["calls"].round(1).nunique() > 1]


def _medians(frame: pd.DataFrame) -> pd.Series:
    """A row each, as `estimate.percentile`: of an even number, the lower of the middle two."""
    right = frame[frame["right"].to_numpy()].groupby("endpoint", observed=True)["service_ms"]
    return right.quantile(0.5, interpolation="lower")[right.size() >= MIN_ROWS]


def _calls(frame: pd.DataFrame) -> pd.Series:
    right = frame[frame["right"].to_numpy()]
    return right.groupby("endpoint", observed=True)["service_calls"].mean()


def _fit(x: pd.Series, y: pd.Series) -> tuple[float, float]:
    slope, intercept = np.polyfit(x.to_numpy(float), y.to_numpy(float), 1)
    return float(intercept), float(slope)


def _line(topology: str, minus: str | None, calls: list[pd.Series], times: list[pd.Series],
          endpoints: int) -> Line:
    fits = [_fit(x, y) for x, y in zip(calls, times, strict=True)]
    intercept = mean_of([one for one, _ in fits], "ms")
    slope = mean_of([one for _, one in fits], "ms per call")
    assert intercept is not None  # there are fits
    assert slope is not None
    off = _lack_of_fit(pd.concat(calls, axis=1).mean(axis=1), pd.concat(times, axis=1).mean(axis=1))
    return Line(topology, minus, _at_least(intercept, off[0]), _at_least(slope, off[1]), endpoints)


def _lack_of_fit(x: pd.Series, y: pd.Series) -> tuple[float, float]:
    """Half-widths of intercept and slope by the residuals of the endpoints' means."""
    found = stats.linregress(x.to_numpy(float), y.to_numpy(float))
    t = float(stats.t.ppf((1 + LEVEL) / 2, len(x) - 2))
    return t * float(found.intercept_stderr), t * float(found.stderr)


def _at_least(found: Estimate, half: float) -> Estimate:
    if found.low is None or found.high is None:
        return found
    return replace(found, low=min(found.low, found.value - half),
                   high=max(found.high, found.value + half))


def _points(run: Run, own: list[Judged], names: list[str], rival: str) -> list[Point]:
    frames = {name: pd.concat([run.measured(one.trial) for one in own
                               if one.trial.topology == name and one.status != "rejected"])
              for name in names}
    medians = {name: _medians(frame) for name, frame in frames.items()}
    sizes = {name: frame.groupby("endpoint", observed=True).size()
             for name, frame in frames.items()}
    calls = _calls(frames[rival])
    shared = sorted(set(calls.index).intersection(*(set(m.index) for m in medians.values())))
    return [Point(str(e), float(calls[e]), {n: float(medians[n][e]) for n in names},
                  {n: int(sizes[n][e]) for n in names}) for e in shared]
