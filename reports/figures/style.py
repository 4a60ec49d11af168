"""One look for all figures: a colour and a line style per topology, text in one ink.

Colours are Okabe and Ito's, apart for all common kinds of colour blindness; line style and
marker tell topologies apart without colour.  The page swaps INK, FAINT and these colours for
its own in dark mode, so no figure may use white or black.
"""

from __future__ import annotations

import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

WIDTH_IN: Final = 7.4
PAD_IN: Final = 0.08
"""Room at the sides: text is up to 3 % wider in the PNG than in the SVG that is laid out."""
INK: Final = "#22262b"
FAINT: Final = "#b9bec4"


@dataclass(frozen=True, slots=True)
class Look:
    """How a topology is drawn, everywhere."""

    colour: str
    line: Any
    marker: str
    hatch: str


_LOOKS: Final = {
    "monolith": Look("#0072b2", "-", "o", ""),
    "microservices": Look("#d55e00", (0, (5, 1.6)), "s", "///"),
    "colocated": Look("#009e73", (0, (1, 1.2)), "^", "..."),
}
_MORE: Final = (
    Look("#b0588c", (0, (6, 1.5, 1, 1.5)), "D", "xxx"),
    Look("#8a7a00", (0, (3, 1, 1, 1, 1, 1)), "v", "\\\\\\"),
)
PART_COLOURS: Final = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377",
                       "#999999", "#775533", "#88ccaa", "#ddaa88", "#bbbbdd", "#557788")

RC: Final[Any] = {
    "font.family": ["DejaVu Sans"], "font.size": 8.5, "axes.titlesize": 9,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 8.5,
    "axes.edgecolor": FAINT, "axes.labelcolor": INK, "axes.titlecolor": INK,
    "text.color": INK, "xtick.color": INK, "ytick.color": INK, "xtick.labelsize": 8,
    "ytick.labelsize": 8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": FAINT, "grid.alpha": 0.45,
    "grid.linewidth": 0.5, "axes.linewidth": 0.7, "lines.linewidth": 1.8, "lines.markersize": 4.5,
    "legend.frameon": False, "legend.fontsize": 8, "figure.facecolor": "none",
    "axes.facecolor": "none", "savefig.facecolor": "none", "svg.fonttype": "path",
    "svg.hashsalt": "twinstore", "hatch.linewidth": 0.6, "path.simplify": True,
}


def look_of(topology: str) -> Look:
    """Return a topology's look; unknown names get one by their letters, the same each time."""
    return _LOOKS.get(topology) or _MORE[sum(topology.encode()) % len(_MORE)]


def drawing_style() -> AbstractContextManager[None]:
    """Hold this look while figures are made; matplotlib's own defaults come back after."""
    return mpl.rc_context(RC)


def new_figure(height_in: float, rows: int = 1, columns: int = 1,
               **options: Any) -> tuple[Figure, list[Axes]]:
    """Make a figure and its axes, row by row."""
    figure = Figure(figsize=(WIDTH_IN, height_in),
                    layout=ConstrainedLayoutEngine(w_pad=PAD_IN))
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, [axes for row in grid for axes in row]


def log_ms(axis: Any) -> None:
    """Label a logarithmic axis with plain numbers at 1, 2 and 5."""
    axis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0), numticks=20))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_formatter(NullFormatter())


_LONG: Final = 8
"""Greatest ÷ least from which an axis of ratios is long."""


def log_ratio(axis: Any) -> None:
    """Label a logarithmic axis of ratios; fewer labels on a long one, so set its limits before."""
    least, most = axis.get_view_interval()
    near = [0.33, 0.67, 0.8, 1.25, 1.5, 4, 7, 15] if most < _LONG * least else []
    axis.set_major_locator(FixedLocator(sorted([0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100,
                                                *near])))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:g}"))
    axis.set_minor_locator(NullLocator())


def to_svg(figure: Figure) -> str:
    """The figure as SVG: the same bytes each time, no date, no tool's name."""
    out = io.StringIO()
    with drawing_style():  # print_svg, not savefig: that would lay out and draw twice
        FigureCanvasSVG(figure).print_svg(  # type: ignore[no-untyped-call]
            out, metadata={"Date": None, "Creator": None})
    figure.set_layout_engine("none")  # laid out once, so SVG and PNG are the same picture
    return out.getvalue()


def to_png(figure: Figure) -> bytes:
    """The figure as PNG on paper white, 160 dots per inch; after `to_svg`, which lays it out."""
    out = io.BytesIO()
    figure.dpi = 160
    figure.set_facecolor("#ffffff")
    with drawing_style():
        FigureCanvasAgg(figure).print_png(  # type: ignore[no-untyped-call]
            out, metadata={"Software": None})
    return out.getvalue()


def to_inline_svg(svg: str, name: str) -> str:
    """Make SVG fit for a page: no prologue, ids of its own, inks that follow the page's theme."""
    body = svg[svg.index("<svg"):]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r' xmlns(:xlink)?="[^"]*"', "", body).replace("xlink:href", "href")
    body = re.sub(r'(id="|"#|url\(#)', lambda m: f"{m[1]}{name}-", body)
    body = body.replace("#" + INK[1:], "currentColor").replace("#" + FAINT[1:], "var(--faint)")
    for topology, look in _LOOKS.items():
        body = body.replace(look.colour, f"var(--{topology})")
    return body
