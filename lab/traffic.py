"""Bytes and tries through a store's proxy, by part: Envoy's own counters at both ends of a window.

Every request of a visitor and every call between services passes Envoy in both stores.  Its
counters are of HTTP with its heads; health checks have connections that it does not count.
https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contract.run_record import EDGE, PartTraffic
from lab.deploy.admin import admin_socket, ask
from lab.deploy.stack import Stack

_TOLERANCE: Final = 0.05
"""How much longer or shorter than the window the time between its readings may be."""
_SENT: Final = "total"
"""Requests that found a connection; those of retries too."""
_UNSENT: Final = "pending_failure_eject"
"""Requests whose connection could not be made: they are not in the total."""
_RETRIED: Final = "retry"
_REQUESTS: Final = f"{_SENT}|{_UNSENT}|{_RETRIED}"
WANTED: Final = f"((up|down)stream_cx_[rt]x_bytes_total|upstream_rq_({_REQUESTS}))$"
_CALL: Final = "internal-"
_COUNTER: Final = re.compile(
    r"^(?P<of>cluster|http)\.(?P<name>[^.]+)\."
    r"(?:(?:up|down)stream_cx_(?P<way>[rt]x)_bytes_total"
    rf"|upstream_rq_(?P<what>{_REQUESTS})): (?P<count>\d+)$", re.MULTILINE)

Counters = dict[tuple[str, str, str], int]
"""By (`cluster` or `http`, its name, what is counted): bytes by `rx` or `tx`, rx is what Envoy
read; requests of clusters by the last word of Envoy's name for them."""


@dataclass(frozen=True, slots=True)
class TrafficReading:
    """What Envoy has counted since it began, as process `pid`; `at_s`: when it was asked."""

    pid: int
    at_s: float
    counters: Counters


def read_traffic(stack: Stack) -> TrafficReading | None:
    """Ask the proxy of a stack; None without an answer in time."""
    path, process = admin_socket(stack.private_folder), stack.processes.get(("envoy", 0))
    if path is None or process is None:
        return None
    at_s = time.perf_counter()
    text = ask(path, WANTED)
    return None if text is None else TrafficReading(process.pid, at_s, counters_in(text))


def counters_in(text: str) -> Counters:
    """Parse lines such as `cluster.cart.upstream_cx_rx_bytes_total: 1234`; others are passed
    over."""
    return {(found["of"], found["name"], found["way"] or found["what"]): int(found["count"])
            for found in _COUNTER.finditer(text)}


def traffic_between(before: TrafficReading | None, after: TrafficReading | None,
                    seconds: float) -> dict[str, PartTraffic]:
    """Return bytes and tries of every part between two readings of one Envoy, `seconds` apart.

    Nothing when an end is missing, or came at another time: what was counted is then not what
    the requests of the window carried.
    """
    if before is None or after is None or before.pid != after.pid:
        return {}
    if abs(after.at_s - before.at_s - seconds) > _TOLERANCE * seconds:
        return {}
    moved = {key: count - before.counters.get(key, 0) for key, count in after.counters.items()}
    parts = sorted({name for of, name, _ in moved if of == "cluster"})
    edge = PartTraffic(received=moved.get(("http", "edge", "rx"), 0),
                       sent=moved.get(("http", "edge", "tx"), 0))
    return {EDGE: edge, **{part: _of(moved, part) for part in parts}}


def _of(moved: Mapping[tuple[str, str, str], int], part: str) -> PartTraffic:
    """One part: what Envoy wrote to it, it received.  Callers ask at a listener of its name."""
    caller = f"{_CALL}{part}"
    return PartTraffic(
        received=moved.get(("cluster", part, "tx"), 0),
        sent=moved.get(("cluster", part, "rx"), 0),
        calls_received=moved.get(("http", caller, "rx"), 0),
        calls_sent=moved.get(("http", caller, "tx"), 0),
        tries=sum(moved.get(("cluster", part, what), 0) for what in (_SENT, _UNSENT)),
        retries=moved.get(("cluster", part, _RETRIED), 0))
