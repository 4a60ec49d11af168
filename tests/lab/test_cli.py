"""The command line: helpful when used wrongly, honest about what it would do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lab.cli import app
from lab.verify import VerificationError

ROOT = Path(__file__).parents[2]
FILE = ["--file", str(ROOT / "scenarios.yaml")]


def _call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("command", ["run", "report", "audit", "compare", "up", "list", "doctor"])
def test_every_command_has_help_with_its_options(command: str) -> None:
    result = _call(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("command", ["run", "report", "audit", "compare", "up"])
def test_help_shows_an_example(command: str) -> None:
    assert "twinstore " in _call(command, "--help").output


def test_without_a_command_the_help_is_shown() -> None:
    assert "twinstore run demo" in _call().output


def test_an_unknown_scenario_is_refused_with_what_is_known() -> None:
    result = _call("run", "demmo", *FILE)
    assert result.exit_code == 2
    assert "Did you mean demo?" in result.output


def test_an_unknown_topology_is_refused_with_what_is_known() -> None:
    result = _call("up", "monolit", *FILE)
    assert result.exit_code == 2
    assert "Did you mean monolith?" in result.output


def test_a_mistake_in_the_file_ends_with_2_before_anything_starts(tmp_path: Path) -> None:
    broken = tmp_path / "scenarios.yaml"
    text = (ROOT / "scenarios.yaml").read_text(encoding="utf-8")
    broken.write_text(text.replace("slo_ms: 250", "slo_ms: fast", 1), encoding="utf-8")
    result = _call("run", "demo", "--file", str(broken), "--results", str(tmp_path / "results"))
    assert result.exit_code == 2
    assert "scenarios.demo.slo_ms: 'fast'" in result.output
    assert not (tmp_path / "results").exists()


def test_another_seed_is_another_order_and_none_can_be_given_to_a_run_that_goes_on() -> None:
    plans = {_call("run", "demo", "--dry-run", *seed, *FILE).output
             for seed in ([], ["--seed", "1"], ["--seed", "2"], ["--seed", "3"])}
    assert len(plans) == 3  # the file's seed is 1
    refused = _call("run", "--resume", "somewhere", "--seed", "2")
    assert refused.exit_code == 2
    assert "seed" in refused.output


def test_a_dry_run_prints_the_plan_and_starts_nothing(tmp_path: Path) -> None:
    result = _call("run", "demo", "--dry-run", *FILE, "--results", str(tmp_path / "results"))
    assert result.exit_code == 0
    assert "payments-hang" in result.output
    assert "minutes" in result.output
    assert not (tmp_path / "results").exists()


def test_a_run_that_would_go_on_is_not_measured_by_asking_for_a_plan() -> None:
    refused = _call("run", "--resume", "somewhere", "--dry-run")
    assert refused.exit_code == 2
    assert "leave one of them out" in " ".join(refused.output.split())


@pytest.mark.parametrize("words", [[], ["demo", "--resume", "somewhere"]])
def test_a_run_is_begun_or_gone_on_with_not_both(words: list[str]) -> None:
    result = _call("run", *words, *FILE)
    assert result.exit_code == 2
    assert "--resume RUN" in result.output


def test_going_on_with_nothing_names_what_there_is(tmp_path: Path) -> None:
    result = _call("run", "--resume", "nowhere", "--results", str(tmp_path))
    assert result.exit_code == 2
    assert "There are no runs yet" in result.output


@pytest.mark.parametrize("scenario", ["standard", "full"])
def test_a_dry_run_says_what_is_searched_and_for_how_long(scenario: str) -> None:
    output = " ".join(_call("run", scenario, "--dry-run", *FILE).output.split())
    assert "highest rate, ≈ 12 probes" in output
    assert "2 replicas" in output
    assert "until its answer is confirmed" in output


@pytest.mark.parametrize(("scenario", "least", "most"), [
    ("demo", 3, 6), ("standard", 38, 42), ("full", 128, 142)])
def test_a_scenario_takes_as_long_as_its_description_promises(
        scenario: str, least: int, most: int) -> None:
    output = " ".join(_call("run", scenario, "--dry-run", *FILE).output.split())
    said = re.search(r"trials, about (\d+) minutes", output)
    assert said
    assert least <= int(said[1]) <= most


def test_sources_without_a_receipt_are_not_measured(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lab.verify.has_passed", lambda: False)
    with pytest.raises(VerificationError, match="make contract"):
        CliRunner().invoke(app, ["run", "smoke", *FILE, "--results", str(tmp_path / "results")],
                           catch_exceptions=False)
    assert not (tmp_path / "results").exists()


def test_a_report_of_nothing_names_what_there_is(tmp_path: Path) -> None:
    result = _call("report", "nowhere", "--results", str(tmp_path))
    assert result.exit_code == 2
    assert "There are no runs yet" in result.output


def test_list_names_scenarios_topologies_workloads_and_faults() -> None:
    output = _call("list", *FILE).output
    for name in ("demo", "colocated", "hot_search", "bank-slow"):
        assert name in output


def test_doctor_looks_at_cores_budgets_and_parts() -> None:
    output = _call("doctor").output
    for what in ("cores", "budgets", "PostgreSQL", "Envoy", "ports"):
        assert what in output
