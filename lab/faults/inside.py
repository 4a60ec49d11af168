"""Faults inside a module's own code: the shared page, and what fault points wrote about it."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from typing import Final, cast

from contract.faults import Armed, PointKind, chances_file
from lab.faults.catalogue import ENDS_PROCESSES
from lab.faults.site import Site
from lab.scenario import FaultKeys

_NUMBERS: Final = count(1)
_MOST_MB: Final = 1024
"""What a process that leaks keeps at most where no memory budget is set."""


class AtAPoint:
    """Armed on the page that all processes share."""

    def __init__(self, site: Site, keys: FaultKeys) -> None:
        self.fired = self.chances = 0
        self._site, self._keys = site, keys
        self._fired_file = site.deployment.fired_path
        self._chances_file = chances_file(self._fired_file)
        self._before = (_lines(self._fired_file), _size(self._chances_file))

    def arm(self) -> float:
        """Publish the fault; no process may keep more than the whole budget."""
        keys = self._keys
        self._before = (_lines(self._fired_file), _size(self._chances_file))
        self._site.deployment.board.arm(Armed(
            keys.module, cast(PointKind, keys.kind), keys.dose, keys.delay_ms, self._site.seed,
            keys.leak_mb, self._site.stack.budget.memory_mb or _MOST_MB, next(_NUMBERS),
            self._before[1], keys.connections))
        return time.perf_counter()

    def clear(self) -> float:
        """Disarm, and count."""
        self._site.deployment.board.clear()
        gone_s = time.perf_counter()
        self.fired = _lines(self._fired_file) - self._before[0]
        self.chances = _size(self._chances_file) - self._before[1]
        return gone_s

    def settle(self) -> None:
        """Who crashed, or was killed for want of memory, is started again."""
        stack = self._site.stack
        if self._keys.kind in ENDS_PROCESSES:
            stack.await_up(list(stack.processes))


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
