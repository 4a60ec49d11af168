"""Faults around a module: of processes, databases, the bank, and the ways between them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import psycopg
import pytest

from lab.faults.link import LinkBroken
from lab.faults.lock import TablesLocked
from lab.faults.site import FaultError, Site
from lab.faults.timeline import action, applies
from lab.scenario import FaultKeys
from tests.lab.faults.conftest import Store, eventually


def keys(module: str, kind: str, **more: float) -> FaultKeys:
    return FaultKeys.model_validate({"module": module, "kind": kind, **more})


def test_a_killed_replica_is_started_again(store: Store) -> None:
    replicas = store.site.replicas_of("catalog")
    before = [store.stack.processes[key].pid for key in replicas]
    with store.broken("catalog", "replica_kill") as acting:
        assert acting.fired == 1
        assert sum(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"
                   for pid in before) == len(before) - 1
    after = [store.stack.processes[key].pid for key in replicas]
    assert len(set(before) & set(after)) == len(before) - 1


def test_a_frozen_replica_leaves_the_balancer_and_comes_back(stores: list[Store]) -> None:
    def freeze(store: Store) -> None:
        with store.broken("catalog", "replica_freeze") as acting:
            assert acting.fired == 1
            assert eventually(lambda: all(
                store.ask("GET", "/api/products/1", patience_s=0.5) == 200 for _ in range(8)))
        assert not any(member.status() == psutil.STATUS_STOPPED
                       for process in store.stack.processes.values()
                       for member in psutil.Process(process.pid).children(recursive=True))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(freeze, stores))


def test_a_database_that_is_down_stays_down_and_comes_back_with_its_data(store: Store) -> None:
    store.put()
    assert store.buy() == 201
    order = store.newest_order()
    with store.broken("database", "down") as acting:
        assert acting.fired == acting.chances == 1
        time.sleep(0.6)  # longer than the platform's delay
        assert store.product() == 503
    assert store.newest_order() == order


def test_a_lock_holds_up_its_module_and_is_let_go(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool, store.broken("catalog", "database_lock") as acting:
        assert isinstance(acting, TablesLocked)
        asked = pool.submit(store.product)
        assert eventually(lambda: acting.waiters() > 0, 5)
        assert store.ask("GET", "/api/orders") == 200
        acting.clear()
        assert asked.result(10) == 200
    with psycopg.connect(store.site.database_url("catalog")) as session:
        [left] = session.execute("SELECT count(*) FROM pg_stat_activity "
                                 "WHERE application_name = 'twinstore-fault'").fetchall()
    assert left == (0,)


def test_a_bank_that_is_down_refuses_and_keeps_its_books(store: Store) -> None:
    store.put()
    assert store.buy() == 201
    before = store.site.deployment.bank_ledger()
    store.put()
    with store.broken("bank", "down"):
        assert store.buy() == 503
        assert store.product() == 200
    assert store.site.deployment.bank_ledger()[:len(before)] == before
    store.put()
    assert store.buy() == 201


@pytest.mark.parametrize("kind", ["network_cut", "network_drop"])
def test_a_way_to_a_service_that_is_broken_hits_who_calls_it(kind: str,
                                                             stores: list[Store]) -> None:
    monolith, services = stores
    assert not applies(monolith.site, keys("catalog", kind))
    services.put()
    with services.broken("catalog", kind) as acting:
        assert acting.fired == acting.chances == 1
        assert services.ask("GET", "/api/cart") == 503
        assert services.product() == 200  # from outside the way is another
    assert eventually(lambda: services.ask("GET", "/api/cart") == 200)


@pytest.mark.parametrize(("module", "act"), [("bank", "buy"), ("database", "product")])
def test_a_way_out_of_the_store_can_be_cut_and_delayed(module: str, act: str,
                                                       store: Store) -> None:
    store.put()
    do = {"buy": store.buy, "product": store.product}[act]
    with store.broken(module, "network_cut") as acting:
        assert acting.fired == 1
        assert do() == 503
    # Connections that were cut are found out one by one, and replicas come back to the balancer.
    assert eventually(lambda: all(store.put() == 200 for _ in range(8)))
    assert eventually(lambda: all(store.product() == 200 for _ in range(8)))
    with store.broken(module, "network_delay", delay_ms=60) as acting:
        began = time.monotonic()
        assert do() in (200, 201)
        assert time.monotonic() - began >= 0.12
    assert acting.fired >= 2


def test_a_store_without_relays_says_that_its_ways_can_not_be_broken(stores: list[Store]) -> None:
    class Unrelayed:
        topology = replace(stores[1].stack.topology, breakable=False)
        relay = outer = None
        hop_ms = 0.0

    site = Site(stores[1].site.deployment, Unrelayed(), 1)  # type: ignore[arg-type]
    for module in ("catalog", "bank"):
        with pytest.raises(FaultError, match="breakable"):
            action(site, keys(module, "network_cut"))
    assert isinstance(action(stores[1].site, keys("catalog", "network_cut")), LinkBroken)
