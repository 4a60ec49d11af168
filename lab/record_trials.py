"""The trials of a run, one after the other: run, judged within their group, recorded."""

from __future__ import annotations

import time

import psycopg
import urllib3

from contract.run_record import RunRecord, TrialRecord
from lab.disk import require_space
from lab.errors import LabError
from lab.faults.check import check_pair
from lab.plan import Plan
from lab.plan.trials import PlannedTrial
from lab.progress import RunProgress
from lab.trial import Bench, run_trial
from reports.guards import judge


def record_trials(bench: Bench, plan: Plan, record: RunRecord, progress: RunProgress) -> None:
    """Ask the plan what comes next until nothing does; run.json is true after every trial.

    Raises LabError, OSError when the run can't go on.
    """
    before_s, began = record.duration_s, time.monotonic()
    while trials := plan.next(record.trials, record.duration_s):
        bench.stacks.prepare(trials, progress.step)
        for planned in trials:
            progress.step(describe(planned))
            record.trials.append(_run_with_space(bench, len(record.trials) + 1, planned))
            record.duration_s = before_s + time.monotonic() - began
            if planned is trials[-1]:  # saved once: no trial of a whole group stands unjudged
                _conclude(record, trials, progress)
            bench.folder.save_record(record)
            if not planned.attempt:
                progress.advance(planned.forecast_s)


def _run_with_space(bench: Bench, number: int, planned: PlannedTrial) -> TrialRecord:
    """Run a trial; what was measured while a disk was full is not recorded.

    Where a part failed on a full disk, the disk is named and not the part.
    """
    places = bench.folder.path, bench.deployment.private_folder
    require_space(*places)
    try:
        trial = run_trial(bench, number, planned)
    except (LabError, OSError, psycopg.Error, urllib3.exceptions.HTTPError):
        require_space(*places)
        raise
    require_space(*places)
    return trial


def _conclude(record: RunRecord, trials: list[PlannedTrial], progress: RunProgress) -> None:
    """Judge the group that was just measured, and say what does not count."""
    _flag_if_interrupted(record, trials)
    check_pair(_group(record, trials[0]))
    _judge(record, trials[0])
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
    if planned.replicas_said:
        details.append(planned.replicas_said)
    if planned.phase in ("capacity", "search", "hot") and planned.budget.cpus:
        details.append(f"{planned.budget.cpus:.3g} cores")
    if planned.lacks_memory:
        details.append(f"{planned.budget.memory_mb} MiB")
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
