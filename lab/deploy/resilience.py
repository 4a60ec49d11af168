"""What a posture and the platform's policy are in Envoy's words: the same for every store."""

from __future__ import annotations

from typing import Any, Final

from contract.posture import Posture
from lab.keys.conditions import PlatformKeys

INTERNAL_READS: Final = ("/internal/list_lines", "/internal/quote_products",
                         "/internal/list_changes", "/readyz")
"""Calls between services that change nothing."""
_NEVER: Final = 1_000_000
"""Circuit breakers this high never act."""
_NOTHING_SENT: Final = "connect-failure"
"""The only failure after which a write may be sent again: no connection was made."""


def route(match: dict[str, Any], cluster: str, deadline_s: float, posture: Posture,
          *, is_read: bool) -> dict[str, Any]:
    """Return a route with its deadline and, where the posture has retries, its retry policy."""
    action: dict[str, Any] = {"cluster": cluster, "timeout": f"{deadline_s:g}s"}
    if posture.retries:
        action["retry_policy"] = {
            "retry_on": "5xx" if is_read else _NOTHING_SENT,
            "num_retries": posture.retries,
            "per_try_timeout": f"{deadline_s / 2 if is_read else deadline_s:g}s",
            "retry_host_predicate": [{
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.retry.host."
                                          "previous_hosts.v3.PreviousHostsPredicate"}}],
            "host_selection_retry_max_attempts": "3",
            "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.1s"},
        }
    return {"match": match, "route": action}


def circuit_breakers(posture: Posture) -> dict[str, Any]:
    """Return the bounds of one program."""
    limits: dict[str, Any] = dict.fromkeys(
        ("max_connections", "max_pending_requests", "max_requests", "max_retries"), _NEVER)
    if posture.max_requests is not None:
        limits["max_connections"] = limits["max_requests"] = posture.max_requests
    if posture.max_pending is not None:
        limits["max_pending_requests"] = posture.max_pending
    if posture.retry_budget is not None:
        limits["retry_budget"] = {"budget_percent": {"value": posture.retry_budget * 100},
                                  "min_retry_concurrency": 1}
    return {"thresholds": [limits]}


def outlier_detection(posture: Posture, replicas: int) -> dict[str, Any]:
    """Return when a replica is left out; nothing where it is the only one."""
    if posture.eject_after is None or replicas < 2:
        return {}
    return {"outlier_detection": {
        "consecutive_5xx": posture.eject_after, "enforcing_consecutive_5xx": 100,
        "enforcing_consecutive_gateway_failure": 0, "enforcing_success_rate": 0,
        "interval": "0.5s", "base_ejection_time": f"{posture.eject_s:g}s",
        "max_ejection_percent": round(posture.eject_share * 100),
        # A defect in one part of a program leaves its /readyz as it is.
        "successful_active_health_check_uneject_host": False,
    }}


def health_checks(platform: PlatformKeys, path: str) -> list[dict[str, Any]]:
    """Return how the platform finds out who is ready; a matter of no posture."""
    return [{
        "timeout": f"{platform.probe_timeout_s:g}s",
        "interval": f"{platform.probe_every_s:g}s",
        "no_traffic_interval": f"{platform.probe_every_s:g}s",
        "unhealthy_interval": f"{platform.probe_again_s:g}s",
        "unhealthy_threshold": platform.unready_after,
        "healthy_threshold": platform.ready_after,
        "http_health_check": {"path": path},
    }]
