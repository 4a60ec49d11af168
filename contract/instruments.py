"""What a store says about its own work: SQL of each answer, use of each pool.

One module for both stores, so that both carry the same instruments at the same cost
(docs/decisions/0090 has the cost).  Counting is in the process; nothing is written while serving.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event

from contract.http import Work

WORK: Final[ContextVar[Work | None]] = ContextVar("work", default=None)
"""Of the request that is being answered; None in background work, which belongs to no answer."""

METRICS_ENV: Final = "TWINSTORE_METRICS_ADDRESS"
"""Names the variable that tells a process where to serve /metrics: host:port."""
STARTED_METRIC: Final = "process_start_time_seconds"
POOL_METRICS: Final = {
    "size": "twinstore_pool_size",
    "busy_s": "twinstore_pool_busy_seconds_total",
    "taken": "twinstore_pool_taken_total",
    "waited": "twinstore_pool_waited_total",
    "wait_s": "twinstore_pool_wait_seconds_total",
}
"""Field of `PoolCounts` → name of its sample, with the labels `service` and `pool`."""


def count_sql(engine: Engine) -> None:
    """Count what an engine executes towards the answer in whose context it does.

    By the dialect's events, where the statement meets the driver: events of the engine make
    SQLAlchemy join listeners for each connection taken, at 10 to 20 % of a statement's cost.
    What a process's first connection asks its server is counted too: the first answer has more.
    """
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_executemany", _execute_each)


def _execute(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
    cursor.execute(statement, parameters)
    if (work := WORK.get()) is not None:
        work.statements += 1
        work.rows += max(cursor.rowcount, 0)  # -1: a statement that has none
    return True  # it is executed


def _execute_each(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
    cursor.executemany(statement, parameters)
    if (work := WORK.get()) is not None:
        work.statements += len(parameters)
        work.rows += max(cursor.rowcount, 0)
    return True


@dataclass(slots=True)
class PoolCounts:
    """A pool since its process began.  Seconds count those who hold, or wait, at this moment."""

    size: int
    busy_s: float = 0.0
    """Integral of the number taken over time: its mean over a window is busy_s / window."""
    taken: int = 0
    waited: int = 0
    """How many found everything taken, those who gave up included."""
    wait_s: float = 0.0

    def add(self, claim: Claim, now: float) -> None:
        """Count a claim as it stands at an instant."""
        if claim.taken_at:
            self.busy_s += now - claim.taken_at
            self.taken += 1
        if claim.asked_at:
            self.waited += 1
            self.wait_s += (claim.taken_at or now) - claim.asked_at


class Pool:
    """Counts the use of a limited number of equal things: connections, threads."""

    def __init__(self, service: str, name: str, size: int) -> None:
        self.service, self.name, self.size = service, name, size
        self.lock = Lock()
        self.claims: set[Claim] = set()
        self.ended = PoolCounts(size)
        """Sum of the claims that are over."""

    def claim(self) -> Claim:
        """Want one, while the block runs."""
        return Claim(self)

    def counts(self) -> PoolCounts:
        """Return all counters as of now."""
        with self.lock:
            now, counts = time.perf_counter(), replace(self.ended)
            for claim in self.claims:
                counts.add(claim, now)
            return counts


class Claim:
    """A wish for one thing of a pool, which waits when as many are claimed as there are.

    `granted` says that the thing was had.  Instants are `perf_counter` values; `asked_at` is
    kept for those who must wait only, so that opening a connection is not called waiting.
    """

    __slots__ = ("_pool", "asked_at", "taken_at")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.asked_at = self.taken_at = 0.0

    def __enter__(self) -> Self:
        pool = self._pool
        with pool.lock:
            if len(pool.claims) >= pool.size:
                self.asked_at = time.perf_counter()
            pool.claims.add(self)
        return self

    def granted(self) -> None:
        """Say that the thing is taken now."""
        self.taken_at = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        pool, now = self._pool, time.perf_counter()
        with pool.lock:
            pool.claims.discard(self)
            pool.ended.add(self, now)


class _Pools(Collector):
    """Reads pools when Prometheus asks."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._pools = list(pools)
        self._started = time.time()

    def collect(self) -> Iterable[Metric]:
        """Return one metric for each field of `PoolCounts`, one sample for each pool."""
        yield GaugeMetricFamily(STARTED_METRIC, "When the process began, Unix time.",
                                self._started)
        labels = ("service", "pool")
        counted = [((pool.service, pool.name), pool.counts()) for pool in self._pools]
        for field, name in POOL_METRICS.items():
            kind = GaugeMetricFamily if field == "size" else CounterMetricFamily
            metric = kind(name, f"{field} of contract.instruments.PoolCounts", labels=labels)
            for values, counts in counted:
                metric.add_metric(values, getattr(counts, field))
            yield metric


def serve_metrics(address: str, pools: Iterable[Pool]) -> Callable[[], None]:
    """Answer `GET /metrics` at `host:port` from a thread of its own; return what ends it.

    Not on the store's own port: a store whose threads are all taken must still be readable.
    Raises OSError when the address can't be had, ValueError when it is none.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"the address for metrics must look like 127.0.0.1:9100, not {address!r}")
    registry = CollectorRegistry()
    registry.register(_Pools(pools))
    server, thread = start_http_server(int(port), host, registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return stop
