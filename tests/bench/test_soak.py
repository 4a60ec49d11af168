"""What a soak adds up: from runs whose records and books were made by hand."""

from __future__ import annotations

import re
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


def recorded(folder: Path, *trials: TrialRecord, books: Books = CLEAN, seed: int = 1) -> Path:
    made = RunFolder(folder)
    made.parts.mkdir(parents=True)
    made.save_record(run(list(trials)).model_copy(update={
        "seed": seed, "definitions": {"faults": {"payments-crash": {}}},
        "scenario_resolved": {"topologies": list(STORES)}}))
    for one in trials:
        keep(books, made.books(one.id))
    return folder


STORES = ("monolith", "microservices")


def both(**fields: Any) -> list[TrialRecord]:
    """The one fault of the catalogue in every cell."""
    cells = [(posture, store) for posture in ("raw", "resilient") for store in STORES]
    return [broken(number, 1 + (number > 2), store, **{"posture": posture} | fields)
            for number, (posture, store) in enumerate(cells, 1)]


def whole(folder: Path, books: Books = CLEAN, **fields: Any) -> list[Path]:
    """Three seeds of it."""
    return [recorded(folder / str(seed), *both(**fields), books=books, seed=seed)
            for seed in (1, 2, 3)]


def test_a_soak_in_which_nothing_is_lost_meets_its_targets(tmp_path: Path) -> None:
    found = soak_of(whole(tmp_path))
    assert found.is_met
    assert found.trials == 12
    assert [(c.topology, c.posture, c.acted, c.waits_s) for c in found.cells] == [
        (store, posture, 3, [2.0, 2.0, 2.0]) for store in sorted(STORES)
        for posture in ("raw", "resilient")]
    first = found.lines[0]
    assert (first.invariant, first.checked, first.bound) == ("I1", 12, 0.25)
    assert "monolith, raw: 3 faults acted" in str(found)


def test_a_soak_that_did_not_meet_everything_misses(tmp_path: Path) -> None:
    """Fewer seeds, or a cell without a trial that counts, show nothing of what they left out."""
    runs = whole(tmp_path)
    few = soak_of(runs[:2])
    assert not few.is_met
    assert "2 of 3 seeds: misses" in str(few)
    for planted in (both()[:2], [*both()[:3], broken(4, 2, "microservices", posture="resilient",
                                                     status="rejected")]):
        half = recorded(tmp_path / f"half {len(planted)}", *planted, seed=4)
        found = soak_of([*runs, half])
        assert not found.is_met
        assert re.search(r"by-hand \(seed 4\) met [23] of 4 cells .*: misses", str(found))


def test_one_violation_in_one_run_misses_and_is_told(tmp_path: Path) -> None:
    lost = replace(CLEAN, acknowledged={*CLEAN.acknowledged, "lost"})
    found = soak_of([*whole(tmp_path), recorded(tmp_path / "b", *both(), books=lost)])
    assert not found.is_met
    assert "order lost was acknowledged and is gone" in str(found)


def test_a_fault_that_proved_nothing_to_the_last_misses(tmp_path: Path) -> None:
    again = [*both(void="did not act"),
             *(one.model_copy(update={"id": one.id + 4, "attempt": 1}) for one in both())]
    runs = whole(tmp_path)
    assert soak_of([*runs, recorded(tmp_path / "in the end", *again)]).is_met
    found = soak_of([*runs, recorded(tmp_path / "never", *both(void="did not act"))])
    assert not found.is_met
    assert "void: payments-crash" in str(found)


def test_a_checkout_that_is_not_finished_in_ten_seconds_misses(tmp_path: Path) -> None:
    late = soak_of(whole(tmp_path / "late", consistent_at_s=13.5))
    assert not late.is_met
    stuck = soak_of(whole(tmp_path / "stuck", consistent_at_s=None))
    assert not stuck.is_met
    assert "never at rest: 3" in str(stuck)


def test_recovery_is_when_who_had_ended_is_ready_again(tmp_path: Path) -> None:
    folders = whole(tmp_path, consistent_at_s=15.5)
    assert not soak_of(folders).is_met
    for folder in folders:
        write_table([(one.id, 8.0, one.topology, "catalog", 0, "ready", "") for one in both()],
                    EVENTS, folder / "events.parquet")
    found = soak_of(folders)
    assert found.is_met
    assert found.cells[0].waits_s == [7.5] * 3


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
    assert "by-hand (seed 1) was cut off: misses" in str(found)
    without = soak_of([recorded(tmp_path / "no fault", trial(1, 0))])
    assert not without.is_met
    assert "by-hand (seed 1) met 0 of 4 cells" in str(without)


def test_a_run_that_recorded_nothing_is_not_mistaken_for_the_one_before(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path / "soak-11" / "20260101-000000-chaos", *both())
    stops = [sys.executable, "-c", "raise SystemExit(1)"]
    run_it = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **options: run_it(stops, **options))
    with pytest.raises(subprocess.CalledProcessError):
        run_seeds("chaos", [11], 1, tmp_path)


def test_a_place_that_a_store_lacks_is_counted_apart(tmp_path: Path) -> None:
    cut = [broken(9, 3, "monolith", applies=False)]
    found = soak_of([*whole(tmp_path), recorded(tmp_path / "cut", *both(), *cut)])
    mono = next(cell for cell in found.cells if cell.topology == "monolith")
    assert (mono.acted, mono.absent) == (4, 1)
    assert found.is_met
