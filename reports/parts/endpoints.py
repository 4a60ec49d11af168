"""Endpoint by endpoint: ratios of medians, percentiles, attainment."""

from __future__ import annotations

from reports.document import Block, Drawing, Heading
from reports.endpoints import EndpointRow
from reports.estimate import ALPHA
from reports.figures import latency as draw
from reports.latency import Latency
from reports.table import Table
from reports.words import TOO_FEW, count, milliseconds, p_text, percent, percent_interval, times


def endpoint_blocks(series: list[Latency], first: Latency) -> list[Block]:
    """Figure of the series that makes the headline; a table of all."""
    blocks: list[Block] = [Heading("Endpoint by endpoint")]
    arms = first.arms
    if arms and arms.rival and (figure := draw.draw_endpoint_ratios(first.endpoints, arms.base,
                                                                    arms.rival)):
        blocks.append(Drawing(
            "latency_endpoints", "Ratio of medians by endpoint",
            _conclusion(first, arms.rival, arms.base),
            "Bars: 95 % t interval of the paired log ratios; without a bar there was one "
            "pair. A difference counts only if Holm's p over all secondary comparisons of the "
            f"series is below 0.05 too. n: requests to {arms.rival}.",
            ("latency_endpoints",), figure))
    return [*blocks, _table(series)]


def _conclusion(latency: Latency, rival: str, base: str) -> str:
    shown = [row for row in latency.endpoints if row.topology == rival and row.ratio]
    clear = [r for r in shown if _is_clear(latency, r)]
    slower = [r for r in clear if r.ratio and r.ratio.low is not None and r.ratio.low > 1]
    faster = [r for r in clear if r.ratio and r.ratio.high is not None and r.ratio.high < 1]
    return (f"Of {count(len(shown), 'endpoint')}, {rival} is slower than {base} on "
            f"{len(slower)}, faster on {len(faster)}; no difference shown on "
            f"{len(shown) - len(slower) - len(faster)}.")


def _is_clear(latency: Latency, row: EndpointRow) -> bool:
    """A single endpoint is the series' own question: it has no family."""
    p = _holm(latency, row)
    return p is None or p < ALPHA


def _holm(latency: Latency, row: EndpointRow) -> float | None:
    compared = latency.arms is not None and row.topology == latency.arms.rival
    return latency.adjusted.get(row.endpoint) if compared else None


def _table(series: list[Latency]) -> Table:
    rows = [(one, row) for one in series for row in one.endpoints]
    return Table(
        "latency_endpoints", "Endpoints",
        "Times in ms: response time for first requests of a journey, service time for later "
        "ones. Good: right and within the objective, Wilson interval. Ratio of medians by "
        "pairs, with Holm's p.",
        ["series", "endpoint", "store", "n", "p50", "p95", "p99", "good", "ratio", "p"],
        [[one.series, row.endpoint, row.topology, f"{row.n:,}",
          *(TOO_FEW if v is None else milliseconds(v) for v in row.percentiles.values()),
          f"{percent(row.attainment.value)} "
          f"{percent_interval(row.attainment.low, row.attainment.high)}" if row.attainment else "",
          _ratio_cell(row), p_text(p) if (p := _holm(one, row)) is not None else ""]
         for one, row in rows],
        ["series", "endpoint", "topology", "n", "p50_ms", "p95_ms", "p99_ms", "attainment",
         "attainment_low", "attainment_high", "ratio", "ratio_low", "ratio_high", "pairs",
         "p_holm"],
        [[one.series, row.endpoint, row.topology, row.n, *row.percentiles.values(),
          *((e.value, e.low, e.high) if (e := row.attainment) else (None,) * 3),
          *((r.value, r.low, r.high, r.n) if (r := row.ratio) else (None,) * 4),
          _holm(one, row)] for one, row in rows],
        frozenset({3, 4, 5, 6, 7, 8, 9}),
    )


def _ratio_cell(row: EndpointRow) -> str:
    if row.ratio is None:
        return ""
    r = row.ratio
    return f"{'' if r.low is not None else '~'}{times(r.value, r.low, r.high)}"
