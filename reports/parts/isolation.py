"""The chapter on failure isolation: strips, availability, collateral, recovery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reports.arms import Arms
from reports.document import Block, Drawing, Note, Part
from reports.figures import isolation as draw
from reports.figures.matrix import draw_matrix, draw_predicted
from reports.isolation import Availability, FaultResult, Loss
from reports.isolation_words import share_text
from reports.parts.impact import impact_tables
from reports.parts.isolation_tables import availability_table, loss_table, strip_table
from reports.parts.postures import posture_blocks
from reports.parts.revenue import revenue_said, revenue_table
from reports.postures import postures_of
from reports.revenue import Revenue
from reports.words import count, number

_MANY, _TOLD = 4, 3


def isolation_part(results: list[FaultResult], arms: Arms,
                   revenue: Sequence[Revenue] = ()) -> Part:
    """Build the chapter; a fault that can't be compared says why."""
    title = "Failure isolation"
    if not results:
        return Part("isolation", title, ["This run has no trial with a fault."])
    told = most_telling(results)
    lead = [result.void or _sentence(result, arms) for result in told]
    if len(told) < len(results):
        lead.insert(0, _which_told(results, told))
    lead += revenue_said(revenue, arms)
    blocks: list[Block] = []
    if figure := draw_matrix(results):
        blocks.append(Drawing(
            "isolation_matrix", "Share of requests lost by fault, feature and store",
            _availability_said(results),
            "Per cent of a feature's requests lost against the matched run without fault. "
            "Outlined: the feature needs the broken module by contract, so a loss is expected; "
            "shaded without outline: collateral. –: none was scheduled. Can't happen: this store "
            "has no such place, so nothing was measured. Void: the fault can't be compared.",
            ("isolation_availability",), figure))
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
            "95 % Wilson interval. Shaded rows need the broken module by contract.",
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
    blocks += posture_blocks(results, arms)
    blocks += [*impact_tables(results), *revenue_table(revenue), loss_table(results),
               availability_table(results), strip_table(results)]
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
        elif loss and loss.collateral and loss.blast:
            parts.append(f"{name} lost {share_text(loss.blast)} of all requests "
                         f"(collateral {share_text(loss.collateral)}), {_recovered(loss)}")
    return f"{result.name}: {'; '.join(parts)}."


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
        return _counted(results)
    said = "; ".join(f"{where}: {', '.join(features)}" for where, features in hit.items())
    return f"Features that failed without needing the broken module: {said}."


def _counted(results: list[FaultResult]) -> str:
    """How many faults spread, of those that acted, by store and posture."""
    said = []
    for posture in postures_of(results):
        own = [result for result in results if result.posture == posture and not result.void]
        spread = Counter(name for result in own for name in dict.fromkeys(
            a.topology for a in result.availability if not a.depends and _fell(a)))
        acted = Counter(name for result in own for name, loss in result.losses.items()
                        if loss.applies)
        which = f" ({posture})" if len(postures_of(results)) > 1 else ""
        said += [f"{spread[name]} of {n} in {name}{which}" for name, n in acted.items()]
    return f"Faults that made features fail which don't need the broken module: {', '.join(said)}."


def _fell(a: Availability) -> bool:
    """Do the two intervals lie apart?  What can't happen made nothing fail."""
    return (a.applies and a.with_fault is not None and a.matched is not None
            and (a.with_fault.high or 0) < (a.matched.low or 0))


def _collateral_said(results: list[FaultResult], arms: Arms) -> str:
    parts = []
    results = most_telling(results)
    for name in arms.all:
        shares = [f"{result.name} {share_text(result.losses[name].collateral)}"
                  for result in results if not result.void and name in result.losses
                  and result.losses[name].applies]
        if shares:
            parts.append(f"{name}: {', '.join(shares)}")
    return f"Collateral, share of all requests. {'; '.join(parts)}."


def _excess_said(results: list[FaultResult]) -> str:
    found = [(loss.excess, result.name, name) for result in results if not result.void
             for name, loss in result.losses.items() if loss.excess]
    worst, fault, name = max(found, key=lambda one: one[0].value)
    return (f"Largest loss beyond prediction: {share_text(worst)} of all requests, "
            f"{fault} on {name}.")
