"""A run's record as it is when nothing was measured yet."""

from __future__ import annotations

import pytest

from contract.results import SCHEMA_VERSION
from contract.run_record import Limits, RunRecord


@pytest.fixture
def a_record() -> RunRecord:
    return RunRecord(
        schema_version=SCHEMA_VERSION, run="r", scenario="demo", scenario_resolved={}, seed=1,
        started_unix_s=0.0, machine={}, versions={}, topologies={},
        limits=Limits(cpu_budget=None, memory_budget_mb=None, enforced_by="nothing", enforced=[],
                      not_enforced=[], system_cpus=[0], generator_cpus=[1]))
