"""The manipulation check: a fault that did not act, or not equally, proves nothing."""

from __future__ import annotations

import pytest

from contract.run_record import FaultRecord, PoolUse, TrialRecord
from lab.faults.check import check_pair, dose_of


def trial(number: int, topology: str, fired: int = 10, chances: int = 10,
          **other: object) -> TrialRecord:
    fault = FaultRecord.model_validate({
        "name": "x", "module": "catalog", "kind": "error", "dose": 1, "delay_ms": 0, "at_s": 2,
        "for_s": 4, "armed_at_s": 2.0, "cleared_at_s": 6.0, "times_fired": fired,
        "chances": chances, **other})
    return TrialRecord(
        id=number, phase="isolation", pair=1, topology=topology, workload="shop", slo_ms=250,
        store="monolith" if topology == "monolith" else "microservices", rate_profile=[(1, 1)],
        seed=1, warmup_s=1, measure_s=9, cpu_budget=None, fault=fault)


def pool(size: int) -> PoolUse:
    return PoolUse(size=size, busy_mean=0, taken=0, waited=0, wait_s=0)


def pair(left: dict[str, object], right: dict[str, object]) -> list[TrialRecord]:
    return [trial(1, "monolith", **left), trial(2, "microservices", **right)]  # type: ignore[arg-type]


def test_the_same_fault_at_the_same_dose_is_accepted() -> None:
    records = pair({}, {"fired": 80, "chances": 80})
    assert check_pair(records) == {}
    assert [t.fault.void for t in records if t.fault] == ["", ""]


@pytest.mark.parametrize(("planted", "said"), [
    ({"fired": 0}, "monolith: x did not act, in 10 chances"),
    ({"fired": 0, "chances": 0}, "monolith: x did not act: nothing passed"),
    ({"fired": 0, "armed_at_s": None}, "monolith: x was never armed"),
    ({"void": "RelayError: gone"}, "monolith: RelayError: gone"),
    ({"fired": 41, "chances": 100}, "dose 0.41 in monolith (41 of 100) against 0.97"),
    ({"cleared_at_s": 3.2}, "x lasted 1.2 s in monolith against 4.0 s"),
])
def test_a_planted_difference_voids_both_trials(planted: dict[str, object], said: str) -> None:
    records = pair(planted, {"fired": 97, "chances": 100} if "41" in str(planted) else {})
    found = check_pair(records)
    assert set(found) == {1, 2}
    assert all(said in why for why in found.values())
    assert all(t.fault and t.fault.void == found[t.id] for t in records)


@pytest.mark.parametrize(("kills", "budget_mb", "said"), [
    (1, 2048, ""), (0, 2048, "the budget of 2048 MiB was not reached, or is not enforced here"),
    (0, None, "no memory budget is set")])
def test_a_leak_is_proven_by_what_it_ended(kills: int, budget_mb: int | None, said: str) -> None:
    records = pair({"kind": "leak"}, {"kind": "leak"})
    for record in records:
        record.oom_kills, record.memory_budget_mb = 2, budget_mb
    records[1].oom_kills = kills
    found = check_pair(records)
    assert found == {} if not said else all(
        f"microservices: x ended nothing for want of memory: {said}" in why
        for why in found.values())
    assert len(found) == (2 if said else 0), "one store's void is the pair's"


@pytest.mark.parametrize(("held", "size", "said"), [
    (24, 24, ""), (30, 24, ""), (23, 24, "x held 23 of 24 connections: its pool was not exhausted"),
    (9, None, "x: nobody counted the connections of its pool")])
def test_a_pool_is_exhausted_once_the_fault_holds_all_of_it(held: int, size: int | None,
                                                            said: str) -> None:
    records = pair({"kind": "pool", "fired": held}, {"kind": "pool", "fired": 4})
    records[0].pools = {} if size is None else {"monolith/connections": pool(size)}
    records[1].pools = {"search/connections": pool(9), "catalog/connections": pool(4)}
    found = check_pair(records)
    assert set(found) == ({1, 2} if said else set()), "one store's void is the pair's"
    assert all(f"monolith: {said}" in why for why in found.values())


@pytest.mark.parametrize(("met", "is_void"), [(0, True), (1, False), (None, False)])
@pytest.mark.parametrize("store", [0, 1])
def test_what_no_request_met_proves_nothing_in_either_store(met: int | None, store: int, *,
                                                            is_void: bool) -> None:
    planted: list[dict[str, object]] = [{"kind": "database_lock", "met": 5} for _ in range(2)]
    planted[store]["met"] = met
    found = check_pair(pair(planted[0], planted[1]))
    assert set(found) == ({1, 2} if is_void else set())
    assert all("x met nothing: no request that needs its place" in why for why in found.values())


def test_doses_that_differ_by_chance_only_are_accepted() -> None:
    assert check_pair(pair({"fired": 33, "chances": 100}, {"fired": 24, "chances": 90})) == {}


@pytest.mark.parametrize(("fired", "is_void"), [(60, False), (30, True), (5, True)])
def test_a_poison_is_equal_within_half_of_its_dose(fired: int, *, is_void: bool) -> None:
    """0.03 of 0.08 is another poison, though the two are but 0.05 apart."""
    found = check_pair(pair({"kind": "poison", "fired": 80, "chances": 1000},
                            {"kind": "poison", "fired": fired, "chances": 1000}))
    assert set(found) == ({1, 2} if is_void else set())


@pytest.mark.parametrize(("kind", "is_void"), [("pool", False), ("error", True)])
def test_pools_of_unequal_size_lend_unequal_shares(kind: str, *, is_void: bool) -> None:
    records = pair({"kind": kind, "fired": 20, "chances": 200},
                   {"kind": kind, "fired": 5, "chances": 200})
    for record, size in zip(records, (20, 5), strict=True):
        record.pools = {"catalog/connections": pool(size)}
    found = check_pair(records)
    assert set(found) == ({1, 2} if is_void else set())


@pytest.mark.parametrize(("kind", "is_void"), [("poison", True), ("error", False)])
def test_another_seed_is_another_poison(kind: str, *, is_void: bool) -> None:
    records = pair({"kind": kind}, {"kind": kind})
    records[1].seed = 2
    found = check_pair(records)
    assert set(found) == ({1, 2} if is_void else set())
    assert all("seeds 1 and 2" in why for why in found.values())


def test_a_store_without_the_place_is_left_out() -> None:
    assert check_pair(pair({"fired": 0, "chances": 0, "applies": False, "armed_at_s": None},
                           {})) == {}


def test_trials_without_a_fault_have_nothing_to_check() -> None:
    records = pair({}, {})
    for record in records:
        record.fault = None
    assert check_pair(records) == {}


def test_what_counts_no_chances_acted_as_a_whole() -> None:
    assert dose_of(FaultRecord(name="x", module="bank", kind="down", dose=1, delay_ms=0, at_s=0,
                               for_s=1, times_fired=1)) == 1
