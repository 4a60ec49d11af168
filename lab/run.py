"""One execution of a scenario, from plan to report."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console

from contract.results import SCHEMA_VERSION
from contract.run_record import RunRecord, TrialRecord
from contract.tokens import Principal, issue, load_private_key
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.errors import LabError
from lab.guards import Evidence, Objection, judge_pair, objections, write_verdict
from lab.machine import commit, describe_machine, not_controlled, versions
from lab.plan import OVERHEAD_S, PlannedTrial, forecast_s, plan
from lab.progress import RunProgress
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile, ScenarioKeys
from lab.split import lines_the_split_added
from lab.topology import Budget
from lab.trial import Bench, run_trial
from lab.verify import VerificationError, digest_of, smoke
from reports import Report, build
from reports.guards import best_spin_ms


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run leaves behind."""

    report: Path
    headlines: list[str]
    is_clean: bool


def run_scenario(file: ScenarioFile, name: str, results: Path, console: Console,
                 *, web: bool = False) -> RunOutcome:
    """Run all trials of a scenario and write the report.

    Whatever ends it, processes are stopped and the rows of finished trials are kept.
    """
    trials = plan(file, name)
    folder = RunFolder.create(results, name)
    began = time.monotonic()
    with RunProgress(console, forecast_s(trials) + 20) as progress:
        progress.say(f"Run {folder.name}: {len(trials)} trials, at most about "
                     f"{forecast_s(trials) / 60:.0f} minutes")
        try:
            record = _measure(file, name, folder, trials, progress, web=web)
        except (KeyboardInterrupt, LabError):
            if (folder.path / "run.json").exists():
                progress.say(f"Stopped. What was recorded is kept: twinstore report {folder.path}")
            raise
        record.finished = True
        record.duration_s = time.monotonic() - began
        folder.save_record(record)
        progress.step("writing the report")
        report = write_report(folder.path)
    is_clean = not any(row["violations"] for row in _audit_rows(folder))
    return RunOutcome(report.html, report.headlines, is_clean)


def write_report(path: Path) -> Report:
    """Merge the recorded parts and write the report of a run's folder."""
    RunFolder(path).merge()
    return build(path)


def _measure(file: ScenarioFile, name: str, folder: RunFolder, trials: list[PlannedTrial],
             progress: RunProgress, *, web: bool) -> RunRecord:
    scenario = file.scenarios[name]
    with Deployment(folder.path, scenario.platform, scenario.data) as deployment:
        stacks: dict[str, Stack] = {}
        for topology in scenario.topologies:
            progress.step(f"starting {topology}")
            stacks[topology] = deployment.start(
                file.topologies[topology].named(topology),
                Budget(scenario.budget.cpus, scenario.budget.memory_mb))
        record = _new_record(folder, name, scenario, deployment, stacks)
        progress.step("checking that both stores hold the same data and keep the contract")
        _verify(record, stacks, scenario)
        folder.save_record(record)
        bench = Bench(file, scenario, deployment, stacks, folder,
                      _mint_tokens(deployment, scenario),
                      deployment.free_port() if web else None)
        if bench.web_port:
            progress.say(f"Locust's page, during each trial: http://127.0.0.1:{bench.web_port}")
        progress.advance(20)
        for _, group in groupby(trials, key=lambda trial: trial.pair):
            _run_pair(bench, list(group), record, progress)
    return record


def _run_pair(bench: Bench, pair: list[PlannedTrial], record: RunRecord,
              progress: RunProgress) -> None:
    """Run the trials of a pair; a rejected pair is measured again in both arms."""
    for attempt in range(bench.scenario.guards.retries + 1):
        measured = []
        for planned in pair:
            progress.step(_describe(planned, again=attempt > 0))
            trial = run_trial(bench, len(record.trials) + 1, planned)
            trial.attempt = attempt
            measured.append(trial)
            record.trials.append(trial)
            bench.folder.save_record(record)
            if not attempt:
                progress.advance(planned.load_s + OVERHEAD_S)
        _judge(bench, record, measured)
        bench.folder.save_record(record)
        rejected = [trial for trial in measured if trial.status == "rejected"]
        if not rejected:
            return
        for trial in rejected:
            progress.say(f"Trial {trial.id} ({trial.topology}) rejected: "
                         f"{'; '.join(trial.reasons)}")


