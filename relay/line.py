"""One direction of a connection: a delay line.

Each piece is noted with the instant at which it may leave: when it was read, plus the distance
that was set then.  It never leaves before what was read earlier.  Pieces are in flight together,
so a distance costs time and no throughput.
"""

from __future__ import annotations

import socket
from collections import deque
from enum import Enum
from typing import Final

MOST_HELD: Final = 1 << 20
"""Bytes in flight in one direction; while there are more, nothing is read (back-pressure)."""


class Mark(Enum):
    """What travels besides bytes."""

    END = "no more bytes follow"
    RESET = "the connection is broken"


class Line:
    """Pieces on their way to `target`.  Instants are `perf_counter` values."""

    def __init__(self, target: socket.socket) -> None:
        self.target = target
        self.can_write = True
        """False: the target takes no more for now, or is not connected yet."""
        self.has_ended = False
        """Its end was handed over."""
        self.delivered = 0
        """Bytes handed over."""
        self._held: deque[tuple[float, memoryview | Mark]] = deque()
        self._size = 0

    @property
    def is_full(self) -> bool:
        return self._size >= MOST_HELD

    @property
    def due(self) -> float | None:
        """When the next piece leaves; None when there is none or it can't."""
        return self._held[0][0] if self._held and self.can_write else None

    def put(self, piece: bytes | Mark, due: float) -> None:
        """Send a piece on its way; it may leave at `due`, after all that was put before."""
        if isinstance(piece, Mark):
            self._held.append((due, piece))
        else:
            self._size += len(piece)
            self._held.append((due, memoryview(piece)))

    def drop(self) -> None:
        """Forget all that is on its way."""
        self._held.clear()
        self._size = 0

    def deliver(self, now: float) -> Mark | None:
        """Hand over what is due, as far as the target takes it, up to a mark, which is returned.

        Raises OSError when the target is gone.
        """
        while self._held and self._held[0][0] <= now and self.can_write:
            due, piece = self._held.popleft()
            if isinstance(piece, Mark):
                return piece
            try:
                sent = self.target.send(piece)
            except BlockingIOError:
                sent = 0
            self._size -= sent
            self.delivered += sent
            if sent < len(piece):
                self._held.appendleft((due, piece[sent:]))
                self.can_write = False
        return None
