"""What a call between services costs, in time and in CPU."""

from __future__ import annotations

from reports.call_cpu import CpuOfCalls
from reports.document import Block, Drawing, Heading, Note
from reports.estimate import Estimate
from reports.figures import hops as draw
from reports.hops import CallCosts, Hops, Line
from reports.table import Table
from reports.words import count, interval, number


def call_blocks(calls: CallCosts) -> list[Block]:
    """A figure and its tables by series, then CPU; a note where no line could be laid."""
    blocks: list[Block] = [block for number, one in enumerate(calls.hops)
                           for block in _series_blocks(one, "_same_code" if number else "")]
    if not blocks and calls.cpu:
        blocks = [Note("Latency against calls between services: not shown, no pair of trials has "
                       "endpoints with different numbers of calls.")]
    heading: list[Block] = [Heading("What a call between services costs")]
    return [*heading, *blocks, *_cpu_blocks(calls.cpu)] if blocks or calls.cpu else []


def _series_blocks(hops: Hops, suffix: str) -> list[Block]:
    arms = hops.arms
    assert arms.rival
    bases = [base for base in arms.in_order if base != arms.rival]
    said = [_said(line, f" against {base}" if len(bases) > 1 else "") for base in bases
            if (line := hops.gap(arms.rival, base))]
    return [
        Drawing(f"latency_hops{suffix}",
                f"Median service time against calls between services, {hops.series}",
                f"{hops.series}: {' '.join(said)}", _reading(arms.rival, bool(arms.others)),
                (f"latency_hops{suffix}", f"latency_hop_lines{suffix}"), draw.draw_hops(hops)),
        _line_table(hops, suffix), _point_table(hops, suffix)]


def _reading(rival: str, has_control: bool) -> str:
    framework = ("against the monolith the intercept is the framework, against the same code in "
                 "one process there is none in it" if has_control else
                 "whose intercept is the framework")
    return (f"A point is an endpoint; the number of calls is what the answer of {rival} "
            "reported. Endpoints with more calls do more work in every store, so the difference "
            "(right, calls in brackets) is the one to read: a mark is measured, a tick is the "
            f"line through all of them, {framework}; its slope is the price of a call.")


def _said(gap: Line, against: str) -> str:
    slope, start = gap.slope_ms, gap.intercept_ms
    if slope.low is None or slope.low <= 0 <= (slope.high or 0):
        return (f"No price of a call between services shown{against}: {number(slope.value)} ms a "
                f"call {interval(slope.low, slope.high) or '(one pair, no interval)'} "
                f"({count(slope.n, 'pair')}).")
    return (f"Each further call between services adds {number(slope.value)} ms "
            f"{interval(slope.low, slope.high)}{against}; without a call the difference is "
            f"{number(start.value)} ms {interval(start.low, start.high)} "
            f"({count(slope.n, 'pair')}).")


def _line_table(hops: Hops, suffix: str) -> Table:
    return Table(
        f"latency_hop_lines{suffix}", f"Lines through the endpoints' medians, {hops.series}",
        "Least squares by pair, then the mean over pairs with a 95 % t interval.",
        ["line", "pairs", "intercept, ms", "slope, ms per call"],
        [[line.name, str(line.slope_ms.n), _cell(line.intercept_ms), _cell(line.slope_ms)]
         for line in hops.lines],
        ["line", "pairs", "intercept_ms", "intercept_low", "intercept_high", "slope_ms",
         "slope_low", "slope_high"],
        [[line.name, line.slope_ms.n, *_ends(line.intercept_ms), *_ends(line.slope_ms)]
         for line in hops.lines],
        frozenset({1, 2, 3}),
    )


def _point_table(hops: Hops, suffix: str) -> Table:
    names = list(hops.points[0].medians_ms)
    return Table(
        f"latency_hops{suffix}", f"Endpoints by calls between services, {hops.series}",
        "Median service time of right answers, all trials together.",
        ["endpoint", "calls", *(f"{name}, ms (n)" for name in names)],
        [[p.endpoint, number(p.calls), *(f"{number(p.medians_ms[n])} ({p.n[n]:,})"
                                         for n in names)] for p in hops.points],
        ["endpoint", "calls", *(f"{name}_median_ms" for name in names),
         *(f"{name}_n" for name in names)],
        [[p.endpoint, p.calls, *(p.medians_ms[n] for n in names), *(p.n[n] for n in names)]
         for p in hops.points],
        frozenset(range(1, 2 + len(names))),
    )


def _cpu_blocks(rows: list[CpuOfCalls]) -> list[Block]:
    if not rows:
        return []
    return [Table(
        "latency_call_cpu", "CPU of a call between services",
        "By pair: (CPU of the one − CPU of the other) ÷ calls, per right answer, the kernel's "
        "accounting of the whole store. What each store uses while nobody comes is taken off "
        "where the run measured it; where it is in the price, more processes that only wait make "
        "a call look dearer, the more so at low rates. Against colocated, the same code in one "
        "process, no framework is in it. 95 % t interval.",
        ["series", "stores", "pairs", "calls an answer", "CPU an answer, ms", "idle use",
         "CPU a call, ms"],
        [[row.series, f"{row.rival} − {row.base}", str(row.per_call_ms.n), number(row.calls),
          f"{number(row.rival_ms.value)} − {number(row.base_ms.value)}",
          "taken off" if row.is_net_of_idle else "in it", _cell(row.per_call_ms)]
         for row in rows],
        ["series", "topology", "minus", "pairs", "calls", "cpu_ms", "minus_cpu_ms",
         "per_call_ms", "per_call_low", "per_call_high", "net_of_idle"],
        [[row.series, row.rival, row.base, row.per_call_ms.n, row.calls, row.rival_ms.value,
          row.base_ms.value, *_ends(row.per_call_ms), row.is_net_of_idle] for row in rows],
        frozenset({2, 3, 4, 6}))]


def _cell(estimate: Estimate) -> str:
    return f"{number(estimate.value)} {interval(estimate.low, estimate.high)}".strip()


def _ends(estimate: Estimate) -> tuple[float, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high
