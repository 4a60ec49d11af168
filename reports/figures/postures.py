"""Collateral raw and resilient: one line a fault, one panel a store."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.estimate import Estimate
from reports.figures.style import FAINT, look_of, new_figure
from reports.postures import Change


def draw_postures(changes: list[Change]) -> Figure | None:
    """Hollow: raw; full: resilient; the line between is what resilience changed."""
    if not changes:
        return None
    stores = list(dict.fromkeys(one.topology for one in changes))
    raws = list({one.raw.fault.name: one.raw for one in changes}.values())
    raws.sort(key=lambda raw: raw.fault.module)  # as in the matrix
    faults = [raw.fault.name for raw in raws]
    figure, axes = new_figure(0.85 + 0.19 * max(len(faults), 4), 1, len(stores), sharey=True,
                              sharex=True)
    for axis, store in zip(axes, stores, strict=True):
        for one in changes:
            if one.topology == store:
                _draw(axis, faults.index(one.raw.fault.name), one)
        for y, raw in enumerate(raws):
            if store in raw.losses and not raw.losses[store].applies:
                axis.text(0.5, y, "can't happen", ha="center", va="center", fontsize=6.5,
                          style="italic", color=FAINT, transform=axis.get_yaxis_transform())
        axis.set(title=store, xlabel="% of all requests lost, collateral",
                 ylim=(len(faults) - 0.4, -0.6))
        axis.set_yticks(range(len(faults)), faults, fontsize=7)
        axis.tick_params(axis="y", length=0)
        axis.axvline(0, color=look_of(store).colour, lw=0.4)
    return figure


def _draw(axis: Axes, y: int, one: Change) -> None:
    if one.collateral is None:
        return
    look = look_of(one.topology)
    raw, resilient = one.collateral
    axis.plot([raw.value * 100, resilient.value * 100], [y, y], color=look.colour, lw=1.2)
    for share, shift, fill in ((raw, -0.14, "none"), (resilient, 0.14, look.colour)):
        if share.has_interval:
            axis.plot(_ends(share), [y + shift] * 2, color=look.colour, lw=2.4, alpha=0.25)
        axis.plot([share.value * 100], [y], look.marker, mfc=fill, mec=look.colour, ms=4.5)


def _ends(share: Estimate) -> list[float]:
    return [(share.low or 0.0) * 100, (share.high or 0.0) * 100]
