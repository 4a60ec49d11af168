"""Budgets by control groups version 1: on a fake tree, and for real where we may."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.budget.cgroup1 import CONTROLLERS, Cgroup1, find_mounts
from lab.budget.choose import _mounts_v1
from lab.budget.group import available_cores
from lab.topology import Budget

MOUNTS = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup {root}/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup {root}/memory cgroup rw,memory 0 0
cgroup2 {root}/unified cgroup2 rw 0 0
"""


def test_mounts_are_found_below_our_own_group(tmp_path: Path) -> None:
    (tmp_path / "memory" / "box").mkdir(parents=True)
    own = "4:memory:/box\n2:cpu,cpuacct:/\n0::/\n"
    found = find_mounts(MOUNTS.format(root=tmp_path), own)
    both = tmp_path / "cpu,cpuacct"
    assert found == {"cpu": both, "cpuacct": both, "memory": tmp_path / "memory" / "box"}


def test_without_all_controllers_there_is_no_version_1() -> None:
    assert find_mounts("cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n", "") == {}


MACHINE = _mounts_v1()
can_limit = pytest.mark.skipif(
    not MACHINE or not all(os.access(mount, os.W_OK) for mount in MACHINE.values()),
    reason="control groups version 1 can't be written here")

SPIN = [sys.executable, "-c", "while True: pass"]


@pytest.fixture
def group() -> Iterator[Cgroup1]:
    made: list[Path] = []
    name = f"twinstore-test-{uuid.uuid4().hex[:8]}/topology"
    yield Cgroup1(MACHINE, name, available_cores()[:1], made.append)
    for path in sorted(set(made), key=lambda path: -len(path.parts)):
        path.rmdir()


def cpu_used(group: Cgroup1, for_s: float) -> tuple[float, int]:
    """CPU seconds a second, and throttled periods, over a while."""
    before, began = group.usage(), time.monotonic()
    time.sleep(for_s)
    after, ended = group.usage(), time.monotonic()
    return ((after.cpu_s - before.cpu_s) / (ended - began),
            after.throttled_periods - before.throttled_periods)


@pytest.fixture
def spinning(group: Cgroup1) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    processes = {part: subprocess.Popen(SPIN) for part in ("envoy", "monolith")}
    for part, process in processes.items():
        group.place(process.pid, part)
    yield processes
    for process in processes.values():
        process.kill()
        process.wait(5)


@can_limit
def test_a_pooled_budget_limits_all_parts_together(
        group: Cgroup1, spinning: dict[str, subprocess.Popen[bytes]]) -> None:
    group.set_budget(Budget(cpus=0.3))
    used, throttled = cpu_used(group, 1.0)
    assert used < 0.36
    assert throttled > 5
    assert group.not_enforced == []


@can_limit
def test_a_partitioned_budget_limits_each_part(
        group: Cgroup1, spinning: dict[str, subprocess.Popen[bytes]]) -> None:
    group.set_budget(Budget(0.3, mode="partitioned", shares={"envoy": 0.1, "monolith": 0.2}))
    before = {part: group.part_usage(part) for part in spinning}
    began = time.monotonic()
    time.sleep(1.0)
    for part, share in (("envoy", 0.1), ("monolith", 0.2)):
        after, first = group.part_usage(part), before[part]
        assert after
        assert first
        assert (after.cpu_s - first.cpu_s) / (time.monotonic() - began) < share * 1.25


@can_limit
def test_a_budget_changes_while_processes_run(
        group: Cgroup1, spinning: dict[str, subprocess.Popen[bytes]]) -> None:
    for budget in (Budget(0.2, mode="partitioned", shares={"envoy": 0.05, "monolith": 0.15}),
                   Budget(0.1), Budget(0.4, mode="partitioned", shares={"envoy": 0.4}), Budget()):
        group.set_budget(budget)
    _, throttled = cpu_used(group, 0.3)
    assert throttled == 0


