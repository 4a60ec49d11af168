"""Figure: service time against calls between services."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import FAINT, INK, look_of, new_figure
from reports.hops import Hops


def draw_hops(hops: Hops, base: str, rival: str) -> Figure | None:
    """Medians by endpoint against calls between services; lines fitted by pair."""
    if not hops.points:
        return None
    figure, (left, right) = new_figure(3.3, 1, 2)
    for name in (base, rival):
        look = look_of(name)
        left.plot([p.calls for p in hops.points], [p.medians_ms[name] for p in hops.points],
                  look.marker, color=look.colour, label=name)
        _line(left, hops, name, look.colour, look.line)
    _draw_gaps(right, hops, base, rival)
    left.set(title="Median service time by endpoint", ylabel="ms", ylim=(0, None),
             xlabel=f"calls between services ({rival})")
    left.set_xlim(0, max(p.calls for p in hops.points) * 1.08 + 0.1)
    left.legend(loc="upper left")
    return figure


def _line(axis: Axes, hops: Hops, name: str, colour: str, style: object) -> None:
    for line in hops.lines:
        if line.name == name:
            x = np.array([0, max(p.calls for p in hops.points)])
            axis.plot(x, line.intercept_ms.value + line.slope_ms.value * x, color=colour,
                      ls=style, lw=1.2, alpha=0.8)


def _draw_gaps(axis: Axes, hops: Hops, base: str, rival: str) -> None:
    """Dots: difference by endpoint; ticks: what the fitted line says for its calls."""
    line = next((line for line in hops.lines if line.name == "difference"), None)
    points = sorted(hops.points, key=lambda p: (p.calls, p.medians_ms[rival] - p.medians_ms[base]))
    for y, point in enumerate(points):
        axis.plot([point.medians_ms[rival] - point.medians_ms[base]], [y], "D", color=INK, ms=4)
        if line:
            axis.plot([line.intercept_ms.value + line.slope_ms.value * point.calls], [y], "|",
                      color=INK, ms=13, mew=1.1)
    axis.axvline(0, color=FAINT, lw=0.8)
    axis.set_yticks(range(len(points)), [f"{p.endpoint} ({p.calls:.3g})" for p in points])
    axis.set(title=f"Difference: {rival} − {base}", xlabel="ms", ylim=(-0.6, len(points) - 0.4))
    axis.grid(visible=False, axis="y")
