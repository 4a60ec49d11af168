"""What a closed-loop tool would have said about the same requests."""

from __future__ import annotations

from reports.document import Block, Drawing, Heading
from reports.estimate import QS
from reports.figures import latency as draw
from reports.latency import Latency
from reports.table import Table
from reports.words import TOO_FEW, in_ms, milliseconds


def clock_blocks(latency: Latency) -> list[Block]:
    figure = draw.draw_clocks(latency)
    if figure is None:
        return []
    table = Table(
        "latency_clocks", "The same requests, seen by other tools",
        "First requests of journeys, all trials together, ms.",
        ["store", "clock", "n", "p50", "p95", "p99"],
        [[c.topology, c.tool, f"{c.n:,}",
          *(TOO_FEW if v is None else milliseconds(v) for v in c.percentiles.values())]
         for c in latency.clocks],
        ["topology", "clock", "n", "p50_ms", "p95_ms", "p99_ms"],
        [[c.topology, c.tool, c.n, *c.percentiles.values()] for c in latency.clocks],
        frozenset({2, 3, 4, 5}),
    )
    return [
        Heading("What a closed-loop tool would have said"),
        Drawing("latency_clocks", "Percentiles by the clock of the tool", _clock_said(latency),
                "From intended arrival: waiting for a free connection counts. From sending: it "
                "does not. As Locust prints: from sending, wrong answers mixed in, rounded to "
                "two digits. A closed loop would also have sent fewer requests while a store "
                "stalled; that can't be seen in rows that were sent.",
                ("latency_clocks",), figure),
        table,
    ]


def _clock_said(latency: Latency) -> str:
    parts = []
    for name in latency.samples:
        own = [clock for clock in latency.clocks if clock.topology == name]
        q = max((q for q in QS if own[0].percentiles[q] and own[2].percentiles[q]), default=None)
        if q is not None:
            parts.append(f"{name} p{q:g} {in_ms(own[0].percentiles[q])}, a tool that "
                         f"starts at sending {in_ms(own[2].percentiles[q])}")
    return f"{'; '.join(parts)}." if parts else "Too few requests to compare."
