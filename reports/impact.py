"""What a fault cost in one trial, and when: detection, recovery, drain, budget, calls, orders."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from contract.run_record import FaultRecord, TrialRecord
from reports.books import after_clearing_s, is_instant_known
from reports.read import Run
from reports.strips import fault_of, in_window, recovery_s, window_of
from reports.tally import orders_placed

TARGET: Final = 0.99
"""Share of requests that the objective promises to be good."""
_SURE: Final = 0.001
RUN_OF_GOOD: Final = 20
_MOST_LATE: Final = 3
"""Of 20 requests: a healthy store has more above its own p95 in 1.6 % of all twenties."""


@dataclass(frozen=True, slots=True)
class Impact:
    """Seconds count from armed (`hurt`, `seen`, `signal`) or from cleared; None: not seen."""

    hurt_s: float | None
    """The first bad request that was intended while the fault was armed."""
    seen_s: float | None
    """End of the first second by which so many bad ones contradict 99 % (binomial, 0.001)."""
    signal_s: float | None
    """The store's own first sign: an error that was answered, or the exit of a part."""
    good_run_s: float | None
    """Start of the first 20 good requests in a row: a rare feature may be dead all the while."""
    recovered_s: float | None
    """The last bad request of any feature; None: one did not come back within the trial."""
    drained_s: float | None
    """Start of the first 20 of which at most 3 are slower than the matched run's p95."""
    budget: float
    """Bad requests of the trial ÷ those that 99 % allows in it."""
    good_per_s: float
    matched_good_per_s: float | None
    calls_ratio: float | None
    """Calls between services an answer, as callers made them, ÷ the matched run's; no retries."""
    tries_ratio: float | None
    """Retry amplification: tries of the proxy to reach a part ÷ first tries, whole trial."""
    orders_lost: float | None
    """Orders of the matched run − orders placed, same window; may be negative by chance."""
    consistent_s: float | None
    """Until the books balanced; infinite: they never did; None: this run did not look."""


def impact_of(run: Run, trial: TrialRecord, matched: list[TrialRecord]) -> Impact:
    """Compare one trial with the matched runs of its topology and posture."""
    fault = fault_of(trial)
    armed, cleared = window_of(fault)
    rows = run.measured(trial)
    window = in_window(rows, fault)
    clear = [in_window(run.measured(one), fault) for one in matched]
    bad = window[~window["good"].to_numpy().astype(bool)]
    after = run.rows(trial)
    after = after[after["intended_s"].to_numpy() >= cleared]
    p95 = _p95(clear)
    length = cleared - armed
    return Impact(
        hurt_s=float(bad["intended_s"].iloc[0]) - armed if len(bad) else None,
        seen_s=_seen(window, armed),
        signal_s=_signal(run, trial, window, armed, cleared),
        good_run_s=_run_of(after, after["good"].to_numpy().astype(bool), 0, cleared),
        recovered_s=recovery_s(after, cleared),
        drained_s=None if p95 is None else _run_of(
            after, after["response_ms"].to_numpy() <= p95, _MOST_LATE, cleared),
        budget=float((~rows["good"].astype(bool)).sum()) / (len(rows) * (1 - TARGET))
        if len(rows) else 0.0,
        good_per_s=float(window["good"].sum()) / length if length else 0.0,
        matched_good_per_s=(float(np.mean([one["good"].sum() for one in clear])) / length
                            if clear and length else None),
        calls_ratio=_calls_ratio(window, clear),
        tries_ratio=tries_ratio(trial),
        orders_lost=(float(np.mean([_orders(run, one, fault) for one in matched]))
                     - _orders(run, trial, fault) if matched else None),
        consistent_s=after_clearing_s(trial) if is_instant_known(run) else None,
    )


def _seen(window: pd.DataFrame, armed_s: float) -> float | None:
    second = np.floor(window["intended_s"].to_numpy() - armed_s).astype(int)
    good = window["good"].to_numpy().astype(bool)
    for at in range(int(second.max()) + 1 if len(second) else 0):
        until = second <= at
        if _tail(int((~good & until).sum()), int(until.sum())) < _SURE:
            return float(at + 1)
    return None


def _tail(bad: int, n: int) -> float:
    """P(at least `bad` of n) when each is bad with 1 − TARGET."""
    return 1 - sum(math.comb(n, k) * (1 - TARGET) ** k * TARGET ** (n - k) for k in range(bad))


def _signal(run: Run, trial: TrialRecord, window: pd.DataFrame, armed_s: float,
            cleared_s: float) -> float | None:
    events = pq.read_table(run.folder / "events.parquet", columns=["trial", "t_s", "kind"],
                           filters=[("trial", "=", trial.id)]).to_pandas()
    at = events.loc[events["kind"].astype(str) == "exit", "t_s"].to_numpy()
    answered = window.loc[(window["outcome"] == "status").to_numpy(), "end_s"].to_numpy()
    seen = [*at[(at >= armed_s) & (at < cleared_s)], *answered]
    return float(min(seen)) - armed_s if seen else None


def _run_of(rows: pd.DataFrame, fine: np.ndarray, most_off: int, cleared_s: float) -> float | None:
    if len(fine) < RUN_OF_GOOD:
        return None
    off = np.convolve(~fine, np.ones(RUN_OF_GOOD, int), "valid")
    starts = np.flatnonzero(off <= most_off)
    if not len(starts):
        return None
    return float(rows["intended_s"].to_numpy()[starts[0]]) - cleared_s


def _p95(frames: list[pd.DataFrame]) -> float | None:
    times = [one["response_ms"].to_numpy() for one in frames]
    known = np.concatenate(times) if times else np.array([])
    known = known[np.isfinite(known)]
    return float(np.quantile(known, 0.95, method="inverted_cdf")) if len(known) else None


def _calls_ratio(window: pd.DataFrame, clear: list[pd.DataFrame]) -> float | None:
    rows = [frame[frame["response_ms"].notna()] for frame in (window, *clear)]
    if len(rows) < 2 or not all(len(frame) for frame in rows):
        return None
    usual = float(pd.concat(rows[1:])["service_calls"].mean())
    return float(rows[0]["service_calls"].mean()) / usual if usual else None


def tries_ratio(trial: TrialRecord) -> float | None:
    """Divide the proxy's tries by first tries, all parts together; None: not recorded, or none."""
    tries = sum(part.tries for part in trial.traffic.values())
    first = tries - sum(part.retries for part in trial.traffic.values())
    return tries / first if first > 0 else None


def _orders(run: Run, trial: TrialRecord, fault: FaultRecord) -> int:
    """Orders acknowledged in the fault's window for the first time in the trial."""
    rows = run.measured(trial)
    return len(in_window(rows[orders_placed(rows)], fault))
