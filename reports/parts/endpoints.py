"""Endpoint by endpoint: ratios of medians, percentiles, attainment."""

from __future__ import annotations

from reports.arms import Arms
from reports.document import Block, Drawing, Heading
from reports.endpoints import EndpointRow
from reports.figures import latency as draw
from reports.latency import Latency
from reports.table import Table
from reports.words import TOO_FEW, count, milliseconds, percent, percent_interval, times


def endpoint_blocks(latency: Latency, arms: Arms) -> list[Block]:
    blocks: list[Block] = [Heading("Endpoint by endpoint")]
    if arms.rival:
        figure = draw.draw_endpoint_ratios(latency.endpoints, arms.base, arms.rival)
        if figure:
            blocks.append(Drawing(
                "latency_endpoints", "Ratio of medians by endpoint",
                _endpoint_conclusion(latency.endpoints, arms.rival, arms.base),
                "Bars: 95 % t interval of the paired log ratios; without a bar there was one "
                f"pair. Secondary comparisons, not corrected for their number. n: requests to "
                f"{arms.rival}.", ("latency_endpoints",), figure))
    blocks.append(_endpoint_table(latency))
    return blocks


def _endpoint_conclusion(rows: list[EndpointRow], rival: str, base: str) -> str:
    shown = [row for row in rows if row.topology == rival and row.ratio]
    slower = [r for r in shown if r.ratio and r.ratio.low is not None and r.ratio.low > 1]
    faster = [r for r in shown if r.ratio and r.ratio.high is not None and r.ratio.high < 1]
    return (f"Of {count(len(shown), 'endpoint')}, {rival} is slower than {base} on "
            f"{len(slower)}, faster on {len(faster)}; no difference shown on "
            f"{len(shown) - len(slower) - len(faster)}.")


def _endpoint_table(latency: Latency) -> Table:
    rows = latency.endpoints
    return Table(
        "latency_endpoints", "Endpoints",
        "Times in ms: response time for first requests of a journey, service time for later "
        "ones. Good: right and within the objective, Wilson interval. Ratio of medians by pairs.",
        ["endpoint", "store", "n", "p50", "p95", "p99", "good", "ratio"],
        [[row.endpoint, row.topology, f"{row.n:,}",
          *(TOO_FEW if v is None else milliseconds(v) for v in row.percentiles.values()),
          f"{percent(row.attainment.value)} "
          f"{percent_interval(row.attainment.low, row.attainment.high)}" if row.attainment else "",
          _ratio_cell(row)] for row in rows],
        ["endpoint", "topology", "n", "p50_ms", "p95_ms", "p99_ms", "attainment",
         "attainment_low", "attainment_high", "ratio", "ratio_low", "ratio_high", "pairs"],
        [[row.endpoint, row.topology, row.n, *row.percentiles.values(),
          *((e.value, e.low, e.high) if (e := row.attainment) else (None,) * 3),
          *((r.value, r.low, r.high, r.n) if (r := row.ratio) else (None,) * 4)]
         for row in rows],
        frozenset({2, 3, 4, 5, 6, 7}),
    )


def _ratio_cell(row: EndpointRow) -> str:
    if row.ratio is None:
        return ""
    r = row.ratio
    return f"{'' if r.low is not None else '~'}{times(r.value, r.low, r.high)}"
