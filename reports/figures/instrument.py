"""Figure of page one: the state of the instrument, request by request and trial by trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from contract.run_record import TrialRecord
from reports.estimate import Floats
from reports.figures.style import INK, log_ms, look_of, new_figure
from reports.guards import Judged, Thresholds

_MARKS = (50.0, 90.0, 99.0, 99.9, 99.99)


@dataclass(frozen=True, slots=True)
class LagSpectrum:
    """How late the generator was: percentiles q and ms, over the trials of steady load."""

    topology: str
    n: int
    q: Floats
    ms: Floats


def draw_instrument(judged: list[Judged], lags: list[LagSpectrum], best_spin_ms: float,
                    limits: Thresholds) -> Figure:
    """Four panels: lag by percentile, lag by trial, generator CPU, calibration loop."""
    figure, axes = new_figure(4.3, 2, 2)
    _draw_lags(axes[0], lags, limits)
    _draw_trials(axes[1], judged, limits.lag_p99_ms, lambda t: [t.lag_p99_ms])
    axes[1].set(title="Generator lag p99 by trial, ms")
    _draw_trials(axes[2], judged, limits.generator_cpu * 100,
                 lambda t: [t.generator_cpu_share * 100])
    axes[2].set(title="Generator CPU, % of its core")
    _draw_trials(axes[3], judged, limits.spin_ratio,
                 lambda t: [s / best_spin_ms for s in (t.spin_before_ms, t.spin_after_ms)
                            if s and best_spin_ms])
    axes[3].set(title="Calibration loop ÷ best decile")
    for axis in axes:
        axis.title.set_fontsize(8.5)
    seen = {label: handle for axis in axes
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    if seen:
        figure.legend(list(seen.values()), list(seen), loc="outside lower center",
                      ncols=len(seen))
    return figure


def _draw_lags(axis: Axes, lags: list[LagSpectrum], limits: Thresholds) -> None:
    for lag in lags:
        look = look_of(lag.topology)
        axis.plot(-np.log10(1 - lag.q / 100), np.maximum(lag.ms, 1e-3), color=look.colour,
                  ls=look.line, lw=1.5)
    axis.axhline(limits.lag_p99_ms, color=INK, lw=0.8, ls=(0, (3, 2)))
    at = [-np.log10(1 - q / 100) for q in _MARKS]
    axis.xaxis.set_major_locator(FixedLocator(at))
    axis.xaxis.set_major_formatter(FixedFormatter([f"{q:g}" for q in _MARKS]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set(title="Generator lag of every request, ms", xlabel="percentile", yscale="log",
             xlim=(at[0], at[-1]))
    log_ms(axis.yaxis)


def _draw_trials(axis: Axes, judged: list[Judged], limit: float,
                 values: Callable[[TrialRecord], list[float]]) -> None:
    """Columns of marks by id; crosses were rejected."""
    for topology in dict.fromkeys(one.trial.topology for one in judged):
        look = look_of(topology)
        own = [one for one in judged if one.trial.topology == topology]
        for is_bad in (False, True):
            points = [(one.trial.id, value) for one in own
                      if (one.status == "rejected") is is_bad for value in values(one.trial)]
            if points:
                axis.plot(*zip(*points, strict=True), "x" if is_bad else look.marker,
                          color=look.colour, ms=5 if is_bad else 3, ls="none",
                          label=None if is_bad else topology)
    axis.axhline(limit, color=INK, lw=0.8, ls=(0, (3, 2)))
    axis.set(xlabel="trial", ylim=(0, None))
    axis.set_ylim(0, max(limit * 1.12, axis.get_ylim()[1]))
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
