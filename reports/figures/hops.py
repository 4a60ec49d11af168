"""Figure: service time against calls between services."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import FAINT, INK, look_of, new_figure
from reports.hops import Hops, Line, Point


def draw_hops(hops: Hops) -> Figure:
    """Left: medians by endpoint, a line a topology.  Right: differences to the rival."""
    arms = hops.arms
    assert arms.rival
    figure, (left, right) = new_figure(max(3.3, 1.3 + 0.25 * len(hops.points)), 1, 2)
    for name in arms.in_order:
        look = look_of(name)
        left.plot([p.calls for p in hops.points], [p.medians_ms[name] for p in hops.points],
                  look.marker, color=look.colour, label=name)
        line = next((line for line in hops.lines
                     if line.topology == name and line.minus is None), None)
        if line:
            x = np.array([0, max(p.calls for p in hops.points)])
            left.plot(x, line.intercept_ms.value + line.slope_ms.value * x, color=look.colour,
                      ls=look.line, lw=1.2, alpha=0.8)
    _draw_gaps(right, hops, arms.in_order[:-1], arms.rival)
    left.set(title="Median service time by endpoint", ylabel="ms", ylim=(0, None),
             xlabel=f"calls between services ({arms.rival})")
    left.set_xlim(-0.15, max(p.calls for p in hops.points) * 1.08 + 0.1)
    left.legend(loc="upper left")
    return figure


def _draw_gaps(axis: Axes, hops: Hops, bases: list[str], rival: str) -> None:
    """Dots: difference by endpoint; ticks: what the fitted line says for its calls."""
    first = bases[0]
    points = sorted(hops.points, key=lambda p: (p.calls, p.medians_ms[rival] - p.medians_ms[first]))
    for base in bases:
        colour = INK if len(bases) == 1 else look_of(base).colour
        marker = "D" if len(bases) == 1 else look_of(base).marker
        axis.plot([p.medians_ms[rival] - p.medians_ms[base] for p in points],
                  range(len(points)), marker, color=colour, ms=4, label=f"to {base}")
        line = hops.gap(rival, base)
        if line:
            axis.plot([_at(line, point) for point in points], range(len(points)), "|",
                      color=colour, ms=13, mew=1.1)
    axis.axvline(0, color=FAINT, lw=0.8)
    axis.set_yticks(range(len(points)), [f"{p.endpoint} ({p.calls:.3g})" for p in points])
    title = f"{rival} − {first}" if len(bases) == 1 else f"{rival} − the others"
    axis.set(title=f"Difference: {title}", xlabel="ms", ylim=(-0.6, len(points) - 0.4))
    axis.grid(visible=False, axis="y")
    if len(bases) > 1:
        axis.legend(loc="lower right")


def _at(line: Line, point: Point) -> float:
    return line.intercept_ms.value + line.slope_ms.value * point.calls
