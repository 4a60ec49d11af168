"""The tables of the chapter on failure isolation: every fault, posture, store and feature."""

from __future__ import annotations

import numpy as np

from reports.estimate import Estimate
from reports.isolation import Availability, FaultResult
from reports.isolation_words import share_text
from reports.table import Table
from reports.words import number, percent


def loss_table(results: list[FaultResult]) -> Table:
    pairs = [(result, loss) for result in results for loss in result.losses.values()]
    return Table(
        "isolation_losses", "Losses by fault",
        "Blast radius: loss against the matched run, weighted by the mix. Collateral: the same "
        "over features that do not need the module; –: there is none. Predicted: from the "
        "dependency graph, the kind of the fault and the mix; –: can't be predicted. "
        "Excess: measured − predicted. Of journeys: blast radius and collateral once more, counted "
        "over all steps of the journeys that arrived while the fault was armed, whenever each was "
        "due. "
        "Recovery: from clearing to the last bad request of any feature; "
        "not seen when one did not come back within the trial.",
        ["fault", "store", "runs", "fired", "blast radius", "collateral", "predicted",
         "excess", "of journeys", "collateral of journeys", "recovery, s", "note"],
        [[r.name, loss.topology, str(len(loss.times_fired)), str(sum(loss.times_fired)),
          share_text(loss.blast), share_text(loss.collateral), percent(loss.expected),
          share_text(loss.excess), *(share_text(one) for one in loss.of_journeys),
          number(loss.recover_s, 2) if loss.recover_s is not None else "not seen",
          "void" if r.void else "" if loss.applies else "can't happen here"] for r, loss in pairs],
        ["fault", "posture", "topology", "runs", "times_fired", "blast", "blast_low", "blast_high",
         "collateral", "collateral_low", "collateral_high", "n", "expected", "excess",
         "excess_low", "excess_high", "of_journeys", "of_journeys_low", "of_journeys_high",
         "collateral_of_journeys", "collateral_of_journeys_low", "collateral_of_journeys_high",
         "recover_s", "void"],
        [[r.fault.name, r.posture, loss.topology, len(loss.times_fired), sum(loss.times_fired),
          *_ends(loss.blast), *_ends(loss.collateral), loss.blast.n if loss.blast else None,
          loss.expected, *_ends(loss.excess), *(end for one in loss.of_journeys
                                                for end in _ends(one)),
          loss.recover_s, r.void] for r, loss in pairs],
        frozenset(range(2, 11)),
    )


def availability_table(results: list[FaultResult]) -> Table:
    rows = [(result, a) for result in results for a in result.availability]
    return Table(
        "isolation_availability", "Availability by feature",
        "Good / scheduled in the fault's window, Wilson interval; n = scheduled requests. In "
        "parentheses: none was due in it; instead the feature's steps of the journeys that arrived "
        "in it, whenever each was due. The CSV has both for every feature.",
        ["fault", "store", "feature", "needs it", "with fault", "n", "without", "n "],
        [[r.name, a.topology, a.feature, "yes" if a.depends else "no",
          *_shares(a)] for r, a in rows],
        ["fault", "posture", "topology", "feature", "depends", "with_fault", "with_fault_low",
         "with_fault_high", "n", "without", "without_low", "without_high", "n_without",
         "of_journeys", "of_journeys_low", "of_journeys_high", "n_of_journeys",
         "without_of_journeys", "without_of_journeys_low", "without_of_journeys_high",
         "n_without_of_journeys"],
        [[r.fault.name, r.posture, a.topology, a.feature, a.depends, *(
            value for share in (a.with_fault, a.matched, *a.of_journeys)
            for value in (*_ends(share), share.n if share else 0))] for r, a in rows],
        frozenset({4, 5, 6, 7}),
    )


def _shares(a: Availability) -> list[str]:
    """With the fault and without, each with its n."""
    said = [text for share in a.compared
            for text in (share_text(share), f"{share.n if share else 0:,}")]
    return [f"({text})" for text in said] if a.is_of_journeys else said


def strip_table(results: list[FaultResult]) -> Table:
    raw = [[r.fault.name, r.posture, strip.topology, feature, strip.first_s + second,
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
                 ["fault", "posture", "topology", "feature", "second", "attainment"], raw,
                 frozenset({2, 3, 4}))


def _ends(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
