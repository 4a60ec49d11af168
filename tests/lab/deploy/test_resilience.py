"""Each mechanism of the resilient posture, in a real Envoy before a server that counts."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3

from contract.errors import Problem
from contract.posture import RAW, RESILIENT, Posture
from lab.deploy import envoy
from lab.deploy.admin import ask as ask_proxy
from lab.deploy.ports import HOST, free_ports
from lab.deploy.processes import await_true, start
from lab.deploy.resilience import INTERNAL_READS
from lab.topology import SERVICES
from lab.traffic import WANTED, counters_in


class Server(ThreadingHTTPServer):
    """Ready at all times; what else it answers, and how soon, is set by the test."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), Handler)
        self.lock = threading.Lock()
        self.status: Callable[[int], int] = lambda _: 200
        """By the number of the request, from 1."""
        self.delay_s = 0.0
        self.asked = self.at_once = self.most_at_once = 0
        self.headers: list[dict[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = 200 if self.path == "/readyz" else self._count()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _count(self) -> int:
        server = self.server
        with server.lock:
            server.asked += 1
            number = server.asked
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            server.headers.append({k.lower(): v for k, v in self.headers.items()})
        time.sleep(server.delay_s)
        with server.lock:
            server.at_once -= 1
        return server.status(number)


Ask = Callable[..., urllib3.BaseHTTPResponse]


@contextmanager
def proxied(folder: Path, posture: Posture, replicas: int = 1,
            ) -> Iterator[tuple[Ask, list[Server]]]:
    """Envoy before so many servers; `ask(method, path, internal=…)`."""
    servers = [Server() for _ in range(replicas)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    edge, internal = free_ports(2)
    cluster = envoy.Cluster("catalog", tuple(one.server_address[1] for one in servers))
    config = folder / "envoy.json"
    config.write_text(json.dumps(envoy.configuration(envoy.Proxy(
        edge, (cluster,), dict.fromkeys(SERVICES, "catalog"), {"catalog": internal}, posture,
        admin=folder / "admin"))))
    process = start(envoy.command(config, edge, {}), folder, lambda _: None, lambda *_: None)
    http = urllib3.PoolManager(maxsize=100, retries=False)

    def ask(method: str, path: str, *, is_internal: bool = False,
            **given: Any) -> urllib3.BaseHTTPResponse:
        port = internal if is_internal else edge
        return http.request(method, f"http://{HOST}:{port}{path}", timeout=15, **given)

    def is_ready() -> bool:
        try:
            return ask("GET", "/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        await_true(process, is_ready, 15)
        yield ask, servers
    finally:
        http.clear()
        process.stop()
        for server in servers:
            server.shutdown()
            server.server_close()


def ask_at_once(ask: Ask, n: int, method: str, path: str) -> list[urllib3.BaseHTTPResponse]:
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda _: ask(method, path), range(n)))


def fails_first(number: int) -> int:
    return 500 if number == 1 else 200


@pytest.mark.parametrize(("posture", "status", "asked"), [(RAW, 500, 1), (RESILIENT, 200, 2)])
def test_a_read_that_failed_once_is_asked_again(posture: Posture, status: int, asked: int,
                                                tmp_path: Path) -> None:
    with proxied(tmp_path, posture) as (ask, [server]):
        server.status = fails_first
        assert ask("GET", "/api/products").status == status
        assert server.asked == asked


def test_a_try_that_was_not_the_first_is_counted_as_a_retry(tmp_path: Path) -> None:
    with proxied(tmp_path, RESILIENT) as (ask, [server]):
        before = counters_in(ask_proxy(tmp_path / "admin", WANTED) or "")
        server.status = fails_first
        assert ask("GET", "/api/products").status == 200
        after = counters_in(ask_proxy(tmp_path / "admin", WANTED) or "")
        for what, more in [("total", 2), ("retry", 1), ("pending_failure_eject", 0)]:
            key = "cluster", "catalog", what
            assert after[key] - before[key] == more, what


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_that_may_have_acted_is_never_sent_again(method: str, tmp_path: Path) -> None:
    path = {"POST": "/api/orders"}.get(method, "/api/cart/items/7")
    with proxied(tmp_path, RESILIENT) as (ask, [server]):
        server.status = fails_first
        assert ask(method, path, headers={"Idempotency-Key": "k"}).status == 500
        assert server.asked == 1


def test_between_services_only_reads_are_sent_again(tmp_path: Path) -> None:
    with proxied(tmp_path, RESILIENT) as (ask, [server]):
        for path, asked in [(INTERNAL_READS[1], 2), ("/internal/reserve_stock", 1),
                            ("/internal/capture_payment", 1)]:
            server.asked = 0
            server.status = fails_first
            ask("POST", path, is_internal=True)
            assert server.asked == asked, path


def test_retries_stay_within_their_budget(tmp_path: Path) -> None:
    """40 reads under way, all fail: a fifth of them is tried again, not all."""
    with proxied(tmp_path, RESILIENT) as (ask, [server]):
        server.status, server.delay_s = lambda _: 500, 0.5
        assert {one.status for one in ask_at_once(ask, 40, "GET", "/api/products")} == {500}
        assert 40 < server.asked <= 40 * 1.2 + 2


@pytest.mark.parametrize("posture", [RAW, RESILIENT])
def test_a_replica_that_answers_500_leaves_and_one_stays(posture: Posture,
                                                         tmp_path: Path) -> None:
    with proxied(tmp_path, posture, replicas=2) as (ask, [bad, _]):
        bad.status = lambda _: 500
        for _ in range(60):
            ask("POST", "/api/orders")
        before = bad.asked
        seen = Counter(ask("POST", "/api/orders").status for _ in range(30))
        is_out = posture is RESILIENT
        assert (bad.asked == before) == is_out
        assert (seen[500] == 0) == is_out


def test_replicas_that_all_fail_are_not_all_left_out(tmp_path: Path) -> None:
    with proxied(tmp_path, RESILIENT, replicas=2) as (ask, servers):
        for server in servers:
            server.status = lambda _: 500
        assert {ask("POST", "/api/orders").status for _ in range(60)} == {500}


def test_the_only_replica_is_never_left_out(tmp_path: Path) -> None:
    with proxied(tmp_path, replace(RESILIENT, eject_share=1.0)) as (ask, [server]):
        server.status = lambda _: 500
        assert {ask("POST", "/api/orders").status for _ in range(30)} == {500}


@pytest.mark.parametrize("posture", [RAW, replace(RESILIENT, max_requests=8, max_pending=4)])
def test_beyond_the_bounds_requests_are_refused_in_the_contracts_words(
        posture: Posture, tmp_path: Path) -> None:
    with proxied(tmp_path, posture) as (ask, [server]):
        server.delay_s = 1.5
        answers = ask_at_once(ask, 30, "POST", "/api/orders")
        refused = [Problem.model_validate_json(one.data) for one in answers if one.status == 503]
        assert {problem.code for problem in refused} <= {"upstream_unavailable"}
        if posture is RAW:
            assert (len(refused), server.most_at_once) == (0, 30)
        else:
            assert (server.most_at_once, server.asked + len(refused)) == (8, 30)
            assert len(refused) >= 18


def test_a_client_can_not_shorten_a_services_time(tmp_path: Path) -> None:
    with proxied(tmp_path, RESILIENT) as (ask, [server]):
        ask("GET", "/api/products", headers={"X-Deadline-Ms": "1"})
        ask("POST", "/internal/quote_products", is_internal=True, headers={"X-Deadline-Ms": "1"})
        assert ["x-deadline-ms" in headers for headers in server.headers] == [False, True]


def test_deadlines_shrink_from_the_edge_inwards() -> None:
    for posture in (RAW, RESILIENT):
        assert (posture.edge_deadline_s > posture.internal_deadline_s > posture.peer_deadline_s
                > posture.bank_deadline_s > 2)  # the bank's slow card takes 2 s
    assert RESILIENT.request_s
    assert RESILIENT.edge_deadline_s > RESILIENT.request_s > RESILIENT.internal_deadline_s
