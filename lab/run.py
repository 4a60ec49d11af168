"""One execution of a scenario, from plan to report."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Console

from contract.receipt import has_passed
from contract.run_record import RunRecord, TrialRecord
from contract.tokens import Principal, issue, load_private_key
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.errors import LabError
from lab.faults.check import check_pair
from lab.plan import Plan
from lab.plan.trials import OVERHEAD_S, PlannedTrial, spent_s
from lab.progress import RunProgress
from lab.record import new_record, read_resumable
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile, ScenarioKeys
from lab.stacks import Stacks
from lab.trial import Bench, run_trial
from lab.verify import check_stack, require_receipt
from reports import Report, build
from reports.guards import judge

_STARTUP_S = 20.0


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run leaves behind."""

    report: Path
    headlines: list[str]
    is_clean: bool


@dataclass(frozen=True, slots=True)
class Options:
    """`web`: keep Locust's page open; `unverified`: don't ask for the contract suite's receipt."""

    web: bool = False
    unverified: bool = False


def run_scenario(file: ScenarioFile, name: str, results: Path, console: Console,
                 options: Options | None = None) -> RunOutcome:
    """Run all trials of a scenario and write the report.

    Whatever ends it, processes are stopped and the rows of finished trials are kept.
    """
    options = options or Options()
    if not options.unverified:
        require_receipt()
    return _run(file, name, RunFolder.create(results, name), None, console, options)


def resume_run(path: Path, console: Console, options: Options | None = None) -> RunOutcome:
    """Go on with a run that was cut off; nothing that was recorded is measured again.

    Raises lab.record.ResumeError.
    """
    record, file = read_resumable(path)
    return _run(file, record.scenario, RunFolder(path), record, console, options or Options())


def write_report(path: Path) -> Report:
    """Merge the recorded parts and write the report of a run's folder."""
    merge_parts(path)
    return build(path)


def merge_parts(path: Path) -> None:
    """Make the four tables of a run that was cut off or recorded by an older lab."""
    RunFolder(path).merge()


def _run(file: ScenarioFile, name: str, folder: RunFolder, record: RunRecord | None,
         console: Console, options: Options) -> RunOutcome:
    plan = Plan(file, name)
    recorded = spent_s(record.trials) if record else 0.0
    with RunProgress(console, max(0.0, plan.forecast_s() - recorded) + _STARTUP_S) as progress:
        progress.say(_first_words(plan, folder, record))
        try:
            record = _measure(file, name, folder, record, progress, options)
        except (KeyboardInterrupt, LabError, OSError):
            if (folder.path / "run.json").exists():
                progress.say(f"Stopped. What was recorded is kept.\n"
                             f"  go on:  twinstore run --resume {folder.path}\n"
                             f"  report: twinstore report {folder.path}")
            raise
        record.finished = True
        folder.save_record(record)
        progress.step("writing the report")
        report = write_report(folder.path)
    is_clean = not any(row["violations"] for row in _audit_rows(folder))
    return RunOutcome(report.html, report.headlines, is_clean)


def _first_words(plan: Plan, folder: RunFolder, record: RunRecord | None) -> str:
    minutes = plan.forecast_s() / 60
    if record is None:
        return (f"Run {folder.name}: about {len(plan.outlook())} trials, "
                f"about {minutes:.0f} minutes")
    left = max(0.0, minutes - spent_s(record.trials) / 60)
    return (f"Run {folder.name} goes on: {len(record.trials)} trials are recorded, "
            f"about {left:.0f} minutes are left")


def _measure(file: ScenarioFile, name: str, folder: RunFolder, record: RunRecord | None,
             progress: RunProgress, options: Options) -> RunRecord:
    scenario = file.scenarios[name]
    with Deployment(folder.path, scenario.platform, scenario.data) as deployment:
        record = record or new_record(folder, file, name, deployment)
        stacks = Stacks(deployment, file, scenario,
                        lambda stack: _welcome(record, stack, scenario))
        stacks.prepare([], progress.step)
        record.limits = deployment.limits(stacks.budget)
        record.contract_suite = record.sources if has_passed() else ""
        record.resumed += bool(record.trials)
        folder.save_record(record)
        bench = Bench(file, scenario, deployment, stacks, folder,
                      _mint_tokens(deployment, scenario),
                      deployment.free_port() if options.web else None)
        if bench.web_port:
            progress.say(f"Locust's page, during each trial: http://127.0.0.1:{bench.web_port}")
        progress.advance(_STARTUP_S)
        _run_plan(bench, Plan(file, name), record, progress)
    return record


