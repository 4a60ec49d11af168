"""The chapter on latency: its sentences, distributions, ratios and trials, series by series."""

from __future__ import annotations

import numpy as np

from reports.arms import Arms
from reports.distance import Distance
from reports.document import Block, Drawing, Heading, Note, Part
from reports.estimate import QS
from reports.figures import latency as draw
from reports.headlines import journey_verdicts
from reports.hops import CallCosts
from reports.latency import Latency, SpectrumRow, headline_of, spectrum_rows
from reports.parts.calls import call_blocks
from reports.parts.clocks import clock_blocks
from reports.parts.distance import distance_blocks
from reports.parts.endpoints import endpoint_blocks
from reports.parts.latency_tables import (
    attainment_table,
    journey_table,
    ratio_table,
    spectrum_table,
    trial_table,
)
from reports.parts.stopping import stop_notes
from reports.verdicts import speed_verdict, speed_word
from reports.words import count, in_ms, number, percent, percent_interval


def latency_part(series: list[Latency], calls: CallCosts, distances: list[Distance], arms: Arms,
                 void: str | None) -> Part:
    """Build the chapter; without trials it says so."""
    title = "Latency"
    if not series:
        return Part("latency", title, ["This run has no usable trial of phase latency."],
                    distance_blocks(distances))
    first = headline_of(series, arms)
    own = first.arms or arms
    blocks: list[Block] = [
        *_distributions(first), *_other_series(series, first),
        *stop_notes(series), *ratio_table(series), *journey_table(series),
        attainment_table(series), spectrum_table(series), trial_table(series),
        *endpoint_blocks(series, first), *call_blocks(calls), *distance_blocks(distances),
        *clock_blocks(first)]
    lead = [void] if void else [*_lead(first, own), *_further(series, first)]
    return Part("latency", title, lead, blocks)


def _lead(latency: Latency, arms: Arms) -> list[str]:
    sentences = []
    if arms.rival:
        sentences = [*journey_verdicts(latency, arms.base, arms.rival),
                     *_verdicts(latency, arms), *_carried(latency)]
    shares = [f"{name} {percent(e.value, 2)} {percent_interval(e.low, e.high, 2)} "
              f"(n = {e.n:,})" for name, e in latency.attainments.items() if e]
    sentences.append("Good within the objective (intervals of counting error only): "
                     f"{'; '.join(shares)}.")
    return sentences


def _carried(latency: Latency) -> list[str]:
    """Which percentiles rest on some of the pairs only: those with rows enough in both trials."""
    found = [(f"p{q:g} of {what}", ratio) for what, ratios in (
        ("first requests", latency.ratios),
        ("whole journeys", latency.journeys.ratios if latency.journeys else {}))
        for q, ratio in ratios.items()]
    said = [f"{ratio.n} of {count(latency.pairs, 'pair')} carry a {name}" for name, ratio in found
            if ratio and ratio.n < latency.pairs]
    return [f"Too few visitors came in the trials of the other pairs: {'; '.join(said)}."
            ] if said else []


def _verdicts(latency: Latency, arms: Arms, prefix: str = "") -> list[str]:
    """The median is the question; the others count as secondary and carry Holm's p."""
    assert arms.rival
    names = {50.0: "median response time", 95.0: "p95 of response time",
             99.0: "p99 of response time"}
    said = {q: f"{prefix}{name}" if prefix else f"{name[0].upper()}{name[1:]}"
            if q == 50 else name for q, name in names.items()}
    return [speed_verdict(said[q], arms.base, arms.rival,
                          latency.ratios[q] or latency.why_not.get(q), latency.bands[q],
                          None if q == 50 else latency.adjusted.get(f"p{q:g}")).text
            for q in QS if q == 50 or latency.ratios[q] or latency.pairs]


def _further(series: list[Latency], first: Latency) -> list[str]:
    """The median of every other series that compares two stores."""
    return [_verdicts(one, one.arms, f"{one.series}: ")[0] for one in series
            if one is not first and one.arms and one.arms.rival]


def _distributions(latency: Latency) -> list[Block]:
    rows = spectrum_rows(latency)
    if not _has_answers(latency):
        return [Note("No request was answered rightly: there is no latency to draw.", "caveat")]
    slo = latency.trials[0].slo_ms
    return [
        _spectrum(latency, rows, "latency_spectrum", is_folded=False),
        Drawing("latency_ecdf", "Share of requests answered within a time",
                _within(latency, slo),
                "A curve that ends below 100 % lacks right answers. Dotted: the objective, "
                f"{number(slo)} ms.", ("latency_spectrum", "latency_trials"),
                draw.draw_ecdf(latency, slo)),
    ]


def _has_answers(latency: Latency) -> bool:
    return any(np.isfinite(s.first).any() or np.isfinite(s.later).any()
               for samples in latency.samples.values() for s in samples)


def _spectrum(latency: Latency, rows: list[SpectrumRow], name: str, *,
              is_folded: bool) -> Drawing:
    sizes = ", ".join(f"{row.topology} {row.which} n = {row.n:,}" for row in rows)
    title = "Percentile spectrum" + (f", {latency.series}" if latency.series else "")
    return Drawing(name, title, _medians(rows),
                   "Thick: all trials of a store; thin: each trial. First requests from the "
                   "instant at which they should have been sent, later ones from sending. "
                   f"{sizes}.", ("latency_spectrum",), draw.draw_spectrum(latency),
                   is_folded=is_folded)


def _other_series(series: list[Latency], first: Latency) -> list[Block]:
    if len(series) == 1:
        return []
    shown = [one for one in series if one.contrasts]
    blocks: list[Block] = [Heading("Every series")]
    if figure := draw.draw_series(shown):
        blocks.append(Drawing(
            "latency_series", "Ratios of median and p95 by series", _series_said(shown),
            "A series is one workload at one rate (journeys per second). Filled: median; "
            "hollow: p95, where every trial has 400 rows. Bars: 95 % t interval over pairs; a "
            "difference counts only beyond what a store differs from itself by, too, where A/A "
            "pairs measured it.",
            ("latency_ratios",), figure))
    return [*blocks, *(_spectrum(one, spectrum_rows(one), f"latency_spectrum_{index}",
                                 is_folded=True)
                       for index, one in enumerate(series, 1)
                       if one is not first and _has_answers(one))]


def _series_said(series: list[Latency]) -> str:
    arms = next(one.arms for one in series if one.arms)
    words = [speed_word(one.ratios[50.0], one.bands[50.0]) for one in series]
    slower, faster = words.count("slower"), words.count("faster")
    return (f"Of {count(len(series), 'series', 'series')}, {arms.rival} is slower than {arms.base} "
            f"by the median in {slower}, faster in {faster}; no difference is shown in "
            f"{len(series) - slower - faster}.")


def _medians(rows: list[SpectrumRow]) -> str:
    parts = [f"{row.topology} {in_ms(row.values[50.0])}" for row in rows
             if row.which == "first" and row.values[50.0] is not None]
    return f"Median response time of first requests: {', '.join(parts)}." if parts else (
        "Too few requests for a median.")


def _within(latency: Latency, slo: float) -> str:
    parts = [f"{name} {percent(e.value, 2)}" for name, e in latency.attainments.items() if e]
    return f"Good within {number(slo)} ms, all requests: {', '.join(parts)}."
