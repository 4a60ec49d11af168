"""One execution of a scenario, from plan to report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import urllib3
from rich.console import Console

from contract.receipt import has_passed
from contract.run_record import RunRecord
from contract.tokens import Principal, issue, load_private_key
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.disk import is_full
from lab.incidents import blame
from lab.page import Page
from lab.plan import Plan
from lab.plan.trials import spent_s
from lab.progress import RunProgress
from lab.record import hold_limits, new_record, read_resumable
from lab.record_trials import record_trials
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile, ScenarioKeys
from lab.stacks import Stacks
from lab.stop import full_disk, uninterrupted, words_at_a_stop
from lab.trial import Bench
from lab.verify import check_stack, require_receipt
from reports import Report, build

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
            if record is None or not record.finished:
                _finish(folder, _measure(file, name, folder, record, progress, options))
            progress.step("writing the report")
            report = write_report(folder.path)
        except BaseException as stopped:
            if is_full(stopped):
                raise full_disk(stopped, folder.path, name) from stopped
            with uninterrupted():
                progress.say(words_at_a_stop(folder.path, name))
            raise
    is_clean = not any(row["violations"] for row in _audit_rows(folder))
    return RunOutcome(report.html, report.headlines, is_clean)


def _finish(folder: RunFolder, record: RunRecord) -> None:
    """Say that all is measured; a report from before that is none any more."""
    folder.remove_report()
    record.finished = True
    folder.save_record(record)


def _first_words(plan: Plan, folder: RunFolder, record: RunRecord | None) -> str:
    minutes = plan.forecast_s() / 60
    if record is None:
        return (f"Run {folder.name}: about {len(plan.outlook())} trials, "
                f"about {minutes:.0f} minutes")
    if record.finished:
        return f"Run {folder.name} is measured; only its report is missing"
    left = max(0.0, minutes - spent_s(record.trials) / 60)
    return (f"Run {folder.name} goes on: {len(record.trials)} trials are recorded, "
            f"about {left:.0f} minutes are left")


def _measure(file: ScenarioFile, name: str, folder: RunFolder, record: RunRecord | None,
             progress: RunProgress, options: Options) -> RunRecord:
    scenario = file.scenarios[name]
    with Deployment(folder.path, scenario.platform, scenario.data) as deployment:
        record = record or new_record(folder, file, name, deployment)
        stacks = Stacks(deployment, file, scenario,
                        lambda stack, words: _welcome(record, stack, words, scenario))
        try:
            stacks.prepare([], progress.step)
            hold_limits(record, deployment.limits(stacks.budget))
            record.contract_suite = record.sources if has_passed() else ""
            record.resumed += bool(record.trials)
            folder.save_record(record)
            bench = Bench(file, scenario, deployment, stacks, folder,
                          _mint_tokens(deployment, scenario),
                          Page(progress.say) if options.web else None)
            progress.advance(_STARTUP_S)
            record_trials(bench, Plan(file, name), record, progress)
        except (psycopg.Error, urllib3.exceptions.HTTPError) as failed:
            if is_full(failed):
                raise
            raise blame(deployment, failed) from failed
    return record


def _welcome(record: RunRecord, stack: Stack, words: str, scenario: ScenarioKeys) -> None:
    """Check a stack that has just come up, and note what it is."""
    name = stack.topology.name
    record.seed_digest[name], record.contract_smoke[name] = check_stack(stack, scenario.data)
    (record.topologies if words == name else record.variants).setdefault(words, stack.describe())
    record.startup_s.setdefault(name, stack.startup_s)


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
