"""Warm-up: was a store still getting faster, or already falling behind, while it was measured?

By trial, the median of the window's first third ÷ the median of the rest; over the trials of a
store, a t interval of the log ratios and their sign-flip p.  A steady store gives 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from reports.estimate import ALPHA, Ratio, percentile, ratio_of_pairs
from reports.estimate_family import adjusted_p
from reports.latency import Latency
from reports.read import Run
from reports.words import count, p_said, times

LEAST_TRIALS: Final = 3
LEAST_ROWS: Final = 20
"""First requests in each of the two stretches."""
LEAST_CHANGE: Final = 1.05
"""A start that is within 5 % of the rest is not named."""


@dataclass(frozen=True, slots=True)
class Warmup:
    """First third of the measured window ÷ the rest, medians of first requests."""

    topology: str
    series: str
    ratio: Ratio
    p: float | None
    """After Holm over all stores and series of the run."""

    @property
    def key(self) -> tuple[str, ...]:
        """What is the same when it is found elsewhere."""
        return "warm-up", self.topology, self.verdict

    @property
    def where(self) -> str:
        return self.series or "latency"

    @property
    def verdict(self) -> Literal["steady", "still warming up", "falling behind"]:
        r = self.ratio
        if r.low is None or r.high is None or self.p is None or self.p >= ALPHA:
            return "steady"
        if r.low > 1 and r.value >= LEAST_CHANGE:
            return "still warming up"
        if r.high < 1 and r.value <= 1 / LEAST_CHANGE:
            return "falling behind"
        return "steady"

    @property
    def is_found(self) -> bool:
        return self.verdict != "steady"

    @property
    def sentence(self) -> str:
        """Say what the first third was like against the rest."""
        r = self.ratio
        numbers = (f"first third ÷ rest {times(r.value, r.low, r.high)}, "
                   f"{count(r.n, 'trial')}, {p_said(self.p)}")
        what = f"{self.topology}, {self.series or 'latency'}: "
        if self.verdict == "still warming up":
            return (f"{what}warm-up was not over when measuring began ({numbers}); a longer "
                    "warm-up would say more.")
        if self.verdict == "falling behind":
            return (f"{what}answers took longer the longer the load lasted ({numbers}): the "
                    "store did not come to a steady state.")
        return f"{what}steady ({numbers})."


def find_warmups(run: Run, series: list[Latency]) -> list[Warmup]:
    """Every store and series with trials enough."""
    found = {(one.series, topology): ratio for one in series for topology in one.samples
             if (ratio := _ratio(run, one, topology))}
    p = adjusted_p({f"{topology} {name}": ratio for (name, topology), ratio in found.items()})
    return [Warmup(topology, name, ratio, p[f"{topology} {name}"])
            for (name, topology), ratio in found.items()]


def _ratio(run: Run, latency: Latency, topology: str) -> Ratio | None:
    early, late = [], []
    for trial in latency.trials:
        if trial.topology != topology:
            continue
        rows = run.measured(trial)
        rows = rows[rows["step"].to_numpy() == 0]
        is_early = rows["intended_s"].to_numpy() < trial.warmup_s + trial.measure_s / 3
        values = rows["latency_ms"].to_numpy()
        if min(is_early.sum(), len(values) - is_early.sum()) >= LEAST_ROWS:
            early.append(percentile(values[is_early], 50))
            late.append(percentile(values[~is_early], 50))
    known = [(a, b) for a, b in zip(late, early, strict=True) if np.isfinite([a, b]).all()]
    if len(known) < LEAST_TRIALS:
        return None
    return ratio_of_pairs([a for a, _ in known], [b for _, b in known])
