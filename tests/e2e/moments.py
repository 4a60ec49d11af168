"""Random moments of a run at which it is ended, drawn from a seed; and what must hold then."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow.parquet as pq

from contract.results import TABLES
from contract.run_record import RunRecord
from lab.audit.kept import read_kept
from lab.plan import Plan
from lab.run_folder import RunFolder
from lab.scenario_file import read_scenarios

Phase = Literal["deployment", "store", "trial", "isolation", "fault", "report"]
Ending = Literal["Ctrl-C", "Ctrl-C twice", "kill -9"]
Isolated = tuple[str, str]
"""A trial of the part on isolation: store, and fault or `NO_FAULT`."""

NO_FAULT: Final = "no fault"
FROZEN: Final[Isolated] = ("microservices", "payments-replica-freeze")
"""Whatever else is drawn: who stands still can't end by itself."""
FAULTS: Final = ("payments-replica-freeze", "catalog-lock", "database-down", "bank-cut",
                 "payments-leak")
_ON_A_LINK: Final = "bank-cut"
"""Stores are started once more for it, with ways that can break."""

BEGINS: Final[dict[Phase, str]] = {
    "deployment": r"^Run ", "store": r"starting (monolith|microservices)", "trial": r"latency: ",
    "report": r"writing the report"}
"""The line with which a phase of a session begins; those of isolation name their trial."""
_LASTS_S: Final[dict[Phase, float]] = {
    "deployment": 1.5, "store": 4.0, "trial": 4.0, "isolation": 7.0, "fault": 1.0, "report": 1.5}
"""How far behind that line a moment may be; a trial's reach into the next one.  Of a fault: how
far behind the instant at which it is seen to act."""
_IN_TURN: Final[tuple[Phase, ...]] = (
    "fault", "report", "deployment", "store", "trial", "isolation", "fault")
_MEASURED: Final = ("trial", "isolation", "fault")


@dataclass(frozen=True, slots=True)
class Moment:
    """When and how a session is ended.

    `after_s` from the beginning of the phase; `nth`: of the trials, or starts, of this session.
    """

    phase: Phase
    nth: int
    after_s: float
    ending: Ending
    again_s: float = 0.0
    """How long after the first Ctrl-C an impatient user presses it again."""
    trial: Isolated | None = None

    @property
    def begins(self) -> str:
        """The line with which its phase begins."""
        return (BEGINS[self.phase] if self.trial is None
                else rf"isolation: {self.trial[0]}, {self.trial[1]} \(")


def phases_of(count: int) -> Counter[Phase]:
    """Count how often each phase is met."""
    return Counter(_IN_TURN[number % len(_IN_TURN)] for number in range(count))


def faults_of(count: int) -> tuple[str, ...]:
    """Choose as many faults as moments are to meet one; all of them at most."""
    return FAULTS[:max(1, phases_of(count)["fault"])]


def isolated_in(file: Path, name: str) -> list[Isolated]:
    """List the trials of the part on isolation in the order in which they are measured."""
    plan = Plan(read_scenarios(file), name)
    return [(trial.topology, trial.fault.name if trial.fault else NO_FAULT)
            for block in plan.blocks if block.phase == "isolation"
            for group in plan.groups_of(block) for trial in group]


def draw(count: int, seed: int, isolated: Sequence[Isolated]) -> list[Moment]:
    """Draw moments of a run whose part on isolation has these trials.

    The first is before anything is recorded; those of the report come last, for then
    everything is measured.  Trials come in the order of the plan.
    """
    source = random.Random(seed)
    endings: list[Ending] = ["Ctrl-C", "kill -9", "Ctrl-C twice", "kill -9"] * (count // 4 + 1)
    endings = endings[:count]
    source.shuffle(endings)
    phases = list(phases_of(count).elements())
    source.shuffle(phases)
    phases.sort(key=lambda phase: phase == "report")
    if "deployment" in phases:
        phases.remove("deployment")
        phases.insert(0, "deployment")
    trials = iter(_trials(source, phases_of(count), isolated))
    moments: list[Moment] = []
    for phase, ending in zip(phases, endings, strict=True):
        own, trial = next(trials) if phase in _MEASURED else (phase, None)
        moments.append(Moment(
            own, source.randint(1, _most(own, moments, isolated)),
            round(source.uniform(0, _LASTS_S[own]), 3), ending,
            round(source.uniform(0, 1.5), 3), trial))
    return moments


def _trials(source: random.Random, phases: Counter[Phase],
            isolated: Sequence[Isolated]) -> list[tuple[Phase, Isolated | None]]:
    """Which trials are met, in the order of the plan: those with a fault while it acts."""
    places: list[tuple[int, Phase]] = [
        (isolated.index(trial), "fault") for trial in _broken(source, phases["fault"], isolated)]
    places += [(place, "isolation")
               for place in source.sample(range(len(isolated)), phases["isolation"])]
    latency: list[tuple[Phase, Isolated | None]] = [("trial", None)] * phases["trial"]
    return latency + [(phase, isolated[place]) for place, phase in sorted(places)]


def _broken(source: random.Random, count: int, isolated: Sequence[Isolated]) -> list[Isolated]:
    """Each fault in one of the stores, then others."""
    left = [trial for trial in isolated if trial[1] != NO_FAULT]
    source.shuffle(left)
    left.sort(key=lambda trial: trial != FROZEN)
    first: dict[str, Isolated] = {}
    for trial in left:
        first.setdefault(trial[1], trial)
    each = [*first.values(), *(trial for trial in left if trial not in first.values())]
    return [each[number % len(each)] for number in range(count)]


def _most(phase: Phase, before: Sequence[Moment], isolated: Sequence[Isolated]) -> int:
    """How many lines of a phase a session surely has."""
    if phase == "store":
        is_broken_off = any(moment.trial for moment in before)
        twice = is_broken_off and any(fault == _ON_A_LINK for _, fault in isolated)
        return 4 if twice else 2
    return 2 if phase == "trial" else 1


def check_records(folder: Path, before: RunRecord | None) -> RunRecord | None:
    """Read everything that run.json lists; return what it says, None when there is none.

    Rows written are rows scheduled, the books balance, and what was recorded `before` stands as
    it was.
    """
    run = RunFolder(folder)
    if not (folder / "run.json").exists():
        assert before is None
        return None
    record = run.read_record()
    for trial in record.trials:
        rows = {table: pq.read_table(run.part(trial.id, table)).num_rows for table in TABLES}
        assert rows["requests"] == trial.rows_written == trial.rows_scheduled > 0
        assert rows["resources"] > 0
        assert rows["audit"] == 7
        found = pq.read_table(run.part(trial.id, "audit")).to_pylist()
        assert [row for row in found if row["violations"]] == []
        assert read_kept(run.books(trial.id)).stock
    if before:
        kept = record.trials[:len(before.trials)]
        assert [(t.id, t.started_unix_s) for t in kept] == [
            (t.id, t.started_unix_s) for t in before.trials]
    return record
