"""Each guard rejects what it must and lets a good trial pass."""

from __future__ import annotations

from typing import Any

import pytest

from contract.run_record import TrialRecord
from lab.guards import Evidence, Objection, judge_pair, objections, write_verdict
from lab.scenario import GuardKeys


def _trial(**changed: Any) -> TrialRecord:
    good: dict[str, Any] = {
        "id": 1, "phase": "latency", "pair": 0, "topology": "monolith", "store": "monolith",
        "workload": "shop", "rate_profile": [(2, 20), (8, 20)], "seed": 1, "warmup_s": 2,
        "measure_s": 8, "cpu_budget": 0.9, "slo_ms": 250, "rows_scheduled": 500,
        "rows_written": 500, "generator_cpu_share": 0.2, "lag_p99_ms": 0.2, "lag_max_ms": 1.0,
        "spin_before_ms": 2.0, "spin_after_ms": 2.05,
    }
    return TrialRecord(**{**good, **changed})


def _severities(p50_ms: float = 5.0, unplanned: int = 0, **changed: Any) -> list[str]:
    evidence = Evidence(_trial(**changed), GuardKeys(), p50_ms, 2.0, unplanned)
    return [objection.severity for objection in objections(evidence)]


def test_a_good_trial_passes() -> None:
    assert _severities() == []


@pytest.mark.parametrize("changed", [
    {"rows_written": 499}, {"rows_written": 0, "rows_scheduled": 0}, {"lag_p99_ms": 2.1},
    {"lag_max_ms": 21.0}, {"generator_cpu_share": 0.66}, {"spin_after_ms": 2.6},
])
def test_a_bad_trial_is_rejected(changed: dict[str, Any]) -> None:
    assert _severities(**changed) == ["reject"]


@pytest.mark.parametrize("changed", [
    {"lag_p99_ms": 1.1}, {"generator_cpu_share": 0.55}, {"spin_before_ms": 2.2},
])
def test_a_doubtful_trial_is_flagged(changed: dict[str, Any]) -> None:
    assert _severities(**changed) == ["flag"]


def test_the_lag_allowance_grows_with_the_median() -> None:
    assert _severities(p50_ms=50.0, lag_p99_ms=9.0) == ["flag"]


def test_an_unplanned_exit_rejects() -> None:
    assert _severities(unplanned=1) == ["reject"]


def test_a_slow_machine_in_both_arms_is_only_a_flag() -> None:
    slow = Objection("reject", "machine 1.50 times slower than its best decile")
    assert [r.severity for rs in judge_pair({1: [slow], 2: [slow]}).values() for r in rs] == [
        "flag", "flag"]
    assert judge_pair({1: [slow], 2: []})[1] == [slow]


def test_the_verdict_lands_in_the_record() -> None:
    trial = _trial()
    write_verdict(trial, [Objection("flag", "doubtful"), Objection("reject", "bad")])
    assert trial.status == "rejected"
    assert trial.reasons == ["doubtful", "bad"]


@pytest.mark.parametrize("phase", ["capacity", "hot"])
def test_a_ramp_is_not_judged_by_its_lag(phase: str) -> None:
    assert _severities(phase=phase, lag_p99_ms=90.0, lag_max_ms=900.0) == []
    assert _severities(phase=phase, generator_cpu_share=0.9) == ["reject"]
