"""The sentences on speed that readers will quote, each generated from its numbers."""

from __future__ import annotations

from reports.arms import Arms
from reports.latency import Latency
from reports.scaling import CapacityRatio, CapacityRow, Scaling
from reports.search_words import ALLOWED, search_headline
from reports.verdicts import digits_apart, speed_verdict
from reports.words import count, listed, number, setting


def void_sentence(red: dict[str, list[str]], arms: Arms) -> str | None:
    """A store whose books do not balance has no speed."""
    broken = [f"{name} ({', '.join(red[name])})" for name in arms.all if name in red]
    if not broken:
        return None
    return (f"Void: the audit found violated invariants in {listed(broken)}; "
            "the speed of wrong answers is not compared.")


def latency_headline(latency: Latency, arms: Arms, red: dict[str, list[str]]) -> str:
    """Whole journeys; then first requests: median, p95 and p99 where trials have rows enough."""
    if not latency.trials or arms.rival is None:
        return "Not measured: this run has no usable latency trial of two stores."
    if void := void_sentence(_compared(red, arms), arms):
        return void
    whole = journey_verdicts(latency, arms.base, arms.rival)
    sentence = " ".join(whole[:1]) + " " * bool(whole)
    sentence += speed_verdict("Median response time", arms.base, arms.rival,
                              latency.ratios[50.0] or latency.why_not.get(50.0),
                              latency.bands[50.0]).text
    for q in (95.0, 99.0):
        if latency.ratios[q] is not None:
            sentence += " " + speed_verdict(
                f"p{q:g}", arms.base, arms.rival, latency.ratios[q], latency.bands[q],
                latency.adjusted.get(f"p{q:g}")).text
    rates = sorted({t.rate_profile[-1][1] for t in latency.trials})
    offered = listed([setting(rate) for rate in rates])
    return f"{sentence} Offered: {offered} journeys/s{_budget(latency)}."


def journey_verdicts(latency: Latency, base: str, rival: str) -> list[str]:
    """Median and p95 of whole journeys, with Holm's p, or why there is none; nothing where a
    journey is one request or there is no pair."""
    whole = latency.journeys
    if whole is None:
        return []
    names = {50.0: "Whole journeys, median time waited", 95.0: "Whole journeys, p95"}
    return [speed_verdict(name, base, rival, found, whole.bands[q],
                          latency.adjusted.get(f"journey p{q:g}")).text
            for q, name in names.items() if (found := whole.ratios[q] or whole.why_not.get(q))]


def scaling_headline(scaling: Scaling, arms: Arms, red: dict[str, list[str]]) -> str:
    """Capacity at the largest budget, and their ratio: by search, else by ramp."""
    if not (scaling.ratios or scaling.searched.ratios) or arms.rival is None:
        return "Not measured: this run has no usable capacity trial of two stores."
    if void := void_sentence(_compared(red, arms), arms):
        return void
    if scaling.searched.ratios:
        return search_headline(scaling.searched, arms)
    ratio = scaling.ratios[-1]
    rows = {row.topology: row for row in scaling.curve if row.cpus == ratio.cpus}
    where = "Without a CPU limit" if ratio.cpus is None else f"On {setting(ratio.cpus)} CPU"
    return (f"{where}, {arms.base} carried {carried(rows[arms.base])} and {arms.rival} "
            f"{carried(rows[arms.rival])} journeys/s with at least 99 % of requests good: "
            f"{capacity_verdict(ratio, arms)}, {count(ratio.ramps, 'ramp')} each, {ALLOWED}.")


def carried(row: CapacityRow) -> str:
    """`52.1 [52.1, 65.1)`: the truth lies between the step that held and the first that failed."""
    low, high = row.capacity.low, row.capacity.high
    if low is None:
        return f"fewer than {number(high)}" if high else "an unknown number of"
    return f"{number(low)} [{number(low)}, {number(high)})" if high else f"at least {number(low)}"


def capacity_verdict(ratio: CapacityRatio, arms: Arms) -> str:
    """Which store carries more, if the steps of the ramps tell them apart."""
    low, high = ratio.low, ratio.high
    if low is not None and digits_apart(low):
        return f"{arms.base} carries more, {_factor(low, high)}"
    if high is not None and digits_apart(1 / high):
        return f"{arms.rival} carries more, {_factor(1 / high, 1 / low if low else None)}"
    if low is None and high is None:
        return "their ratio can't be bounded"
    if low is None or high is None:
        side = f"above ×{number(low)}" if low is not None else f"below ×{number(high)}"
        return f"no difference shown (ratio {side})"
    return f"no difference shown (ratio between ×{number(low)} and ×{number(high)})"


def _compared(red: dict[str, list[str]], arms: Arms) -> dict[str, list[str]]:
    return {name: what for name, what in red.items() if name in (arms.base, arms.rival)}


def _factor(low: float, high: float | None) -> str:
    """A factor bounded by the steps of the ramps and the allowance for repetition."""
    digits = digits_apart(low) or 3
    if high is None:
        return f"at least ×{number(low, digits)}"
    return (f"×{number((low * high) ** 0.5, digits)} "
            f"[{number(low, digits)}, {number(high, digits)}]")


def _budget(latency: Latency) -> str:
    budgets = sorted({t.cpu_budget for t in latency.trials if t.cpu_budget is not None})
    return f" on {listed([setting(cpus) for cpus in budgets])} CPU" if budgets else ""
