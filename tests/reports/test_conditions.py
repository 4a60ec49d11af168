"""What page one says of the conditions of a run."""

from __future__ import annotations

from typing import Any

import pytest
from synthetic import Planted, write_run

from contract.run_record import Limits, RunRecord
from reports.document import Note
from reports.parts.conditions import equal_blocks, limit_blocks, machine_table
from reports.read import read_run


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("run")
    return read_run(write_run(folder, Planted(pairs=2, phases=("latency",)))).record


def with_connections(record: RunRecord, own: dict[str, int],
                     variants: dict[str, int]) -> RunRecord:
    def described(totals: dict[str, int]) -> dict[str, Any]:
        return {name: {"db_connections": total} for name, total in totals.items()}

    return record.model_copy(update={"topologies": described(own),
                                     "variants": described(variants)})


def test_stores_with_unequal_connections_are_named(record: RunRecord) -> None:
    own = {"monolith": 24, "microservices": 24}
    unequal = with_connections(record, own, {"monolith × 3": 24, "microservices × 3": 18,
                                             "monolith × 2": 24, "microservices × 2": 24})
    said = [block.text for block in equal_blocks(unequal)
            if isinstance(block, Note) and "Connections" in block.text]
    assert said == ["Connections to databases are not equal: monolith × 3 has 24 and "
                    "microservices × 3 has 18; their number is not divided by that of the "
                    "replicas."]
    equal = with_connections(record, own, {"microservices × 2 of search": 24})
    assert not [block for block in equal_blocks(equal)
                if isinstance(block, Note) and "Connections" in block.text]


def test_the_budget_of_all_and_what_of_it_is_not_enforced_are_told(record: RunRecord) -> None:
    limits = Limits(cpu_budget=0.9, memory_budget_mb=2048, enforced_by="cgroup v2",
                    enforced=["0.9 cores"], not_enforced=["2048 MiB of memory"], system_cpus=[0],
                    generator_cpus=[1])
    plain, caveat = [(block.text, block.kind) for block in limit_blocks(
        record.model_copy(update={"limits": limits})) if isinstance(block, Note)]
    assert plain[0] == ("For the whole architecture (proxy, application, databases together): 0.9 "
                        "CPU, 2,048 MiB, enforced by cgroup v2. System on CPU 0, load generator on "
                        "CPU 1. Enforced: 0.9 cores.")
    assert caveat == ("Not enforced: 2048 MiB of memory.", "caveat")


@pytest.mark.parametrize(("services", "said"), [
    (3, ["Replicas of a program are not equal: monolith has 1 and microservices has 3 at most."]),
    (1, [])])
def test_one_monolith_against_several_of_each_service_is_named(
        record: RunRecord, services: int, said: list[str]) -> None:
    parts = {"monolith": {"monolith": {"replicas": 1}},
             "microservices": {"catalog": {"replicas": services}, "cart": {"replicas": 1}}}
    told = record.model_copy(update={"topologies": {
        name: {"deployables": programs} for name, programs in parts.items()}})
    assert [block.text for block in equal_blocks(told)
            if isinstance(block, Note) and "Replicas" in block.text] == said


def test_what_trials_asked_for_beside_the_topologies_is_told(record: RunRecord) -> None:
    told = with_connections(record, {"monolith": 24}, {"monolith × 3": 24})
    keys = [row[0] for row in machine_table(told).cells]
    assert "topology: monolith × 3" in keys
