"""Variants of both stores, with real parts: several of everything, and a distance in between."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
import urllib3

from contract import seed
from contract.tokens import Principal, issue, load_private_key
from lab.audit.auditor import audit
from lab.audit.books import Acknowledged, read_books, read_received
from lab.deploy.deployment import Deployment
from lab.deploy.distance import DistanceError, tolerance_ms
from lab.deploy.relay import RelayError
from lab.deploy.stack import Stack
from lab.deploy.supervisor import StackEvent
from lab.gate import await_ready
from lab.pools import read_pools
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import SERVICES, Budget, Deployable, Topology
from lab.verify import digest_of, smoke

MONOLITH = Topology("monolith", "monolith", (Deployable("monolith", 1, 6, 12),), relayed=True)
MICROSERVICES = Topology("microservices", "microservices",
                         tuple(Deployable(name) for name in SERVICES), relayed=True)
DATA = DataKeys(products=60, customers=30)
REST_S = 40.0
"""A lease of 7 s, a restart, and patience for a busy machine."""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("run")
    with Deployment(folder, PlatformKeys(restart_delay_s=0.2), DATA) as made:
        yield made


@pytest.fixture(scope="module")
def monolith(deployment: Deployment) -> Stack:
    return deployment.start(MONOLITH.with_replicas(3))


@pytest.fixture(scope="module")
def services(deployment: Deployment) -> Stack:
    return deployment.start(MICROSERVICES.with_replicas(2))


@pytest.fixture(params=["monolith", "services"])
def stack(request: pytest.FixtureRequest, deployment: Deployment) -> Stack:
    found: Stack = request.getfixturevalue(request.param)
    found.restore()
    deployment.reset_bank()
    await_ready(found, deployment.logs)
    return found


def wait_until(is_true: Callable[[], bool], patience_s: float = 20.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.05)
    return False


def ask(stack: Stack, method: str, path: str, body: object = None,
        **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, stack.base_url + path, json=body, timeout=15, retries=False,
                           headers={name.replace("_", "-"): v for name, v in headers.items()})


class Buyer:
    """A seed customer with a full cart and one checkout to make."""

    def __init__(self, deployment: Deployment, stack: Stack, number: int,
                 card: str = "tok_approve", quantity: int = 2) -> None:
        key = load_private_key(deployment.signing_key_pem)
        self.stack, self.card = stack, card
        self.headers = {"Authorization": f"Bearer {issue(Principal(number, 'customer'), key)[0]}"}
        self.key = str(uuid.uuid4())
        put = ask(stack, "PUT", "/api/cart/items/7", {"quantity": quantity}, **self.headers)
        assert put.status == 200, put.data

    def check_out(self) -> urllib3.BaseHTTPResponse | None:
        """Check out; None when no answer came."""
        try:
            return ask(self.stack, "POST", "/api/orders", {"card_token": self.card},
                       Idempotency_Key=self.key, **self.headers)
        except urllib3.exceptions.HTTPError:
            return None


def violations(deployment: Deployment, stack: Stack, acknowledged: set[str]) -> dict[str, str]:
    """What the auditor finds once the store has come to rest."""
    received = read_received(stack.database_urls)
    audited = audit(lambda: read_books(stack.database_urls, deployment.bank_ledger(),
                                       received, Acknowledged(frozenset(acknowledged))), REST_S)
    return {finding.invariant: finding.detail for finding in audited.findings
            if finding.violations}


def test_a_topology_with_replicas_shares_what_one_had() -> None:
    thrice = MONOLITH.with_replicas(3)
    assert thrice.deployables == (Deployable("monolith", 3, 2, 4),)
    twice = MICROSERVICES.with_replicas(2)
    assert {(d.replicas, d.threads, d.db_connections) for d in twice.deployables} == {(2, 1, 2)}
    assert twice.with_replicas(2) == MICROSERVICES.with_replicas(4)
    assert MONOLITH.with_replicas(1) == MONOLITH


def test_one_program_alone_can_have_replicas() -> None:
    twice = MICROSERVICES.with_replicas(2, "search")
    assert {d.name: (d.replicas, d.db_connections) for d in twice.deployables
            if d.replicas > 1} == {"search": (2, 2)}
    assert [d for d in twice.deployables if d.name != "search"] == [
        d for d in MICROSERVICES.deployables if d.name != "search"]
    with pytest.raises(ValueError, match="has no program search"):
        MONOLITH.with_replicas(2, "search")


def test_a_replica_has_at_least_two_threads_and_a_connection() -> None:
    assert MONOLITH.with_replicas(16).deployables == (Deployable("monolith", 16, 2, 1),)
    assert Topology("one", "monolith", (Deployable("monolith", 1, 1, 1),)).with_replicas(
        2).deployables == (Deployable("monolith", 2, 1, 1),)
    with pytest.raises(ValueError, match="0 replicas"):
        MONOLITH.with_replicas(0)


def test_the_description_states_replicas_and_totals(monolith: Stack, services: Stack) -> None:
    described = monolith.describe()
    assert described["deployables"] == {
        "monolith": {"replicas": 3, "threads": 2, "db_connections": 4}}
    assert (described["db_connections"], described["processes"]) == (12, 5)
    assert described["entry_points"] == ["monolith.app:create_app"]
    described = services.describe()
    assert (described["db_connections"], described["processes"]) == (24, 16)
    assert described["entry_points"] == sorted(
        f"microservices.{name}.app:create_app" for name in described["deployables"])
    assert set(described["settings"]) == set(described["deployables"])


def test_the_contract_holds_and_restore_brings_back_the_seed(stack: Stack) -> None:
    assert smoke(stack.base_url) == []
    stack.restore()
    expected = seed.digest(seed.generate(DATA.seed, DATA.products, DATA.customers))
    assert digest_of(stack.database_urls) == expected


def test_requests_reach_every_replica(stack: Stack, deployment: Deployment) -> None:
    """Every pool of every replica is used, the storefront excepted: it has none."""
    before = read_pools(stack)
    for number in range(2, 14):
        Buyer(deployment, stack, number).check_out()
        for path in ("/api/products/7", "/api/search?q=a", "/api/products", "/api/categories"):
            assert ask(stack, "GET", path).status == 200

    def unused() -> list[tuple[str, int]]:
        return [(pool, replica) for pool, replicas in read_pools(stack).items()
                for replica, now in replicas.items()
                if now.counts.taken == before[pool][replica].counts.taken]

    wait_until(lambda: not unused())  # accounts are asked by the balancer's probes alone
    assert unused() == []


def test_the_same_checkout_sent_to_all_replicas_at_once_is_one_order(
        stack: Stack, deployment: Deployment) -> None:
    buyers = [Buyer(deployment, stack, number) for number in range(2, 6)]
    with ThreadPoolExecutor(len(buyers) * 4) as pool:
        answers = list(pool.map(Buyer.check_out, buyers * 4))
    seen = [(answer.status, answer.json().get("code")) if answer else None for answer in answers]
    assert set(seen) <= {(201, None), (409, "checkout_in_progress")}
    orders = {answer.json()["id"] for answer in answers if answer and answer.status == 201}
    assert len(orders) == len(buyers)
    captured = [entry.key for entry in deployment.bank_ledger() if entry.kind == "capture"]
    assert len(captured) == len(buyers)
    assert violations(deployment, stack, orders) == {}


def test_a_broken_checkout_is_finished_by_one_of_the_replicas(
        stack: Stack, deployment: Deployment) -> None:
    """All who drive checkouts die in the middle; all who come back look for what was left."""
    part = "monolith" if stack.topology.store == "monolith" else "orders"
    buyers = [Buyer(deployment, stack, number, "tok_slow") for number in range(8, 12)]
    with ThreadPoolExecutor(len(buyers)) as pool:
        answers = pool.map(Buyer.check_out, buyers)
        # On a busy machine the first may be done before the last has begun.
        assert wait_until(lambda: pending_payments(stack) > 1)
        for (name, _), process in list(stack.processes.items()):
            if name == part:
                kill_family(process.pid)
        placed = {answer.json()["id"] for answer in answers if answer and answer.status == 201}
    assert violations(deployment, stack, placed) == {}
    assert pending_payments(stack) == 0
    for buyer in buyers:
        answer = wait_for_answer(buyer)
        assert answer.status in (201, 503), answer.data


def wait_for_answer(buyer: Buyer) -> urllib3.BaseHTTPResponse:
    """The answer that is kept under the buyer's key."""
    found: list[urllib3.BaseHTTPResponse] = []

    def is_answered() -> bool:
        answer = buyer.check_out()
        if answer is not None and answer.status in (201, 503) and (
                answer.status == 201 or answer.json()["code"] != "upstream_unavailable"):
            found.append(answer)
        return bool(found)

    assert wait_until(is_answered, REST_S)
    return found[0]


