"""One run that is ended again and again, at random moments, and finished all the same.

`make endings` ends it at 20 moments and meets every fault; the suite at four of another seed,
one of them while a service stands still.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.run_record import RunRecord
from tests.e2e.acting import acts
from tests.e2e.lab_process import FAULTED, SCENARIO, Lab, labs, wait_until
from tests.e2e.moments import Moment, check_records, draw, faults_of, isolated_in, phases_of
from tests.e2e.secrets_of_a_run import told_in

COUNT = int(os.environ.get("TWINSTORE_ENDINGS", "4"))
SEED = int(os.environ.get("TWINSTORE_ENDINGS_SEED", "5"))
PATIENCE_S = 240
"""A session may measure many trials before its moment comes."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240 + 60 * COUNT)]


class Story:
    """A run over several sessions: the folder is known when the first has printed its name."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.folder: Path | None = None
        self.record: RunRecord | None = None

    @property
    def words(self) -> list[str]:
        """How a session is begun now."""
        return ["--resume", str(self.folder)] if self.record else ["faulted"]

    def look(self, lab: Lab) -> None:
        """Read what the session has left behind."""
        if self.record is None:
            name = lab.lines[0].split()[1].rstrip(":") if lab.lines else ""
            self.folder = self.results / name
        assert self.folder
        self.record = check_records(self.folder, self.record)


def test_a_run_survives_every_ending_and_measures_nothing_twice(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    pairs, faults = phases_of(COUNT)["trial"] + 1, faults_of(COUNT)
    file.write_text(FAULTED.format(pairs=pairs, faults=", ".join(faults)), encoding="utf-8")
    moments = draw(COUNT, SEED, isolated_in(file, "faulted"))
    print(f"{COUNT} endings of seed {SEED}")
    story = Story(tmp_path / "results")
    with labs(file, story.results) as start:
        for number, moment in enumerate(moments, 1):
            lab = start(*story.words)
            end(lab, moment)
            story.look(lab)
            check_words(lab, moment, story)
            recorded = len(story.record.trials) if story.record else 0
            print(f"{number}: {moment}: {recorded} trials recorded, nothing left")
        assert story.folder
        if not (story.folder / "report").exists():
            last = start(*story.words)
            assert last.wait(PATIENCE_S) == 0, last.output
            last.await_nothing_left()
            story.look(last)
    assert story.record
    assert story.record.finished
    assert (story.folder / "report" / "index.html").exists()
    assert [(t.pair, t.attempt) for t in story.record.trials] == [
        (number // 2, 0) for number in range(2 * (pairs + 1 + len(faults)))]
    assert told_in(story.folder) == []
    again = subprocess.run([sys.executable, "-m", "lab", "run", "--resume", str(story.folder)],
                           capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 1
    assert "is finished" in again.stderr


def end(lab: Lab, moment: Moment) -> None:
    """Let a session live until its moment, end it, and wait until nothing is left."""
    lab.await_line(moment.begins, moment.nth, PATIENCE_S)
    fault = moment.trial[1] if moment.trial and moment.phase == "fault" else None
    if fault:
        wait_until(lambda: acts(lab, fault), f"{fault} acts")
    time.sleep(moment.after_s)  # this is the moment: nothing is waited for
    assert lab.process.poll() is None, f"{moment} came too late\n{lab.output}"
    assert not fault or acts(lab, fault), f"{moment} came too late\n{lab.output}"
    if moment.ending == "kill -9":
        lab.kill()
        assert lab.wait(30) == -signal.SIGKILL
    else:
        lab.interrupt()
        if moment.ending == "Ctrl-C twice":
            time.sleep(moment.again_s)
            if lab.process.poll() is None:
                lab.interrupt()
        assert lab.wait(40) == 130, f"{moment}\n{lab.output}"
    lab.await_nothing_left()


def check_words(lab: Lab, moment: Moment, story: Story) -> None:
    """An interrupted lab says how to go on, and shows no traceback."""
    if moment.ending == "kill -9":
        return
    assert "Traceback" not in lab.output, f"{moment}\n{lab.output}"
    wanted = (f"twinstore run --resume {story.folder}" if story.record
              else "twinstore run faulted")
    assert wanted in lab.output, f"{moment}\n{lab.output}"


def test_a_store_that_was_only_looked_at_leaves_nothing_when_it_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text(SCENARIO.format(pairs=1), encoding="utf-8")
    with labs(file, tmp_path / "results") as start:
        lab = start("monolith", command="up")
        lab.await_line("Ctrl-C stops it")
        assert list(lab.temporary.glob("twinstore-up-*"))
        lab.kill()
        lab.wait()
        lab.await_nothing_left()
