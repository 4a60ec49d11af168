"""Capacities by search in two runs: point by point, where both asked the same question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contract.run_record import TrialRecord
from reports.arms import Arms
from reports.capacity import Place, Point, Searched
from reports.compare_lines import Line, Loaded, parted
from reports.compare_refusals import Refusal, refuse_point, refuse_value
from reports.estimate import Estimate
from reports.search_words import basis_text
from reports.threshold_ratio import (
    ThresholdRatio,
    divide,
    ratio_of_searches,
    ratio_of_searches_apart,
)

_UNSEARCHED: Final = "not searched"


def capacity_lines(a: Loaded, b: Loaded, arms: Arms, barred: frozenset[str], *,
                   is_same_machine: bool) -> tuple[list[Line], list[Refusal]]:
    """What is comparable of the searched points, and why the others are not."""
    held, refusals = _held(a, b)
    found: list[Line | Refusal] = []
    if arms.rival and not barred & {arms.base, arms.rival}:
        found += _ratios(a, b, (arms.base, arms.rival), held)
    if is_same_machine:
        found += _capacities(a, b, barred, held)
    lines, against = parted(found)
    return lines, [*refusals, *against]


def _held(a: Loaded, b: Loaded) -> tuple[list[Place], list[Refusal]]:
    """Places that were searched in both runs in the same way, and reasons for the others."""
    first, second = _probes(a.scaling.searched), _probes(b.scaling.searched)
    held, refusals = [], []
    for place, one in first.items():
        if place not in second:
            refusals.append(Refusal(_named(place), f"not in {b.run.record.run}"))
            continue
        against = refuse_point(a.run.record, b.run.record, _named(place), one, second[place])
        refusals += against
        held += [] if against else [place]
    refusals += [Refusal(_named(place), f"not in {a.run.record.run}")
                 for place in second if place not in first]
    return held, refusals


def _probes(found: Searched) -> dict[Place, TrialRecord]:
    """Any probe of each place: mix, objective and limits are those of all."""
    return {point.place: point.searches[0].trial for point in found.points}


def _named(place: Place) -> str:
    workload, cpus, replicas = place
    return f"{workload} on {cpus:g} CPU × {replicas}"


def _ratios(a: Loaded, b: Loaded, two: tuple[str, str],
            held: list[Place]) -> Iterator[Line | Refusal]:
    first, second = _points(a), _points(b)
    for place in held:
        what = f"{_named(place)}: capacity, {two[0]} ÷ {two[1]}"
        before, after = (_divided([points.get((topology, place)) for topology in two])
                         for points in (first, second))
        if isinstance(before, str) or isinstance(after, str):
            if (before, after) != (_UNSEARCHED, _UNSEARCHED):
                yield refuse_value(what, (a.run.record, b.run.record), (before, after))
            continue
        one, other = _of_ratio(before), _of_ratio(after)
        assert one
        assert other
        yield Line("capacity", what, "ratio", one, other, _change_of_ratios(before, after))


def _divided(two: list[Point | None]) -> ThresholdRatio | str:
    """Base ÷ rival of one point, or why there is none."""
    base, rival = two
    if base is None or rival is None:
        return _UNSEARCHED
    ratio = ratio_of_searches(base.searches, rival.searches)
    return ratio if ratio.value else " and ".join(
        _unanswered(point, f" of {point.topology}") for point in (base, rival)
        if point.capacity.value is None)


def _capacities(a: Loaded, b: Loaded, barred: frozenset[str],
                held: list[Place]) -> Iterator[Line | Refusal]:
    first, second = _points(a), _points(b)
    for topology, place in dict.fromkeys([*first, *second]):
        if topology in barred or place not in held:
            continue
        what = f"{_named(place)}: capacity, {topology}"
        point, same = first.get((topology, place)), second.get((topology, place))
        before, after = _capacity(point), _capacity(same)
        if point is None or same is None or isinstance(before, str) or isinstance(after, str):
            yield refuse_value(what, (a.run.record, b.run.record), (before, after))
            continue
        change = ratio_of_searches_apart(same.searches, point.searches)
        yield Line("capacity", what, before.unit, before, after, _of_ratio(change))


def _points(loaded: Loaded) -> dict[tuple[str, Place], Point]:
    return {(point.topology, point.place): point for point in loaded.scaling.searched.points}


def _capacity(point: Point | None) -> Estimate | str:
    """What a point carries, or why that is not known."""
    return _UNSEARCHED if point is None else point.capacity.estimate or _unanswered(point)


def _unanswered(point: Point, of: str = "") -> str:
    """`search unanswered`, `2 of 5 searches of monolith unanswered`."""
    n = sum(search.threshold.value is None for search in point.searches)
    return (f"search{of} unanswered" if len(point.searches) == 1
            else f"{n} of {len(point.searches)} searches{of} unanswered")


def _of_ratio(ratio: ThresholdRatio) -> Estimate | None:
    return (Estimate(ratio.value, ratio.low, ratio.high, ratio.n, "ratio", basis_text(ratio))
            if ratio.value else None)


def _change_of_ratios(a: ThresholdRatio, b: ThresholdRatio) -> Estimate | None:
    """b ÷ a; its ends are the outermost that each ratio is decided by."""
    value = divide(b.value, a.value)
    return (Estimate(value, divide(b.low, a.high), divide(b.high, a.low), a.n + b.n, "ratio",
                     f"outermost ends of {basis_text(a)} and {basis_text(b)}")
            if value else None)
