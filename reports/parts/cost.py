"""What a request costs: CPU-seconds and memory, by part."""

from __future__ import annotations

from reports.cost import Cost
from reports.document import Block, Drawing, Heading, Note
from reports.figures import scaling as draw
from reports.table import Table
from reports.words import interval, number


def cost_blocks(costs: list[Cost]) -> list[Block]:
    blocks: list[Block] = [Heading("What a request costs")]
    figure = draw.draw_cost(costs)
    if figure is None:
        return [*blocks, Note("No cost was recorded: it needs latency trials with good requests "
                              "and the kernel's accounting.")]
    said = "; ".join(f"{c.topology} {number(c.cpu_s.value)} CPU-seconds "
                     f"{interval(c.cpu_s.low, c.cpu_s.high)} and {number(c.gb_s.value)} GB·s "
                     f"{interval(c.gb_s.low, c.gb_s.high)}" for c in costs)
    blocks.append(Drawing(
        "scaling_cost", "CPU and memory per 1,000 good requests by part",
        f"Per 1,000 good requests: {said}.",
        f"Latency trials, n = {', '.join(str(c.cpu_s.n) for c in costs)}; diamonds: the whole "
        "group by the kernel's accounting with a 95 % t interval; parts count shared pages in "
        "each process, so their memory adds up to more. At light load idle time is in the bill.",
        ("scaling_cost",), figure))
    blocks.append(_cost_table(costs))
    return blocks


def _cost_table(costs: list[Cost]) -> Table:
    cells, raw = [], []
    for c in costs:
        cells.append([c.topology, "total", str(c.cpu_s.n),
                      f"{number(c.cpu_s.value)} {interval(c.cpu_s.low, c.cpu_s.high)}".strip(),
                      f"{number(c.gb_s.value)} {interval(c.gb_s.low, c.gb_s.high)}".strip()])
        raw.append([c.topology, "total", c.cpu_s.n, c.cpu_s.value, c.cpu_s.low, c.cpu_s.high,
                    c.gb_s.value, c.gb_s.low, c.gb_s.high])
        for part, value in c.parts_cpu_s.items():
            cells.append([c.topology, part, str(c.cpu_s.n), number(value),
                          number(c.parts_gb_s[part])])
            raw.append([c.topology, part, c.cpu_s.n, value, None, None, c.parts_gb_s[part],
                        None, None])
    return Table("scaling_cost", "Cost per 1,000 good requests",
                 "Means over latency trials; intervals for the whole architecture.",
                 ["store", "part", "trials", "CPU-seconds", "GB·s"], cells,
                 ["topology", "part", "trials", "cpu_s", "cpu_s_low", "cpu_s_high", "gb_s",
                  "gb_s_low", "gb_s_high"], raw, frozenset({2, 3, 4}))
