"""Choose what enforces budgets here: cgroup v1 or v2, a systemd scope, or affinity only."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lab.budget import cgroup1, cgroup2, systemd
from lab.budget.affinity import AffinityOnly
from lab.budget.group import Group

_ROOT2: Final = Path("/sys/fs/cgroup")


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


def mechanism() -> str:
    """Name what would be chosen, without making anything."""
    mounts = _mounts_v1()
    if mounts and all(os.access(mount, os.W_OK) for mount in mounts.values()):
        return "cgroup v1"
    if os.access(_ROOT2, os.W_OK) and cgroup2.has_controllers(_ROOT2):
        return "cgroup v2"
    if systemd.is_available():
        return "systemd scope"
    return "affinity only" if hasattr(os, "sched_setaffinity") else "nothing"


def _mounts_v1() -> dict[str, Path]:
    try:
        return cgroup1.find_mounts(Path("/proc/mounts").read_text(),
                                   Path("/proc/self/cgroup").read_text())
    except OSError:
        return {}
