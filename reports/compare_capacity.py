"""Capacities by search in two runs: point by point, where both asked the same question."""

from __future__ import annotations

from collections.abc import Iterator

from contract.run_record import TrialRecord
from reports.arms import Arms
from reports.capacity import Place, Searched
from reports.compare_lines import Line, Loaded
from reports.compare_refusals import Refusal, refuse_point
from reports.estimate import Estimate
from reports.search_words import basis_text
from reports.threshold_ratio import ThresholdRatio, divide, ratio_of_searches_apart


def capacity_lines(a: Loaded, b: Loaded, arms: Arms, barred: frozenset[str], *,
                   is_same_machine: bool) -> tuple[list[Line], list[Refusal]]:
    """What is comparable of the searched points, and why the others are not."""
    one, other = a.scaling.searched, b.scaling.searched
    held, refusals = _held(a, b)
    lines: list[Line] = []
    if not barred & {arms.base, arms.rival}:
        lines += _ratios(one, other, arms, held)
    if is_same_machine:
        lines += _capacities(one, other, barred, held)
    return lines, refusals


def _held(a: Loaded, b: Loaded) -> tuple[set[Place], list[Refusal]]:
    """Places that were searched in both runs in the same way, and reasons for the others."""
    first, second = _probes(a.scaling.searched), _probes(b.scaling.searched)
    held, refusals = set(), []
    for place, one in first.items():
        if place not in second:
            refusals.append(Refusal(_named(place), f"not in {b.run.record.run}"))
            continue
        against = refuse_point(a.run.record, b.run.record, _named(place), one, second[place])
        refusals += against
        held |= set() if against else {place}
    refusals += [Refusal(_named(place), f"not in {a.run.record.run}")
                 for place in second if place not in first]
    return held, refusals


def _probes(found: Searched) -> dict[Place, TrialRecord]:
    """Any probe of each place: mix, objective and limits are those of all."""
    return {point.place: point.searches[0].trial for point in found.points}


def _named(place: Place) -> str:
    workload, cpus, replicas = place
    return f"{workload} on {cpus:g} CPU × {replicas}"


def _ratios(one: Searched, other: Searched, arms: Arms, held: set[Place]) -> Iterator[Line]:
    known = {found.place: found.ratio for found in other.ratios}
    for found in one.ratios:
        after = known.get(found.place) if found.place in held else None
        a, b = _of_ratio(found.ratio), _of_ratio(after) if after else None
        if after and a and b:
            yield Line("capacity", f"{_named(found.place)}: capacity, {arms.base} ÷ {arms.rival}",
                       "ratio", a, b, _change_of_ratios(found.ratio, after))


def _capacities(one: Searched, other: Searched, barred: frozenset[str],
                held: set[Place]) -> Iterator[Line]:
    known = {(point.topology, point.place): point for point in other.points}
    for point in one.points:
        same = known.get((point.topology, point.place))
        if point.topology in barred or same is None or point.place not in held:
            continue
        before, after = point.capacity.estimate, same.capacity.estimate
        if before and after:
            change = ratio_of_searches_apart(same.searches, point.searches)
            yield Line("capacity", f"{_named(point.place)}: capacity, {point.topology}",
                       before.unit, before, after, _of_ratio(change))


def _of_ratio(ratio: ThresholdRatio) -> Estimate | None:
    return (Estimate(ratio.value, ratio.low, ratio.high, ratio.n, "ratio", basis_text(ratio))
            if ratio.value else None)


def _change_of_ratios(a: ThresholdRatio, b: ThresholdRatio) -> Estimate | None:
    """b ÷ a; its ends are the outermost that each ratio is decided by."""
    value = divide(b.value, a.value)
    return (Estimate(value, divide(b.low, a.high), divide(b.high, a.low), a.n + b.n, "ratio",
                     f"outermost ends of {basis_text(a)} and {basis_text(b)}")
            if value else None)
