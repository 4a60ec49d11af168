"""The books on page one: invariants, how long until they balanced, and the SQL that checks them."""

from __future__ import annotations

from contract.audit_sql import AuditSql, InvariantSql
from contract.run_record import RunRecord
from reports.books import INVARIANTS, Finding, Wait
from reports.document import Block, Listing, Note
from reports.table import Table
from reports.words import ABSENT, listed, number, percent


def audit_blocks(record: RunRecord, findings: list[Finding], waits: list[Wait]) -> list[Block]:
    """What is red, what was not audited, then tables and statements."""
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
    return [*blocks, _audit_table(findings), *_wait_table(waits), *_sql(record.audit_sql)]


def _audit_table(findings: list[Finding]) -> Table:
    stores = list(dict.fromkeys(f.topology for f in findings))
    by_key = {(f.topology, f.invariant): f for f in findings}
    names = sorted({f.invariant for f in findings})
    return Table(
        "audit", "Invariants after every trial",
        "Violations of things checked, all trials together. With none in n, the rate is below "
        "3/n (95 %).",
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
    if finding.bound is None:
        return "nothing to check"
    return f"< {number(finding.bound * 100, 1)} %"


def _wait_table(waits: list[Wait]) -> list[Table]:
    if not waits:
        return []
    return [Table(
        "audit_waits", "How long until the books balanced",
        "Seconds until nothing was pending and the cart followed the orders, as first seen by the "
        "auditor. After a fault: from the instant at which it was cleared, while requests go on. "
        "Never: not within the auditor's patience.",
        ["store", "from", "trials", "median, s", "longest, s", "never"],
        [[one.topology, one.since, str(one.n), number(one.median_s, 2), number(one.longest_s, 2),
          str(one.never)] for one in waits],
        ["topology", "since", "trials", "median_s", "longest_s", "never"],
        [[one.topology, one.since, one.n, one.median_s, one.longest_s, one.never]
         for one in waits],
        frozenset(range(2, 6)))]


def _sql(known: AuditSql | None) -> list[Listing]:
    if known is None:
        return []
    entries = [("Made first: what no database of a store knows, and where its rows come from.",
                known.outside)]
    for name, one in known.invariants.items():
        entries += _entries(f"{name}, {INVARIANTS.get(name, '')}", one, known)
    return [Listing(
        "SQL of each invariant",
        "The rows that a statement returns violate the invariant; no row: it holds. With one "
        "database (monolith) paste it into psql. With a database each (microservices) the tables "
        "stand apart: they are read one database at a time, and the statement compares them side "
        "by side. The auditor checks the same rows in Python; a test plants violations in "
        "PostgreSQL and holds the two equal. The databases end with the run, the books are kept: "
        "twinstore audit RUN --psql TRIAL | psql puts a trial's tables side by side and runs all "
        "statements.", entries)]


def _entries(title: str, one: InvariantSql, known: AuditSql) -> list[tuple[str, str]]:
    """The statement, then what a split store is asked instead, database by database."""
    own = [table for table in one.tables if table in known.reads]
    apart = [f"-- database {known.reads[table].database}\n{known.reads[table].sql};"
             for table in own]
    outside = [table for table in one.tables if table not in known.reads]
    if one.split_sql != one.sql:
        apart.append(f"-- then, over these tables side by side\n{one.split_sql};")
    elif own:
        apart.append(f"-- then the statement above, over {listed([*own, *outside])} side by side")
    shown = [(f"{title}.", f"{one.sql};")]
    return [*shown, (f"{title.partition(',')[0]} with a database each.", "\n".join(apart))] if (
        own) else shown
