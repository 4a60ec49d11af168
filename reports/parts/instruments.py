"""The instrument panel: generator lag, generator CPU, calibration loop, refused trials."""

from __future__ import annotations

import numpy as np

from contract.run_record import RunRecord
from reports.document import Block, Drawing, Note
from reports.estimate import Floats
from reports.figures.instrument import LagSpectrum, draw_instrument
from reports.guards import Judged, best_spin_ms, thresholds_of, worst_spin_ms
from reports.read import Run
from reports.table import Table
from reports.words import ABSENT, in_ms, number, percent, setting

_QS = (50.0, 90.0, 99.0, 99.9, 99.99)
_GUARDED = ("latency", "distance", "isolation")
"""Phases whose lag is guarded in every request."""


def instrument_blocks(run: Run, judged: list[Judged]) -> list[Block]:
    """Figure and tables; a run without trials says so."""
    record = run.record
    if not judged:
        return [Note("This run has no trials.", "caveat")]
    best, limits = best_spin_ms(record.trials), thresholds_of(record)
    lags = _lags(run)
    blocks: list[Block] = [Drawing(
        "instrument", "Generator lag, generator CPU and calibration loop",
        _said(record, lags, best),
        "Lag: how late the generator released a request; its curve holds the phases of steady "
        "load (latency, distance, isolation). One mark a trial, in order of id; crosses were "
        "rejected. Dashed: reject above (p99 of the lag; under steady load a share of the "
        "trial's median is allowed as well). Single late arrivals reject no ramp and no probe. "
        "The calibration loop does the same work before and after each trial; when it takes "
        "longer, the machine was slower.",
        ("instrument_lag", "instrument_trials"),
        draw_instrument(judged, [spectrum for spectrum, _ in lags], best, limits))]
    return [*blocks, *_noted_table(judged), _lag_table(lags), _trial_table(judged)]


def _said(record: RunRecord, lags: list[tuple[LagSpectrum, dict[float, float | None]]],
          best: float) -> str:
    tails = ", ".join(f"{lag.topology} p99 {in_ms(values[99.0])}" for lag, values in lags
                      if values[99.0] is not None)
    worst = max((worst_spin_ms(t) / best for t in record.trials), default=0) if best else 0
    spin = (f"Calibration loop up to ×{number(worst)} of the run's best decile." if best else
            "The calibration loop was not measured.")
    lag = max(t.lag_max_ms for t in record.trials)
    over_all = f"Generator lag over all requests under steady load: {tails}. " if tails else ""
    return f"{over_all}Worst single lag of any trial {number(lag)} ms. {spin}"


def _lags(run: Run) -> list[tuple[LagSpectrum, dict[float, float | None]]]:
    """By topology: the spectrum drawn, and the percentiles printed."""
    trials = [t for t in run.record.trials if t.phase in _GUARDED]
    found = []
    for topology in dict.fromkeys(t.topology for t in trials):
        values = np.concatenate([run.measured(t)["lag_ms"].to_numpy(np.float64)
                                 for t in trials if t.topology == topology])
        ms = np.sort(values[~np.isnan(values)])
        if len(ms):
            q = 100 - 10 ** np.linspace(np.log10(50), max(-2.0, np.log10(100 / len(ms))), 120)
            found.append((LagSpectrum(topology, len(ms), q, _at(ms, q)),
                          {p: float(_at(ms, np.array([p]))[0]) if len(ms) * (1 - p / 100) >= 1
                           else None for p in _QS}))
    return found


def _at(ms: Floats, q: Floats) -> Floats:
    """Percentiles of sorted values: always one of them."""
    found: Floats = ms[np.clip(np.ceil(q / 100 * len(ms)).astype(int) - 1, 0, len(ms) - 1)]
    return found


def _lag_table(lags: list[tuple[LagSpectrum, dict[float, float | None]]]) -> Table:
    return Table(
        "instrument_lag", "Generator lag",
        "Dispatch − intended of every request under steady load, ms. A percentile is shown "
        "while a row lies beyond it.",
        ["store", "n", *(f"p{q:g}" for q in _QS)],
        [[lag.topology, f"{lag.n:,}", *(ABSENT if v is None else number(v, 2)
                                        for v in values.values())] for lag, values in lags],
        ["topology", "n", *(f"p{q:g}_ms" for q in _QS)],
        [[lag.topology, lag.n, *values.values()] for lag, values in lags],
        frozenset(range(1, 7)))


def _noted_table(judged: list[Judged]) -> list[Table]:
    noted = [one for one in judged if one.reasons]
    if not noted:
        return []
    return [Table(
        "instrument_rejected", "Rejected and flagged trials",
        "Guards look at the generator and the machine, never at the store's own latency.",
        ["trial", "pair", "phase", "series", "store", "status", "reasons"],
        [[str(o.trial.id), str(o.trial.pair), o.trial.phase, o.trial.series, o.trial.topology,
          o.status, "; ".join(o.reasons)] for o in noted],
        ["trial", "pair", "phase", "series", "topology", "status", "reasons"],
        [[o.trial.id, o.trial.pair, o.trial.phase, o.trial.series, o.trial.topology, o.status,
          "; ".join(o.reasons)] for o in noted],
        frozenset({0, 1}))]


def _trial_table(judged: list[Judged]) -> Table:
    return Table(
        "instrument_trials", "All trials",
        "Throttled: share of the kernel's periods in which the budget held the store back.",
        ["trial", "pair", "phase", "series", "store", "CPU", "rows", "lag p99, ms",
         "lag max, ms", "generator", "spin, ms", "throttled", "status"],
        [[str(t.id), str(t.pair), f"{t.phase}{' A/A' if t.is_aa else ''}", t.series, t.topology,
          setting(t.cpu_budget), f"{t.rows_written:,} / {t.rows_scheduled:,}",
          number(t.lag_p99_ms, 2), number(t.lag_max_ms, 2), percent(t.generator_cpu_share, 0),
          f"{number(t.spin_before_ms)}, {number(t.spin_after_ms)}",
          percent(t.throttled_share, 0), one.status]
         for one in judged for t in (one.trial,)],
        ["trial", "pair", "phase", "series", "topology", "arm", "is_aa", "fault", "scaled",
         "cpu_budget", "replicas", "replicated", "hop_ms", "rows_written", "rows_scheduled",
         "lag_p99_ms", "lag_max_ms", "generator_cpu_share", "spin_before_ms", "spin_after_ms",
         "throttled_share", "stopped_early", "status"],
        [[t.id, t.pair, t.phase, t.series, t.topology, t.arm, t.is_aa,
          t.fault.name if t.fault else None, t.scaled, t.cpu_budget, t.replicas, t.replicated,
          t.hop_ms, t.rows_written, t.rows_scheduled, t.lag_p99_ms, t.lag_max_ms,
          t.generator_cpu_share, t.spin_before_ms, t.spin_after_ms, t.throttled_share,
          t.stopped_early, one.status]
         for one in judged for t in (one.trial,)],
        frozenset({0, 1, 5, 6, 7, 8, 9, 10, 11}),
    )
