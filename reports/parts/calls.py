"""What a call between services costs."""

from __future__ import annotations

from reports.arms import Arms
from reports.document import Block, Drawing, Heading, Note
from reports.figures import hops as draw
from reports.hops import Hops
from reports.table import Table
from reports.words import count, interval, number


def call_blocks(hops: Hops, arms: Arms) -> list[Block]:
    if arms.rival is None:
        return []
    figure = draw.draw_hops(hops, arms.base, arms.rival)
    if figure is None or not hops.lines:
        return [Note("Latency against calls between services: not shown, no pair of trials has "
                     "endpoints with different numbers of calls.")]
    gap = next(line for line in hops.lines if line.name == "difference")
    slope, start = gap.slope_ms, gap.intercept_ms
    said = (f"Each further call between services adds {number(slope.value)} ms "
            f"{interval(slope.low, slope.high)}; without a call the difference is "
            f"{number(start.value)} ms {interval(start.low, start.high)} "
            f"({count(slope.n, 'pair')}).")
    if slope.low is None or slope.low <= 0 <= (slope.high or 0):
        said = (f"No price of a call between services shown: {number(slope.value)} ms a call "
                f"{interval(slope.low, slope.high) or '(one pair, no interval)'} "
                f"({count(slope.n, 'pair')}).")
    return [
        Heading("What a call between services costs"),
        Drawing("latency_hops", "Median service time against calls between services", said,
                "A point is an endpoint; the number of calls is what the answer of "
                f"{arms.rival} reported. Endpoints with more calls do more work in both stores, "
                "so the difference (right, calls in brackets) is the one to read: a diamond is "
                "measured, a tick is the line through all of them, whose intercept is the "
                "framework and whose slope is the price of a call.",
                ("latency_hops", "latency_hop_lines"), figure),
        _line_table(hops), _point_table(hops),
    ]


def _line_table(hops: Hops) -> Table:
    return Table(
        "latency_hop_lines", "Lines through the endpoints' medians",
        "Least squares by pair, then the mean over pairs with a 95 % t interval.",
        ["line", "pairs", "intercept, ms", "slope, ms per call"],
        [[line.name, str(line.slope_ms.n),
          *(f"{number(e.value)} {interval(e.low, e.high)}".strip()
            for e in (line.intercept_ms, line.slope_ms))] for line in hops.lines],
        ["line", "pairs", "intercept_ms", "intercept_low", "intercept_high", "slope_ms",
         "slope_low", "slope_high"],
        [[line.name, line.slope_ms.n, *(v for e in (line.intercept_ms, line.slope_ms)
                                        for v in (e.value, e.low, e.high))]
         for line in hops.lines],
        frozenset({1, 2, 3}),
    )


def _point_table(hops: Hops) -> Table:
    names = list(hops.points[0].medians_ms)
    return Table(
        "latency_hops", "Endpoints by calls between services",
        "Median service time of right answers, all trials together.",
        ["endpoint", "calls", *(f"{name}, ms" for name in names), *(f"n {n}" for n in names)],
        [[p.endpoint, number(p.calls), *(number(p.medians_ms[n]) for n in names),
          *(f"{p.n[n]:,}" for n in names)] for p in hops.points],
        ["endpoint", "calls", *(f"{name}_median_ms" for name in names),
         *(f"{name}_n" for name in names)],
        [[p.endpoint, p.calls, *(p.medians_ms[n] for n in names), *(p.n[n] for n in names)]
         for p in hops.points],
        frozenset(range(1, 2 + 2 * len(names))),
    )
