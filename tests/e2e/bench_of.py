"""Everything that a trial needs, for tests that run single trials."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from contract.results import SCHEMA_VERSION
from contract.run_record import Limits, RunRecord, TrialRecord
from lab.deploy.deployment import Deployment
from lab.plan import Plan, PlannedTrial
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile
from lab.scenario_file import read_scenarios
from lab.stacks import Stacks
from lab.trial import Bench


def scenarios_of(text: str, folder: Path) -> ScenarioFile:
    """Read a scenario file of a test's own."""
    path = folder / "scenarios.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scenarios(path)


def latency_trial(file: ScenarioFile, name: str, topology: str) -> PlannedTrial:
    """The first latency trial of a topology in a scenario."""
    return next(trial for trial in Plan(file, name).outlook()
                if trial.phase == "latency" and trial.topology == topology)


@contextlib.contextmanager
def bench_of(file: ScenarioFile, name: str, results: Path) -> Iterator[Bench]:
    """Have the stores of a scenario up while the block runs; nobody is signed in."""
    scenario = file.scenarios[name]
    folder = RunFolder.create(results, name)
    tokens = folder.path / "tokens"
    tokens.write_text("token\n" * 40, encoding="ascii")
    with Deployment(folder.path, scenario.platform, scenario.data) as deployment:
        stacks = Stacks(deployment, file, scenario, lambda *_: None)
        stacks.prepare([], lambda _: None)
        yield Bench(file, scenario, deployment, stacks, folder, tokens)


def run_of(*trials: TrialRecord) -> RunRecord:
    """A run's record with these trials and without thresholds of speed, to judge them by."""
    loose = {"lag_p99_ms": 1000, "lag_max_ms": 1000, "generator_cpu": 1, "spin_ratio": 1000}
    return RunRecord(
        schema_version=SCHEMA_VERSION, run="r", scenario="endings",
        scenario_resolved={"guards": loose}, seed=1, started_unix_s=0.0, machine={}, versions={},
        topologies={}, trials=list(trials),
        limits=Limits(cpu_budget=None, memory_budget_mb=None, enforced_by="nothing", enforced=[],
                      not_enforced=[], system_cpus=[0], generator_cpus=[1]))
