"""The calibration spin: how long a fixed amount of work takes on a core just now.

On shared machines it moves by tens of per cent while steal time shows nothing; comparing it
before and after a trial tells a slow store from a slow machine.

On the virtual machine where this was tuned a core fell to 60 % of its speed in bursts of 2 to
60 ms, for 9 % of the time when busy and right after idling.  So the loop first warms the core up,
then runs long enough (about 0.15 s) for its median to tell a slow machine from a burst.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from typing import Final

_WARMUP_ROUNDS: Final = 15
_ROUNDS: Final = 65
_LOOPS: Final = 40_000


def spin_ms(cpus: list[int]) -> float:
    """Return the median round of a fixed loop on these cores. Unit: milliseconds."""
    found: list[float] = []
    worker = threading.Thread(target=_spin, args=(cpus, found))
    worker.start()
    worker.join()
    return statistics.median(found[_WARMUP_ROUNDS:])


def _spin(cpus: list[int], found: list[float]) -> None:
    if hasattr(os, "sched_setaffinity") and cpus:
        os.sched_setaffinity(0, cpus)  # this thread only
    for _ in range(_WARMUP_ROUNDS + _ROUNDS):
        began = time.perf_counter()
        value = 0
        for number in range(_LOOPS):
            value = (value * 31 + number) & 0xFFFF
        found.append((time.perf_counter() - began) * 1000)
