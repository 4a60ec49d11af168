"""What a request costs, stacked by part."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from reports.cost import Cost
from reports.figures.style import FAINT, INK, PART_COLOURS, new_figure


def draw_cost(costs: Sequence[Cost]) -> Figure | None:
    """CPU-seconds and memory held per 1,000 good requests of one series."""
    if not costs:
        return None
    figure, axes = new_figure(1.75 + 0.42 * len(costs), 1, 2)
    parts = list(dict.fromkeys(part for cost in costs for part in cost.parts_cpu_s))
    colours = {part: PART_COLOURS[index % len(PART_COLOURS)] for index, part in enumerate(parts)}
    for axis, which, title in ((axes[0], "cpu_s", "CPU-seconds per 1,000 good requests"),
                               (axes[1], "gb_s", "GB·s per 1,000 good requests")):
        for y, cost in enumerate(reversed(costs)):
            at = 0.0
            for part, mean in getattr(cost, f"parts_{which}").items():
                axis.barh(y, mean.value, 0.5, left=at, color=colours[part], edgecolor=FAINT,
                          lw=0.4)
                at += mean.value
            total = getattr(cost, which)
            if total.low is not None and total.high is not None:
                axis.errorbar(total.value, y + 0.36, fmt="none", ecolor=INK, elinewidth=1.2,
                              xerr=[[total.value - total.low], [total.high - total.value]],
                              capsize=2.5)
            axis.plot([total.value], [y + 0.36], "d", color=INK, ms=4)
        axis.set_yticks(range(len(costs)), [cost.topology for cost in reversed(costs)])
        axis.set(title=title, xlim=(0, None), ylim=(-0.45, len(costs) - 0.4))
        axis.grid(visible=False, axis="y")
    axes[1].set_yticklabels([])
    handles = [axes[0].barh([0], [0], color=colours[part], label=part) for part in parts]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(6, len(parts)),
                  fontsize=7.5, handlelength=1)
    return figure
