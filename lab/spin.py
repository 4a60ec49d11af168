"""The calibration spin: how long a fixed amount of work takes on a core just now.

On shared machines it moves by tens of per cent while steal time shows nothing; comparing it
before and after a trial tells a slow store from a slow machine.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Final

_ROUNDS: Final = 7
_LOOPS: Final = 40_000


def spin_ms(cpus: list[int]) -> float:
    """Return the fastest of a few rounds of a fixed loop on these cores. Unit: milliseconds."""
    found: list[float] = []
    worker = threading.Thread(target=_spin, args=(cpus, found))
    worker.start()
    worker.join()
    return min(found)


def _spin(cpus: list[int], found: list[float]) -> None:
    if hasattr(os, "sched_setaffinity") and cpus:
        os.sched_setaffinity(0, cpus)  # this thread only
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        value = 0
        for number in range(_LOOPS):
            value = (value * 31 + number) & 0xFFFF
        found.append((time.perf_counter() - began) * 1000)
