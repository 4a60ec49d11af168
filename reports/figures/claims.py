"""Figure: measured ratios of the ledger beside what was published and what was expected."""

from __future__ import annotations

from typing import Final

from matplotlib.figure import Figure

from reports.claims.claim import Row
from reports.figures.style import FAINT, INK, log_ratio, new_figure

_MARKS: Final[dict[str, tuple[str, str]]] = {
    "supported": ("o", INK), "contradicted": ("X", INK), "no difference shown": ("o", "none")}
"""Verdict → marker and its fill; colours belong to stores."""

SOFT: Final = "#77808a"


def draw_claims(rows: list[Row]) -> Figure | None:
    """A line a claim with a ratio: band expected, hollow published, dot and bar measured."""
    shown = [row for row in reversed(rows) if row.effects and row.effects[0].unit == "ratio"
             and row.effects[0].value and row.word in _MARKS]
    if not shown:
        return None
    figure, (axis,) = new_figure(1.25 + 0.34 * len(shown))
    for y, row in enumerate(shown):
        effect, claim, (marker, fill) = row.effects[0], row.claim, _MARKS[row.word]
        if claim.least is not None:
            most = claim.most if claim.most is not None else 100.0
            axis.plot([claim.least, most], [y, y], color=FAINT, lw=9, alpha=0.5,
                      solid_capstyle="butt")
        published = published_of(row)
        axis.plot(published, [y] * len(published), "D", mfc="none", mec=SOFT, ms=7)
        if effect.low is not None and effect.high is not None:
            axis.plot([effect.low, effect.high], [y, y], color=INK, lw=1.8)
        axis.plot([effect.value or 0.0], [y], marker, color=INK, mfc=fill, ms=5.5)
    ends = [end for row in shown for e in row.effects[:1]
            for end in (e.value, e.low, e.high, row.claim.least, row.claim.most,
                        *published_of(row)) if end]
    axis.axvline(1, color=INK, lw=0.8)
    axis.set_yticks(range(len(shown)), [f"{row.claim.id} · {row.effects[0].what}"
                                        for row in shown])
    axis.set(xscale="log", xlim=(min(ends) / 1.15, max(ends) * 1.15), ylim=(-0.6, len(shown) - 0.4),
             xlabel="ratio")
    log_ratio(axis.xaxis)
    axis.grid(visible=False, axis="y")
    handles = [axis.plot([], [], marker, color=INK, mfc=fill, ls="-", label=word)[0]
               for word, (marker, fill) in _MARKS.items()]
    handles += axis.plot([], [], "D", mfc="none", mec=SOFT, ms=7, label="published")
    handles += axis.plot([], [], color=FAINT, lw=9, alpha=0.5, label="expected here")
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def published_of(row: Row) -> tuple[float, ...]:
    """What was published of the effect that is drawn."""
    own = row.effects[0].published
    return (own,) if row.claim.is_number and own else row.claim.published
