"""One request over a kept connection, under one deadline, sent once.

Locust's `client.get` is not used for the measured requests: geventhttpclient below it silently
sends an idempotent request again when a connection turns out to be closed, and its timeouts
are per socket operation.  Here a request is sent exactly once and the deadline covers all of
it.  The parser (llhttp) is geventhttpclient's.
"""

from __future__ import annotations

import select
from time import perf_counter
from typing import Any

from gevent import monkey, socket
from geventhttpclient.response import HTTPParseError, HTTPResponse

from contract.http import WORK_HEADER, Work, read_work

_BLOCK = 65536


class Answer(HTTPResponse):
    """A parsed response."""

    @property
    def body(self) -> bytes:
        return bytes(self._body_buffer)

    @property
    def work(self) -> Work:
        """What the answer needed, as the store says."""
        sent = self.get(WORK_HEADER)
        return read_work(sent if isinstance(sent, str) else None)


class ConnectionBroken(Exception):
    """Refused, reset, closed before the end, or not HTTP."""


class Connections:
    """Keep-alive connections to one address, the last used first."""

    def __init__(self, address: tuple[str, int]) -> None:
        family, kind, protocol, _, self._address = socket.getaddrinfo(
            *address, type=socket.SOCK_STREAM)[0]
        self._kind = (family, kind, protocol)
        self._idle: list[tuple[Any, Any]] = []
        # The unpatched poll: 1 µs to see whether a kept connection was closed meanwhile.
        self._poller = monkey.get_original("select", "poll")

    def exchange(self, method: str, request: bytes, deadline: float) -> Answer:
        """Send a request once and read the whole answer.

        Raises TimeoutError at the deadline (`perf_counter`) or ConnectionBroken.
        """
        connection, poll = self._take(deadline)
        is_kept = False
        try:
            connection.settimeout(_left(deadline))
            connection.sendall(request)
            answer = Answer(method)
            while not answer.message_complete:
                connection.settimeout(_left(deadline))
                block = connection.recv(_BLOCK)
                answer.feed(block)
                if not block and not answer.message_complete:
                    raise ConnectionBroken("closed before the end of the answer")
            is_kept = not answer.should_close()
            return answer
        except TimeoutError:
            raise
        except (OSError, HTTPParseError) as broken:
            raise ConnectionBroken(str(broken)) from None
        finally:
            if is_kept:
                self._idle.append((connection, poll))
            else:
                connection.close()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop()[0].close()

    def _take(self, deadline: float) -> tuple[Any, Any]:
        while self._idle:
            connection, poll = self._idle.pop()
            if not poll.poll(0):
                return connection, poll
            connection.close()
        return self._connect(deadline)

    def _connect(self, deadline: float) -> tuple[Any, Any]:
        connection = socket.socket(*self._kind)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_left(deadline))
            connection.connect(self._address)
        except TimeoutError:
            connection.close()
            raise
        except OSError as refused:
            connection.close()
            raise ConnectionBroken(str(refused)) from None
        poll = self._poller()
        poll.register(connection.fileno(), select.POLLIN)
        return connection, poll


def _left(deadline: float) -> float:
    left = deadline - perf_counter()
    if left <= 0:
        raise TimeoutError
    return left
