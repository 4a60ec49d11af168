"""Rows that are counted, not estimated, and the row about faults: A1, B10."""

from __future__ import annotations

from reports.claims.claim import (
    Effect,
    Row,
    Word,
    all_of,
    effect_of_estimate,
    untestable,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.estimate import Estimate
from reports.isolation import FaultResult, Loss

_COUNTED = ("deployables", "processes", "databases", "db_connections")
_NAMES = {"db_connections": "database connections"}


def one_unit(evidence: Evidence) -> Row:
    """A1: deployables as started."""
    claim = CLAIMS["A1"]
    described = [evidence.run.record.topologies.get(name, {})
                 for name in (evidence.base, evidence.rival)]
    counts = [[_count(parts.get(what)) for parts in described] for what in _COUNTED]
    one, many = counts[0]
    if one is None or many is None:
        return untestable(claim, "the deployables of both stores in run.json")
    effects = tuple(
        Effect(f"{_NAMES.get(what, what)}: {evidence.base} {a:g}, {evidence.rival}", b, None, None,
               1, "count") for what, (a, b) in zip(_COUNTED, counts, strict=True)
        if a is not None and b is not None)
    added = sum(evidence.run.record.split_added.values())
    return Row(claim, "supported" if one == 1 < many else "contradicted", effects,
               f"{added:,} lines exist only because the store was split; both stores live in one "
               "repository here, so codebases are not counted" if added else "")


def _count(value: object) -> float | None:
    if isinstance(value, dict):
        return float(len(value))
    return float(value) if isinstance(value, int | float) else None


def no_amplification(evidence: Evidence) -> Row:
    """B10: loss − prediction of every fault and store; the worst one is shown first."""
    claim = CLAIMS["B10"]
    margin = claim.most or 0.0
    found = [(_excess(loss), result, loss) for result in evidence.faults if not result.void
             for loss in result.losses.values() if loss.blast]
    found.sort(key=lambda one: -one[0].value)
    if not found:
        return untestable(claim, "faults that can be compared with a matched run")
    effects = tuple(effect_of_estimate(_what(result, loss), excess, "requests" if result.repeats
                                       == 1 else "runs") for excess, result, loss in found)
    return Row(claim, all_of([_word(effect, margin) for effect in effects]), effects,
               "the worst fault comes first; prediction: the share of requests that need the "
               "broken module, so what else falls with a shared process is beyond it. Supported: "
               f"every interval ends below +{margin * 100:g} point")


def _excess(loss: Loss) -> Estimate:
    assert loss.blast is not None
    blast, ends = loss.blast, (loss.blast.low, loss.blast.high)
    low, high = (None if end is None else end - loss.expected for end in ends)
    return Estimate(blast.value - loss.expected, low, high, blast.n, "share of requests",
                    blast.method, blast.caveats)


def _what(result: FaultResult, loss: Loss) -> str:
    return f"{result.fault.name} on {loss.topology}: lost beyond prediction"


def _word(effect: Effect, margin: float) -> Word:
    if effect.high is not None and effect.high <= margin:
        return "supported"
    if effect.low is not None and effect.low > margin:
        return "contradicted"
    return "no difference shown"
