"""The sentence on failure isolation that readers will quote: both stores, each posture."""

from __future__ import annotations

from typing import Final

from reports.arms import Arms
from reports.estimate import Estimate
from reports.isolation import FaultResult
from reports.postures import Gap, collateral_of, gap_of, in_both, postures_of
from reports.words import ABSENT, count, listed, number, percent, percent_interval

_MOST_NAMES: Final = 6


def isolation_headline(results: list[FaultResult], arms: Arms) -> str:
    """Collateral of both stores, averaged over the faults that can be compared, by posture; then
    what resilience changed in each store."""
    postures = postures_of(results)
    met = [result for result in results if result.is_comparable]
    valid = [result for result in met if result.has_independent]
    if not valid or arms.rival is None:
        return "Not measured: no fault of this run can be compared between two stores."
    told = [_of_posture([result for result in valid if result.posture == posture], arms)
            for posture in postures]
    if told == [None] * len(told):
        return "Not measured: no matched run without fault to compare with."
    runs = min(result.repeats for result in valid)
    noise = ("; one run a fault, so the intervals hold counting error only" if runs == 1 else "")
    noise += _without_independent(met)
    more = max(result.replicas for result in valid)
    twins = f" (every program in {count(more, 'replica')})" if more > 1 else ""
    start = f"While a module was broken{twins}, requests that do not need it were lost"
    if len(postures) == 1:
        return f"{start}: {told[0]}{noise}."
    each = " ".join(f"{posture.capitalize()}: {text or 'not measured'}."
                    for posture, text in zip(postures, told, strict=True))
    return f"{start}. {each} {_changed(valid, arms)}{noise}."


def collateral_verdict(base: Estimate, rival: Estimate, arms: Arms) -> str:
    """Which store loses less, if the interval of the difference excludes 0."""
    gap = gap_of(base, rival)
    if gap is None:
        return "no interval, so no difference is shown"
    if gap.low > 0:
        return f"{arms.rival} lost less, by {_points(gap)}"
    if gap.high < 0:
        return f"{arms.base} lost less, by {_points(gap.turned)}"
    return f"no difference shown {_between(gap)}"


def change_verdict(raw: Estimate, resilient: Estimate) -> str:
    """What a store lost less, or more, in the resilient posture than in the raw one.

    Speaks where the interval of the difference excludes 0.
    """
    gap = gap_of(raw, resilient)
    if gap is None:
        return "no interval, so no difference is shown"
    if gap.low > 0:
        return f"lost less, by {_points(gap)}"
    if gap.high < 0:
        return f"lost more, by {_points(gap.turned)}"
    return f"no difference shown {_between(gap)}"


def share_text(estimate: Estimate | None) -> str:
    """`31.5 % [29.3, 33.8]`."""
    if estimate is None:
        return ABSENT
    return (f"{percent(estimate.value)} "
            f"{percent_interval(estimate.low, estimate.high)}").strip()


def _without_independent(met: list[FaultResult]) -> str:
    """How many faults no mean counts, since they have no collateral by definition."""
    names = {result.fault.name for result in met if not result.has_independent}
    if not names:
        return ""
    return (f"; {count(len(names), 'fault')} of a part that every feature needs "
            f"{'is' if len(names) == 1 else 'are'} in no mean")


def _of_posture(valid: list[FaultResult], arms: Arms) -> str | None:
    if not valid or arms.rival is None:
        return None
    base, rival = collateral_of(valid, arms.base), collateral_of(valid, arms.rival)
    if base is None or rival is None:
        return None
    texts = [f"{name} {share_text(one)}" for name, one in ((arms.base, base), (arms.rival, rival))]
    names = (f" ({listed([result.fault.name for result in valid])})"
             if len(valid) <= _MOST_NAMES else "")
    return (f"{' and '.join(texts)} of all requests, mean of {count(len(valid), 'fault')}{names}: "
            f"{collateral_verdict(base, rival, arms)}")


def _changed(valid: list[FaultResult], arms: Arms) -> str:
    """Each store against itself, over the faults that can be compared in both postures."""
    raw, resilient = in_both(valid)
    if not raw:
        return "No fault can be compared in both postures"
    parts = []
    for name in arms.all[:2]:
        before, after = collateral_of(raw, name), collateral_of(resilient, name)
        if before and after:
            parts.append(f"{name} {change_verdict(before, after)}")
    if not parts:
        return "What resilience changed was not measured"
    return (f"What resilience changed, mean of {count(len(raw), 'fault')} met in both postures: "
            f"{' and '.join(parts)}")


def _points(gap: Gap) -> str:
    return (f"{number(gap.value * 100)} points "
            f"[{number(gap.low * 100)}, {number(gap.high * 100)}]")


def _between(gap: Gap) -> str:
    return f"(between {number(gap.low * 100)} and {number(gap.high * 100)} points)"
