"""The rows about faults: A6, A7, B10."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reports.claims.claim import Effect, Row, Word, all_of, effect_of_estimate, untestable
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.estimate import Estimate
from reports.isolation import FaultResult, Loss
from reports.losses import least_half, times_for
from reports.words import count, listed, number

_MARGIN = 0.01
"""Collateral, or a loss beyond prediction, below this share of all requests is called none."""
_MOST_NAMES = 6
_NO_FAULTS = "faults that acted in the store, spare a feature and have a matched run"


@dataclass(frozen=True, slots=True)
class _Found:
    """The collateral of one fault in one store."""

    result: FaultResult
    loss: Loss
    effect: Effect
    family: int
    """How many intervals must hold together."""

    @property
    def repeats_needed(self) -> int:
        """How many repeats could show a collateral of none; as many as there were: this run can."""
        return self.result.repeats * times_for(self.loss.counted, _MARGIN, self.family)


def single_point(evidence: Evidence) -> Row:
    """A6: collateral of the monolith; one fault that clearly has some is enough."""
    found = _collateral(evidence, evidence.base)
    if not found:
        return untestable(CLAIMS["A6"], _NO_FAULTS)
    words = [_some(one.effect) for one in found]
    return _or_undecidable(found, Row(
        CLAIMS["A6"], _any_of(words), tuple(one.effect for one in found),
        "the worst fault comes first; supported: one fault in one module costs features that do "
        f"not need it more than {_MARGIN * 100:g} % of all requests{_together(len(found))}"
        f"{_without(evidence)}"))


def contained(evidence: Evidence) -> Row:
    """A7: collateral of the microservices; every fault must be without."""
    found = _collateral(evidence, evidence.rival)
    if not found:
        return untestable(CLAIMS["A7"], _NO_FAULTS)
    words = [_turned(_some(one.effect)) for one in found]
    return _or_undecidable(found, Row(
        CLAIMS["A7"], all_of(words), tuple(one.effect for one in found),
        "the worst fault comes first; supported: the interval of every fault ends below "
        f"{_MARGIN * 100:g} % of all requests{_together(len(found))}{_without(evidence)}"
        f"{_left_out(evidence)}"))


def no_amplification(evidence: Evidence) -> Row:
    """B10: loss − prediction of every fault and store, raw: resilient stores retry.

    The worst one is shown first.
    """
    claim = CLAIMS["B10"]
    losses = [(loss, result, name) for result in evidence.faults
              if result.posture == "raw" and not result.void
              for name, loss in result.losses.items() if loss.excess]
    found = sorted(((excess, result, name) for loss, result, name in losses
                    if (excess := loss.excess_among(len(losses)))), key=lambda one: -one[0].value)
    if not found:
        return untestable(claim, "faults, met without retries (posture raw), that can be predicted "
                                 "and compared with a matched run")
    effects = tuple(_effect(result, name, "lost beyond prediction", excess)
                    for excess, result, name in found)
    return Row(claim, all_of([_turned(_some(effect)) for effect in effects]), effects,
               "the worst fault comes first, all without retries (posture raw); prediction: the "
               "dependency graph, the kind of the fault, the mix and the work of its requests. "
               f"Supported: every interval ends below +{_MARGIN * 100:g} point"
               f"{_together(len(found))}")


def _collateral(evidence: Evidence, topology: str) -> list[_Found]:
    """Of every fault whose place the store has: A6 and A7 each speak of one store alone."""
    losses = [(result, loss) for result in evidence.faults
              if not result.void and result.has_independent
              and (loss := result.losses.get(topology)) and loss.applies and loss.collateral]
    found = [_Found(result, loss, _effect(result, topology, "collateral", share), len(losses))
             for result, loss in losses if (share := loss.collateral_among(len(losses)))]
    return sorted(found, key=lambda one: -(one.effect.value or 0.0))


def _together(family: int) -> str:
    """Any of many intervals can decide a row, so all must hold together."""
    return ("" if family < 2 else f"; the intervals of all {family} hold together in 95 % "
            "(Bonferroni), so each is wider than the one that the chapter shows")


def _without(evidence: Evidence) -> str:
    """How many faults have no collateral by definition; they decide nothing."""
    names = {result.fault.name for result in evidence.faults
             if not result.void and not result.has_independent}
    if not names:
        return ""
    return (f"; {count(len(names), 'fault')} of a part that every feature needs "
            f"{'takes' if len(names) == 1 else 'take'} no part: nothing can be collateral")


def _left_out(evidence: Evidence) -> str:
    """Which faults of the scenario file (module and kind) proved nothing; empty: all were met."""
    known = {(keys["module"], keys["kind"])
             for keys in evidence.run.record.definitions.get("faults", {}).values()}
    absent = sorted(known - {(result.fault.module, result.fault.kind)
                             for result in evidence.faults if not result.void})
    if not absent:
        return ""
    names = f": {listed([f'{module} {kind}' for module, kind in absent])}"
    return (f"; {len(absent)} of {count(len(known), 'fault')} in the run's catalogue "
            "(module and kind) take no part, not met or void"
            f"{names if len(absent) <= _MOST_NAMES else ''}")


def _or_undecidable(found: list[_Found], row: Row) -> Row:
    """Say what it takes where a fault left the row open that could not have closed it."""
    left_open = [one for one in found if _some(one.effect) == "no difference shown"]
    if row.word != "no difference shown" or not left_open:
        return row
    worst = max(left_open, key=lambda one: one.repeats_needed / one.result.repeats)
    if worst.repeats_needed == worst.result.repeats:
        return row
    here = sum(one.window for one in worst.loss.counted)
    needed = here * worst.repeats_needed // worst.result.repeats
    return replace(row, word="not testable here", missing=(
        f"at least {count(worst.repeats_needed, 'repeat')}, {needed:,} requests that do not need "
        f"the module in the window of {worst.result.name}: the {here:,} of this run leave "
        f"±{number(least_half(worst.loss.counted, family=worst.family) * 100)} points though "
        "nothing is lost, and "
        f"{_MARGIN * 100:g} point decides"))


def _effect(result: FaultResult, topology: str, what: str, found: Estimate) -> Effect:
    return effect_of_estimate(f"{result.name} on {topology}: {what}", found,
                              "requests" if result.repeats == 1 else "runs")


def _some(effect: Effect) -> Word:
    if effect.low is not None and effect.low > _MARGIN:
        return "supported"
    if effect.high is not None and effect.high <= _MARGIN:
        return "contradicted"
    return "no difference shown"


def _turned(word: Word) -> Word:
    turned: dict[Word, Word] = {"supported": "contradicted", "contradicted": "supported"}
    return turned.get(word, word)


def _any_of(words: list[Word]) -> Word:
    return _turned(all_of([_turned(word) for word in words]))