def _judge(bench: Bench, record: RunRecord, measured: list[TrialRecord]) -> None:
    best_ms = best_spin_ms(record.trials)
    found: dict[int, list[Objection]] = {}
    for trial in measured:
        evidence = Evidence(trial, bench.scenario.guards, _median_ms(bench.folder, trial),
                            best_ms, _unplanned(bench.folder, trial))
        found[trial.id] = objections(evidence)
    for number, reasons in judge_pair(found).items():
        write_verdict(next(trial for trial in measured if trial.id == number), reasons)


def _median_ms(folder: RunFolder, trial: TrialRecord) -> float:
    table = pq.read_table(folder.part(trial.id, "requests"), columns=["intended_s", "end_s"])
    if not len(table):
        return 0.0
    response = table["end_s"].to_numpy() - table["intended_s"].to_numpy()
    return float(np.nanmedian(response) * 1000)


def _unplanned(folder: RunFolder, trial: TrialRecord) -> int:
    if trial.fault is not None:
        return 0
    kinds = pq.read_table(folder.part(trial.id, "events"), columns=["kind"])["kind"].to_pylist()
    return int(kinds.count("exit"))


def _describe(planned: PlannedTrial, *, again: bool) -> str:
    what = {"latency": "latency", "capacity": "capacity", "hot": "scaling the hot part",
            "isolation": "isolation"}[planned.phase]
    details = [planned.topology]
    if planned.phase in ("capacity", "hot") and planned.budget.cpus:
        details.append(f"{planned.budget.cpus:g} cores")
    if planned.scaled:
        details.append(planned.scaled.replace("_", " "))
    if planned.phase == "isolation":
        details.append(planned.fault.name if planned.fault else "no fault")
    return f"{what}: {', '.join(details)}{' (again)' if again else ''}"


def _verify(record: RunRecord, stacks: dict[str, Stack], scenario: ScenarioKeys) -> None:
    for topology, stack in stacks.items():
        record.seed_digest[topology] = digest_of(stack.database_urls)
    from contract.seed import digest, generate

    expected = digest(generate(scenario.data.seed, scenario.data.products,
                               scenario.data.customers))
    wrong = [name for name, found in record.seed_digest.items() if found != expected]
    if wrong:
        raise VerificationError(f"{', '.join(wrong)} does not hold the seed data; nothing was "
                                "measured")
    for topology, stack in stacks.items():
        failures = smoke(stack.base_url)
        record.contract_smoke[topology] = not failures
        if failures:
            raise VerificationError(f"{topology} does not keep the contract; nothing was "
                                    "measured:\n  " + "\n  ".join(failures))


def _new_record(folder: RunFolder, name: str, scenario: ScenarioKeys, deployment: Deployment,
                stacks: dict[str, Stack]) -> RunRecord:
    return RunRecord(
        schema_version=SCHEMA_VERSION, run=folder.name, scenario=name,
        scenario_resolved=scenario.model_dump(mode="json"), seed=scenario.seed,
        started_unix_s=time.time(), machine=describe_machine(), versions=versions(),
        limits=deployment.limits(Budget(scenario.budget.cpus, scenario.budget.memory_mb)),
        commit=commit(), topologies={name: stack.describe() for name, stack in stacks.items()},
        startup_s={name: stack.startup_s for name, stack in stacks.items()},
        not_controlled=not_controlled(), split_added=lines_the_split_added(),
    )


def _mint_tokens(deployment: Deployment, scenario: ScenarioKeys) -> Path:
    """Sign one token for each seed customer (docs/decisions/0003)."""
    key = load_private_key(deployment.signing_key_pem)
    path = deployment.private_folder / "tokens.txt"
    tokens = (issue(Principal(number, "customer"), key)[0]
              for number in range(2, 2 + scenario.data.customers))
    path.touch(mode=0o600)
    path.write_text("\n".join(tokens) + "\n", encoding="ascii")
    return path


def _audit_rows(folder: RunFolder) -> list[dict[str, int]]:
    return pq.read_table(folder.path / "audit.parquet").to_pylist()  # type: ignore[no-any-return]
