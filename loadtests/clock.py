"""Wait for an instant, with an error far below a millisecond.

libev under gevent wakes up to 1 ms late, because epoll counts whole milliseconds.  So the
wait sleeps to 1.5 ms before the instant and yields in a loop from there; other greenlets run
meanwhile.
"""

from __future__ import annotations

from time import perf_counter

import gevent

_MARGIN_S = 0.0015


def wait_until(instant: float) -> float:
    """Return at the first chance at or after `instant` (`perf_counter`); say when that was."""
    left = instant - perf_counter()
    if left > _MARGIN_S:
        gevent.sleep(left - _MARGIN_S)
    while (now := perf_counter()) < instant:
        gevent.sleep(0)
    return now
