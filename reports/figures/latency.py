"""Figures of part one."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from reports.endpoints import EndpointRow
from reports.estimate import Floats
from reports.figures.style import INK, log_ms, log_ratio, look_of, new_figure
from reports.latency import Latency

_SHADES = (1.0, 0.6, 0.3)
_MARKS = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
PANELS = (("first", "First request of a journey:\nresponse time from intended arrival"),
          ("later", "Later requests:\nservice time"))


def draw_spectrum(latency: Latency) -> Figure:
    """Percentile against time: bold all trials together, thin each trial."""
    panels = _panels(latency)
    figure, axes = new_figure(3.5, 1, 2, sharey=True)
    for axis in axes[len(panels):]:
        axis.set_visible(False)
    for axis, (which, title) in zip(axes, panels, strict=False):
        ends = [50.0]
        for topology, samples in latency.samples.items():
            look = look_of(topology)
            for sample in samples:
                q, ms = spectrum(getattr(sample, which))
                axis.plot(_stretch(q), ms, color=look.colour, lw=0.6, alpha=0.45)
            q, ms = spectrum(np.concatenate([getattr(s, which) for s in samples]))
            ends += list(q[-1:])
            axis.plot(_stretch(q), ms, color=look.colour, ls=look.line, lw=2, label=topology)
        marks = [mark for mark in _MARKS if mark <= max(ends) + 2.5]
        axis.xaxis.set_major_locator(FixedLocator(_stretch(np.array(marks)).tolist()))
        axis.xaxis.set_major_formatter(FixedFormatter([f"{mark:g}" for mark in marks]))
        axis.set(title=title, xlabel="percentile", yscale="log")
        axis.xaxis.set_minor_locator(NullLocator())
    log_ms(axes[0].yaxis)
    axes[0].set_ylabel("ms")
    axes[0].legend(loc="upper left")
    return figure


def _panels(latency: Latency) -> list[tuple[str, str]]:
    """Journeys of a single request have no later ones."""
    return [panel for panel in PANELS
            if any(len(getattr(s, panel[0])) for found in latency.samples.values()
                   for s in found)]


def draw_ecdf(latency: Latency, slo_ms: float) -> Figure:
    """Share of requests answered rightly within a time."""
    panels = _panels(latency)
    figure, axes = new_figure(3.2, 1, 2, sharey=True, sharex=True)
    for axis in axes[len(panels):]:
        axis.set_visible(False)
    for axis, (which, title) in zip(axes, panels, strict=False):
        for topology, samples in latency.samples.items():
            look = look_of(topology)
            ms = np.sort(np.concatenate([getattr(s, which) for s in samples]))
            share = np.arange(1, len(ms) + 1) / max(len(ms), 1) * 100
            seen = np.isfinite(ms)
            axis.plot(*_thin(ms[seen], share[seen]), color=look.colour, ls=look.line,
                      label=topology)
        axis.axvline(slo_ms, color=INK, lw=0.8, ls=(0, (2, 2)))
        axis.set(title=title, xlabel="ms", xscale="log", ylim=(0, 102))
    log_ms(axes[0].xaxis)
    axes[0].annotate("objective", (slo_ms, 45), xytext=(-3, 0), textcoords="offset points",
                     rotation=90, ha="right", va="bottom", fontsize=7.5)
    axes[0].set_ylabel("% of scheduled requests\nrightly answered")
    axes[0].legend(loc="upper left")
    return figure


def draw_endpoint_ratios(rows: list[EndpointRow], base: str, rival: str) -> Figure | None:
    """A line an endpoint: ratio of medians with its interval."""
    shown = [row for row in rows if row.topology == rival and row.ratio is not None]
    if not shown:
        return None
    shown.sort(key=lambda row: row.ratio.value if row.ratio else 0)
    figure, (axis,) = new_figure(0.9 + 0.3 * len(shown))
    look = look_of(rival)
    for y, row in enumerate(shown):
        ratio = row.ratio
        assert ratio is not None
        if ratio.low is not None and ratio.high is not None:
            axis.plot([ratio.low, ratio.high], [y, y], color=look.colour, lw=1.6)
        axis.plot([ratio.value], [y], look.marker, color=look.colour)
    axis.axvline(1, color=INK, lw=0.8)
    axis.set_yticks(range(len(shown)), [f"{row.endpoint}  (n = {row.n})" for row in shown])
    axis.set(xlabel=f"median time of {rival} ÷ {base}", xscale="log", ylim=(-0.6, len(shown) - 0.4))
    log_ratio(axis.xaxis)
    axis.grid(visible=False, axis="y")
    return figure


def draw_series(series: list[Latency]) -> Figure | None:
    """A line a series and pair of stores: median (filled) and p95 (hollow) with intervals."""
    rows = [(one, two) for one in series for two in one.contrasts if two.ratios[50.0]]
    if not rows:
        return None
    figure, (axis,) = new_figure(0.95 + 0.36 * len(rows))
    for y, (_, two) in enumerate(reversed(rows)):
        look = look_of(two.rival)
        for q, shift, fill in ((50.0, 0.14, look.colour), (95.0, -0.14, "none")):
            ratio = two.ratios[q]
            if ratio is None:
                continue
            if ratio.low is not None and ratio.high is not None:
                axis.plot([ratio.low, ratio.high], [y + shift] * 2, color=look.colour, lw=1.5)
            axis.plot([ratio.value], [y + shift], look.marker, color=look.colour, mfc=fill)
    axis.axvline(1, color=INK, lw=0.8)
    axis.set_yticks(range(len(rows)), [f"{one.series or 'latency'} · {two.rival} ÷ {two.base}"
                                       for one, two in reversed(rows)])
    axis.set(xlabel="ratio of response times", xscale="log", ylim=(-0.6, len(rows) - 0.4))
    log_ratio(axis.xaxis)
    axis.grid(visible=False, axis="y")
    return figure


def draw_clocks(latency: Latency) -> Figure | None:
    """The same rows, as three kinds of tool would print them."""
    names = list(latency.samples)
    if not any(_known(value) for clock in latency.clocks if "sent" not in clock.tool
               for value in clock.percentiles.values()):
        return None
    figure, axes = new_figure(2.5, 1, len(names), sharey=True)
    for axis, name in zip(axes, names, strict=True):
        own = [clock for clock in latency.clocks if clock.topology == name]
        qs = [q for q in (50.0, 95.0, 99.0) if any(_known(c.percentiles[q]) for c in own)]
        for offset, (clock, shade) in enumerate(zip(own, _SHADES, strict=True)):
            for x, q in enumerate(qs):
                value = clock.percentiles[q]
                if value is not None and np.isfinite(value):
                    axis.bar(x + (offset - 1) * 0.27, value, 0.25, color=look_of(name).colour,
                             alpha=shade)
        axis.set_xticks(range(len(qs)), [f"p{q:g}" for q in qs])
        axis.set(title=name, xlim=(-0.6, max(len(qs), 1) - 0.4))
        axis.grid(visible=False, axis="x")
    axes[0].set(ylabel="ms")
    texts = ("from intended arrival", "from sending", "as Locust prints")
    figure.legend(handles=[Patch(color=INK, alpha=shade, label=text)
                           for text, shade in zip(texts, _SHADES, strict=True)],
                  loc="outside lower center", ncols=3)
    return figure


def spectrum(values: Floats) -> tuple[Floats, Floats]:
    """(percentiles, ms) from 50 up to where 20 rows lie beyond, at most 99.9; sorted once."""
    ms = np.sort(values)
    n = len(ms)
    if n < 20:
        return np.array([50.0])[:0], ms[:0]
    top = min(99.9, 100 * (1 - 20 / n)) if n >= 40 else 50.0
    q = 100 - 10 ** np.linspace(np.log10(50), np.log10(100 - top), 200)
    found = ms[np.minimum(np.ceil(q / 100 * n).astype(int), n) - 1]
    seen = np.isfinite(found)
    return q[seen], found[seen]


def _stretch(q: Floats) -> Floats:
    return -np.log10(1 - q / 100)


def _known(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _thin(x: Floats, y: Floats, most: int = 1500) -> tuple[Floats, Floats]:
    """At most so many points of a curve, its ends kept."""
    if len(x) <= most:
        return x, y
    keep = np.unique(np.linspace(0, len(x) - 1, most).astype(int))
    return x[keep], y[keep]
