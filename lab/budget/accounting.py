"""What processes and their descendants used, read for all of them in one pass.

Asking psutil for the children of each part scans the process table once for each: 5 ms a part
and second on the generator's core.  One pass for all parts costs 2 ms.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """CPU seconds (user + system) since it began, resident bytes, threads."""

    parent: int
    cpu_s: float
    rss_bytes: int
    threads: int


@dataclass(frozen=True, slots=True)
class FamilyUse:
    """The same, summed over a process and its descendants."""

    cpu_s: float = 0.0
    rss_bytes: int = 0
    threads: int = 0


class ProcessTable:
    """All processes at one instant."""

    def __init__(self, processes: Mapping[int, ProcessUse]) -> None:
        self._processes = processes
        self._children: dict[int, list[int]] = {}
        for pid, use in processes.items():
            self._children.setdefault(use.parent, []).append(pid)

    def family(self, pid: int) -> FamilyUse:
        """Sum a process and its descendants up; zeros when it has ended."""
        cpu_s, rss_bytes, threads = 0.0, 0, 0
        for member in self._members(pid):
            use = self._processes[member]
            cpu_s += use.cpu_s
            rss_bytes += use.rss_bytes
            threads += use.threads
        return FamilyUse(cpu_s, rss_bytes, threads)

    def _members(self, pid: int) -> Iterable[int]:
        waiting = [pid] if pid in self._processes else []
        while waiting:
            member = waiting.pop()
            yield member
            waiting += self._children.get(member, [])


def read_processes(proc: Path = _PROC) -> ProcessTable:
    """Read the process table: /proc where there is one, through psutil elsewhere."""
    if (proc / "self").exists() or proc != _PROC:
        return ProcessTable(_from_proc(proc))
    return ProcessTable(_from_psutil())


def _from_proc(proc: Path) -> dict[int, ProcessUse]:
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    found = {}
    for name in os.listdir(proc):  # noqa: PTH208 - names are enough, and cheaper
        if name.isdigit():
            try:
                with open(f"{proc}/{name}/stat", "rb") as file:  # noqa: PTH123
                    stat = file.read()
            except OSError:  # it has just ended
                continue
            found[int(name)] = parse_stat(stat, ticks, page)
    return found


def parse_stat(stat: bytes, ticks: int, page: int) -> ProcessUse:
    """Read one line of /proc/<pid>/stat; the name in it may hold spaces and brackets."""
    fields = stat[stat.rindex(b")") + 2:].split()
    return ProcessUse(parent=int(fields[1]), cpu_s=(int(fields[11]) + int(fields[12])) / ticks,
                      threads=int(fields[17]), rss_bytes=int(fields[21]) * page)


def _from_psutil() -> dict[int, ProcessUse]:
    found = {}
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                times = process.cpu_times()
                found[process.pid] = ProcessUse(
                    process.ppid(), times.user + times.system, process.memory_info().rss,
                    process.num_threads())
        except (psutil.Error, OSError):  # another user's, or just ended
            continue
    return found
