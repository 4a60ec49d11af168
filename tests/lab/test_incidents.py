"""Which ends void a trial: those that no fault was to bring about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.deploy.supervisor import StackEvent
from lab.incidents import Incidents
from lab.plan.trials import PlannedFault
from lab.scenario import FaultKeys


class AStack:
    """A store of which only the name is real, and that tells what it is told to tell."""

    def __init__(self, name: str) -> None:
        self.topology = type("Topology", (), {"name": name})
        self.processes: dict[tuple[str, int], Any] = {}
        self.tell: Callable[[StackEvent], None] = lambda _: None

    @contextmanager
    def listening(self, heard: Callable[[StackEvent], None]) -> Iterator[None]:
        self.tell = heard
        yield

    def dead(self) -> list[tuple[str, int]]:
        return []


class ADeployment:
    """Two stores, and a bank and a warden that live."""

    def __init__(self) -> None:
        self.stacks = [AStack("monolith"), AStack("microservices")]
        self.bank = type("Bank", (), {"revive": staticmethod(lambda: None)})
        self.warden = type("Warden", (), {"ends": []})


def a_fault(kind: str) -> PlannedFault:
    keys = FaultKeys.model_validate({
        "module": "payments", "kind": kind, "leak_mb": 1.0 if kind == "leak" else 0.0})
    return PlannedFault(f"payments-{kind}", keys, 1.0, 2.0)


@pytest.mark.parametrize(("kind", "part", "is_void"), [
    (None, "monolith", True), (None, "relay", True),
    ("crash", "monolith", False), ("crash", "postgres", False),
    ("crash", "envoy", True), ("leak", "envoy", False),
    ("network_cut", "relay", True), ("leak", "relay", True)])
def test_what_a_fault_may_end_in_the_store_under_load(kind: str | None, part: str,
                                                      is_void: bool) -> None:
    """Nothing restarts a relay: what follows its end is no store's doing."""
    deployment: Any = ADeployment()
    mono = deployment.stacks[0]
    with Incidents(deployment, mono, a_fault(kind) if kind else None) as incidents:
        mono.tell(StackEvent(part, 0, "exit", "code -9"))
    said = [f"{part} (replica 0) of monolith ended with code -9"]
    assert incidents.reasons(Path()) == (said if is_void else [])


def test_an_idle_store_s_parts_may_not_end_under_a_fault_of_another() -> None:
    deployment: Any = ADeployment()
    mono, services = deployment.stacks
    with Incidents(deployment, mono, a_fault("crash")) as incidents:
        services.tell(StackEvent("cart", 0, "exit", "code 1"))
    assert incidents.reasons(Path()) == [
        "cart (replica 0) of microservices ended with code 1"]
