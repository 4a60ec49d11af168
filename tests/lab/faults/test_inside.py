"""Faults in a module's code: each acts at the same places of both stores, and ends."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from contract.faults.draw import is_poisonous
from contract.reach import Place, reaches
from lab.budget.group import family
from lab.faults.catalogue import MODULES
from lab.topology import Budget
from tests.lab.faults.conftest import SEED, Store, eventually

STEPS = {"product": "get_product", "list": "list_products", "search": "search_products",
         "put": "put_item", "show": "show_cart", "remove": "remove_item", "buy": "place_order",
         "list orders": "list_orders", "get order": "get_order", "cancel": "cancel_order"}
"""The steps of a visit, each with its endpoint."""


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_fault_point_is_passed_at_the_same_places_of_both_stores(module: str,
                                                                   store: Store) -> None:
    store.put(2)
    assert store.buy() == 201
    order = f"/api/orders/{store.newest_order()}"
    acts = {
        "product": store.product, "list": lambda: store.ask("GET", "/api/products"),
        "search": store.search, "put": store.put, "show": lambda: store.ask("GET", "/api/cart"),
        "remove": lambda: store.ask("DELETE", "/api/cart/items/1"), "buy": store.buy,
        "list orders": lambda: store.ask("GET", "/api/orders"),
        "get order": lambda: store.ask("GET", order),
        "cancel": lambda: store.ask("POST", f"{order}/cancel"),
    }
    assert store.put(2) == 200  # a cart that a thing is taken out of is not empty afterwards
    passed = set()
    with store.broken(module, "slow", delay_ms=1) as acting:
        for step in STEPS:
            before = store.chances()
            assert acts[step]() in (200, 201), step
            assert store.chances() - before in (0, 1), step
            passed |= {step} if store.chances() > before else set()
    assert passed == {step for step, endpoint in STEPS.items()
                      if reaches(module, "slow", endpoint, Place())}, "as the oracle has it"
    assert passed
    assert acting.fired == acting.chances == len(passed)


def test_burn_takes_cpu_time_and_blocks_who_runs_beside_it(store: Store) -> None:
    def used_s() -> float:
        return sum(sum(member.cpu_times()[:2])
                   for key in store.site.replicas_of("search")
                   for member in family(store.stack.processes[key].pid))

    store.search()
    before_s = used_s()
    with store.broken("search", "burn", delay_ms=150) as acting:
        assert [store.search() for _ in range(4)] == [200] * 4
    assert acting.fired == acting.chances == 4
    assert used_s() - before_s >= 4 * 0.15


def test_a_leak_grows_by_the_call_and_is_given_back(store: Store) -> None:
    def size_mb() -> float:
        return sum(member.memory_info().rss for key in store.site.replicas_of("search")
                   for member in family(store.stack.processes[key].pid)) / 2**20

    store.search()
    before_mb = size_mb()
    with store.broken("search", "leak", leak_mb=40) as acting:
        assert [store.search() for _ in range(3)] == [200] * 3
        assert size_mb() - before_mb >= 115
    assert acting.fired == 3
    assert eventually(lambda: size_mb() - before_mb < 30)


def test_a_leak_ends_a_process_at_the_memory_budget(store: Store) -> None:
    usage = store.stack.group.usage()
    store.stack.set_budget(Budget(memory_mb=2_000))
    if usage is None or not any("memory" in said for said in store.stack.group.enforced):
        pytest.skip("no memory budget is enforced on this machine")
    kills = store.stack.group.oom_kills()
    try:
        store.stack.set_budget(Budget(memory_mb=int(usage.memory_bytes / 2**20) + 300))
        with store.broken("search", "leak", leak_mb=100) as acting:
            assert eventually(lambda: store.search() not in (200, 429)
                              or store.stack.group.oom_kills() > kills)
        assert acting.fired >= 1
        assert store.stack.group.oom_kills() > kills
    finally:
        store.stack.set_budget(Budget())
    assert eventually(lambda: store.search() == 200)


def test_poison_kills_by_the_same_requests_each_time(store: Store) -> None:
    doses = [number for number in range(1, 61) if is_poisonous(SEED, number, 0.1)]
    bad, good = doses[0], next(n for n in range(1, 61) if n not in doses)
    with store.broken("catalog", "poison", dose=0.1) as acting:
        for _ in range(2):
            assert eventually(lambda: store.product(good) == 200)
            assert dies_of(store, bad)
            assert eventually(lambda: store.product(good) == 200)
    assert acting.fired >= 2
    assert acting.chances > acting.fired


def dies_of(store: Store, product: int) -> bool:
    """Ask until a process has met it; no answer is a right one."""
    acted = store.acted()
    return eventually(lambda: store.product(product) != 200 and store.acted() > acted)


def test_a_pool_that_is_kept_starves_whoever_shares_it(store: Store) -> None:
    with store.broken("search", "pool", connections=2) as acting, ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: store.search(), range(12)))
        assert store.search() == 503
        shared = list(pool.map(lambda _: store.product(), range(6)))
    assert set(shared) == ({503} if store.name == "monolith" else {200})
    assert acting.chances >= 12
    assert acting.fired == 3 * len(store.site.replicas_of("search"))  # each has three to keep
    assert eventually(lambda: store.search() == 200)


def test_a_dose_is_the_same_in_both_stores(stores: list[Store]) -> None:
    found = []
    for store in stores:
        with store.broken("search", "error", dose=0.4) as acting:
            said = [store.search() for _ in range(40)]
        assert said.count(500) == acting.fired
        found.append((acting.fired, acting.chances))
    assert found[0] == found[1]
    assert found[0][1] == 40


def test_a_hang_lasts_as_long_as_the_fault(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.broken("search", "hang") as acting:
            asked = pool.submit(store.search)
            time.sleep(0.4)
            assert not asked.done()
        assert asked.result(10) == 200
    assert acting.fired == 1


def test_a_crash_ends_each_process_that_meets_it(store: Store) -> None:
    keys = store.site.replicas_of("payments")
    before = {store.stack.processes[key].pid for key in keys}
    store.put()
    with store.broken("payments", "crash") as acting:
        assert store.buy() in (0, 502, 503)
    assert acting.fired >= 1
    assert before != {store.stack.processes[key].pid for key in keys}
    assert all(psutil.pid_exists(store.stack.processes[key].pid) for key in keys)
