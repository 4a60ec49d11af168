"""Rows about resources: A5, A13, B6, B7, B11, B13."""

from __future__ import annotations

from reports.claims.claim import (
    Effect,
    Row,
    Word,
    all_of,
    by_direction,
    effect_of_ratio,
    every_one,
    untestable,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.estimate_apart import Apart
from reports.hot import HotMix
from reports.hot_ratios import WayRatio
from reports.hot_ways import way_said, way_text
from reports.scaling import CapacityRow
from reports.search_words import ALLOWED, behind_n, chosen_text
from reports.threshold_ratio import ThresholdRatio, allowing_repetition, divide
from reports.usl import Usl
from reports.words import interval, listed, number, setting

_QUICK = "from quick ramps with wide steps; the interval is what the steps leave open"
_RAMPS = f"ramps each, {ALLOWED}"
_SHARED = ("the replicas share one CPU budget: this is no scale-out as published, where each "
           "brings its own")


def hot_part(evidence: Evidence) -> Row:
    """A5: in the store that can scale one part, does that beat scaling everything?"""
    claim = CLAIMS["A5"]
    found = [(mix, way) for mix in evidence.scaling.hot_mixes.mixes for way in mix.by_way
             if way.topology == evidence.rival]
    effects = [effect for mix, way in found for effect in _way_effects(mix, way)]
    if effects:
        caveat = (f"{evidence.base} is one deployable, so its hot part is everything; the budget "
                  "is the same for every way, and each must save what was measured of it")
        return every_one(claim, effects, _with_chosen(caveat, [
            ratio for _, way in found if (ratio := way.cpus or way.capacity)]))
    quick = {row.scaled: row for row in evidence.scaling.hot if row.topology == evidence.rival}
    if not {"everything", "hot_part"} <= set(quick):
        return untestable(claim, "searches of a hot mix by way of scaling")
    effect = _quick("hot part alone ÷ everything, capacity", quick["hot_part"],
                    quick["everything"])
    return Row(claim, by_direction(effect), (effect,), _QUICK)


def hot_spot(evidence: Evidence) -> Row:
    """B13: each store at its best split of one budget; microservices must win in one mix."""
    claim = CLAIMS["B13"]
    best = [(mix, mix.best.capacity.turned) for mix in evidence.scaling.hot_mixes.mixes if mix.best]
    effects = [_effect(f"{mix.workload}: capacity, {evidence.rival} ÷ {evidence.base}", ratio)
               for mix, ratio in best]
    caveat = _with_chosen("each store at its own best split of one budget",
                          [ratio for _, ratio in best])
    if not effects:
        rows = {(row.topology, row.scaled): row for row in evidence.scaling.hot}
        one, other = (rows.get((evidence.rival, "hot_part")),
                      rows.get((evidence.base, "everything")))
        if one is None or other is None:
            return untestable(claim, "searches of a hot mix in both stores")
        effects, caveat = [_quick(f"capacity, {evidence.rival} ÷ {evidence.base}", one,
                                  other)], _QUICK
    words = [by_direction(effect) for effect in effects]
    if "supported" in words:
        return Row(claim, "supported", tuple(effects), caveat)
    if set(words) == {"contradicted"}:
        return Row(claim, "contradicted", tuple(effects), f"{caveat}; suspect the lab first")
    return Row(claim, "no difference shown", tuple(effects), caveat)


def break_even(evidence: Evidence) -> Row:
    """A13: does the store that carries more change between the smallest and the largest budget?"""
    claim = CLAIMS["A13"]
    places = sorted(_places(evidence).items())
    if len(places) < 2:
        return untestable(claim, "capacities of both stores at two CPU budgets or more")
    words = [by_direction(effect) for _, effect in places]
    effects = tuple(effect for place, (_, effect) in enumerate(places)
                    if place in (0, len(places) - 1) or words[place] == "contradicted")
    least, most = setting(places[0][0]), setting(places[-1][0])
    if words[0] == "contradicted":
        return Row(claim, "contradicted", effects)
    if (words[0], words[-1]) == ("supported", "contradicted"):
        return Row(claim, "supported", effects,
                   f"the break-even lies between {least} and {most} CPU")
    if "contradicted" in words:
        return Row(claim, "no difference shown", effects, _half_shown(evidence, places))
    end = (f"{evidence.base} carries more there too" if words[-1] == "supported"
           else "no difference is shown there")
    return Row(claim, "not testable here", effects, _cheaper(evidence),
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


def _cheaper(evidence: Evidence) -> str:
    """What the bill says over the rates that both stores were measured at."""
    found = evidence.scaling.break_even
    if found is None:
        return ""
    rates = f"between {number(found.least_rate)} and {number(found.most_rate)} journeys/s"
    if found.rate is not None:
        where = f"{number(found.rate.value)} {interval(found.rate.low, found.rate.high)}"
        return f"by use, the cheaper store changes at {where} journeys/s, {rates}"
    return (f"by use, {found.cheaper} costs less at every rate {rates}" if found.cheaper else
            f"by use, no store is shown to cost less all over {rates}")


def _places(evidence: Evidence) -> dict[float, Effect]:
    """Capacity, base ÷ rival, by cores: of the workload searched first, else of quick ramps."""
    def what(cpus: float) -> str:
        return f"capacity on {setting(cpus)} CPU, {evidence.base} ÷ {evidence.rival}"

    found = [one for one in evidence.scaling.searched.ratios if one.place[2] == 1]
    searched = {one.place[1]: _effect(what(one.place[1]), one.ratio) for one in found
                if one.place[0] == found[0].place[0]}
    quick = {one.cpus: Effect(what(one.cpus), None, one.low, one.high, one.ramps, "ratio", _RAMPS)
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
        return untestable(claim, "capacity searches at four replica counts or more")
    effects = tuple(Effect(f"{curve.topology}: replicas at the peak, in units of the fewest",
                           peak.value, peak.low, peak.high, peak.n, "count")
                    for curve, usl in fits if (peak := usl.peak_n))
    said = ["by the Universal Scalability Law; supported: in every store the whole interval of "
            "the peak lies within what was measured"]
    if not apart:
        said.append(_SHARED)
    said += [f"{curve.topology}: {_no_turn(usl)}" for curve, usl in fits
             if _turns_back(usl) != "supported"]
    return Row(claim, all_of([_turns_back(usl) for _, usl in fits]), effects, "; ".join(said))


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


def big_machine(evidence: Evidence) -> Row:
    """B7: one deployment with the whole budget ÷ many that share it."""
    claim = CLAIMS["B7"]
    effects = [_effect(f"{one.big.topology}: 1 ÷ {one.small.replicas} of everything, capacity at "
                       f"{setting(one.big.cpus)} CPU", one.ratio)
               for one in evidence.scaling.searched.big_small]
    pools = [(mix, one) for mix in evidence.scaling.hot_mixes.mixes for one in mix.by_pool]
    effects += [_effect(f"{mix.workload}, {one.topology}: one pool ÷ {way_said(one.way)}, "
                        "capacity", one.capacity) for mix, one in pools]
    if not effects:
        return untestable(claim, "capacity searches of one budget at two replica counts, or "
                                 "pooled and split")
    caveat = ("the same budget costs the same, so more capacity is cheaper; rent of whole machines "
              "is not in it")
    return every_one(claim, effects, _with_chosen(caveat, [one.capacity for _, one in pools]))


def memory(evidence: Evidence) -> Row:
    """B11: memory of the whole store under the headline's load."""
    claim, found = CLAIMS["B11"], evidence.headline
    ratio = evidence.paired(found, "memory_gb") if found.trials else None
    if ratio is None:
        return untestable(claim, "latency pairs with the kernel's accounting of memory")
    effect = effect_of_ratio("memory of proxy, application and databases", ratio,
                             published=claim.published[0])
    return Row(claim, by_direction(effect), (effect,),
               "databases and proxy, which both stores have, are in it")


def _way_effects(mix: HotMix, ratio: WayRatio) -> list[Effect]:
    """Fewest cores where they were searched, else capacity; of replicas, memory too."""
    every, hot = way_text(ratio.everything), way_text(ratio.way)
    effects = []
    if ratio.cpus:
        effects = [_effect(f"{mix.workload}: cores for {number(mix.rate)} journeys/s, {every} ÷ "
                           f"{hot}", ratio.cpus)]
    elif ratio.capacity:
        effects = [_effect(f"{mix.workload}: capacity, {hot} ÷ {every}", ratio.capacity)]
    if ratio.memory and not ratio.is_split:
        effects.append(_effect_of_memory(
            f"{mix.workload}: memory at {number(mix.rate)} journeys/s, {every} ÷ {hot}",
            ratio.memory))
    return effects


def _effect_of_memory(what: str, found: Apart) -> Effect:
    return Effect(what, found.value, found.low, found.high, sum(found.n), "ratio", "probes",
                  caveats=found.caveats)


def _effect(what: str, ratio: ThresholdRatio) -> Effect:
    return Effect(what, ratio.value, ratio.low, ratio.high, ratio.n, "ratio", behind_n(ratio))


def _with_chosen(caveat: str, ratios: list[ThresholdRatio]) -> str:
    """What was chosen by its own result looks better than it is."""
    chosen = chosen_text(*ratios)
    return f"{caveat}; {chosen}" if chosen else caveat


def _quick(what: str, above: CapacityRow, below: CapacityRow) -> Effect:
    """Two ramps: the ratio is bounded by their steps, with the allowance for repetition."""
    a, b = above.capacity, below.capacity
    low, high = allowing_repetition(divide(a.low, b.high), divide(a.high, b.low))
    return Effect(what, (low * high) ** 0.5 if low and high else None, low, high,
                  min(a.ramps, b.ramps), "ratio", _RAMPS)


