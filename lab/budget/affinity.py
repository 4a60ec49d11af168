"""Where the kernel lets us limit nothing: cores by affinity at most, and that is said."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lab.budget.group import Usage
from lab.topology import Budget


class AffinityOnly:
    """Pins processes where the system can; accounts for nothing (processes are summed)."""

    def __init__(self, cpus: Sequence[int]) -> None:
        can_pin = hasattr(os, "sched_setaffinity")
        self.enforced_by = "affinity only" if can_pin else "nothing"
        self.enforced = ([f"cores {', '.join(map(str, cpus))} by affinity"] if can_pin else [])
        self.not_enforced: list[str] = []

    def wrap(self, argv: Sequence[str], part: str) -> list[str]:
        """Nothing to change."""
        del part
        return list(argv)

    def place(self, pid: int, part: str) -> None:
        """There is nothing to move it into."""
        del pid, part

    def set_budget(self, budget: Budget) -> None:
        """Remember what was asked for and can't be had."""
        self.not_enforced = []
        if budget.cpus is not None:
            self.not_enforced.append(f"{budget.cpus:g} cores of CPU quota")
        if budget.memory_mb is not None:
            self.not_enforced.append(f"{budget.memory_mb} MiB of memory")

    def usage(self) -> Usage | None:
        """There is no accounting for groups."""
        return None

    def part_usage(self, part: str) -> Usage | None:
        """There is no accounting for groups."""
        del part
        return None
