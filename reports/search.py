"""The searches of a run: what was confirmed, and what the probes leave open.

A search asks for a threshold: the highest rate that meets the objective, or the fewest cores or
the least memory that meet it at a fixed rate.  It ramps, bisects and confirms; its answer is the
hardest value that was confirmed, its interval reaches from there (from the hardest that held,
where nothing was confirmed) to the easiest that failed.
Source: docs/method.md, docs/decisions/0110-what-a-search-answers.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from contract.probe_record import Variable
from contract.run_record import TrialRecord
from reports.bracket import by_value, has_failed
from reports.estimate import Estimate
from reports.guards import Judged

_UNITS: Final[dict[Variable, str]] = {
    "rate": "journeys/s", "cpus": "cores", "memory": "MiB"}


@dataclass(frozen=True, slots=True)
class Probe:
    """An answered question: at `value`, so many of the scheduled requests were good."""

    trial: TrialRecord
    value: float
    step: str
    scheduled: int
    good: int
    holds: bool

    @property
    def share(self) -> float:
        return self.good / self.scheduled if self.scheduled else 0.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """`value` None: nothing was confirmed; `low`, `high` None: that end was not found."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Searches."""
    variable: Variable = "rate"
    spread: float | None = None
    """(max − min) / median of what the searches confirmed; None with fewer than two answers."""

    @property
    def estimate(self) -> Estimate | None:
        """The same for readers who need a number; None when nothing was confirmed."""
        if self.value is None:
            return None
        caveats = () if self.n > 1 else ("one search: repetition is not in the interval",)
        return Estimate(self.value, self.low, self.high, self.n, _UNITS[self.variable],
                        "ramp, bisection, confirmation", caveats)


@dataclass(frozen=True, slots=True)
class Search:
    """One search on one topology; `probes` are those that count, in the order of measurement."""

    name: str
    variable: Variable
    repeat: int
    probes: list[Probe] = field(repr=False)
    rejected: int
    """Probes that were not believed."""
    threshold: Threshold

    @property
    def trial(self) -> TrialRecord:
        """Any probe: workload, topology, budget and replicas are those of all."""
        return self.probes[0].trial

    @property
    def best(self) -> Probe | None:
        """The longest window at the hardest value that held: where the store is best known."""
        edge = self.threshold.low if self.variable == "rate" else self.threshold.high
        held = [probe for probe in self.probes if probe.holds and probe.value == edge]
        return max(held, key=lambda probe: probe.trial.measure_s, default=None)


def find_searches(judged: Sequence[Judged], phase: str) -> list[Search]:
    """Gather the searches of a phase in the order in which they began; rejected probes are
    counted, not used."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        if one.trial.phase == phase and one.trial.probe is not None:
            groups.setdefault(one.trial.probe.search, []).append(one)
    found = [_search(name, own) for name, own in groups.items()]
    return [search for search in found if search.probes]


def threshold_of(probes: Sequence[Probe], variable: Variable) -> Threshold:
    """Read one search's answer from its probes."""
    sign = 1.0 if variable == "rate" else -1.0

    def hardness(value: float) -> float:
        return sign * value

    asked = by_value((probe.value, probe.step, probe.holds) for probe in probes)
    beyond = min((value for value, own in asked.items() if has_failed(own)), key=hardness,
                 default=None)
    held = [probe for probe in probes
            if probe.holds and (beyond is None or hardness(probe.value) < hardness(beyond))]
    edge = max((probe.value for probe in held), key=hardness, default=None)
    confirmed = max((probe.value for probe in held if probe.step == "confirm"), key=hardness,
                    default=None)
    sure = edge if confirmed is None else confirmed
    low, high = (sure, beyond) if variable == "rate" else (beyond, sure)
    return Threshold(confirmed, low, high, 1, variable)


def merge(found: Sequence[Threshold]) -> Threshold:
    """Several searches of one thing: the median of their answers, an interval that spans all.

    One of them without an answer leaves the whole without one.
    """
    if len(found) == 1:
        return found[0]
    values = [one.value for one in found if one.value is not None]
    lows = [one.low for one in found if one.low is not None]
    highs = [one.high for one in found if one.high is not None]
    n = len(found)
    spread = ((max(values) - min(values)) / float(np.median(values)) if len(values) > 1 else None)
    return Threshold(float(np.median(values)) if len(values) == n else None,
                     min(lows) if len(lows) == n else None,
                     max(highs) if len(highs) == n else None, n, found[0].variable, spread)


def _search(name: str, own: list[Judged]) -> Search:
    probes = [
        Probe(one.trial, asked.value, asked.step, asked.scheduled, asked.good, asked.holds)
        for one in own
        if (asked := one.trial.probe) and asked.holds is not None and one.status != "rejected"]
    asked = own[0].trial.probe
    assert asked is not None
    last = name.rsplit("/", 1)[-1]
    return Search(name, asked.variable, int(last) if last.isdecimal() else 0, probes,
                  len(own) - len(probes), threshold_of(probes, asked.variable))
