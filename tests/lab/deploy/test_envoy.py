"""Envoy with the generated configuration, in front of a small server that echoes."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3

from contract.endpoints import ENDPOINTS
from contract.errors import PROBLEM_MEDIA_TYPE, Problem
from contract.http import MAX_BODY_BYTES
from contract.posture import Posture
from lab.deploy import envoy
from lab.deploy.ports import HOST, free_ports
from lab.deploy.processes import Process, await_true, start
from lab.topology import SERVICES


class Echo(BaseHTTPRequestHandler):
    """Answers with what it saw.  `X-Delay`: seconds to wait; `X-Hang-Up`: answers nothing."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        received = len(self.rfile.read(length))
        if "X-Hang-Up" in self.headers:
            self.close_connection = True
            return
        time.sleep(float(self.headers.get("X-Delay", 0)))
        body = json.dumps({
            "port": self.server.server_address[1], "path": self.path, "received": received,
            "headers": {name.lower(): value for name, value in self.headers.items()},
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Work", "calls=3;statements=5;rows=21")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@dataclass
class Proxied:
    """Envoy, and the server of each service behind it."""

    edge: str
    internal: dict[str, str]
    servers: dict[str, ThreadingHTTPServer]
    process: Process
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def ask(self, method: str, path: str, *, base: str | None = None, body: bytes | None = None,
            **headers: str) -> urllib3.BaseHTTPResponse:
        return self.http.request(method, (base or self.edge) + path, body=body, timeout=15,
                                 headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("envoy")
    servers = {name: ThreadingHTTPServer((HOST, 0), Echo) for name in SERVICES}
    for server in servers.values():
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    edge, *internal = free_ports(1 + len(SERVICES))
    proxy = envoy.Proxy(
        edge, tuple(envoy.Cluster(name, (server.server_address[1],))
                    for name, server in servers.items()),
        {name: name for name in SERVICES}, dict(zip(SERVICES, internal, strict=True)))
    process = begin(folder, proxy)
    urls = {name: f"http://{HOST}:{port}" for name, port in proxy.internal.items()}
    yield (made := Proxied(f"http://{HOST}:{edge}", urls, servers, process))
    made.http.clear()
    process.stop()
    for server in servers.values():
        server.shutdown()
        server.server_close()


def begin(folder: Path, proxy: envoy.Proxy) -> Process:
    config = folder / f"envoy-{proxy.edge_port}.json"
    config.write_text(json.dumps(envoy.configuration(proxy)))
    process = start(envoy.command(config, proxy.edge_port, {}), folder, lambda _: None,
                    lambda *_: None)

    def answers() -> bool:
        try:
            urllib3.request("GET", f"http://{HOST}:{proxy.edge_port}/livez", timeout=2,
                            retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return True

    await_true(process, answers, 15)
    return process


def problem(answer: urllib3.BaseHTTPResponse, status: int, code: str) -> Problem:
    assert answer.status == status, answer.data
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    found = Problem.model_validate_json(answer.data)
    assert (found.status, found.code) == (status, code)
    return found


def test_every_endpoint_reaches_the_service_of_its_domain(proxied: Proxied) -> None:
    for endpoint in ENDPOINTS:
        path = endpoint.path.format(product_id=7, order_id=uuid.uuid4(), payment_id=uuid.uuid4())
        answer = proxied.ask(endpoint.method, path)
        assert answer.status == 200, endpoint.name
        port = proxied.servers[endpoint.domain].server_address[1]
        assert answer.json()["port"] == port, endpoint.name


def test_queries_do_not_change_the_route(proxied: Proxied) -> None:
    assert proxied.ask("GET", "/api/search?q=lamp&page=2").json()["path"] == (
        "/api/search?q=lamp&page=2")


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui.css", "/openapi.json"])
def test_documentation_is_the_storefronts(proxied: Proxied, path: str) -> None:
    port = proxied.servers["storefront"].server_address[1]
    assert proxied.ask("GET", path).json()["port"] == port


@pytest.mark.parametrize("path", [
    "/internal/reserve_stock", "/internal", "/", "/api", "/api/products/", "/api/products/7/x",
    "/api/products/../../internal/reserve_stock", "/livez/",
])
def test_the_edge_refuses_what_is_no_endpoint(proxied: Proxied, path: str) -> None:
    answer = proxied.ask("POST", path, X_Request_ID="my-id")
    assert problem(answer, 404, "route_not_found").request_id == "my-id"
    assert answer.headers["x-request-id"] == "my-id"


def test_internal_listeners_reach_their_service_with_the_token(proxied: Proxied) -> None:
    for name, url in proxied.internal.items():
        seen = proxied.ask("POST", "/internal/x", base=url, X_Service_Token="t").json()
        assert seen["port"] == proxied.servers[name].server_address[1]
        assert seen["headers"]["x-service-token"] == "t"


def test_internal_headers_from_outside_are_removed(proxied: Proxied) -> None:
    answer = proxied.ask("GET", "/api/products", X_Service_Token="t", X_Work="calls=9")
    assert not {"x-service-token", "x-work"} & set(answer.json()["headers"])
    assert answer.headers["x-work"] == "calls=3;statements=5;rows=21"


def test_a_client_can_not_change_deadlines_or_retries(proxied: Proxied) -> None:
    answer = proxied.ask("GET", "/api/products", x_envoy_upstream_rq_timeout_ms="50",
                         x_envoy_retry_on="5xx", X_Delay="0.3")
    assert answer.status == 200


def test_a_sent_request_id_passes_unchanged(proxied: Proxied) -> None:
    for sent in ("a.b-c_d", str(uuid.uuid4()), uuid.uuid4().hex):
        seen = proxied.ask("GET", "/api/products", X_Request_ID=sent).json()["headers"]
        assert seen["x-request-id"] == sent


def test_an_answer_of_the_proxy_has_a_request_id_when_none_was_sent(proxied: Proxied) -> None:
    answer = proxied.ask("GET", "/nothing/here")
    assert answer.headers["x-request-id"] == problem(answer, 404, "route_not_found").request_id


def test_a_body_of_exactly_one_mebibyte_passes(proxied: Proxied) -> None:
    answer = proxied.ask("POST", "/api/orders", body=b"x" * MAX_BODY_BYTES)
    assert answer.json()["received"] == MAX_BODY_BYTES


def test_a_larger_body_is_refused_in_the_contracts_words(proxied: Proxied) -> None:
    answer = proxied.ask("POST", "/api/orders", body=b"x" * (MAX_BODY_BYTES + 1), X_Request_ID="b")
    assert problem(answer, 413, "body_too_large").request_id == "b"


def test_a_broken_answer_is_a_503_problem(proxied: Proxied) -> None:
    answer = proxied.ask("GET", "/api/products", X_Hang_Up="1", X_Request_ID="c")
    assert problem(answer, 503, "upstream_unavailable").request_id == "c"


def test_what_is_not_http_gets_a_problem_with_the_right_status(proxied: Proxied) -> None:
    port = int(proxied.edge.rsplit(":", 1)[1])
    with socket.create_connection((HOST, port), timeout=5) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n")
        head, _, body = client.recv(10_000).partition(b"\r\n\r\n")
    status = int(head.split()[1])
    assert status == 431
    assert Problem.model_validate_json(body).status == status


def test_no_answer_in_time_is_a_504_problem(tmp_path: Path) -> None:
    server = ThreadingHTTPServer((HOST, 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port = free_ports(1)[0]
    only = envoy.Cluster("monolith", (server.server_address[1],))
    process = begin(tmp_path, envoy.Proxy(
        port, (only,), dict.fromkeys(SERVICES, "monolith"), {}, Posture(edge_deadline_s=1)))
    answer = urllib3.request("GET", f"http://{HOST}:{port}/api/products", timeout=10,
                             headers={"X-Delay": "1.5", "X-Request-ID": "slow"}, retries=False)
    assert problem(answer, 504, "upstream_timeout").request_id == "slow"
    process.stop()
    server.shutdown()
    server.server_close()


def test_load_goes_around_a_replica_that_is_gone(tmp_path: Path) -> None:
    dead, port = free_ports(2)
    server = ThreadingHTTPServer((HOST, 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    cluster = envoy.Cluster("monolith", (dead, server.server_address[1]))
    process = begin(tmp_path, envoy.Proxy(port, (cluster,),
                                          dict.fromkeys(SERVICES, "monolith"), {}))
    statuses = {urllib3.request("GET", f"http://{HOST}:{port}/api/products", timeout=5,
                                retries=False).status for _ in range(20)}
    assert statuses == {200}
    process.stop()
    server.shutdown()
    server.server_close()
