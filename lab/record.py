"""`run.json` at its beginning, and how a run that was cut off goes on."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import ValidationError

from contract.receipt import digest_of_sources
from contract.results import SCHEMA_VERSION
from contract.run_record import RunRecord
from lab.audit.statements import audit_sql
from lab.deploy.deployment import Deployment
from lab.errors import LabError
from lab.machine import commit, describe_machine, not_controlled, versions
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile
from lab.split import lines_the_split_added
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
        raise ResumeError(f"{path.name} is finished; its report: twinstore report {path}")
    if record.sources != digest_of_sources():
        raise ResumeError(
            f"the stores' sources are no longer those of {path.name}: trials of different "
            f"sources are not comparable. Check out {record.commit or 'its commit'}, or begin "
            "a new run")
    here = describe_machine()
    changed = [f"{key}: {record.machine.get(key)} then, {here[key]} now"
               for key in ("processor", "cores", "system", "python")
               if record.machine.get(key) != here[key]]
    if changed:
        raise ResumeError(f"this is not the machine of {path.name}: {'; '.join(changed)}")
    return record, file
