"""Rows about more cores and more replicas: A13, B6."""

from __future__ import annotations

from reports.break_even import break_even_said
from reports.capacity import Axis, Curve
from reports.claims.claim import Effect, Row, Word, all_of, by_direction, untestable
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.claims.searched import RAMPS, SHARED, effect_of_searches
from reports.usl import Refusal, Usl
from reports.words import listed, setting


def break_even(evidence: Evidence) -> Row:
    """A13: does the store that carries more change between the smallest and the largest budget?"""
    claim = CLAIMS["A13"]
    places = sorted(_places(evidence).items())
    if len(places) < 2:
        return untestable(claim, "capacities of both stores at two CPU budgets or more")
    words = [by_direction(effect) for _, effect in places]
    billed = _billed(evidence)
    effects = tuple(effect for place, (_, effect) in enumerate(places)
                    if place in (0, len(places) - 1) or words[place] == "contradicted")
    least, most = setting(places[0][0]), setting(places[-1][0])
    if words[0] == "contradicted":
        return Row(claim, "contradicted", effects, billed)
    if (words[0], words[-1]) == ("supported", "contradicted"):
        return Row(claim, "supported", effects,
                   _joined(f"the break-even lies between {least} and {most} CPU", billed))
    if "contradicted" in words:
        return Row(claim, "no difference shown", effects,
                   _joined(_half_shown(evidence, places), billed))
    end = (f"{evidence.base} carries more there too" if words[-1] == "supported"
           else "no difference is shown there")
    return Row(claim, "not testable here", effects, billed,
               f"an app larger than one machine: {evidence.rival} was not shown to overtake up to "
               f"{most} CPU ({end}), and what lies beyond was not measured")


def _half_shown(evidence: Evidence, places: list[tuple[float, Effect]]) -> str:
    """One half of A13: the rival is ahead somewhere, and no change from one end to the other."""
    said = {"supported": f"{evidence.base} carries more", "contradicted":
            f"{evidence.rival} carries more", "no difference shown": "no difference is shown"}
    each = listed([f"{said[by_direction(effect)]} on {setting(cpus)} CPU"
                   for cpus, effect in places])
    return (f"{each}: that the choice changes from {evidence.base} on the smallest to "
            f"{evidence.rival} on the largest is not shown")


def _joined(*said: str) -> str:
    return "; ".join(filter(None, said))


def _billed(evidence: Evidence) -> str:
    """What the bill says over the rates that both stores were measured at."""
    found = evidence.scaling.break_even
    return f"by use, {break_even_said(found)}" if found else ""


def _places(evidence: Evidence) -> dict[float, Effect]:
    """Capacity, base ÷ rival, by cores: of the workload searched first, else of quick ramps."""
    def what(cpus: float) -> str:
        return f"capacity on {setting(cpus)} CPU, {evidence.base} ÷ {evidence.rival}"

    found = [one for one in evidence.scaling.searched.ratios if one.place[2] == 1]
    searched = {one.place[1]: effect_of_searches(what(one.place[1]), one.ratio) for one in found
                if one.place[0] == found[0].place[0]}
    quick = {one.cpus: Effect(what(one.cpus), None, one.low, one.high, one.ramps, "ratio", RAMPS)
             for one in evidence.scaling.ratios if one.cpus is not None}
    return searched or quick


def scale_out(evidence: Evidence) -> Row:
    """B6: does throughput over replicas turn back within what was measured, in every store?"""
    claim = CLAIMS["B6"]
    known = [(curve, curve.usl) for curve in evidence.scaling.searched.curves
             if curve.axis in ("machines", "replicas") and isinstance(curve.usl, Usl)]
    apart = [one for one in known if one[0].axis == "machines"]
    fits = apart or known
    if not fits:
        return untestable(claim, "capacity searches that answer at four replica counts or more, "
                                 "the fewest among them")
    effects = tuple(Effect(f"{curve.topology}: replicas at the peak, in units of the fewest",
                           peak.value, peak.low, peak.high, peak.n, "count")
                    for curve, usl in fits if (peak := usl.peak_n))
    said = ["by the Universal Scalability Law; supported: in every store the whole interval of "
            "the peak lies within what was measured"]
    if not apart:
        said.append(SHARED)
    said += [f"{curve.topology}: {_no_turn(usl)}" for curve, usl in fits
             if _turns_back(usl) != "supported"]
    unfitted = _unfitted(evidence, [curve for curve, _ in fits])
    words = [_turns_back(usl) for _, usl in fits]
    words += ["no difference shown" for _ in unfitted]
    return Row(claim, all_of(words), effects, "; ".join([*said, *unfitted]))


def _unfitted(evidence: Evidence, fitted: list[Curve]) -> list[str]:
    """Each of the two stores that has no fit where a store has one, with the reason."""
    known = {(curve.topology, _place(curve)): curve.usl
             for curve in evidence.scaling.searched.curves}
    said = []
    for place in dict.fromkeys(map(_place, fitted)):
        for name in (evidence.base, evidence.rival):
            usl = known.get((name, place), Refusal("it was not searched at two of these sizes"))
            if isinstance(usl, Refusal):
                said.append(f"{name}, {place[0]}: no fit, so nothing is shown: {usl.reason}")
    return said


def _place(curve: Curve) -> tuple[str, Axis, float]:
    return curve.workload, curve.axis, curve.fixed


def _turns_back(usl: Usl) -> Word:
    """By the whole interval of the peak: within the sizes measured, or not before their end."""
    low, high = usl.turn
    if low >= usl.largest:
        return "contradicted"
    return "supported" if usl.peak_n and high <= usl.largest else "no difference shown"


def _no_turn(usl: Usl) -> str:
    if _turns_back(usl) == "contradicted":
        return f"throughput rises up to the largest measured, N = {setting(usl.largest)}"
    if usl.peak_n:
        return f"the peak may lie beyond the largest measured, N = {setting(usl.largest)}"
    return f"no peak is quoted: {usl.caveats[0]}"
