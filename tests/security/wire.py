"""Clients that don't keep to the manners of HTTP, on bare sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

PAUSE_S = 0.4
"""Between two bytes of a slow client."""


@dataclass(frozen=True)
class Heard:
    """What a client got before its connection ended.  Empty: it was just closed."""

    data: bytes

    @property
    def status(self) -> int:
        """The status of the (first) answer; 0 if there was none."""
        return int(self.data.split(b" ", 2)[1]) if self.data.startswith(b"HTTP/") else 0

    @property
    def headers(self) -> dict[str, str]:
        lines = self.data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in
                (line.partition(":") for line in lines)}

    @property
    def problem(self) -> Any:
        return json.loads(self.data.partition(b"\r\n\r\n")[2])


def tell(port: int, data: bytes, timeout_s: float = 20) -> Heard:
    """Send bytes as they are; return what comes until an answer is whole or the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            while not _is_whole(heard) and (more := connection.recv(65_536)):
                heard += more
        return Heard(heard)


def _is_whole(heard: bytes) -> bool:
    head, end, body = heard.partition(b"\r\n\r\n")
    if not end:
        return False
    length = Heard(head + end).headers.get("content-length")
    return length is not None and len(body) >= int(length)


@dataclass
class SlowClients:
    """Connections that send a beginning and then one byte at a time, or nothing more at all.

    One thread serves them all; `heard` fills as the other side gives up.
    """

    port: int
    beginning: bytes
    drip: bytes
    number: int
    patience_s: float
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = [socket.create_connection(("127.0.0.1", self.port), timeout=5)
                      for _ in range(self.number)]
        for connection in self._open:
            connection.sendall(self.beginning)
            connection.setblocking(False)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def still_open(self) -> int:
        return len(self._open)

    def join(self) -> list[Heard]:
        """Wait until all ended or patience did; return what those heard that ended."""
        self._thread.join(self.patience_s + 10)
        assert not self._thread.is_alive()
        return self.heard

    def _serve(self) -> None:
        deadline = time.monotonic() + self.patience_s
        while self._open and time.monotonic() < deadline:
            for connection in list(self._open):
                self._look(connection)
            time.sleep(PAUSE_S)
        for connection in self._open:
            connection.close()

    def _look(self, connection: socket.socket) -> None:
        data = b""
        try:
            data = connection.recv(65_536)
        except BlockingIOError:
            if self.drip:
                with contextlib.suppress(OSError):
                    connection.send(self.drip)
            return
        except ConnectionResetError:
            pass
        self.heard.append(Heard(data))
        self._open.remove(connection)
        connection.close()
