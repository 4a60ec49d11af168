"""How a part starts: wholly under its budget, or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from lab.budget.group import available_cores, family
from lab.deploy.processes import Command, Process, start
from lab.errors import LabError

FORKS_AT_ONCE = ["/bin/sh", "-c", "sleep 60 & wait"]


@contextmanager
def started(tmp_path: Path, argv: list[str], place: object) -> Iterator[Process]:
    command = Command("part", 0, argv, {"PATH": os.environ["PATH"]})
    process = start(command, tmp_path, place, lambda _pid, _signal: None)  # type: ignore[arg-type]
    try:
        yield process
    finally:
        process.stop(grace_s=0.1)


@pytest.mark.skipif(len(available_cores()) < 2 or not hasattr(os, "sched_setaffinity"),
                    reason="needs two cores to tell where a process is")
def test_what_a_part_forks_at_once_is_under_the_budget_as_well(tmp_path: Path) -> None:
    """The lab may be slow to place it: the machine is busy when many parts start."""
    core = available_cores()[-1]

    def place_late(pid: int) -> None:
        time.sleep(0.5)
        os.sched_setaffinity(pid, [core])

    with started(tmp_path, FORKS_AT_ONCE, place_late) as process:
        until = time.monotonic() + 20
        while len(members := family(process.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert {tuple(member.cpu_affinity()) for member in members} == {(core,)}
        assert len(members) == 2


def test_a_command_gets_its_words_as_they_are_and_nothing_to_read(tmp_path: Path) -> None:
    argv = ["/bin/sh", "-c", 'printf "%s|" "$@"; cat; echo end', "sh", "a b", "$HOME", "'\"*"]
    with started(tmp_path, argv, lambda _pid: None) as process:
        process.popen.wait(20)
        assert process.last_lines() == "a b|$HOME|'\"*|end"


def test_who_can_not_be_registered_never_begins(tmp_path: Path) -> None:
    def refuse(_pid: int, _signal: object) -> None:
        raise LabError("the run is over")

    with pytest.raises(LabError, match="the run is over"):
        start(Command("part", 0, ["/bin/sh", "-c", "echo begun"], {}), tmp_path,
              lambda _pid: None, refuse)
    assert (tmp_path / "part-0.log").read_text() == ""


def test_who_can_not_be_placed_never_begins(tmp_path: Path) -> None:
    pids: list[int] = []

    def fail(pid: int) -> None:
        pids.append(pid)
        raise OSError("no such group")

    with pytest.raises(OSError, match="no such group"):
        start(Command("part", 0, ["/bin/sh", "-c", "echo begun; sleep 60"], {}), tmp_path, fail,
              lambda _pid, _signal: None)
    assert not psutil.pid_exists(pids[0])
    assert (tmp_path / "part-0.log").read_text() == ""
