"""What the dependency graph predicts, before a row of the broken run is looked at.

A pure function of the declared graph (`contract.endpoints.NEEDS`), the fault as it was meant, where
it acts, and the mix of the matched run without fault.  It knows one mechanism: a request that needs
what is broken is lost when its call is hit.  Queues, retries, shared processes and shared pools are
not in it; what is lost beyond the prediction is amplification.  The models: docs/isolation.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contract.endpoints import BY_NAME, NEEDS
from contract.run_record import FaultRecord

_ENDS_PROCESSES: Final = frozenset({"crash", "poison"})
_WAYS: Final = {"network_delay": 2}
"""How often the delay is met in one call: there and back."""
_ONLY_LATE: Final = frozenset({"slow", "burn", "network_delay"})
_ON_A_LINK: Final = frozenset({"network_cut", "network_drop", "network_delay"})
_WHOLE: Final = frozenset({"monolith", "colocated"})
"""Programs that run every module."""
_OF_PRODUCTS: Final = frozenset({"catalog", "search"})
"""Modules that read `products` where one database holds all tables."""
_WITHOUT_PRODUCTS: Final = frozenset({"list_categories"})
"""Endpoints of the catalog that read another table."""


@dataclass(frozen=True, slots=True)
class Place:
    """What of a topology decides whom a fault reaches."""

    is_split: bool = False
    """Each module has tables of its own; no: one database holds all of them."""
    one_server: bool = True
    """One PostgreSQL server holds every database of the store."""
    replicas: int = 1
    """Of the program that runs the broken module."""


def place_of(topology: Mapping[str, Any], store: str, module: str) -> Place:
    """Read a topology as the scenario file defines it; what it leaves out is the default."""
    programs = topology.get("deployables", {})
    program = next((name for name in programs if name in _WHOLE), module)
    is_split = store == "microservices"
    return Place(is_split, not is_split or topology.get("database_servers", "one") == "one",
                 programs.get(program, {}).get("replicas", 1))


def reaches(fault: FaultRecord, endpoint: str, place: Place) -> bool:
    """Does an answer of this endpoint pass what the fault breaks?

    A broken way between parts is met by the calls of other parts only: visitors come to a module
    through the edge.  A server that is down takes all its databases along.
    """
    module, needed = fault.module, NEEDS.get(endpoint, frozenset())
    if module == "database" or (fault.kind == "database_down" and place.one_server):
        return endpoint in NEEDS
    if fault.kind in _ON_A_LINK:
        return module in needed and BY_NAME[endpoint].domain != module
    if fault.kind == "database_lock" and not place.is_split and module in _OF_PRODUCTS:
        reads = bool(needed & _OF_PRODUCTS)
        return reads and (module == "catalog" or endpoint not in _WITHOUT_PRODUCTS)
    return module in needed


def lost_of_hit(fault: FaultRecord, calls_per_s: float, slo_ms: float, restart_s: float,
                replicas: int = 1) -> float:
    """Predicted share lost of the requests that need the module, in the fault's window.

    `calls_per_s`: their rate in the matched run; `restart_s`: how long an ended process is away.
    """
    if not fault.applies or fault.kind == "leak":
        return 0.0
    if fault.kind in _ONLY_LATE:
        delay_ms = fault.delay_ms * _WAYS.get(fault.kind, 1)
        return fault.dose if delay_ms > slo_ms else 0.0
    if fault.kind in _ENDS_PROCESSES:
        away = fault.dose * calls_per_s * restart_s / replicas
        return 1 - (1 - fault.dose) / (1 + away)
    if fault.kind == "replica_kill":
        return min(restart_s / fault.for_s, 1.0) / replicas if fault.for_s else 0.0
    if fault.kind == "replica_freeze":
        return 1.0 / replicas
    return fault.dose


def predict(fault: FaultRecord, place: Place, mix: Mapping[tuple[str, str], int],
            window_s: float, slo_ms: float, restart_s: float) -> dict[str, float]:
    """Feature → predicted share of its requests lost.

    `mix`: (feature, endpoint) → requests of the matched run in the same window of `window_s`.
    """
    hit = sum(n for (_, endpoint), n in mix.items() if reaches(fault, endpoint, place))
    lost = lost_of_hit(fault, hit / window_s if window_s else 0.0, slo_ms, restart_s,
                       place.replicas)
    predicted: dict[str, float] = {}
    for feature in {feature for feature, _ in mix}:
        own = {endpoint: n for (name, endpoint), n in mix.items() if name == feature}
        needing = sum(n for endpoint, n in own.items() if reaches(fault, endpoint, place))
        predicted[feature] = lost * needing / sum(own.values()) if needing else 0.0
    return predicted