def _welcome(record: RunRecord, stack: Stack, scenario: ScenarioKeys) -> None:
    """Check a stack that has just come up, and note what it is."""
    name = stack.topology.name
    record.seed_digest[name], record.contract_smoke[name] = check_stack(stack, scenario.data)
    record.topologies.setdefault(name, stack.describe())
    record.startup_s.setdefault(name, stack.startup_s)


def _run_plan(bench: Bench, plan: Plan, record: RunRecord, progress: RunProgress) -> None:
    """Ask the plan what comes next until nothing does."""
    before_s, began = record.duration_s, time.monotonic()
    while trials := plan.next(record.trials, record.duration_s):
        bench.stacks.prepare(trials, progress.step)
        for planned in trials:
            progress.step(describe(planned))
            trial = run_trial(bench, len(record.trials) + 1, planned)
            record.trials.append(trial)
            record.duration_s = before_s + time.monotonic() - began
            bench.folder.save_record(record)
            if not planned.attempt:
                progress.advance(planned.load_s + OVERHEAD_S)
        _flag_if_interrupted(record, trials)
        check_pair(_group(record, trials[0]))
        _judge(record, trials[0])
        bench.folder.save_record(record)
        for trial in record.trials[-len(trials):]:
            if trial.status == "rejected":
                progress.say(f"Trial {trial.id} ({trial.topology}) rejected: "
                             f"{'; '.join(trial.reasons)}")


def _flag_if_interrupted(record: RunRecord, measured: list[PlannedTrial]) -> None:
    """Arms of a pair that were measured before and after an interruption are not adjacent."""
    group = _group(record, measured[0])
    if len(group) > len(measured):
        for trial in group:
            trial.status = "flagged"
            trial.reasons.append("the run was interrupted between the trials of this pair")


def _group(record: RunRecord, planned: PlannedTrial) -> list[TrialRecord]:
    return [trial for trial in record.trials
            if (trial.pair, trial.attempt) == (planned.pair, planned.attempt)]


def _judge(record: RunRecord, group: PlannedTrial) -> None:
    """Write the guards' verdicts into the trials of the group that was just measured."""
    for judged in judge(record, {}):
        trial = judged.trial
        if (trial.pair, trial.attempt) == (group.pair, group.attempt):
            trial.status, trial.reasons = judged.status, list(judged.reasons)
            _void_probe(trial)


def _void_probe(trial: TrialRecord) -> None:
    """A rejected probe has answered nothing."""
    if trial.probe and trial.status == "rejected":
        trial.probe.holds = None


def describe(planned: PlannedTrial) -> str:
    """Say in a few words what a trial measures."""
    what = {"latency": "latency", "distance": "network distance", "idle": "standing idle",
            "capacity": "capacity", "search": "capacity", "hot": "scaling the hot part",
            "isolation": "isolation"}[planned.phase]
    details = [planned.topology]
    if planned.replicas > 1:
        details.append(f"{planned.replicas} replicas")
    if planned.phase in ("capacity", "search", "hot") and planned.budget.cpus:
        details.append(f"{planned.budget.cpus:.3g} cores")
    if planned.scaled:
        details.append(planned.scaled.replace("_", " "))
    if planned.probe:
        details.append(f"{planned.rate_profile[-1][1]:.3g} journeys/s ({planned.probe.step})")
    if planned.phase == "latency":
        details.append(planned.series + (", A/A" if planned.is_aa else ""))
    if planned.phase == "distance":
        details.append(f"{planned.hop_ms:g} ms a hop")
    if planned.phase == "isolation":
        details.append(planned.fault.name if planned.fault else "no fault")
    return f"{what}: {', '.join(details)}{' (again)' if planned.attempt else ''}"


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
