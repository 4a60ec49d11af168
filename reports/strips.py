"""A fault on a trial's time line: its window, attainment by second, recovery."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from contract.endpoints import FEATURES
from contract.run_record import FaultRecord, TrialRecord
from reports.read import Run

GOOD_AGAIN: Final = 2
"""Good requests of a feature, after its last bad one, that show it is well again."""


@dataclass(frozen=True, slots=True)
class Strip:
    """`share[f, s]`: attainment of feature f in second s, NaN where nothing was scheduled."""

    topology: str
    features: list[str]
    first_s: int
    share: np.ndarray[Any, np.dtype[np.float64]]
    armed_s: float
    cleared_s: float


def fault_of(trial: TrialRecord) -> FaultRecord:
    assert trial.fault is not None
    return trial.fault


def window_of(fault: FaultRecord) -> tuple[float, float]:
    """Armed and cleared, as recorded; as planned where the record has none."""
    armed = fault.at_s if fault.armed_at_s is None else fault.armed_at_s
    cleared = armed + fault.for_s if fault.cleared_at_s is None else fault.cleared_at_s
    return armed, cleared


def matched_to(trial: TrialRecord, clean: list[TrialRecord]) -> list[TrialRecord]:
    """The runs without fault that had the same journeys; all of them where none had."""
    return [one for one in clean if one.seed == trial.seed] or clean


def in_window(rows: pd.DataFrame, fault: FaultRecord) -> pd.DataFrame:
    armed, cleared = window_of(fault)
    at = rows["intended_s"].to_numpy()
    return rows[(at >= armed) & (at < cleared)]


def of_journeys(rows: pd.DataFrame, fault: FaultRecord) -> pd.DataFrame:
    """All requests of the journeys that arrived while a fault was armed, whenever each was due.

    The arrivals are the schedule's, so both stores and the matched run have the same journeys
    here, and a step that a hang moved beyond the fault, or that was never begun, is among them.
    """
    armed, cleared = window_of(fault)
    at = rows["arrival_s"].to_numpy()
    return rows[(at >= armed) & (at < cleared)]


def recovery_s(rows: pd.DataFrame, cleared_s: float) -> float | None:
    """Seconds from cleared to the last request that was still bad, whatever its feature.

    A run of good requests over all features would hide one that is still dead, so each feature
    that failed after clearing must show good requests behind its last bad one; None: not seen.
    """
    after = rows[rows["intended_s"].to_numpy() >= cleared_s]
    last_bad_s = cleared_s
    for feature in FEATURES:
        own = after[after["feature"].to_numpy() == feature]
        bad = np.flatnonzero(~own["good"].to_numpy().astype(bool))
        if not len(bad):
            continue
        if len(own) - 1 - bad[-1] < GOOD_AGAIN:
            return None
        last_bad_s = max(last_bad_s, float(own["intended_s"].to_numpy()[bad[-1]]))
    return last_bad_s - cleared_s if len(after) else None


def strip_of(run: Run, trial: TrialRecord) -> Strip:
    rows = run.measured(trial)
    first = math.floor(trial.warmup_s)
    last = math.ceil(trial.warmup_s + trial.measure_s)
    share = np.full((len(FEATURES), last - first), np.nan)
    second = np.floor(rows["intended_s"].to_numpy()).astype(int) - first
    for index, feature in enumerate(FEATURES):
        own = rows["feature"].to_numpy() == feature
        for at in range(last - first):
            good = rows["good"].to_numpy()[own & (second == at)]
            if len(good):
                share[index, at] = good.mean()
    return Strip(trial.topology, list(FEATURES), first, share, *window_of(fault_of(trial)))
