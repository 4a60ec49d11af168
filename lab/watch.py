"""Reads the stores' pools and the proxy's bytes at both ends of a trial's measured window."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from contract.run_record import PartTraffic, PoolUse
from lab.connections import read_connections
from lab.deploy.stack import Stack
from lab.pools import PoolReading, between, read_pools
from lab.traffic import TrafficReading, read_traffic, traffic_between


@dataclass(frozen=True, slots=True)
class _Reading:
    traffic: TrafficReading | None
    at_s: float
    """When the pools were asked: just before, for their busy seconds are divided by it."""
    pools: dict[str, PoolReading]


class Watch:
    """A context around the load; `pools`, `traffic` and `connections` are known after it.

    An end that comes before the window's (a ramp left early) is the window's end.
    """

    def __init__(self, stack: Stack, t0_s: float, from_s: float, to_s: float) -> None:
        self._stack = stack
        self._instants = (t0_s + from_s, t0_s + to_s)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._readings: list[_Reading] = []
        self.connections: dict[str, int] = {}
        """By part."""

    @property
    def pools(self) -> dict[str, PoolUse]:
        """Use of every pool over the window; nothing when an end of it was missed."""
        if len(self._readings) < 2:
            return {}
        before, after = self._readings
        return between(before.pools, after.pools, after.at_s - before.at_s)

    @property
    def traffic(self) -> dict[str, PartTraffic]:
        """Bytes of every part over the window; nothing when an end of it was missed or late."""
        if len(self._readings) < 2:
            return {}
        before, after = self._readings
        from_s, to_s = self._instants
        return traffic_between(before.traffic, after.traffic, to_s - from_s)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        if hasattr(os, "SCHED_IDLE"):  # never before the generator, which shares this core
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        for instant in self._instants:
            self._ended.wait(max(0.0, instant - time.perf_counter()))
            self._readings.append(_Reading(
                read_traffic(self._stack), time.perf_counter(), read_pools(self._stack)))
        self.connections = read_connections(self._stack)
