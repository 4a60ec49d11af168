"""The child's side of the conversation with the lab: words out, one line in."""

from __future__ import annotations

import os
import sys

from gevent.socket import wait_read


def say(words: str) -> None:
    """Tell the lab, at once."""
    sys.stdout.write(f"TWINSTORE {words}\n")
    sys.stdout.flush()


def is_let_go() -> bool:
    """Wait for a line `go` on standard input, without stopping the loop; False at its end."""
    line = b""
    while not line.endswith(b"\n"):
        wait_read(0)
        block = os.read(0, 64)
        if not block:
            return False
        line += block
    return line.strip() == b"go"
