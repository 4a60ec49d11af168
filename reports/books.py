"""What the audit found: invariants I1 to I7 per store, with how much was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reports.estimate import rate_bound
from reports.read import Run

INVARIANTS: Final = {
    "I1": "no oversell: received = on hand + reserved + sold",
    "I2": "no acknowledged order is lost",
    "I3": "at most one capture per checkout",
    "I4": "confirmed orders are captured at the bank, exact amount",
    "I5": "captures − refunds = paid totals",
    "I6": "the cart is emptied if and only if the order was confirmed",
    "I7": "nothing is stuck half-way",
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


def red_topologies(findings: list[Finding]) -> dict[str, list[str]]:
    """Topologies with violated invariants, and which."""
    red: dict[str, list[str]] = {}
    for finding in findings:
        if finding.violations:
            red.setdefault(finding.topology, []).append(finding.invariant)
    return red
