"""The chapter on latency: its sentences, distributions and trials."""

from __future__ import annotations

import numpy as np

from reports.arms import Arms
from reports.document import Block, Drawing, Note, Part
from reports.estimate import QS, quantiles
from reports.figures import latency as draw
from reports.hops import Hops
from reports.latency import Latency, SpectrumRow, spectrum_rows
from reports.parts.calls import call_blocks
from reports.parts.clocks import clock_blocks
from reports.parts.endpoints import endpoint_blocks
from reports.table import Table
from reports.verdicts import Band, speed_verdict
from reports.words import (
    TOO_FEW,
    in_ms,
    interval,
    listed,
    milliseconds,
    number,
    percent,
    percent_interval,
    times,
)


def latency_part(latency: Latency, hops: Hops, arms: Arms, void: str | None) -> Part:
    """Build the chapter; without trials it says so."""
    title = "Latency"
    if not latency.trials:
        return Part("latency", title, ["This run has no usable trial of phase latency."])
    blocks: list[Block] = [*_distributions(latency), *_ratio_blocks(latency, arms),
                           *endpoint_blocks(latency, arms), *call_blocks(hops, arms),
                           *clock_blocks(latency)]
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
          *(TOO_FEW if v is None else milliseconds(v) for v in row.values.values())]
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
          *(TOO_FEW if v is None else milliseconds(v) for v in values.values())]
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