@can_limit
def test_parts_add_up_to_the_whole(
        group: Cgroup1, spinning: dict[str, subprocess.Popen[bytes]]) -> None:
    time.sleep(0.3)
    for process in spinning.values():
        process.kill()
        process.wait(5)
    parts = [group.part_usage(part) for part in spinning]
    assert sum(usage.cpu_s for usage in parts if usage) == pytest.approx(group.usage().cpu_s)
    assert group.part_usage("unknown") is None


@can_limit
def test_who_needs_more_memory_than_the_budget_is_ended(group: Cgroup1) -> None:
    group.set_budget(Budget(memory_mb=64))
    hungry = subprocess.Popen(
        [sys.executable, "-c", "input(); b'x' * (256 * 2**20)"], stdin=subprocess.PIPE)
    group.place(hungry.pid, "monolith")
    assert group.oom_kills() == 0
    hungry.communicate(b"\n", timeout=20)
    assert hungry.returncode == -9
    assert group.oom_kills() == 1


@can_limit
def test_a_memory_limit_that_can_not_be_had_is_reported(group: Cgroup1) -> None:
    text = "x = bytearray(b'x') * (96 * 2**20); print('up', flush=True); input()"
    full = subprocess.Popen([sys.executable, "-c", f"input(); {text}"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)
    assert full.stdin
    assert full.stdout
    group.place(full.pid, "monolith")
    full.stdin.write(b"\n")
    full.stdin.flush()
    full.stdout.readline()
    group.set_budget(Budget(cpus=0.5, memory_mb=16))
    assert any(words.startswith("16 MiB of memory") for words in group.not_enforced)
    assert not any("MiB" in words for words in group.enforced)
    full.communicate(b"\n", timeout=20)


@can_limit
def test_a_closed_group_is_gone() -> None:
    made: list[Path] = []
    name = f"twinstore-test-{uuid.uuid4().hex[:8]}"
    group = Cgroup1(MACHINE, f"{name}/topology", available_cores()[:1], made.append)
    process = subprocess.Popen(SPIN)
    group.place(process.pid, "monolith")
    process.kill()
    process.wait(5)
    group.close()
    left = {path.name for path in made if path.exists()}
    for mount in MACHINE.values():
        (mount / name).rmdir()  # the run's own; the warden removes it
    assert left == {name}


def test_kills_for_want_of_memory_are_summed_over_the_parts(tmp_path: Path) -> None:
    mounts = {controller: tmp_path / controller for controller in CONTROLLERS}
    group = Cgroup1(mounts, "run/topology", [0])
    for part in ("envoy", "monolith"):
        group.place(os.getpid(), part)
    assert group.oom_kills() == 0  # a kernel that does not count them
    memory = mounts["memory"] / "run" / "topology"
    for path, kills in ((memory, 0), (memory / "envoy", 1), (memory / "monolith", 2)):
        (path / "memory.oom_control").write_text(
            f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n")
    assert group.oom_kills() == 3


def test_quotas_are_written_parent_before_child(tmp_path: Path) -> None:
    mounts = {controller: tmp_path / controller for controller in CONTROLLERS}
    group = Cgroup1(mounts, "run/topology", [0])
    group.place(os.getpid(), "envoy")
    group.set_budget(Budget(0.5, 512, "partitioned", {"envoy": 0.1}))
    cpu = mounts["cpu"] / "run" / "topology"
    assert (cpu / "cpu.cfs_quota_us").read_text() == "10000\n"
    assert (cpu / "cpu.cfs_period_us").read_text() == "20000\n"
    assert (cpu / "envoy" / "cpu.cfs_quota_us").read_text() == "2000\n"
    limit = mounts["memory"] / "run" / "topology" / "memory.limit_in_bytes"
    assert int(limit.read_text()) == 512 * 2**20
    assert group.enforced[1:] == ["0.5 cores of CPU quota, 20 ms periods, partitioned",
                                  "512 MiB of memory"]
