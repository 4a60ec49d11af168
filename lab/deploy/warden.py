"""The warden: whatever ends the lab, nothing it started stays behind.

A small process of its own holds the other end of a pipe to the lab.  The lab writes a line for
everything it starts; when the pipe closes (normal end, error, Ctrl-C or kill -9 alike) the warden
ends what still runs, removes control groups and the run's private folder, and goes.

Processes are known by id and creation time, never by name.  What was started in the instant
before the lab died and is not yet registered is found by this run's mark in its environment, and
what changed its environment by its control group.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

MARK: Final = "TWINSTORE_RUN"
_GRACE_S: Final = 3.0


class Warden:
    """The lab's end of the pipe."""

    def __init__(self, mark: str) -> None:
        environ = {key: value for key, value in os.environ.items() if key != MARK}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.deploy.warden", mark], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, start_new_session=True, env=environ, text=True)
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch_process(self, pid: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """End this process and its group when the lab ends."""
        self._tell(f"process {pid} {int(stop_signal)}")

    def watch_folder(self, path: Path) -> None:
        """Remove this folder when the lab ends."""
        self._tell(f"folder {path}")

    def watch_control_group(self, path: Path) -> None:
        """Remove this control group when the lab ends."""
        self._tell(f"group {path}")

    def dismiss(self, patience_s: float = 20.0) -> None:
        """Close the pipe and wait until everything is gone."""
        with self._lock, contextlib.suppress(OSError):
            assert self._process.stdin
            self._process.stdin.close()
        self._process.wait(patience_s)

    def _tell(self, line: str) -> None:
        with self._lock:
            assert self._process.stdin
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()


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
    for path in watched.folders:
        shutil.rmtree(path, ignore_errors=True)
    _remove_groups(watched.groups)


def _end(watched: _Watched, mark: str) -> None:
    ours = [(process, stop) for pid, (began, stop) in watched.processes.items()
            if (process := _same(pid, began))]
    family = {child for process, _ in ours for child in _family(process)} | set(_marked(mark))
    for process, stop in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(stop)
    _, alive = psutil.wait_procs([process for process, _ in ours], timeout=_GRACE_S)
    for pid, (began, _) in watched.processes.items():
        if not psutil.pid_exists(pid) or _same(pid, began):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
    left = {*alive, *family, *_marked(mark), *_members(watched.groups)}
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=_GRACE_S)


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
