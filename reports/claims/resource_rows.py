"""Rows about resources: A5, B7, B11, B13."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from reports.claims.claim import (
    Effect,
    Row,
    by_direction,
    effect_of_apart,
    effect_of_ratio,
    every_one,
    untestable,
)
from reports.claims.evidence import Evidence
from reports.claims.facts import CLAIMS
from reports.claims.searched import (
    QUICK,
    SHARED,
    among,
    effect_of_ramps,
    effect_of_searches,
    with_chosen,
)
from reports.claims.starts import allowing_start
from reports.estimate_apart import Apart, means_apart
from reports.hot import HotMix
from reports.hot_ratios import WayRatio
from reports.hot_ways import REPLICAS_OF_EVERYTHING, way_said, way_text
from reports.starts import ONE_START
from reports.words import number, setting

_NO_MEMORY: Final = ("memory is not in the decision, and one of everything holds less of it than "
                     "several do")
_BILLED: Final = ("rent, memory included, is billed in the chapter on scaling where the run has "
                  "prices")


def hot_part(evidence: Evidence) -> Row:
    """A5: in the store that can scale one part, does that beat scaling everything?"""
    claim = CLAIMS["A5"]
    found = [(mix, way) for mix in evidence.scaling.hot_mixes.mixes for way in mix.by_way
             if way.topology == evidence.rival]
    effects = [effect for mix, way in found for effect in _way_effects(mix, way)]
    if effects:
        caveat = (f"{evidence.base} is one deployable, so its hot part is everything; the budget "
                  "is the same for every way, and each must save what was measured of it")
        return every_one(claim, effects, with_chosen(caveat, [
            ratio for _, way in found if (ratio := way.cpus or way.capacity)]))
    quick = {row.scaled: row for row in evidence.scaling.hot if row.topology == evidence.rival}
    if not {"everything", "hot_part"} <= set(quick):
        return untestable(claim, "searches of a hot mix by way of scaling")
    effect = effect_of_ramps("hot part alone ÷ everything, capacity", quick["hot_part"],
                             quick["everything"])
    return Row(claim, by_direction(effect), (effect,), QUICK)


def hot_spot(evidence: Evidence) -> Row:
    """B13: each store at its best split of one budget; microservices must win in one mix, by an
    interval widened for the number of mixes."""
    claim = CLAIMS["B13"]
    best = [(mix, mix.best.capacity.turned) for mix in evidence.scaling.hot_mixes.mixes if mix.best]
    which = f"capacity, {evidence.rival} ÷ {evidence.base}"
    effects = [effect_of_searches(f"{mix.workload}: {which}", among(ratio, len(best)))
               for mix, ratio in best]
    caveat = with_chosen(f"each store at its own best split of one budget{_any_of(len(best))}",
                         [ratio for _, ratio in best])
    if not effects:
        rows = {(row.topology, row.scaled): row for row in evidence.scaling.hot}
        one, other = (rows.get((evidence.rival, "hot_part")),
                      rows.get((evidence.base, "everything")))
        if one is None or other is None:
            return untestable(claim, "searches of a hot mix in both stores")
        effects, caveat = [effect_of_ramps(which, one, other)], QUICK
    words = [by_direction(effect) for effect in effects]
    if "supported" in words:
        return Row(claim, "supported", tuple(effects), caveat)
    if set(words) == {"contradicted"}:
        return Row(claim, "contradicted", tuple(effects), f"{caveat}; suspect the lab first")
    return Row(claim, "no difference shown", tuple(effects), caveat)


def _any_of(mixes: int) -> str:
    return ("" if mixes < 2 else f"; any of the {mixes} mixes can decide, so each interval is "
            "widened for their number (Bonferroni) and wider than the one that the chapter shows")


def big_machine(evidence: Evidence) -> Row:
    """B7: one deployment with the whole budget ÷ many that share it."""
    claim = CLAIMS["B7"]
    effects = [effect_of_searches(
        f"{one.big.topology}: 1 ÷ {one.small.replicas} of everything, capacity at "
        f"{setting(one.big.cpus)} CPU", one.ratio)
        for one in evidence.scaling.searched.big_small]
    pools = [(mix, one) for mix in evidence.scaling.hot_mixes.mixes for one in mix.by_pool]
    effects += [effect_of_searches(
        f"{mix.workload}, {one.topology}: one pool ÷ {way_said(one.way)}, capacity", one.capacity)
        for mix, one in pools]
    if not effects:
        return untestable(claim, "capacity searches of one budget at two replica counts, or "
                                 "pooled and split")
    said = ["the same CPU budget costs the same, so more capacity is cheaper"]
    is_billed = bool(evidence.scaling.searched.big_small)
    if is_billed or any(one.way == REPLICAS_OF_EVERYTHING for _, one in pools):
        said += [SHARED, _NO_MEMORY]
    said.append(_BILLED if is_billed else "rent of whole machines is not in it")
    return every_one(claim, effects, with_chosen("; ".join(said),
                                                 [one.capacity for _, one in pools]))


def memory(evidence: Evidence) -> Row:
    """B11: memory of the whole store under the headline's load, and late in the run; 10 % allowed
    for another start."""
    claim, found = CLAIMS["B11"], evidence.headline
    ratio = evidence.paired(found, "memory_gb") if found.trials else None
    if ratio is None:
        return untestable(claim, "latency pairs with the kernel's accounting of memory")
    effect = allowing_start(effect_of_ratio("memory of proxy, application and databases", ratio,
                                            published=claim.published[0]))
    late = means_apart(*(np.array(evidence.held_late(name), float)
                         for name in (evidence.base, evidence.rival)))
    effects = [effect, *([allowing_start(effect_of_apart(
        "the same in the last trials of the run", late, claim.published[0]))] if late else [])]
    return every_one(claim, effects,
                     f"databases and proxy, which both stores have, are in it; {ONE_START}")


def _way_effects(mix: HotMix, ratio: WayRatio) -> list[Effect]:
    """Fewest cores where they were searched, else capacity; of replicas, memory too."""
    every, hot = way_text(ratio.everything), way_text(ratio.way)
    effects = []
    if ratio.cpus:
        effects = [effect_of_searches(
            f"{mix.workload}: cores for {number(mix.rate)} journeys/s, {every} ÷ {hot}",
            ratio.cpus)]
    elif ratio.capacity:
        effects = [effect_of_searches(f"{mix.workload}: capacity, {hot} ÷ {every}", ratio.capacity)]
    if ratio.memory and not ratio.is_split:
        effects.append(_effect_of_memory(
            f"{mix.workload}: memory at {number(mix.rate)} journeys/s, {every} ÷ {hot}",
            ratio.memory))
    return effects


def _effect_of_memory(what: str, found: Apart) -> Effect:
    return replace(effect_of_apart(what, found), of="probes")
