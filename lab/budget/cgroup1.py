"""Budgets by control groups, version 1: cpu, cpuacct and memory hierarchies."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lab.budget.group import (
    PERIOD_US,
    Usage,
    describe_cores,
    describe_cpu,
    describe_memory,
    quota_of,
    remove_groups,
)
from lab.topology import Budget

CONTROLLERS: Final = ("cpu", "cpuacct", "memory")
_NO_LIMIT: Final = -1
_NANO: Final = 1e9


class Cgroup1:
    """One group below each controller's mount, a child for every part."""

    enforced_by = "cgroup v1"

    def __init__(self, mounts: dict[str, Path], name: str, cpus: Sequence[int],
                 watch: Callable[[Path], None] = lambda _: None) -> None:
        self._groups = {controller: mount / name for controller, mount in mounts.items()}
        self._cpus = list(cpus)
        self._watch = watch
        self._parts: set[str] = set()
        self._budget = Budget()
        self.enforced: list[str] = []
        self.not_enforced: list[str] = []
        for group in self._groups.values():
            self._watch(group.parent)
            self._make(group)

    def wrap(self, argv: Sequence[str], part: str) -> list[str]:
        """Nothing to change: processes are moved into the group."""
        del part
        return list(argv)

    def place(self, pid: int, part: str) -> None:
        """Move a process into its part's group."""
        if part not in self._parts:
            for group in self._groups.values():
                self._make(group / part)
            self._parts.add(part)
            self._limit_part(part)
        for group in self._groups.values():
            with contextlib.suppress(ProcessLookupError):
                (group / part / "cgroup.procs").write_text(f"{pid}\n")

    def set_budget(self, budget: Budget) -> None:
        """Write quota and memory limit; shares when partitioned."""
        self._budget = budget
        self.enforced, self.not_enforced = describe_cores(self._cpus, budget)
        # A child's quota may not exceed its parent's, so children are set free first.
        for part in self._parts:
            self._quota(self._groups["cpu"] / part, None)
        self._quota(self._groups["cpu"], budget.cpus)
        for part in self._parts:
            self._limit_part(part)
        self.enforced += describe_cpu(budget)
        self._limit_memory(budget)

    def usage(self) -> Usage:
        """Sum over the group, from the kernel."""
        stat = _pairs(self._groups["cpu"] / "cpu.stat")
        return Usage(_read(self._groups["cpuacct"] / "cpuacct.usage") / _NANO,
                     _memory(self._groups["memory"]), stat.get("nr_periods", 0),
                     stat.get("nr_throttled", 0))

    def part_usage(self, part: str) -> Usage | None:
        """One part, from the kernel."""
        if part not in self._parts:
            return None
        stat = _pairs(self._groups["cpu"] / part / "cpu.stat")
        return Usage(_read(self._groups["cpuacct"] / part / "cpuacct.usage") / _NANO,
                     _memory(self._groups["memory"] / part), stat.get("nr_periods", 0),
                     stat.get("nr_throttled", 0))

    def oom_kills(self) -> int:
        """Sum over the group and its parts: version 1 counts each kill in one place only."""
        memory = self._groups["memory"]
        return sum(_oom_kills(group) for group in (memory, *(memory / p for p in self._parts)))

    def close(self) -> None:
        """Remove the groups of every controller."""
        remove_groups(path for group in self._groups.values()
                      for path in (group, *(group / part for part in self._parts)))

    def _limit_memory(self, budget: Budget) -> None:
        group = self._groups["memory"]
        limit = _NO_LIMIT if budget.memory_mb is None else budget.memory_mb * 2**20
        with_swap = group / "memory.memsw.limit_in_bytes"
        try:
            if with_swap.exists():  # may never be below the limit without swap
                with_swap.write_text(f"{_NO_LIMIT}\n")
            (group / "memory.limit_in_bytes").write_text(f"{limit}\n")
            if with_swap.exists():
                with_swap.write_text(f"{limit}\n")
        except OSError as refused:  # more is in use and can't be given back
            self.not_enforced += [f"{words} ({refused.strerror})"
                                  for words in describe_memory(budget)]
            return
        self.enforced += describe_memory(budget)

    def _limit_part(self, part: str) -> None:
        share = self._budget.shares.get(part) if self._budget.mode == "partitioned" else None
        self._quota(self._groups["cpu"] / part, share)

    def _quota(self, group: Path, cpus: float | None) -> None:
        quota, period = (_NO_LIMIT, PERIOD_US) if cpus is None else quota_of(cpus)
        (group / "cpu.cfs_quota_us").write_text(f"{_NO_LIMIT}\n")
        (group / "cpu.cfs_period_us").write_text(f"{period}\n")
        (group / "cpu.cfs_quota_us").write_text(f"{quota}\n")

    def _make(self, group: Path) -> None:
        self._watch(group)  # first: a lab that is killed in between leaves no group
        group.mkdir(parents=True, exist_ok=True)


def find_mounts(mounts: str, own: str) -> dict[str, Path]:
    """Find where this process may make groups, from /proc/mounts and /proc/self/cgroup."""
    places: dict[str, Path] = {}
    for line in mounts.splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup":
            places.update({name: Path(where) for name in CONTROLLERS
                           if name in options.split(",")})
    for line in own.splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            if name in places and (places[name] / path.lstrip("/")).is_dir():
                places[name] /= path.lstrip("/")
    return places if set(places) == set(CONTROLLERS) else {}


def _memory(group: Path) -> int:
    """Resident memory without the page cache of files, which no program asked for."""
    stat = _pairs(group / "memory.stat")
    return stat.get("total_rss", 0) + stat.get("total_mapped_file", 0)


def _oom_kills(group: Path) -> int:
    """Kernels before 4.13 do not count them."""
    control = group / "memory.oom_control"
    return _pairs(control).get("oom_kill", 0) if control.exists() else 0


def _pairs(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in
            (line.split() for line in path.read_text().splitlines())}


def _read(path: Path) -> int:
    return int(path.read_text())
