"""What a trial's rows answer while the run goes on: a median, a probe's yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from contract.run_record import TrialRecord
from reports.estimate import is_enough, percentile

ATTAINMENT: Final = 0.99
"""Share of scheduled requests that must be good."""


@dataclass(frozen=True, slots=True)
class Answers:
    """`p50_ms`, `p95_ms`: response times of first requests, None where rows are too few or a
    right answer came too rarely; `scheduled`, `good`: all requests of the measured window."""

    p50_ms: float | None
    p95_ms: float | None
    scheduled: int
    good: int


def read_answers(path: Path, trial: TrialRecord) -> Answers:
    """Read one trial's rows of those journeys that arrived in the measured window."""
    table = pq.read_table(path, columns=["journey_no", "step", "intended_s", "end_s", "outcome"])
    column: dict[str, np.ndarray[Any, Any]] = {
        name: table[name].to_numpy() for name in ("journey_no", "step", "intended_s", "end_s")}
    right = np.asarray([outcome == "ok" for outcome in table["outcome"].to_pylist()], bool)
    first = column["step"] == 0
    late = set(column["journey_no"][first & (column["intended_s"] < trial.warmup_s)].tolist())
    measured = np.asarray([no not in late for no in column["journey_no"].tolist()], bool)
    response_ms = (column["end_s"] - column["intended_s"]) * 1000
    with np.errstate(invalid="ignore"):
        good = right & (response_ms <= trial.slo_ms)
    values = np.where(right, response_ms, np.inf)[measured & first]
    return Answers(_quoted(values, 50.0), _quoted(values, 95.0), int(measured.sum()),
                   int(good[measured].sum()))


def holds(answers: Answers, trial: TrialRecord) -> bool:
    """Say whether the store met the objective."""
    return (not trial.stopped_early and answers.scheduled > 0
            and answers.good >= ATTAINMENT * answers.scheduled)


def _quoted(values: np.ndarray[Any, Any], q: float) -> float | None:
    if not is_enough(len(values), q):
        return None
    found = percentile(values, q)
    return found if np.isfinite(found) else None
