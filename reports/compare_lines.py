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
from reports.latency import Contrast, Latency, by_pair
from reports.read import Run
from reports.scaling import Scaling
from reports.search_words import basis_text
from reports.threshold_ratio import ThresholdRatio, divide, ratio_of_searches_apart
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
    """Everything comparable; `barred`: stores whose numbers are refused."""
    lines: list[Line] = []
    for name in series:
        one, other = (next(s for s in loaded.series if s.series == name) for loaded in (a, b))
        lines += _ratios(one, other, barred)
        lines += _cost_ratios(a, b, one, other, arms, barred)
        if is_same_machine:
            lines += _times(a, b, one, other, barred)
    if not barred & {arms.base, arms.rival}:
        lines += _capacity_ratios(a.scaling, b.scaling, arms)
    if is_same_machine:
        lines += _capacities(a.scaling, b.scaling, barred)
    return [*lines, *_losses(a.faults, b.faults, barred)]


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


def _capacity_ratios(one: Scaling, other: Scaling, arms: Arms) -> Iterator[Line]:
    known = {found.place: found.ratio for found in other.searched.ratios}
    for found in one.searched.ratios:
        after = known.get(found.place)
        a, b = _of_ratio(found.ratio), _of_ratio(after) if after else None
        if after and a and b:
            workload, cpus, replicas = found.place
            yield Line("capacity", f"{workload} on {cpus:g} CPU × {replicas}: capacity, "
                       f"{arms.base} ÷ {arms.rival}", "ratio", a, b,
                       _change_of_ratios(found.ratio, after))


def _capacities(one: Scaling, other: Scaling, barred: frozenset[str]) -> Iterator[Line]:
    known = {(point.topology, point.place): point for point in other.searched.points}
    for point in one.searched.points:
        same = known.get((point.topology, point.place))
        if point.topology in barred or same is None:
            continue
        before, after = point.capacity.estimate, same.capacity.estimate
        if before and after:
            workload, cpus, replicas = point.place
            change = ratio_of_searches_apart(same.searches, point.searches)
            yield Line("capacity", f"{workload} on {cpus:g} CPU × {replicas}: capacity, "
                       f"{point.topology}", before.unit, before, after, _of_ratio(change))


def _of_ratio(ratio: ThresholdRatio) -> Estimate | None:
    return (Estimate(ratio.value, ratio.low, ratio.high, ratio.n, "ratio", basis_text(ratio))
            if ratio.value else None)


def _change_of_ratios(a: ThresholdRatio, b: ThresholdRatio) -> Estimate | None:
    """b ÷ a; its ends are the outermost that each ratio is decided by."""
    value = divide(b.value, a.value)
    return (Estimate(value, divide(b.low, a.high), divide(b.high, a.low), a.n + b.n, "ratio",
                     f"outermost ends of {basis_text(a)} and {basis_text(b)}")
            if value else None)


def _losses(one: list[FaultResult], other: list[FaultResult],
            barred: frozenset[str]) -> Iterator[Line]:
    known = {(result.fault.name, result.posture): result for result in other if not result.void}
    for result in one:
        same = known.get((result.fault.name, result.posture))
        if result.void or same is None or not _is_same_fault(result, same):
            continue
        for topology, loss in result.losses.items():
            after = same.losses[topology].collateral if topology in same.losses else None
            if loss.collateral and after and topology not in barred:
                yield Line("isolation", f"{result.name}: collateral, {topology}",
                           "share of requests", loss.collateral, after,
                           _gap(loss.collateral, after))


def _is_same_fault(one: FaultResult, other: FaultResult) -> bool:
    keys = ("module", "kind", "dose", "delay_ms", "at_s", "for_s")
    return all(getattr(one.fault, key) == getattr(other.fault, key) for key in keys)


def _gap(before: Estimate, after: Estimate) -> Estimate:
    """b − a of two shares; halves of their intervals add as errors do."""
    gap = after.value - before.value
    if before.low is None or after.low is None:
        return Estimate(gap, None, None, 1, "share of requests", "difference")
    half = float(np.hypot(before.value - before.low, after.value - after.low))
    return Estimate(gap, gap - half, gap + half, min(before.n, after.n), "share of requests",
                    "difference")


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


def _cpu_ms(run: Run, latency: Latency, trial: TrialRecord) -> float | None:  # noqa: ARG001
    return cpu_ms(run, trial)


def _memory_gb(run: Run, latency: Latency, trial: TrialRecord) -> float | None:  # noqa: ARG001
    total = trial.cost.get("total")
    return total.memory_bytes / 1e9 if total else None


_COSTS: dict[str, Value] = {"CPU an answer": _cpu_ms, "memory": _memory_gb}
_ABSOLUTE: dict[str, tuple[Kind, str, Value]] = {
    "p50": ("latency", "ms", _first_ms(50.0)), "p95": ("latency", "ms", _first_ms(95.0)),
    "CPU an answer": ("cost", "CPU ms", _cpu_ms), "memory": ("cost", "GB", _memory_gb)}


def _name(latency: Latency) -> str:
    return latency.series or latency.trials[0].workload
