"""The chapter on latency: its sentences, figures and tables."""

from __future__ import annotations

import numpy as np

from reports.arms import Arms
from reports.document import Block, Drawing, Heading, Note, Part
from reports.figures import latency as draw
from reports.hops import Hops
from reports.latency import QS, EndpointRow, Latency, SpectrumRow, quantiles, spectrum_rows
from reports.table import Table
from reports.verdicts import Band, speed_verdict
from reports.words import (
    count,
    in_ms,
    interval,
    listed,
    milliseconds,
    number,
    percent,
    percent_interval,
    times,
)

_TOO_FEW = "too few"


def latency_part(latency: Latency, hops: Hops, arms: Arms, void: str | None) -> Part:
    """Build the chapter; without trials it says so."""
    title = "Latency"
    if not latency.trials:
        return Part("latency", title, ["This run has no usable trial of phase latency."])
    blocks: list[Block] = [*_distributions(latency), *_ratio_blocks(latency, arms),
                           *_endpoint_blocks(latency, arms), *_hop_blocks(hops, arms),
                           *_clock_blocks(latency)]
    return Part("latency", title, [void] if void else _lead(latency, arms), blocks)


def _lead(latency: Latency, arms: Arms) -> list[str]:
    sentences = []
    if arms.rival:
        for q in QS:
            if latency.ratios[q]:
                what = "Median response time" if q == 50 else f"p{q:g} of response time"
                sentences.append(speed_verdict(what, arms.base, arms.rival, latency.ratios[q],
                                               latency.bands[q]).text)
        few = [f"p{q:g}" for q in QS if latency.ratios[q] is None]
        if few:
            sentences.append(f"Not compared, for want of rows in each trial or of right answers "
                             f"of the pairs: {listed(few)}.")
    shares = [f"{name} {percent(e.value, 2)} {percent_interval(e.low, e.high, 2)} "
              f"(n = {e.n:,})" for name, e in latency.attainments.items() if e]
    sentences.append(f"Good within the objective: {'; '.join(shares)}.")
    return sentences


def _distributions(latency: Latency) -> list[Block]:
    rows = spectrum_rows(latency)
    table = Table(
        "latency_spectrum", "Percentile spectrum",
        "All trials of a store together. A percentile is shown while at least 20 rows lie "
        "beyond it; a request without a right answer ranks as the slowest.",
        ["store", "requests", "n", "p50", "p75", "p90", "p95", "p99", "p99.9"],
        [[row.topology, row.which, f"{row.n:,}",
          *(_TOO_FEW if v is None else milliseconds(v) for v in row.values.values())]
         for row in rows],
        ["topology", "requests", "n", *(f"p{q:g}_ms" for q in rows[0].values)],
        [[row.topology, row.which, row.n, *row.values.values()] for row in rows],
        frozenset(range(2, 9)),
    )
    if not any(np.isfinite(s.first).any() or np.isfinite(s.later).any()
               for samples in latency.samples.values() for s in samples):
        return [Note("No request was answered rightly: there is no latency to draw.", "caveat"),
                table, _trial_table(latency)]
    sizes = ", ".join(f"{row.topology} {row.which} n = {row.n:,}" for row in rows)
    slo = latency.trials[0].slo_ms
    said = _medians(rows)
    return [
        Drawing("latency_spectrum", "Percentile spectrum of both stores", said,
                "Thick: all trials of a store; thin: each trial. Left from the instant at which "
                f"the request should have been sent; right from sending. {sizes}.",
                ("latency_spectrum",), draw.draw_spectrum(latency)),
        Drawing("latency_ecdf", "Share of requests answered within a time",
                _within(latency, slo),
                "A curve that ends below 100 % lacks right answers. Dotted: the objective, "
                f"{number(slo)} ms.", ("latency_spectrum", "latency_trials"),
                draw.draw_ecdf(latency, slo)),
        table, _trial_table(latency),
    ]


