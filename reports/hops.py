"""Latency against the number of calls between services that an answer needed.

The framework is a confound: it is in every answer, also in those that need no call.  A line
through the endpoints' medians separates the two: intercept and price of a call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.arms import Arms, pairs_of
from reports.estimate import Estimate, mean_of
from reports.guards import Judged
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
    """`name` is a topology, or `difference` (rival - base); one fit a pair, then their mean."""

    name: str
    intercept_ms: Estimate
    slope_ms: Estimate


@dataclass(frozen=True, slots=True)
class Hops:
    points: list[Point]
    lines: list[Line]


def measure_hops(run: Run, judged: list[Judged], arms: Arms) -> Hops:
    """Fit medians of service time against calls, by pair."""
    if arms.rival is None:
        return Hops([], [])
    names = [arms.base, arms.rival]
    pairs = pairs_of(judged, names, lambda t: t.phase == "latency")
    tables = [pd.DataFrame({name: _medians(run.measured(pair[name])) for name in names}
                           | {"calls": _calls(run.measured(pair[arms.rival]))}).dropna()
              for pair in pairs]
    tables = [table for table in tables if table["calls"].round(1).nunique() > 1]
    fits: dict[str, list[tuple[float, float]]] = {}
    for table in tables:
        table["difference"] = table[arms.rival] - table[arms.base]
        for name in (*names, "difference"):
            fits.setdefault(name, []).append(_fit(table["calls"], table[name]))
    lines = [line for name, found in fits.items() if (line := _line(name, found))]
    return Hops(_points(run, judged, names, arms.rival), lines)


def _medians(frame: pd.DataFrame) -> pd.Series:
    right = frame[frame["right"].to_numpy()].groupby("endpoint", observed=True)["service_ms"]
    return right.median()[right.size() >= MIN_ROWS]


def _calls(frame: pd.DataFrame) -> pd.Series:
    right = frame[frame["right"].to_numpy()]
    return right.groupby("endpoint", observed=True)["service_calls"].mean()


def _fit(x: pd.Series, y: pd.Series) -> tuple[float, float]:
    slope, intercept = np.polyfit(x.to_numpy(float), y.to_numpy(float), 1)
    return float(intercept), float(slope)


def _line(name: str, fits: list[tuple[float, float]]) -> Line | None:
    intercept = mean_of([one for one, _ in fits], "ms")
    slope = mean_of([one for _, one in fits], "ms per call")
    return Line(name, intercept, slope) if intercept and slope else None


def _points(run: Run, judged: list[Judged], names: list[str], rival: str) -> list[Point]:
    frames: dict[str, pd.DataFrame] = {}
    for name in names:
        own = [run.measured(one.trial) for one in judged
               if one.trial.phase == "latency" and one.trial.topology == name
               and one.status != "rejected"]
        if not own:
            return []
        frames[name] = pd.concat(own)
    medians = {name: _medians(frame) for name, frame in frames.items()}
    sizes = {name: frame.groupby("endpoint", observed=True).size()
             for name, frame in frames.items()}
    calls = _calls(frames[rival])
    shared = sorted(set(calls.index).intersection(*(set(m.index) for m in medians.values())))
    return [Point(str(e), float(calls[e]), {n: float(medians[n][e]) for n in names},
                  {n: int(sizes[n][e]) for n in names}) for e in shared]
