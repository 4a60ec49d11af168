"""Which calls a fault hits: decided by a seed and the call, never by the process that serves it.

The n-th call that passes an armed fault point is hit or not by a hash of seed and n, whichever
replica serves it and however often one was restarted: both stores meet the same draws, and
their doses differ by chance only.  Draws are independent, so that a retry is not favoured.
Poison is decided by the call's content instead: the same request is hit each time it comes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_WHOLE: Final = 2**64


def chances_file(fired: Path) -> Path:
    """Where chances are counted, one byte each: beside the lines of what fired."""
    return fired.with_suffix(".chances")


def take_number(fired: Path) -> int:
    """Count a chance; return its number, from 0, over all processes.

    A write that appends moves the file's position to its own end: atomic without a lock.
    """
    handle = os.open(chances_file(fired), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, b".")
        return os.lseek(handle, 0, os.SEEK_CUR) - 1
    finally:
        os.close(handle)


def is_hit(seed: int, number: int, dose: float) -> bool:
    """Say whether the n-th call is hit."""
    return share(seed, str(number)) < dose


def is_poisonous(seed: int, content: object, dose: float) -> bool:
    """Say whether a call's content, or any part of it, is poison.  None is never.

    A row (a tuple) is known by its first column.
    """
    if content is None:
        return False
    parts = content if isinstance(content, list) else [content]
    return any(share(seed, str(_key(part))) < dose for part in parts)


def share(seed: int, key: str) -> float:
    """Return a number in [0, 1) that only seed and key decide, spread evenly."""
    digest = hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _WHOLE


def _key(part: object) -> object:
    return part[0] if isinstance(part, Sequence) and not isinstance(part, str) else part
