"""Which trials may be believed (METHOD.md §2): blind to the system's own latency.

The lab judged each trial when it was fresh.  The same rules are applied again to what it
recorded; the stricter judgement counts, so a lab that forgot a guard does not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from contract.run_record import RunRecord, TrialRecord

Status = Literal["ok", "flagged", "rejected"]
Finding = tuple[Status, str]
_RANK: dict[Status, int] = {"ok": 0, "flagged": 1, "rejected": 2}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Reject above; from the scenario's `guards` where it has them."""

    lag_p99_ms: float = 2.0
    lag_max_ms: float = 20.0
    generator_cpu: float = 0.65
    spin_ratio: float = 1.25
    flag_lag_p99_ms: float = 1.0
    flag_generator_cpu: float = 0.5
    flag_spin_ratio: float = 1.08


@dataclass(frozen=True, slots=True)
class Judged:
    """A trial with its final status; `reasons` in the order they were found."""

    trial: TrialRecord
    status: Status
    reasons: tuple[str, ...]


def judge(record: RunRecord, medians_ms: dict[int, float]) -> list[Judged]:
    """Judge every trial.  `medians_ms`: a trial's median, for the lag rule only."""
    limits = thresholds_of(record)
    best = best_spin_ms(record.trials)
    return [_judge(trial, limits, best, medians_ms.get(trial.id, 0.0), record)
            for trial in record.trials]


def thresholds_of(record: RunRecord) -> Thresholds:
    """The scenario's own thresholds, else METHOD.md's."""
    resolved: dict[str, Any] = record.scenario_resolved
    scenario = resolved.get("scenario")
    nested = scenario.get("guards") if isinstance(scenario, dict) else None
    keys: dict[str, Any] = resolved.get("guards") or nested or {}
    names = ("lag_p99_ms", "lag_max_ms", "generator_cpu", "spin_ratio")
    return Thresholds(**{name: float(keys[name]) for name in names if name in keys})


def best_spin_ms(trials: list[TrialRecord]) -> float:
    """The best decile of the calibration loop over the run; 0 when it was not measured."""
    spins = [spin for t in trials for spin in (t.spin_before_ms, t.spin_after_ms) if spin > 0]
    return float(np.percentile(spins, 10)) if spins else 0.0


def check_lag(trial: TrialRecord, limits: Thresholds, median_ms: float) -> Iterator[Finding]:
    """Lateness of the generator is our fault.  Ramps past capacity are exempt."""
    if trial.phase in ("capacity", "hot"):
        return
    allowed = max(limits.lag_p99_ms, 0.2 * median_ms)
    if trial.lag_p99_ms > allowed:
        yield "rejected", f"generator lag p99 {trial.lag_p99_ms:.1f} ms > {allowed:.1f} ms"
    elif trial.lag_p99_ms > limits.flag_lag_p99_ms:
        yield "flagged", (f"generator lag p99 {trial.lag_p99_ms:.1f} ms > "
                          f"{limits.flag_lag_p99_ms:.1f} ms")
    if trial.lag_max_ms > limits.lag_max_ms:
        yield "rejected", (f"generator lag max {trial.lag_max_ms:.1f} ms > "
                           f"{limits.lag_max_ms:.1f} ms")


def check_generator_cpu(trial: TrialRecord, limits: Thresholds) -> Iterator[Finding]:
    """A busy generator delays what it measures."""
    share = trial.generator_cpu_share
    if share > limits.generator_cpu:
        yield "rejected", f"generator CPU {share:.0%} > {limits.generator_cpu:.0%} of its core"
    elif share > limits.flag_generator_cpu:
        yield "flagged", f"generator CPU {share:.0%} > {limits.flag_generator_cpu:.0%} of its core"


def check_rows(trial: TrialRecord) -> Iterator[Finding]:
    """Every scheduled request is a row."""
    if trial.rows_written != trial.rows_scheduled:
        yield "rejected", f"{trial.rows_written} rows written, {trial.rows_scheduled} scheduled"


def check_spin(trial: TrialRecord, limits: Thresholds, best_ms: float,
               partners: list[TrialRecord]) -> Iterator[Finding]:
    """The machine itself was slower in one arm of the pair only."""
    if best_ms <= 0:
        return
    ratio = worst_spin_ms(trial) / best_ms
    others = [worst_spin_ms(other) / best_ms for other in partners]
    if ratio > limits.spin_ratio and others and min(others) <= limits.spin_ratio:
        yield "rejected", f"calibration loop ×{ratio:.2f} in one arm only"
    elif ratio > limits.flag_spin_ratio:
        yield "flagged", f"calibration loop ×{ratio:.2f} of the run's best decile"


def check_throttling(trial: TrialRecord) -> Iterator[Finding]:
    """Throttling where no quota was meant."""
    if trial.cpu_budget is None and trial.throttled_share > 0.01:
        yield "rejected", f"throttled in {trial.throttled_share:.1%} of periods without a quota"


def worst_spin_ms(trial: TrialRecord) -> float:
    """The slower of the calibration loops before and after."""
    return max(trial.spin_before_ms, trial.spin_after_ms)


def _judge(trial: TrialRecord, limits: Thresholds, best_ms: float, median_ms: float,
           record: RunRecord) -> Judged:
    partners = [other for other in record.trials if other.id != trial.id
                and (other.pair, other.attempt) == (trial.pair, trial.attempt)]
    findings = [*check_lag(trial, limits, median_ms), *check_generator_cpu(trial, limits),
                *check_rows(trial), *check_spin(trial, limits, best_ms, partners),
                *check_throttling(trial)]
    status: Status = max([trial.status, *(status for status, _ in findings)],
                         key=lambda one: _RANK[one])
    own = [] if trial.status == status and trial.reasons else [text for _, text in findings]
    return Judged(trial, status, tuple(dict.fromkeys([*trial.reasons, *own])))
