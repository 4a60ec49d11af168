"""The platform: notices dead parts and starts them again, the same way for both stores."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lab.deploy.processes import Process, StartError, await_true
from lab.errors import LabError
from lab.scenario import PlatformKeys

Key = tuple[str, int]
"""Part and replica."""

_EVERY_S: Final = 0.1
_READY_S: Final = 30.0
_LIVED_S: Final = 30.0
"""Who lived this long starts again without back-off."""


@dataclass(frozen=True, slots=True)
class StackEvent:
    """Something that happened to a part.  `kind`: exit, restart, ready, failed (to restart)."""

    part: str
    replica: int
    kind: str
    detail: str = ""


class Supervisor:
    """Watches the processes of a stack in a thread.

    `restart` starts a part again, `answers` says whether it serves, `tell` hears of it all.
    """

    def __init__(self, processes: Mapping[Key, Process], platform: PlatformKeys,
                 restart: Callable[[Key], Process], answers: Callable[[Process], bool],
                 tell: Callable[[StackEvent], None]) -> None:
        self._processes = processes
        self._platform = platform
        self._restart = restart
        self._answers = answers
        self._tell = tell
        self.is_paused = False
        """Nothing is started again while the store stands still."""
        self.held: set[Key] = set()
        """Who is not started again before being taken out."""
        self._recalled: set[Key] = set()
        """Who is started again now, whatever the policy."""
        self._starting: set[Key] = set()
        """Who was started again and has not answered since."""
        self._due: dict[Key, float] = {}
        self._ends: dict[Key, int] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def halt(self) -> None:
        """Start nothing any more; returns at once."""
        self._stopping.set()

    def stop(self) -> None:
        """Watch no more: what ends from now on is meant to."""
        self.halt()
        if self._thread.is_alive():
            self._thread.join()

    def await_up(self, key: Key) -> None:
        """Wait until a part serves again.  Raises StartError when it does not."""
        until = time.monotonic() + _READY_S
        while time.monotonic() < until:
            process = self._processes[key]
            if process.is_alive and self._answers(process):
                return
            time.sleep(_EVERY_S)
        raise StartError(f"{key[0]} (replica {key[1]}) did not come back within {_READY_S:.0f} s; "
                         f"{self._processes[key].log}")

    def bring_up(self) -> None:
        """Start again at once what ended and is not held, whatever the policy; forget back-offs.

        Waits as well for who is starting already: a database that lives may still recover.
        Raises StartError when a part does not come back.
        """
        starting = list(self._starting)
        dead = [key for key, process in list(self._processes.items())
                if key not in self.held and not process.is_alive]
        self._recalled.update(dead)
        try:
            for key in dict.fromkeys([*dead, *starting]):
                if key not in self.held:
                    self.await_up(key)
        finally:
            self._recalled.difference_update(dead)
        self._ends.clear()

    def _watch(self) -> None:
        while not self._stopping.wait(_EVERY_S):
            for key, process in list(self._processes.items()):
                if key not in self._due and not process.is_alive:
                    self._note_end(key, process)
                elif key in self._due and self._is_wanted(key):
                    self._revive(key)

    def _is_wanted(self, key: Key) -> bool:
        return not self.is_paused and key not in self.held and (
            key in self._recalled or time.monotonic() >= self._due[key])

    def _note_end(self, key: Key, process: Process) -> None:
        lived_s = time.monotonic() - process.started_s
        self._ends[key] = self._ends.get(key, 0) + 1 if lived_s < _LIVED_S else 1
        self._due[key] = time.monotonic() + delay_s(self._platform, self._ends[key])
        self._tell(StackEvent(*key, "exit", f"code {process.popen.returncode}"))

    def _revive(self, key: Key) -> None:
        if self._stopping.is_set():
            return
        del self._due[key]
        try:
            process = self._restart(key)
        except (LabError, OSError) as failed:  # tried again like one that ended at once
            self._ends[key] = self._ends.get(key, 0) + 1
            self._due[key] = time.monotonic() + delay_s(self._platform, self._ends[key])
            self._tell(StackEvent(*key, "failed", str(failed)))
            return
        self._starting.add(key)
        self._tell(StackEvent(*key, "restart", f"pid {process.pid}"))
        threading.Thread(target=self._await, args=(key, process), daemon=True).start()

    def _await(self, key: Key, process: Process) -> None:
        with contextlib.suppress(StartError):  # its end is noted by the watch
            await_true(process, lambda: self._answers(process), _READY_S)
            self._starting.discard(key)
            self._tell(StackEvent(*key, "ready"))


def delay_s(platform: PlatformKeys, ends: int) -> float:
    """How long after its n-th end in a row a part is started again; infinite when never."""
    if not platform.restart:
        return float("inf")
    return float(platform.restart_delay_s * min(2 ** (ends - 1), platform.restart_delay_times))
