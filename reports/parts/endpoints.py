"""Endpoint by endpoint: ratios of medians, percentiles, attainment."""

from __future__ import annotations

from reports.document import Block, Drawing, Heading
from reports.endpoints import EndpointRow
from reports.figures import latency as draw
from reports.latency import Latency
from reports.table import Table
from reports.verdicts import off_text
from reports.words import (
    TOO_FEW,
    count,
    listed,
    milliseconds,
    p_text,
    percent,
    percent_interval,
    times,
)


def endpoint_blocks(series: list[Latency], first: Latency) -> list[Block]:
    """Figure of the series that makes the headline; a table of all."""
    blocks: list[Block] = [Heading("Endpoint by endpoint")]
    arms = first.arms
    if arms and arms.rival and (figure := draw.draw_endpoint_ratios(first.endpoints, arms.base,
                                                                    arms.rival)):
        blocks.append(Drawing(
            "latency_endpoints", "Ratio of medians by endpoint",
            endpoints_said(first, arms.rival, arms.base),
            "Bars: 95 % t interval of the paired log ratios; without a bar there was one "
            "pair. A difference counts only beyond what a store differs from itself by, where A/A "
            "pairs measured it, and if Holm's p over all secondary comparisons of the series is "
            f"below 0.05 too. n: requests to {arms.rival}.",
            ("latency_endpoints",), figure))
    return [*blocks, _table(series)]


def endpoints_said(latency: Latency, rival: str, base: str) -> str:
    """How many endpoints say what; one that can't be compared is counted, with its reason."""
    own = [row for row in latency.endpoints if row.topology == rival]
    words = [row.word(_holm(latency, row)) for row in own if row.ratio]
    slower, faster = words.count("slower"), words.count("faster")
    silent = [f"{row.endpoint} ({row.why_not})" for row in own if row.ratio is None]
    return (f"Of {count(len(own), 'endpoint')}, {rival} is slower than {base} on {slower}, faster "
            f"on {faster}; no difference shown on {len(words) - slower - faster}"
            f"{f'; not compared: {listed(silent)}' if silent else ''}.")


def _holm(latency: Latency, row: EndpointRow) -> float | None:
    compared = latency.arms is not None and row.topology == latency.arms.rival
    return latency.adjusted.get(row.endpoint) if compared else None


def _table(series: list[Latency]) -> Table:
    rows = [(one, row) for one in series for row in one.endpoints]
    return Table(
        "latency_endpoints", "Endpoints",
        "Times in ms: response time for first requests of a journey, service time for later "
        "ones. Good: right and within the objective, Wilson interval. Ratio of medians by "
        "pairs (in brackets), with Holm's p; A/A: how far a store was from itself in it.",
        ["series", "endpoint", "store", "n", "p50", "p95", "p99", "good", "ratio", "A/A",
         "p"],
        [[one.series, row.endpoint, row.topology, f"{row.n:,}",
          *(TOO_FEW if v is None else milliseconds(v) for v in row.percentiles.values()),
          f"{percent(row.attainment.value)} "
          f"{percent_interval(row.attainment.low, row.attainment.high)}" if row.attainment else "",
          _ratio_cell(row), off_text(row.ratio.band) if row.ratio and row.ratio.band else "",
          p_text(p) if (p := _holm(one, row)) is not None else ""]
         for one, row in rows],
        ["series", "endpoint", "topology", "n", "p50_ms", "p95_ms", "p99_ms", "attainment",
         "attainment_low", "attainment_high", "ratio", "ratio_low", "ratio_high", "pairs",
         "p_holm", "aa_low", "aa_high", "aa_pairs", "verdict", "why_not"],
        [[one.series, row.endpoint, row.topology, row.n, *row.percentiles.values(),
          *((e.value, e.low, e.high) if (e := row.attainment) else (None,) * 3),
          *((r.value, r.low, r.high, r.n) if (r := row.ratio) else (None,) * 4),
          _holm(one, row),
          *((b.low, b.high, b.n) if row.ratio and (b := row.ratio.band) else (None,) * 3),
          row.word(_holm(one, row)) if row.ratio else None, row.why_not or None]
         for one, row in rows],
        frozenset(range(3, 11)),
    )


def _ratio_cell(row: EndpointRow) -> str:
    if row.ratio is None:
        return row.why_not
    r = row.ratio
    return f"{'' if r.low is not None else '~'}{times(r.value, r.low, r.high)} ({r.n})"
