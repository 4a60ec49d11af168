"""One connection through the relay: two sockets, and a delay line each way between them."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Protocol

from relay.line import Line, Mark
from relay.loop import READ, WRITE, Loop

_CHUNK: Final = 65_536
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Road(Protocol):
    """What a connection needs to know of the link that it belongs to."""

    loop: Loop
    distance_s: float
    is_open: bool
    """False: whatever is on its way waits."""

    def note_late(self, late_s: float) -> None:
        """Hear how long after it was due a piece left."""

    def forget(self, connection: Connection) -> None:
        """Hear that a connection is over."""


@dataclass(slots=True)
class _End:
    """One of the two sockets: `out` is the line that it feeds, `into` the one that feeds it."""

    socket: socket.socket
    out: Line
    into: Line
    is_read: bool = True
    has_alarm: bool = False
    """The loop will call for `out`."""


class Connection:
    """A client that was accepted, and the target on the other side."""

    def __init__(self, road: Road, client: socket.socket) -> None:
        self._road = road
        server = socket.socket()
        for one in (client, server):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        there, back = Line(server), Line(client)
        there.can_write = False  # until it is connected
        self._client, self._server = _End(client, there, back), _End(server, back, there)
        self._is_over = False

    def begin(self, address: tuple[str, int]) -> None:
        """Connect to the target; what the client sends in the meantime waits."""
        if self._server.socket.connect_ex(address) in (0, errno.EINPROGRESS):
            self._watch()
        else:
            self._lose(self._server, self._client)

    @property
    def delivered(self) -> int:
        """Bytes handed over in both directions."""
        return self._client.out.delivered + self._server.out.delivered

    def go_on(self) -> None:
        """Deliver what waited while the link was not open."""
        for end in (self._client, self._server):
            self._advance(end, is_timely=False)

    def abort(self) -> None:
        """Reset both sides now."""
        self._finish(aborts=True)

    def _watch(self) -> None:
        """Ask the loop for what can be used: reads while there is room, writes while one waits."""
        if self._is_over:
            return
        for end, hear in ((self._client, self._hear_client), (self._server, self._hear_server)):
            reads = end.is_read and not end.out.is_full
            self._road.loop.watch(end.socket, (READ if reads else 0)
                                  | (0 if end.into.can_write else WRITE), hear)

    def _hear_client(self, events: int) -> None:
        self._hear(self._client, self._server, events)

    def _hear_server(self, events: int) -> None:
        self._hear(self._server, self._client, events)

    def _hear(self, end: _End, other: _End, events: int) -> None:
        if events & WRITE and not end.into.can_write:
            end.into.can_write = True
            if end.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._lose(end, other)  # the connection was refused
                return
            self._advance(other, is_timely=False)
        if events & READ and end.is_read and not self._is_over:
            self._read(end, other)

    def _read(self, end: _End, other: _End) -> None:
        try:
            piece: bytes | Mark = end.socket.recv(_CHUNK) or Mark.END
        except BlockingIOError:
            return
        except OSError:
            self._lose(end, other)
            return
        end.is_read = piece is not Mark.END
        end.out.put(piece, perf_counter() + self._road.distance_s)
        self._advance(end, is_timely=True)

    def _lose(self, end: _End, other: _End) -> None:
        """One side is gone: the other hears of it after the distance, and after what was sent."""
        end.is_read = other.is_read = False
        end.into.drop()
        end.into.can_write = True
        end.out.put(Mark.RESET, perf_counter() + self._road.distance_s)
        self._advance(end, is_timely=True)

    def _advance(self, end: _End, *, is_timely: bool) -> None:
        """Deliver what `end` has sent and is due; see to it that the rest is delivered in time."""
        line, now = end.out, perf_counter()
        while not self._is_over and self._road.is_open and (due := line.due) is not None:
            if due > now:
                if not end.has_alarm:
                    end.has_alarm = True
                    self._road.loop.call_at(
                        due, self._wake_client if end is self._client else self._wake_server)
                break
            if is_timely and self._road.distance_s:
                self._road.note_late(now - due)
            try:
                mark = line.deliver(now)
            except OSError:
                self._lose(*((self._server, self._client) if end is self._client
                             else (self._client, self._server)))
                return
            if mark:
                self._act(line, mark)
        self._watch()

    def _wake_client(self) -> None:
        self._client.has_alarm = False
        self._advance(self._client, is_timely=True)

    def _wake_server(self) -> None:
        self._server.has_alarm = False
        self._advance(self._server, is_timely=True)

    def _act(self, line: Line, mark: Mark) -> None:
        if mark is Mark.RESET:
            self._finish(aborts=True)
            return
        line.has_ended = True
        with contextlib.suppress(OSError):  # its owner has closed it meanwhile
            line.target.shutdown(socket.SHUT_WR)
        if self._client.out.has_ended and self._server.out.has_ended:
            self._finish(aborts=False)

    def _finish(self, *, aborts: bool) -> None:
        if self._is_over:
            return
        self._is_over = True
        for end in (self._client, self._server):
            self._road.loop.watch(end.socket, 0, self._hear_client)
            if aborts:
                end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            end.socket.close()
        self._road.forget(self)
