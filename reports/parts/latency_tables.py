"""The tables of the chapter on latency: ratios, spectrum and trials of every series."""

from __future__ import annotations

from reports.estimate import QS, Band, Ratio, percentile_of
from reports.journeys import QS as JOURNEY_QS
from reports.latency import Latency, spectrum_rows
from reports.table import Table
from reports.verdicts import off_text
from reports.words import TOO_FEW, milliseconds, p_text, percent, percent_interval, times

Compared = tuple[str, str, str, float, Ratio, Band | None, float | None]
"""Series, rival, base, percentile, ratio, A/A band, Holm's p."""


def ratio_table(series: list[Latency]) -> list[Table]:
    """First requests of every two topologies of every series; nothing where none were compared."""
    return _ratios("latency_ratios", "Ratios of first requests, by pairs", "", [
        (one.series, two.rival, two.base, q, ratio, one.bands[q],
         one.adjusted.get(f"p{q:g}") if place == 0 else None)
        for one in series for place, two in enumerate(one.contrasts)
        for q in QS if (ratio := two.ratios[q])])


def journey_table(series: list[Latency]) -> list[Table]:
    """Whole journeys of every series in which they are more than one request."""
    return _ratios(
        "latency_journeys", "Ratios of whole journeys, by pairs",
        "What a visitor waited in all: the first response, from the scheduled arrival on, and the "
        "service times that follow; pauses are not in it. A journey with a wrong or missing answer "
        "ranks as the slowest. ",
        [(one.series, arms.rival, arms.base, q, ratio, one.journeys.bands[q],
          one.adjusted.get(f"journey p{q:g}"))
         for one in series if one.journeys and (arms := one.arms) and arms.rival
         for q, ratio in one.journeys.ratios.items() if ratio])


def attainment_table(series: list[Latency]) -> Table:
    """Good within the objective, by series and store."""
    rows = [(one.series, name, share) for one in series
            for name, share in one.attainments.items() if share]
    return Table(
        "latency_attainment", "Good within the objective",
        "Good ÷ scheduled requests of all trials together, Wilson interval: it counts requests and "
        "knows nothing of how trials differ.",
        ["series", "store", "n", "good"],
        [[of, name, f"{e.n:,}", f"{percent(e.value, 2)} {percent_interval(e.low, e.high, 2)}"]
         for of, name, e in rows],
        ["series", "topology", "n", "attainment", "low", "high"],
        [[of, name, e.n, e.value, e.low, e.high] for of, name, e in rows],
        frozenset({2, 3}))


def _ratios(name: str, title: str, what: str, rows: list[Compared]) -> list[Table]:
    if not rows:
        return []
    return [Table(
        name, title,
        f"{what}Geometric mean of the pairs' ratios with a 95 % t interval; beside it "
        "Hodges–Lehmann (H–L) and the sign-flip permutation p (two-sided); Holm: p among what is "
        "secondary in its series (p95, p99, medians of endpoints, whole journeys). A/A: how far a "
        "store was from itself, and in how many pairs.",
        ["series", "stores", "", "pairs", "ratio", "H–L", "p", "Holm", "A/A"],
        [[of, f"{rival} ÷ {base}", f"p{q:g}", str(r.n),
          times(r.value, r.low, r.high) if r.low is not None else f"~{times(r.value)}",
          times(r.hodges_lehmann), p_text(r.p), p_text(holm), _band(band)]
         for of, rival, base, q, r, band, holm in rows],
        ["series", "topology", "base", "percentile", "pairs", "ratio", "low", "high",
         "hodges_lehmann", "p", "p_holm", "aa_low", "aa_high", "aa_pairs", "block_low",
         "block_high"],
        [[of, rival, base, q, r.n, r.value, r.low, r.high, r.hodges_lehmann,
          r.p, holm, band and band.low, band and band.high, band.n if band else 0,
          *(r.block or (None, None))]
         for of, rival, base, q, r, band, holm in rows],
        frozenset(range(3, 9)),
    )]


def _band(band: Band | None) -> str:
    return f"{off_text(band)} ({band.n})" if band else "none"


def spectrum_table(series: list[Latency]) -> Table:
    """Percentiles of first and later requests by series and store."""
    rows = [(one.series, row) for one in series for row in spectrum_rows(one)]
    return Table(
        "latency_spectrum", "Percentile spectrum",
        "All trials of a store together. A percentile is shown while at least 20 rows lie "
        "beyond it; a request without a right answer ranks as the slowest.",
        ["series", "store", "requests", "n", "p50", "p75", "p90", "p95", "p99", "p99.9"],
        [[name, row.topology, row.which, f"{row.n:,}",
          *(TOO_FEW if v is None else milliseconds(v) for v in row.values.values())]
         for name, row in rows],
        ["series", "topology", "requests", "n", *(f"p{q:g}_ms" for q in rows[0][1].values)],
        [[name, row.topology, row.which, row.n, *row.values.values()] for name, row in rows],
        frozenset(range(3, 10)),
    )


def trial_table(series: list[Latency]) -> Table:
    """First requests of every trial, with their own intervals, and whole journeys."""
    samples = {s.trial: s for one in series for found in one.samples.values() for s in found}
    trials = sorted((t for one in series for t in one.trials), key=lambda t: t.id)
    rows = [(t, samples[t.id], {q: percentile_of(samples[t.id].first, q, "ms") for q in QS})
            for t in trials]
    return Table(
        "latency_trials", "Trial by trial",
        "First requests. Pairs are adjacent in time and had the same journeys at the same "
        "instants. p95 needs 400 rows, p99 needs 2,000. The CSV has the interval of each within "
        "its trial (order statistics: counting error only), and percentiles of whole journeys.",
        ["trial", "series", "pair", "store", "A/A", "n", "p50", "p95", "p99"],
        [[str(t.id), t.series, str(t.pair), t.topology, t.arm if t.is_aa else "",
          f"{len(sample.first):,}",
          *(TOO_FEW if one is None else milliseconds(one.value) for one in found.values())]
         for t, sample, found in rows],
        ["trial", "series", "pair", "topology", "is_aa", "arm", "n", "p50_ms", "p95_ms", "p99_ms",
         *(f"p{q:g}_{end}_ms" for q in QS for end in ("low", "high")),
         *(f"journey_p{q:g}_ms" for q in JOURNEY_QS)],
        [[t.id, t.series, t.pair, t.topology, t.is_aa, t.arm, len(sample.first),
          *(one and one.value for one in found.values()),
          *(end for one in found.values() for end in ((one.low, one.high) if one else (None,) * 2)),
          *(sample.journeys.get(q) for q in JOURNEY_QS)]
         for t, sample, found in rows],
        frozenset({0, 2, 5, 6, 7, 8}),
    )
