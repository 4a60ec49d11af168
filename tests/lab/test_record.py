"""Which runs may go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.receipt import digest_of_sources
from contract.results import SCHEMA_VERSION
from contract.run_record import Limits, RunRecord
from lab.machine import describe_machine
from lab.record import ResumeError, read_resumable
from lab.run_folder import RunFolder
from lab.scenario_file import read_scenarios

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cut_off(tmp_path: Path) -> Callable[..., Path]:
    """A run of the shipped demo that was cut off before its first trial."""

    def make(**changed: Any) -> Path:
        file = read_scenarios(ROOT / "scenarios.yaml")
        whole = file.model_dump(mode="json")
        record = RunRecord(**{
            "schema_version": SCHEMA_VERSION, "run": "r", "scenario": "demo",
            "scenario_resolved": whole["scenarios"]["demo"], "seed": 1, "started_unix_s": 0,
            "machine": describe_machine(), "versions": {}, "commit": "abc",
            "limits": Limits(cpu_budget=None, memory_budget_mb=None, enforced_by="nothing",
                             enforced=[], not_enforced=[], system_cpus=[0], generator_cpus=[1]),
            "topologies": {}, "sources": digest_of_sources(),
            "definitions": {key: whole[key] for key in ("topologies", "workloads", "faults")},
            **changed})
        RunFolder(tmp_path).save_record(record)
        return tmp_path

    return make


def test_a_run_carries_its_own_scenario(cut_off: Callable[..., Path]) -> None:
    record, file = read_resumable(cut_off())
    shipped = read_scenarios(ROOT / "scenarios.yaml")
    assert record.scenario == "demo"
    assert file.scenarios["demo"] == shipped.scenarios["demo"]
    assert file.workloads == shipped.workloads


def test_a_finished_run_has_nothing_to_go_on_with(cut_off: Callable[..., Path]) -> None:
    path = cut_off(finished=True)
    (path / "report").mkdir()
    with pytest.raises(ResumeError, match="is finished"):
        read_resumable(path)


def test_a_run_that_was_ended_while_its_report_was_written_gets_the_report(
        cut_off: Callable[..., Path]) -> None:
    record, _ = read_resumable(cut_off(finished=True, sources="other ones by now"))
    assert record.finished


@pytest.mark.parametrize(("changed", "reason"), [
    ({"sources": "other"}, "no longer those of .*Check out abc"),
    ({"machine": {"cores": 999, "system": "Plan 9"}}, "cores: 999 then"),
])
def test_what_can_not_go_on_is_refused_with_the_reason(
        cut_off: Callable[..., Path], changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(ResumeError, match=reason):
        read_resumable(cut_off(**changed))


def test_a_run_of_another_version_is_refused(cut_off: Callable[..., Path]) -> None:
    path = cut_off()
    document = json.loads((path / "run.json").read_text(encoding="utf-8"))
    document["scenario_resolved"]["unknown"] = 1
    (path / "run.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ResumeError, match="another version"):
        read_resumable(path)
