"""Whole journeys: from a visitor's arrival to the last answer, without the pauses in between.

What a visitor waits in all: the response time of the first request, from the instant at which the
schedule had it arrive, and the service times of those that follow.  A journey in which one answer
was wrong or missing never ended: it ranks as the slowest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from contract.run_record import TrialRecord
from reports.arms import Pairs
from reports.contrasts import band_of_percentiles, ratio_of_percentiles
from reports.estimate import Band, Floats, Ratio, is_enough, percentile

QS: Final = (50.0, 95.0)


@dataclass(frozen=True, slots=True)
class Journeys:
    """Of one series and the two stores compared, by percentile: rival ÷ base by pairs, and how
    far a store was from itself, over the pairs with journeys enough; None where no pair has."""

    ratios: dict[float, Ratio | None]
    bands: dict[float, Band | None]
    why_not: dict[float, str] = field(default_factory=dict)
    """Why a percentile has no ratio; "" where it has one."""


def measure_journeys(rows: dict[int, pd.DataFrame], pairs: Pairs, arms: tuple[str, str],
                     aa: list[tuple[TrialRecord, TrialRecord]]) -> Journeys | None:
    """Compare whole journeys; `rows` by trial.  None where a journey is one request."""
    if not pairs or all((frame["step"] == 0).all() for frame in rows.values()):
        return None
    twos = [(pair[arms[0]], pair[arms[1]]) for pair in pairs]
    times = {trial.id: journey_ms(rows[trial.id], trial.warmup_s)
             for two in (*twos, *aa) for trial in two if trial.id in rows}
    found = {q: ratio_of_percentiles(times, twos, q, "whole journeys") for q in QS}
    return Journeys({q: ratio for q, (ratio, _) in found.items()},
                    {q: band_of_percentiles(times, aa, q) for q in QS},
                    {q: why for q, (_, why) in found.items()})


def journey_ms(frame: pd.DataFrame, warmup_s: float) -> Floats:
    """Time of each journey that arrived after the warm-up, in ms, sorted."""
    own = frame[frame["arrival_s"].to_numpy() >= warmup_s]
    _, place = np.unique(own["journey_no"].to_numpy(), return_inverse=True)
    return np.sort(np.bincount(place, weights=own["latency_ms"].to_numpy()))


def journey_percentile(frame: pd.DataFrame, warmup_s: float, q: float) -> float | None:
    """Percentile q of whole journeys, in ms: None where too few came, infinite where too few
    ended rightly."""
    return journey_percentiles(frame, warmup_s, (q,))[q]


def journey_percentiles(frame: pd.DataFrame, warmup_s: float,
                        qs: Sequence[float] = QS) -> dict[float, float | None]:
    """The same of several percentiles."""
    times = journey_ms(frame, warmup_s)
    return {q: percentile(times, q) if is_enough(len(times), q) else None for q in qs}
