"""The warden's process: it listens until the lab's pipe closes, then ends and removes what is left.

Processes are known by id and creation time, never by name.  What was started in the instant
before the lab died and is not yet registered is found by this run's mark in its environment, and
what changed its environment by its control group.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from lab.deploy.warden import MARK

_GRACE_S: Final = 3.0


@dataclass(slots=True)
class _Watched:
    processes: dict[int, tuple[float, signal.Signals]] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)
    groups: list[Path] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take one line of the lab."""
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "process":
            pid, stop_signal = (int(word) for word in rest.split())
            with contextlib.suppress(psutil.NoSuchProcess):
                began = psutil.Process(pid).create_time()
                self.processes[pid] = (began, signal.Signals(stop_signal))
        elif kind == "folder":
            self.folders.append(Path(rest))
        elif kind == "group":
            self.groups.append(Path(rest))


def main(mark: str) -> None:
    """Listen until the pipe closes, then clean up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watched = _Watched()
    for line in sys.stdin:
        watched.hear(line)
    _end(watched, mark)
    _remove_folders(watched.folders)
    _remove_groups(watched.groups)


def _end(watched: _Watched, mark: str) -> None:
    ours = [(process, stop) for pid, (began, stop) in watched.processes.items()
            if (process := _same(pid, began))]
    family = {child for process, _ in ours for child in _family(process)} | set(_marked(mark))
    for process, stop in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(stop)
    for process in family:  # a store that stood still, or was frozen, could not hear it
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)
    _await_end({process for process, _ in ours})
    for pid, (began, _) in watched.processes.items():
        if not psutil.pid_exists(pid) or _same(pid, began):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
    _kill({process for process, _ in ours} | family)
    deadline = time.monotonic() + _GRACE_S
    while time.monotonic() < deadline and (
            left := {*_marked(mark), *_members(watched.groups)}):
        _kill(left)  # again and again: who starts others may do so between a look and a signal


def _kill(processes: set[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _await_end(processes)


def _await_end(processes: set[psutil.Process]) -> None:
    """Wait for the grace; a zombie has ended, whether or not the lab has taken note of it."""
    deadline = time.monotonic() + _GRACE_S
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _remove_folders(folders: list[Path]) -> None:
    for path in folders:
        deadline = time.monotonic() + _GRACE_S
        while path.exists() and time.monotonic() < deadline:
            shutil.rmtree(path, ignore_errors=True)


def _remove_groups(groups: list[Path]) -> None:
    """Remove the deepest first; a group is busy for an instant after its last process ended."""
    deadline = time.monotonic() + _GRACE_S
    for path in sorted(set(groups), key=lambda group: -len(group.parts)):
        while path.is_dir() and time.monotonic() < deadline:
            try:
                path.rmdir()
            except OSError:
                for process in _members([path]):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
                time.sleep(0.02)


def _members(groups: list[Path]) -> list[psutil.Process]:
    """Processes in these control groups: only ours, for the run made the groups."""
    found = []
    for group in groups:
        with contextlib.suppress(OSError):
            for word in (group / "cgroup.procs").read_text().split():
                with contextlib.suppress(psutil.NoSuchProcess):
                    found.append(psutil.Process(int(word)))
    return found


def _same(pid: int, began: float) -> psutil.Process | None:
    """The process that was registered, not a later one with its number."""
    try:
        process = psutil.Process(pid)
        return process if process.create_time() == began else None
    except psutil.NoSuchProcess:
        return None


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError):
            continue
    return found


if __name__ == "__main__":
    main(sys.argv[1])
