"""Sentences about searched thresholds: no more than their probes have shown."""

from __future__ import annotations

from typing import Final

from reports.arms import Arms
from reports.capacity import Place, Searched
from reports.search import Threshold
from reports.threshold_ratio import REPEATABILITY, ThresholdRatio
from reports.verdicts import digits_apart
from reports.words import ABSENT, count, listed, number, percent, setting

ALLOWED: Final = f"{percent(REPEATABILITY, 0)} allowed for repetition"
"""What stands beside an interval that repetition is not in."""


def threshold_text(found: Threshold | None) -> str:
    """`52.1 [52.1, 54.0)`: confirmed, and the first that failed; cores: `0.40 (0.38, 0.40]`."""
    if found is None:
        return ABSENT
    if found.value is None:
        return f"{_between(found.low, found.high) or 'unknown'} (not confirmed)"
    low, high = number(found.low), number(found.high)
    if found.variable == "rate":
        return (f"{number(found.value)} [{low}, {high})" if found.high is not None
                else f"at least {number(found.value)}")
    return (f"{number(found.value)} ({low}, {high}]" if found.low is not None
            else f"at most {number(found.value)}")


def place_text(place: Place, workloads: int = 1) -> str:
    """`0.9 CPU, 2 replicas`, with the workload where there are several."""
    workload, cpus, replicas = place
    more = f", {count(replicas, 'replica')} each" if replicas > 1 else ""
    return f"{f'{workload}, ' if workloads > 1 else ''}{setting(cpus)} CPU{more}"


def ratio_text(ratio: ThresholdRatio | None) -> str:
    """`×2.10 [1.90, 2.30], best of 3`, open ends in words."""
    if ratio is None:
        return ABSENT
    best = f", {_best(ratio)}" if _best(ratio) else ""
    value = f"×{number(ratio.value)} " if ratio.value is not None else ""
    if ratio.low is not None and ratio.high is not None:
        return f"{value}[{number(ratio.low)}, {number(ratio.high)}]{best}"
    ends = _between(ratio.low, ratio.high)
    text = f"{value}{f'({ends})' if value and ends else ends}".strip()
    return f"{text}{best}" if text else ABSENT


def threshold_verdict(ratio: ThresholdRatio, above: str, below: str, verb: str, *,
                      with_basis: bool = True) -> str:
    """Which of two has more, if the interval tells them apart; `verb`: `carries more`.

    The ratio is above ÷ below.  Without its basis, the sentence around it must say it; that one
    of the two was chosen by its own result is always said.
    """
    low, high = ratio.low, ratio.high
    if low is None and high is None:
        return f"{above} and {below} can't be told apart: their ratio has no bound"
    basis = (f", {basis_text(ratio)}" if with_basis else "") + (
        f", {chosen}" if (chosen := chosen_text(ratio)) else "")
    if low is not None and digits_apart(low):
        return f"{above} {verb} than {below}, {_factor(ratio.value, low, high)}{basis}"
    if high is not None and digits_apart(1 / high):
        turned = ratio.turned
        return (f"{below} {verb} than {above}, {_factor(turned.value, 1 / high, turned.high)}"
                f"{basis}")
    both = f"no difference shown between {above} and {below}"
    if low is None or high is None:
        side = f"above ×{number(low)}" if low is not None else f"below ×{number(high)}"
        return f"{both} (ratio {side}{basis})"
    return f"{both} (ratio between ×{number(low)} and ×{number(high)}{basis})"


def basis_text(ratio: ThresholdRatio) -> str:
    """What decides: `4 pairs of searches`, `2 single searches, 10 % allowed for repetition`."""
    return f"{ratio.n} {behind_n(ratio)}"


def behind_n(ratio: ThresholdRatio) -> str:
    """What n counts, and of how many: `pairs of searches`, `of 8 searches answered`."""
    if ratio.by == "pairs":
        what = "pairs of searches"
    else:
        what = "single searches" if ratio.by == "ends" and ratio.asked == 2 else "searches"
    what += " measured apart" if ratio.is_apart else ""
    answered = what if ratio.n == ratio.asked else f"of {ratio.asked} {what} answered"
    return f"{answered}{f', {ALLOWED}' if ratio.by == 'ends' else ''}"


def chosen_text(*ratios: ThresholdRatio) -> str:
    """`best of 3, chosen by these searches`; empty where there was nothing to choose from."""
    best = _best(*ratios)
    return f"{best}, chosen by these searches" if best else ""


def search_headline(searched: Searched, arms: Arms) -> str:
    """Capacity at the largest budget of the first workload, unreplicated if it was measured so."""
    workload = searched.ratios[0].place[0]
    found = max((one for one in searched.ratios if one.place[0] == workload),
                key=lambda one: (one.place[1], -one.place[2]))
    at = {point.topology: threshold_text(point.capacity) for point in searched.points
          if point.place == found.place}
    verdict = threshold_verdict(found.ratio, arms.base, arms.rival or "", "carries more")
    return (f"On {place_text(found.place)}, journeys/s with at least 99 % of requests good, by "
            f"search: {arms.base} {at[arms.base]}, {arms.rival} {at[arms.rival or '']}; "
            f"{verdict}.")


def _best(*ratios: ThresholdRatio) -> str:
    found = sorted({k for ratio in ratios for k in ratio.best_of if k > 1})
    return f"best of {listed([str(k) for k in found])}" if found else ""


def _factor(value: float | None, low: float, high: float | None) -> str:
    digits = digits_apart(low) or 3
    if high is None or value is None:
        return f"at least ×{number(low, digits)}"
    return f"×{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def _between(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"between {number(low)} and {number(high)}"
    if low is not None:
        return f"above {number(low)}"
    return f"below {number(high)}" if high is not None else ""
