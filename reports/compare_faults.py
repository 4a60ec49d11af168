"""Losses under faults in two runs: fault by fault, where both met it under the same load."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from contract.run_record import TrialRecord
from reports.compare_lines import Line, Loaded, parted
from reports.compare_refusals import NOT_THERE, Refusal, refuse_fault, refuse_value
from reports.estimate import Estimate
from reports.isolation import FaultResult, Loss

Key = tuple[str, str]
"""(fault, posture)"""


def fault_lines(a: Loaded, b: Loaded, barred: frozenset[str]) -> tuple[list[Line], list[Refusal]]:
    """What is comparable of the faults, and why the others are not."""
    known, first = (_by_key(loaded.faults) for loaded in (b, a))
    lines: list[Line] = []
    refusals: list[Refusal] = []
    for key, one in first.items():
        other = known.get(key)
        against = _refuse(a, b, one, other)
        refusals += against
        if other is not None and not against:
            compared, unknown = parted(_losses(a, b, one, other, barred))
            lines += compared
            refusals += unknown
    refusals += [Refusal(other.name, f"not in {a.run.record.run}")
                 for key, other in known.items() if key not in first]
    return lines, refusals


def _refuse(a: Loaded, b: Loaded, one: FaultResult, other: FaultResult | None) -> list[Refusal]:
    runs = a.run.record, b.run.record
    if other is None:
        return [Refusal(one.name, f"not in {runs[1].run}")]
    void = [f"void in {run.run}" for run, result in zip(runs, (one, other), strict=True)
            if result.void]
    if void:
        return [Refusal(one.name, " and ".join(void))]
    return refuse_fault(*runs, one.name, _trial(a, one), _trial(b, other))


def _by_key(found: list[FaultResult]) -> dict[Key, FaultResult]:
    return {(result.fault.name, result.posture): result for result in found}


def _trial(loaded: Loaded, result: FaultResult) -> TrialRecord:
    """Any trial of the fault: its load and limits are those of all."""
    return next(trial for trial in loaded.run.record.trials
                if trial.fault and (trial.fault.name, trial.posture) == (
                    result.fault.name, result.posture))


def _losses(a: Loaded, b: Loaded, one: FaultResult, other: FaultResult,
            barred: frozenset[str]) -> Iterator[Line | Refusal]:
    for topology in dict.fromkeys([*one.losses, *other.losses]):
        what = f"{one.name}: collateral, {topology}"
        before, after = (_collateral(result.losses.get(topology)) for result in (one, other))
        if topology in barred or (isinstance(before, str) and isinstance(after, str)):
            continue
        if isinstance(before, str) or isinstance(after, str):
            yield refuse_value(what, (a.run.record, b.run.record), (before, after))
        else:
            yield Line("isolation", what, "share of requests", before, after, _gap(before, after))


def _collateral(loss: Loss | None) -> Estimate | str:
    """What a store lost, or why that is not known."""
    if loss is None:
        return NOT_THERE
    if not loss.applies:
        return "the fault has no place"
    return loss.collateral or "no collateral measured"


def _gap(before: Estimate, after: Estimate) -> Estimate:
    """b − a of two shares; halves of their intervals add as errors do."""
    gap = after.value - before.value
    if before.low is None or after.low is None:
        return Estimate(gap, None, None, 1, "share of requests", "difference")
    half = float(np.hypot(before.value - before.low, after.value - after.low))
    return Estimate(gap, gap - half, gap + half, min(before.n, after.n), "share of requests",
                    "difference")
