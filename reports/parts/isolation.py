"""The chapter on failure isolation: strips, availability, collateral, recovery."""

from __future__ import annotations

from collections.abc import Sequence

from reports.arms import Arms
from reports.document import Block, Note, Part
from reports.foretold import Foretold
from reports.isolation import FaultResult, Loss
from reports.isolation_words import share_text
from reports.parts.fault_pools import pool_blocks
from reports.parts.foretold import foretold_blocks
from reports.parts.impact import impact_tables
from reports.parts.isolation_drawings import isolation_drawings
from reports.parts.isolation_means import mean_tables
from reports.parts.isolation_tables import availability_table, loss_table, strip_table
from reports.parts.postures import posture_blocks
from reports.parts.revenue import revenue_said, revenue_table
from reports.postures import postures_of
from reports.revenue import Revenue
from reports.words import count, number

_MANY, _TOLD = 4, 3
"""Up to so many results are all told; of more, so many faults."""


def isolation_part(results: list[FaultResult], arms: Arms,
                   revenue: Sequence[Revenue] = (), foretold: Sequence[Foretold] = ()) -> Part:
    """Build the chapter; a fault that can't be compared says why."""
    title = "Failure isolation"
    if not results:
        return Part("isolation", title, ["This run has no trial with a fault."])
    told = most_telling(results)
    lead = [result.void or _sentence(result, arms) for result in told]
    if len(told) < len(results):
        lead.insert(0, _which_told(results, told))
    lead += revenue_said(revenue, arms)
    blocks: list[Block] = [
        *isolation_drawings(results, told, arms), *mean_tables(results, arms),
        *posture_blocks(results, arms),
        *impact_tables(results), *pool_blocks(results), *revenue_table(revenue),
        *foretold_blocks(foretold), loss_table(results), availability_table(results),
        strip_table(results)]
    if any(result.repeats == 1 for result in results):
        blocks.append(Note("Faults with one run a store: intervals count requests only; how much "
                           "two runs differ is not in them.", "caveat"))
    return Part("isolation", title, lead, blocks)


def most_telling(results: list[FaultResult]) -> list[FaultResult]:
    """All of a few; of many the three faults with the largest excess in any store, in their
    order and in all their postures."""
    if len(results) <= _MANY:
        return results
    worst: dict[str, float] = {}
    for result in results:
        name = result.fault.name
        worst[name] = max(worst.get(name, -1.0), _largest_excess(result))
    told = sorted(worst, key=lambda name: worst[name], reverse=True)[:_TOLD]
    return [result for result in results if result.fault.name in told]


def _which_told(results: list[FaultResult], told: list[FaultResult]) -> str:
    faults, drawn = (len({result.fault.name for result in some}) for some in (results, told))
    twice = " in two postures" if len(postures_of(results)) > 1 else ""
    return (f"{count(faults, 'fault')}{twice}; the {drawn} that lost most beyond what the "
            "dependency graph predicts are told and drawn, the tables have them all.")


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
        elif loss and loss.blast:
            inside = (f"collateral {share_text(loss.collateral)}" if result.has_independent
                      else "every feature needs what broke")
            parts.append(f"{name} lost {share_text(loss.blast)} of all requests ({inside}), "
                         f"{_recovered(loss)}")
    return f"{result.name}: {'; '.join(parts)}."


def _recovered(loss: Loss) -> str:
    if loss.recover_s is None:
        return "recovery not seen within the trial"
    return f"recovered {number(loss.recover_s, 2)} s after the fault was cleared"
