"""One thread that waits for sockets and for instants, with an error far below a millisecond.

epoll counts whole milliseconds.  Its own descriptor, though, becomes readable when one of its
sockets does, and select() counts microseconds: so the loop sleeps in select() on that one
descriptor.  It wakes `_MARGIN_S` early and asks without waiting from there.
"""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
from collections.abc import Callable
from heapq import heappop, heappush
from pathlib import Path
from time import perf_counter
from typing import Final

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE

_MARGIN_S: Final = 0.00006
_SLACK: Final = Path("/proc/self/timerslack_ns")
"""How late Linux may wake an ordinary process, 50 µs unless told otherwise."""

Watched = socket.socket | int
Call = Callable[[], None]
Hear = Callable[[int], None]


class Loop:
    """Calls who waits for a socket (`watch`) or for an instant of `perf_counter` (`call_at`)."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._watched: dict[Watched, int] = {}
        self._alarms: list[tuple[float, int, Call]] = []
        self._asked = 0
        self._is_over = False
        with contextlib.suppress(OSError):
            _SLACK.write_text("1")

    def watch(self, file: Watched, events: int, hear: Hear) -> None:
        """Tell `hear` of these events from now on; of none when `events` is 0."""
        before = self._watched.get(file, 0)
        if events == before:
            return
        if not before:
            self._selector.register(file, events, hear)
        elif events:
            self._selector.modify(file, events, hear)
        else:
            self._selector.unregister(file)
        if events:
            self._watched[file] = events
        else:
            del self._watched[file]

    def call_at(self, instant: float, call: Call) -> None:
        """Call at the first chance at or after an instant; of one instant, in order."""
        self._asked += 1
        heappush(self._alarms, (instant, self._asked, call))

    def stop(self) -> None:
        """Let `run` return."""
        self._is_over = True

    def run(self) -> None:
        """Wait and call until stopped."""
        while not self._is_over:
            for key, events in self._selector.select(self._sleep()):
                if key.fileobj in self._watched:  # not closed by an earlier one of this batch
                    key.data(events)
            now = perf_counter()
            while self._alarms and self._alarms[0][0] <= now:
                heappop(self._alarms)[2]()

    def _sleep(self) -> float | None:
        """Sleep towards the next alarm; return how long the selector may wait after that."""
        if not self._alarms:
            return None
        left = self._alarms[0][0] - perf_counter() - _MARGIN_S
        if left > 0:
            select.select([self._selector.fileno()], [], [], left)
        return 0
