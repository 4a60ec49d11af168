from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from synthetic import Planted, write_run

from contract.probe_record import ProbeRecord, Variable
from contract.run_record import FaultRecord, RunRecord, TrialRecord
from lab.keys.conditions import GuardKeys
from reports.arms import pairs_of
from reports.guards import Evidence, Thresholds, check_throttling, judge, thresholds_of


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    write_run(tmp_path, Planted(phases=("latency", "capacity"), pairs=2))
    return RunRecord.model_validate_json((tmp_path / "run.json").read_bytes())


def changed(record: RunRecord, **changes: object) -> RunRecord:
    first, *rest = record.trials
    return record.model_copy(update={"trials": [first.model_copy(update=changes), *rest]})


@pytest.mark.parametrize(("changes", "status", "reason"), [
    ({}, "ok", ""),
    ({"lag_p99_ms": 1.5}, "flagged", "lag p99 1.5 ms"),
    ({"lag_p99_ms": 2.5}, "rejected", "lag p99 2.5 ms > 2.0 ms"),
    ({"lag_max_ms": 21.0}, "rejected", "lag max 21.0 ms"),
    ({"generator_cpu_share": 0.55}, "flagged", "CPU 55%"),
    ({"generator_cpu_share": 0.7}, "rejected", "CPU 70%"),
    ({"rows_written": 3}, "rejected", "3 rows written"),
    ({"rows_written": 0, "rows_scheduled": 0}, "rejected", "no rows"),
    ({"unplanned_exits": 1}, "rejected", "1 unplanned exits"),
    ({"oom_kills": 2}, "rejected", "2 processes killed"),
    ({"spin_after_ms": 9.0}, "rejected", "one arm only"),
    ({"cpu_budget": None, "throttled_share": 0.02}, "rejected", "without a quota"),
])
def test_a_trial_is_judged_by_the_instrument_alone(
        record: RunRecord, changes: dict[str, object], status: str, reason: str) -> None:
    judged = judge(changed(record, **changes), {})[0]
    assert judged.status == status
    assert reason in "; ".join(judged.reasons)


@pytest.mark.parametrize(("kind", "status"), [
    ("leak", "ok"), ("slow", "rejected"), ("crash", "rejected")])
def test_only_a_leak_is_to_end_processes_for_want_of_memory(record: RunRecord, kind: str,
                                                            status: str) -> None:
    fault = FaultRecord(name="f", module="catalog", kind=kind, dose=1, delay_ms=0, at_s=2, for_s=3)
    assert judge(changed(record, oom_kills=1, fault=fault), {})[0].status == status


@pytest.mark.parametrize("kind", ["crash", "slow"])
def test_an_unplanned_exit_under_a_fault_voids_the_trial_as_well(record: RunRecord,
                                                                 kind: str) -> None:
    fault = FaultRecord(name="f", module="catalog", kind=kind, dose=1, delay_ms=0, at_s=2, for_s=3)
    assert judge(changed(record, unplanned_exits=1, fault=fault), {})[0].status == "rejected"


def test_lag_is_measured_against_a_slow_trials_median(record: RunRecord) -> None:
    late = changed(record, lag_p99_ms=5.0)
    assert judge(late, {0: 40.0})[0].status == "flagged"
    assert judge(late, {0: 10.0})[0].status == "rejected"


def test_a_machine_slow_in_both_arms_is_flagged_not_rejected(record: RunRecord) -> None:
    slow = [t.model_copy(update={"spin_before_ms": 9.0}) if t.pair == 0 else t
            for t in record.trials]
    judged = judge(record.model_copy(update={"trials": slow}), {})
    assert [one.status for one in judged[:2]] == ["flagged", "flagged"]


def test_a_probe_is_rejected_by_a_slow_machine_but_not_by_one_late_arrival(
        record: RunRecord) -> None:
    probe = ProbeRecord(search="s", variable="rate", value=9, step="ramp", holds=True)
    late = changed(record, phase="search", probe=probe, lag_max_ms=90.0)
    assert judge(late, {})[0].status == "ok"
    slow = [t.model_copy(update={"spin_before_ms": 9.0, "phase": "search", "probe": probe})
            if t.pair == 0 else t for t in record.trials]
    judged = judge(record.model_copy(update={"trials": slow}), {})
    assert [one.status for one in judged[:2]] == ["rejected", "rejected"]


@pytest.mark.parametrize(("variable", "status"), [("memory", "ok"), ("cpus", "rejected")])
def test_only_a_search_for_the_least_memory_may_have_processes_killed_for_want_of_it(
        record: RunRecord, variable: Variable, status: str) -> None:
    probe = ProbeRecord(search="s", variable=variable, value=300, step="ramp", holds=False)
    killed = changed(record, phase="hot", probe=probe, oom_kills=2)
    assert judge(killed, {})[0].status == status


def test_an_idle_trial_needs_no_rows(record: RunRecord) -> None:
    idle = changed(record, phase="idle", rows_written=0, rows_scheduled=0)
    assert judge(idle, {})[0].status == "ok"


def test_the_lag_is_measured_against_the_recorded_median_when_no_other_is_given(
        record: RunRecord) -> None:
    assert judge(changed(record, lag_p99_ms=5.0, p50_ms=40.0), {})[0].status == "flagged"
    assert judge(changed(record, lag_p99_ms=5.0, p50_ms=10.0), {})[0].status == "rejected"


