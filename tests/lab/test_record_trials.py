"""Trials one after the other: whenever the lab is killed, run.json says nothing untrue."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from rich.console import Console

from contract.run_record import RunRecord, TrialRecord
from lab import record_trials
from lab.disk import DiskFullError
from lab.plan import Plan
from lab.plan.trials import PlannedTrial
from lab.progress import RunProgress
from lab.scenario import ScenarioFile
from lab.scenario_file import read_scenarios
from lab.trial_record import record_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plan() -> Plan:
    """Two pairs; what is rejected is not measured again."""
    shipped = read_scenarios(ROOT / "scenarios.yaml").model_dump()
    keys: dict[str, Any] = {
        "description": "two pairs", "seed": 7, "topologies": ["monolith", "microservices"],
        "guards": {"retries": 0},
        "latency": [{"workload": next(iter(shipped["workloads"])), "rate_per_s": 10, "pairs": 2,
                     "warmup_s": 1, "measure_s": 1}]}
    return Plan(ScenarioFile.model_validate({**shipped, "scenarios": {"pairs": keys}}), "pairs")


class Saved:
    """Keeps every version of run.json."""

    def __init__(self, tmp_path: Path) -> None:
        self.path = tmp_path
        self.versions: list[RunRecord] = []

    def save_record(self, record: RunRecord) -> None:
        self.versions.append(record.model_copy(deep=True))


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    return SimpleNamespace(
        folder=Saved(tmp_path), deployment=SimpleNamespace(private_folder=tmp_path),
        stacks=SimpleNamespace(prepare=lambda *_: None))


def an_end(_: Any, number: int, planned: PlannedTrial) -> TrialRecord:
    """A trial during which a part ended."""
    trial = record_of(number, planned, "monolith", 250)
    trial.rows_scheduled = trial.rows_written = 5
    trial.unplanned_exits = 1
    trial.reasons = ["envoy (replica 0) of monolith ended with code -9"]
    return trial


def run(bench: Any, plan: Plan, record: RunRecord, said: Path) -> None:
    with said.open("w") as file:
        progress = RunProgress(Console(file=file, width=1000), 10)
        record_trials.record_trials(bench, plan, record, progress)


def test_no_version_of_the_record_has_a_whole_group_unjudged(
        bench: Any, plan: Plan, a_record: RunRecord, monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path) -> None:
    monkeypatch.setattr(record_trials, "run_trial", an_end)
    run(bench, plan, a_record, tmp_path / "said")
    assert [len(version.trials) for version in bench.folder.versions] == [1, 2, 3, 4]
    for version in bench.folder.versions:
        whole = [t for t in version.trials
                 if sum(other.pair == t.pair for other in version.trials) == 2]
        assert {trial.status for trial in whole} <= {"rejected"}


def test_a_rejected_trial_is_told_with_the_part_that_ended(
        bench: Any, plan: Plan, a_record: RunRecord, monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path) -> None:
    monkeypatch.setattr(record_trials, "run_trial", an_end)
    run(bench, plan, a_record, tmp_path / "said")
    assert "rejected: envoy (replica 0) of monolith ended with code -9" in (
        tmp_path / "said").read_text()


def test_a_trial_that_met_a_full_disk_is_not_recorded(
        bench: Any, plan: Plan, a_record: RunRecord, monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path) -> None:
    """There is space before each of two trials, and none after the second."""
    looks = iter([None, None, None, DiskFullError("full")])

    def look(*_: Path) -> None:
        if error := next(looks):
            raise error

    monkeypatch.setattr(record_trials, "require_space", look)
    monkeypatch.setattr(record_trials, "run_trial", an_end)
    with pytest.raises(DiskFullError):
        run(bench, plan, a_record, tmp_path / "said")
    assert [len(version.trials) for version in bench.folder.versions] == [1]


@pytest.mark.parametrize("is_disk_full", [True, False])
def test_a_part_that_failed_on_a_full_disk_is_not_blamed_for_it(
        bench: Any, plan: Plan, a_record: RunRecord, monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path, *, is_disk_full: bool) -> None:
    """PostgreSQL can't write its log, ends, and nobody is let in any more."""
    looks = iter([None, DiskFullError("full") if is_disk_full else None])

    def look(*_: Path) -> None:
        if error := next(looks):
            raise error

    def fail(*_: Any) -> TrialRecord:
        raise psycopg.OperationalError("the server closed the connection")

    monkeypatch.setattr(record_trials, "require_space", look)
    monkeypatch.setattr(record_trials, "run_trial", fail)
    with pytest.raises(DiskFullError if is_disk_full else psycopg.OperationalError):
        run(bench, plan, a_record, tmp_path / "said")
    assert bench.folder.versions == []
