"""`twinstore audit`: books that were kept are checked again, and violations end with 1."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contract.run_record import TrialRecord
from lab.audit.books import Books, sold_in
from lab.audit.invariants import CHECKS
from lab.audit.kept import keep
from lab.audit.statements import SPLIT_STATEMENTS, audit_sql
from lab.cli import app
from lab.run_folder import RunFolder
from tests.lab.test_invariants import CLEAN
from tests.lab.test_run_folder import _record


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    trials = [TrialRecord(
        id=number, phase="latency", pair=0, topology="monolith", store="monolith",
        workload="shop", rate_profile=[(1, 1), (1, 1)], seed=1, warmup_s=1, measure_s=1,
        cpu_budget=None, slo_ms=250) for number in (1, 2)]
    folder = RunFolder(tmp_path)
    folder.parts.mkdir()
    folder.save_record(_record().model_copy(update={"trials": trials}))
    return folder


def _audit(folder: RunFolder, *words: str) -> Result:
    return CliRunner().invoke(app, ["audit", str(folder.path), *words])


def _spoilt() -> Books:
    return replace(CLEAN, stock=[replace(CLEAN.stock[0], on_hand=-5), *CLEAN.stock[1:]])


def test_clean_books_of_all_trials_are_summed(run: RunFolder) -> None:
    for number in (1, 2):
        keep(CLEAN, run.books(number))
    result = _audit(run)
    assert result.exit_code == 0
    assert "Books of 2 trials" in result.output


def test_a_violation_is_named_with_its_trial(run: RunFolder) -> None:
    keep(CLEAN, run.books(1))
    keep(_spoilt(), run.books(2))
    result = _audit(run)
    assert result.exit_code == 1
    assert "trial 2 (monolith), I1" in result.output


def test_the_sql_is_shown_on_demand(run: RunFolder) -> None:
    keep(CLEAN, run.books(1))
    assert "SELECT" not in _audit(run).output
    assert "SELECT" in _audit(run, "--sql").output


def test_a_trial_s_books_are_printed_for_psql_and_nothing_else(run: RunFolder) -> None:
    keep(CLEAN, run.books(1))
    printed = _audit(run, "--psql", "1").output
    assert printed.startswith("CREATE TEMP TABLE products")
    assert "INSERT INTO bank_ledger" in printed
    for name, sql in SPLIT_STATEMENTS.items():
        assert f"\\echo {name}\n{sql};" in printed
    assert "Books of" not in printed


def test_a_trial_without_books_has_no_script(run: RunFolder) -> None:
    result = _audit(run, "--psql", "2")
    assert result.exit_code == 1
    assert "no books of trial 2" in str(result.exception)


def test_what_the_record_says_of_the_audit_names_every_table() -> None:
    known = audit_sql()
    assert list(known.invariants) == list(CHECKS)
    assert known.invariants["I1"].tables == ["products", "orders", "order_items",
                                             "received_before"]
    assert known.invariants["I3"].tables == ["checkouts", "acknowledged", "bank_ledger"]
    assert "reservations" in known.invariants["I7"].split_sql
    assert "reservations" not in known.invariants["I7"].sql
    assert known.reads["reservations"].database == "catalog"


def test_what_was_sold_is_what_stands_confirmed() -> None:
    assert sold_in(CLEAN) == (1, 400)
    assert sold_in(replace(CLEAN, orders=[])) == (0, 0)


def test_books_that_are_not_there_are_not_called_clean(run: RunFolder) -> None:
    result = _audit(run)
    assert result.exit_code == 1
    assert "no books" in str(result.exception)


def test_books_that_are_spoilt_are_named(run: RunFolder) -> None:
    run.books(1).write_bytes(b"not gzip")
    result = _audit(run)
    assert result.exit_code == 1
    assert "00001.books.json.gz" in str(result.exception)
