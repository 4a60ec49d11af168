"""What the detectors looked at, found or not: pools, bottlenecks, drift, warm-up."""

from __future__ import annotations

from reports.confounds.find import Confounds
from reports.document import Block, Note
from reports.table import Table
from reports.words import interval, number, p_text, percent, times


def confound_blocks(found: Confounds) -> list[Block]:
    """Alarms first, then a table for each detector that had something to look at."""
    alarms: list[Block] = [Note(sentence, "caveat") for sentence in found.sentences]
    looked = [what for what, rows in (
        ("pools", found.pools), ("bottlenecks", found.bottlenecks), ("drift", found.drifts),
        ("warm-up", found.warmups)) if rows]
    missing = [what for what in ("pools", "bottlenecks", "drift", "warm-up")
               if what not in looked]
    if not alarms and looked:
        alarms = [Note(f"Looked for in the records: {', '.join(looked)}. Nothing was found.")]
    if missing:
        alarms.append(Note(f"Not looked for, for want of records or trials: "
                           f"{', '.join(missing)}."))
    return [*alarms, *_pool_table(found), *_bottleneck_table(found), *_steady_tables(found)]


def _pool_table(found: Confounds) -> list[Table]:
    if not found.pools:
        return []
    return [Table(
        "confound_pools", "Pools by Little's law",
        "The worst trial of each phase and series. Ceiling: size ÷ holding time, the most the "
        "pool can carry; busy: throughput ÷ ceiling. Named from 90 % busy, or when 5 % of "
        "takings waited, while the processor had time left.",
        ["store", "load", "pool", "size", "held, ms", "taken /s", "ceiling /s", "busy",
         "waited"],
        [[p.topology, p.where.removeprefix("latency "), p.name, str(p.size),
          number(p.hold_s * 1000), number(p.per_s), number(p.ceiling_per_s),
          f"{percent(p.busy, 0)}{' found' if p.is_found else ''}", percent(p.waited)]
         for p in found.pools],
        ["topology", "where", "pool", "size", "hold_s", "per_s", "ceiling_per_s", "busy",
         "waited", "wait_ms", "trials", "found"],
        [[p.topology, p.where, p.pool, p.size, p.hold_s, p.per_s, p.ceiling_per_s, p.busy,
          p.waited, p.wait_ms, p.trials, p.is_found] for p in found.pools],
        frozenset(range(3, 9)))]


def _bottleneck_table(found: Confounds) -> list[Table]:
    if not found.bottlenecks:
        return []
    rows = [(b, use) for b in found.bottlenecks for use in b.parts]
    return [Table(
        "confound_bottlenecks", "Bottlenecks by the utilisation law",
        "Latency trials. The largest demands on the processor, and how much of the budget was "
        "used; the CSV has every part.",
        ["store", "series", "trials", "bottleneck", "used", "largest demands, CPU ms an answer"],
        [[b.topology, b.where, str(b.trials), b.name, percent(b.utilisation, 0),
          ", ".join(f"{use.part} {number(use.demand_ms)}" for use in b.parts[:4])]
         for b in found.bottlenecks],
        ["topology", "series", "trials", "part", "demand_ms", "utilisation", "is_bottleneck",
         "budget_utilisation"],
        [[b.topology, b.where, b.trials, use.part, use.demand_ms, use.utilisation,
          use.part == b.name, b.whole] for b, use in rows],
        frozenset({2, 4}))]


def _steady_tables(found: Confounds) -> list[Table]:
    tables = []
    if found.drifts:
        tables.append(Table(
            "confound_drift", "Drift over the run",
            "Change of a store's median from its first to its last latency trial: Theil–Sen's "
            "slope within series, 95 % interval; p by the seasonal Kendall test, Holm over all "
            "rows.",
            ["store", "trials", "change", "p", "verdict"],
            [[d.topology, str(d.trials), times(d.change, d.low, d.high), p_text(d.p),
              "found" if d.is_found else "no drift shown"] for d in found.drifts],
            ["topology", "trials", "change", "low", "high", "p_holm", "found"],
            [[d.topology, d.trials, d.change, d.low, d.high, d.p, d.is_found]
             for d in found.drifts],
            frozenset({1, 2, 3})))
    if found.warmups:
        tables.append(Table(
            "confound_warmup", "Warm-up",
            "Median of the window's first third ÷ the rest, over trials, 95 % t interval; p by "
            "Holm over all rows.",
            ["store", "series", "trials", "first third ÷ rest", "p", "verdict"],
            [[w.topology, w.series, str(w.ratio.n),
              f"{times(w.ratio.value)} {interval(w.ratio.low, w.ratio.high)}".strip(),
              p_text(w.p), w.verdict] for w in found.warmups],
            ["topology", "series", "trials", "ratio", "low", "high", "p_holm", "verdict"],
            [[w.topology, w.series, w.ratio.n, w.ratio.value, w.ratio.low, w.ratio.high, w.p,
              w.verdict] for w in found.warmups],
            frozenset({2, 3, 4})))
    return tables
