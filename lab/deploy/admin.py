"""Envoy's administration interface, cut down: it tells its counters to our own user, no more."""

from __future__ import annotations

import http.client
import os
import socket
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

DEADLINE_S: Final = 1.0

COUNTERS: Final = "/stats?filter="
"""Begins all that it answers (Envoy compares the query too): no shutdown, no reset, no dump."""
_SOCKET_PATH_BYTES: Final = 103
"""Longest path of a unix socket on every platform: macOS has 104 bytes with the closing zero."""


def admin_socket(folder: Path) -> Path | None:
    """Where the proxy of a stack tells its counters; None when no socket can have such a path."""
    path = folder / "admin"
    return path if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES else None


def administration(socket: Path | None) -> dict[str, Any]:
    """Return its part of the bootstrap document; none without a socket."""
    if socket is None:
        return {}
    return {"admin": {"address": {"pipe": {"path": str(socket), "mode": 0o600}},
                      "allow_paths": [{"prefix": COUNTERS}]}}


def ask(path: Path, wanted: str) -> str | None:
    """Return the counters whose names match `wanted`, a regular expression, of an Envoy at a unix
    socket; None without an answer."""
    connection = UnixConnection(path)
    try:
        connection.request("GET", f"{COUNTERS}{quote(wanted)}")
        answer = connection.getresponse()
        return answer.read().decode() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=DEADLINE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
