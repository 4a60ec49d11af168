"""Budgets by control groups, version 2, where we may make groups (root, or delegated)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path

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

_MICRO = 1e6
_ROUNDED = 0.05
"""A share that stands so near is the one that was asked for: periods and per cents are whole."""


class Cgroup2:
    """One group with the cpu and memory controllers, a child for every part."""

    enforced_by = "cgroup v2"

    def __init__(self, root: Path, name: str, cpus: Sequence[int],
                 watch: Callable[[Path], None] = lambda _: None) -> None:
        self._group = root / name
        self._cpus = list(cpus)
        self._watch = watch
        self._parts: set[str] = set()
        self._budget = Budget()
        self.enforced: list[str] = []
        self.not_enforced: list[str] = []
        above = [root, *(root / Path(name).parents[depth]
                         for depth in range(len(Path(name).parents) - 2, -1, -1))]
        for parent in above:
            if parent != root:
                watch(parent)
            parent.mkdir(exist_ok=True)
            _delegate(parent)
        self._make(self._group)
        _delegate(self._group)

    def wrap(self, argv: Sequence[str], part: str) -> list[str]:
        """Nothing to change: processes are moved into the group."""
        del part
        return list(argv)

    def place(self, pid: int, part: str) -> None:
        """Move a process into its part's group."""
        if part not in self._parts:
            self._make(self._group / part)
            self._parts.add(part)
            self._limit_part(part)
        with contextlib.suppress(ProcessLookupError):
            (self._group / part / "cgroup.procs").write_text(f"{pid}\n")

    def set_budget(self, budget: Budget) -> None:
        """Write quota and memory limit; shares when partitioned."""
        self._budget = budget
        (self._group / "cpu.max").write_text(_quota(budget.cpus))
        (self._group / "memory.max").write_text(_bytes(budget.memory_mb) + "\n")
        swap = self._group / "memory.swap.max"
        if swap.exists():
            swap.write_text("max\n" if budget.memory_mb is None else "0\n")
        for part in self._parts:
            self._limit_part(part)
        self.enforced, self.not_enforced = check_limits(self._group, self._cpus, budget)

    def usage(self) -> Usage:
        """Sum over the group, from the kernel."""
        return read_usage(self._group)

    def part_usage(self, part: str) -> Usage | None:
        """One part, from the kernel."""
        return read_usage(self._group / part) if part in self._parts else None

    def oom_kills(self) -> int:
        """Sum over the group, from the kernel."""
        return read_oom_kills(self._group)

    def close(self) -> None:
        """Remove the group and its parts."""
        remove_groups([self._group, *(self._group / part for part in self._parts)])

    def _limit_part(self, part: str) -> None:
        share = self._budget.shares.get(part) if self._budget.mode == "partitioned" else None
        (self._group / part / "cpu.max").write_text(_quota(share))

    def _make(self, group: Path) -> None:
        self._watch(group)  # first: a lab that is killed in between leaves no group
        group.mkdir(parents=True, exist_ok=True)


def read_usage(group: Path) -> Usage:
    """Read a group's accounting."""
    cpu = _pairs(group / "cpu.stat")
    memory = _pairs(group / "memory.stat")
    return Usage(cpu.get("usage_usec", 0) / _MICRO,
                 memory.get("anon", 0) + memory.get("file_mapped", 0),
                 cpu.get("nr_periods", 0), cpu.get("nr_throttled", 0))


def read_oom_kills(group: Path) -> int:
    """Read how many processes of a group and those below it were ended for want of memory."""
    events = group / "memory.events"
    return _pairs(events).get("oom_kill", 0) if events.exists() else 0


def check_limits(group: Path, cpus: Sequence[int], budget: Budget) -> tuple[list[str], list[str]]:
    """Read back what stands in the group's files: what is enforced of a budget, and what isn't."""
    enforced, not_enforced = describe_cores(cpus, budget)
    wanted = (("cpu.max", _quota(budget.cpus).split(), describe_cpu(budget)),
              ("memory.max", [_bytes(budget.memory_mb)], describe_memory(budget)))
    for name, values, words in wanted:
        file = group / name
        if file.exists() and file.read_text().split() == values:
            enforced += words
        else:
            not_enforced += words
    return enforced, not_enforced


def enforces_share(group: Path, cpus: float) -> bool:
    """Say whether a part's group has the quota of so many cores, as the kernel reads it."""
    file = group / "cpu.max"
    words = file.read_text().split() if file.exists() else []
    return len(words) == 2 and words[0] != "max" and math.isclose(
        float(words[0]) / float(words[1]), cpus, rel_tol=_ROUNDED)


def can_delegate(root: Path) -> bool:
    """Say whether groups with the cpu and memory controllers can be made below this one."""
    try:
        if has_controllers(root):
            _delegate(root)
            return True
    except OSError:
        pass
    return False


def has_controllers(root: Path) -> bool:
    """Say whether a version 2 hierarchy with the cpu and memory controllers is mounted here."""
    try:
        available = (root / "cgroup.controllers").read_text().split()
    except OSError:
        return False
    return {"cpu", "memory"} <= set(available)


def _delegate(group: Path) -> None:
    control = group / "cgroup.subtree_control"
    if not control.exists() or not {"cpu", "memory"} <= set(control.read_text().split()):
        control.write_text("+cpu +memory\n")


def _quota(cpus: float | None) -> str:
    quota, period = ("max", PERIOD_US) if cpus is None else quota_of(cpus)
    return f"{quota} {period}\n"


def _bytes(memory_mb: int | None) -> str:
    return "max" if memory_mb is None else str(memory_mb * 2**20)


def _pairs(path: Path) -> dict[str, int]:
    lines = (line.split() for line in path.read_text().splitlines())
    return {name: int(value) for name, value in lines}
