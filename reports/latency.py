"""Part one: response times of the stores at the same offered rate, series by series.

The first request of a journey arrives by schedule: its *response time* counts from the instant it
should have been sent.  Later requests of the journey follow the answer before them: their
*service time* is reported, apart from the first.  A series is one workload at one rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from contract.run_record import TrialRecord
from reports.arms import Arms, aa_pairs_of, arms_among, pairs_of, series_of, usable
from reports.clocks import Clock, read_clocks
from reports.contrasts import Contrast, band_of_percentiles, measure_contrasts
from reports.endpoints import EndpointRow, measure_endpoints
from reports.estimate import (
    QS,
    Band,
    Estimate,
    Floats,
    Ratio,
    attainment,
    percentile,
    ratio_of_pairs,
)
from reports.estimate_family import adjusted_p
from reports.guards import Judged
from reports.journeys import Journeys, journey_percentiles, measure_journeys
from reports.noise import beside_itself
from reports.read import Run
from reports.stopping import Ending, ending_of

__all__ = ["Contrast", "Latency", "Sample", "SpectrumRow", "by_pair", "headline_of",
           "measure_latency", "measure_series", "medians_ms", "spectrum_rows"]


@dataclass(frozen=True, slots=True)
class Sample:
    """Sorted latencies in ms of one trial; wrong or missing answers are infinite."""

    trial: int
    first: Floats
    later: Floats
    journeys: dict[float, float | None] = field(default_factory=dict)
    """Percentiles of whole journeys in ms, None where too few came; empty where they are not
    compared: a journey is one request, or there is one store."""


@dataclass(frozen=True, slots=True)
class SpectrumRow:
    """Percentiles of `first` or `later` requests, all trials together; None: too few rows."""

    topology: str
    which: str
    n: int
    values: dict[float, float | None]


@dataclass(frozen=True, slots=True)
class Latency:
    """One series.  `ratios`, `bands` and `pairs` are those of the arms that are compared."""

    samples: dict[str, list[Sample]]
    endpoints: list[EndpointRow]
    ratios: dict[float, Ratio | None]
    """Of first requests, rival / base, by percentile, over the pairs that carry it."""
    bands: dict[float, Band | None]
    clocks: list[Clock]
    attainments: dict[str, Estimate | None]
    pairs: int
    trials: list[TrialRecord]
    series: str = ""
    arms: Arms | None = None
    """The arms of this series: some series have fewer topologies than the run."""
    contrasts: list[Contrast] = field(default_factory=list)
    """Every two topologies of the series, those compared first."""
    adjusted: dict[str, float | None] = field(default_factory=dict)
    """Holm's p of what is secondary in this series: p95, p99, each endpoint's median, whole
    journeys (`journey p50`, `journey p95`)."""
    journeys: Journeys | None = None
    """None where a journey is one request."""
    ending: Ending | None = None
    """How the series ended before all planned pairs were measured."""
    why_not: dict[float, str] = field(default_factory=dict)
    """Why a percentile of first requests has no ratio; "" where it has one."""

    def judged_in(self, judged: list[Judged]) -> list[Judged]:
        """This series' usable trials, judged."""
        ids = {trial.id for trial in self.trials}
        return [one for one in judged if one.trial.id in ids]


def measure_latency(run: Run, judged: list[Judged], arms: Arms) -> Latency:
    """Measure the series that makes the headline."""
    return headline_of(measure_series(run, judged, arms), arms)


def measure_series(run: Run, judged: list[Judged], arms: Arms) -> list[Latency]:
    """Compute part one from the trials of phase `latency`, in the order of measurement."""
    return [one for name in series_of(judged, "latency")
            if (one := _measure(run, judged, arms, name)).trials]


def headline_of(found: list[Latency], arms: Arms) -> Latency:
    """The first series in which both stores were measured, else the first of all."""
    both = [one for one in found if arms.rival in one.samples and arms.base in one.samples]
    nothing: dict[float, None] = dict.fromkeys(QS)
    return next(iter(both or found), Latency({}, [], dict(nothing), dict(nothing), [], {}, 0, []))


