"""Figures of part three."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from contract.endpoints import FEATURES
from reports.figures.style import FAINT, INK, look_of, new_figure
from reports.isolation import Availability, FaultResult
from reports.postures import postures_of
from reports.strips import Strip

GOOD_TO_BAD = LinearSegmentedColormap.from_list(
    "attainment", ["#6b1232", "#c2577a", "#e9c9d2", "#dfe7e6"])


class Mark(NamedTuple):
    """An instant below a strip: how it is drawn, and what it says."""

    marker: str
    said: str


HURT: Final = Mark("^", "first bad request")
SEEN: Final = Mark("D", "shown below 99 %")
RECOVERED: Final = Mark("o", "recovered, every feature")
_LIMIT: Final[Any] = {"color": INK, "lw": 1.1, "ls": (0, (3, 1.5))}


def draw_strips(results: list[FaultResult]) -> Figure | None:
    """Features × seconds, one row a fault, the stores side by side."""
    shown = [result for result in results if result.strips]
    if not shown:
        return None
    columns = max(len(result.strips) for result in shown)
    features = max(len(result.strips[0].features) for result in shown)
    figure, axes = new_figure(0.95 + len(shown) * (0.55 + 0.21 * features), len(shown), columns,
                              sharex=True)
    mesh: QuadMesh | None = None
    for row, result in enumerate(shown):
        for column in range(columns):
            axis = axes[row * columns + column]
            if column >= len(result.strips):
                axis.set_visible(False)
                continue
            strip = result.strips[column]
            mesh = _draw_strip(axis, strip)
            _draw_marks(axis, strip, result)
            # The fault's name stands once a row: twice, the longest ones would be cut.
            axis.set_title(strip.topology if column else f"{result.name} · {strip.topology}",
                           fontsize=8.5)
            if column:
                axis.set_yticklabels([])
            if row == len(shown) - 1:
                axis.set_xlabel("seconds since the start of load")
    assert mesh is not None
    bar = figure.colorbar(mesh, ax=axes, location="bottom", shrink=0.35, aspect=40, pad=0.02)
    bar.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 % good"])
    bar.outline.set_edgecolor(FAINT)
    figure.legend(handles=[
        Line2D([], [], label="armed, then cleared", **_LIMIT),
        *(Line2D([], [], marker=mark.marker, color=INK, ms=4, ls="none", label=mark.said)
          for mark in (HURT, SEEN, RECOVERED))], loc="outside lower center", ncols=4)
    return figure


def _draw_marks(axis: Axes, strip: Strip, result: FaultResult) -> None:
    """First hurt, detected, recovered, of the run that is drawn; what was not seen has no mark."""
    for impact in result.losses[strip.topology].impacts[:1]:
        for start, after, mark in ((strip.armed_s, impact.hurt_s, HURT),
                                   (strip.armed_s, impact.seen_s, SEEN),
                                   (strip.cleared_s, impact.recovered_s, RECOVERED)):
            if after is not None:
                axis.plot([start + after], [len(strip.features) + 0.12], mark.marker, color=INK,
                          ms=4, clip_on=False, zorder=5)


def _draw_strip(axis: Axes, strip: Strip) -> QuadMesh:
    seconds = np.arange(strip.share.shape[1] + 1) + strip.first_s
    mesh = axis.pcolormesh(seconds, np.arange(len(strip.features) + 1),
                           np.ma.masked_invalid(strip.share), cmap=GOOD_TO_BAD, vmin=0, vmax=1,
                           edgecolors="none", linewidth=0)
    for y, x in zip(*np.nonzero(np.isnan(strip.share)), strict=True):
        axis.plot([seconds[x] + 0.5], [y + 0.5], ".", color=FAINT, ms=2)
    for at in (strip.armed_s, strip.cleared_s):
        axis.axvline(at, color=FAINT, lw=2.2)
        axis.axvline(at, **_LIMIT)
    for edge in range(1, len(strip.features)):
        axis.axhline(edge, color=FAINT, lw=0.4)
    axis.set_yticks(np.arange(len(strip.features)) + 0.5, strip.features)
    axis.set_ylim(len(strip.features) + 0.3, 0)
    axis.margins(x=0)  # a mark beyond the last second widens all strips alike
    axis.grid(visible=False)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    return mesh


def draw_availability(results: list[FaultResult]) -> Figure | None:
    """Per feature: open mark without the fault, full mark with it, line between; dotted and
    without a band: of journeys, for none was due in the window."""
    shown = [result for result in results if result.availability]
    if not shown:
        return None
    columns = 2 if len(postures_of(shown)) > 1 else len(shown)
    rows = math.ceil(len(shown) / columns)
    figure, axes = new_figure(0.6 + 2.5 * rows, rows, columns, sharey=True, sharex=True)
    for axis, result in zip(axes, shown, strict=False):
        names = list(dict.fromkeys(a.topology for a in result.availability))
        for y in {FEATURES.index(a.feature) for a in result.availability if a.depends}:
            axis.axhspan(y - 0.42, y + 0.42, color=FAINT, alpha=0.3, lw=0)
        for one in result.availability:
            shift = (names.index(one.topology) - (len(names) - 1) / 2) * 0.3
            _draw_change(axis, FEATURES.index(one.feature) + shift, one)
        axis.set_yticks(range(len(FEATURES)), FEATURES)
        axis.set(title=result.name, xlim=(-5, 105), ylim=(len(FEATURES) - 0.5, -0.5))
        axis.grid(visible=False, axis="y")
    for axis in axes[len(shown):]:
        axis.set_visible(False)
    for axis in axes[-columns:]:
        axis.set_xlabel("% good")
    handles = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    figure.legend(list(handles.values()), list(handles), loc="outside lower center",
                  ncols=len(handles))
    return figure


def _draw_change(axis: Axes, y: float, one: Availability) -> None:
    look = look_of(one.topology)
    broken, matched = one.compared
    ends = [e.value * 100 for e in (broken, matched) if e]
    axis.plot(ends, [y] * len(ends), color=look.colour, lw=1, ls=":" if one.is_of_journeys else "-")
    if matched:
        axis.plot([matched.value * 100], [y], look.marker, mfc="none", mec=look.colour, ms=5)
    if broken:
        low, high = broken.low or 0.0, broken.high or 0.0
        if not one.is_of_journeys:
            axis.plot([low * 100, high * 100], [y, y], color=look.colour, lw=3, alpha=0.25)
        axis.plot([broken.value * 100], [y], look.marker, color=look.colour, ms=5,
                  label=one.topology)


def draw_collateral(results: list[FaultResult]) -> Figure | None:
    """Bars: requests lost in features that need, and in those that do not need, the module."""
    shown = [result for result in results if result.losses and not result.void]
    if not shown:
        return None
    names = list(dict.fromkeys(name for result in shown for name in result.losses))
    figure, (axis,) = new_figure(0.95 + 0.32 * len(names) * len(shown))
    ticks, labels, y = [], [], 0.0
    for result in reversed(shown):
        for name in reversed([n for n in names if n in result.losses]):
            loss, look = result.losses[name], look_of(name)
            if loss.collateral and loss.blast:
                own = max(loss.blast.value - loss.collateral.value, 0)
                inside = max(loss.collateral.value, 0)
                axis.barh(y, inside * 100, 0.62, color=look.colour)
                axis.barh(y, own * 100, 0.62, left=inside * 100, color=look.colour, alpha=0.3)
                if loss.collateral.low is not None and loss.collateral.high is not None:
                    axis.plot([max(loss.collateral.low, 0) * 100, loss.collateral.high * 100],
                              [y, y], color=INK, lw=1)
                if loss.expected is not None:
                    axis.plot([loss.expected * 100], [y], "|", color=INK, ms=10, mew=1.3)
            ticks.append(y)
            labels.append(f"{result.name} · {name}")
            y += 0.8
        y += 0.45
    axis.set_yticks(ticks, labels)
    axis.set(xlabel="% of all scheduled requests lost in the fault's window", xlim=(0, None))
    axis.grid(visible=False, axis="y")
    return figure
