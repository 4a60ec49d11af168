"""A full disk is told in words, and what was recorded before stands."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from contract.run_record import RunRecord
from lab import disk, run
from lab.disk import DiskFullError, is_full, require_space, what_is_full
from lab.run_folder import RunFolder
from lab.scenario_file import read_scenarios

ROOT = Path(__file__).parents[2]
NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
FILE = read_scenarios(ROOT / "scenarios.yaml")


@pytest.mark.parametrize(("error", "expected"), [
    (NO_SPACE, True), (OSError(errno.EDQUOT, "quota"), True), (psycopg.errors.DiskFull(), True),
    (DiskFullError("full"), True), (OSError(errno.EACCES, "denied"), False),
    (psycopg.OperationalError(), False), (KeyboardInterrupt(), False)])
def test_what_a_full_disk_looks_like(error: BaseException, expected: bool) -> None:
    assert is_full(error) is expected


@pytest.mark.parametrize("full", ["results", "private"])
def test_no_trial_begins_without_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                       full: str) -> None:
    require_space(tmp_path, tmp_path)
    for name in ("results", "private"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(disk, "_free_mb", lambda place: 3 if place.name == full else 1000)
    with pytest.raises(DiskFullError, match=f"{full} is full: 3 MiB are free, a trial needs"):
        require_space(tmp_path / "results", tmp_path / "private")


def test_a_folder_that_could_not_be_made_is_told_by_the_one_above(tmp_path: Path) -> None:
    assert "is full" in str(what_is_full(NO_SPACE, tmp_path / "results" / "run"))


def test_a_record_that_does_not_fit_leaves_the_last_one(tmp_path: Path,
                                                        a_record: RunRecord) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    folder = RunFolder(tmp_path)
    folder.save_record(a_record)
    (tmp_path / "run.json.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as failed:
        folder.save_record(a_record.model_copy(update={"duration_s": 99.0}))
    assert is_full(failed.value)
    assert folder.read_record() == a_record


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_record: RunRecord,
            ) -> Callable[[BaseException], tuple[BaseException, str, RunFolder]]:
    """Let a run of which one trial is recorded stop with an error."""
    folder = RunFolder(tmp_path)
    folder.save_record(a_record)

    def stop(error: BaseException) -> tuple[BaseException, str, RunFolder]:
        def fail(*_: Any) -> RunRecord:
            raise error

        monkeypatch.setattr(run, "_measure", fail)
        monkeypatch.setattr(run, "read_resumable", lambda _: (a_record, FILE))
        with (tmp_path / "said").open("w") as said:
            console = Console(file=said, width=1000)
            with pytest.raises((KeyboardInterrupt, Exception)) as raised:
                run.resume_run(tmp_path, console)
        return raised.value, (tmp_path / "said").read_text(), folder

    return stop


def test_a_run_that_meets_a_full_disk_says_where_and_what_to_do(
        stopped: Callable[[BaseException], tuple[BaseException, str, RunFolder]]) -> None:
    error, _, folder = stopped(NO_SPACE)
    assert isinstance(error, DiskFullError)
    assert "is full" in str(error)
    assert f"Free some space there, then:\n  twinstore run --resume {folder.path}" in str(error)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EACCES, "denied"),
                                   psycopg.OperationalError("gone")])
def test_whatever_else_stops_a_run_is_passed_on_with_the_words_to_go_on(
        stopped: Callable[[BaseException], tuple[BaseException, str, RunFolder]],
        error: BaseException) -> None:
    raised, said, folder = stopped(error)
    assert raised is error
    assert f"go on:  twinstore run --resume {folder.path}" in said
