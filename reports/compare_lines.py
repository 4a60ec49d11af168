"""What two runs have in common, line by line: the same number in each, and how it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from contract.run_record import TrialRecord
from reports.arms import Arms
from reports.call_cpu import cpu_ms
from reports.estimate import QS, Estimate, Ratio, is_enough, mean_of, percentile
from reports.estimate_apart import Apart, means_apart, ratio_apart
from reports.isolation import FaultResult
from reports.journeys import QS as JOURNEY_QS
from reports.journeys import journey_percentile
from reports.latency import Contrast, Latency, by_pair
from reports.read import Run
from reports.scaling import Scaling
from reports.verdicts import digits_apart
from reports.words import number

Kind = Literal["latency", "cost", "capacity", "isolation"]
Value = Callable[[Run, Latency, TrialRecord], float | None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One run with what its report measures."""

    run: Run
    arms: Arms
    series: list[Latency]
    scaling: Scaling
    faults: list[FaultResult]


@dataclass(frozen=True, slots=True)
class Line:
    """One number in both runs.  `change` is b ÷ a for ratios and times, b − a for shares."""

    kind: Kind
    what: str
    unit: str
    a: Estimate
    b: Estimate
    change: Estimate | None
    """None: no change can be computed."""

    @property
    def verdict(self) -> str:
        """Changed only if the interval of the change says so."""
        change = self.change
        if change is None or change.low is None or change.high is None:
            return "no interval"
        if self.kind == "isolation":
            if change.low > 0:
                return f"more lost, +{number(change.value * 100)} points"
            return (f"less lost, {number(change.value * 100)} points" if change.high < 0
                    else "no difference shown")
        if digits_apart(change.low):
            return f"greater, ×{number(change.value)}"
        if change.high > 0 and digits_apart(1 / change.high):
            return f"smaller, ×{number(change.value)}"
        return "no difference shown"


def lines_of(a: Loaded, b: Loaded, series: list[str], arms: Arms, barred: frozenset[str], *,
             is_same_machine: bool) -> list[Line]:
    """What is comparable of latency series; `barred`: stores whose numbers are refused."""
    lines: list[Line] = []
    for name in series:
        one, other = (next(s for s in loaded.series if s.series == name) for loaded in (a, b))
        lines += _journey_ratios(one, other, barred)
        lines += _ratios(one, other, barred)
        lines += _cost_ratios(a, b, one, other, arms, barred)
        if is_same_machine:
            lines += _times(a, b, one, other, barred)
    return lines


def _journey_ratios(one: Latency, other: Latency, barred: frozenset[str]) -> Iterator[Line]:
    """Whole journeys first: they are the headline of a report."""
    if not (one.journeys and other.journeys and one.arms and one.arms.rival and other.arms):
        return
    arms = one.arms.base, one.arms.rival
    if barred & set(arms) or (other.arms.base, other.arms.rival) != arms:
        return
    for q, before in one.journeys.ratios.items():
        after = other.journeys.ratios[q]
        if before and after:
            yield _ratio_line("latency", f"{_name(one)}: whole journeys, p{q:g}, "
                              f"{arms[1]} ÷ {arms[0]}", before, after)


def _ratios(one: Latency, other: Latency, barred: frozenset[str]) -> Iterator[Line]:
    twos = {(two.base, two.rival): two for two in other.contrasts}
    for two in one.contrasts:
        same = twos.get((two.base, two.rival))
        if same and not barred & {two.base, two.rival}:
            yield from _by_percentile(one, two, same)


def _by_percentile(one: Latency, two: Contrast, same: Contrast) -> Iterator[Line]:
    for q in QS:
        before, after = two.ratios[q], same.ratios[q]
        if before and after:
            yield _ratio_line("latency", f"{_name(one)}: p{q:g}, {two.rival} ÷ {two.base}",
                              before, after)


def _cost_ratios(a: Loaded, b: Loaded, one: Latency, other: Latency, arms: Arms,
                 barred: frozenset[str]) -> Iterator[Line]:
    if arms.rival is None or barred & {arms.base, arms.rival}:
        return
    for what, value in _COSTS.items():
        before, after = (by_pair(found, arms.base, arms.rival, _bound(value, loaded.run, found))
                         for loaded, found in ((a, one), (b, other)))
        if before and after:
            yield _ratio_line("cost", f"{_name(one)}: {what}, {arms.rival} ÷ {arms.base}",
                              before, after)


def _times(a: Loaded, b: Loaded, one: Latency, other: Latency,
           barred: frozenset[str]) -> Iterator[Line]:
    for topology in one.samples:
        if topology in barred or topology not in other.samples:
            continue
        for what, (kind, unit, value) in _ABSOLUTE.items():
            before, after = (_values(loaded.run, found, topology, value)
                             for loaded, found in ((a, one), (b, other)))
            change = means_apart(before, after) if len(before) and len(after) else None
            means = mean_of(before, unit), mean_of(after, unit)
            if change and means[0] and means[1]:
                yield Line(kind, f"{_name(one)}: {what}, {topology}", unit, means[0], means[1],
                           _change(change))


def _ratio_line(kind: Kind, what: str, before: Ratio, after: Ratio) -> Line:
    a, b = (Estimate(r.value, r.low, r.high, r.n, "ratio", r.method) for r in (before, after))
    return Line(kind, what, "ratio", a, b, _change(ratio_apart(before, after)))


def _change(found: Apart) -> Estimate:
    return Estimate(found.value, found.low, found.high, min(found.n), "ratio", found.method)


def _values(run: Run, latency: Latency, topology: str, value: Value) -> np.ndarray:
    found = [value(run, latency, trial) for trial in latency.trials if trial.topology == topology]
    return np.array([] if None in found else found, float)


def _bound(value: Value, run: Run, latency: Latency) -> Callable[[TrialRecord], float | None]:
    return lambda trial: value(run, latency, trial)


def _first_ms(q: float) -> Value:
    def value(run: Run, latency: Latency, trial: TrialRecord) -> float | None:  # noqa: ARG001
        sample = next(s for s in latency.samples[trial.topology] if s.trial == trial.id)
        return percentile(sample.first, q) if is_enough(len(sample.first), q) else None

    return value


def _journey_ms(q: float) -> Value:
    def value(run: Run, latency: Latency, trial: TrialRecord) -> float | None:
        if latency.journeys is None:
            return None
        return journey_percentile(run.measured(trial), trial.warmup_s, q)

    return value


def _cpu_ms(run: Run, latency: Latency, trial: TrialRecord) -> float | None:  # noqa: ARG001
    return cpu_ms(run, trial)


def _memory_gb(run: Run, latency: Latency, trial: TrialRecord) -> float | None:  # noqa: ARG001
    total = trial.cost.get("total")
    return total.memory_bytes / 1e9 if total else None


_COSTS: dict[str, Value] = {"CPU an answer": _cpu_ms, "memory": _memory_gb}
_ABSOLUTE: dict[str, tuple[Kind, str, Value]] = {
    **{f"whole journeys, p{q:g}": ("latency", "ms", _journey_ms(q)) for q in JOURNEY_QS},
    "p50": ("latency", "ms", _first_ms(50.0)), "p95": ("latency", "ms", _first_ms(95.0)),
    "CPU an answer": ("cost", "CPU ms", _cpu_ms), "memory": ("cost", "GB", _memory_gb)}


def _name(latency: Latency) -> str:
    return latency.series or latency.trials[0].workload
