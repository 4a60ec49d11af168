"""Page one below the headlines: may these numbers be believed?"""

from __future__ import annotations

from contract.run_record import RunRecord
from reports.books import Finding
from reports.document import Block, Drawing, Heading, Note, Part
from reports.figures.instrument import draw_instrument
from reports.guards import Judged, best_spin_ms, thresholds_of, worst_spin_ms
from reports.parts.conditions import audit_blocks, equal_blocks, limit_blocks, machine_table
from reports.table import Table
from reports.words import count, number, percent, setting


def front_part(record: RunRecord, judged: list[Judged], findings: list[Finding]) -> Part:
    """Instrument, budgets, audit, equal work, machine."""
    blocks: list[Block] = [
        *_instrument(record, judged), Heading("Budgets"), *limit_blocks(record),
        Heading("Books"), *audit_blocks(record, findings),
        Heading("Equal work"), *equal_blocks(record),
        Heading("Machine and versions"), machine_table(record),
    ]
    return Part("instrument", "State of the instrument", _lead(record, judged), blocks)


def _lead(record: RunRecord, judged: list[Judged]) -> list[str]:
    rejected = sum(one.status == "rejected" for one in judged)
    flagged = sum(one.status == "flagged" for one in judged)
    lines = [f"{count(len(judged), 'trial')}: {len(judged) - rejected - flagged} ok, "
             f"{flagged} flagged, {rejected} rejected (kept in the data, left out of every "
             "comparison)."]
    if not record.finished:
        lines.append("The run did not finish: this report covers what was recorded.")
    if judged:
        scheduled = sum(t.rows_scheduled for t in record.trials)
        written = sum(t.rows_written for t in record.trials)
        word = "=" if all(t.rows_written == t.rows_scheduled for t in record.trials) else "≠"
        lag = max((t.lag_p99_ms for t in record.trials), default=0.0)
        busiest = max(t.generator_cpu_share for t in record.trials)
        lines.append(f"Rows written {written:,} {word} scheduled {scheduled:,}. Generator lag "
                     f"p99 at most {number(lag, 2)} ms, generator CPU at most "
                     f"{percent(busiest, 0)} of its core.")
        held = max(t.throttled_share for t in record.trials)
        lines.append(f"The budget held a store back in up to {percent(held, 0)} of the kernel's "
                     "periods." if held else "No throttling was recorded.")
    if record.not_controlled:
        lines.append("Not controlled: " + " ".join(record.not_controlled))
    return lines


def _instrument(record: RunRecord, judged: list[Judged]) -> list[Block]:
    if not judged:
        return [Note("This run has no trials.", "caveat")]
    best, limits = best_spin_ms(record.trials), thresholds_of(record)
    figure = draw_instrument(judged, best, limits)
    worst = max((worst_spin_ms(t) / best for t in record.trials), default=0) if best else 0
    spin = f"calibration loop up to ×{number(worst)} of the run's best decile" if best else (
        "the calibration loop was not measured")
    lag = max(t.lag_max_ms for t in record.trials)
    blocks: list[Block] = [Drawing(
        "instrument", "Generator lag, generator CPU and calibration loop by trial",
        f"Worst single lag {number(lag)} ms; {spin}.",
        "One mark a trial, in order of id; crosses were rejected. Dashed: reject above. Ramps "
        "have no lag guard: past capacity the queue is the finding.",
        ("instrument_trials",), figure)]
    noted = [one for one in judged if one.reasons]
    if noted:
        blocks.append(Table(
            "instrument_rejected", "Rejected and flagged trials",
            "Guards look at the generator and the machine, never at the store's own latency.",
            ["trial", "pair", "phase", "store", "status", "reasons"],
            [[str(o.trial.id), str(o.trial.pair), o.trial.phase, o.trial.topology, o.status,
              "; ".join(o.reasons)] for o in noted],
            ["trial", "pair", "phase", "topology", "status", "reasons"],
            [[o.trial.id, o.trial.pair, o.trial.phase, o.trial.topology, o.status,
              "; ".join(o.reasons)] for o in noted],
            frozenset({0, 1})))
    return [*blocks, _trial_table(judged)]


def _trial_table(judged: list[Judged]) -> Table:
    return Table(
        "instrument_trials", "All trials",
        "Throttled: share of the kernel's periods in which the budget held the store back.",
        ["trial", "pair", "phase", "store", "CPU", "rows", "lag p99, ms", "lag max, ms",
         "generator", "spin, ms", "throttled", "status"],
        [[str(t.id), str(t.pair), f"{t.phase}{' A/A' if t.is_aa else ''}", t.topology,
          setting(t.cpu_budget), f"{t.rows_written:,} / {t.rows_scheduled:,}",
          number(t.lag_p99_ms, 2), number(t.lag_max_ms, 2), percent(t.generator_cpu_share, 0),
          f"{number(t.spin_before_ms)}, {number(t.spin_after_ms)}",
          percent(t.throttled_share, 0), one.status]
         for one in judged for t in (one.trial,)],
        ["trial", "pair", "phase", "topology", "arm", "is_aa", "fault", "scaled", "cpu_budget",
         "rows_written", "rows_scheduled", "lag_p99_ms", "lag_max_ms", "generator_cpu_share",
         "spin_before_ms", "spin_after_ms", "throttled_share", "stopped_early", "status"],
        [[t.id, t.pair, t.phase, t.topology, t.arm, t.is_aa, t.fault.name if t.fault else None,
          t.scaled, t.cpu_budget, t.rows_written, t.rows_scheduled, t.lag_p99_ms, t.lag_max_ms,
          t.generator_cpu_share, t.spin_before_ms, t.spin_after_ms, t.throttled_share,
          t.stopped_early, one.status] for one in judged for t in (one.trial,)],
        frozenset({0, 1, 4, 5, 6, 7, 8, 9, 10}),
    )
