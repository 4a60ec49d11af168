"""Where the kernel lets us limit nothing: cores by affinity at most, and that is said."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lab.budget.group import Usage, describe_cores, describe_cpu, describe_memory
from lab.topology import Budget


class AffinityOnly:
    """Pins processes where the system can; accounts for nothing (processes are summed)."""

    def __init__(self, cpus: Sequence[int]) -> None:
        self._cpus = list(cpus)
        self.enforced_by = "affinity only" if hasattr(os, "sched_setaffinity") else "nothing"
        self.enforced: list[str] = []
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
        self.enforced, short = describe_cores(self._cpus, budget)
        self.not_enforced = [*short, *describe_cpu(budget), *describe_memory(budget)]

    def usage(self) -> Usage | None:
        """There is no accounting for groups."""
        return None

    def part_usage(self, part: str) -> Usage | None:
        """There is no accounting for groups."""
        del part
        return None

    def oom_kills(self) -> int:
        """Nobody counts them."""
        return 0

    def close(self) -> None:
        """There is nothing to remove."""
