"""What a call between services costs: time and CPU against the number of calls of an answer.

The framework is a confound: it is in every answer, also in those that need no call.  A line
through the endpoints' medians separates the two: intercept and price of a call.  Where the same
services also ran in one process (`colocated`), the difference holds no framework at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from reports.arms import Arms, Pairs, pairs_of
from reports.call_cpu import CpuOfCalls, cpu_of_calls
from reports.estimate import Estimate, mean_of
from reports.guards import Judged
from reports.latency import Latency
from reports.read import Run

MIN_ROWS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One endpoint: `calls` is what the rival needed (mean); medians of service time in ms."""

    endpoint: str
    calls: float
    medians_ms: dict[str, float]
    n: dict[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A fit a pair, then their mean: of one topology, or (`minus`) of its gap to another."""

    topology: str
    minus: str | None
    intercept_ms: Estimate
    slope_ms: Estimate

    @property
    def name(self) -> str:
        return f"{self.topology} − {self.minus}" if self.minus else self.topology


@dataclass(frozen=True, slots=True)
class Hops:
    """Of one series and the topologies measured in it."""

    series: str
    arms: Arms
    points: list[Point]
    lines: list[Line]

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
    return [hops for hops in found if hops.points and hops.lines]


def _measure(run: Run, own: list[Judged], series: str, arms: Arms) -> Hops:
    assert arms.rival
    twos = sorted(combinations(arms.in_order, 2), key=lambda two: two != (arms.base, arms.rival))
    lines = [line for base, other in twos for line in _lines(run, own, base, other, arms.rival)]
    unique: dict[tuple[str, str | None], Line] = {}
    for line in sorted(lines, key=lambda line: line.minus is not None):
        unique.setdefault((line.topology, line.minus), line)
    return Hops(series, arms, _points(run, own, arms.in_order, arms.rival), list(unique.values()))


def _lines(run: Run, own: list[Judged], base: str, other: str, caller: str) -> list[Line]:
    """Of two topologies and of their difference, over their pairs.

    Calls are counted in the answers of `caller` where it is in the pair, else in the other's.
    """
    tables = [table for table in _tables(run, pairs_of(own, [base, other], lambda _: True),
                                         base, other, caller)
              if table["calls"].round(1).nunique() > 1]
    gaps = [_fit(table["calls"], table[other] - table[base]) for table in tables]
    found = [_line(name, None, [_fit(table["calls"], table[name]) for table in tables])
             for name in (base, other)]
    return [line for line in (*found, _line(other, base, gaps)) if line]


def _tables(run: Run, pairs: Pairs, base: str, other: str, caller: str) -> list[pd.DataFrame]:
    return [pd.DataFrame({name: _medians(run.measured(pair[name])) for name in (base, other)}
                         | {"calls": _calls(run.measured(pair.get(caller, pair[other])))}).dropna()
            for pair in pairs]


def _medians(frame: pd.DataFrame) -> pd.Series:
    right = frame[frame["right"].to_numpy()].groupby("endpoint", observed=True)["service_ms"]
    return right.median()[right.size() >= MIN_ROWS]


def _calls(frame: pd.DataFrame) -> pd.Series:
    right = frame[frame["right"].to_numpy()]
    return right.groupby("endpoint", observed=True)["service_calls"].mean()


def _fit(x: pd.Series, y: pd.Series) -> tuple[float, float]:
    slope, intercept = np.polyfit(x.to_numpy(float), y.to_numpy(float), 1)
    return float(intercept), float(slope)


def _line(topology: str, minus: str | None, fits: list[tuple[float, float]]) -> Line | None:
    intercept = mean_of([one for one, _ in fits], "ms")
    slope = mean_of([one for _, one in fits], "ms per call")
    return Line(topology, minus, intercept, slope) if intercept and slope else None


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
