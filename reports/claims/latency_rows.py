"""Rows decided by response times and rates: B2, B3, B4, B5, B12."""

from __future__ import annotations

from dataclasses import replace

from reports.claims.claim import (
    Effect,
    Row,
    Word,
    all_of,
    by_direction,
    by_equivalence,
    effect_of_ratio,
    untestable,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.estimate import Ratio
from reports.estimate_apart import ratio_apart
from reports.latency import Latency
from reports.noise import apart
from reports.verdicts import Verdict, speed_verdict

_WORDS: dict[str, Word] = {"slower": "supported", "faster": "contradicted"}
LISTS = ("list_small", "list_medium", "list_large")


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


def heavier_work(evidence: Evidence) -> Row:
    """B5: the ratio from short lists to long ones; every step must fall."""
    claim = CLAIMS["B5"]
    found = [evidence.of_workload(name) for name in LISTS]
    known = [(one, ratio) for one in found if one and (ratio := one.ratios[50.0])]
    if len(known) < len(LISTS):
        return untestable(claim, f"latency series of workloads {', '.join(LISTS)} on both stores")
    ratios = [replace(ratio, band=one.bands[50.0]) for one, ratio in known]
    steps = [_fall(f"{b} against {a}", one, other) for a, b, one, other in zip(
        LISTS, LISTS[1:], ratios, ratios[1:], strict=False)]
    whole = _fall("ratio at long lists ÷ ratio at short ones", ratios[0], ratios[-1])
    gaps = tuple(effect_of_ratio(name, ratio) for name, ratio in zip(LISTS, ratios, strict=True))
    return Row(claim, all_of([by_direction(step.turned) for step in steps]), (whole, *gaps),
               evidence.hop_caveat(known[0][0]))


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


def _fall(what: str, before: Ratio, after: Ratio) -> Effect:
    """after ÷ before: series are measured apart."""
    found = ratio_apart(before, after)
    return Effect(what, found.value, found.low, found.high, min(found.n), "ratio", "pairs each",
                  band=apart(before.band, after.band),
                  caveats=tuple(dict.fromkeys(before.caveats + after.caveats)))


def _name(latency: Latency) -> str:
    return latency.series or latency.trials[0].workload
