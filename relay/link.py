"""One listening port and where it leads: its distance, and whether anything gets through."""

from __future__ import annotations

import contextlib
import socket
from bisect import bisect_left
from typing import Final

from relay.connection import Connection
from relay.loop import READ, Loop

_BACKLOG: Final = 1024
LATE_MS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Upper bounds of the classes in which lateness is counted; one more class is open."""


class Link:
    """Listens on `host:port` and relays to `host:target`.  Raises OSError if the port is taken."""

    def __init__(self, loop: Loop, name: str, host: str, port: int, target: int) -> None:
        self.loop = loop
        self.name = name
        self.distance_s = 0.0
        self.is_open = True
        self.accepted = 0
        self.late = [0] * (len(LATE_MS) + 1)
        """Deliveries after a distance, by how late they were (`LATE_MS`)."""
        self._address = (host, port)
        self._target = (host, target)
        self._connections: set[Connection] = set()
        self._delivered = 0
        self._listener: socket.socket | None = None
        self._listen()

    @property
    def connections(self) -> int:
        """Connections that are not over."""
        return len(self._connections)

    @property
    def delivered(self) -> int:
        """Bytes handed over so far, in both directions."""
        return self._delivered + sum(one.delivered for one in self._connections)

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        if self._listener:
            self.loop.watch(self._listener, 0, self._accept)
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            connection.abort()

    def hang(self) -> None:
        """Let nothing through any more, as a network does that loses every packet.

        Who connects is accepted and waits.
        """
        self.is_open = False

    def restore(self) -> None:
        """Let everything through again; what waited arrives now, as if it had been sent again."""
        self.is_open = True
        if not self._listener:
            self._listen()
        for connection in list(self._connections):
            connection.go_on()

    def note_late(self, late_s: float) -> None:
        """Count a delivery by how long after it was due it left."""
        self.late[bisect_left(LATE_MS, late_s * 1_000)] += 1

    def forget(self, connection: Connection) -> None:
        """A connection is over."""
        self._delivered += connection.delivered
        self._connections.discard(connection)

    def _listen(self) -> None:
        listener = socket.create_server(self._address, backlog=_BACKLOG)
        listener.setblocking(False)
        self.loop.watch(listener, READ, self._accept)
        self._listener = listener

    def _accept(self, events: int) -> None:
        del events
        if not self._listener:
            return
        with contextlib.suppress(BlockingIOError, ConnectionError):
            client, _ = self._listener.accept()
            self.accepted += 1
            connection = Connection(self, client)
            self._connections.add(connection)
            connection.begin(self._target)