def _medians(rows: list[SpectrumRow]) -> str:
    parts = [f"{row.topology} {in_ms(row.values[50.0])}" for row in rows
             if row.which == "first" and row.values[50.0] is not None]
    return f"Median response time of first requests: {', '.join(parts)}." if parts else (
        "Too few requests for a median.")


def _within(latency: Latency, slo: float) -> str:
    parts = [f"{name} {percent(e.value, 2)}" for name, e in latency.attainments.items() if e]
    return f"Good within {number(slo)} ms, all requests: {', '.join(parts)}."


def _trial_table(latency: Latency) -> Table:
    rows = []
    for trial in sorted(latency.trials, key=lambda t: t.id):
        sample = next(s for s in latency.samples[trial.topology] if s.trial == trial.id)
        values = quantiles(sample.first)
        rows.append((trial, len(sample.first), values))
    return Table(
        "latency_trials", "Trial by trial",
        "First requests. Pairs are adjacent in time and had the same journeys at the same "
        "instants. p95 needs 400 rows, p99 needs 2,000.",
        ["trial", "pair", "store", "A/A", "n", "p50", "p95", "p99"],
        [[str(t.id), str(t.pair), t.topology, t.arm if t.is_aa else "", f"{n:,}",
          *(_TOO_FEW if v is None else milliseconds(v) for v in values.values())]
         for t, n, values in rows],
        ["trial", "pair", "topology", "is_aa", "arm", "n", "p50_ms", "p95_ms", "p99_ms"],
        [[t.id, t.pair, t.topology, t.is_aa, t.arm, n, *values.values()]
         for t, n, values in rows],
        frozenset({0, 1, 4, 5, 6, 7}),
    )


def _ratio_blocks(latency: Latency, arms: Arms) -> list[Block]:
    rows = [(q, ratio, latency.bands[q]) for q in QS if (ratio := latency.ratios[q])]
    if not rows or arms.rival is None:
        return []
    return [Table(
        "latency_ratios", f"{arms.rival} ÷ {arms.base}, first requests, by pairs",
        "Geometric mean of the pairs' ratios with a 95 % t interval; beside it Hodges–Lehmann "
        "and the sign-flip permutation p (two-sided). A/A: how far a store was from itself.",
        ["percentile", "pairs", "ratio", "95 % interval", "Hodges–Lehmann", "p", "A/A"],
        [[f"p{q:g}", str(r.n), times(r.value), interval(r.low, r.high) or "one pair: none",
          times(r.hodges_lehmann), number(r.p, 2), _band(band)] for q, r, band in rows],
        ["percentile", "pairs", "ratio", "low", "high", "hodges_lehmann", "p", "aa_low",
         "aa_high", "aa_pairs"],
        [[q, r.n, r.value, r.low, r.high, r.hodges_lehmann, r.p, band and band.low,
          band and band.high, band.n if band else 0] for q, r, band in rows],
        frozenset(range(1, 7)),
    )]


def _band(band: Band | None) -> str:
    return f"{interval(band.low, band.high)} n = {band.n}" if band else "not measured"


def _endpoint_blocks(latency: Latency, arms: Arms) -> list[Block]:
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
          *(_TOO_FEW if v is None else milliseconds(v) for v in row.percentiles.values()),
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


def _hop_blocks(hops: Hops, arms: Arms) -> list[Block]:
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


def _clock_blocks(latency: Latency) -> list[Block]:
    figure = draw.draw_clocks(latency)
    if figure is None:
        return []
    table = Table(
        "latency_clocks", "The same requests, seen by other tools",
        "First requests of journeys, all trials together, ms.",
        ["store", "clock", "n", "p50", "p95", "p99"],
        [[c.topology, c.tool, f"{c.n:,}",
          *(_TOO_FEW if v is None else milliseconds(v) for v in c.percentiles.values())]
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
