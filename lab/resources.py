"""What each part uses, once a second: CPU seconds and memory, from the kernel's accounting."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from contract.run_record import PartCost
from lab.budget.accounting import read_processes
from lab.budget.group import Usage
from lab.deploy.stack import Stack

_EVERY_S: Final = 1.0
_GENERATOR: Final = "locust"
_TOTAL: Final = "total"


@dataclass(frozen=True, slots=True)
class Window:
    """Cost by part and of the whole (`total`) over a time window."""

    parts: dict[str, PartCost]
    throttled_share: float


@dataclass(frozen=True, slots=True)
class _Sample:
    t_s: float
    part: str
    replica: int
    pid: int
    usage: Usage
    threads: int


class Sampler:
    """Samples one stack and the generator in a thread while the block runs.

    `rows` are in the columns of contract.results.RESOURCES.
    """

    def __init__(self, trial: int, stack: Stack, generator_pid: int | None, t0_s: float) -> None:
        self._trial = trial
        self._stack = stack
        self._generator_pid = generator_pid
        self._t0_s = t0_s
        self._samples: list[_Sample] = []
        self._by_kernel: dict[str, list[_Sample]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        self._sample()

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """All samples, in order of time."""
        topology = self._stack.topology.name
        return [
            (self._trial, s.t_s, topology, s.part, s.replica, s.pid, s.usage.cpu_s,
             s.usage.memory_bytes, s.threads, s.usage.throttled_periods, s.usage.periods)
            for s in self._samples
        ]

    def window(self, from_s: float, to_s: float) -> Window:
        """Sum the measured window up, from the samples nearest to its ends."""
        by_part: dict[str, list[_Sample]] = {}
        for sample in self._samples:
            if sample.part != _GENERATOR:
                by_part.setdefault(sample.part, []).append(sample)
        costs = {part: _cost(self._by_kernel.get(part, samples), from_s, to_s)
                 for part, samples in by_part.items()}
        total = by_part.get(_TOTAL, [])
        if not total and costs:
            costs[_TOTAL] = PartCost(
                cpu_s=sum(cost.cpu_s for cost in costs.values()),
                memory_bytes=sum(cost.memory_bytes for cost in costs.values()))
        return Window(costs, _throttled(total, from_s, to_s))

    def _run(self) -> None:
        _yield_to_everyone()
        while not self._ended.wait(_EVERY_S - (time.perf_counter() - self._t0_s) % _EVERY_S):
            self._sample()

    def _sample(self) -> None:
        """Add a row a process, and keep what the kernel says of parts and of the whole.

        Only the kernel remembers the CPU of processes that ended in the meantime.
        """
        t_s = time.perf_counter() - self._t0_s
        pids: dict[tuple[str, int], int] = {
            key: process.pid for key, process in list(self._stack.processes.items())}
        if self._generator_pid is not None:
            pids[_GENERATOR, 0] = self._generator_pid
        table, group = read_processes(), self._stack.group
        for (part, replica), pid in pids.items():
            use = table.family(pid)
            self._samples.append(_Sample(t_s, part, replica, pid,
                                         Usage(use.cpu_s, use.rss_bytes), use.threads))
        for part in {part for part, _ in pids}:
            usage = group.part_usage(part)
            if usage is not None:
                self._by_kernel.setdefault(part, []).append(_Sample(t_s, part, 0, 0, usage, 0))
        whole = group.usage()
        if whole is not None:
            self._samples.append(_Sample(t_s, _TOTAL, 0, 0, whole, 0))


def _yield_to_everyone() -> None:
    """Run this thread only when its core has nothing else to do: it shares it with the generator.

    Without it, looking at twenty processes delays arrivals by up to a scheduler tick (4 ms).
    """
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _cost(samples: list[_Sample], from_s: float, to_s: float) -> PartCost:
    """CPU by interpolation at the window's ends (replica by replica), mean memory inside."""
    replicas = {sample.replica for sample in samples}
    cpu_s, memory = 0.0, 0.0
    for replica in replicas:
        mine = [sample for sample in samples if sample.replica == replica]
        cpu_s += max(0.0, _at(mine, to_s) - _at(mine, from_s))
        inside = [s.usage.memory_bytes for s in mine if from_s <= s.t_s <= to_s] or [
            mine[-1].usage.memory_bytes]
        memory += sum(inside) / len(inside)
    return PartCost(cpu_s=cpu_s, memory_bytes=round(memory))


def _at(samples: list[_Sample], t_s: float) -> float:
    before = [s for s in samples if s.t_s <= t_s] or samples[:1]
    after = [s for s in samples if s.t_s >= t_s] or samples[-1:]
    left, right = before[-1], after[0]
    if right.t_s <= left.t_s:
        return left.usage.cpu_s
    share = (t_s - left.t_s) / (right.t_s - left.t_s)
    return left.usage.cpu_s + share * (right.usage.cpu_s - left.usage.cpu_s)


def _throttled(samples: list[_Sample], from_s: float, to_s: float) -> float:
    inside = [sample for sample in samples if from_s <= sample.t_s <= to_s]
    if len(inside) < 2:
        return 0.0
    periods = inside[-1].usage.periods - inside[0].usage.periods
    throttled = inside[-1].usage.throttled_periods - inside[0].usage.throttled_periods
    return throttled / periods if periods > 0 else 0.0
