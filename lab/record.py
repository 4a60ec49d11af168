"""`run.json` at its beginning, and how a run that was cut off goes on."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import ValidationError

from contract.receipt import digest_of_sources
from contract.results import SCHEMA_VERSION
from contract.run_record import Limits, RunRecord
from lab.audit.statements import audit_sql
from lab.deploy.deployment import Deployment
from lab.errors import LabError
from lab.instrument import INSTRUMENT
from lab.machine import commit, describe_machine, not_controlled, versions
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile
from lab.split import lines_of_stores, lines_the_split_added
from lab.stop import program
from lab.topology import Budget
from reports.foretold import expected_losses


class ResumeError(LabError):
    """The run can't go on; the message says why."""


def new_record(folder: RunFolder, file: ScenarioFile, name: str,
               deployment: Deployment) -> RunRecord:
    """Describe a run before anything is measured."""
    scenario = file.scenarios[name]
    whole, resolved = file.model_dump(mode="json"), scenario.model_dump(mode="json")
    definitions = {key: whole[key] for key in ("topologies", "workloads", "faults")}
    return RunRecord(
        schema_version=SCHEMA_VERSION, run=folder.name, scenario=name,
        scenario_resolved=resolved, seed=scenario.seed,
        started_unix_s=time.time(), machine=describe_machine(),
        versions=versions(),
        limits=deployment.limits(Budget(scenario.budget.cpus, scenario.budget.memory_mb)),
        commit=commit(), topologies={}, sources=digest_of_sources(),
        definitions=definitions, expected=expected_losses(resolved, definitions),
        not_controlled=not_controlled(), split_added=lines_the_split_added(),
        lines=lines_of_stores(),
        audit_sql=audit_sql(),
    )


def read_resumable(path: Path) -> tuple[RunRecord, ScenarioFile]:
    """Read a run that was cut off, and the file it was made from.  Raises ResumeError.

    The run carries its own scenario: what stands in `scenarios.yaml` now doesn't matter.
    """
    folder = RunFolder(path)
    try:
        record = folder.read_record()
        file = ScenarioFile.model_validate(
            {**record.definitions, "scenarios": {record.scenario: record.scenario_resolved}})
    except ValidationError:
        raise ResumeError(f"{path / 'run.json'} is of another version of twinstore; a run goes on "
                          "only with the version that began it") from None
    if record.finished and not folder.has_report:  # cut off while it was written
        return record, file
    if record.finished:
        raise ResumeError(f"{path.name} is finished; its report: {program()} report {path}")
    if record.sources != digest_of_sources():
        raise ResumeError(
            f"the stores' sources are no longer those of {path.name}: trials of different "
            f"sources are not comparable. Check out {record.commit or 'its commit'}, or begin "
            "a new run")
    here = describe_machine()
    changed = [f"{key}: {record.machine.get(key)} then, {here[key]} now"
               for key in ("processor", "cores", "system", "python", "generator")
               if record.machine.get(key) != here[key]]
    if changed:
        raise ResumeError(f"this is not the machine of {path.name}: {'; '.join(changed)}")
    _hold_versions(record)
    return record, file


def hold_limits(record: RunRecord, limits: Limits) -> None:
    """Note what is enforced; what was recorded under other limits can't go on.

    Raises ResumeError; the record is then as it was.
    """
    changed = [f"{key} {_said(getattr(record.limits, key))} then, {_said(getattr(limits, key))} now"
               for key in ("cpu_budget", "memory_budget_mb", "enforced_by", "enforced",
                           "not_enforced", "system_cpus", "generator_cpus")
               if getattr(record.limits, key) != getattr(limits, key)]
    if record.trials and changed:
        raise ResumeError(
            f"other limits hold than those under which {record.run} was recorded: "
            f"{'; '.join(changed)}. Go on with the rights and the cores that it began with, or "
            "begin a new run")
    record.limits = limits


def _hold_versions(record: RunRecord) -> None:
    """Another instrument, or other packages, than recorded; older records tell less, and go on."""
    now = versions()
    changed = {key: value for key, value in record.versions.items() if now.get(key) != value}
    if changed.pop(INSTRUMENT, None):
        raise ResumeError(
            "the lab, its load generator or the rules that choose trials are no longer those of "
            f"{record.run}: trials that were measured otherwise are not comparable. Check out "
            f"{record.commit or 'its commit'}, or begin a new run")
    if changed:
        differ = "; ".join(f"{key}: {value} then, {now.get(key, 'none')} now"
                           for key, value in changed.items())
        raise ResumeError(
            f"other versions are installed than those of {record.run}: {differ}. Install what "
            f"{record.commit or 'its commit'} pins (requirements.txt), or begin a new run")


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "none" if value is None else str(value)
