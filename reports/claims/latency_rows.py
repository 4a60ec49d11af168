"""Rows decided by response times and rates: B2, B3, B4, B12."""

from __future__ import annotations

from dataclasses import replace

from reports.claims.claim import (
    Effect,
    Row,
    Word,
    by_equivalence,
    effect_of_ratio,
    untestable,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.estimate import Ratio
from reports.latency import Latency
from reports.verdicts import Verdict, speed_verdict

_WORDS: dict[str, Word] = {"slower": "supported", "faster": "contradicted"}


def simple_read(evidence: Evidence) -> Row:
    """B2: the median of one product read."""
    claim = CLAIMS["B2"]
    found = evidence.of_workload("product_read")
    ratio = found.ratios[50.0] if found else None
    if found is None or ratio is None:
        return untestable(claim, "a latency series of workload product_read on both stores")
    return Row(claim, _word(_verdict(evidence, found, 50.0)),
               (_effect("median", found, 50.0, ratio, min(claim.published)),),
               evidence.hop_caveat(found))


def cpu_bound(evidence: Evidence) -> Row:
    """B3: the median of a sign-in, which is a password hash."""
    claim = CLAIMS["B3"]
    found = evidence.of_workload("sign_in")
    ratio = found.ratios[50.0] if found else None
    if found is None or ratio is None or claim.within is None:
        return untestable(claim, "a latency series of workload sign_in on both stores")
    effect = _effect("median", found, 50.0, ratio)
    return Row(claim, by_equivalence(effect, *claim.within), (effect,),
               evidence.hop_caveat(found))


def tail(evidence: Evidence) -> Row:
    """B4: p95 of the series that makes the headline."""
    claim, found = CLAIMS["B4"], evidence.headline
    ratio = found.ratios[95.0]
    if ratio is None:
        return untestable(claim, "latency pairs of both stores with 400 first requests in every "
                                 "trial, for a p95")
    verdict = _verdict(evidence, found, 95.0, found.adjusted.get("p95"))
    effect = _effect(f"p95 of {_name(found)}", found, 95.0, ratio, min(claim.published))
    return Row(claim, _word(verdict), (effect,), evidence.hop_caveat(found))


def moderate_load(evidence: Evidence) -> Row:
    """B12: good answers a second at the headline's rate."""
    claim, found = CLAIMS["B12"], evidence.headline
    ratio = evidence.paired(found, "good_per_s") if found.trials else None
    if ratio is None or claim.within is None:
        return untestable(claim, "latency pairs of both stores with good answers")
    effect = effect_of_ratio(f"good answers a second of {_name(found)}", ratio)
    return Row(claim, by_equivalence(effect, *claim.within), (effect,),
               "the source states no range: no difference means within 5 % here; an open-loop "
               "load offers both stores the same rate: throughput differs only "
               "where answers fail or come too late")


def _verdict(evidence: Evidence, latency: Latency, q: float, p: float | None = None) -> Verdict:
    return speed_verdict("", evidence.base, evidence.rival, latency.ratios[q], latency.bands[q], p)


def _word(verdict: Verdict) -> Word:
    """The same verdict as in the headline: noise floor and Holm's p included."""
    return _WORDS.get(verdict.word, "no difference shown")


def _effect(what: str, latency: Latency, q: float, ratio: Ratio,
            published: float | None = None) -> Effect:
    return effect_of_ratio(what, replace(ratio, band=latency.bands[q]), published=published)


def _name(latency: Latency) -> str:
    return latency.series or latency.trials[0].workload
