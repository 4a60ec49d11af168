"""The Universal Scalability Law through measured capacities, with its band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reports.capacity import Curve
from reports.figures.capacity import panel_title
from reports.figures.style import FAINT, INK, look_of, new_figure
from reports.usl import Usl

STEPS = 41
"""Points of a drawn curve."""


def fitted(curves: Sequence[Curve]) -> list[tuple[Curve, Usl]]:
    """Curves for which the law was not refused."""
    return [(curve, curve.usl) for curve in curves if isinstance(curve.usl, Usl)]


def sizes_of(usl: Usl) -> list[float]:
    """Where a curve is drawn: from the smallest size to the limit of the law."""
    return [float(n) for n in np.linspace(1, usl.limit, STEPS)]


def draw_usl(curves: Sequence[Curve]) -> Figure | None:
    """Measured capacities, the fitted law and its 95 % band; an upright line ends what
    was measured."""
    known = fitted(curves)
    if not known:
        return None
    workloads = len({curve.workload for curve in curves})
    panels: dict[str, list[tuple[Curve, Usl]]] = {}
    for curve, usl in known:
        title = panel_title(curve.workload, curve.axis, curve.fixed, workloads)
        panels.setdefault(title, []).append((curve, usl))
    figure, axes = new_figure(0.4 + 2.6 * len(panels), len(panels), 1)
    for axis, (title, own) in zip(axes, panels.items(), strict=True):
        for curve, usl in own:
            look = look_of(curve.topology)
            sizes = sizes_of(usl)
            band = [usl.at(n) for n in sizes]
            axis.fill_between(sizes, [one.low or 0.0 for one in band],
                              [one.high or 0.0 for one in band], color=look.colour, alpha=0.16,
                              lw=0)
            axis.plot(sizes, [one.value for one in band], color=look.colour, ls=look.line, lw=1.3,
                      label=curve.topology)
            axis.plot([stop.size for stop in curve.stops for _ in stop.point.searches],
                      [search.threshold.value or np.nan for stop in curve.stops
                       for search in stop.point.searches],
                      color=look.colour, ls="", marker=look.marker)
        largest = max(usl.largest for _, usl in own)
        axis.axvline(largest, color=FAINT, lw=1, ls=(0, (3, 2)))
        axis.annotate("largest measured", (largest, 0), xytext=(4, 4), color=INK, fontsize=7.5,
                      textcoords="offset points")
        axis.set(title=title, ylabel="journeys per second", ylim=(0, None),
                 xlabel="size, in units of the smallest")
        axis.legend(loc="upper left")
    return figure
