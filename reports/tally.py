"""What came of each trial's measured window, counted in one pass over all rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.read import Run


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests intended in the measured window, and what came of them; and what ended in it, for
    costs: CPU, memory and connections are those of the window, whenever their request began."""

    scheduled: int
    good: int
    journeys: int
    """Visitors who arrived."""
    done: int
    """Good requests that ended in the window."""
    orders: int
    """Orders that were acknowledged in it; one that was acknowledged twice counts once."""
    bytes_sent: int
    """Response bodies that arrived in it, headers not counted."""


def tally(run: Run) -> dict[int, Tally]:
    """Count every trial that has rows; keys are trial ids."""
    rows = run.requests
    ids, place = np.unique(rows["trial"].to_numpy(), return_inverse=True)
    if not len(ids):
        return {}
    warmup = np.array([run.trials[int(key)].warmup_s for key in ids])
    until = warmup + np.array([run.trials[int(key)].measure_s for key in ids])
    measured = rows["intended_s"].to_numpy() >= warmup[place]
    end_s = rows["end_s"].to_numpy()
    ended = (end_s >= warmup[place]) & (end_s < until[place])
    good, first = rows["good"].to_numpy(), rows["step"].to_numpy() == 0
    n = len(ids)
    scheduled, kept, journeys, done, orders = (
        np.bincount(place[wanted], minlength=n).tolist() for wanted in (
            measured, measured & good, measured & first, ended & good,
            ended & orders_placed(rows)))
    sent = np.bincount(place[ended], rows["bytes"].to_numpy()[ended], minlength=n)
    return {int(key): Tally(scheduled[i], kept[i], journeys[i], done[i], orders[i], int(sent[i]))
            for i, key in enumerate(ids)}


def orders_placed(rows: pd.DataFrame) -> np.ndarray:
    """Mark the rows that acknowledged an order for the first time; a journey has one at most."""
    placed: np.ndarray = ((rows["endpoint"] == "place_order").to_numpy()
                          & rows["right"].to_numpy() & (rows["status"] < 300).to_numpy())
    at = np.flatnonzero(placed)
    placed[at[rows[["trial", "journey_no"]].iloc[at].duplicated().to_numpy()]] = False
    return placed
