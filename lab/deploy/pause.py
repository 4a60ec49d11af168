"""Stop a whole stack's processes in place, and let them go on.

A store that stands idle is not free: it follows an outbox, looks for broken-off checkouts and
answers health checks, on the cores of the store under load.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable

import psutil

from lab.deploy.processes import Process


def pause(processes: Iterable[Process]) -> list[psutil.Process]:
    """Stop processes and their descendants, in this order, and who was started meanwhile.

    Returns all that were stopped: who is orphaned until then is found by nobody else.
    """
    pids = [process.pid for process in processes]
    stopped: dict[int, psutil.Process] = {}
    while new := [one for one in _with_descendants(pids) if one.pid not in stopped]:
        _send(new, signal.SIGSTOP)
        stopped.update({one.pid: one for one in new})
    return list(stopped.values())


def resume(processes: Iterable[Process], stopped: Iterable[psutil.Process] = ()) -> None:
    """Let them go on, in this order, and then all that `pause` has stopped."""
    _send(_with_descendants(process.pid for process in processes), signal.SIGCONT)
    _send(stopped, signal.SIGCONT)


def _with_descendants(pids: Iterable[int]) -> list[psutil.Process]:
    """By one look at the machine: a look for each would cost more than what stands idle."""
    children: dict[int, list[int]] = {}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess):
            children.setdefault(process.ppid(), []).append(process.pid)
            found[process.pid] = process
    chosen: list[psutil.Process] = []
    waiting = list(pids)
    while waiting:  # the parent first: what is stopped starts no more children
        pid = waiting.pop(0)
        if pid in found:
            chosen.append(found[pid])
        waiting = children.get(pid, []) + waiting
    return chosen


def _send(processes: Iterable[psutil.Process], what: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(what)
