"""Free ports on the loopback address.

They are taken from below the range that the kernel gives to outgoing connections: a port of
that range may be somebody's other end when its owner wants to listen, or to listen again.
"""

from __future__ import annotations

import random
import socket
import threading
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_FIRST: Final = 20_000
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_DEFAULT_LAST: Final = 32_767
_TRIES: Final = 2_000

_given: set[int] = set()
_lock = threading.Lock()


def free_ports(count: int) -> list[int]:
    """Return ports that are free now and that this process has not been given before.

    Raises OSError when there are not enough.
    """
    found: list[int] = []
    source = random.SystemRandom()
    with _lock:
        for _ in range(_TRIES):
            port = source.randint(_FIRST, _last())
            if port not in _given and _is_free(port):
                _given.add(port)
                found.append(port)
            if len(found) == count:
                return found
    raise OSError(f"found only {len(found)} of {count} free ports on {HOST}")


def free_port() -> int:
    """Return one such port."""
    return free_ports(1)[0]


def can_listen(port: int) -> bool:
    """Say whether nobody listens at a port; connections of before that linger don't count."""
    return _is_free(port, reuse=True)


def _is_free(port: int, *, reuse: bool = False) -> bool:
    with socket.socket() as probe:
        if reuse:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _last() -> int:
    try:
        below = int(_RANGE.read_text().split()[0]) - 1
    except (OSError, ValueError):
        return _DEFAULT_LAST
    return below if below > _FIRST + _TRIES else _DEFAULT_LAST

