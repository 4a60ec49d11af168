"""The three sentences that readers will quote, each generated from its numbers."""

from __future__ import annotations

from reports.arms import Arms
from reports.isolation import FaultResult
from reports.latency import Latency
from reports.scaling import CapacityRatio, CapacityRow, Scaling
from reports.verdicts import speed_verdict
from reports.words import count, listed, number, percent, percent_interval


def void_sentence(red: dict[str, list[str]], arms: Arms) -> str | None:
    """A store whose books do not balance has no speed."""
    broken = [f"{name} ({', '.join(red[name])})" for name in arms.all if name in red]
    if not broken:
        return None
    return (f"Void: the audit found violated invariants in {listed(broken)}; "
            "the speed of wrong answers is not compared.")


def latency_headline(latency: Latency, arms: Arms, red: dict[str, list[str]]) -> str:
    """First requests: median, then p95 and p99 where trials have rows enough."""
    if not latency.trials or arms.rival is None:
        return "Not measured: this run has no usable latency trial of two stores."
    if void := void_sentence(_compared(red, arms), arms):
        return void
    sentence = speed_verdict("Median response time", arms.base, arms.rival,
                             latency.ratios[50.0], latency.bands[50.0]).text
    for q in (95.0, 99.0):
        if latency.ratios[q] is not None:
            sentence += " " + speed_verdict(f"p{q:g}", arms.base, arms.rival,
                                            latency.ratios[q], latency.bands[q]).text
    rates = sorted({t.rate_profile[-1][1] for t in latency.trials})
    offered = listed([number(rate) for rate in rates])
    return f"{sentence} Offered: {offered} journeys/s{_budget(latency)}."


def scaling_headline(scaling: Scaling, arms: Arms, red: dict[str, list[str]]) -> str:
    """Capacity at the largest budget, and their ratio."""
    if not scaling.ratios or arms.rival is None:
        return "Not measured: this run has no usable capacity trial of two stores."
    if void := void_sentence(_compared(red, arms), arms):
        return void
    ratio = scaling.ratios[-1]
    rows = {row.topology: row for row in scaling.curve if row.cpus == ratio.cpus}
    where = "Without a CPU limit" if ratio.cpus is None else f"On {number(ratio.cpus)} CPU"
    return (f"{where}, {arms.base} carried {carried(rows[arms.base])} and {arms.rival} "
            f"{carried(rows[arms.rival])} journeys/s with at least 99 % of requests good: "
            f"{capacity_verdict(ratio, arms)}, {count(ratio.ramps, 'ramp')} each.")


def carried(row: CapacityRow) -> str:
    """`52.1 [52.1, 65.1)`: the truth lies between the step that held and the next."""
    low, high = row.capacity.low, row.capacity.high
    if low is None:
        return f"fewer than {number(high)}" if high else "an unknown number of"
    return f"{number(low)} [{number(low)}, {number(high)})" if high else f"at least {number(low)}"


def capacity_verdict(ratio: CapacityRatio, arms: Arms) -> str:
    """Which store carries more, if the steps of the ramps tell them apart."""
    low, high = ratio.low, ratio.high
    if low is not None and low > 1:
        return f"{arms.base} carries more, {_factor(low, high)}"
    if high is not None and high < 1:
        return f"{arms.rival} carries more, {_factor(1 / high, 1 / low if low else None)}"
    if low is None and high is None:
        return "their ratio can't be bounded"
    if low is None or high is None:
        side = f"above ×{number(low)}" if low is not None else f"below ×{number(high)}"
        return f"no difference shown (ratio {side})"
    return f"no difference shown (ratio between ×{number(low)} and ×{number(high)})"


def isolation_headline(results: list[FaultResult], arms: Arms) -> str:
    """Collateral of both stores, averaged over the faults that can be compared."""
    valid = [result for result in results if not result.void]
    if not valid or arms.rival is None:
        return "Not measured: no fault of this run can be compared between two stores."
    texts = []
    for name in (arms.base, arms.rival):
        text = collateral_of(valid, name)
        if text is None:
            return "Not measured: no matched run without fault to compare with."
        texts.append(f"{name} {text}")
    runs = min(result.repeats for result in valid)
    noise = ("; one run a fault, so the intervals hold counting error only" if runs == 1 else "")
    return (f"While a module was broken, requests that do not need it were lost: "
            f"{' and '.join(texts)} of all requests, mean of {count(len(valid), 'fault')} "
            f"({listed([result.fault.name for result in valid])}){noise}.")


def collateral_of(valid: list[FaultResult], topology: str) -> str | None:
    """Mean collateral over faults with its interval (independent faults)."""
    found = [result.losses[topology].collateral for result in valid]
    known = [one for one in found if one and one.low is not None and one.high is not None]
    if not found or any(one is None for one in found):
        return None
    value = sum(one.value for one in found if one) / len(found)
    if len(known) < len(found):
        return percent(value)
    half = sum(((one.high or 0) - one.value) ** 2 for one in known) ** 0.5 / len(known)
    return f"{percent(value)} {percent_interval(max(value - half, -1), min(value + half, 1))}"


def _compared(red: dict[str, list[str]], arms: Arms) -> dict[str, list[str]]:
    return {name: what for name, what in red.items() if name in (arms.base, arms.rival)}


def _factor(low: float, high: float | None) -> str:
    """A factor bounded by the steps of the ramps, not by repetition."""
    if high is None:
        return f"at least ×{number(low)}"
    return f"×{number((low * high) ** 0.5)} [{number(low)}, {number(high)}]"


def _budget(latency: Latency) -> str:
    budgets = sorted({t.cpu_budget for t in latency.trials if t.cpu_budget is not None})
    return f" on {listed([number(cpus) for cpus in budgets])} CPU" if budgets else ""
