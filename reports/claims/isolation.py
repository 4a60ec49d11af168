"""The rows about faults: A6, A7, B10."""

from __future__ import annotations

from reports.claims.claim import Effect, Row, Word, all_of, effect_of_estimate, untestable
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.estimate import Estimate
from reports.isolation import FaultResult

_MARGIN = 0.01
"""Collateral below this share of all requests is called none."""
_NO_FAULTS = "faults that acted in both stores and have a matched run"


def single_point(evidence: Evidence) -> Row:
    """A6: collateral of the monolith; one fault that clearly has some is enough."""
    found = _collateral(evidence, evidence.base)
    if not found:
        return untestable(CLAIMS["A6"], _NO_FAULTS)
    words = [_some(effect) for effect in found]
    return Row(CLAIMS["A6"], _any_of(words), tuple(found),
               "the worst fault comes first; supported: one fault in one module costs features "
               f"that do not need it more than {_MARGIN * 100:g} % of all requests")


def contained(evidence: Evidence) -> Row:
    """A7: collateral of the microservices; every fault must be without."""
    found = _collateral(evidence, evidence.rival)
    if not found:
        return untestable(CLAIMS["A7"], _NO_FAULTS)
    words = [_turned(_some(effect)) for effect in found]
    return Row(CLAIMS["A7"], all_of(words), tuple(found),
               "the worst fault comes first; supported: the interval of every fault ends below "
               f"{_MARGIN * 100:g} % of all requests")


def no_amplification(evidence: Evidence) -> Row:
    """B10: loss − prediction of every fault and store; the worst one is shown first."""
    claim = CLAIMS["B10"]
    margin = claim.most or 0.0
    found = [(loss.excess, result, name) for result in evidence.faults if not result.void
             for name, loss in result.losses.items() if loss.excess]
    found.sort(key=lambda one: -one[0].value)
    if not found:
        return untestable(claim, "faults that can be compared with a matched run")
    effects = tuple(_effect(result, name, "lost beyond prediction", excess)
                    for excess, result, name in found)
    return Row(claim, all_of([_turned(_some(effect, margin)) for effect in effects]), effects,
               "the worst fault comes first; prediction: the dependency graph, the kind of the "
               f"fault and the mix. Supported: every interval ends below +{margin * 100:g} point")


def _collateral(evidence: Evidence, topology: str) -> list[Effect]:
    found = [(loss.collateral, result) for result in evidence.faults if result.is_comparable
             and (loss := result.losses.get(topology)) and loss.collateral]
    found.sort(key=lambda one: -one[0].value)
    return [_effect(result, topology, "collateral", one) for one, result in found]


def _effect(result: FaultResult, topology: str, what: str, found: Estimate) -> Effect:
    return effect_of_estimate(f"{result.name} on {topology}: {what}", found,
                              "requests" if result.repeats == 1 else "runs")


def _some(effect: Effect, margin: float = _MARGIN) -> Word:
    if effect.low is not None and effect.low > margin:
        return "supported"
    if effect.high is not None and effect.high <= margin:
        return "contradicted"
    return "no difference shown"


def _turned(word: Word) -> Word:
    turned: dict[Word, Word] = {"supported": "contradicted", "contradicted": "supported"}
    return turned.get(word, word)


def _any_of(words: list[Word]) -> Word:
    return _turned(all_of([_turned(word) for word in words]))
