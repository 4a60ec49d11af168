"""What a call between services costs, in time and in CPU."""

from __future__ import annotations

from reports.arms import CONTROL
from reports.call_cpu import CpuOfCalls
from reports.document import Block, Drawing, Heading, Note
from reports.estimate import Estimate
from reports.figures import hops as draw
from reports.hops import CallCosts, Difference, Hops, Line
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
    said = []
    for base in bases:
        line = hops.gap(arms.rival, base)
        own = [one for one in hops.differences if one.minus == base]
        if line:
            said.append(gap_said(line, f" against {base}" if len(bases) > 1 else ""))
        elif own:
            said.append(_differences_said(own))
    beside = [*([_line_table(hops, suffix)] if hops.lines else []),
              *([_difference_table(hops, suffix)] if hops.differences else []),
              _point_table(hops, suffix)]
    return [
        Drawing(f"latency_hops{suffix}",
                f"Median service time against calls between services, {hops.series}",
                f"{hops.series}: {' '.join(said)}",
                _reading(arms.rival, bases if hops.lines else []),
                tuple(table.name for table in reversed(beside)), draw.draw_hops(hops)),
        *beside]


def _reading(rival: str, bases: list[str]) -> str:
    """`bases`: what lines were laid against; empty: none was laid."""
    line = ": a mark is measured, a tick is the line through all of them." if bases else "."
    if set(bases) - {CONTROL}:
        line += (" Against another store the intercept is what its framework adds to every answer, "
                 "and the slope a call with all that comes with it: heavier work, in another "
                 "framework.")
    if CONTROL in bases:
        line += (" Against the same code in one process no framework is in it, and the slope is "
                 "the price of a call.")
    return (f"A point is an endpoint; the number of calls is what the answer of {rival} "
            "reported. Endpoints with more calls do more work in every store, so the difference "
            f"(right, calls in brackets) is the one to read{line}")


def gap_said(gap: Line, against: str = "") -> str:
    """The price of a call by the line through endpoints; `against`: ` against colocated`."""
    slope, start = gap.slope_ms, gap.intercept_ms
    basis = f"{count(slope.n, 'pair')}, a line through {count(gap.endpoints, 'endpoint')}"
    if slope.low is None or slope.low <= 0 <= (slope.high or 0):
        return (f"No price of a call between services shown{against}: {number(slope.value)} ms a "
                f"call {interval(slope.low, slope.high) or '(one pair, no interval)'} ({basis}).")
    size = f"{number(slope.value)} ms {interval(slope.low, slope.high)}"
    added = (f"adds {size}{against}" if gap.minus == CONTROL else
             f"comes with {size} more{against}, of the call and of the work that goes with it")
    return (f"Each further call between services {added}; without a call the difference is "
            f"{number(start.value)} ms {interval(start.low, start.high)} ({basis}).")


def _differences_said(own: list[Difference]) -> str:
    """What is known of endpoints that are too few for a line."""
    each = "; ".join(f"{one.endpoint} {_cell(one.ms)} ms at {number(one.calls)} calls "
                     f"({count(one.ms.n, 'pair')})" for one in own)
    return (f"No price of a call, for {count(len(own), 'endpoint')} are too few for a line. "
            f"{own[0].topology} − {own[0].minus}: {each}.")


def _difference_table(hops: Hops, suffix: str) -> Table:
    return Table(
        f"latency_hop_differences{suffix}", f"Differences of endpoints' medians, {hops.series}",
        "By pair, then the mean over pairs with a 95 % t interval; too few endpoints for a line.",
        ["stores", "endpoint", "pairs", "calls", "difference, ms"],
        [[f"{one.topology} − {one.minus}", one.endpoint, str(one.ms.n), number(one.calls),
          _cell(one.ms)] for one in hops.differences],
        ["topology", "minus", "endpoint", "pairs", "calls", "difference_ms", "low", "high"],
        [[one.topology, one.minus, one.endpoint, one.ms.n, one.calls, *_ends(one.ms)]
         for one in hops.differences],
        frozenset({2, 3, 4}))


