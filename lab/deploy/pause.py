"""Stop a whole stack's processes in place, and let them go on.

A store that stands idle is not free: it follows an outbox, looks for broken-off checkouts and
answers health checks, on the cores of the store under load.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable

import psutil

from lab.budget.group import family
from lab.deploy.processes import Process


def pause(processes: Iterable[Process]) -> None:
    """Stop processes and their descendants, in this order."""
    for process in processes:
        _send(process.pid, signal.SIGSTOP)


def resume(processes: Iterable[Process]) -> None:
    """Let them go on, in this order."""
    for process in processes:
        _send(process.pid, signal.SIGCONT)


def _send(pid: int, what: signal.Signals) -> None:
    for member in family(pid):  # the parent first: what is stopped starts no more children
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(what)