@pytest.mark.parametrize(("lag", "status"), [
    ({"lag_max_ms": 500.0}, "ok"), ({"lag_p99_ms": 1.5}, "flagged"),
    ({"lag_p99_ms": 2.5}, "rejected"),
    ({"lag_p99_ms": 2.5, "p50_ms": 900.0}, "rejected")])
def test_a_ramp_past_capacity_is_held_to_the_lags_p99_whatever_its_own_median(
        record: RunRecord, lag: dict[str, float], status: str) -> None:
    ramps = [t.model_copy(update=lag) for t in record.trials if t.phase == "capacity"]
    judged = judge(record.model_copy(update={"trials": ramps}), {})
    assert {one.status for one in judged} == {status}


def test_a_calibration_has_one_rate_and_is_no_ramp(record: RunRecord) -> None:
    steady = {"phase": "hot", "lag_max_ms": 90.0, "lag_p99_ms": 5.0}
    assert judge(changed(record, **steady, p50_ms=40.0), {})[0].status == "flagged"
    assert judge(changed(record, **steady, p50_ms=10.0), {})[0].status == "rejected"


def test_the_labs_own_rejection_stands(record: RunRecord) -> None:
    judged = judge(changed(record, status="rejected", reasons=["a part exited"]), {})[0]
    assert (judged.status, judged.reasons) == ("rejected", ("a part exited",))


def test_thresholds_come_from_the_scenario(record: RunRecord) -> None:
    strict = record.model_copy(update={"scenario_resolved": {"guards": {"lag_max_ms": 5}}})
    assert thresholds_of(strict).lag_max_ms == 5
    assert thresholds_of(record) == Thresholds()


@pytest.mark.parametrize(("key", "value", "changes"), [
    ("lag_p99_of_p50", 0.5, {"lag_p99_ms": 4.0, "p50_ms": 10.0}),
    ("flag_generator_cpu", 0.1, {}), ("flag_spin_ratio", 1.001, {"spin_after_ms": 2.42}),
    ("throttled", 0.5, {"cpu_budget": None, "throttled_share": 0.2})])
def test_every_level_stands_in_the_scenario(record: RunRecord, key: str, value: float,
                                            changes: dict[str, object]) -> None:
    """What a level decides, the scenario's own decides otherwise."""
    by_default = changed(record, **changes)
    own = by_default.model_copy(update={"scenario_resolved": {"guards": {key: value}}})
    assert judge(by_default, {})[0].status != judge(own, {})[0].status


def test_the_keys_of_the_scenario_and_the_rules_have_the_same_levels() -> None:
    keys = GuardKeys().model_dump()
    assert keys.pop("retries") == 1
    assert keys == asdict(Thresholds())


def test_throttling_by_a_meant_quota_is_no_fault(record: RunRecord) -> None:
    trial: TrialRecord = record.trials[0]
    assert trial.throttled_share > 0.01
    assert list(check_throttling(Evidence(trial, Thresholds(), 5.0, 2.0, []))) == []



def measured_again(record: RunRecord, **last: object) -> RunRecord:
    """The first pair once more, as a second attempt; `last` changes its last trial."""
    first = [trial for trial in record.trials if trial.pair == 0]
    again = [trial.model_copy(update={"id": 900 + number, "attempt": 1,
                                      "spin_after_ms": trial.spin_before_ms})
             for number, trial in enumerate(first)]
    again[-1] = again[-1].model_copy(update=last)
    return record.model_copy(update={"trials": [*record.trials, *again]})


def test_a_pair_that_was_measured_again_is_judged_by_attempt(record: RunRecord) -> None:
    judged = judge(measured_again(changed(record, spin_after_ms=9.0)), {})
    statuses = {(one.trial.attempt, one.status) for one in judged if one.trial.pair == 0}
    assert statuses == {(0, "rejected"), (0, "ok"), (1, "ok")}


def test_trials_of_different_attempts_make_no_pair(record: RunRecord) -> None:
    spoilt = measured_again(changed(record, spin_after_ms=9.0), rows_written=1)
    topologies = sorted({trial.topology for trial in record.trials})
    assert pairs_of(judge(spoilt, {}), topologies, lambda trial: trial.pair == 0) == []
    whole = measured_again(changed(record, spin_after_ms=9.0))
    assert len(pairs_of(judge(whole, {}), topologies, lambda trial: trial.pair == 0)) == 1


def test_a_reason_that_is_found_again_with_other_numbers_is_told_once(record: RunRecord) -> None:
    fresh = changed(record, spin_after_ms=2.7, reasons=[
        "calibration loop ×1.14 of the run's best decile", "generator lag p99 1.1 ms > 1.0 ms"])
    reasons = judge(fresh, {})[0].reasons
    assert len([text for text in reasons if "calibration loop" in text]) == 1
    assert "generator lag p99 1.1 ms > 1.0 ms" in reasons


def test_two_replicas_that_ended_are_two_reasons(record: RunRecord) -> None:
    ends = [f"catalog (replica {replica}) of microservices ended with code -9"
            for replica in (0, 1)]
    reasons = judge(changed(record, unplanned_exits=2, reasons=ends), {})[0].reasons
    assert reasons == (*ends, "2 unplanned exits")


def test_a_rejection_keeps_its_reason_when_the_whole_run_would_only_flag(
        record: RunRecord) -> None:
    said = "generator lag p99 3.0 ms > 2.0 ms"
    late = changed(record, status="rejected", reasons=[said], lag_p99_ms=3.0)
    judged = judge(late, {late.trials[0].id: 100.0})[0]  # a slow trial: 20 ms are allowed
    assert (judged.status, judged.reasons) == ("rejected", (said,))
