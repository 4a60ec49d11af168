"""Stop a whole stack's processes in place, and let them go on.

A store that stands idle is not free: it follows an outbox, looks for broken-off checkouts and
answers health checks, on the cores of the store under load.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable

import psutil

from lab.deploy.processes import Process


def pause(processes: Iterable[Process]) -> None:
    """Stop processes and their descendants, in this order, and who was started meanwhile."""
    pids = [process.pid for process in processes]
    stopped: list[int] = []
    while new := [pid for pid in _with_descendants(pids) if pid not in stopped]:
        _send(new, signal.SIGSTOP)
        stopped += new


def resume(processes: Iterable[Process]) -> None:
    """Let them go on, in this order."""
    _send(_with_descendants(process.pid for process in processes), signal.SIGCONT)


def _with_descendants(pids: Iterable[int]) -> list[int]:
    """By one look at the machine: a look for each would cost more than what stands idle."""
    children: dict[int, list[int]] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess):
            children.setdefault(process.ppid(), []).append(process.pid)
    found: list[int] = []
    waiting = list(pids)
    while waiting:  # the parent first: what is stopped starts no more children
        pid = waiting.pop(0)
        found.append(pid)
        waiting = children.get(pid, []) + waiting
    return found


def _send(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)
