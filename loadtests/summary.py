"""What the generator says about itself after a trial.  Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contract.load import LoadSummary

Instants = tuple[float, float, float, float]
"""intended, dispatch, send, end of one row; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Account:
    """What rows don't say.  `cpu_share`: CPU seconds of one process per second of load, of the
    busiest where there are several."""

    rows_scheduled: int
    stopped_early: bool
    cpu_share: float


def join(accounts: Sequence[Account]) -> Account:
    """Put the accounts of several generator processes together.

    Each has a core of its own: one at its end delays its journeys, however idle the others are.
    """
    return Account(
        rows_scheduled=sum(account.rows_scheduled for account in accounts),
        stopped_early=any(account.stopped_early for account in accounts),
        cpu_share=max((account.cpu_share for account in accounts), default=0.0),
    )


def summarise(trial: int, t0: float, instants: Sequence[Instants],
              account: Account) -> LoadSummary:
    """Describe a trial that began at `t0`; percentiles are exact, by nearest rank."""
    lags = sorted(dispatch - intended for intended, dispatch, _, _ in instants
                  if not math.isnan(dispatch))
    closed = locust_percentiles_ms([(end - send) * 1000 for _, _, send, end in instants
                                    if not math.isnan(end - send)])
    return LoadSummary(
        trial=trial,
        rows_scheduled=account.rows_scheduled,
        rows_written=len(instants),
        stopped_early=account.stopped_early,
        started_perf_s=t0,
        measured_cpu_share=account.cpu_share,
        lag_p99_ms=nearest_rank(lags, 0.99) * 1000,
        lag_max_ms=(lags[-1] if lags else 0.0) * 1000,
        locust_p50_ms=closed[0], locust_p95_ms=closed[1], locust_p99_ms=closed[2],
    )


def nearest_rank(ordered: Sequence[float], share: float) -> float:
    """Percentile of sorted values; 0 without any."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def locust_percentiles_ms(times_ms: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95, p99 as Locust would have printed them for times from send to end.

    Warm-up and failures included, requests still open left out, rounded to two digits
    (`locust.stats`; not imported here, because that patches the interpreter).
    """
    counts = Counter(_two_digits(time_ms) for time_ms in times_ms)
    p50, p95, p99 = (_locust_percentile(counts, share) for share in (0.5, 0.95, 0.99))
    return p50, p95, p99


def _two_digits(time_ms: float) -> int:
    if time_ms < 100:
        return round(time_ms)
    digits = -1 if time_ms < 1000 else -2 if time_ms < 10_000 else -3
    return int(round(time_ms, digits))


def _locust_percentile(counts: Counter[int], share: float) -> float:
    total = counts.total()
    wanted, passed = int(total * share), 0
    for time_ms in sorted(counts, reverse=True):
        passed += counts[time_ms]
        if total - passed <= wanted:
            return float(time_ms)
    return 0.0
