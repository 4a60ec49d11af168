"""Processes of a run: started with their log, registered with the warden, stopped gently."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.errors import LabError

_TAIL_LINES: Final = 12
_TAKEN: Final = "address already in use"
_ONCE_PLACED: Final = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "sh")
"""Waits for a line, then becomes the command; ends with whoever should have sent the line."""


class StartError(LabError):
    """A part did not come up; the message ends with the last lines of its log."""


class PortTakenError(StartError):
    """It did not come up because its port is somebody else's."""


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
    said_before: int = 0
    """Bytes of the log that are earlier processes' of this part."""
    started_s: float = field(default_factory=time.monotonic)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_alive(self) -> bool:
        return self.popen.poll() is None

    @property
    def name(self) -> str:
        return f"{self.command.part} (replica {self.command.replica})"

    def stop(self, grace_s: float = 5.0, by: signal.Signals | None = None) -> None:
        """Ask it to end (by its own signal, or another), and end it after the grace."""
        if self.is_alive:
            self.popen.send_signal(by or self.command.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(grace_s)
        kill_group(self.pid)
        self.popen.wait(5)

    def last_lines(self) -> str:
        """Return the end of its log."""
        return tail(self.log)

    def ended_while_starting(self) -> StartError:
        """Say how and why."""
        is_taken = says_taken(self.log, self.said_before)
        why = f": its port {self.command.port} is taken" if is_taken else ""
        return (PortTakenError if is_taken else StartError)(
            f"{self.name} ended with code {self.popen.returncode} while starting{why}; "
            f"{self.log}:\n{self.last_lines()}")


Register = Callable[[int, signal.Signals], None]
"""Tells the warden about a process and the signal that ends it gently."""


def start(command: Command, logs: Path, place: Callable[[int], None],
          register: Register) -> Process:
    """Start a command in its own process group; `place` puts its pid under the budget.

    It waits until it is placed: whatever it has forked or taken before would stay outside.
    What can't be registered does not live on: a thread may still be starting things when the
    run is over.
    """
    log = logs / f"{command.part}-{command.replica}.log"
    with log.open("ab") as output:
        said_before = output.tell()
        popen = subprocess.Popen(
            [*_ONCE_PLACED, *command.argv], env=dict(command.environ), stdin=subprocess.PIPE,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True, user=command.user,
            extra_groups=[] if command.user else None, group=command.user,
        )
    assert popen.stdin is not None
    with contextlib.suppress(BrokenPipeError), popen.stdin as door:  # who waits for it will say so
        try:
            register(popen.pid, command.stop_signal)
            place(popen.pid)
            door.write(b"\n")
        except (LabError, OSError):
            kill_group(popen.pid)
            popen.wait(5)
            raise
    return Process(command, popen, log, said_before)


def await_true(process: Process, is_ready: Callable[[], bool], patience_s: float,
               others: Callable[[], Iterable[Process]] = tuple) -> None:
    """Poll until ready.  Raises StartError when time runs out or a process ends.

    `others`: processes without which this one can't become ready.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        require_alive(process, *others())
        if is_ready():
            require_alive(process, *others())  # or somebody else has answered at its port
            return
        time.sleep(0.03)
    raise StartError(f"{process.name} was not ready after {patience_s:.0f} s; {process.log}:\n"
                     f"{process.last_lines()}")


def require_alive(*processes: Process) -> None:
    """Raise StartError for the first process that has ended."""
    for process in processes:
        if not process.is_alive:
            raise process.ended_while_starting()


def kill_group(pid: int) -> None:
    """Kill what is left of a process group that we made."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def tail(log: Path, since: int = 0) -> str:
    """Return the last lines of a log, of what stands behind its first `since` bytes."""
    try:
        lines = log.read_bytes()[since:].decode(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(lines[-_TAIL_LINES:]) or "(the log is empty)"


def says_taken(log: Path, since: int = 0) -> bool:
    """Say whether a log, behind its first `since` bytes, says that a port is somebody else's.

    All of it: how the programs got there may fill more lines than are shown.
    """
    try:
        return means_taken(log.read_bytes()[since:].decode(errors="replace"))
    except OSError:
        return False


def means_taken(words: str) -> bool:
    """Say whether words of a program mean that its port is somebody else's."""
    return _TAKEN in words.lower()
