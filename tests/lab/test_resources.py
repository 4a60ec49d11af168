"""Accounting: one pass over processes, windows by the kernel where it accounts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from contract.results import RESOURCES
from lab.budget.accounting import ProcessTable, ProcessUse, parse_stat, read_processes
from lab.budget.group import Usage
from lab.resources import Sampler


def test_a_family_is_a_process_and_all_its_descendants() -> None:
    table = ProcessTable({
        10: ProcessUse(1, 1.0, 100, 1), 11: ProcessUse(10, 2.0, 200, 2),
        12: ProcessUse(11, 4.0, 400, 4), 20: ProcessUse(1, 8.0, 800, 8),
    })
    family = table.family(10)
    assert (family.cpu_s, family.rss_bytes, family.threads) == (7.0, 700, 7)
    assert table.family(99).cpu_s == 0


def test_stat_lines_are_read_past_odd_names() -> None:
    line = (b"42 (a) (b c) S 7 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 100 1000000 25 "
            b"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n")
    assert parse_stat(line, ticks=100, page=4096) == ProcessUse(7, 3.0, 25 * 4096, 3)


def test_a_working_child_is_counted_for_its_parent() -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass\nprint(1, flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", spin], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        table = read_processes()
        assert 0.25 <= table.family(child.pid).cpu_s < 2
        assert table.family(os.getpid()).cpu_s >= table.family(child.pid).cpu_s
        child.communicate(b"\n")


@dataclass
class FakeGroup:
    """A kernel that accounts for one part, and for the whole."""

    cpu_s: float = 0.0
    periods: int = 0
    throttled: int = 0
    parts: dict[str, float] = field(default_factory=dict)

    def usage(self) -> Usage:
        return Usage(self.cpu_s, 500, self.periods, self.throttled)

    def part_usage(self, part: str) -> Usage | None:
        return Usage(self.parts[part], 50) if part in self.parts else None


def sampler_of(group: Any, t0_s: float) -> Sampler:
    stack: Any = SimpleNamespace(
        topology=SimpleNamespace(name="monolith"), group=group,
        processes={("monolith", 0): SimpleNamespace(pid=os.getpid())})
    return Sampler(3, stack, os.getpid(), t0_s)


def test_a_window_is_what_the_kernel_counted_between_its_ends() -> None:
    group = FakeGroup(parts={"monolith": 1.0})
    sampler = sampler_of(group, time.perf_counter())
    sampler._sample()
    began = sampler._samples[-1].t_s
    group.cpu_s, group.periods, group.throttled, group.parts = 3.0, 50, 10, {"monolith": 2.0}
    sampler._sample()
    ended = sampler._samples[-1].t_s
    window = sampler.window(began, ended)
    assert window.parts["total"].cpu_s == pytest.approx(3.0)
    assert window.parts["monolith"].cpu_s == pytest.approx(1.0)
    assert window.throttled_share == pytest.approx(0.2)
    assert "locust" not in window.parts


def test_rows_have_the_declared_columns() -> None:
    sampler = sampler_of(FakeGroup(), time.perf_counter())
    sampler._sample()
    assert {len(row) for row in sampler.rows} == {len(RESOURCES)}
    assert {row[3] for row in sampler.rows} == {"monolith", "locust", "total"}


def test_sampling_costs_less_than_two_per_cent_of_a_core() -> None:
    sampler = sampler_of(FakeGroup(), time.perf_counter())
    sampler._sample()
    costs = []
    for _ in range(10):
        began = time.thread_time()
        sampler._sample()
        costs.append(time.thread_time() - began)
    assert min(costs) < 0.020
