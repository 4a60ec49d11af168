"""Processes of a run: started with their log, registered with the warden, stopped gently."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.errors import LabError

_TAIL_LINES: Final = 12


class StartError(LabError):
    """A part did not come up; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start.  `part`, `replica`: its place in the topology; `port`: where it listens."""

    part: str
    replica: int
    argv: Sequence[str]
    environ: Mapping[str, str]
    port: int = 0
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(slots=True)
class Process:
    """A started command."""

    command: Command
    popen: subprocess.Popen[bytes]
    log: Path
    started_s: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_alive(self) -> bool:
        return self.popen.poll() is None

    def stop(self, grace_s: float = 5.0) -> None:
        """Ask it to end, and end it after the grace."""
        if self.is_alive:
            self.popen.send_signal(self.command.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(grace_s)
        kill_group(self.pid)
        self.popen.wait(5)

    def last_lines(self) -> str:
        """Return the end of its log."""
        return tail(self.log)


Register = Callable[[int, signal.Signals], None]
"""Tells the warden about a process and the signal that ends it gently."""


def start(command: Command, logs: Path, place: Callable[[int], None],
          register: Register) -> Process:
    """Start a command in its own process group; `place` puts its pid under the budget."""
    log = logs / f"{command.part}-{command.replica}.log"
    with log.open("ab") as output:
        popen = subprocess.Popen(
            list(command.argv), env=dict(command.environ), stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True, user=command.user,
            extra_groups=[] if command.user else None, group=command.user,
        )
    register(popen.pid, command.stop_signal)
    place(popen.pid)
    return Process(command, popen, log)


def await_true(process: Process, is_ready: Callable[[], bool], patience_s: float) -> None:
    """Poll until ready.  Raises StartError when the process ends or time runs out."""
    deadline = time.monotonic() + patience_s
    name = f"{process.command.part} (replica {process.command.replica})"
    while time.monotonic() < deadline:
        if not process.is_alive:
            raise StartError(f"{name} ended with code {process.popen.returncode} while "
                             f"starting; {process.log}:\n{process.last_lines()}")
        if is_ready():
            return
        time.sleep(0.03)
    raise StartError(f"{name} was not ready after {patience_s:.0f} s; {process.log}:\n"
                     f"{process.last_lines()}")


def kill_group(pid: int) -> None:
    """Kill what is left of a process group that we made."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(lines[-_TAIL_LINES:]) or "(the log is empty)"
