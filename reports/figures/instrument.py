"""Figure of page one: the state of the instrument, trial by trial."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from contract.run_record import TrialRecord
from reports.figures.style import INK, look_of, new_figure
from reports.guards import Judged, Thresholds, worst_spin_ms


def draw_instrument(judged: list[Judged], best_spin_ms: float, limits: Thresholds) -> Figure:
    """Three panels: lag p99, generator CPU, calibration loop; one mark a trial."""
    figure, axes = new_figure(2.2, 1, 3)
    panels: tuple[tuple[str, float, Callable[[TrialRecord], float]], ...] = (
        ("Generator lag p99, ms", limits.lag_p99_ms, lambda t: t.lag_p99_ms),
        ("Generator CPU, % of its core", limits.generator_cpu * 100,
         lambda t: t.generator_cpu_share * 100),
        ("Calibration loop ÷ best decile", limits.spin_ratio,
         lambda t: worst_spin_ms(t) / best_spin_ms if best_spin_ms else 0.0),
    )
    for axis, (title, limit, value) in zip(axes, panels, strict=True):
        seen: set[str] = set()
        for one in judged:
            trial = one.trial
            look = look_of(trial.topology)
            bad = one.status == "rejected"
            axis.plot([trial.id], [value(trial)], "x" if bad else look.marker,
                      color=look.colour, ms=5 if bad else 3.2,
                      label=None if trial.topology in seen or bad else trial.topology)
            seen |= set() if bad else {trial.topology}
        axis.axhline(limit, color=INK, lw=0.8, ls=(0, (3, 2)))
        axis.set(title=title, xlabel="trial", ylim=(0, None))
        axis.set_ylim(0, max(limit * 1.12, axis.get_ylim()[1]))
        axis.title.set_fontsize(8.5)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure
