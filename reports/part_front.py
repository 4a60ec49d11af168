"""Page one below the headlines: may these numbers be believed?"""

from __future__ import annotations

from contract.run_record import RunRecord
from reports.books import INVARIANTS, Finding
from reports.document import Block, Drawing, Heading, Note, Part
from reports.figures.instrument import draw_instrument
from reports.guards import Judged, best_spin_ms, thresholds_of, worst_spin_ms
from reports.table import Table
from reports.words import ABSENT, count, listed, number, percent, setting


def front_part(record: RunRecord, judged: list[Judged], findings: list[Finding]) -> Part:
    """Instrument, budgets, audit, equal work, machine."""
    blocks: list[Block] = [
        *_instrument(record, judged), Heading("Budgets"), *_limits(record),
        Heading("Books"), *_audit(record, findings), Heading("Equal work"), *_equal(record),
        Heading("Machine and versions"), _machine(record),
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


def _limits(record: RunRecord) -> list[Block]:
    limits = record.limits
    cpu = "no CPU limit" if limits.cpu_budget is None else f"{setting(limits.cpu_budget)} CPU"
    memory = ("no memory limit" if limits.memory_budget_mb is None
              else f"{limits.memory_budget_mb:,} MiB")
    lines = [f"For the whole architecture (proxy, application, databases together): {cpu}, "
             f"{memory}, enforced by {limits.enforced_by}.",
             f"System on CPU {_cores(limits.system_cpus)}, load generator on CPU "
             f"{_cores(limits.generator_cpus)}."]
    if limits.enforced:
        lines.append(f"Enforced: {', '.join(limits.enforced)}.")
    blocks: list[Block] = [Note(" ".join(lines))]
    if limits.not_enforced:
        blocks.append(Note(f"Not enforced: {', '.join(limits.not_enforced)}.", "caveat"))
    return blocks


def _cores(cores: list[int]) -> str:
    return listed([str(core) for core in cores]) if cores else "not pinned"


def _audit(record: RunRecord, findings: list[Finding]) -> list[Block]:
    blocks: list[Block] = []
    names = list(dict.fromkeys([*record.topologies, *(t.topology for t in record.trials)]))
    unaudited = [n for n in names if not any(f.topology == n and f.checked for f in findings)]
    if unaudited:
        blocks.append(Note(f"Not audited: {listed(unaudited)}.", "caveat"))
    red = [f for f in findings if f.violations]
    blocks += [Note(f"Red: {f.topology} violates {f.invariant} ({f.violations:,} of "
                    f"{f.checked:,}): {INVARIANTS.get(f.invariant, '')}. {f.detail}", "alarm")
               for f in red]
    if not findings:
        return blocks
    return [*blocks, _audit_table(findings)]


def _audit_table(findings: list[Finding]) -> Table:
    stores = list(dict.fromkeys(f.topology for f in findings))
    by_key = {(f.topology, f.invariant): f for f in findings}
    names = sorted({f.invariant for f in findings})
    wait = max(f.time_to_consistent_s for f in findings)
    return Table(
        "audit", "Invariants after every trial",
        "Violations of things checked, all trials together. With none in n, the rate is below "
        f"3/n (95 %). The longest a store took to come to rest: {number(wait, 2)} s.",
        ["", "invariant", *(head for store in stores for head in (store, "rate"))],
        [[name, INVARIANTS.get(name, ""), *(cell for store in stores
                                            for cell in _counts(by_key.get((store, name))))]
         for name in names],
        ["topology", "invariant", "checked", "violations", "rate_bound", "time_to_consistent_s",
         "detail"],
        [[f.topology, f.invariant, f.checked, f.violations, f.bound, f.time_to_consistent_s,
          f.detail] for f in findings],
        frozenset(range(2, 2 + 2 * len(stores))),
    )


def _counts(finding: Finding | None) -> tuple[str, str]:
    if finding is None:
        return "not audited", ABSENT
    return f"{finding.violations:,} of {finding.checked:,}", _rate(finding)


def _rate(finding: Finding) -> str:
    if finding.violations:
        return percent(finding.violations / finding.checked, 2) if finding.checked else "red"
    return f"< {percent(finding.bound, 2)}" if finding.bound is not None else "nothing to check"


def _equal(record: RunRecord) -> list[Block]:
    digests = set(record.seed_digest.values())
    if not digests:
        seed = "Seed data: no digest recorded."
    elif len(digests) == 1:
        seed = (f"Seed data equal in {listed(list(record.seed_digest))}: "
                f"{next(iter(digests))[:16]}….")
    else:
        seed = "Seed data differ: " + ", ".join(
            f"{name} {digest[:16]}…" for name, digest in record.seed_digest.items()) + "."
    smoke = ("Contract smoke before load: " + ", ".join(
        f"{name} {'passed' if ok else 'FAILED'}" for name, ok in record.contract_smoke.items())
        + ".") if record.contract_smoke else "Contract smoke: not recorded."
    is_fair = len(digests) == 1 and record.contract_smoke and all(record.contract_smoke.values())
    blocks: list[Block] = [Note(f"{seed} {smoke}", "plain" if is_fair else "caveat")]
    if record.split_added:
        total = sum(record.split_added.values())
        files = sorted(record.split_added.items(), key=lambda item: (-item[1], item[0]))
        blocks.append(Table(
            "split_added", "What the split added",
            f"{total:,} lines in {count(len(files), 'file')} exist only because the store was "
            "split.", ["file", "lines"], [[name, f"{lines:,}"] for name, lines in files],
            ["file", "lines"], [[name, lines] for name, lines in files], frozenset({1})))
    return blocks


def _machine(record: RunRecord) -> Table:
    rows = [("run", record.run), ("scenario", record.scenario), ("seed", str(record.seed)),
            ("commit", record.commit or ABSENT), ("duration", f"{number(record.duration_s)} s"),
            *((f"machine: {key}", str(value)) for key, value in sorted(record.machine.items())),
            *((f"version: {key}", value) for key, value in sorted(record.versions.items())),
            *((f"start-up: {key}", f"{number(value)} s")
              for key, value in sorted(record.startup_s.items())),
            *((f"topology: {name}", _flat(parts)) for name, parts in record.topologies.items())]
    return Table("machine", "This run", "As recorded in run.json.", ["", " "],
                 [list(row) for row in rows], ["key", "value"], [list(row) for row in rows])


def _flat(parts: dict[str, object]) -> str:
    return ", ".join(f"{key} {_plain(value)}" for key, value in parts.items())


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_plain(inner) for inner in value) + "]"
    return "not set" if value is None else str(value)
