"""Which runs may go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import lab.run
from contract.receipt import digest_of_sources
from contract.results import SCHEMA_VERSION
from contract.run_record import Limits, RunRecord
from lab.instrument import RULES, digest_of_instrument
from lab.machine import describe_machine, versions
from lab.plan.trials import steady
from lab.record import ResumeError, hold_limits, read_resumable
from lab.run_folder import RunFolder
from lab.scenario_file import read_scenarios
from lab.trial_record import record_of
from tests.architecture.source_tree import modules

ROOT = Path(__file__).parents[2]
LIMITS = Limits(cpu_budget=0.9, memory_budget_mb=2048, enforced_by="cgroup v1",
                enforced=["CPU quota"], not_enforced=[], system_cpus=[0], generator_cpus=[1])


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


def test_a_run_goes_on_with_the_instrument_and_the_packages_it_began_with(
        cut_off: Callable[..., Path]) -> None:
    read_resumable(cut_off(versions=versions()))
    read_resumable(cut_off(versions={}))  # recorded before there was a digest
    with pytest.raises(ResumeError, match=r"load generator .* no longer those of r.*Check out abc"):
        read_resumable(cut_off(versions=versions() | {"instrument": "other"}))
    with pytest.raises(ResumeError, match=r"locust: 1\.0 then, .* now.*Install what abc pins"):
        read_resumable(cut_off(versions=versions() | {"locust": "1.0"}))


@pytest.mark.parametrize("name", [
    "lab/plan/search.py", "lab/new.py", "loadtests/trial.py", "relay/line.py",
    *(f"reports/{rule}.py" for rule in RULES)])
def test_the_digest_follows_everything_that_chooses_or_measures(tmp_path: Path, name: str) -> None:
    for path in ["lab/plan/search.py", "loadtests/trial.py", "relay/line.py", "reports/page.py",
                 *(f"reports/{rule}.py" for rule in RULES)]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("one")
    before = digest_of_instrument(tmp_path)
    (tmp_path / "reports" / "page.py").write_text("two")  # reads what was recorded
    assert digest_of_instrument(tmp_path) == before
    (tmp_path / name).write_text("two")
    assert digest_of_instrument(tmp_path) != before


def test_the_rules_are_all_of_the_reports_that_plan_and_trials_ask() -> None:
    asks = {module.name: module.imports for module in modules("lab", "reports")}
    writers = {"lab.run", "lab.commands.results"}
    """They write reports; `lab.record` asks for what is foretold, which decides nothing."""
    known = {name for name in asks if name.startswith("reports.")}

    def asked(name: str) -> set[str]:
        return {known_name for known_name in known for one in asks[name]
                if one == known_name or one.startswith(f"{known_name}.")}

    found: set[str] = set()
    waiting = {rule for name in asks if name.startswith("lab") and name not in writers
               for rule in asked(name)} - {"reports.foretold"}
    while waiting:
        found |= waiting
        waiting = {rule for name in waiting for rule in asked(name)} - found
    assert found == {f"reports.{rule}" for rule in RULES}


def recorded(**limits: Any) -> RunRecord:
    """A run with one trial that was measured under `LIMITS`, but for what is changed."""
    file = read_scenarios(ROOT / "scenarios.yaml")
    planned = steady(file.scenarios["demo"], "latency", "shop@9", "monolith", ("shop", 9, 1, 4))
    return RunRecord(
        schema_version=SCHEMA_VERSION, run="r", scenario="demo", scenario_resolved={}, seed=1,
        started_unix_s=0, machine={}, versions={}, topologies={},
        limits=LIMITS.model_copy(update=limits), trials=[record_of(1, planned, "monolith", 250)])


@pytest.mark.parametrize(("limits", "reason"), [
    ({"enforced": ["CPU quota", "memory limit"]}, "enforced CPU quota, memory limit then, CPU q"),
    ({"enforced_by": "affinity only"}, "enforced_by affinity only then, cgroup v1 now"),
    ({"system_cpus": [0, 2]}, "system_cpus 0, 2 then, 0 now"),
    ({"generator_cpus": [3]}, "generator_cpus 3 then, 1 now"),
    ({"cpu_budget": None}, "cpu_budget none then, 0.9 now")])
def test_what_was_recorded_under_other_limits_does_not_go_on(limits: dict[str, Any],
                                                            reason: str) -> None:
    record = recorded(**limits)
    before = record.limits
    with pytest.raises(ResumeError, match=reason):
        hold_limits(record, LIMITS)
    assert record.limits is before
    hold_limits(record, before.model_copy())
    empty = record.model_copy(update={"trials": []})
    hold_limits(empty, LIMITS)  # nothing is recorded that could be mixed with it
    assert empty.limits == LIMITS


class Elsewhere:
    """A deployment whose machine enforces what `LIMITS` says; no store is started."""

    stacks: list[object] = []  # noqa: RUF012

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def limits(self, _: object) -> Limits:
        return LIMITS


def test_a_resumed_run_asks_before_anything_is_measured(
        cut_off: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = cut_off(trials=recorded().trials, limits=LIMITS.model_copy(
        update={"enforced_by": "systemd scope"}))
    before = (path / "run.json").read_bytes()
    monkeypatch.setattr(lab.run, "Deployment", Elsewhere)
    monkeypatch.setattr(lab.run.Stacks, "prepare", lambda *_: None)
    with pytest.raises(ResumeError, match="enforced_by systemd scope then, cgroup v1 now"):
        lab.run.resume_run(path, Console(quiet=True))
    assert (path / "run.json").read_bytes() == before
