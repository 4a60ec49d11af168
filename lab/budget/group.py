"""What a budget group is, whatever enforces it."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import psutil

from lab.topology import Budget

PERIOD_US: Final = 20_000
"""Length of a quota period.  The kernel's default of 100 ms would stop a store with a third of a
core for up to 67 ms at a time; 20 ms keeps shares from 0.05 cores on above the kernel's
least quota of 1 ms."""

_LEAST_QUOTA_US: Final = 1000
_LONGEST_PERIOD_US: Final = 1_000_000
"""The kernel's bounds."""
_REMOVE_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Cumulative CPU seconds, memory now in bytes, quota periods and how many were throttled."""

    cpu_s: float
    memory_bytes: int
    periods: int = 0
    throttled_periods: int = 0


class Group(Protocol):
    """All processes of one architecture, by part.

    `enforced`, `not_enforced`: sentences about the budget that was set last.
    """

    enforced_by: str
    enforced: list[str]
    not_enforced: list[str]

    def wrap(self, argv: Sequence[str], part: str) -> list[str]:
        """Change a command so that it starts inside the group, where that is needed."""

    def place(self, pid: int, part: str) -> None:
        """Put a process that has just been started into the group (cores: see `pin`)."""

    def set_budget(self, budget: Budget) -> None:
        """Change the limits of the running group."""

    def usage(self) -> Usage | None:
        """Return the kernel's accounting for the whole group, None where there is none."""

    def part_usage(self, part: str) -> Usage | None:
        """Return the kernel's accounting for a part, None where there is none."""

    def oom_kills(self) -> int:
        """Processes that the kernel ended for want of memory so far; 0 where it does not say."""

    def close(self) -> None:
        """Remove the group; all its processes have ended."""


def quota_of(cpus: float) -> tuple[int, int]:
    """Return quota and period of so many cores, in µs.

    A share under 0.05 cores has a longer period, for a quota may not be under a millisecond: what
    is written is enforced, not rounded up.
    """
    period = min(max(PERIOD_US, math.ceil(_LEAST_QUOTA_US / cpus)), _LONGEST_PERIOD_US)
    return max(_LEAST_QUOTA_US, round(cpus * period)), period


def remove_groups(paths: Iterable[Path]) -> None:
    """Remove control groups, the deepest first.

    A group is busy for an instant after its last process ended; what stays busy is left to the
    warden.
    """
    deadline = time.monotonic() + _REMOVE_S
    for path in sorted(set(paths), key=lambda path: -len(path.parts)):
        while path.is_dir() and time.monotonic() < deadline:
            try:
                path.rmdir()
            except OSError:
                time.sleep(0.02)


def pin(pid: int, cpus: Sequence[int]) -> None:
    """Keep a process, its descendants and all their threads on these cores, where we can."""
    if not hasattr(os, "sched_setaffinity") or not cpus:
        return
    for process in family(pid):
        with contextlib.suppress(psutil.Error, OSError):
            for thread in process.threads():
                os.sched_setaffinity(thread.id, cpus)


def pin_new(pid: int, cpus: Sequence[int]) -> None:
    """Pin a process that has just been started: it has one thread, and the others inherit."""
    if hasattr(os, "sched_setaffinity") and cpus:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, cpus)


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants; empty when it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cores_for(system: Sequence[int], budget: Budget) -> list[int]:
    """The cores that a budget is spread over: as few as can give it, all without one."""
    if budget.cpus is None:
        return list(system)
    return list(system)[: max(1, math.ceil(budget.cpus))]


def describe_cores(system: Sequence[int], budget: Budget) -> tuple[list[str], list[str]]:
    """Say what pinning enforces of a budget, and what it can't."""
    cores = cores_for(system, budget)
    can_pin = hasattr(os, "sched_setaffinity")
    pinned = [f"cores {', '.join(map(str, cores))} by affinity"] if can_pin else []
    short = ([f"{budget.cpus:g} cores: there are only {len(cores)} besides the generator's"]
             if budget.cpus is not None and budget.cpus > len(cores) else [])
    return pinned, short


def describe_cpu(budget: Budget) -> list[str]:
    """Say a CPU quota in words; empty without one."""
    if budget.cpus is None:
        return []
    return [f"{budget.cpus:g} cores of CPU quota, {PERIOD_US // 1000} ms periods, {budget.mode}"]


def describe_memory(budget: Budget) -> list[str]:
    """Say a memory limit in words; empty without one."""
    return [] if budget.memory_mb is None else [f"{budget.memory_mb} MiB of memory"]


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the stores get and which the generator, the bank and the lab."""

    system: list[int]
    generator: list[int]


def divide_cores(available: Sequence[int], cpus: float | None = None) -> Cores:
    """Give the generator, the bank and the lab the last core, the stores the others.

    Of those a store gets as many as its budget asks for (`cores_for`), at most `cpus`.
    """
    cores = list(available)
    return Cores(cores_for(cores[:-1] or cores, Budget(cpus)), cores[-1:])


def available_cores() -> list[int]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
