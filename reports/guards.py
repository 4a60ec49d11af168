"""Which trials may be believed (docs/method.md): blind to the system's own latency.

The lab judges trials by these rules when they are fresh; the report applies them again to what
was recorded, when the whole run's best decile is known.  The stricter judgement counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from contract.run_record import RunRecord, TrialRecord

Status = Literal["ok", "flagged", "rejected"]
Finding = tuple[Status, str]
_RANK: dict[Status, int] = {"ok": 0, "flagged": 1, "rejected": 2}
_RAMPS = ("capacity", "hot")
_NUMBER = re.compile(r"\d[\d.]*")
"""A reason found again with other numbers (the run's best decile is known later) is told once."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Reject above; from the scenario's `guards` where it has them."""

    lag_p99_ms: float = 2.0
    flag_lag_share: float = 0.5
    lag_p99_of_p50: float = 0.2
    lag_max_ms: float = 20.0
    generator_cpu: float = 0.65
    spin_ratio: float = 1.25
    throttled: float = 0.01
    flag_generator_cpu: float = 0.5
    flag_spin_ratio: float = 1.08

    @property
    def flag_lag_p99_ms(self) -> float:
        return self.flag_lag_share * self.lag_p99_ms


@dataclass(frozen=True, slots=True)
class Judged:
    """A trial with its final status; `reasons` in the order they were found."""

    trial: TrialRecord
    status: Status
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What guards look at.

    `median_ms`: the trial's median response, only to scale the lag guard; `best_spin_ms`: best
    decile of the run's spins; `partners`: the other trials of the pair.
    """

    trial: TrialRecord
    limits: Thresholds
    median_ms: float
    best_spin_ms: float
    partners: list[TrialRecord]


def judge(record: RunRecord, medians_ms: dict[int, float]) -> list[Judged]:
    """Judge every trial.  `medians_ms`: a trial's median, for the lag rule only."""
    groups: dict[tuple[int, int], list[TrialRecord]] = {}
    for trial in record.trials:
        groups.setdefault((trial.pair, trial.attempt), []).append(trial)
    limits, best = thresholds_of(record), best_spin_ms(record.trials)
    return [
        judge_one(Evidence(trial, limits, medians_ms.get(trial.id, trial.p50_ms or 0.0), best,
                           [other for other in groups[trial.pair, trial.attempt]
                            if other.id != trial.id]))
        for trial in record.trials]


def judge_one(evidence: Evidence) -> Judged:
    """Ask every guard."""
    trial = evidence.trial
    findings = [found for guard in GUARDS for found in guard(evidence)]
    now: Status = max(("ok", *(status for status, _ in findings)), key=lambda one: _RANK[one])
    status = max(trial.status, now, key=lambda one: _RANK[one])
    return Judged(trial, status, _reasons(trial.reasons, [text for _, text in findings],
                                          is_stricter=_RANK[trial.status] > _RANK[now]))


def _reasons(recorded: Sequence[str], found: Sequence[str], *,
             is_stricter: bool) -> tuple[str, ...]:
    """What was recorded, then what is found now; of a reason that is both, the text of the
    stricter judgement.  Two recorded ones (two replicas that ended) stay two."""
    shapes = {_shape(text) for text in (recorded if is_stricter else found)}
    kept = [text for text in recorded if is_stricter or _shape(text) not in shapes]
    new = [text for text in found if not is_stricter or _shape(text) not in shapes]
    return tuple(dict.fromkeys([*kept, *new]))


def _shape(reason: str) -> str:
    return _NUMBER.sub("#", reason)


def thresholds_of(record: RunRecord) -> Thresholds:
    """The scenario's own thresholds, else the defaults of docs/method.md."""
    resolved: dict[str, Any] = record.scenario_resolved
    scenario = resolved.get("scenario")
    nested = scenario.get("guards") if isinstance(scenario, dict) else None
    keys: dict[str, Any] = resolved.get("guards") or nested or {}
    names = (field.name for field in fields(Thresholds))
    return Thresholds(**{name: float(keys[name]) for name in names if name in keys})


def best_spin_ms(trials: list[TrialRecord]) -> float:
    """The best decile of the calibration loop over the run; 0 when it was not measured."""
    spins = [spin for t in trials for spin in (t.spin_before_ms, t.spin_after_ms) if spin > 0]
    return float(np.percentile(spins, 10)) if spins else 0.0


def check_rows(evidence: Evidence) -> Iterator[Finding]:
    """Every scheduled request is a row."""
    trial = evidence.trial
    if trial.rows_written != trial.rows_scheduled:
        yield "rejected", f"{trial.rows_written} rows written, {trial.rows_scheduled} scheduled"
    elif not trial.rows_written and trial.phase != "idle":
        yield "rejected", "no rows were written"


def check_lag(evidence: Evidence) -> Iterator[Finding]:
    """Lateness of the generator is our fault, past the store's capacity as well: a queue at the
    store does not delay what is released by schedule.

    Ramps and probes may have single late arrivals, which can't move their answer.  The median of
    a ramp is of that queue, and allows nothing.
    """
    trial, limits = evidence.trial, evidence.limits
    allowed = limits.lag_p99_ms if is_ramp(trial) else max(
        limits.lag_p99_ms, limits.lag_p99_of_p50 * evidence.median_ms)
    if trial.lag_p99_ms > allowed:
        yield "rejected", f"generator lag p99 {trial.lag_p99_ms:.1f} ms > {allowed:.1f} ms"
    elif trial.lag_p99_ms > limits.flag_lag_p99_ms:
        yield "flagged", (f"generator lag p99 {trial.lag_p99_ms:.1f} ms > "
                          f"{limits.flag_lag_p99_ms:.1f} ms")
    if trial.lag_max_ms > limits.lag_max_ms and not (trial.probe or trial.phase in _RAMPS):
        yield "rejected", (f"generator lag max {trial.lag_max_ms:.1f} ms > "
                           f"{limits.lag_max_ms:.1f} ms")


def check_generator_cpu(evidence: Evidence) -> Iterator[Finding]:
    """A busy generator delays what it measures."""
    share, limits = evidence.trial.generator_cpu_share, evidence.limits
    if share > limits.generator_cpu:
        yield "rejected", f"generator CPU {share:.0%} > {limits.generator_cpu:.0%} of its core"
    elif share > limits.flag_generator_cpu:
        yield "flagged", f"generator CPU {share:.0%} > {limits.flag_generator_cpu:.0%} of its core"


def check_spin(evidence: Evidence) -> Iterator[Finding]:
    """The machine itself was slower: in one arm of a pair only, or while a probe was answered."""
    limits, best_ms = evidence.limits, evidence.best_spin_ms
    if best_ms <= 0:
        return
    ratio = worst_spin_ms(evidence.trial) / best_ms
    others = [worst_spin_ms(other) / best_ms for other in evidence.partners]
    if ratio > limits.spin_ratio and evidence.trial.probe is not None:
        yield "rejected", f"calibration loop ×{ratio:.2f} of the run's best decile"
    elif ratio > limits.spin_ratio and others and min(others) <= limits.spin_ratio:
        yield "rejected", f"calibration loop ×{ratio:.2f} in one arm only"
    elif ratio > limits.flag_spin_ratio:
        yield "flagged", f"calibration loop ×{ratio:.2f} of the run's best decile"


def check_exits(evidence: Evidence) -> Iterator[Finding]:
    """A part that ended voids the trial unless its fault was to end it; only a leak eats memory,
    and only a search for the least of it asks who is killed."""
    trial = evidence.trial
    if trial.unplanned_exits:
        yield "rejected", f"{trial.unplanned_exits} unplanned exits"
    is_leak = trial.fault is not None and trial.fault.kind == "leak"
    if trial.oom_kills and not is_leak and not trial.lacks_memory:
        yield "rejected", f"{trial.oom_kills} processes killed for want of memory"


def check_throttling(evidence: Evidence) -> Iterator[Finding]:
    """Throttling where no quota was meant."""
    trial = evidence.trial
    if trial.cpu_budget is None and trial.throttled_share > evidence.limits.throttled:
        yield "rejected", f"throttled in {trial.throttled_share:.1%} of periods without a quota"


def check_fault(evidence: Evidence) -> Iterator[Finding]:
    """A fault that did not act, or at another dose than in the other store, proves nothing."""
    fault = evidence.trial.fault
    if fault is not None and fault.void:
        yield "rejected", f"its fault proves nothing: {fault.void}"


GUARDS = (check_rows, check_lag, check_generator_cpu, check_spin, check_exits, check_throttling,
          check_fault)


def is_ramp(trial: TrialRecord) -> bool:
    """Does it climb past capacity on purpose?  Probes and calibrations have one rate."""
    return trial.phase in _RAMPS and trial.probe is None and len(trial.rate_profile) > 2


def worst_spin_ms(trial: TrialRecord) -> float:
    """The slower of the calibration loops before and after."""
    return max(trial.spin_before_ms, trial.spin_after_ms)