def pending_payments(stack: Stack) -> int:
    url = stack.database_urls.get("payments") or stack.database_urls["monolith"]
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT count(*) FROM payments WHERE status = 'pending'").fetchone()
    assert row
    return int(row[0])


def kill_family(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for member in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()


def test_a_paused_store_uses_no_cpu_and_goes_on(stack: Stack, deployment: Deployment) -> None:
    """No part is missed meanwhile, and what was kept open is usable afterwards."""
    heard: list[StackEvent] = []
    pids = [member.pid for process in stack.processes.values()
            for member in [psutil.Process(process.pid),
                           *psutil.Process(process.pid).children(recursive=True)]]
    with stack.listening(heard.append):
        stack.pause()
        before = cpu_s(pids)
        time.sleep(3)
        used_s = cpu_s(pids) - before
        stack.resume()
        assert wait_until(lambda: ask(stack, "GET", "/readyz").status == 200)
    assert used_s == 0
    assert heard == []
    assert smoke(stack.base_url) == []


def cpu_s(pids: list[int]) -> float:
    """User and system seconds of these processes so far."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(one.user + one.system for one in times)


@pytest.mark.parametrize("hop_ms", [0, 0.5, 2, 10])
def test_a_distance_is_what_was_asked_for(services: Stack, hop_ms: float) -> None:
    assert services.set_hop_ms(hop_ms)
    assert services.measure_hop_ms() == pytest.approx(hop_ms, abs=tolerance_ms(hop_ms))
    services.set_hop_ms(0)


def test_a_distance_that_does_not_act_is_noticed(services: Stack) -> None:
    """A service is reached around the relay: as a peer with the wrong address would be."""
    assert services.relay
    services.set_hop_ms(2)
    around = services.relay.targets["cart"]
    right, services.relay.ports["cart"] = services.relay.ports["cart"], around
    try:
        with pytest.raises(DistanceError, match=r"cart answered after .* does not act"):
            services.measure_hop_ms()
    finally:
        services.relay.ports["cart"] = right
        services.set_hop_ms(0)


def test_a_distance_stands_on_every_call_between_services(services: Stack) -> None:
    """To be ready the storefront asks all the others, side by side: one distance each way."""
    assert services.relay
    services.set_hop_ms(40)
    before = services.relay.read().delivered_bytes
    began = time.monotonic()
    assert ask(services, "GET", "/readyz").status == 200
    took_s = time.monotonic() - began
    use = services.relay.read()
    services.set_hop_ms(0)
    assert took_s >= 0.08
    assert all(use.delivered_bytes[name] > before[name] for name in SERVICES[:-1])
    assert sum(count for _, count in use.late) >= 2 * len(SERVICES[:-1])
    assert use.late_share(over_ms=20) < 1


def test_without_calls_there_is_no_distance(monolith: Stack) -> None:
    assert monolith.relay is None
    assert monolith.set_hop_ms(2) is False
    assert monolith.measure_hop_ms() == 0
    assert monolith.describe()["relayed"] is False


def test_a_cut_link_is_an_unavailable_service(services: Stack, deployment: Deployment) -> None:
    assert services.relay
    services.restore()
    deployment.reset_bank()
    assert wait_until(lambda: ask(services, "GET", "/readyz").status == 200)
    buyer = Buyer(deployment, services, 20)
    services.relay.cut("payments")
    answer = buyer.check_out()
    assert answer
    assert (answer.status, answer.json()["code"]) == (503, "dependency_unavailable")
    services.relay.restore("payments")
    again = Buyer(deployment, services, 21).check_out()
    assert again
    assert again.status == 201
    assert violations(deployment, services, {again.json()["id"]}) == {}


def test_a_stopped_stack_leaves_nothing_and_the_others_run(deployment: Deployment,
                                                           monolith: Stack) -> None:
    again = deployment.start(MONOLITH, Budget(0.5, 1024))
    pids = [process.pid for process in again.processes.values()]
    private, logs = again.private_folder, deployment.logs
    groups = list(Path("/sys/fs/cgroup").glob(f"*/**/{private.name}"))
    deployment.stop(again)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not private.exists()
    assert not any(path.exists() for path in groups)
    assert (logs / "monolith-2" / "monolith-0.log").exists()
    assert smoke(monolith.base_url) == []


def test_an_unplanned_end_of_the_relay_is_told(services: Stack) -> None:
    """The last test of the module: it is not started again."""
    heard: list[StackEvent] = []
    assert services.relay
    with services.listening(heard.append):
        psutil.Process(services.relay.pid).kill()
        assert wait_until(lambda: StackEvent("relay", 0, "exit", "code -9") in heard)
    with pytest.raises(RelayError, match=r"ended|gone"):
        services.set_hop_ms(1)
