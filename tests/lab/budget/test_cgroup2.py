"""Budgets by control groups version 2 and systemd, on a fake tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.budget.cgroup2 import (
    Cgroup2,
    can_delegate,
    check_limits,
    enforces_share,
    has_controllers,
    read_usage,
)
from lab.budget.group import Usage
from lab.budget.systemd import limits, part_slice, slice_name
from lab.topology import Budget

CONTROLLERS = "cpuset cpu io memory pids\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text(CONTROLLERS)
    (tmp_path / "cgroup.subtree_control").write_text("\n")
    return tmp_path


def test_delegation_needs_cpu_and_memory(root: Path) -> None:
    assert can_delegate(root)
    assert (root / "cgroup.subtree_control").read_text() == "+cpu +memory\n"
    (root / "cgroup.controllers").write_text("memory pids\n")
    assert not can_delegate(root)
    assert not has_controllers(root / "missing")


def test_asking_changes_nothing(root: Path) -> None:
    assert has_controllers(root)
    assert (root / "cgroup.subtree_control").read_text() == "\n"


def test_controllers_are_delegated_down_to_the_parts(root: Path) -> None:
    made: list[Path] = []
    group = Cgroup2(root, "run/topology", [0], made.append)
    group.place(os.getpid(), "envoy")
    for path in (root, root / "run", root / "run" / "topology"):
        assert (path / "cgroup.subtree_control").read_text() == "+cpu +memory\n"
    part = root / "run" / "topology" / "envoy"
    assert (part / "cgroup.procs").read_text() == f"{os.getpid()}\n"
    assert not (part / "cgroup.subtree_control").exists()
    assert set(made) == {root / "run", root / "run" / "topology", part}


def test_a_pooled_budget_is_the_groups_alone(root: Path) -> None:
    group = Cgroup2(root, "run/topology", [0])
    group.place(os.getpid(), "envoy")
    (root / "run" / "topology" / "memory.swap.max").write_text("max\n")
    group.set_budget(Budget(0.5, 512))
    top = root / "run" / "topology"
    assert (top / "cpu.max").read_text() == "10000 20000\n"
    assert (top / "memory.max").read_text() == f"{512 * 2**20}\n"
    assert (top / "memory.swap.max").read_text() == "0\n"
    assert (top / "envoy" / "cpu.max").read_text() == "max 20000\n"
    assert group.not_enforced == []


def test_a_partitioned_budget_has_a_quota_for_each_part(root: Path) -> None:
    group = Cgroup2(root, "run/topology", [0])
    group.set_budget(Budget(0.5, mode="partitioned", shares={"envoy": 0.1}))
    group.place(os.getpid(), "envoy")  # a part that starts later has its share too
    assert (root / "run" / "topology" / "envoy" / "cpu.max").read_text() == "2000 20000\n"


def test_limits_can_be_taken_away(root: Path) -> None:
    group = Cgroup2(root, "run/topology", [0])
    group.set_budget(Budget(0.5, 512))
    group.set_budget(Budget())
    assert (root / "run" / "topology" / "cpu.max").read_text() == "max 20000\n"
    assert (root / "run" / "topology" / "memory.max").read_text() == "max\n"


def test_what_the_kernel_did_not_take_is_not_called_enforced(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{512 * 2**20}\n")  # no cpu controller here
    enforced, not_enforced = check_limits(tmp_path, [0], Budget(0.5, 512))
    assert "512 MiB of memory" in enforced
    assert not_enforced == ["0.5 cores of CPU quota, 20 ms periods, pooled"]


def test_usage_is_read_in_seconds_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text(
        "usage_usec 2500000\nuser_usec 2000000\nnr_periods 40\nnr_throttled 4\n")
    (tmp_path / "memory.stat").write_text("anon 1000\nfile 5000\nfile_mapped 200\n")
    assert read_usage(tmp_path) == Usage(2.5, 1200, 40, 4)


def test_a_part_without_processes_has_no_usage(root: Path) -> None:
    assert Cgroup2(root, "run/topology", [0]).part_usage("envoy") is None


def test_kills_for_want_of_memory_are_the_groups(root: Path) -> None:
    """The kernel adds those of the parts."""
    group = Cgroup2(root, "run/topology", [0])
    group.place(os.getpid(), "monolith")
    assert group.oom_kills() == 0
    for path, kills in ((root / "run" / "topology", 2), (root / "run/topology/monolith", 2)):
        (path / "memory.events").write_text(f"low 0\nhigh 0\nmax 9\noom 3\noom_kill {kills}\n")
    assert group.oom_kills() == 2


def test_a_closed_group_is_gone(root: Path) -> None:
    """Empty folders here: the kernel's own files go with a group."""
    group = Cgroup2(root, "run/topology", [0])
    group.place(os.getpid(), "envoy")
    top = root / "run" / "topology"
    for path in [*top.rglob("*"), *top.glob("*")]:
        if path.is_file():
            path.unlink()
    group.close()
    assert not top.exists()
    assert (root / "run").exists()


def test_slices_nest_by_their_names() -> None:
    top = slice_name("twinstore-1a2b/micro-services")
    assert top == "twinstore_1a2b_micro_services.slice"
    assert part_slice(top, "postgres-cart") == (
        "twinstore_1a2b_micro_services-postgres_cart.slice")


def test_unit_properties_say_the_budget() -> None:
    assert limits(0.0179123, None)[:2] == ["CPUQuota=1.79%", "CPUQuotaPeriodSec=55828us"]
    assert limits(0.5, 512) == ["CPUQuota=50.00%", "CPUQuotaPeriodSec=20000us", "MemoryMax=512M",
                                "MemorySwapMax=0"]
    assert limits(None, None)[0::2] == ["CPUQuota=", "MemoryMax=infinity"]


def test_a_share_is_believed_only_as_the_kernel_has_it(tmp_path: Path) -> None:
    assert not enforces_share(tmp_path, 0.0179)
    for text, is_enforced in (("max 100000", False), ("1000 20000", False),
                              ("1000 55828", True), ("999 55828", True)):
        (tmp_path / "cpu.max").write_text(f"{text}\n")
        assert enforces_share(tmp_path, 0.0179) is is_enforced
    assert not enforces_share(Path(os.devnull), 0.5)
