"""Ending the parts of a store: first who asks, then who answers."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from lab.deploy.processes import Process

_DATABASE: Final = 2


def ordered(processes: Iterable[Process]) -> list[Process]:
    """First who asks, then who answers."""
    return sorted(processes, key=_rank)


def end(processes: Iterable[Process], *, keep_data: bool = False) -> None:
    """End them as gently as they can be; databases whose data are kept write a checkpoint first."""
    own = list(processes)
    for rank in range(3):
        parts = [process for process in own if _rank(process) == rank]
        asked = signal.SIGINT if keep_data and rank == _DATABASE else None
        with ThreadPoolExecutor(max(1, len(parts))) as pool:
            list(pool.map(partial(Process.stop, by=asked), parts))


def _rank(process: Process) -> int:
    part = process.command.part
    return 0 if part == "envoy" else _DATABASE if part.startswith("postgres") else 1
