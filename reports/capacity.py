"""Capacity by search: at every point of resources, along every axis, one store by another.

Axes: cores for one deployment (vertical), machines (replicas, each with its cores), replicas of
one budget.  Efficiency is capacity for a core against the axis's smallest point:
E(r) = cap(r) / (r · cap(1)), with r in cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from reports.arms import Arms
from reports.demand import Bound, bound_of, whole
from reports.price import PriceList, Use
from reports.search import Search, Threshold, merge
from reports.tally import Tally
from reports.threshold_ratio import (
    ThresholdRatio,
    ratio_of_searches,
    ratio_of_searches_apart,
)
from reports.usl import Refusal, Usl, fit_usl

Axis = Literal["cpus", "machines", "replicas"]
AXES: Final[tuple[Axis, ...]] = ("cpus", "machines", "replicas")
Place = tuple[str, float, int]
"""(workload, cores, replicas of every program)"""


@dataclass(frozen=True, slots=True)
class Point:
    """One topology with given resources; `memory_gb` is what it held at its capacity."""

    topology: str
    workload: str
    cpus: float
    replicas: int
    searches: list[Search]
    capacity: Threshold
    bound: Bound | None
    memory_gb: float | None
    connections: int

    @property
    def place(self) -> Place:
        return self.workload, self.cpus, self.replicas


@dataclass(frozen=True, slots=True)
class PointRatio:
    """Two topologies with the same resources: base ÷ rival."""

    place: Place
    ratio: ThresholdRatio


@dataclass(frozen=True, slots=True)
class Stop:
    """A point on an axis; `size` in units of the smallest.  Points are searched one after the
    other, so `efficiency` compares what was measured apart."""

    size: float
    point: Point
    efficiency: ThresholdRatio


@dataclass(frozen=True, slots=True)
class Curve:
    """One topology along one axis, two points or more; `fixed` names what stays the same."""

    topology: str
    workload: str
    axis: Axis
    fixed: float
    """cpus: replicas; machines: cores for each; replicas: cores in all."""
    stops: list[Stop]
    usl: Usl | Refusal


@dataclass(frozen=True, slots=True)
class BigSmall:
    """One big deployment against many small ones within the same budget (vertical ÷ horizontal)."""

    big: Point
    small: Point
    ratio: ThresholdRatio


@dataclass(frozen=True, slots=True)
class Searched:
    """Part two by search."""

    points: list[Point]
    ratios: list[PointRatio]
    curves: list[Curve]
    big_small: list[BigSmall]

    @property
    def searches(self) -> list[Search]:
        return [search for point in self.points for search in point.searches]


def measure_points(searches: Sequence[Search], tallies: dict[int, Tally], arms: Arms) -> Searched:
    """Sort searches of the rate into points, ratios and curves."""
    groups: dict[tuple[str, Place], list[Search]] = {}
    for search in searches:
        trial = search.trial
        if search.variable == "rate" and trial.cpu_budget is not None:
            place = (trial.workload, trial.cpu_budget, trial.replicas)
            groups.setdefault((trial.topology, place), []).append(search)
    workloads = list(dict.fromkeys(place[0] for _, place in groups))
    points = [_point(topology, place, own, tallies) for (topology, place), own in groups.items()]
    points.sort(key=lambda point: (workloads.index(point.workload), point.replicas, point.cpus,
                                   arms.all.index(point.topology)))
    return Searched(points, _ratios(points, arms), _curves(points), _big_small(points))


def rent(point: Point, prices: PriceList | None) -> float | None:
    """Money for a million journeys at capacity when all CPU is rented; traffic left out."""
    capacity = point.capacity.value
    if prices is None or capacity is None or point.memory_gb is None:
        return None
    second = Use(point.cpus, point.memory_gb, point.connections, 0.0)
    return prices.bill(second) / capacity * 1e6


def _point(topology: str, place: Place, own: list[Search], tallies: dict[int, Tally]) -> Point:
    held = [search.best.trial for search in own if search.best]
    memory = [cost.memory_bytes / 1e9 for trial in held if (cost := whole(trial))]
    return Point(topology, *place, own, merge([search.threshold for search in own]),
                 bound_of(own, tallies), sum(memory) / len(memory) if memory else None,
                 max((trial.connections for trial in held), default=0))


def _ratios(points: list[Point], arms: Arms) -> list[PointRatio]:
    at = {(point.topology, point.place): point for point in points}
    places = dict.fromkeys(point.place for point in points)
    return [PointRatio(place, ratio_of_searches(base.searches, rival.searches))
            for place in places
            if (base := at.get((arms.base, place)))
            and (rival := at.get((arms.rival or "", place)))]


def _curves(points: list[Point]) -> list[Curve]:
    found = []
    for axis in AXES:
        groups: dict[tuple[str, str, float], list[Point]] = {}
        for point in points:
            key = (point.workload, point.topology, _fixed(point, axis))
            groups.setdefault(key, []).append(point)
        found += [_curve(axis, fixed, own) for (_, _, fixed), own in groups.items()
                  if len(own) > 1]
    return found


def _fixed(point: Point, axis: Axis) -> float:
    if axis == "cpus":
        return point.replicas
    return round(point.cpus / point.replicas, 3) if axis == "machines" else point.cpus


def _curve(axis: Axis, fixed: float, own: list[Point]) -> Curve:
    own = sorted(own, key=lambda point: (point.cpus, point.replicas))
    first = own[0]
    stops = [Stop(_size(point, axis) / _size(first, axis), point, _efficiency(first, point))
             for point in own]
    measured = [(stop.size, value) for stop in stops for search in stop.point.searches
                if (value := search.threshold.value) is not None]
    usl = fit_usl([size for size, _ in measured], [value for _, value in measured])
    return Curve(first.topology, first.workload, axis, fixed, stops, usl)


def _size(point: Point, axis: Axis) -> float:
    return point.cpus if axis == "cpus" else point.replicas


def _efficiency(first: Point, point: Point) -> ThresholdRatio:
    if point is first:
        return ThresholdRatio(1.0, None, None, 1, 1, "ends")
    ratio = ratio_of_searches_apart(point.searches, first.searches)
    r = point.cpus / first.cpus
    value, low, high = (end / r if end else None for end in (ratio.value, ratio.low, ratio.high))
    return replace(ratio, value=value, low=low, high=high)


def _big_small(points: list[Point]) -> list[BigSmall]:
    """The fewest replicas against each greater number, where the budget is the same.

    Each number of replicas is a point of its own: its searches ran before or after the others'.
    """
    groups: dict[tuple[str, str, float], list[Point]] = {}
    for point in points:
        groups.setdefault((point.workload, point.topology, point.cpus), []).append(point)
    return [BigSmall(own[0], small, ratio_of_searches_apart(own[0].searches, small.searches))
            for own in groups.values() for small in own[1:]]
