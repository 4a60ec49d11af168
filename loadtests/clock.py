"""Wait for an instant, with an error far below a millisecond.

libev under gevent wakes up to 1 ms late, because epoll counts whole milliseconds.  Sleeping to
1.5 ms before the instant and yielding in a loop from there is precise, but burns a core beyond
some hundred waits a second, and hides how busy the generator is.  On Linux the loop therefore
watches a kernel timer (timerfd), which counts nanoseconds, and only the last 0.1 ms is yielded
away; elsewhere all of the 1.5 ms is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from heapq import heappop, heappush
from time import perf_counter
from typing import Any, Final, Protocol

import gevent
from gevent.hub import Waiter

_MARGIN_S: Final = 0.0015
_TIMER_MARGIN_S: Final = 0.0001
_CLOCK_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_READ: Final = 1


class Clock(Protocol):
    """Something to wait with; instants are `perf_counter` values."""

    def wait_until(self, instant: float) -> float:
        """Return at the first chance at or after the instant; say when that was."""
        ...

    def close(self) -> None:
        """Free what the clock holds; nobody may be waiting."""
        ...


def new_clock() -> Clock:
    """Return the best clock of this platform, for the calling process only."""
    return TimerClock() if sys.platform == "linux" else YieldingClock()


class YieldingClock:
    """Sleeps to shortly before the instant, then yields in a loop."""

    def wait_until(self, instant: float) -> float:
        left = instant - perf_counter()
        if left > _MARGIN_S:
            gevent.sleep(left - _MARGIN_S)
        while (now := perf_counter()) < instant:
            gevent.sleep(0)
        return now

    def close(self) -> None:
        """Nothing is held."""


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class TimerClock:
    """One kernel timer, set for the earliest of those who wait.  Linux only."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timer = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._timer < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._setting = _Itimerspec()
        self._waiting: list[tuple[float, int, Any]] = []  # (alarm, order, who)
        self._asked = 0
        self._watcher = gevent.get_hub().loop.io(self._timer, _READ)
        self._watcher.start(self._wake)

    def wait_until(self, instant: float) -> float:
        if instant - perf_counter() > _TIMER_MARGIN_S:
            waiter = Waiter()
            self._asked += 1
            heappush(self._waiting, (instant - _TIMER_MARGIN_S, self._asked, waiter))
            if self._waiting[0][1] == self._asked:
                self._set(self._waiting[0][0])
            waiter.get()
        while (now := perf_counter()) < instant:
            gevent.sleep(0)
        return now

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()
        gevent.sleep(0)  # the loop forgets the timer before its number can be somebody else's
        os.close(self._timer)

    def _wake(self) -> None:
        """Called by the loop when the timer has run out."""
        try:
            os.read(self._timer, 8)
        except BlockingIOError:
            return  # set anew meanwhile
        while self._waiting and self._waiting[0][0] <= perf_counter():
            heappop(self._waiting)[2].switch(None)
        if self._waiting:
            self._set(self._waiting[0][0])

    def _set(self, instant: float) -> None:
        value = self._setting.value
        # perf_counter() is CLOCK_MONOTONIC here.  A value in the past fires at once; 0 never does.
        nanoseconds = max(1, int(instant * 1e9))
        value.seconds, value.nanoseconds = divmod(nanoseconds, 1_000_000_000)
        if self._libc.timerfd_settime(self._timer, _ABSOLUTE, ctypes.byref(self._setting), None):
            raise OSError(ctypes.get_errno(), "timerfd_settime failed")
