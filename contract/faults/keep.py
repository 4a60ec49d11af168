"""What a defect keeps while it is armed, and gives back once it is cleared."""

from __future__ import annotations

import asyncio
import mmap
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final

POLL_S: Final = 0.02
_PAGE: Final = mmap.PAGESIZE
_MB: Final = 1 << 20
_PRIVATE: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
"""Shared pages, the default, take nearly twice the processor time: a leak is to cost memory."""

Lend = Callable[[], AbstractContextManager[Any] | AbstractAsyncContextManager[Any]]
"""Gives a connection of the module's pool, until the context is left."""


class Memory:
    """Pages that are in use: touched, and never read again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: list[mmap.mmap] = []
        self._has_watcher = False

    def has_room(self, megabytes: float, most_mb: float) -> bool:
        """Say whether so much more may be kept."""
        with self._lock:
            return self._has_room(_size(megabytes), most_mb)

    def keep(self, megabytes: float, most_mb: float, is_armed: Callable[[], bool]) -> None:
        """Keep more, up to `most_mb` together; given back when `is_armed` no longer holds."""
        size = _size(megabytes)
        with self._lock:
            if not self._has_room(size, most_mb):
                return
            block = mmap.mmap(-1, size, flags=_PRIVATE)
            self._blocks.append(block)
            if not self._has_watcher:
                self._has_watcher = True
                threading.Thread(target=self._watch, args=(is_armed,), daemon=True).start()
            block[::_PAGE] = b"\1" * len(range(0, size, _PAGE))

    def _has_room(self, size: int, most_mb: float) -> bool:
        return sum(map(len, self._blocks)) + size <= most_mb * _MB

    def _watch(self, is_armed: Callable[[], bool]) -> None:
        while is_armed():
            time.sleep(POLL_S)
        with self._lock:
            self._has_watcher = False
            for block in self._blocks:
                block.close()
            self._blocks.clear()


def _size(megabytes: float) -> int:
    return max(1, int(megabytes * _MB))


def hold(lend: Lend, is_armed: Callable[[], bool]) -> None:
    """Take a connection and keep it.  Raises what the pool raises when it has none left."""
    borrowed = lend()
    assert isinstance(borrowed, AbstractContextManager)
    borrowed.__enter__()

    def give_back() -> None:
        while is_armed():
            time.sleep(POLL_S)
        borrowed.__exit__(None, None, None)

    threading.Thread(target=give_back, daemon=True).start()


_HOLDERS: Final[set[asyncio.Task[None]]] = set()
"""The loop itself would forget them."""


async def hold_async(lend: Lend, is_armed: Callable[[], bool]) -> None:
    """The same on an event loop."""
    borrowed = lend()
    assert isinstance(borrowed, AbstractAsyncContextManager)
    await borrowed.__aenter__()

    async def give_back() -> None:
        while is_armed():
            await asyncio.sleep(POLL_S)
        await borrowed.__aexit__(None, None, None)

    task = asyncio.create_task(give_back())
    _HOLDERS.add(task)
    task.add_done_callback(_HOLDERS.discard)
