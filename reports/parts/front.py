"""Page one below the headlines: may these numbers be believed?"""

from __future__ import annotations

from contract.run_record import RunRecord
from reports.books import Finding, waits_of
from reports.confounds.find import Confounds
from reports.document import Block, Heading, Part
from reports.guards import Judged, best_spin_ms, worst_spin_ms
from reports.isolation import FaultResult
from reports.parts.books import audit_blocks
from reports.parts.conditions import equal_blocks, limit_blocks, machine_table
from reports.parts.confounds import confound_blocks
from reports.parts.instruments import instrument_blocks
from reports.read import Run
from reports.words import count, number, percent

_MOST_HURT = 0.2
"""Share of trials that guards may flag or reject before page one says so."""


def front_part(run: Run, judged: list[Judged], findings: list[Finding],
               confounds: Confounds, fingerprint: list[Block]) -> Part:
    """Instrument, confounds, budgets, audit, equal work, machine."""
    record = run.record
    waits = waits_of(run, list(dict.fromkeys(finding.topology for finding in findings)))
    blocks: list[Block] = [
        *instrument_blocks(run, judged), Heading("Confounds"), *confound_blocks(confounds),
        Heading("Budgets"), *limit_blocks(record),
        Heading("Books"), *audit_blocks(record, findings, waits),
        Heading("Equal work"), *equal_blocks(record), *fingerprint,
        Heading("Machine and versions"), machine_table(record),
    ]
    return Part("instrument", "State of the instrument", _lead(record, judged), blocks)


def labels_of(record: RunRecord, judged: list[Judged], confounds: Confounds,
              faults: list[FaultResult]) -> list[str]:
    """What a reader must know before a headline: right below them, on page one."""
    labels = []
    if not record.finished:
        labels.append(f"Unfinished: the run was cut off after {count(len(record.trials), 'trial')}"
                      "; everything below covers what was recorded.")
    if not record.contract_suite:
        labels.append("Unverified: the contract suite was waived for these sources, so nothing "
                      "shows that both stores do the same work.")
    labels += [*_disturbed(judged), *_voids(faults)]
    return [*labels, *(f"Confound: {sentence}" for sentence in confounds.sentences)]


def _disturbed(judged: list[Judged]) -> list[str]:
    """Arms share a slow machine, so that a ratio may stand; how slow it is, is not the stores'."""
    hurt = [one for one in judged if any(
        reason.startswith(("generator", "calibration loop")) for reason in one.reasons)]
    if not hurt or len(hurt) < _MOST_HURT * len(judged):
        return []
    worst, best = (max(worst_spin_ms(one.trial) for one in judged),
                   best_spin_ms([one.trial for one in judged]))
    slower = f"; the same calculation took up to ×{number(worst / best)} as long" if best else ""
    return [f"Disturbed: {len(hurt)} of {count(len(judged), 'trial')} were flagged or rejected by "
            f"the guards on generator and machine{slower}. Absolute times are not the stores' own; "
            "measure again on a quiet machine."]


def _voids(faults: list[FaultResult]) -> list[str]:
    """Every fault that proves nothing, with its reason."""
    voids = [fault.void for fault in faults if fault.void]
    if not voids:
        return []
    each = "" if faults[0].is_only_posture else ", each posture counted,"
    return [f"{len(voids)} of {count(len(faults), 'fault')}{each} can't be compared and "
            f"{'is' if len(voids) == 1 else 'are'} left out of every sentence on isolation:",
            *voids]


def _lead(record: RunRecord, judged: list[Judged]) -> list[str]:
    rejected = sum(one.status == "rejected" for one in judged)
    flagged = sum(one.status == "flagged" for one in judged)
    lines = [f"{count(len(judged), 'trial')}: {len(judged) - rejected - flagged} ok, "
             f"{flagged} flagged, {rejected} rejected (kept in the data, left out of every "
             "comparison)."]
    if record.resumed:
        lines.append(f"The run was interrupted and went on {count(record.resumed, 'time')}.")
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
