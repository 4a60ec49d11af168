"""The plan in words: what `--dry-run` prints."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from contract.probe_record import Variable
from lab.plan import Plan
from lab.plan.trials import PlannedTrial, forecast_s
from lab.scenario import ScenarioFile

_ASKED: Final[dict[Variable, str]] = {
    "rate": "highest rate", "cpus": "fewest cores", "memory": "least memory"}
_COLUMNS = ["group", "phase", "topology", "load", "budget", "what is special"]


@dataclass(frozen=True, slots=True)
class Preview:
    """A table and what is to be said below it."""

    columns: list[str]
    rows: list[tuple[str, ...]]
    notes: list[str]


def preview(file: ScenarioFile, name: str) -> Preview:
    """Show every trial in the order it is run; searches by what they search."""
    plan = Plan(file, name)
    rows: list[tuple[str, ...]] = []
    number = 0
    for block in plan.blocks:
        for trials in plan.groups_of(block):
            rows += [_row(str(number), trial) for trial in trials]
            number += 1
        rows += [_searched(probes) for probes in _searches(block.outlook())]
    trials = plan.outlook()
    notes = [f"{len(trials)} trials, about {plan.forecast_s() / 60:.0f} minutes."]
    if any(trial.probe for trial in trials):
        notes.append("A search asks again and again, every topology in turn, until its answer is "
                     "confirmed; its number of probes is typical, not fixed.")
    if any(keys.stop for keys in file.scenarios[name].latency):
        notes.append("A series with a stop rule ends earlier when its intervals are narrow enough.")
    return Preview(_COLUMNS, rows, notes)


def _searches(trials: list[PlannedTrial]) -> list[list[PlannedTrial]]:
    probes = [trial for trial in trials if trial.probe]
    return [list(group) for _, group in groupby(
        probes, key=lambda trial: trial.probe.search if trial.probe else "")]


def _row(number: str, trial: PlannedTrial) -> tuple[str, ...]:
    marks = (trial.series if trial.phase == "latency" else None, "A/A" if trial.is_aa else None,
             trial.scaled, f"{trial.hop_ms:g} ms a hop" if trial.phase == "distance" else None,
             trial.workload if trial.phase == "hot" else None,
             trial.fault.name if trial.fault else None,
             trial.posture if trial.posture != "raw" else None, trial.replicas_said)
    return (number, trial.phase, trial.topology, f"{trial.load_s:.1f} s", _cpus(trial),
            ", ".join(mark for mark in marks if mark))


def _searched(probes: list[PlannedTrial]) -> tuple[str, ...]:
    first = probes[0]
    variable = first.probe.variable if first.probe else "rate"
    marks = (f"{_ASKED[variable]}, ≈ {len(probes)} probes", first.workload, first.scaled,
             first.replicas_said)
    return ("", first.phase, first.topology, f"≈ {forecast_s(probes):.0f} s", _cpus(first),
            ", ".join(mark for mark in marks if mark))


def _cpus(trial: PlannedTrial) -> str:
    return f"{trial.budget.cpus:g} cores" if trial.budget.cpus else "no limit"