def _line_table(hops: Hops, suffix: str) -> Table:
    return Table(
        f"latency_hop_lines{suffix}", f"Lines through the endpoints' medians, {hops.series}",
        "Least squares by pair, then the mean over pairs; the interval is the outer of Student's "
        "over pairs and of the residuals' over endpoints, 95 %.",
        ["line", "pairs", "endpoints", "intercept, ms", "slope, ms per call"],
        [[line.name, str(line.slope_ms.n), str(line.endpoints), _cell(line.intercept_ms),
          _cell(line.slope_ms)]
         for line in hops.lines],
        ["line", "pairs", "endpoints", "intercept_ms", "intercept_low", "intercept_high",
         "slope_ms", "slope_low", "slope_high"],
        [[line.name, line.slope_ms.n, line.endpoints, *_ends(line.intercept_ms),
          *_ends(line.slope_ms)]
         for line in hops.lines],
        frozenset({1, 2, 3, 4}),
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
    said = [Note(framework_said(row)) for row in rows if row.per_call_ms is None]
    return [*said, Table(
        "latency_call_cpu", "CPU of a call between services",
        "By pair: (CPU of the one − CPU of the other) ÷ calls, per right answer, the kernel's "
        "accounting of the whole store. What each store uses while nobody comes is taken off "
        "where the run measured it (how exactly idle use is known is in no interval here: see "
        "the idle tax); where it is in the price, more processes that only wait make a call look "
        "dearer, the more so at low rates. Against colocated, the same code in one "
        "process, no framework is in it; colocated − monolith is the framework with what the split "
        "asks for besides (more statements, calls in one process), for neither calls over a "
        "socket. 95 % t interval.",
        ["series", "stores", "pairs", "calls an answer", "CPU an answer, ms", "difference, ms",
         "idle use", "CPU a call, ms"],
        [[row.series, f"{row.rival} − {row.base}", str(row.difference_ms.n), number(row.calls),
          f"{number(row.rival_ms.value)} − {number(row.base_ms.value)}", _cell(row.difference_ms),
          "taken off" if row.is_net_of_idle else "in it",
          _cell(row.per_call_ms) if row.per_call_ms else "no calls"]
         for row in rows],
        ["series", "topology", "minus", "pairs", "calls", "cpu_ms", "minus_cpu_ms",
         "difference_ms", "difference_low", "difference_high", "per_call_ms", "per_call_low",
         "per_call_high", "net_of_idle"],
        [[row.series, row.rival, row.base, row.difference_ms.n, row.calls, row.rival_ms.value,
          row.base_ms.value, *_ends(row.difference_ms),
          *(_ends(row.per_call_ms) if row.per_call_ms else (None,) * 3), row.is_net_of_idle]
         for row in rows],
        frozenset({2, 3, 4, 5, 7}))]


def framework_said(row: CpuOfCalls) -> str:
    """What the framework takes of CPU: the difference of two stores that call over no socket."""
    gap = row.difference_ms
    basis = f"({count(gap.n, 'pair')})"
    if gap.low is None or gap.high is None:
        return (f"{row.series}: no CPU of the framework shown, {row.rival} − {row.base}: "
                f"{number(gap.value)} ms an answer {basis}.")
    ends = interval(gap.low, gap.high)
    if gap.low <= 0 <= gap.high:
        return (f"{row.series}: no difference in CPU without calls is shown, {row.rival} − "
                f"{row.base}: {number(gap.value)} ms an answer {ends} {basis}.")
    more, less = (row.rival, row.base) if gap.value > 0 else (row.base, row.rival)
    size = abs(gap.value)
    ends = interval(*sorted((abs(gap.low), abs(gap.high))))
    return (f"{row.series}: without calls between services {more} takes {number(size)} ms {ends} "
            f"of CPU an answer more than {less} {basis}: the framework, and what the split asks "
            "for in one process.")


def _cell(estimate: Estimate) -> str:
    return f"{number(estimate.value)} {interval(estimate.low, estimate.high)}".strip()


def _ends(estimate: Estimate) -> tuple[float, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high
