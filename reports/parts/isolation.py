"""The chapter on failure isolation: strips, availability, collateral, recovery."""

from __future__ import annotations

from collections import Counter

import numpy as np

from reports.arms import Arms
from reports.document import Block, Drawing, Note, Part
from reports.estimate import Estimate
from reports.figures import isolation as draw
from reports.figures.matrix import draw_matrix, draw_predicted
from reports.isolation import Availability, FaultResult, Loss
from reports.parts.impact import impact_table
from reports.table import Table
from reports.words import ABSENT, number, percent, percent_interval

_MANY, _TOLD = 4, 3


def isolation_part(results: list[FaultResult], arms: Arms) -> Part:
    """Build the chapter; a fault that can't be compared says why."""
    title = "Failure isolation"
    if not results:
        return Part("isolation", title, ["This run has no trial with a fault."])
    told = most_telling(results)
    lead = [result.void or _sentence(result, arms) for result in told]
    if len(told) < len(results):
        lead.insert(0, f"{len(results)} faults; the {len(told)} that lost most beyond what the "
                       "dependency graph predicts are told and drawn, the tables have them all.")
    blocks: list[Block] = []
    if figure := draw_matrix(results):
        blocks.append(Drawing(
            "isolation_matrix", "Share of requests lost by fault, feature and store",
            _availability_said(results),
            "Per cent of a feature's requests lost against the matched run without fault. "
            "Outlined: the feature needs the broken module by contract, so a loss is expected; "
            "shaded without outline: collateral. Can't: this store has no such place, so nothing "
            "was measured.", ("isolation_availability",), figure))
    if figure := draw.draw_strips(told):
        blocks.append(Drawing(
            "isolation_strips", "Attainment by feature and second around each fault",
            _strips_said(told),
            "Share of requests that were good, by feature and the second in which they were "
            "intended; a dot: none was scheduled. Dashed: the fault is armed, then cleared. "
            "Below: ▲ first bad request, ◆ shown to be below 99 %, ● 20 good in a row again.",
            ("isolation_strips",), figure))
    if figure := draw.draw_availability(told):
        blocks.append(Drawing(
            "isolation_availability", "Availability by feature with and without the fault",
            _availability_said(told),
            "Hollow: the matched run without fault, same seconds; full: with it, the band is its "
            "95 % Wilson interval. * needs the broken module by contract.",
            ("isolation_availability",), figure))
    if figure := draw.draw_collateral(told):
        blocks.append(Drawing(
            "isolation_collateral", "Requests lost by need of the broken module",
            _collateral_said(results, arms),
            "Solid: collateral, lost by features that do not need the broken module, with its "
            "95 % interval; pale: lost by features that need it. Tick: predicted from the "
            "dependency graph, the kind of the fault and the mix.",
            ("isolation_losses",), figure))
    if figure := draw_predicted(results):
        blocks.append(Drawing(
            "isolation_predicted", "Requests lost: predicted against measured",
            _excess_said(results),
            "One mark a fault and store, bar: 95 % interval. On the line the dependency graph "
            "explains the loss; above it is amplification.", ("isolation_losses",), figure))
    blocks.append(impact_table(results))
    blocks += [_loss_table(results), _availability_table(results), _strip_table(results)]
    if any(result.repeats == 1 for result in results):
        blocks.append(Note("Faults with one run a store: intervals count requests only; how much "
                           "two runs differ is not in them.", "caveat"))
    return Part("isolation", title, lead, blocks)


def most_telling(results: list[FaultResult]) -> list[FaultResult]:
    """All of a few; of many the three with the largest excess in any store, in their order."""
    if len(results) <= _MANY:
        return results
    worst = sorted(results, key=_largest_excess, reverse=True)[:_TOLD]
    return [result for result in results if result in worst]


def _largest_excess(result: FaultResult) -> float:
    if result.void:
        return -1.0
    return max((loss.excess.value for loss in result.losses.values() if loss.excess), default=-1.0)


def _sentence(result: FaultResult, arms: Arms) -> str:
    parts = []
    for name in arms.all:
        loss = result.losses.get(name)
        if loss and not loss.applies:
            parts.append(f"{name} has no such place, so it can't happen here")
        elif loss and loss.collateral and loss.blast:
            parts.append(f"{name} lost {_share(loss.blast)} of all requests "
                         f"(collateral {_share(loss.collateral)}), {_recovered(loss)}")
    return f"{result.name}: {'; '.join(parts)}."


def _share(estimate: Estimate | None) -> str:
    if estimate is None:
        return ABSENT
    return (f"{percent(estimate.value)} "
            f"{percent_interval(estimate.low, estimate.high)}").strip()


def _recovered(loss: Loss) -> str:
    if loss.recover_s is None:
        return "recovery not seen within the trial"
    return f"recovered {number(loss.recover_s, 2)} s after the fault was cleared"


def _strips_said(results: list[FaultResult]) -> str:
    fired = [f"{result.name} {_fired(result)}" for result in results]
    return f"Times the faults fired: {'; '.join(fired)}."


def _fired(result: FaultResult) -> str:
    return ", ".join(f"{name} {sum(loss.times_fired)}" for name, loss in result.losses.items())


