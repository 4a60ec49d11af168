"""When a trial can't be trusted: small functions over its record, blind to the store's latency.

Source of the thresholds: docs/method.md; a scenario may tighten or loosen them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from contract.run_record import TrialRecord
from lab.scenario import GuardKeys

Severity = Literal["reject", "flag"]


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a trial is rejected or flagged."""

    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What guards look at: the record, what else is known of the trial, the thresholds.

    `p50_ms`: the trial's median response (only to scale the lag guard); `best_spin_ms`: best
    decile of the run's spins; `unplanned_exits`: parts that ended although nothing broke them.
    """

    trial: TrialRecord
    keys: GuardKeys
    p50_ms: float
    best_spin_ms: float
    unplanned_exits: int


def objections(evidence: Evidence) -> list[Objection]:
    """Ask every guard."""
    return [objection for guard in GUARDS for objection in guard(evidence)]


def rows_are_complete(evidence: Evidence) -> Iterable[Objection]:
    """Every scheduled request must be a row."""
    trial = evidence.trial
    if trial.rows_written != trial.rows_scheduled:
        yield Objection("reject", f"{trial.rows_written} rows written, "
                                  f"{trial.rows_scheduled} scheduled")
    elif not trial.rows_written:
        yield Objection("reject", "no rows were written")


def generator_kept_the_schedule(evidence: Evidence) -> Iterable[Objection]:
    """Arrivals must be released on time; past capacity (ramps) the queue is part of the finding."""
    trial, keys = evidence.trial, evidence.keys
    if trial.phase in ("capacity", "hot"):
        return
    allowed = max(keys.lag_p99_ms, 0.2 * evidence.p50_ms)
    if trial.lag_p99_ms > allowed:
        yield Objection("reject", f"generator lag p99 {trial.lag_p99_ms:.1f} ms, "
                                  f"allowed {allowed:.1f} ms")
    elif trial.lag_max_ms > keys.lag_max_ms:
        yield Objection("reject", f"an arrival was released {trial.lag_max_ms:.1f} ms late, "
                                  f"allowed {keys.lag_max_ms:.1f} ms")
    elif trial.lag_p99_ms > keys.lag_p99_ms / 2:
        yield Objection("flag", f"generator lag p99 {trial.lag_p99_ms:.1f} ms")


def generator_had_room(evidence: Evidence) -> Iterable[Objection]:
    """A busy generator measures itself."""
    share, limit = evidence.trial.generator_cpu_share, evidence.keys.generator_cpu
    if share > limit:
        yield Objection("reject", f"generator CPU {share:.0%}, allowed {limit:.0%}")
    elif share > limit - 0.15:
        yield Objection("flag", f"generator CPU {share:.0%}")


def machine_was_steady(evidence: Evidence) -> Iterable[Objection]:
    """The calibration loop must take what it takes on a quiet machine."""
    slower = max(evidence.trial.spin_before_ms, evidence.trial.spin_after_ms)
    ratio = slower / evidence.best_spin_ms if evidence.best_spin_ms else 1.0
    if ratio > evidence.keys.spin_ratio:
        yield Objection("reject", f"machine {ratio:.2f} times slower than its best decile")
    elif ratio > 1.08:
        yield Objection("flag", f"machine {ratio:.2f} times slower than its best decile")


def nothing_else_broke(evidence: Evidence) -> Iterable[Objection]:
    """A part that ended although no fault was planned voids the trial."""
    if evidence.unplanned_exits:
        yield Objection("reject", f"{evidence.unplanned_exits} unplanned exits")


GUARDS: Final[tuple[Callable[[Evidence], Iterable[Objection]], ...]] = (
    rows_are_complete, generator_kept_the_schedule, generator_had_room, machine_was_steady,
    nothing_else_broke,
)

_SPIN: Final = "machine "


def judge_pair(found: dict[int, list[Objection]]) -> dict[int, list[Objection]]:
    """A slow machine is rejected only when it hit one arm of a pair; both is a flag."""
    slow = [trial for trial, reasons in found.items()
            if any(r.severity == "reject" and r.reason.startswith(_SPIN) for r in reasons)]
    if len(slow) < len(found) or len(found) < 2:
        return found
    return {
        trial: [Objection("flag", r.reason) if r.reason.startswith(_SPIN) else r for r in reasons]
        for trial, reasons in found.items()
    }


def write_verdict(trial: TrialRecord, reasons: list[Objection]) -> None:
    """Set status and reasons of a record."""
    trial.reasons = [reason.reason for reason in reasons]
    rejected = any(reason.severity == "reject" for reason in reasons)
    trial.status = "rejected" if rejected else "flagged" if reasons else "ok"
