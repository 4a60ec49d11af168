"""Part two: how much load a store carries within its objective, by search and by quick ramp.

Capacity by ramp = the highest offered rate of a ramp at which, and below which, at least 99 % of
the scheduled requests were good.  The ramp has steps, so the truth lies between that step and the
first that clearly failed: this is the interval.  Latency above capacity is backlog and is never
quoted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.run_record import TrialRecord
from reports.arms import Arms, usable
from reports.break_even import BreakEven, find_break_even
from reports.capacity import Searched, measure_points
from reports.cost import Bill, Cost, measure_bill
from reports.demand import DemandLine, LoadPoint, demand_line, load_points
from reports.estimate import attainment
from reports.guards import Judged
from reports.hot import Hot, measure_hot
from reports.read import Run
from reports.search import Search, find_searches
from reports.tally import tally
from reports.threshold_ratio import allowing_repetition, divide

ATTAINMENT: Final = 0.99
MIN_ROWS: Final = 10
"""Steps with fewer rows say nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rate of a ramp: journeys per second, and what came of the requests."""

    rate: float
    scheduled: int
    good: int
    is_cut: bool
    """The ramp was left in this step."""

    @property
    def share(self) -> float:
        return self.good / self.scheduled if self.scheduled else 0.0

    @property
    def is_seen(self) -> bool:
        """Are there rows enough to say anything?"""
        return self.is_cut or self.scheduled >= MIN_ROWS

    @property
    def holds(self) -> bool:
        return not self.is_cut and self.share >= ATTAINMENT

    @property
    def clearly_fails(self) -> bool:
        """One bad request in fifty may be bad luck: the Wilson interval must exclude 99 %."""
        found = attainment(self.good, self.scheduled)
        return self.is_cut or (found is not None and (found.high or 0) < ATTAINMENT)


@dataclass(frozen=True, slots=True)
class Capacity:
    """Journeys per second.  `low` None: already the first step failed, so capacity is below
    `high`; `high` None: even the last step held, so capacity is at least `low`."""

    low: float | None
    high: float | None
    ramps: int

    @property
    def value(self) -> float | None:
        """The highest rate that held (in the weakest ramp, if there were several)."""
        return self.low


@dataclass(frozen=True, slots=True)
class Ramp:
    trial: TrialRecord
    steps: list[Step]
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """One topology under one budget; `efficiency` against its smallest budget."""

    topology: str
    cpus: float | None
    scaled: str | None
    capacity: Capacity
    efficiency: float | None


@dataclass(frozen=True, slots=True)
class CapacityRatio:
    """base / rival at one budget; a missing end is open.  A ramp is a single search as well: the
    ends allow for its repetition."""

    cpus: float | None
    low: float | None
    high: float | None
    ramps: int


@dataclass(frozen=True, slots=True)
class Scaling:
    """`ramps`, `curve`, `ratios`, `hot_ramps`, `hot`: quick looks; `searched`, `hot_mixes`: the
    measurement; `loads` and `lines`: demand, of the workload that was searched first."""

    ramps: list[Ramp]
    curve: list[CapacityRow]
    ratios: list[CapacityRatio]
    hot_ramps: list[Ramp]
    hot: list[CapacityRow]
    searched: Searched
    hot_mixes: Hot
    loads: list[LoadPoint]
    lines: list[DemandLine]
    break_even: BreakEven | None
    bill: Bill

    @property
    def costs(self) -> list[Cost]:
        return self.bill.costs

    @property
    def searches(self) -> list[Search]:
        return self.searched.searches


def measure_scaling(run: Run, judged: list[Judged], arms: Arms) -> Scaling:
    """Compute part two from the phases `capacity`, `search`, `hot`, `idle` and `latency`."""
    counts = tally(run)
    ramps = [measure_ramp(run, trial) for trial in usable(judged, "capacity")]
    hot = [measure_ramp(run, trial) for trial in usable(judged, "hot") if is_ramp(trial)]
    curve = _rows(ramps, arms)
    searched = measure_points(find_searches(judged, "search"), counts, arms)
    loads = load_points(_at_one_rate(judged, searched), counts, arms.all)
    bill = measure_bill(run, judged, arms, counts)
    return Scaling(
        ramps, curve, _ratios(curve, arms), hot, _rows(hot, arms), searched,
        measure_hot(judged, counts, arms), loads,
        [line for name in arms.all if (line := demand_line(name, loads))],
        find_break_even(loads, arms.base, arms.rival, bill.prices), bill)


def is_ramp(trial: TrialRecord) -> bool:
    """Say whether a trial climbs: a probe has one rate, and so has a calibration."""
    return trial.probe is None and len(trial.rate_profile) > 2


def _at_one_rate(judged: list[Judged], searched: Searched) -> list[TrialRecord]:
    """Trials that tell demand against load: of the workload searched first, and without load."""
    workload = searched.points[0].workload if searched.points else None
    steady = [trial for phase in ("latency", "search") for trial in usable(judged, phase)
              if trial.workload == workload]
    return steady + usable(judged, "idle") if steady else []


def measure_ramp(run: Run, trial: TrialRecord) -> Ramp:
    """Sort a trial's journeys into the steps in which they arrived."""
    rows = run.rows(trial)
    arrival, good = rows["arrival_s"].to_numpy(), rows["good"].to_numpy()
    ends = np.cumsum([seconds for seconds, _ in trial.rate_profile])
    place = np.searchsorted(ends, arrival, side="right")
    last = max(int(place.max()), 1) if len(place) else 1
    steps = []
    for index, (_, rate) in enumerate(trial.rate_profile[1:], start=1):
        here = place == index
        if trial.stopped_early and index > last:
            break
        steps.append(Step(rate, int(here.sum()), int(good[here].sum()),
                          trial.stopped_early and index == last))
    return Ramp(trial, steps, capacity_of(steps))


