"""Which cores, and what is said where nothing can be limited."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lab.budget.affinity import AffinityOnly
from lab.budget.choose import choose_group, try_budget
from lab.budget.group import (
    Cores,
    available_cores,
    cores_for,
    describe_cores,
    divide_cores,
    pin,
)
from lab.topology import Budget


@pytest.mark.parametrize(("available", "system", "generator"), [
    ([0, 1], [0], [1]),
    ([0, 1, 2, 3], [0, 1, 2], [3]),
    ([4], [4], [4]),
])
def test_the_generator_has_the_last_core(available: list[int], system: list[int],
                                         generator: list[int]) -> None:
    assert divide_cores(available) == Cores(system, generator)


@pytest.mark.parametrize(("cpus", "cores"), [
    (None, [0, 1, 2]), (0.3, [0]), (1.0, [0]), (1.5, [0, 1]), (8.0, [0, 1, 2]),
])
def test_a_budget_is_spread_over_as_few_cores_as_can_give_it(cpus: float | None,
                                                             cores: list[int]) -> None:
    assert cores_for([0, 1, 2], Budget(cpus)) == cores


def test_more_cores_than_there_are_is_said() -> None:
    _, short = describe_cores([0], Budget(2.0))
    assert short == ["2 cores: there are only 1 besides the generator's"]


def test_affinity_alone_enforces_no_quota() -> None:
    group = AffinityOnly([0])
    group.set_budget(Budget(0.5, 512))
    assert group.not_enforced == ["0.5 cores of CPU quota, 20 ms periods, pooled",
                                  "512 MiB of memory"]
    assert group.usage() is None
    assert group.part_usage("envoy") is None
    assert group.oom_kills() == 0
    group.set_budget(Budget())
    assert group.not_enforced == []
    group.close()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs affinity")
def test_pinning_reaches_descendants_and_threads() -> None:
    script = ("import subprocess, sys, threading\n"
              "threading.Thread(target=input, daemon=True).start()\n"
              "child = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], "
              "stdin=subprocess.PIPE)\n"
              "print(child.pid, flush=True)\n"
              "threading.Event().wait(60)")
    core = available_cores()[-1:]
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        pin(parent.pid, core)
        threads = [int(path.name) for path in Path(f"/proc/{parent.pid}/task").iterdir()]
        assert len(threads) == 2
        for thread in (*threads, child):
            assert os.sched_getaffinity(thread) == set(core)
        parent.kill()
        assert parent.stdin
        parent.stdin.close()


def test_pinning_what_has_ended_is_harmless() -> None:
    pin(4_194_000, [0])


def test_what_is_chosen_is_what_was_tried() -> None:
    made = []
    group = choose_group(f"twinstore-test-{threading.get_native_id()}", [0], made.append)
    assert group.enforced_by == try_budget(Budget(0.5, 256), [0]).enforced_by
    for path in sorted(set(made), key=lambda path: -len(path.parts)):
        if path.is_dir() and path.name.startswith("twinstore-test-"):
            path.rmdir()
