"""Network distance between services: what an answer pays for each millisecond of it.

A call crosses the distance twice, so an answer takes 2 · distance longer for every call on its
critical path: the slope of its time against the distance there and back *is* that number.  Calls
made side by side count once; the number of all calls stands in the answers (`service_calls`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from contract.run_record import TrialRecord
from reports.arms import usable
from reports.estimate import Estimate, is_enough, mean_of, percentile
from reports.guards import Judged
from reports.read import Run

MIN_ROWS: Final = 5
ALL: Final = "all requests"


@dataclass(frozen=True, slots=True)
class Mark:
    """One distance, all groups: times in ms of `what` (an endpoint, or all requests)."""

    what: str
    asked_ms: float
    round_trip_ms: float
    """There and back, as measured (as asked where it was not measured)."""
    p50: Estimate
    p95: Estimate | None
    """None: too few rows in a trial."""


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """ms of an answer per ms there and back; the mean of the groups' slopes."""

    what: str
    calls: float
    """Calls between services that the answer reported."""
    p50: Estimate
    p95: Estimate | None


@dataclass(frozen=True, slots=True)
class Acted:
    """Did the relay do what was asked?  One way, ms; None: not measured."""

    asked_ms: float
    measured_ms: Estimate | None


@dataclass(frozen=True, slots=True)
class Distance:
    """One topology."""

    topology: str
    series: str
    groups: int
    acted: list[Acted]
    marks: list[Mark]
    paths: list[CriticalPath]
    is_measured: bool
    """Were the distances verified?  Else slopes are against what was asked for."""


def measure_distance(run: Run, judged: list[Judged]) -> list[Distance]:
    """Fit times against distance, group by group, from the trials of phase `distance`."""
    groups: dict[tuple[str, str], list[TrialRecord]] = {}
    for trial in usable(judged, "distance"):
        groups.setdefault((trial.topology, trial.series), []).append(trial)
    return [_measure(run, *key, trials) for key, trials in groups.items()]


def _measure(run: Run, topology: str, series: str, trials: list[TrialRecord]) -> Distance:
    is_measured = all(t.hop_measured_ms is not None for t in trials)
    tables = {t.id: _table(run.measured(t)) for t in trials}
    kinds = sorted({what for table in tables.values() for what in table.index})
    whole = [group for group in _groups(trials) if len({t.hop_ms for t in group}) > 1]
    x = {t.id: _round_trip_ms(t, is_measured) for t in trials}
    return Distance(
        topology, series, len(whole), [_acted(t) for t in _by_distance(trials)],
        [mark for what in kinds for same in _by_distance(trials)
         if (mark := _mark(what, same, tables, x))],
        [path for what in kinds if (path := _path(what, whole, tables, x))], is_measured)


def _round_trip_ms(trial: TrialRecord, is_measured: bool) -> float:
    one_way = trial.hop_measured_ms if is_measured else trial.hop_ms
    return 2 * (one_way or 0.0)


def _groups(trials: list[TrialRecord]) -> list[list[TrialRecord]]:
    found: dict[tuple[int, int], list[TrialRecord]] = {}
    for trial in trials:
        found.setdefault((trial.pair, trial.attempt), []).append(trial)
    return [found[key] for key in sorted(found)]


def _by_distance(trials: list[TrialRecord]) -> list[list[TrialRecord]]:
    return [[t for t in trials if t.hop_ms == ms] for ms in sorted({t.hop_ms for t in trials})]


def _table(frame: pd.DataFrame) -> pd.DataFrame:
    """By endpoint and for all together: n, p50, p95 of service time, mean calls."""
    right = frame[frame["right"].to_numpy()]
    parts = {str(name): rows for name, rows in right.groupby("endpoint", observed=True)}
    return pd.DataFrame.from_dict(
        {name: _row(rows) for name, rows in {**parts, ALL: right}.items()
         if len(rows) >= MIN_ROWS}, orient="index", columns=["n", "p50", "p95", "calls"])


def _row(rows: pd.DataFrame) -> tuple[float, float, float, float]:
    ms = rows["service_ms"].to_numpy()
    p95 = percentile(ms, 95) if is_enough(len(ms), 95) else np.nan
    return len(ms), percentile(ms, 50), p95, float(rows["service_calls"].mean())


def _values(what: str, trials: list[TrialRecord], tables: dict[int, pd.DataFrame],
            column: str) -> list[float]:
    return [float(tables[t.id][column].to_dict()[what]) for t in trials
            if what in tables[t.id].index]


def _mark(what: str, same: list[TrialRecord], tables: dict[int, pd.DataFrame],
          x: dict[int, float]) -> Mark | None:
    p50, p95 = (_values(what, same, tables, column) for column in ("p50", "p95"))
    median = mean_of(p50, "ms")
    return Mark(what, same[0].hop_ms, float(np.mean([x[t.id] for t in same])), median,
                mean_of(p95, "ms") if np.isfinite(p95).all() else None) if median else None


def _path(what: str, groups: list[list[TrialRecord]], tables: dict[int, pd.DataFrame],
          x: dict[int, float]) -> CriticalPath | None:
    known = [group for group in groups if all(what in tables[t.id].index for t in group)]
    slopes = {column: [_slope(np.array([x[t.id] for t in group]),
                              np.array(_values(what, group, tables, column))) for group in known]
              for column in ("p50", "p95")}
    found = mean_of(slopes["p50"], "ms per ms there and back")
    if found is None:
        return None
    p95 = slopes["p95"]
    calls = [n for group in known for n in _values(what, group, tables, "calls")]
    return CriticalPath(what, float(np.mean(calls)), found,
                        mean_of(p95, found.unit) if np.isfinite(p95).all() else None)


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.polyfit(x, y, 1)[0]) if np.isfinite(y).all() else float("nan")


def _acted(same: list[TrialRecord]) -> Acted:
    seen = [t.hop_measured_ms for t in same if t.hop_measured_ms is not None]
    return Acted(same[0].hop_ms, mean_of(seen, "ms one way"))
