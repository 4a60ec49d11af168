"""Figures of capacity by search: along the axes, its evidence, and demand against load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.capacity import Curve, Place
from reports.demand import DemandLine, LoadPoint
from reports.figures.style import FAINT, INK, look_of, new_figure
from reports.scaling import ATTAINMENT
from reports.search import Search
from reports.search_words import place_text

MOST_PANELS: Final = 9
"""A page has room for so many; the tables have the rest."""
_AXIS: Final = {"cpus": "CPU budget (cores)", "machines": "machines", "replicas": "replicas each"}


def draw_curves(curves: Sequence[Curve]) -> Figure | None:
    """Capacity along every axis, a panel each; the dotted line is the utilisation bound."""
    panels: dict[tuple[str, str, float], list[Curve]] = {}
    for curve in curves:
        panels.setdefault((curve.workload, curve.axis, curve.fixed), []).append(curve)
    if not panels:
        return None
    figure, axes = _grid(len(panels), 2.5)
    workloads = len({workload for workload, _, _ in panels})
    for axis, ((workload, which, fixed), own) in zip(axes, panels.items(), strict=False):
        for curve in own:
            _draw_curve(axis, curve)
        axis.set(title=panel_title(workload, which, fixed, workloads), xlabel=_AXIS[which],
                 ylim=(0, None))
        xs = sorted({_x(curve, i) for curve in own for i in range(len(curve.stops))})
        axis.set_xticks(xs, [f"{x:g}" for x in xs])
        axis.margins(x=0.12)
    axes[0].set_ylabel("journeys per second")
    names = list(dict.fromkeys(curve.topology for curve in curves))
    _legend(figure, names, [Line2D([], [], color=INK, lw=1, ls=(0, (1, 1.5)),
                                   label="utilisation bound")])
    return figure


def panel_title(workload: str, axis: str, fixed: float, workloads: int = 1) -> str:
    """What stays the same in a panel; the workload only where there are several."""
    what = {"cpus": "one replica each" if fixed == 1 else f"{fixed:g} replicas each",
            "machines": f"{fixed:g} CPU for a machine", "replicas": f"{fixed:g} CPU in all"}
    return f"{f'{workload}: ' if workloads > 1 else ''}{what[axis]}"


def draw_probes(searches: Sequence[Search]) -> Figure | None:
    """The evidence: the share of good requests at every probe, a panel for each place."""
    places: dict[Place, list[Search]] = {}
    for search in searches:
        trial = search.trial
        key = (trial.workload, trial.cpu_budget or 0.0, trial.replicas)
        places.setdefault(key, []).append(search)
    if not places:
        return None
    shown = list(places.items())[:MOST_PANELS]
    workloads = len({place[0] for place in places})
    figure, axes = _grid(len(shown), 2.1, sharey=True)
    for axis, (place, own) in zip(axes, shown, strict=False):
        for search in own:
            _draw_search(axis, search)
        axis.axhline(ATTAINMENT * 100, color=INK, lw=0.8, ls=(0, (2, 2)))
        axis.set(title=place_text(place, workloads), xlabel="journeys per second",
                 ylim=(-3, 105), xlim=(0, None))
    for axis in axes[::_columns(len(shown))]:
        axis.set_ylabel("% of requests good")
    names = list(dict.fromkeys(search.trial.topology for search in searches))
    _legend(figure, names, [
        Line2D([], [], color=INK, ls="", marker="o", mfc="none", ms=4, label="probe"),
        Line2D([], [], color=INK, ls="", marker="o", ms=6, label="confirmation")])
    return figure


def draw_loads(points: Sequence[LoadPoint], lines: Sequence[DemandLine]) -> Figure | None:
    """Cores used and memory held against the offered rate, unreplicated stores."""
    shown = [point for point in points if point.trial.replicas == 1]
    if len({point.rate for point in shown}) < 2:
        return None
    figure, axes = new_figure(3.0, 1, 2)
    names = list(dict.fromkeys(point.trial.topology for point in shown))
    for name in names:
        look = look_of(name)
        for point in (p for p in shown if p.trial.topology == name):
            fill = "none" if point.holds is False else look.colour
            for axis, y in ((axes[0], point.cores), (axes[1], point.memory_gb)):
                axis.plot([point.rate], [y], color=look.colour, ls="", marker=look.marker,
                          mfc=fill, ms=4)
    for line in lines:
        look = look_of(line.topology)
        ends = [0.0, line.last_rate]
        axes[0].plot(ends, [line.at(rate) for rate in ends], color=look.colour, ls=look.line,
                     lw=1.1)
    axes[0].set(title="CPU", ylabel="cores used", xlabel="journeys per second offered",
                xlim=(0, None), ylim=(0, None))
    axes[1].set(title="Memory", ylabel="GB held", xlabel="journeys per second offered",
                xlim=(0, None), ylim=(0, None))
    _legend(figure, names, [Line2D([], [], color=INK, ls="", marker="o", mfc="none", ms=4,
                                   label="objective missed")])
    return figure


def _draw_curve(axis: Axes, curve: Curve) -> None:
    look = look_of(curve.topology)
    known = [(_x(curve, i), stop.point.capacity.value) for i, stop in enumerate(curve.stops)
             if stop.point.capacity.value is not None]
    axis.plot([x for x, _ in known], [y for _, y in known], color=look.colour, ls=look.line,
              marker=look.marker)
    for i, stop in enumerate(curve.stops):
        low, high = stop.point.capacity.low, stop.point.capacity.high
        if low is not None and high is not None:
            axis.plot([_x(curve, i)] * 2, [low, high], color=look.colour, lw=3, alpha=0.5)
    bounds = [(_x(curve, i), stop.point.bound.rate) for i, stop in enumerate(curve.stops)
              if stop.point.bound]
    axis.plot([x for x, _ in bounds], [y for _, y in bounds], color=look.colour, lw=1,
              ls=(0, (1, 1.5)))


def _x(curve: Curve, index: int) -> float:
    point = curve.stops[index].point
    return point.cpus if curve.axis == "cpus" else point.replicas


def _draw_search(axis: Axes, search: Search) -> None:
    look = look_of(search.trial.topology)
    for probe in sorted(search.probes, key=lambda probe: probe.value):
        is_long = probe.step == "confirm"
        axis.plot([probe.value], [probe.share * 100], color=look.colour, ls="",
                  marker=look.marker, ms=6 if is_long else 4,
                  mfc=look.colour if is_long else "none", mew=0.9)
    if search.threshold.value is not None:
        axis.axvline(search.threshold.value, color=look.colour, lw=0.9, ls=look.line, alpha=0.7)


def _columns(panels: int) -> int:
    return min(3, panels)


def _grid(panels: int, height_in: float, **options: bool) -> tuple[Figure, list[Axes]]:
    columns = _columns(panels)
    rows = math.ceil(panels / columns)
    figure, axes = new_figure(0.75 + height_in * rows, rows, columns, **options)
    for axis in axes[panels:]:
        axis.set_visible(False)
    return figure, axes


def _legend(figure: Figure, topologies: Sequence[str], more: Sequence[Line2D]) -> None:
    looks = [(name, look_of(name)) for name in topologies]
    handles = [Line2D([], [], color=look.colour, ls=look.line, marker=look.marker, label=name)
               for name, look in looks]
    figure.legend(handles=[*handles, *more], loc="outside lower center",
                  ncols=len(handles) + len(more), edgecolor=FAINT)
