"""How a store's pools were used: counters of every process, read at both ends of a window.

By the utilisation law, busy seconds over the window are the mean number taken, and that is
throughput × mean holding time (Little): a pool whose mean is its size is the bottleneck,
whatever the processor does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from typing import Final

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from contract.instruments import METRICS_ENV, POOL_METRICS, STARTED_METRIC, PoolCounts
from contract.run_record import PoolUse
from lab.deploy.stack import Stack

DEADLINE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Replica:
    """One process's counters of one pool; instants in Unix time."""

    started_s: float
    read_s: float
    counts: PoolCounts


PoolReading = dict[int, Replica]
"""One pool of one part, by replica; who did not answer is not in it."""


def read_pools(stack: Stack) -> dict[str, PoolReading]:
    """Ask every process of the store, all at once; return readings by `part/pool`.

    The pools of a process that runs several services are `part/service_pool`.
    """
    asked = [(part, replica, process.command.environ[METRICS_ENV])
             for (part, replica), process in list(stack.processes.items())
             if METRICS_ENV in process.command.environ and process.is_alive]
    readings: dict[str, PoolReading] = {}
    with ThreadPoolExecutor(max(1, len(asked))) as threads:
        answers = threads.map(lambda one: _scrape(one[2]), asked)
        for (part, replica, _), answer in zip(asked, answers, strict=True):
            for (service, pool), reading in answer.items():
                name = pool if service == part else f"{service}_{pool}"
                readings.setdefault(f"{part}/{name}", {})[replica] = reading
    return readings


def between(before: Mapping[str, PoolReading], after: Mapping[str, PoolReading],
            seconds: float) -> dict[str, PoolUse]:
    """Return the use of each pool between two readings `seconds` apart, replicas summed.

    A process that began in between counts from its beginning (what its predecessor did before
    it ended is lost); one that was not readable at either end is left out.
    """
    uses: dict[str, PoolUse] = {}
    for name, replicas in after.items():
        parts = [counts for replica, now in replicas.items()
                 if (counts := _since(before.get(name, {}).get(replica), now, seconds))]
        if parts:
            uses[name] = PoolUse(
                size=sum(one.size for one in parts),
                busy_mean=sum(one.busy_s for one in parts) / seconds,
                taken=sum(one.taken for one in parts), waited=sum(one.waited for one in parts),
                wait_s=sum(one.wait_s for one in parts))
    return uses


def _scrape(address: str) -> dict[tuple[str, str], Replica]:
    """Return readings by (service, pool); nothing when there is no answer in time."""
    try:
        answer = urllib3.request("GET", f"http://{address}/metrics", retries=False,
                                 timeout=urllib3.Timeout(total=DEADLINE_S))
    except urllib3.exceptions.HTTPError:
        return {}
    now = time.time()
    samples = [sample for family in text_string_to_metric_families(answer.data.decode())
               for sample in family.samples]
    values = {(sample.name, sample.labels.get("service", ""), sample.labels.get("pool", "")):
              sample.value for sample in samples}
    started = values.get((STARTED_METRIC, "", ""), now)
    pools = sorted({(service, pool) for _, service, pool in values if pool})
    return {pool: Replica(started, now, _counts(values, pool)) for pool in pools}


def _counts(values: Mapping[tuple[str, str, str], float], pool: tuple[str, str]) -> PoolCounts:
    field = {name: values[metric, *pool] for name, metric in POOL_METRICS.items()}
    return PoolCounts(int(field["size"]), field["busy_s"], int(field["taken"]),
                      int(field["waited"]), field["wait_s"])


def _since(before: Replica | None, now: Replica, seconds: float) -> PoolCounts | None:
    if before is not None and before.started_s == now.started_s:
        size, *counted = astuple(now.counts)
        return PoolCounts(size, *(end - begin for end, begin in
                                  zip(counted, astuple(before.counts)[1:], strict=True)))
    began_within = now.started_s >= now.read_s - seconds
    return now.counts if began_within else None
