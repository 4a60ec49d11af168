"""The Universal Scalability Law: where it may be used, and where not, why."""

from __future__ import annotations

from reports.capacity import Curve
from reports.document import Block, Drawing, Note
from reports.figures.capacity import panel_title
from reports.figures.usl import draw_usl, fitted, sizes_of
from reports.table import Table
from reports.usl import Refusal, usl_sentence
from reports.words import interval, listed, number


def usl_blocks(curves: list[Curve]) -> list[Block]:
    """The law where it may be used; where not, why."""
    if not curves:
        return []
    said = _law_said(curves)
    figure = draw_usl(curves)
    if figure is None:
        return [Note(said)]
    rows = [(curve, n, usl.at(n)) for curve, usl in fitted(curves) for n in sizes_of(usl)]
    return [
        Drawing("scaling_usl", "The Universal Scalability Law through the capacities",
                said,
                "X(N) = γN / (1 + α(N − 1) + βN(N − 1)): α is contention, β the price of keeping "
                "each other informed. Shaded: 95 % band. It is not drawn beyond twice the largest "
                "size measured.", ("scaling_usl", "scaling_axes"), figure),
        Table("scaling_usl", "Parameters of the law", "95 % intervals by the parametric bootstrap.",
              ["axis", "store", "γ", "α", "β"],
              [[panel_of(curve, curves), curve.topology,
                *(f"{number(e.value)} {interval(e.low, e.high)}"
                  for e in (usl.gamma, usl.alpha, usl.beta))] for curve, usl in fitted(curves)],
              ["workload", "axis", "fixed", "topology", "size", "law_per_s", "low", "high"],
              [[curve.workload, curve.axis, curve.fixed, curve.topology, n, at.value, at.low,
                at.high] for curve, n, at in rows],
              frozenset({2, 3, 4})),
    ]


def _law_said(curves: list[Curve]) -> str:
    """Every fit; curves without one by the reason."""
    refused: dict[str, list[str]] = {}
    for curve in curves:
        if isinstance(curve.usl, Refusal):
            refused.setdefault(curve.usl.reason, []).append(curve_name(curve, curves))
    return " ".join([
        *(usl_sentence(curve_name(curve, curves), usl) for curve, usl in fitted(curves)),
        *(f"The Universal Scalability Law is not fitted for {listed(names)}: {reason}."
          for reason, names in refused.items())])


def panel_of(curve: Curve, curves: list[Curve]) -> str:
    """What stays the same along a curve."""
    return panel_title(curve.workload, curve.axis, curve.fixed,
                            len({one.workload for one in curves}))


def curve_name(curve: Curve, curves: list[Curve]) -> str:
    """`monolith (one replica each)`."""
    return f"{curve.topology} ({panel_of(curve, curves)})"
