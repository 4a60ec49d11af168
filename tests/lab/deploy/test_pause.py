"""Processes are stopped in place with all that they started, and all of them go on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.deploy.pause import pause, resume
from lab.deploy.processes import Command, Process, kill_group
from tests.e2e.lab_process import wait_until


@pytest.fixture
def parent() -> Iterator[Process]:
    """A program with a child of its own."""
    popen = subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True)
    wait_until(lambda: bool(psutil.Process(popen.pid).children()), "it has a child")
    yield Process(Command("parent", 0, [], {}), popen, Path("log"))
    kill_group(popen.pid)
    popen.wait(5)


def test_a_process_and_its_children_stand_still_and_go_on(parent: Process) -> None:
    family = [psutil.Process(parent.pid), *psutil.Process(parent.pid).children(recursive=True)]
    stopped = pause([parent])
    assert {one.pid for one in stopped} == {one.pid for one in family}
    assert {one.status() for one in family} == {psutil.STATUS_STOPPED}
    resume([parent], stopped)
    assert psutil.STATUS_STOPPED not in {one.status() for one in family}


def test_who_was_orphaned_while_it_stood_still_goes_on_too(parent: Process) -> None:
    """Backends of a database whose server was killed meanwhile would hold its memory for good."""
    child, = psutil.Process(parent.pid).children()
    stopped = pause([parent])
    parent.popen.kill()
    parent.popen.wait(5)
    assert child.status() == psutil.STATUS_STOPPED
    resume([parent], stopped)
    assert child.status() != psutil.STATUS_STOPPED
    child.kill()