def capacity_of(steps: list[Step]) -> Capacity:
    """From the last step before the first that does not hold to the first that clearly fails."""
    seen = [step for step in steps if step.is_seen]
    stop = next((i for i, step in enumerate(seen) if not step.holds), len(seen))
    held = seen[stop - 1].rate if stop else None
    return Capacity(held, next((s.rate for s in seen[stop:] if s.clearly_fails), None), 1)


def _merge(found: list[Capacity]) -> Capacity:
    """Several ramps: the interval spans them all."""
    lows = [one.low for one in found]
    highs = [one.high for one in found]
    low = None if None in lows else min(one for one in lows if one is not None)
    high = None if None in highs else max(one for one in highs if one is not None)
    return Capacity(low, high, len(found))


def _rows(ramps: list[Ramp], arms: Arms) -> list[CapacityRow]:
    groups: dict[tuple[str, float, str], list[Ramp]] = {}
    for ramp in ramps:
        trial = ramp.trial
        key = (trial.topology, trial.cpu_budget or math.inf, trial.scaled or "")
        groups.setdefault(key, []).append(ramp)
    rows: list[CapacityRow] = []
    order = {name: index for index, name in enumerate(arms.all)}
    for (topology, cpus, scaled), own in sorted(
            groups.items(), key=lambda item: (order[item[0][0]], item[0][1], item[0][2])):
        merged = _merge([ramp.capacity for ramp in own])
        first = next((row for row in rows if row.topology == topology), None)
        rows.append(CapacityRow(topology, None if math.isinf(cpus) else cpus, scaled or None,
                                merged, None if scaled else _efficiency(first, merged, cpus)))
    return rows


def _efficiency(first: CapacityRow | None, capacity: Capacity, cpus: float) -> float | None:
    """cap(r) / (r / r0 · cap(r0)); None where either end of the ramp was not found."""
    if first is None:
        return 1.0 if capacity.low and capacity.high else None
    before, now = first.capacity, capacity
    if not (before.low and before.high and now.low and now.high):
        return None
    if first.cpus is None or math.isinf(cpus):
        return None
    return (now.low / before.low) / (cpus / first.cpus)


def _ratios(curve: list[CapacityRow], arms: Arms) -> list[CapacityRatio]:
    by_key = {(row.topology, row.cpus): row.capacity for row in curve}
    found = []
    for cpus in sorted({row.cpus or math.inf for row in curve}):
        key = None if math.isinf(cpus) else cpus
        base, rival = by_key.get((arms.base, key)), by_key.get((arms.rival or "", key))
        if base and rival:
            ends = allowing_repetition(divide(base.low, rival.high), divide(base.high, rival.low))
            found.append(CapacityRatio(key, *ends, min(base.ramps, rival.ramps)))
    return found