def _availability_said(results: list[FaultResult]) -> str:
    hit: dict[str, list[str]] = {}
    for result in results:
        for a in result.availability:
            if not result.void and not a.depends and _fell(a):
                hit.setdefault(f"{result.name} on {a.topology}", []).append(a.feature)
    if not hit:
        return "No feature was shown to fail that does not need the broken module."
    if len(hit) > _MANY:
        stores = Counter(where.rsplit(" on ", 1)[1] for where in hit)
        said = ", ".join(f"{n} of {len(results)} in {name}" for name, n in stores.items())
        return f"Faults that made features fail which don't need the broken module: {said}."
    said = "; ".join(f"{where}: {', '.join(features)}" for where, features in hit.items())
    return f"Features that failed without needing the broken module: {said}."


def _fell(a: Availability) -> bool:
    """Do the two intervals lie apart?"""
    return (a.with_fault is not None and a.matched is not None
            and (a.with_fault.high or 0) < (a.matched.low or 0))


def _collateral_said(results: list[FaultResult], arms: Arms) -> str:
    parts = []
    results = most_telling(results)
    for name in arms.all:
        shares = [f"{result.name} {_share(result.losses[name].collateral)}"
                  for result in results if not result.void and name in result.losses
                  and result.losses[name].applies]
        if shares:
            parts.append(f"{name}: {', '.join(shares)}")
    return f"Collateral, share of all requests. {'; '.join(parts)}."


def _excess_said(results: list[FaultResult]) -> str:
    found = [(loss.excess, result.name, name) for result in results if not result.void
             for name, loss in result.losses.items() if loss.excess]
    worst, fault, name = max(found, key=lambda one: one[0].value)
    return f"Largest loss beyond prediction: {_share(worst)} of all requests, {fault} on {name}."


def _loss_table(results: list[FaultResult]) -> Table:
    pairs = [(result, loss) for result in results for loss in result.losses.values()]
    return Table(
        "isolation_losses", "Losses by fault",
        "Blast radius: loss against the matched run, weighted by the mix. Collateral: the same "
        "over features that do not need the module. Predicted: from the dependency graph, "
        "the kind of the fault and the mix. Excess: measured − predicted. "
        "Recovery: from clearing to the last bad request of any feature; "
        "not seen when one did not come back within the trial.",
        ["fault", "store", "runs", "fired", "blast radius", "collateral", "predicted",
         "excess", "recovery, s", "note"],
        [[r.name, loss.topology, str(len(loss.times_fired)), str(sum(loss.times_fired)),
          _share(loss.blast), _share(loss.collateral), percent(loss.expected),
          _share(loss.excess),
          number(loss.recover_s, 2) if loss.recover_s is not None else "not seen",
          "void" if r.void else "" if loss.applies else "can't happen here"] for r, loss in pairs],
        ["fault", "topology", "runs", "times_fired", "blast", "blast_low", "blast_high",
         "collateral", "collateral_low", "collateral_high", "n", "expected", "excess",
         "excess_low", "excess_high", "recover_s", "void"],
        [[r.name, loss.topology, len(loss.times_fired), sum(loss.times_fired),
          *_ends(loss.blast), *_ends(loss.collateral), loss.blast.n if loss.blast else None,
          loss.expected, *_ends(loss.excess), loss.recover_s, r.void] for r, loss in pairs],
        frozenset({2, 3, 4, 5, 6, 7, 8}),
    )


def _ends(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)


def _availability_table(results: list[FaultResult]) -> Table:
    rows = [(result, a) for result in results for a in result.availability]
    return Table(
        "isolation_availability", "Availability by feature",
        "Good / scheduled in the fault's window, Wilson interval; n = scheduled requests.",
        ["fault", "store", "feature", "needs it", "with fault", "n", "without", "n "],
        [[r.name, a.topology, a.feature, "yes" if a.depends else "no",
          _share(a.with_fault), f"{a.with_fault.n if a.with_fault else 0:,}",
          _share(a.matched), f"{a.matched.n if a.matched else 0:,}"] for r, a in rows],
        ["fault", "topology", "feature", "depends", "with_fault", "with_fault_low",
         "with_fault_high", "n", "without", "without_low", "without_high", "n_without"],
        [[r.name, a.topology, a.feature, a.depends, *_ends(a.with_fault),
          a.with_fault.n if a.with_fault else 0, *_ends(a.matched),
          a.matched.n if a.matched else 0] for r, a in rows],
        frozenset({4, 5, 6, 7}),
    )


def _strip_table(results: list[FaultResult]) -> Table:
    raw = [[r.name, strip.topology, feature, strip.first_s + second,
            None if np.isnan(share) else float(share)]
           for r in results for strip in r.strips
           for feature, line in zip(strip.features, strip.share, strict=True)
           for second, share in enumerate(line)]
    cells = [[r.name, strip.topology, number(strip.armed_s), number(strip.cleared_s),
              str(int(np.isfinite(strip.share).sum()))] for r in results for strip in r.strips]
    return Table("isolation_strips", "Strips",
                 "When the faults acted, in seconds since the start of load; the CSV has every "
                 "feature and second.",
                 ["fault", "store", "armed", "cleared", "cells"], cells,
                 ["fault", "topology", "feature", "second", "attainment"], raw,
                 frozenset({2, 3, 4}))
