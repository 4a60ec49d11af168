"""Choose what enforces budgets here: cgroup v1 or v2, a systemd scope, or affinity only."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lab.budget import cgroup1, cgroup2, systemd
from lab.budget.affinity import AffinityOnly
from lab.budget.group import Group
from lab.topology import Budget

_ROOT2: Final = Path("/sys/fs/cgroup")
_TRIED: Final = "sleeper"
_PATIENCE_S: Final = 1.0


def choose_group(name: str, cpus: Sequence[int],
                 watch: Callable[[Path], None] = lambda _: None) -> Group:
    """Return the strongest means this machine and user allow."""
    mounts = _mounts_v1()
    if mounts and all(os.access(mount, os.W_OK) for mount in mounts.values()):
        return cgroup1.Cgroup1(mounts, name, cpus, watch)
    if os.access(_ROOT2, os.W_OK) and cgroup2.can_delegate(_ROOT2):
        return cgroup2.Cgroup2(_ROOT2, name, cpus, watch)
    if systemd.is_available():
        return systemd.SystemdScopes(name, cpus)
    return AffinityOnly(cpus)


def try_budget(budget: Budget, cpus: Sequence[int],
               watch: Callable[[Path], None] = lambda _: None) -> Group:
    """Put a process that only sleeps under a budget, and leave again.

    The group is closed; `enforced_by`, `enforced` and `not_enforced` tell what the kernel takes
    of it, which is less than what can be asked for where nothing was delegated.
    Raises OSError, subprocess.SubprocessError.
    """
    group = choose_group(f"twinstore-try-{os.getpid()}", cpus, watch)
    try:
        with subprocess.Popen(group.wrap(["sleep", "5"], _TRIED), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sleeper:
            try:
                group.place(sleeper.pid, _TRIED)
                until = time.monotonic() + _PATIENCE_S
                while group.usage() is None and time.monotonic() < until:
                    time.sleep(0.05)  # a scope is made by its process, a moment later
                group.set_budget(budget)
            finally:
                sleeper.kill()
    finally:
        group.close()
    return group


def _mounts_v1() -> dict[str, Path]:
    try:
        return cgroup1.find_mounts(Path("/proc/mounts").read_text(),
                                   Path("/proc/self/cgroup").read_text())
    except OSError:
        return {}
