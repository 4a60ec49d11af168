"""Which ends are meant: under a fault, those of what it breaks, and no others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from lab.deploy.supervisor import StackEvent
from lab.incidents import Incidents, blame
from lab.plan.trials import PlannedFault
from lab.scenario import FaultKeys

FOLDER = Path("results") / "run"


def a_stack(name: str, *dead: str) -> Any:
    parts = ("payments", "postgres", "envoy")
    return SimpleNamespace(
        topology=SimpleNamespace(name=name), dead=lambda: [(part, 0) for part in dead],
        processes={(part, 0): SimpleNamespace(log=FOLDER / "logs" / name / f"{part}-0.log")
                   for part in parts})


def a_deployment(*stacks: Any) -> Any:
    bank = SimpleNamespace(process=SimpleNamespace(log=FOLDER / "logs" / "bank-0.log"))
    return SimpleNamespace(stacks=list(stacks), bank=bank, warden=SimpleNamespace(ends=[]),
                           logs=FOLDER / "logs")


def fault(kind: str, **keys: float) -> PlannedFault:
    return PlannedFault("planned", FaultKeys.model_validate(
        {"module": "payments", "kind": kind, **keys}), 0.1, 0.1)


@pytest.mark.parametrize(("planned", "part", "is_meant"), [
    (None, "payments", False), (None, "envoy", False), (None, "bank", False),
    (fault("crash"), "payments", True), (fault("database_down"), "postgres", True),
    (fault("crash"), "envoy", False), (fault("leak", leak_mb=8), "envoy", True),
    (fault("crash"), "bank", False), (fault("crash"), "warden", False),
    (None, "relay", False), (fault("network_cut"), "relay", False),  # nothing restarts a relay
    (fault("leak", leak_mb=8), "relay", False)])
def test_under_a_fault_what_it_breaks_may_end(
        planned: PlannedFault | None, part: str, is_meant: bool) -> None:
    broken, idle = a_stack("broken"), a_stack("idle")
    incidents = Incidents(a_deployment(broken, idle), broken, planned)
    incidents.note(part, 0, "exit", "code -9")
    assert bool(incidents.reasons(FOLDER)) is not is_meant
    elsewhere = Incidents(a_deployment(broken, idle), broken, planned)
    elsewhere._hear(idle, StackEvent(part, 0, "exit", "code -9"))
    assert elsewhere.reasons(FOLDER), "a store that idles is broken by nothing"


def test_a_reason_names_part_store_code_and_log() -> None:
    stack = a_stack("services")
    incidents = Incidents(a_deployment(stack), stack)
    incidents.note("payments", 0, "exit", "code -11")
    incidents.note("payments", 0, "restart", "pid 7")
    incidents.note("bank", 0, "exit", "code 1")
    assert incidents.reasons(FOLDER) == [
        "payments (replica 0) of services ended with code -11, see "
        "logs/services/payments-0.log",
        "bank (replica 0) ended with code 1, see logs/bank-0.log"]
    assert [row[5] for row in incidents.rows(3)] == ["exit", "restart", "exit"]


def test_a_database_that_does_not_answer_is_told_with_what_has_ended() -> None:
    failed = psycopg.OperationalError("connection failed:\n  refused")
    told = str(blame(a_deployment(a_stack("monolith", "postgres")), failed))
    assert "OperationalError: connection failed: refused" in told
    assert "ended: postgres (replica 0) of monolith" in told
    assert "logs: results/run/logs" in told
    assert "none has ended" in str(blame(a_deployment(a_stack("monolith")), failed))
