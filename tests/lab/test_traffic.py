"""Bytes and tries through the proxy: what Envoy counts is what went over the socket."""

from __future__ import annotations

import json
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import urllib3

from contract.run_record import PartTraffic
from lab.deploy.admin import UnixConnection, admin_socket
from lab.deploy.deployment import Deployment
from lab.deploy.ports import HOST
from lab.deploy.stack import Stack
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import SERVICES, Deployable, Topology
from lab.traffic import (
    TrafficReading,
    counters_in,
    read_traffic,
    traffic_between,
)
from lab.verify import smoke

MONOLITH = Topology("monolith", "monolith", (Deployable("monolith", 1, 6, 2),))
MICROSERVICES = Topology("microservices", "microservices", tuple(
    Deployable(name, db_connections=3) for name in SERVICES))
HEADS = 600
"""More than all heads of one request, or of one answer, have."""
TEXT = """\
cluster.cart.upstream_cx_rx_bytes_total: 5000
cluster.cart.upstream_cx_tx_bytes_total: 700
cluster.cart.upstream_cx_rx_bytes_buffered: 77
cluster.cart.upstream_rq_total: 90
cluster.cart.upstream_rq_pending_failure_eject: 12
cluster.cart.upstream_rq_retry: 17
cluster.cart.upstream_rq_retry_success: 5
cluster.cart.internal.upstream_rq_503: 3
cluster.storefront.upstream_cx_rx_bytes_total: 10
cluster.storefront.upstream_cx_tx_bytes_total: 20
http.admin.downstream_cx_rx_bytes_total: 999
http.edge.downstream_cx_rx_bytes_total: 300
http.edge.downstream_cx_tx_bytes_total: 4000
http.internal-cart.downstream_cx_rx_bytes_total: 600
http.internal-cart.downstream_cx_tx_bytes_total: 4900
listener.admin.downstream_cx_total: 3
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("run"), PlatformKeys(restart_delay_s=0.2),
                    DataKeys(products=60, customers=10)) as made:
        yield made


@pytest.fixture(scope="module")
def monolith(deployment: Deployment) -> Stack:
    return deployment.start(MONOLITH)


@pytest.fixture(scope="module")
def services(deployment: Deployment) -> Stack:
    return deployment.start(MICROSERVICES)


def internal_port(stack: Stack, service: str) -> int:
    """Where callers ask a service."""
    config = json.loads((stack.private_folder / f"{stack.topology.name}-envoy.json").read_text())
    listeners = {one["name"]: one["address"]["socket_address"]["port_value"]
                 for one in config["static_resources"]["listeners"]}
    return int(listeners[f"internal-{service}"])


def ask_raw(port: int, path: str) -> tuple[int, int]:
    """Ask once, on a connection of its own; return bytes sent and bytes got."""
    request = f"GET {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode()
    got = 0
    with socket.create_connection((HOST, port), timeout=10) as client:
        client.sendall(request)
        while piece := client.recv(65_536):
            got += len(piece)
    return len(request), got


def moved(stack: Stack, before: TrafficReading | None) -> dict[str, PartTraffic]:
    after = read_traffic(stack)
    assert before is not None
    assert after is not None
    return traffic_between(before, after, after.at_s - before.at_s)


def test_what_visitors_send_and_get_is_counted_to_the_byte_in_both_stores(
        monolith: Stack, services: Stack) -> None:
    for stack, part in ((monolith, "monolith"), (services, "catalog")):
        before = read_traffic(stack)
        edge_port = int(stack.base_url.rsplit(":", 1)[1])
        asked = [ask_raw(edge_port, "/api/products/7") for _ in range(5)]
        sent, got = (sum(one) for one in zip(*asked, strict=True))
        seen = moved(stack, before)
        assert (seen["envoy"].received, seen["envoy"].sent) == (sent, got)
        body = len(urllib3.request("GET", f"{stack.base_url}/api/products/7").data)
        assert 5 * body < seen[part].sent < 5 * (body + HEADS)
        assert sent < seen[part].received < sent + 5 * HEADS
        assert set(seen) == {"envoy", *(one.name for one in stack.topology.deployables)}
        assert (seen[part].tries, seen[part].retries) == (5, 0)


def test_a_call_between_services_is_counted_to_the_byte_at_who_is_asked(services: Stack) -> None:
    before = read_traffic(services)
    sent, got = ask_raw(internal_port(services, "payments"), "/internal/nothing")
    seen = moved(services, before)
    assert (seen["payments"].calls_received, seen["payments"].calls_sent) == (sent, got)
    assert 0 < seen["payments"].received < sent + HEADS
    assert (seen["envoy"].received, seen["cart"].calls_received) == (0, 0)
    assert (seen["payments"].tries, seen["cart"].tries) == (1, 0)


def test_only_a_store_of_services_has_bytes_between_them(monolith: Stack,
                                                        services: Stack) -> None:
    """A whole visit, order included; the callers' bytes are those of the services asked."""
    between = {}
    for stack in (monolith, services):
        before = read_traffic(stack)
        assert smoke(stack.base_url) == []
        seen = moved(stack, before)
        between[stack.topology.name] = {part: one.calls_sent for part, one in seen.items()
                                        if one.calls_sent}
        assert seen["envoy"].sent > 1_000
    assert between["monolith"] == {}
    assert {"catalog", "cart", "payments"} <= set(between["microservices"])


