from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.plan import Plan
from lab.scenario import ScenarioFile
from lab.scenario_file import read_scenarios

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def shipped() -> ScenarioFile:
    return read_scenarios(ROOT / "scenarios.yaml")


@pytest.fixture
def plan_of(shipped: ScenarioFile) -> Callable[..., Plan]:
    """A plan of two stores that measures only what is given."""

    def build(**parts: Any) -> Plan:
        keys: dict[str, Any] = {
            "description": "a rehearsal", "seed": 7, "topologies": ["monolith", "microservices"],
            "budget": {"cpus": 0.9, "memory_mb": 2048}, **parts}
        whole = shipped.model_dump()
        return Plan(ScenarioFile.model_validate({**whole, "scenarios": {"rehearsal": keys}}),
                    "rehearsal")

    return build
