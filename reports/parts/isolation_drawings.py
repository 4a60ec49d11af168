"""The figures of the chapter on failure isolation, with what they show."""

from __future__ import annotations

from collections import Counter

from reports.arms import Arms
from reports.document import Drawing
from reports.figures import isolation as draw
from reports.figures.matrix import draw_matrix, draw_predicted
from reports.isolation import Availability, FaultResult
from reports.isolation_words import share_text
from reports.postures import postures_of

_MANY = 4
"""Above it the cases are counted, not listed."""


def isolation_drawings(results: list[FaultResult], told: list[FaultResult],
                       arms: Arms) -> list[Drawing]:
    """Draw what there is to draw: first what happened second by second, then all faults at once,
    then more of those that were told."""
    drawn = [_strips(told), _matrix(results), _availability(told), _collateral(told, arms),
             _predicted(results)]
    return [drawing for drawing in drawn if drawing]


def _matrix(results: list[FaultResult]) -> Drawing | None:
    if not (figure := draw_matrix(results)):
        return None
    return Drawing(
        "isolation_matrix", "Share of requests lost by fault, feature and store",
        _availability_said(results),
        "Per cent of a feature's requests lost against the matched run without fault. "
        "Outlined: the feature needs the broken module by contract, so a loss is expected; "
        "shaded without outline: collateral. In parentheses: none of its requests was due while "
        "the fault was armed; instead what it lost of the steps of the journeys that arrived "
        "meanwhile, whenever each was due. –: these journeys have no such step either. "
        "Can't happen: this store has no such place, so nothing was measured. Void: the fault "
        "can't be compared.",
        ("isolation_availability",), figure)


def _strips(told: list[FaultResult]) -> Drawing | None:
    if not (figure := draw.draw_strips(told)):
        return None
    return Drawing(
        "isolation_strips", "Attainment by feature and second around each fault",
        _strips_said(told),
        "Share of requests that were good, by feature and the second in which they were "
        "intended; a dot: none was scheduled. Dashed: the fault is armed, then cleared. "
        "Below: ▲ first bad request; ◆ shown to be below 99 %; ● recovered: the last bad request "
        "of any feature, counted from clearing (at clearing: none was bad after it). No ●: a "
        "feature did not come back within the trial.",
        ("isolation_strips", "isolation_times", "isolation_losses"), figure)


def _availability(told: list[FaultResult]) -> Drawing | None:
    if not (figure := draw.draw_availability(told)):
        return None
    return Drawing(
        "isolation_availability", "Availability by feature with and without the fault",
        _availability_said(told),
        "Hollow: the matched run without fault, same seconds; full: with it, the band is its "
        "95 % Wilson interval. Shaded rows need the broken module by contract. Dotted, without "
        "band: none was due while the fault was armed, so the steps of the journeys that arrived "
        "meanwhile.",
        ("isolation_availability",), figure)


def _collateral(told: list[FaultResult], arms: Arms) -> Drawing | None:
    told = [result for result in told if result.has_independent]
    if not (figure := draw.draw_collateral(told)):
        return None
    return Drawing(
        "isolation_collateral", "Requests lost by need of the broken module",
        _collateral_said(told, arms),
        "Solid: collateral, lost by features that do not need the broken module, with its "
        "95 % interval; pale: lost by features that need it. Tick: predicted from the "
        "dependency graph, the kind of the fault and the mix. A fault of what every feature needs "
        "has no collateral and is not drawn.",
        ("isolation_losses",), figure)


def _predicted(results: list[FaultResult]) -> Drawing | None:
    if not (figure := draw_predicted(results)):
        return None
    return Drawing(
        "isolation_predicted", "Requests lost: predicted against measured",
        _excess_said(results),
        "One mark a fault and store, bar: 95 % interval. On the line the dependency graph "
        "explains the loss; above it is amplification.", ("isolation_losses",), figure)


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
    broken, matched = a.compared
    return (a.applies and broken is not None and matched is not None
            and (broken.high or 0) < (matched.low or 0))


def _collateral_said(results: list[FaultResult], arms: Arms) -> str:
    parts = []
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
