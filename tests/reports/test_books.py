"""The books on page one: how long until they balanced, and the SQL that checks them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from synthetic import SQL, Planted, write_run

import reports
from reports.arms import find_arms
from reports.books import Wait, waits_of
from reports.compose import describe
from reports.document import Listing
from reports.figures.style import drawing_style
from reports.guards import judge
from reports.impact import impact_of
from reports.isolation import measure_isolation
from reports.parts.impact import impact_tables
from reports.read import Run, read_run
from reports.table import Table

BOTH = ["monolith", "microservices"]


def planted(folder: Path, **changes: object) -> Run:
    return read_run(write_run(folder, Planted(phases=("isolation",), **changes)))  # type: ignore


def test_a_wait_counts_from_the_clearing_of_the_fault(tmp_path: Path) -> None:
    run = planted(tmp_path, consistent_s={"monolith": 0.5, "microservices": 3.0})
    after = {wait.topology: wait for wait in waits_of(run, BOTH) if wait.since == "fault cleared"}
    assert after["monolith"] == Wait("monolith", "fault cleared", 3, pytest.approx(0.5),
                                     pytest.approx(0.5), 0)
    assert after["microservices"].median_s == pytest.approx(3.0)
    trial = next(t for t in run.record.trials if t.fault and t.topology == "microservices")
    assert impact_of(run, trial, []).consistent_s == pytest.approx(3.0)


def test_the_median_counts_books_that_never_balanced(tmp_path: Path) -> None:
    run = planted(tmp_path)
    broken = [t for t in run.record.trials if t.fault and t.topology == "monolith"]
    for trial, at in zip(broken, (9.02, None, None), strict=True):
        trial.consistent_at_s = at
    wait = next(w for w in waits_of(run, ["monolith"]) if w.since == "fault cleared")
    assert (wait.n, wait.never, wait.median_s) == (3, 2, None)
    assert wait.longest_s == pytest.approx(1.0)
    drained = next(w for w in waits_of(run, ["monolith"]) if w.since == "end of the drain")
    assert drained.never == 2  # the auditor's patience is no time to balance
    table, _ = impact_tables(measure_isolation(
        run, judge(run.record, {}), find_arms(run.record)))
    column = table.columns.index("consistent")
    own = [row[column] for row in table.cells if row[1] == "monolith"]
    assert own == ["1.0", "never", "never"]


def test_books_that_balanced_before_clearing_took_no_time(tmp_path: Path) -> None:
    run = planted(tmp_path, consistent_s={"monolith": -1.0})
    assert waits_of(run, ["monolith"])[-1].longest_s == 0


def test_a_run_that_did_not_look_says_nothing_of_clearing(tmp_path: Path) -> None:
    run = planted(tmp_path, consistent_s={})
    assert {wait.since for wait in waits_of(run, BOTH)} == {"end of the drain"}
    trial = next(t for t in run.record.trials if t.fault)
    assert impact_of(run, trial, []).consistent_s is None


def test_the_page_shows_each_statement_as_it_was_recorded(report: reports.Report) -> None:
    page = report.html.read_text(encoding="utf-8")
    listing = re.search(r'<details class="listing">.*?</details>', page, re.DOTALL)
    assert listing
    for name, one in SQL.invariants.items():
        assert f"{name}, " in listing[0]
        assert one.sql in listing[0]
        assert one.split_sql in listing[0]
    assert SQL.outside in listing[0]
    assert "-- database catalog\nSELECT id FROM reservations;" in listing[0]
    assert "WHERE 1 &lt; 2" in listing[0]
    markdown = report.markdown.read_text(encoding="utf-8")
    assert "```sql\nSELECT stuck;\n```" in markdown


def test_a_run_from_before_any_of_this_was_recorded_stays_readable(tmp_path: Path) -> None:
    path = write_run(tmp_path, Planted(phases=("isolation",))) / "run.json"
    older = json.loads(path.read_text())
    del older["audit_sql"]
    for trial in older["trials"]:
        for name in ("consistent_at_s", "sold_orders", "sold_minor"):
            del trial[name]
    path.write_text(json.dumps(older))
    run = read_run(tmp_path)
    with drawing_style():
        document = describe(run)
    blocks = [block for part in document.parts for block in part.blocks]
    assert not any(isinstance(block, Listing) for block in blocks)
    names = {block.name for block in blocks if isinstance(block, Table)}
    assert {"audit", "audit_waits", "isolation_times"} <= names
    assert "isolation_revenue" not in names
