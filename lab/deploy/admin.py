"""Envoy's administration interface, cut down: it tells its counters to our own user, no more."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

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
