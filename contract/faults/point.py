"""A fault point: a place in a module where its defect acts."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Final

from contract.faults.board import Armed, Board
from contract.faults.draw import is_hit, is_poisonous, take_number
from contract.faults.keep import POLL_S, Lend, Memory, hold, hold_async

FAULTS_ENV: Final = "TWINSTORE_FAULTS_FILE"
FIRED_ENV: Final = "TWINSTORE_FIRED_FILE"
CRASH_EXIT_CODE: Final = 86
_DISARMED: Final = bytes(1)


class InjectedError(RuntimeError):
    """The defect `error`: an exception that no code expects."""


class FaultPoint:
    """The place.  One per module and process; `lend` gives a connection of the module's pool."""

    def __init__(self, module: str, board: Board | None, fired: Path | None,
                 lend: Lend | None = None) -> None:
        self._module = module
        self._board = board
        self._page = _DISARMED if board is None else board.page
        self._fired = fired
        self._lend = lend
        self._memory = Memory()
        self._passed = (0, 0)
        """Of which fault how many calls passed; only without a file to count in."""

    def hit(self, content: object = None) -> None:
        """Pass, or act: for code that blocks its thread.  `content`: what poison is looked for in.

        A list is looked through; a tuple in it is known by its first column.
        """
        if not self._page[0]:
            return
        fault = self._choose(content)
        if fault is None:
            return
        if fault.kind == "slow":
            time.sleep(fault.delay_ms / 1000)
        while fault.kind == "hang" and self._is_armed(fault):
            time.sleep(POLL_S)
        if fault.kind == "pool" and self._lend:
            for _ in range(fault.connections):
                hold(self._lend, lambda: self._is_armed(fault))
                self._record(fault)
        self._end(fault)

    async def hit_async(self, content: object = None) -> None:
        """Pass, or act: for code on an event loop."""
        if not self._page[0]:
            return
        fault = self._choose(content)
        if fault is None:
            return
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_ms / 1000)
        while fault.kind == "hang" and self._is_armed(fault):
            await asyncio.sleep(POLL_S)
        if fault.kind == "pool" and self._lend:
            for _ in range(fault.connections):
                await hold_async(self._lend, lambda: self._is_armed(fault))
                self._record(fault)
        self._end(fault)

    def _choose(self, content: object) -> Armed | None:
        fault = self._board.read() if self._board else None
        if fault is None or fault.module != self._module:
            return None
        number = self._number(fault)
        acts = (is_poisonous(fault.seed, content, fault.dose) if fault.kind == "poison"
                else is_hit(fault.seed, number, fault.dose))
        if acts and fault.kind == "leak":  # a call that keeps nothing has not met the defect
            acts = self._memory.has_room(fault.leak_mb, fault.most_mb)
        if not acts:
            return None
        if fault.kind != "pool":  # it has acted once a connection is held
            self._record(fault)
        return fault

    def _number(self, fault: Armed) -> int:
        """How many calls passed this fault before this one, in all processes."""
        if self._fired is not None:
            return take_number(self._fired) - fault.before
        of, passed = self._passed
        self._passed = (fault.number, passed + 1 if of == fault.number else 1)
        return self._passed[1] - 1

    def _record(self, fault: Armed) -> None:
        if self._fired is None:
            return
        line = json.dumps({"at_s": time.perf_counter(), "module": self._module,
                           "kind": fault.kind, "pid": os.getpid()})
        handle = os.open(self._fired, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode() + b"\n")
        finally:
            os.close(handle)

    def _end(self, fault: Armed) -> None:
        """What does not wait, or must not let others on the loop go on."""
        if fault.kind in ("crash", "poison"):
            os._exit(CRASH_EXIT_CODE)
        if fault.kind == "error":
            raise InjectedError(f"injected defect in {self._module}")
        if fault.kind == "burn":
            self._burn(fault)
        if fault.kind == "leak":
            self._memory.keep(fault.leak_mb, fault.most_mb, lambda: self._is_armed(fault))

    def _burn(self, fault: Armed) -> None:
        """Take CPU time of this thread: as much in a slow machine or under a quota."""
        end = time.thread_time() + fault.delay_ms / 1000
        while time.thread_time() < end and self._is_armed(fault):
            sum(range(1_000))

    def _is_armed(self, fault: Armed) -> bool:
        return self._board is not None and self._board.read() == fault


def fault_point(module: str, environ: dict[str, str] | None = None,
                lend: Lend | None = None) -> FaultPoint:
    """Make a module's fault point from the process's environment; inert when none is set."""
    settings = os.environ if environ is None else environ
    page, fired = settings.get(FAULTS_ENV), settings.get(FIRED_ENV)
    return FaultPoint(
        module,
        Board(Path(page)) if page else None,
        Path(fired) if fired else None,
        lend,
    )
