"""The run's folder: whole files only, and nothing recorded is lost by what comes later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from contract.results import SCHEMA_VERSION
from contract.run_record import Limits, RunRecord, TrialRecord
from lab.run import _finish
from lab.run_folder import RunFolder


def _record(*trials: int) -> RunRecord:
    return RunRecord(
        schema_version=SCHEMA_VERSION, run="r", scenario="demo", scenario_resolved={}, seed=1,
        started_unix_s=0.0, machine={}, versions={}, topologies={},
        limits=Limits(cpu_budget=None, memory_budget_mb=None, enforced_by="nothing", enforced=[],
                      not_enforced=[], system_cpus=[0], generator_cpus=[1]),
        trials=[_trial(number) for number in trials])


def _trial(number: int) -> TrialRecord:
    values: dict[str, Any] = {
        "id": number, "phase": "latency", "pair": 0, "topology": "monolith",
        "store": "monolith", "workload": "shop", "rate_profile": [(1, 1)], "seed": 1,
        "warmup_s": 1, "measure_s": 1, "cpu_budget": None, "slo_ms": 250}
    return TrialRecord(**values)


def _finding(trial: int) -> tuple[object, ...]:
    return (trial, "monolith", "I1", 10, 0, "", 0.1)


def test_parts_are_merged_in_order_of_trials(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "demo")
    folder.save_rows(2, "audit", [_finding(2)])
    folder.save_rows(1, "audit", [_finding(1)])
    folder.save_record(_record(1, 2))
    folder.merge()
    assert pq.read_table(folder.path / "audit.parquet")["trial"].to_pylist() == [1, 2]
    assert pq.read_table(folder.path / "requests.parquet").num_rows == 0


def test_rows_of_a_trial_that_was_not_finished_are_left_out(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "demo")
    folder.save_rows(1, "audit", [_finding(1)])
    folder.save_rows(2, "audit", [_finding(2)])
    folder.save_record(_record(1))
    folder.merge()
    assert pq.read_table(folder.path / "audit.parquet")["trial"].to_pylist() == [1]


def test_merging_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "demo")
    folder.save_rows(1, "audit", [_finding(1)])
    folder.save_record(_record(1))
    folder.merge()
    first = (folder.path / "audit.parquet").read_bytes()
    folder.merge()
    assert (folder.path / "audit.parquet").read_bytes() == first


def test_two_runs_in_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    assert RunFolder.create(tmp_path, "demo").path != RunFolder.create(tmp_path, "demo").path


def test_a_failed_write_leaves_the_earlier_record(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "demo")
    folder.save_record(_record(1))
    (folder.path / "run.json.partial").mkdir()
    with pytest.raises(OSError, match="partial"):
        folder.save_record(_record(1, 2))
    assert [trial.id for trial in folder.read_record().trials] == [1]


def test_a_report_from_before_the_end_is_none_when_all_is_measured(tmp_path: Path) -> None:
    """A lab killed before it wrote the last one would leave that one for the whole."""
    folder = RunFolder.create(tmp_path, "demo")
    (folder.path / "report").mkdir()
    _finish(folder, _record(1))
    assert not folder.has_report
    assert folder.read_record().finished
