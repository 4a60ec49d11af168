"""One row an endpoint and topology: percentiles, attainment, ratio of medians beside its noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from contract.run_record import TrialRecord
from reports.arms import Arms, aa_pairs_of, pairs_of
from reports.contrasts import Twos
from reports.estimate import Estimate, Ratio, attainment, percentile, quantiles, ratio_of_pairs
from reports.guards import Judged
from reports.verdicts import NO_PAIR, Word, band_of_pairs, speed_word
from reports.words import count

LEAST_ROWS: Final = 5
"""Of an endpoint in each trial of a pair: a median of fewer says little, and pairs are averaged."""

Split = Mapping[int, Mapping[Any, Any]]
"""Trial → endpoint → latencies in ms."""


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
    """Of the medians, against the base, with the noise floor of the same; None for the base."""
    why_not: str = ""
    """Why there is no ratio; "" where there is one, and for the base."""

    def word(self, adjusted_p: float | None) -> Word:
        """The verdict, by the rule of every other ratio of times."""
        return speed_word(self.ratio, self.ratio.band if self.ratio else None, adjusted_p)


def measure_endpoints(rows: dict[int, pd.DataFrame], trials: list[TrialRecord],
                      judged: list[Judged], arms: Arms, names: list[str]) -> list[EndpointRow]:
    """`judged`: the trials of one series."""
    aa = aa_pairs_of(judged)
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
            ratio, why_not = None, ""
            if name != arms.base:
                pairs = pairs_of(judged, [arms.base, name], lambda t: t.phase == "latency")
                ratio, why_not = _ratio(by_trial, endpoint,
                                        [(pair[arms.base], pair[name]) for pair in pairs])
                ratio = ratio and replace(ratio, band=band_of_pairs(
                    _medians(by_trial, endpoint, aa)))
            found.append(EndpointRow(endpoint, name, len(values), quantiles(values),
                                     attainment(hits, len(values)), ratio, why_not))
    return found


def _ratio(by_trial: Split, endpoint: str, twos: Twos) -> tuple[Ratio | None, str]:
    """Rival ÷ base over the pairs with rows enough, and why there is none."""
    if not twos:
        return None, NO_PAIR
    medians = _medians(by_trial, endpoint, twos)
    if not medians:
        return None, f"no pair has {LEAST_ROWS} requests in each trial"
    found = ratio_of_pairs([a for a, _ in medians], [b for _, b in medians])
    if found is None:
        endless = sum(not np.isfinite(both).all() for both in medians)
        return None, (f"in {endless} of {count(len(medians), 'pair')} half of a trial's requests "
                      "or more were not answered rightly")
    return found, ""


def _medians(by_trial: Split, endpoint: str, twos: Twos) -> list[tuple[float, float]]:
    both = [[by_trial.get(trial.id, {}).get(endpoint, ()) for trial in two] for two in twos]
    return [(percentile(a, 50), percentile(b, 50)) for a, b in both
            if min(len(a), len(b)) >= LEAST_ROWS]
