"""One hot feature: capacity and fewest cores by way of scaling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import look_of, new_figure
from reports.hot import HotMix
from reports.hot_ways import Way, way_text
from reports.search import Threshold
from reports.search_words import threshold_text
from reports.words import setting

_ALPHA = {"pooled": 0.35, "everything": 0.6, "replicas_of_everything": 0.6}
"""Ways that follow the hot mix are drawn full."""


def draw_hot_mix(mix: HotMix) -> Figure | None:
    """Bars by store and way: what each carries, and the fewest cores for the fixed rate."""
    panels = [(title, which, found) for title, which, found in (
        (f"journeys per second on {setting(mix.cpus)} CPU", "capacity",
         [way.capacity for way in mix.ways]),
        (f"fewest cores for {setting(mix.rate)} journeys/s", "least_cpus",
         [way.least_cpus for way in mix.ways])) if any(_end(one) for one in found)]
    if not panels:
        return None
    figure, axes = new_figure(0.75 + 0.36 * len(mix.ways), 1, len(panels))
    for axis, (title, which, _) in zip(axes, panels, strict=True):
        _bars(axis, mix.ways, which)
        axis.set_xlabel(title)
    axes[0].set_yticks([_place(mix.ways, i) for i in range(len(mix.ways))],
                       [f"{way.topology}, {way_text(way.way)}" for way in mix.ways])
    for axis in axes[1:]:
        axis.set_yticks([])
    return figure


def _bars(axis: Axes, ways: Sequence[Way], which: str) -> None:
    found: list[Threshold | None] = [getattr(way, which) for way in ways]
    reach = max(one.high or one.low or 0.0 for one in found if one)
    for i, (way, one) in enumerate(zip(ways, found, strict=True)):
        look, y = look_of(way.topology), _place(ways, i)
        value = one.value if one and one.value is not None else 0.0
        axis.barh(y, value, 0.62, color=look.colour, alpha=_ALPHA.get(way.way, 1.0))
        if one and one.low is not None and one.high is not None:
            axis.plot([one.low, one.high], [y, y], color=look.colour, lw=1.4)
            axis.plot([one.low, one.high], [y, y], "|", color=look.colour, ms=7)
        text = threshold_text(one) if one else "not searched"
        axis.annotate(text, (_end(one) or 0.0, y), xytext=(6, 0),
                      textcoords="offset points", va="center", fontsize=7.5)
    axis.set(xlim=(0, reach * 1.75 or 1), ylim=(_place(ways, len(ways) - 1) - 0.6, 0.6))
    axis.grid(visible=False, axis="y")


def _end(found: Threshold | None) -> float | None:
    return (found.high or found.low) if found else None


def _place(ways: Sequence[Way], index: int) -> float:
    """Bars go down, with a gap between topologies."""
    gaps = sum(one.topology != other.topology
               for one, other in pairwise(ways[:index + 1]))
    return -(index + 0.5 * gaps)
