"""Fault points: the same defect, armed inside the same module of both stores.

The lab maps one small file into every process (`FAULTS_FILE`).  Its first byte says whether
anything is armed: that is all a fault point reads on the hot path.  Behind it stands one
JSON document, `Armed`.  Because the page is shared, arming reaches every replica at once,
and a process that restarts meets the same defect again, as a real one would.

A fault point that acts first appends a line to `FIRED_FILE`: the manipulation check reads
it, so a fault that never fired can't pass for resilience.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

PAGE_BYTES: Final = 4096
FAULTS_ENV: Final = "TWINSTORE_FAULTS_FILE"
FIRED_ENV: Final = "TWINSTORE_FIRED_FILE"
CRASH_EXIT_CODE: Final = 86
_POLL_S: Final = 0.02

Kind = Literal["crash", "hang", "slow", "error"]


class InjectedError(RuntimeError):
    """The defect `error`: an exception that no code expects."""


@dataclass(frozen=True, slots=True)
class Armed:
    """One armed fault.  `dose`: share of calls that it hits, 0 to 1; `delay_ms`: for slow."""

    module: str
    kind: Kind
    dose: float = 1.0
    delay_ms: float = 0.0
    seed: int = 0


class Board:
    """The shared page, as the lab writes it and fault points read it."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        with path.open("r+b" if writable else "rb") as file:
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            self._page = mmap.mmap(file.fileno(), PAGE_BYTES, access=access)

    @classmethod
    def create(cls, path: Path) -> Board:
        """Make the file with nothing armed."""
        path.write_bytes(bytes(PAGE_BYTES))
        return cls(path, writable=True)

    def arm(self, fault: Armed) -> None:
        """Publish a fault: document first, then the byte that makes it seen."""
        document = json.dumps(asdict(fault)).encode()
        self._page[0] = 0
        self._page[1:3] = len(document).to_bytes(2, "little")
        self._page[3 : 3 + len(document)] = document
        self._page[0] = 1

    def clear(self) -> None:
        """Disarm; calls that hang come back within 20 ms."""
        self._page[0] = 0

    @property
    def is_armed(self) -> bool:
        return self._page[0] != 0

    def read(self) -> Armed | None:
        """Return the armed fault, or None."""
        if not self._page[0]:
            return None
        size = int.from_bytes(self._page[1:3], "little")
        try:
            return Armed(**json.loads(self._page[3 : 3 + size]))
        except ValueError:  # a new fault was being written at this instant
            return None

    def close(self) -> None:
        self._page.close()


class FaultPoint:
    """A place in a module where its defect acts.  One per module and process."""

    def __init__(self, module: str, board: Board | None, fired: Path | None) -> None:
        self._module = module
        self._board = board
        self._fired = fired
        self._random = random.Random()  # noqa: S311
        self._seed: int | None = None

    def hit(self) -> None:
        """Pass, or act: for code that blocks its thread."""
        if self._board is None or not self._board.is_armed:
            return
        fault = self._choose()
        if fault is None:
            return
        if fault.kind == "slow":
            time.sleep(fault.delay_ms / 1000)
        while fault.kind == "hang" and self._board.read() == fault:
            time.sleep(_POLL_S)
        self._end(fault)

    async def hit_async(self) -> None:
        """Pass, or act: for code on an event loop."""
        if self._board is None or not self._board.is_armed:
            return
        fault = self._choose()
        if fault is None:
            return
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay_ms / 1000)
        while fault.kind == "hang" and self._board.read() == fault:
            await asyncio.sleep(_POLL_S)
        self._end(fault)

    def _choose(self) -> Armed | None:
        fault = self._board.read() if self._board else None
        if fault is None or fault.module != self._module:
            return None
        if self._seed != fault.seed:
            self._seed = fault.seed
            self._random.seed(fault.seed)
        if self._random.random() >= fault.dose:
            return None
        self._record(fault)
        return fault

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
        if fault.kind == "crash":
            os._exit(CRASH_EXIT_CODE)
        if fault.kind == "error":
            raise InjectedError(f"injected defect in {self._module}")


def fault_point(module: str, environ: dict[str, str] | None = None) -> FaultPoint:
    """Make a module's fault point from the process's environment; inert when none is set."""
    settings = os.environ if environ is None else environ
    page, fired = settings.get(FAULTS_ENV), settings.get(FIRED_ENV)
    return FaultPoint(
        module,
        Board(Path(page)) if page else None,
        Path(fired) if fired else None,
    )