def test_health_checks_are_not_counted(monolith: Stack) -> None:
    before = read_traffic(monolith)
    checks = monolith_checks(monolith)
    deadline = time.monotonic() + 20
    while monolith_checks(monolith) < checks + 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert monolith_checks(monolith) >= checks + 2
    assert moved(monolith, before)["monolith"] == PartTraffic(received=0, sent=0)


def monolith_checks(stack: Stack) -> int:
    status, text = ask_admin(stack, "GET", "/stats?filter=cluster.monolith.health_check.attempt")
    assert status == 200
    return int(text.split(": ")[1])


def ask_admin(stack: Stack, method: str, path: str) -> tuple[int, str]:
    connection = UnixConnection(admin(stack))
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def admin(stack: Stack) -> Path:
    path = admin_socket(stack.private_folder)
    assert path
    return path


def test_the_proxy_tells_its_counters_to_our_user_and_obeys_nobody(monolith: Stack) -> None:
    assert stat.S_IMODE(admin(monolith).stat().st_mode) == 0o600
    for method, path in (("POST", "/quitquitquit"), ("POST", "/reset_counters"),
                         ("GET", "/config_dump"), ("GET", "/clusters"), ("POST", "/logging"),
                         ("GET", "/stats/recentlookups"), ("GET", "/")):
        assert ask_admin(monolith, method, path)[0] in {403, 404}, path
    process = psutil.Process(monolith.processes["envoy", 0].pid)
    listening = [one.laddr.ip for one in process.net_connections("tcp") if one.status == "LISTEN"]
    assert listening == [HOST], "the edge alone"


def test_a_proxy_that_began_anew_is_not_compared_with_the_one_before(services: Stack) -> None:
    before = read_traffic(services)
    psutil.Process(services.processes["envoy", 0].pid).kill()
    deadline = time.monotonic() + 20
    while (after := read_traffic(services)) is None or after == before:
        assert time.monotonic() < deadline, "the proxy did not come back on its socket"
        time.sleep(0.05)
    assert before is not None
    assert after.pid != before.pid
    assert traffic_between(before, after, after.at_s - before.at_s) == {}


def test_counters_of_bytes_and_requests_are_read_and_others_passed_over() -> None:
    counters = counters_in(TEXT)
    assert counters["cluster", "cart", "rx"] == 5000
    assert counters["cluster", "cart", "retry"] == 17
    assert ("http", "internal-cart", "tx") in counters
    assert len(counters) == 12
    assert counters_in("") == {}


def test_a_part_receives_what_the_proxy_wrote_to_it() -> None:
    counted = {("cluster", "cart", "rx"): 1000, ("http", "edge", "rx"): 100,
               ("cluster", "cart", "total"): 40, ("cluster", "cart", "retry"): 7}
    seen = traffic_between(TrafficReading(7, 2.0, counted),
                           TrafficReading(7, 12.0, counters_in(TEXT)), 10.0)
    assert seen == {
        "envoy": PartTraffic(received=200, sent=4000),
        "cart": PartTraffic(received=700, sent=4000, calls_received=600, calls_sent=4900,
                            tries=62, retries=10),
        "storefront": PartTraffic(received=20, sent=10)}


def test_without_two_readings_of_one_proxy_nothing_is_said() -> None:
    counters = counters_in(TEXT)
    first, last = TrafficReading(7, 0.0, counters), TrafficReading(7, 10.0, counters)
    assert traffic_between(first, last, 10.0)
    assert traffic_between(TrafficReading(8, 0.0, counters), last, 10.0) == {}
    assert traffic_between(None, last, 10.0) == {}
    assert traffic_between(first, None, 10.0) == {}


@pytest.mark.parametrize(("late_s", "is_said"), [(0.4, True), (0.6, False), (-0.6, False)])
def test_readings_that_do_not_span_the_window_are_left_out(late_s: float, *,
                                                           is_said: bool) -> None:
    """An end that came late by a twentieth of the window counts other requests' bytes."""
    first = TrafficReading(7, 0.0, counters_in(TEXT))
    last = TrafficReading(7, 10.0 + late_s, counters_in(TEXT))
    assert bool(traffic_between(first, last, 10.0)) == is_said


def test_a_path_too_long_for_a_socket_is_not_tried(tmp_path: Path) -> None:
    assert admin_socket(tmp_path / ("long" * 30)) is None
    assert admin_socket(Path("/tmp/shop")) == Path("/tmp/shop/admin")
