"""What a soak adds up: from runs whose records and books were made by hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.soak import run_seeds, soak_of
from contract.results import EVENTS, write_table
from contract.run_record import FaultRecord, TrialRecord
from lab.audit.books import Books
from lab.audit.kept import keep
from lab.run_folder import RunFolder
from tests.bench.records import run, trial
from tests.lab.test_invariants import CLEAN


def broken(number: int, pair: int, topology: str, **fields: Any) -> TrialRecord:
    """A trial whose fault was cleared at 3 s; keywords that a fault has are its own."""
    own = {key: fields.pop(key) for key in list(fields) if key in FaultRecord.model_fields}
    fault = FaultRecord.model_validate({
        "name": "payments-crash", "module": "payments", "kind": "crash", "dose": 1, "delay_ms": 0,
        "at_s": 1, "for_s": 2, "armed_at_s": 1, "cleared_at_s": 3, "times_fired": 4} | own)
    return trial(number, pair, phase="isolation", topology=topology,
                 **{"fault": fault, "consistent_at_s": 5.0} | fields)


def recorded(folder: Path, *trials: TrialRecord, books: Books = CLEAN) -> Path:
    made = RunFolder(folder)
    made.parts.mkdir(parents=True)
    made.save_record(run(list(trials)))
    for one in trials:
        keep(books, made.books(one.id))
    return folder


def both(**fields: Any) -> list[TrialRecord]:
    return [broken(number, 1, topology, **fields)
            for number, topology in enumerate(("monolith", "microservices"), 1)]


def test_a_soak_in_which_nothing_is_lost_meets_its_targets(tmp_path: Path) -> None:
    found = soak_of([recorded(tmp_path / seed, *both()) for seed in "ab"])
    assert found.is_met
    assert found.trials == 4
    assert [(c.topology, c.acted, c.waits_s) for c in found.cells] == [
        ("microservices", 2, [2.0, 2.0]), ("monolith", 2, [2.0, 2.0])]
    first = found.lines[0]
    assert (first.invariant, first.checked, first.bound) == ("I1", 4, 0.75)
    assert "monolith, raw: 2 faults acted" in str(found)


def test_one_violation_in_one_run_misses_and_is_told(tmp_path: Path) -> None:
    lost = replace(CLEAN, acknowledged={*CLEAN.acknowledged, "lost"})
    found = soak_of([recorded(tmp_path / "a", *both()),
                     recorded(tmp_path / "b", *both(), books=lost)])
    assert not found.is_met
    assert "order lost was acknowledged and is gone" in str(found)


def test_a_fault_that_proved_nothing_to_the_last_misses(tmp_path: Path) -> None:
    again = [*both(void="did not act"),
             *(one.model_copy(update={"id": one.id + 2, "attempt": 1}) for one in both())]
    assert soak_of([recorded(tmp_path / "in the end", *again)]).is_met
    found = soak_of([recorded(tmp_path / "never", *both(void="did not act"))])
    assert not found.is_met
    assert "void: payments-crash" in str(found)


def test_a_checkout_that_is_not_finished_in_ten_seconds_misses(tmp_path: Path) -> None:
    late = soak_of([recorded(tmp_path / "late", *both(consistent_at_s=13.5))])
    assert not late.is_met
    stuck = soak_of([recorded(tmp_path / "stuck", *both(consistent_at_s=None))])
    assert not stuck.is_met
    assert "never at rest: 1" in str(stuck)


def test_recovery_is_when_who_had_ended_is_ready_again(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "slow start", *both(consistent_at_s=15.5))
    assert not soak_of([folder]).is_met
    stores = {1: "monolith", 2: "microservices"}
    write_table([(number, 8.0, store, "catalog", 0, "ready", "")
                 for number, store in stores.items()], EVENTS, folder / "events.parquet")
    found = soak_of([folder])
    assert found.is_met
    assert found.cells[0].waits_s == [7.5]


def test_an_idle_store_that_is_ready_again_is_nobody_else_s_recovery(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "idle", *both(consistent_at_s=15.5))
    write_table([(number, 8.0, "colocated", "colocated", 0, "ready", "") for number in (1, 2)],
                EVENTS, folder / "events.parquet")
    assert soak_of([folder]).cells[0].waits_s == [12.5]


def test_a_run_that_was_cut_off_or_met_no_fault_misses(tmp_path: Path) -> None:
    """What was not measured did not hold."""
    folder = recorded(tmp_path / "half", *both())
    made = RunFolder(folder)
    made.save_record(made.read_record().model_copy(update={"finished": False}))
    found = soak_of([folder])
    assert not found.is_met
    assert "by-hand was cut off: misses" in str(found)
    without = soak_of([recorded(tmp_path / "no fault", trial(1, 0))])
    assert not without.is_met
    assert "no trial with a fault: misses" in str(without)


def test_a_run_that_recorded_nothing_is_not_mistaken_for_the_one_before(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path / "soak-11" / "20260101-000000-chaos", *both())
    stops = [sys.executable, "-c", "raise SystemExit(1)"]
    run_it = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **options: run_it(stops, **options))
    with pytest.raises(subprocess.CalledProcessError):
        run_seeds("chaos", [11], 1, tmp_path)


def test_a_place_that_a_store_lacks_is_counted_apart(tmp_path: Path) -> None:
    cut = [broken(1, 1, "monolith", applies=False), broken(2, 1, "microservices")]
    found = soak_of([recorded(tmp_path / "cut", *cut, broken(3, 2, "monolith"))])
    mono = next(cell for cell in found.cells if cell.topology == "monolith")
    assert (mono.acted, mono.absent) == (1, 1)
    assert found.is_met
