"""What the audit found: invariants I1 to I7 per store, with how much was looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.run_record import TrialRecord
from reports.estimate import rate_bound
from reports.read import Run

INVARIANTS: Final = {
    "I1": "no oversell: received = on hand + reserved + sold, of every product",
    "I2": "no acknowledged order or cancellation is lost; kept answers are true",
    "I3": "at most one capture per Idempotency-Key",
    "I4": "confirmed orders are captured, exact amount; total = lines = payment",
    "I5": "captures − refunds = paid totals",
    "I6": "the cart is emptied if and only if the order was confirmed; bought once",
    "I7": "nothing is stuck half-way; nothing lacks its payment or pieces",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant on one topology, over all audited trials."""

    topology: str
    invariant: str
    checked: int
    violations: int
    bound: float | None
    """Upper 95 % bound of the rate when nothing was violated (rule of three)."""
    time_to_consistent_s: float
    detail: str


def audit_findings(run: Run, topologies: list[str]) -> list[Finding]:
    """Sum the audit over trials, by topology and invariant."""
    findings = []
    for topology in topologies:
        own = run.audit[run.audit["topology"] == topology]
        for name in sorted({str(value) for value in own["invariant"]}):
            rows = own[own["invariant"] == name]
            checked, violations = int(rows["checked"].sum()), int(rows["violations"].sum())
            details = [str(text) for text in rows.loc[rows["violations"] > 0, "detail"]]
            findings.append(Finding(
                topology, name, checked, violations,
                rate_bound(checked) if violations == 0 else None,
                float(rows["time_to_consistent_s"].max()), details[0] if details else ""))
    return findings


@dataclass(frozen=True, slots=True)
class Wait:
    """How long the books of one topology took to balance, over trials; `never`: they did not."""

    topology: str
    since: str
    n: int
    median_s: float | None
    """Over all trials: None when half of them never balanced."""
    longest_s: float | None
    never: int


def waits_of(run: Run, topologies: list[str]) -> list[Wait]:
    """From the end of the drain in every trial; from clearing in those with a fault."""
    waits = []
    never = {trial.id for trial in run.record.trials
             if is_instant_known(run) and trial.consistent_at_s is None}
    for topology in topologies:
        own = run.audit[run.audit["topology"] == topology]
        rest = own.groupby("trial")["time_to_consistent_s"].max()
        if len(rest):
            waits.append(_wait(topology, "end of the drain", [
                math.inf if trial in never else float(seconds)  # else: the auditor's patience
                for trial, seconds in rest.items()]))
    faulty = [trial for trial in run.record.trials if trial.fault and trial.fault.applies
              and trial.fault.cleared_at_s is not None]
    if not is_instant_known(run):
        return waits
    postures = list(dict.fromkeys(trial.posture for trial in faulty))
    for topology in topologies:
        for posture in postures:
            found = [after_clearing_s(trial) for trial in faulty
                     if (trial.topology, trial.posture) == (topology, posture)]
            if found:
                told = f", {posture}" if len(postures) > 1 else ""
                waits.append(_wait(topology, f"fault cleared{told}", found))
    return waits


def is_instant_known(run: Run) -> bool:
    """Was the instant at which books balanced recorded?  If for no trial, it was not looked for."""
    return any(trial.consistent_at_s is not None for trial in run.record.trials)


def after_clearing_s(trial: TrialRecord) -> float:
    """Seconds from clearing the fault until the books balanced; 0: they did already; infinite:
    they never did."""
    if trial.consistent_at_s is None or trial.fault is None or trial.fault.cleared_at_s is None:
        return math.inf
    return max(trial.consistent_at_s - trial.fault.cleared_at_s, 0.0)


def _wait(topology: str, since: str, seconds: list[float]) -> Wait:
    seen = [one for one in seconds if math.isfinite(one)]
    median = float(np.quantile(seconds, 0.5, method="inverted_cdf"))
    return Wait(topology, since, len(seconds), median if math.isfinite(median) else None,
                max(seen, default=None), len(seconds) - len(seen))


def red_topologies(findings: list[Finding]) -> dict[str, list[str]]:
    """Topologies with violated invariants, and which."""
    red: dict[str, list[str]] = {}
    for finding in findings:
        if finding.violations:
            red.setdefault(finding.topology, []).append(finding.invariant)
    return red
