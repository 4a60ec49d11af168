"""Part one: response times of both stores at the same offered rate.

The first request of a journey arrives by schedule: its *response time* counts from the instant it
should have been sent.  Later requests of the journey follow the answer before them: their
*service time* is reported, apart from the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from contract.run_record import TrialRecord
from reports.arms import Arms, Pairs, aa_pairs_of, pairs_of, usable
from reports.clocks import Clock, read_clocks
from reports.endpoints import EndpointRow, measure_endpoints
from reports.estimate import (
    QS,
    Estimate,
    Floats,
    Ratio,
    attainment,
    is_enough,
    percentile,
    ratio_of_pairs,
)
from reports.guards import Judged
from reports.read import Run
from reports.verdicts import Band, band_of


@dataclass(frozen=True, slots=True)
class Sample:
    """Sorted latencies in ms of one trial; wrong or missing answers are infinite."""

    trial: int
    first: Floats
    later: Floats


@dataclass(frozen=True, slots=True)
class SpectrumRow:
    """Percentiles of `first` or `later` requests, all trials together; None: too few rows."""

    topology: str
    which: str
    n: int
    values: dict[float, float | None]


@dataclass(frozen=True, slots=True)
class Latency:
    samples: dict[str, list[Sample]]
    endpoints: list[EndpointRow]
    ratios: dict[float, Ratio | None]
    """Of first requests, rival / base, by percentile; only those with enough rows a trial."""
    bands: dict[float, Band | None]
    clocks: list[Clock]
    attainments: dict[str, Estimate | None]
    pairs: int
    trials: list[TrialRecord]


def measure_latency(run: Run, judged: list[Judged], arms: Arms) -> Latency:
    """Compute part one from the trials of phase `latency`."""
    trials = usable(judged, "latency")
    rows = {trial.id: run.measured(trial) for trial in trials}
    names = [name for name in arms.all if any(t.topology == name for t in trials)]
    pairs = pairs_of(judged, [arms.base, *([arms.rival] if arms.rival else [])],
                     lambda t: t.phase == "latency")
    firsts = {key: frame.loc[frame["step"] == 0, "latency_ms"].to_numpy()
              for key, frame in rows.items()}
    ratios = {q: _ratio(firsts, pairs, arms, q) for q in QS}
    aa = aa_pairs_of(judged)
    return Latency(
        {name: [_sample(t.id, rows[t.id]) for t in trials if t.topology == name]
         for name in names},
        measure_endpoints(rows, trials, judged, arms, names),
        ratios,
        {q: _band(firsts, aa, q) for q in QS},
        [clock for name in names for clock in read_clocks(
            name, pd.concat([rows[t.id] for t in trials if t.topology == name]))],
        {name: _attainment([rows[t.id] for t in trials if t.topology == name])
         for name in names},
        len(pairs), trials,
    )


def medians_ms(run: Run) -> dict[int, float]:
    """Median latency of first requests by trial, for the lag guard."""
    medians = {}
    for trial in run.record.trials:
        if trial.phase in ("latency", "isolation"):
            frame = run.measured(trial)
            values = frame.loc[(frame["step"] == 0) & frame["right"], "response_ms"].to_numpy()
            medians[trial.id] = float(np.median(values)) if len(values) else 0.0
    return medians


def _sample(trial: int, frame: pd.DataFrame) -> Sample:
    first = (frame["step"] == 0).to_numpy()
    values = frame["latency_ms"].to_numpy()
    return Sample(trial, np.sort(values[first]), np.sort(values[~first]))


def _ratio(values: dict[int, Floats], pairs: Pairs, arms: Arms, q: float) -> Ratio | None:
    if arms.rival is None:
        return None
    found = [(values[pair[arms.base].id], values[pair[arms.rival].id]) for pair in pairs]
    if not found or not all(is_enough(len(v), q) for both in found for v in both):
        return None
    return ratio_of_pairs([percentile(a, q) for a, _ in found],
                          [percentile(b, q) for _, b in found])


def _band(values: dict[int, Floats], aa: list[tuple[TrialRecord, TrialRecord]],
          q: float) -> Band | None:
    ratios = []
    for one, other in aa:
        a, b = values.get(one.id), values.get(other.id)
        if a is None or b is None or not (is_enough(len(a), q) and is_enough(len(b), q)):
            continue
        ratios.append(percentile(b, q) / percentile(a, q))
    return band_of(ratios)


def spectrum_rows(latency: Latency) -> list[SpectrumRow]:
    """The numbers behind the spectrum, wherever 20 rows lie beyond a percentile."""
    rows = []
    for which in ("first", "later"):
        for name, samples in latency.samples.items():
            values = np.concatenate([getattr(sample, which) for sample in samples])
            n = len(values)
            rows.append(SpectrumRow(name, which, n, {
                q: percentile(values, q) if n and n * (100 - q) / 100 >= 20 - 1e-9 else None
                for q in (50.0, 75.0, 90.0, 95.0, 99.0, 99.9)}))
    return rows


def _attainment(frames: list[pd.DataFrame]) -> Estimate | None:
    return attainment(sum(int(f["good"].sum()) for f in frames), sum(len(f) for f in frames))
