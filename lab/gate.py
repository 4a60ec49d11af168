"""May this store be measured now?  Only when it is ready, and every replica gets requests."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

import urllib3

from lab.deploy.admin import admin_socket, ask
from lab.deploy.stack import Stack
from lab.errors import LabError

PATIENCE_S: Final = 30.0
"""Longer than a replica stays ejected (`eject_s`, doubled by a second time)."""
_PAUSE_S: Final = 0.1
_MEMBERS: Final = re.compile(
    r"^cluster\.(?P<part>[^.]+)\.membership_(?P<what>healthy|total): (?P<count>\d+)$", re.MULTILINE)


class GateError(LabError):
    """A store is not fit to be measured."""


def await_ready(stack: Stack, logs: Path, patience_s: float = PATIENCE_S) -> None:
    """Wait until a store is ready and its proxy has every replica.  Raises GateError.

    One replica that answers is not enough: for the second that the others' health checks take,
    a store of four would be measured as one.
    """
    deadline = time.monotonic() + patience_s
    while missing := _missing(stack):
        if time.monotonic() > deadline:
            raise GateError(f"{stack.topology.name} is not fit to be measured after "
                            f"{patience_s:.0f} s: {missing}; logs: {logs}")
        time.sleep(_PAUSE_S)


def _missing(stack: Stack) -> str:
    """What keeps it from being measured; empty: nothing."""
    try:
        answer = urllib3.request("GET", f"{stack.base_url}/readyz", timeout=2, retries=False)
    except urllib3.exceptions.HTTPError as unreachable:
        return f"{stack.base_url}/readyz does not answer ({type(unreachable).__name__})"
    if answer.status != 200:
        return f"{stack.base_url}/readyz says {answer.status}"
    path = admin_socket(stack.private_folder)
    return "" if path is None else unbalanced_in(ask(path, "membership_(healthy|total)$"))


def unbalanced_in(text: str | None) -> str:
    """Parts of which the proxy does not have every replica, by its counters; empty: none."""
    if not text:
        return "the proxy does not tell which replicas get requests"
    counts: dict[str, dict[str, int]] = {}
    for found in _MEMBERS.finditer(text):
        counts.setdefault(found["part"], {})[found["what"]] = int(found["count"])
    short = [f"{part} {own['healthy']} of {own['total']}" for part, own in sorted(counts.items())
             if own.get("healthy", 0) < own.get("total", 0)]
    return f"replicas that get requests: {', '.join(short)}" if short else ""
