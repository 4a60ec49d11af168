"""What a store says about its own work: SQL of each answer, use of each pool.

One module for both stores, so that both carry the same instruments at the same cost
(docs/decisions/0090 has the cost).  Counting is in the process; nothing is written while serving.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
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
    _count(1, cursor.rowcount)
    return True  # it is executed


def _execute_each(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
    cursor.executemany(statement, parameters)
    _count(len(parameters), cursor.rowcount)
    return True


def _count(statements: int, rows: int) -> None:
    work = WORK.get()
    if work is not None:
        work.statements += statements
        if rows > 0:  # -1: a statement that has none
            work.rows += rows


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """A pool since its process began.  Seconds count those who hold, or wait, at this moment."""

    size: int
    busy_s: float
    """Integral of the number taken over time: its mean over a window is busy_s / window."""
    taken: int
    waited: int
    """How many found everything taken, those who gave up included."""
    wait_s: float


class Pool:
    """Counts the use of a limited number of equal things: connections, threads.

    Who wants one makes a claim; a claim waits when as many are claimed as there are.
    """

    def __init__(self, service: str, name: str, size: int) -> None:
        self.service, self.name, self.size = service, name, size
        self._lock = Lock()
        self._claimed = self._busy = self._waiting = 0
        self._busy_s = self._wait_s = 0.0
        self._taken = self._waited = 0
        self._counted_until = time.perf_counter()

    def claim(self) -> Claim:
        """Want one, while the block runs."""
        return Claim(self)

    def counts(self) -> PoolCounts:
        """Return all counters as of now."""
        with self._lock:
            self._advance()
            return PoolCounts(self.size, self._busy_s, self._taken, self._waited, self._wait_s)

    def ask(self) -> bool:
        """Begin a claim; say whether it must wait.  For `Claim`."""
        with self._lock:
            self._advance()
            must_wait = self._claimed >= self.size
            self._claimed += 1
            self._waiting += must_wait
            self._waited += must_wait
            return must_wait

    def grant(self, *, waited: bool) -> None:
        """Turn a claim into a thing taken.  For `Claim`."""
        with self._lock:
            self._advance()
            self._busy += 1
            self._taken += 1
            self._waiting -= waited

    def release(self, *, taken: bool, waited: bool) -> None:
        """End a claim: give the thing back, or give up.  For `Claim`."""
        with self._lock:
            self._advance()
            self._claimed -= 1
            if taken:
                self._busy -= 1
            else:
                self._waiting -= waited

    def _advance(self) -> None:
        now = time.perf_counter()
        passed = now - self._counted_until
        self._busy_s += self._busy * passed
        self._wait_s += self._waiting * passed
        self._counted_until = now


class Claim:
    """A wish for one thing of a pool: `granted` says that it was had."""

    __slots__ = ("_is_taken", "_must_wait", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._is_taken = self._must_wait = False

    def __enter__(self) -> Self:
        self._must_wait = self._pool.ask()
        return self

    def granted(self) -> None:
        """Say that the thing is taken now."""
        self._pool.grant(waited=self._must_wait)
        self._is_taken = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._pool.release(taken=self._is_taken, waited=self._must_wait)


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
