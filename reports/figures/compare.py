"""Figure: every ratio in both runs."""

from __future__ import annotations

from matplotlib.figure import Figure

from reports.compare_lines import Line
from reports.figures.style import INK, log_ratio, new_figure

_RUNS = (("#b0588c", "o", 0.16), ("#8a7a00", "D", -0.16))
"""Not the colours of a store."""


def draw_comparison(lines: list[Line], names: tuple[str, str]) -> Figure | None:
    """A line a ratio: run A above, run B below."""
    shown = [line for line in reversed(lines) if line.unit == "ratio"]
    if not shown:
        return None
    figure, (axis,) = new_figure(1.2 + 0.36 * len(shown))
    for side, (colour, marker, shift) in enumerate(_RUNS):
        for y, line in enumerate(shown):
            found = (line.a, line.b)[side]
            if found.low is not None and found.high is not None:
                axis.plot([found.low, found.high], [y + shift] * 2, color=colour, lw=1.6)
            axis.plot([found.value], [y + shift], marker, color=colour,
                      label=names[side] if y == 0 else None)
    axis.axvline(1, color=INK, lw=0.8)
    axis.set_yticks(range(len(shown)), [line.what for line in shown])
    axis.set(xscale="log", ylim=(-0.6, len(shown) - 0.4), xlabel="ratio")
    log_ratio(axis.xaxis)
    axis.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=2)
    return figure