def _measure(run: Run, judged: list[Judged], arms: Arms, series: str) -> Latency:
    own = [one for one in judged if _is_of(one.trial, series)]
    trials = usable(own, "latency")
    rows = {trial.id: run.measured(trial) for trial in trials}
    names = [name for name in arms.all if any(t.topology == name for t in trials)]
    arms = arms_among(arms, names)
    firsts = {key: frame.loc[frame["step"] == 0, "latency_ms"].to_numpy()
              for key, frame in rows.items()}
    endpoints = measure_endpoints(rows, trials, own, arms, names)
    contrasts = measure_contrasts(firsts, own, arms)
    first = next(iter(contrasts), None)
    ratios = first.ratios if first else dict.fromkeys(QS)
    aa = aa_pairs_of(own)
    journeys = _journeys(rows, own, arms, aa)
    return Latency(
        {name: [_sample(t, rows[t.id], has_journeys=journeys is not None)
                for t in trials if t.topology == name] for name in names},
        endpoints, ratios, {q: band_of_percentiles(firsts, aa, q) for q in QS},
        [clock for name in names for clock in read_clocks(
            name, pd.concat([rows[t.id] for t in trials if t.topology == name]))],
        {name: _attainment([rows[t.id] for t in trials if t.topology == name])
         for name in names},
        first.pairs if first else 0, trials, series, arms, contrasts,
        _adjusted(ratios, endpoints, arms, journeys), journeys, ending_of(run.record, series),
        first.why_not if first else {},
    )


def _journeys(rows: dict[int, pd.DataFrame], own: list[Judged], arms: Arms,
              aa: list[tuple[TrialRecord, TrialRecord]]) -> Journeys | None:
    if arms.rival is None:
        return None
    two = arms.base, arms.rival
    return measure_journeys(rows, pairs_of(own, [*two], lambda _: True), two, aa)


def _is_of(trial: TrialRecord, series: str) -> bool:
    return trial.phase == "latency" and trial.series == series


def medians_ms(run: Run) -> dict[int, float]:
    """Median latency of first requests by trial, for the lag guard."""
    medians = {}
    for trial in run.record.trials:
        if trial.phase in ("latency", "distance", "isolation"):
            frame = run.measured(trial)
            values = frame.loc[(frame["step"] == 0) & frame["right"], "response_ms"].to_numpy()
            medians[trial.id] = float(np.median(values)) if len(values) else 0.0
    return medians


def by_pair(latency: Latency, base: str, rival: str,
            value: Callable[[TrialRecord], float | None]) -> Ratio | None:
    """Ratio rival ÷ base, by the series' pairs, of anything that a trial has, beside its noise
    floor; None without."""
    groups: dict[tuple[int, int], dict[str, TrialRecord]] = {}
    for trial in latency.trials:
        if not trial.is_aa:
            groups.setdefault((trial.pair, trial.attempt), {})[trial.topology] = trial
    both = [(value(group[base]), value(group[rival])) for _, group in sorted(groups.items())
            if base in group and rival in group]
    known = [(a, b) for a, b in both if a is not None and b is not None]
    found = ratio_of_pairs([a for a, _ in known], [b for _, b in known]) if known else None
    if found and len(known) < len(both):
        found = replace(found, caveats=(
            *found.caveats, f"{len(known)} of {len(both)} pairs have a number"))
    return beside_itself(found, latency.trials, value)


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
    return [row for row in rows if row.n or row.which == "first"]


def _adjusted(ratios: dict[float, Ratio | None], endpoints: list[EndpointRow], arms: Arms,
              journeys: Journeys | None) -> dict[str, float | None]:
    medians = {row.endpoint: row.ratio for row in endpoints if row.topology == arms.rival}
    family = {f"p{q:g}": ratios[q] for q in QS if q > 50}
    if journeys:
        family |= {f"journey p{q:g}": ratio for q, ratio in journeys.ratios.items()}
    return adjusted_p(family | (medians if len(medians) > 1 else {}))


def _sample(trial: TrialRecord, frame: pd.DataFrame, *, has_journeys: bool) -> Sample:
    first = (frame["step"] == 0).to_numpy()
    values = frame["latency_ms"].to_numpy()
    return Sample(trial.id, np.sort(values[first]), np.sort(values[~first]),
                  journey_percentiles(frame, trial.warmup_s) if has_journeys else {})


def _attainment(frames: list[pd.DataFrame]) -> Estimate | None:
    return attainment(sum(int(f["good"].sum()) for f in frames), sum(len(f) for f in frames))
