"""Figures of the quick ramps of part two."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.style import INK, look_of, new_figure
from reports.scaling import ATTAINMENT, CapacityRow, Ramp


def draw_capacity(curve: list[CapacityRow]) -> Figure | None:
    """Capacity against the CPU budget; bars from the step that held to the next."""
    shown = [row for row in curve if row.cpus is not None]
    if not shown:
        return None
    figure, (axis,) = new_figure(3.3)
    names = list(dict.fromkeys(row.topology for row in shown))
    for index, name in enumerate(names):
        look = look_of(name)
        own = [row for row in shown if row.topology == name]
        known = [(row.cpus or 0, row.capacity.low) for row in own if row.capacity.low]
        axis.plot([x for x, _ in known], [y for _, y in known], color=look.colour, ls=look.line,
                  marker=look.marker, label=name)
        for row in own:
            _interval(axis, row, look.colour, (index - (len(names) - 1) / 2) * 0.006)
    axis.set(xlabel="CPU budget of the whole architecture (cores)", xlim=(0, None),
             ylabel=f"journeys per second with\n≥ {ATTAINMENT:.0%} of requests good",
             ylim=(0, None))
    axis.legend(loc="upper left")
    return figure


def draw_ramps(ramps: list[Ramp]) -> Figure | None:
    """The evidence: attainment at every step of every ramp, a panel a budget."""
    budgets = sorted({ramp.trial.cpu_budget or math.inf for ramp in ramps})
    if not budgets:
        return None
    columns = min(3, len(budgets))
    rows = math.ceil(len(budgets) / columns)
    figure, axes = new_figure(0.7 + 2.1 * rows, rows, columns, sharey=True)
    for axis, budget in zip(axes, budgets, strict=False):
        seen: set[str] = set()
        for ramp in ramps:
            if (ramp.trial.cpu_budget or math.inf) != budget or not ramp.steps:
                continue
            name = ramp.trial.topology
            look = look_of(name)
            axis.plot([step.rate for step in ramp.steps],
                      [step.share * 100 for step in ramp.steps], color=look.colour, ls=look.line,
                      marker=look.marker, lw=1.2, ms=3.5, label=None if name in seen else name)
            seen.add(name)
        axis.axhline(ATTAINMENT * 100, color=INK, lw=0.8, ls=(0, (2, 2)))
        axis.set(title="no limit" if math.isinf(budget) else f"{budget:g} CPU",
                 xlabel="journeys per second", ylim=(-3, 105), xlim=(0, None))
    for axis in axes[len(budgets):]:
        axis.set_visible(False)
    axes[0].set_ylabel("% of requests good")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=max(len(labels), 1))
    return figure


def draw_hot(rows: list[CapacityRow]) -> Figure | None:
    """Bars: capacity under the hot mix, by store and by way of scaling."""
    if not rows:
        return None
    figure, (axis,) = new_figure(0.8 + 0.5 * len(rows))
    labels = []
    reach = max([row.capacity.high or row.capacity.low or 0 for row in rows])
    for y, row in enumerate(reversed(rows)):
        look = look_of(row.topology)
        low, high = row.capacity.low, row.capacity.high
        axis.barh(y, low or 0, 0.55, color=look.colour, alpha=1 if row.scaled != "hot_part" else
                  0.55)
        if low is not None and high is not None:
            axis.plot([low, high], [y, y], color=look.colour, lw=1.4)
        if high is not None:
            axis.plot([high], [y], "|", color=look.colour, ms=9)
        axis.annotate(capacity_text(row), (high or low or 0, y), xytext=(6, 0),
                      textcoords="offset points", va="center", fontsize=8)
        labels.append(f"{row.topology}\n{(row.scaled or '').replace('_', ' ')}".strip())
    axis.set_yticks(range(len(rows)), labels)
    axis.set(xlabel="journeys per second within the objective", xlim=(0, reach * 1.3 or 1))
    axis.grid(visible=False, axis="y")
    return figure


def capacity_text(row: CapacityRow) -> str:
    """A capacity in figures, with the end that was not found said in words."""
    low, high = row.capacity.low, row.capacity.high
    if low is None:
        return f"below {high:.3g}" if high else "not measured"
    return f"{low:.3g} to {high:.3g}" if high else f"at least {low:.3g}"


def _interval(axis: Axes, row: CapacityRow, colour: str, shift: float) -> None:
    """From the rate that held to the next one; an arrow where the ramp found no end."""
    low, high, x = row.capacity.low, row.capacity.high, (row.cpus or 0) + shift
    if low is not None and high is not None:
        axis.plot([x, x], [low, high], color=colour, lw=1.1)
        axis.plot([x], [high], "_", color=colour, ms=7)
    elif low is not None:
        axis.annotate("at least", (x, low), xytext=(0, 14), textcoords="offset points",
                      ha="center", fontsize=7.5,
                      arrowprops={"arrowstyle": "<-", "color": colour, "lw": 1})
    elif high is not None:
        axis.plot([x], [high], "_", color=colour, ms=9)
        axis.annotate("below", (x, high), xytext=(0, -16), textcoords="offset points",
                      ha="center", fontsize=7.5,
                      arrowprops={"arrowstyle": "<-", "color": colour, "lw": 1})
