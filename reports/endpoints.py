"""One row an endpoint and topology: percentiles, attainment, ratio of medians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contract.run_record import TrialRecord
from reports.arms import Arms, pairs_of
from reports.estimate import Estimate, Ratio, attainment, percentile, quantiles, ratio_of_pairs
from reports.guards import Judged


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One endpoint on one topology, all trials of the phase together."""

    endpoint: str
    topology: str
    n: int
    percentiles: dict[float, float | None]
    """ms; None: too few rows."""
    attainment: Estimate | None
    ratio: Ratio | None
    """Of the medians, against the base; None for the base."""


def measure_endpoints(rows: dict[int, pd.DataFrame], trials: list[TrialRecord],
                      judged: list[Judged], arms: Arms, names: list[str]) -> list[EndpointRow]:
    """`judged`: the trials of one series."""
    found = []
    by_trial = {key: dict(tuple(frame.groupby("endpoint", observed=True)["latency_ms"]))
                for key, frame in rows.items()}
    good = {key: dict(frame.groupby("endpoint", observed=True)["good"].sum())
            for key, frame in rows.items()}
    endpoints = sorted({str(name) for split in by_trial.values() for name in split})
    for endpoint in endpoints:
        for name in names:
            own = [t for t in trials if t.topology == name and endpoint in by_trial[t.id]]
            if not own:
                continue
            values = np.concatenate([by_trial[t.id][endpoint].to_numpy() for t in own])
            hits = sum(int(good[t.id][endpoint]) for t in own)
            ratio = None
            if name != arms.base:
                ratio = _endpoint_ratio(by_trial, endpoint, judged, arms.base, name)
            found.append(EndpointRow(endpoint, name, len(values), quantiles(values),
                                     attainment(hits, len(values)), ratio))
    return found


def _endpoint_ratio(by_trial: dict[int, Any], endpoint: str, judged: list[Judged],
                    base: str, rival: str) -> Ratio | None:
    pairs = pairs_of(judged, [base, rival], lambda t: t.phase == "latency")
    both = [(by_trial[p[base].id].get(endpoint), by_trial[p[rival].id].get(endpoint))
            for p in pairs]
    both = [(a, b) for a, b in both if a is not None and b is not None
            and min(len(a), len(b)) >= 5]
    if not both:
        return None
    return ratio_of_pairs([percentile(a, 50) for a, _ in both],
                          [percentile(b, 50) for _, b in both])
