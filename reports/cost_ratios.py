"""What one store costs of what the other does, pair by pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from contract.run_record import TrialRecord
from reports.arms import Arms, aa_pairs_of, pairs_of
from reports.cost_trials import WHAT, each_of
from reports.demand import whole
from reports.estimate import Band, Ratio, ratio_of_pairs
from reports.estimate_family import adjusted_p
from reports.guards import Judged
from reports.price import PriceList, Use
from reports.starts import ONE_START, allowing_start, block_allowing_start
from reports.tally import Tally
from reports.verdicts import band_of_pairs

_HELD: Final = ("gb_s", "money")
"""Costs with memory in them, which is of one start of each store (docs/decisions/0256)."""


@dataclass(frozen=True, slots=True)
class CostRatio:
    """Rival ÷ base over pairs of one series; above 1 the rival costs more."""

    series: str
    what: str
    """A key of `WHAT`."""
    ratio: Ratio
    band: Band | None
    """What a store differs from itself by, over A/A pairs of the series."""
    adjusted_p: float | None = None
    """Holm's p in the family of all costs of the run."""


def measure_ratios(judged: list[Judged], arms: Arms, series: str, counts: dict[int, Tally],
                   prices: PriceList | None) -> list[CostRatio]:
    """Every cost of one series that both stores have in every pair."""
    if arms.rival is None:
        return []
    names = [arms.base, arms.rival]

    def counted(trial: TrialRecord) -> bool:
        return (trial.phase == "latency" and trial.series == series and trial.id in counts
                and counts[trial.id].done > 0 and whole(trial) is not None)

    pairs = [tuple(each_of(pair[name], counts[pair[name].id], prices) for name in names)
             for pair in pairs_of(judged, names, counted)]
    same = [tuple(each_of(trial, counts[trial.id], prices) for trial in pair)
            for pair in aa_pairs_of(judged) if all(counted(trial) for trial in pair)]
    found = []
    for what in WHAT:
        both = _known(pairs, what)
        ratio = ratio_of_pairs([a for a, _ in both], [b for _, b in both])
        if ratio is not None and len(both) == len(pairs):
            held = _share_of_memory(judged, counted, prices) if what == "money" else 1.0
            found.append(CostRatio(
                series, what, _allowing_start(ratio, held) if what in _HELD else ratio,
                band_of_pairs(_known(same, what))))
    return found


def _share_of_memory(judged: list[Judged], counted: Callable[[TrialRecord], bool],
                     prices: PriceList | None) -> float:
    """The greatest share of a trial's bill that is memory's: so far another start moves it."""
    uses = [Use(cost.cpu_s, cost.memory_bytes / 1e9 * one.trial.measure_s, 0.0, 0.0)
            for one in judged if counted(one.trial) and (cost := whole(one.trial))]
    return max((prices.bill(replace(use, cpu_s=0.0)) / bill for use in uses
                if prices and (bill := prices.bill(use))), default=0.0)


def _allowing_start(ratio: Ratio, share: float) -> Ratio:
    """Both intervals as far out as another start of the two stores may move them."""
    low, high = allowing_start(ratio.low, ratio.high, share)
    return replace(ratio, low=low, high=high, caveats=(*ratio.caveats, ONE_START),
                   block=block_allowing_start(ratio.block, share))


def _known(pairs: list[tuple[dict[str, float | None], ...]],
           what: str) -> list[tuple[float, float]]:
    return [(a, b) for one, other in pairs
            if (a := one[what]) is not None and (b := other[what]) is not None]


def adjusted(ratios: list[CostRatio]) -> list[CostRatio]:
    """The same with Holm's p in the family of all of them."""
    p = adjusted_p({f"{one.series} {one.what}": one.ratio for one in ratios})
    return [replace(one, adjusted_p=p[f"{one.series} {one.what}"]) for one in ratios]
