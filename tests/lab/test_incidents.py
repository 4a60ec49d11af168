"""Which ends are meant: those that the fault is to cause, while it acts, and no others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from contract.probe_record import ProbeRecord
from contract.run_record import FaultRecord, TrialRecord
from lab.deploy.supervisor import Key, StackEvent
from lab.incidents import Incidents, Meant, blame
from lab.squeeze import Squeezed, settle

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


ARMED_S, SETTLED_S = 2.0, 6.0
WHOLE_MIB = 2048


def meant(kind: str, *keys: Key, module: str = "payments") -> Meant:
    return Meant(FaultRecord(
        name="planned", module=module, kind=kind, dose=1, delay_ms=0, at_s=2, for_s=3,
        armed_at_s=ARMED_S, cleared_at_s=5.0, settled_at_s=SETTLED_S), frozenset(keys))


def ended(incidents: Incidents, stack: Any, part: str, at_s: float, replica: int = 0) -> list[str]:
    """Reasons when a part ends so long after the start of load."""
    incidents._noted.append((incidents.t0_s + at_s, stack,
                             StackEvent(part, replica, "exit", "code -9")))
    return incidents.reasons(FOLDER)


@pytest.mark.parametrize(("planned", "part", "is_meant"), [
    (None, "payments", False), (None, "envoy", False), (None, "bank", False),
    (meant("crash", ("payments", 0)), "payments", True),
    (meant("database_down", ("postgres", 0)), "postgres", True),
    (meant("crash", ("payments", 0)), "postgres", False),
    (meant("replica_kill", ("payments", 1)), "payments", False),  # the other replica
    (meant("slow", module="bank"), "payments", False),
    (meant("crash", ("payments", 0)), "envoy", False),
    (meant("leak", ("payments", 0), ("envoy", 0)), "envoy", True),
    (meant("crash", ("payments", 0)), "bank", False),
    (meant("crash", ("payments", 0)), "warden", False),
    (None, "relay", False), (meant("network_cut"), "relay", False),  # nothing restarts a relay
    (meant("leak", ("payments", 0)), "relay", False)])
def test_under_a_fault_what_it_is_to_end_may_end(
        planned: Meant | None, part: str, is_meant: bool) -> None:
    broken, idle = a_stack("broken"), a_stack("idle")
    told = ended(Incidents(a_deployment(broken, idle), broken, planned), broken, part, 3.0)
    assert bool(told) is not is_meant
    assert is_meant or planned is None or told[0].endswith("; planned does not end it")
    elsewhere = Incidents(a_deployment(broken, idle), broken, planned)
    assert ended(elsewhere, idle, part, 3.0), "a store that idles is broken by nothing"


def killing(kills: int) -> Any:
    """A group in which the kernel kills so many from now on."""
    counts = iter([7])
    return SimpleNamespace(oom_kills=lambda: next(counts, 7 + kills))


@pytest.mark.parametrize(("part", "is_meant"), [
    ("payments", True), ("postgres", True), ("envoy", True), ("bank", False), ("warden", False),
    ("relay", False)])
def test_a_limit_of_memory_may_end_whatever_it_holds(part: str, is_meant: bool) -> None:
    cramped, idle = a_stack("cramped"), a_stack("idle")
    incidents = Incidents(a_deployment(cramped, idle), cramped, Squeezed(killing(1)))
    assert bool(ended(incidents, cramped, part, 1.0)) is not is_meant
    assert ended(incidents, idle, "payments", 1.0), "the other store is not squeezed"


def test_a_part_that_ends_under_a_limit_although_nobody_was_killed_is_unplanned() -> None:
    stack = a_stack("cramped")
    told, = ended(Incidents(a_deployment(stack), stack, Squeezed(killing(0))), stack, "payments",
                  1.0)
    assert told.endswith("; the kernel has killed nobody for want of memory")


@pytest.mark.parametrize(("limit", "is_enforced", "kills", "holds"), [
    (200, True, 0, True), (200, False, 0, False), (200, True, 1, False),
    (WHOLE_MIB, True, 0, True), (WHOLE_MIB, False, 0, None)])
def test_a_limit_that_was_refused_or_killed_for_is_not_met(
        limit: int, is_enforced: bool, kills: int, holds: bool | None) -> None:
    """Where not even the whole is taken, nothing was limited, so nothing is answered."""
    probe = ProbeRecord(search="s", variable="memory", value=limit, step="ramp", holds=True,
                        is_enforced=is_enforced)
    trial = TrialRecord(id=1, phase="hot", pair=0, topology="monolith", store="monolith",
                        workload="shop", rate_profile=[(1, 20)], seed=1, warmup_s=0, measure_s=1,
                        cpu_budget=None, slo_ms=250, probe=probe, oom_kills=kills)
    settle(trial, WHOLE_MIB)
    assert probe.holds is holds


@pytest.mark.parametrize(("at_s", "why"), [
    (ARMED_S - 0.1, "planned was not armed then"), (ARMED_S, ""), (5.5, ""),  # not yet back
    (SETTLED_S + 0.1, "what planned broke was back then")])
def test_an_end_is_meant_from_arming_until_what_was_broken_is_back(at_s: float, why: str) -> None:
    stack = a_stack("broken")
    told = ended(Incidents(a_deployment(stack), stack, meant("crash", ("payments", 0))), stack,
                 "payments", at_s)
    assert [reason.rpartition("; ")[2] for reason in told] == ([why] if why else [])


def test_a_fault_that_could_not_be_armed_is_to_end_nothing() -> None:
    stack, planned = a_stack("broken"), meant("crash", ("payments", 0))
    planned.fault.armed_at_s = None
    assert ended(Incidents(a_deployment(stack), stack, planned), stack, "payments", 3.0)


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
