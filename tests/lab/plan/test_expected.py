"""What faults are expected to cost stands in run.json before the first trial."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from contract.run_record import Limits, RunRecord
from lab.faults.timeline import applies
from lab.record import new_record
from lab.run_folder import RunFolder
from lab.scenario import ScenarioFile
from reports.foretold import foretold_in

LIMITS = Limits(cpu_budget=None, memory_budget_mb=None, enforced_by="nothing", enforced=[],
                not_enforced=[], system_cpus=[0], generator_cpus=[1])
NOT_STARTED = SimpleNamespace(limits=lambda _: LIMITS)


@pytest.fixture
def begun(shipped: ScenarioFile, tmp_path: Path) -> RunRecord:
    """A run of every fault, as it is written before anything is measured, and read again."""
    folder = RunFolder(tmp_path)
    folder.save_record(new_record(folder, shipped, "chaos", NOT_STARTED))  # type: ignore[arg-type]
    return folder.read_record()


def test_every_fault_and_store_is_foretold_before_the_first_trial(
        begun: RunRecord, shipped: ScenarioFile) -> None:
    assert begun.trials == []
    foretold = foretold_in(begun)
    assert {(one.fault, one.topology) for one in foretold} == {
        (name, topology) for name in shipped.faults
        for topology in ("monolith", "microservices")}
    assert all(one.is_same for one in foretold)


def test_what_can_not_happen_in_a_store_is_expected_to_hit_nothing(
        begun: RunRecord, shipped: ScenarioFile) -> None:
    for name, keys in shipped.faults.items():
        for topology, losses in begun.expected[name].items():
            stack = SimpleNamespace(topology=shipped.topologies[topology].named(topology))
            acts = applies(SimpleNamespace(stack=stack), keys)  # type: ignore[arg-type]
            assert any(one.hit for one in losses.values()) == acts, (name, topology)
