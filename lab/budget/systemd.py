"""Budgets by systemd scopes, for users who may not make control groups themselves.

Every process starts in a scope of the user's manager, below one slice for the architecture and
one for each part; the slices carry the limits.  Accounting is read from the slice's group.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab.budget.cgroup2 import check_limits, enforces_share, read_oom_kills, read_usage
from lab.budget.group import PERIOD_US, Usage, quota_of
from lab.topology import Budget

_NOWHERE: Final = Path(os.devnull)
"""In place of a group that is not there: it has no files, so nothing is enforced."""


class SystemdScopes:
    """Slices `twinstore_<run>_<topology>.slice` of the user's systemd."""

    enforced_by = "systemd scope"

    def __init__(self, name: str, cpus: Sequence[int]) -> None:
        self._slice = slice_name(name)
        self._cpus = list(cpus)
        self._parts: set[str] = set()
        self._paths: dict[str, Path] = {}
        self.enforced: list[str] = []
        self.not_enforced: list[str] = []

    def wrap(self, argv: Sequence[str], part: str) -> list[str]:
        """Start the command in a scope of its part's slice."""
        self._parts.add(part)
        return ["systemd-run", "--user", "--scope", "--quiet", "--collect",
                f"--slice={part_slice(self._slice, part)}", "--", *argv]

    def place(self, pid: int, part: str) -> None:
        """Nothing to do: the process was started where it belongs."""
        del pid, part

    def set_budget(self, budget: Budget) -> None:
        """Set the slices' properties."""
        self._set(self._slice, limits(budget.cpus, budget.memory_mb))
        for part in self._parts:
            share = budget.shares.get(part) if budget.mode == "partitioned" else None
            self._set(part_slice(self._slice, part), limits(share, None))
        # The user's manager may lack the cpu controller and then ignores the property.
        self.enforced, self.not_enforced = check_limits(
            self._path(self._slice) or _NOWHERE, self._cpus, budget)
        self.not_enforced += [
            f"{budget.shares[part]:.3g} cores of {part}" for part in sorted(self._parts)
            if budget.mode == "partitioned" and part in budget.shares and not enforces_share(
                self._path(part_slice(self._slice, part)) or _NOWHERE, budget.shares[part])]

    def usage(self) -> Usage | None:
        """Sum over the slice, from the kernel."""
        return self._usage(self._slice)

    def part_usage(self, part: str) -> Usage | None:
        """One part's slice, from the kernel."""
        return self._usage(part_slice(self._slice, part))

    def oom_kills(self) -> int:
        """Sum over the slice, from the kernel."""
        group = self._path(self._slice)
        return read_oom_kills(group) if group else 0

    def close(self) -> None:
        """Stop the slice, and with it those of its parts."""
        subprocess.run(["systemctl", "--user", "stop", self._slice], timeout=10, check=False,
                       capture_output=True)

    def _usage(self, unit: str) -> Usage | None:
        group = self._path(unit)
        return read_usage(group) if group and (group / "cpu.stat").exists() else None

    def _path(self, unit: str) -> Path | None:
        """Where a unit's control group is; asked once, for asking costs a process."""
        if unit not in self._paths and (found := _control_group(unit)):
            self._paths[unit] = found
        return self._paths.get(unit)

    def _set(self, unit: str, properties: list[str]) -> None:
        subprocess.run(["systemctl", "--user", "set-property", "--runtime", unit, *properties],
                       timeout=10, check=False, capture_output=True)


def _control_group(unit: str) -> Path | None:
    shown = subprocess.run(["systemctl", "--user", "show", "--property=ControlGroup", "--value",
                            unit], capture_output=True, text=True, timeout=5,
                           check=False).stdout.strip()
    return Path("/sys/fs/cgroup") / shown.lstrip("/") if shown else None


def slice_name(name: str) -> str:
    """A slice below which parts can nest; dashes mean nesting to systemd, so they go."""
    return f"{name.replace('-', '_').replace('/', '_')}.slice"


def part_slice(parent: str, part: str) -> str:
    """The slice of one part."""
    return f"{parent.removesuffix('.slice')}-{part.replace('-', '_')}.slice"


def limits(cpus: float | None, memory_mb: int | None) -> list[str]:
    """A budget as unit properties; empty values take a limit away."""
    # systemd takes two decimals of a per cent.
    return [f"CPUQuota={'' if cpus is None else f'{cpus * 100:.2f}%'}",
            f"CPUQuotaPeriodSec={PERIOD_US if cpus is None else quota_of(cpus)[1]}us",
            f"MemoryMax={'infinity' if memory_mb is None else f'{memory_mb}M'}",
            f"MemorySwapMax={'infinity' if memory_mb is None else 0}"]


def is_available() -> bool:
    """Say whether this user's systemd can make scopes."""
    if not shutil.which("systemd-run") or "XDG_RUNTIME_DIR" not in os.environ:
        return False
    return subprocess.run(["systemctl", "--user", "is-system-running"], capture_output=True,
                          timeout=5, check=False, text=True).stdout.strip() in (
                              "running", "degraded")
