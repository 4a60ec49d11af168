"""The failure matrix: faults × features, a panel for each store and posture."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from contract.endpoints import FEATURES
from reports.figures.isolation import GOOD_TO_BAD
from reports.figures.style import FAINT, INK, look_of, new_figure
from reports.isolation import Availability, FaultResult
from reports.postures import postures_of
from reports.words import ABSENT, MINUS

_NARROW, _MANY = 3, 4


def draw_matrix(results: list[FaultResult]) -> Figure | None:
    """Share of a feature's requests lost; outlined: the feature needs the broken module; in
    parentheses: none was due in the window, so its steps of the journeys that arrived in it."""
    shown = [result for result in results if result.availability and not result.void]
    if not shown:
        return None
    faults = list({result.fault.name: result.fault for result in shown}.values())
    faults.sort(key=lambda fault: fault.module)  # stable: kinds stay in the scenario's order
    postures = postures_of(results)
    panels = [(topology, posture) for posture in postures
              for topology in dict.fromkeys(a.topology for one in shown for a in one.availability)]
    figure, axes = new_figure(0.75 + 0.2 * max(len(faults), 3), 1, len(panels), sharey=True)
    by_name = {(result.fault.name, result.posture): result for result in results}
    size = 6.5 if len(panels) <= _MANY else 5.0
    for axis, (topology, posture) in zip(axes, panels, strict=True):
        for y, fault in enumerate(faults):
            if result := by_name.get((fault.name, posture)):
                _draw_row(axis, y, result, topology, size)
            if y and faults[y - 1].module != fault.module:
                axis.axhline(y, color=FAINT, lw=0.8)
        axis.set(title=topology if len(postures) == 1 else f"{topology}\n{posture}",
                 xlim=(0, len(FEATURES)), ylim=(len(faults), 0))
        axis.set_xticks(np.arange(len(FEATURES)) + 0.5, FEATURES, fontsize=7,
                        rotation=0 if len(panels) < _NARROW else 60)
        axis.set_yticks(np.arange(len(faults)) + 0.5, [fault.name for fault in faults], fontsize=7)
        axis.grid(visible=False)
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
    return figure


def _draw_row(axis: Axes, y: int, result: FaultResult, topology: str, size: float) -> None:
    loss = result.losses.get(topology)
    if result.void or (loss and not loss.applies):
        axis.text(len(FEATURES) / 2, y + 0.52, "void" if result.void else "can't happen",
                  ha="center", va="center", fontsize=size, style="italic", color=FAINT)
        return
    for one in result.availability:
        if one.topology == topology:
            _draw_cell(axis, y, one, size)


def _draw_cell(axis: Axes, y: int, one: Availability, size: float) -> None:
    x, lost = FEATURES.index(one.feature), one.lost
    if lost is not None:
        shade = GOOD_TO_BAD(1 - min(max(lost, 0.0), 1.0))
        axis.add_patch(Rectangle((x + 0.04, y + 0.06), 0.92, 0.88, fc=shade, lw=0))
    if one.depends:
        axis.add_patch(Rectangle((x + 0.06, y + 0.08), 0.88, 0.84, fill=False, ec=INK, lw=0.9))
    colour = FAINT if lost is None else "#f4f1ee" if lost > 0.6 else "#22262c"
    journeys = one.is_of_journeys and lost is not None
    axis.text(x + 0.5, y + 0.52, _cell(one), ha="center", va="center", color=colour,
              fontsize=size - 1.1 if journeys else size, style="italic" if journeys else "normal")


def _cell(one: Availability) -> str:
    if one.lost is None:
        return ABSENT
    said = f"{one.lost * 100:.0f}".replace("-0", "0").replace("-", MINUS)
    return f"({said})" if one.is_of_journeys else said


def draw_predicted(results: list[FaultResult]) -> Figure | None:
    """Predicted against measured share of all requests lost, one mark a fault and store; hollow:
    raw, full: resilient."""
    losses = [(result.posture, loss) for result in results if not result.void
              for loss in result.losses.values() if loss.excess]
    has_two = len(postures_of(results)) > 1
    if not losses:
        return None
    figure, (axis,) = new_figure(3.4)
    axis.plot([0, 100], [0, 100], color=FAINT, lw=1)
    for posture, loss in sorted(losses, key=lambda one: one[0]):  # raw first, in the legend too
        assert loss.blast is not None
        assert loss.expected is not None
        look = look_of(loss.topology)
        x, ends = loss.expected * 100, (loss.blast.low, loss.blast.high)
        if ends[0] is not None and ends[1] is not None:
            axis.plot([x, x], [ends[0] * 100, ends[1] * 100], color=look.colour, lw=1, alpha=0.5)
        axis.plot([x], [loss.blast.value * 100], look.marker, color=look.colour, ms=5,
                  mfc="none" if posture == "raw" else look.colour,
                  alpha=1.0 if posture == "raw" else 0.6,
                  label=f"{loss.topology}, {posture}" if has_two else loss.topology)
    handles = dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    axis.legend(list(handles.values()), list(handles), loc="lower right")
    axis.set(xlabel="predicted, % of all requests", ylabel="measured, %", xlim=(-2, 102))
    return figure
