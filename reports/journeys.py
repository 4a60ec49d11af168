"""Whole journeys: from a visitor's arrival to the last answer, without the pauses in between.

What a visitor waits in all: the response time of the first request, from the instant at which the
schedule had it arrive, and the service times of those that follow.  A journey in which one answer
was wrong or missing never ended: it ranks as the slowest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from contract.run_record import TrialRecord
from reports.arms import Pairs
from reports.estimate import Band, Floats, Ratio, is_enough, percentile, ratio_of_pairs
from reports.verdicts import band_of

QS: Final = (50.0, 95.0)


@dataclass(frozen=True, slots=True)
class Journeys:
    """Of one series and the two stores compared, by percentile: rival ÷ base by pairs, and how
    far a store was from itself; None where a trial has too few journeys."""

    ratios: dict[float, Ratio | None]
    bands: dict[float, Band | None]


def measure_journeys(rows: dict[int, pd.DataFrame], pairs: Pairs, arms: tuple[str, str],
                     aa: list[tuple[TrialRecord, TrialRecord]]) -> Journeys | None:
    """Compare whole journeys; `rows` by trial.  None where a journey is one request."""
    if not pairs or all((frame["step"] == 0).all() for frame in rows.values()):
        return None
    twos = [(pair[arms[0]], pair[arms[1]]) for pair in pairs]
    times = {trial.id: journey_ms(rows[trial.id], trial.warmup_s)
             for two in (*twos, *aa) for trial in two if trial.id in rows}
    return Journeys(
        {q: ratio_of_pairs(*_quoted(twos, times, q)) if _are_enough(twos, times, q) else None
         for q in QS},
        {q: band_of([b / a for a, b in zip(*_quoted(aa, times, q), strict=True)])
         if _are_enough(aa, times, q) else None for q in QS})


def journey_ms(frame: pd.DataFrame, warmup_s: float) -> Floats:
    """Time of each journey that arrived after the warm-up, in ms, sorted."""
    own = frame[frame["arrival_s"].to_numpy() >= warmup_s]
    _, place = np.unique(own["journey_no"].to_numpy(), return_inverse=True)
    return np.sort(np.bincount(place, weights=own["latency_ms"].to_numpy()))


def _are_enough(twos: list[tuple[TrialRecord, TrialRecord]], times: dict[int, Floats],
                q: float) -> bool:
    return bool(twos) and all(trial.id in times and is_enough(len(times[trial.id]), q)
                              for two in twos for trial in two)


def _quoted(twos: list[tuple[TrialRecord, TrialRecord]], times: dict[int, Floats],
            q: float) -> tuple[list[float], list[float]]:
    first, second = ([percentile(times[two[side].id], q) for two in twos] for side in (0, 1))
    return first, second
