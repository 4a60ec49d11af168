"""Pools of real processes: exhausted, under steady load, restarted, gone."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import psycopg
import pytest
import urllib3

from contract.faults import Armed
from contract.instruments import METRICS_ENV, PoolCounts
from lab.deploy.deployment import Deployment
from lab.deploy.ports import HOST
from lab.deploy.stack import Stack
from lab.pools import Replica, between, read_pools
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import SERVICES, Deployable, Topology

MONOLITH = Topology("monolith", "monolith", (Deployable("monolith", 1, 6, 2),))
MICROSERVICES = Topology("microservices", "microservices", tuple(
    Deployable(name, 2 if name == "catalog" else 1, db_connections=3) for name in SERVICES))


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("run")
    with Deployment(folder, PlatformKeys(restart_delay_s=0.2),
                    DataKeys(products=60, customers=10)) as made:
        yield made


@pytest.fixture(scope="module")
def stack(deployment: Deployment) -> Stack:
    return deployment.start(MONOLITH)


@pytest.fixture(scope="module")
def services(deployment: Deployment) -> Stack:
    return deployment.start(MICROSERVICES)


def own_url(stack: Stack, part: str, path: str) -> str:
    """A process's own address, past the proxy."""
    return f"http://{HOST}:{stack.processes[part, 0].command.port}{path}"


def closed_loop(url: str, clients: int, go_on: Callable[[], bool]) -> list[float]:
    """Ask again and again; return how long each answer took."""
    took: list[float] = []

    def ask() -> None:
        http = urllib3.PoolManager(retries=False)
        while go_on():
            began = time.perf_counter()
            assert http.request("GET", url, timeout=10).status == 200
            took.append(time.perf_counter() - began)
        http.clear()

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def test_an_exhausted_pool_of_connections_is_full_and_waited_for(stack: Stack) -> None:
    """Besides five visitors, the proxy's health check and the resumer want a connection."""
    before, began = read_pools(stack), time.perf_counter()
    with psycopg.connect(stack.database_urls["monolith"]) as lock:
        lock.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        clients = [threading.Thread(target=closed_loop, args=(
            own_url(stack, "monolith", "/api/products/7"), 1, iter([True, False]).__next__))
            for _ in range(5)]
        for client in clients:
            client.start()
        time.sleep(1.0)
        during, seconds = read_pools(stack), time.perf_counter() - began
    for client in clients:
        client.join()
    use = between(before, during, seconds)
    connections, threads = use["monolith/connections"], use["monolith/threads"]
    assert connections.size == 2
    assert connections.busy_mean == pytest.approx(2, rel=0.15)
    assert 3 <= connections.waited <= 7
    assert connections.wait_s >= 2.5
    assert threads.size == 6
    assert 4.5 <= threads.busy_mean <= 6
    after = between(during, read_pools(stack), seconds)["monolith/connections"]
    assert after.taken >= 3
    assert after.wait_s < 1


def test_littles_law_holds_on_a_steady_load(deployment: Deployment, stack: Stack) -> None:
    """Visitors see a little more than a thread is held: next to the delay it is nothing."""
    deployment.board.arm(Armed("catalog", "slow", 1.0, delay_ms=300))
    try:
        end = time.perf_counter() + 4.0
        before, began = read_pools(stack), time.perf_counter()
        took = closed_loop(own_url(stack, "monolith", "/api/products/7"), 4,
                           lambda: time.perf_counter() < end)
        after, seconds = read_pools(stack), time.perf_counter() - began
    finally:
        deployment.board.clear()
    threads = between(before, after, seconds)["monolith/threads"]
    throughput = len(took) / seconds
    assert 0 <= threads.taken - len(took) <= 8, "the proxy asks for health once a second"
    assert threads.busy_mean == pytest.approx(throughput * statistics.fmean(took), rel=0.1)
    assert threads.waited == 0


def test_a_store_whose_threads_all_hang_is_still_readable(deployment: Deployment,
                                                          stack: Stack) -> None:
    before, began = read_pools(stack), time.perf_counter()
    deployment.board.arm(Armed("catalog", "hang"))
    clients = [threading.Thread(target=closed_loop, args=(
        own_url(stack, "monolith", "/api/products/7"), 1, iter([True, False]).__next__))
        for _ in range(6)]
    for client in clients:
        client.start()
    time.sleep(0.5)
    during, seconds = read_pools(stack), time.perf_counter() - began
    deployment.board.clear()
    for client in clients:
        client.join()
    assert between(before, during, seconds)["monolith/threads"].busy_mean == pytest.approx(
        6, rel=0.3)


def test_every_service_with_a_database_has_a_pool_with_its_replicas_summed(
        services: Stack) -> None:
    before, began = read_pools(services), time.perf_counter()
    for _ in range(40):
        answer = urllib3.request("GET", f"{services.base_url}/api/products/7", timeout=5)
        assert answer.status == 200
    use = between(before, read_pools(services), time.perf_counter() - began)
    assert set(use) == {f"{name}/connections" for name in SERVICES if name != "storefront"}
    assert (use["catalog/connections"].size, use["orders/connections"].size) == (6, 3)
    assert 40 <= use["catalog/connections"].taken < 80
    assert set(read_pools(services)["catalog/connections"]) == {0, 1}


def test_metrics_are_not_served_where_visitors_and_services_ask(stack: Stack,
                                                                services: Stack) -> None:
    for one in (stack, services):
        urls = [one.base_url, *(f"http://{HOST}:{process.command.port}"
                                for process in one.processes.values()
                                if METRICS_ENV in process.command.environ)]
        for url in urls:
            assert urllib3.request("GET", f"{url}/metrics", timeout=5).status == 404


def test_a_restarted_process_counts_from_its_beginning(services: Stack) -> None:
    path = "/api/products/7"
    for _ in range(30):
        urllib3.request("GET", own_url(services, "catalog", path), timeout=5)
    before, began = read_pools(services), time.perf_counter()
    process = services.processes["catalog", 0]
    for member in (*psutil.Process(process.pid).children(recursive=True), process):
        psutil.Process(member.pid).kill()
    gone = read_pools(services)
    assert set(gone.get("catalog/connections", {})) <= {1}
    assert wait_until(lambda: 0 in read_pools(services).get("catalog/connections", {}))
    for _ in range(3):
        urllib3.request("GET", own_url(services, "catalog", path), timeout=5)
    use = between(before, read_pools(services), time.perf_counter() - began)
    catalog = use["catalog/connections"]
    assert catalog.size == 6
    assert 3 <= catalog.taken < 60
    assert catalog.busy_mean >= 0


def test_what_can_not_be_known_is_left_out() -> None:
    counts = PoolCounts(4, 8.0, 100, 5, 2.5)
    later = PoolCounts(4, 9.0, 130, 6, 2.5)
    old, now = Replica(50.0, 100.0, counts), Replica(50.0, 110.0, later)
    restarted = Replica(105.0, 110.0, later)
    seen_once = Replica(20.0, 110.0, later)
    known = between({"a/threads": {0: old, 1: old}},
                    {"a/threads": {0: now, 1: restarted, 2: seen_once}, "b/threads": {}}, 10.0)
    assert set(known) == {"a/threads"}
    use = known["a/threads"]
    assert (use.size, use.taken, use.waited, use.wait_s) == (8, 30 + 130, 1 + 6, 2.5)
    assert use.busy_mean == pytest.approx((1.0 + 9.0) / 10.0)


def wait_until(is_true: Callable[[], bool], patience_s: float = 20.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.05)
    return False
