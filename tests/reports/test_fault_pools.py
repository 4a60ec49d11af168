"""A fault that exhausts a pool is named with the pool: the published mistake and its like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import Planted, write_run

from contract.run_record import FaultRecord, PartCost, PoolUse, TrialRecord
from reports.arms import find_arms
from reports.confounds.little import check_pools
from reports.document import Note
from reports.fault_pools import exhausted_pools
from reports.guards import judge
from reports.isolation import measure_isolation
from reports.parts.fault_pools import pool_blocks
from reports.parts.isolation import isolation_part
from reports.read import read_run
from reports.table import Table

POOL = "payments/connections"
FAULT = FaultRecord(name="payments-slow", module="payments", kind="slow", dose=1.0, delay_ms=100,
                    at_s=4.0, for_s=4.0)
SLOW = PoolUse(size=10, busy_mean=4.6, taken=1000, waited=380, wait_s=190.0)
"""10 s, 4 of them with the fault: 100 a second held 10 ms, and 100 a second held 100 ms."""
CALM = PoolUse(size=10, busy_mean=1.0, taken=1000, waited=0, wait_s=0.0)


def trial(use: PoolUse | None, fault: FaultRecord | None = None, **keys: object) -> TrialRecord:
    defaults: dict[str, object] = {
        "id": 1, "phase": "isolation", "pair": 0, "topology": "microservices",
        "store": "microservices", "workload": "shop", "rate_profile": [(1.0, 20.0), (10.0, 20.0)],
        "seed": 1, "warmup_s": 1.0, "measure_s": 10.0, "cpu_budget": 1.0, "slo_ms": 250.0,
        "cost": {"total": PartCost(cpu_s=3.0, memory_bytes=1)}, "fault": fault,
        "pools": {POOL: use} if use else {}}
    return TrialRecord.model_validate(defaults | keys)


def test_the_published_mistake_is_named_in_the_time_of_the_fault() -> None:
    """Latency injected inside a transaction, a pool of 10: at most 100 a second (METHOD §6)."""
    load, = exhausted_pools([trial(SLOW, FAULT)], [trial(CALM)])
    assert (load.topology, load.where, load.pool) == ("microservices", "payments-slow", POOL)
    assert load.hold_s == pytest.approx(0.1)
    assert (load.per_s, load.ceiling_per_s) == pytest.approx((100, 100))
    assert load.busy == pytest.approx(1.0)


@pytest.mark.parametrize(("change", "found"), [
    ({}, True), ({"busy_mean": 4.21}, True), ({"busy_mean": 4.19}, False), ({"waited": 0}, False),
    ({"size": 12}, False), ({"busy_mean": 6.0}, True), ({"taken": 600}, True)])
def test_a_pool_is_exhausted_when_it_is_full_while_the_fault_is_armed(
        change: dict[str, float], found: bool) -> None:
    use = SLOW.model_copy(update=change)
    loads = exhausted_pools([trial(use, FAULT)], [trial(CALM)])
    assert bool(loads) is found
    for load in loads:
        assert 0.9 <= load.busy <= 1 + 1e-9
        assert load.hold_s <= FAULT.for_s + 1e-9


def test_a_full_pool_is_no_news_without_a_matched_run_or_processor() -> None:
    assert exhausted_pools([trial(SLOW, FAULT)], []) == ()
    assert exhausted_pools([trial(SLOW, FAULT)], [trial(None)]) == ()
    used_up = trial(SLOW, FAULT, cost={"total": PartCost(cpu_s=8.6, memory_bytes=1)})
    assert exhausted_pools([used_up], [trial(CALM)]) == ()
    late = FAULT.model_copy(update={"at_s": 12.0})
    assert exhausted_pools([trial(SLOW, late)], [trial(CALM)]) == ()
    assert exhausted_pools([trial(CALM, FAULT)], [trial(CALM)]) == ()


def test_the_worst_run_is_shown_with_the_number_of_runs() -> None:
    less = SLOW.model_copy(update={"busy_mean": 4.3})
    load, = exhausted_pools([trial(less, FAULT), trial(CALM, FAULT), trial(SLOW, FAULT)],
                            [trial(CALM)])
    assert (load.trials, load.busy) == (2, pytest.approx(1.0))


def test_the_chapter_on_isolation_names_the_pool_and_the_confounds_do_not(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, Planted(phases=("isolation",), faults=("bank-slow",))))
    own = [one.model_copy(update={"pools": {POOL: SLOW if one.fault else CALM}})
           if one.topology == "microservices" else one for one in run.record.trials]
    record = run.record.model_copy(update={"trials": own})
    run = replace(run, record=record, trials={one.id: one for one in own})
    judged, arms = judge(record, {}), find_arms(record)
    results = measure_isolation(run, judged, arms)
    part = isolation_part(results, arms)
    said, = (block for block in part.blocks
             if isinstance(block, Note) and "exhausted" in block.text)
    assert said.kind == "caveat"
    assert said.text.startswith(f"bank-slow on microservices, pool exhausted: {POOL}. ")
    table, = (one for one in part.tables if one.name == "isolation_pools")
    assert isinstance(table, Table)
    assert [row[:5] for row in table.cells] == [
        ["bank-slow", "microservices", POOL, "1 of 1", "10"]]
    assert {len(row) for row in table.raw} == {len(table.raw_columns)}
    assert not any(load.is_found for load in check_pools(judged))
    assert pool_blocks([replace(one, void="bank-slow: void.") for one in results]) == []
