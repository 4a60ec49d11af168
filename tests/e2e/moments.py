"""Random moments of a run at which it is ended, drawn from a seed; and what must hold then."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow.parquet as pq

from contract.results import TABLES
from contract.run_record import RunRecord
from lab.audit.kept import read_kept
from lab.run_folder import RunFolder

Phase = Literal["deployment", "store", "trial", "report"]
Ending = Literal["Ctrl-C", "Ctrl-C twice", "kill -9"]

BEGINS: Final[dict[Phase, str]] = {
    "deployment": r"^Run ", "store": r"starting monolith", "trial": r"latency: ",
    "report": r"writing the report"}
"""The line with which a phase of a session begins."""
_LASTS_S: Final[dict[Phase, float]] = {
    "deployment": 1.5, "store": 4.0, "trial": 4.0, "report": 0.8}
"""How far behind that line a moment may be; a trial's reach into the next one."""
_IN_TURN: Final[tuple[Phase, ...]] = ("trial", "report", "deployment", "store", "trial")


@dataclass(frozen=True, slots=True)
class Moment:
    """When and how a session is ended.

    `after_s` from the beginning of the phase; `nth`: of the trials of this session.
    """

    phase: Phase
    nth: int
    after_s: float
    ending: Ending
    again_s: float = 0.0
    """How long after the first Ctrl-C an impatient user presses it again."""


def draw(count: int, seed: int) -> list[Moment]:
    """Draw moments.

    The first is before anything is recorded; those of the report come last, for then
    everything is measured.
    """
    source = random.Random(seed)
    endings: list[Ending] = ["Ctrl-C", "kill -9", "Ctrl-C twice", "kill -9"] * (count // 4 + 1)
    endings = endings[:count]
    source.shuffle(endings)
    phases = [_IN_TURN[number % len(_IN_TURN)] for number in range(count)]
    source.shuffle(phases)
    phases.sort(key=lambda phase: phase == "report")
    if "deployment" in phases:
        phases.remove("deployment")
        phases.insert(0, "deployment")
    return [Moment(phase, source.randint(1, 2) if phase == "trial" else 1,
                   round(source.uniform(0, _LASTS_S[phase]), 3), ending,
                   round(source.uniform(0, 1.5), 3))
            for phase, ending in zip(phases, endings, strict=True)]


def check_records(folder: Path, before: RunRecord | None) -> RunRecord | None:
    """Read everything that run.json lists; return what it says, None when there is none.

    Rows written are rows scheduled, and what was recorded `before` stands as it was.
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
        assert read_kept(run.books(trial.id)).stock
    if before:
        kept = record.trials[:len(before.trials)]
        assert [(t.id, t.started_unix_s) for t in kept] == [
            (t.id, t.started_unix_s) for t in before.trials]
    return record
