"""A results folder on a disk that fills up during a trial."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.lab_process import SCENARIO, labs
from tests.e2e.moments import BEGINS, check_records

pytestmark = pytest.mark.e2e

SIZE_MB = 40


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 40 MiB that is gone after the test."""
    folder = Path(tempfile.mkdtemp(prefix="small-disk-of-a-test-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if mounted is None or mounted.returncode:
        folder.rmdir()
        pytest.skip("only root may mount a small disk here" if mounted is None
                    else f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def fill(disk: Path) -> Path:
    """Leave no byte; return the file that takes it all."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while shutil.disk_usage(disk).free:
            file.write(bytes(min(4096, shutil.disk_usage(disk).free)))
    return filler


def test_a_full_disk_stops_the_run_in_words_and_loses_nothing(
        small_disk: Path, tmp_path: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text(SCENARIO.format(pairs=1), encoding="utf-8")
    with labs(file, small_disk / "results") as start:
        lab = start("endings")
        lab.await_line(BEGINS["trial"], nth=2)
        lab.part("locust")
        filler = fill(small_disk)
        assert lab.wait(60) == 1
        lab.await_nothing_left()
        folder = next((small_disk / "results").iterdir())
        assert "Traceback" not in lab.output, lab.output
        assert f"the disk of {folder} is full" in lab.output
        assert f"Free some space there, then:\n  twinstore run --resume {folder}" in lab.output
        recorded = check_records(folder, None)
        assert recorded
        assert len(recorded.trials) == 1

        still_full = start("--resume", str(folder))
        assert still_full.wait(60) == 1
        assert "Free some space there" in still_full.output
        assert "Traceback" not in still_full.output, still_full.output
        still_full.await_nothing_left()
        assert check_records(folder, recorded) == recorded

        filler.unlink()
        last = start("--resume", str(folder))
        assert last.wait() == 0, last.output
        last.await_nothing_left()
    finished = check_records(folder, recorded)
    assert finished
    assert finished.finished
    assert len(finished.trials) == 2
