"""Demand against load, and one big deployment against many small ones."""

from __future__ import annotations

from reports.break_even import BreakEven, break_even_said
from reports.capacity import BigSmall, Place, Point, rent
from reports.demand import DemandLine
from reports.document import Block, Drawing, Heading, Note
from reports.figures.capacity import draw_loads
from reports.price import PriceList
from reports.scaling import Scaling
from reports.search_words import (
    ALLOWED,
    place_text,
    ratio_text,
    threshold_text,
    threshold_verdict,
)
from reports.table import Table
from reports.words import ABSENT, count, interval, number, setting


def demand_blocks(scaling: Scaling) -> list[Block]:
    """Cores and memory against the offered rate; nothing when capacity was not searched."""
    figure = draw_loads(scaling.loads, scaling.lines)
    if figure is None:
        return []
    said = [f"a further journey costs {line.topology} {number(line.slope.value * 1000)} "
            f"{interval((line.slope.low or 0) * 1000, (line.slope.high or 0) * 1000)} ms of CPU"
            f"{_on(line)}" for line in scaling.lines]
    workload = next(p.trial.workload for p in scaling.loads if p.trial.phase != "idle")
    return [Drawing(
        "scaling_demand", "Demand against load",
        f"Under {workload}, {'; '.join(said) or 'too few rates for a line'}.",
        "Every trial at one rate: latency, probes, standing idle. The line is fitted by least "
        "squares through the trials on the largest budget that met the objective, for on another "
        "one a journey works otherwise. Hollow: past capacity, where cores "
        "stop at the budget while the queue grows. Stores with several replicas stand in the "
        "table only.", ("scaling_demand", "scaling_demand_lines"), figure),
        *([_line_table(scaling.lines)] if scaling.lines else []), _load_table(scaling),
        *_break_even_blocks(scaling.break_even)]


def _break_even_blocks(found: BreakEven | None) -> list[Block]:
    if found is None:
        return []
    ends = [(found.least_rate, found.at_least), (found.most_rate, found.at_most)]
    return [
        Note(f"Billed by use, traffic left out: {break_even_said(found)}."),
        Table("scaling_break_even", f"{found.rival} − {found.base} in money an hour",
              "By the lines of cost against load at the ends of the range that was measured in "
              "both stores, with 95 % t intervals.",
              ["journeys/s", found.at_least.unit, "points"],
              [[number(rate), f"{number(e.value)} {interval(e.low, e.high)}", str(e.n)]
               for rate, e in ends],
              ["rate_per_s", "difference_an_hour", "low", "high", "points", "currency"],
              [[rate, e.value, e.low, e.high, e.n, e.unit] for rate, e in ends],
              frozenset({0, 1, 2}))]


def _on(line: DemandLine) -> str:
    return f" on {setting(line.cpus)} CPU" if line.cpus else ""


def _line_table(lines: list[DemandLine]) -> Table:
    return Table(
        "scaling_demand_lines", "Demand of a journey",
        "The line: cores = idle + slope · rate, with 95 % t intervals.",
        ["store", "trials", "ms of CPU for a further journey", "cores at rate 0", "up to"],
        [[line.topology, str(line.slope.n),
          f"{number(line.slope.value * 1000)} "
          f"{interval((line.slope.low or 0) * 1000, (line.slope.high or 0) * 1000)}",
          f"{number(line.idle.value)} {interval(line.idle.low, line.idle.high)}",
          f"{number(line.last_rate)} /s"] for line in lines],
        ["topology", "trials", "cpu_s_a_journey", "cpu_s_low", "cpu_s_high", "idle_cores",
         "idle_low", "idle_high", "last_rate_per_s", "cpus"],
        [[line.topology, line.slope.n, line.slope.value, line.slope.low, line.slope.high,
          line.idle.value, line.idle.low, line.idle.high, line.last_rate, line.cpus]
         for line in lines],
        frozenset({1, 2, 3, 4}))


def _load_table(scaling: Scaling) -> Table:
    stores = dict.fromkeys((p.trial.topology, p.trial.replicas) for p in scaling.loads)
    own = {key: [p for p in scaling.loads if (p.trial.topology, p.trial.replicas) == key]
           for key in stores}
    return Table(
        "scaling_demand", "Trials at one rate", "What was drawn; the CSV has every trial.",
        ["store", "replicas", "trials", "journeys/s", "cores"],
        [[name, str(replicas), str(len(points)), _span([p.rate for p in points]),
          _span([p.cores for p in points])] for (name, replicas), points in own.items()],
        ["trial", "phase", "workload", "topology", "budget_cpus", "replicas", "rate_per_s",
         "cores", "memory_gb", "holds"],
        [[p.trial.id, p.trial.phase, p.trial.workload, p.trial.topology, p.trial.cpu_budget,
          p.trial.replicas, p.rate, p.cores, p.memory_gb, p.holds] for p in scaling.loads],
        frozenset({1, 2, 3, 4}))


def _span(values: list[float]) -> str:
    least, most = number(min(values)), number(max(values))
    return least if least == most else f"{least} to {most}"


def big_small_blocks(found: list[BigSmall], prices: PriceList | None) -> list[Block]:
    """Vertical against horizontal within one budget; one sentence when it was not measured."""
    blocks: list[Block] = [Heading("One big or many small")]
    if not found:
        return [*blocks, Note("One deployment against several replicas within the same budget "
                              "was not measured in this run.")]
    said = [f"{one.big.topology} on {setting(one.big.cpus)} CPU: "
            f"{threshold_verdict(one.ratio, _many(one.big), _many(one.small), 'carries more')}."
            for one in found]
    return [*blocks, Note(" ".join(said)), _big_small_table(found, prices)]


def _many(point: Point) -> str:
    return count(point.replicas, "replica")


def _big_small_table(found: list[BigSmall], prices: PriceList | None) -> Table:
    money = f"{prices.currency if prices else 'money'} / million journeys"
    workloads = len({one.big.workload for one in found})
    rows: dict[tuple[str, Place], tuple[BigSmall, Point]] = {}
    for one in found:
        for p in (one.big, one.small):
            rows.setdefault((p.topology, p.place), (one, p))
    return Table(
        "scaling_big_small", "One big against many small, equal budget",
        "Capacity in journeys per second; memory held at it; money when the whole CPU budget is "
        "rented and used to capacity, traffic left out. Ratio: fewest replicas ÷ more, measured "
        f"apart: Welch's t, without repeats what the probes leave open, {ALLOWED}.",
        ["where", "store", "capacity", "GB", money, "big ÷ small"],
        [[place_text(p.place, workloads), p.topology, threshold_text(p.capacity),
          number(p.memory_gb), number(rent(p, prices)),
          ratio_text(one.ratio) if p is one.small else ABSENT] for one, p in rows.values()],
        ["workload", "topology", "cpus", "replicas", "capacity_per_s", "low", "high", "memory_gb",
         "connections", "money_per_million_journeys", "big_over_small", "ratio_low", "ratio_high"],
        [[p.workload, p.topology, p.cpus, p.replicas, p.capacity.value, p.capacity.low,
          p.capacity.high, p.memory_gb, p.connections, rent(p, prices),
          *((one.ratio.value, one.ratio.low, one.ratio.high) if p is one.small
            else (None, None, None))] for one, p in rows.values()],
        frozenset({2, 3, 4, 5}))
