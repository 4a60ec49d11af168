"""What came of each trial's measured window, counted in one pass over all rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.read import Run


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests intended in the measured window, and what came of them."""

    scheduled: int
    good: int
    journeys: int
    """Visitors who arrived."""
    orders: int
    """Orders that were acknowledged; one that was acknowledged twice counts once."""
    bytes_sent: int
    """Response bodies, headers not counted."""


def tally(run: Run) -> dict[int, Tally]:
    """Count every trial that has rows; keys are trial ids."""
    rows = run.requests
    ids, place = np.unique(rows["trial"].to_numpy(), return_inverse=True)
    if not len(ids):
        return {}
    warmup = np.array([run.trials[int(key)].warmup_s for key in ids])
    measured = rows["intended_s"].to_numpy() >= warmup[place]
    orders = orders_placed(rows)
    n = len(ids)
    every = np.ones(len(rows), bool)
    scheduled, good, journeys, acknowledged = (
        np.bincount(place[measured & wanted], minlength=n).tolist() for wanted in (
            every, rows["good"].to_numpy(), rows["step"].to_numpy() == 0, orders))
    sent = np.bincount(place[measured], rows["bytes"].to_numpy()[measured], minlength=n)
    return {int(key): Tally(scheduled[i], good[i], journeys[i], acknowledged[i], int(sent[i]))
            for i, key in enumerate(ids)}


def orders_placed(rows: pd.DataFrame) -> np.ndarray:
    """Mark the rows that acknowledged an order for the first time; a journey has one at most."""
    placed: np.ndarray = ((rows["endpoint"] == "place_order").to_numpy()
                          & rows["right"].to_numpy() & (rows["status"] < 300).to_numpy())
    at = np.flatnonzero(placed)
    placed[at[rows[["trial", "journey_no"]].iloc[at].duplicated().to_numpy()]] = False
    return placed
