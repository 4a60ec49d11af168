"""Figure: times against the distance between services, and the calls that wait for each other."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.distance import ALL, CriticalPath, Distance
from reports.figures.style import FAINT, INK, PART_COLOURS, look_of, new_figure

_SHOWN = 0.05
"""Endpoints with fewer calls an answer stand together in the text, not in the left panel."""


def draw_distance(found: Distance) -> Figure | None:
    """Left: median by endpoint against distance.  Right: slope beside the calls reported."""
    paths = [path for path in found.paths if path.what != ALL]
    if not paths:
        return None
    height = max(3.2, 1.2 + 0.27 * len(paths))
    figure, (left, right) = new_figure(height, 1, 2)
    _draw_times(left, found, [path for path in paths if path.calls > _SHOWN])
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    _draw_paths(right, sorted(paths, key=lambda path: (path.calls, path.p50.value)),
                look_of(found.topology).colour)
    return figure


def _draw_times(axis: Axes, found: Distance, paths: list[CriticalPath]) -> None:
    for index, path in enumerate([*paths, None]):
        name = path.what if path else ALL
        marks = [mark for mark in found.marks if mark.what == name]
        colour = PART_COLOURS[index % len(PART_COLOURS)] if path else INK
        x = np.array([mark.round_trip_ms for mark in marks])
        axis.plot(x, [mark.p50.value for mark in marks], "o-", ms=3.8, lw=1.3, color=colour,
                  label=name)
    axis.set(title="Median service time", xlabel="distance there and back, ms", ylabel="ms",
             ylim=(0, None))


def _draw_paths(axis: Axes, paths: list[CriticalPath], colour: str) -> None:
    for y, path in enumerate(paths):
        slope = path.p50
        if slope.low is not None and slope.high is not None:
            axis.plot([slope.low, slope.high], [y, y], color=colour, lw=1.6)
        axis.plot([slope.value], [y], "o", color=colour,
                  label="on the critical path" if y == 0 else None)
        axis.plot([path.calls], [y], "|", color=INK, ms=12, mew=1.3,
                  label="all calls of the answer" if y == 0 else None)
    axis.axvline(0, color=FAINT, lw=0.8)
    axis.set_yticks(range(len(paths)), [path.what for path in paths])
    axis.set(title="Calls", xlabel="slope, ms per ms there and back",
             ylim=(-0.6, len(paths) - 0.4))
    axis.grid(visible=False, axis="y")
    axis.legend(loc="lower right")
