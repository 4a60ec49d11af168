"""What the dependency graph predicts, before a row of the broken run is looked at.

A pure function of the declared graph (`contract.endpoints.NEEDS`), the fault as it was meant, where
it acts, and the requests of the matched run without fault.  It knows one mechanism: a request that
needs what is broken is lost when its call is hit, or late by as many round trips as it makes.
Queues, retries, shared processes and shared pools are not in it; what is lost beyond the prediction
is amplification.  The models: docs/isolation.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from contract.endpoints import BY_NAME, NEEDS
from contract.run_record import FaultRecord

_ENDS_PROCESSES: Final = frozenset({"crash", "poison"})
ONLY_LATE: Final = frozenset({"slow", "burn", "network_delay"})
ON_A_LINK: Final = frozenset({"network_cut", "network_drop", "network_delay"})
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
    if fault.kind in ON_A_LINK:
        return module in needed and BY_NAME[endpoint].domain != module
    if fault.kind == "database_lock" and not place.is_split and module in _OF_PRODUCTS:
        reads = bool(needed & _OF_PRODUCTS)
        return reads and (module == "catalog" or endpoint not in _WITHOUT_PRODUCTS)
    return module in needed


class Request(NamedTuple):
    """A request of the matched run; `statements` and `service_calls` are what its answer needed."""

    feature: str
    endpoint: str
    good: bool
    response_ms: float
    statements: int
    service_calls: int


def lost_of_hit(fault: FaultRecord, calls_per_s: float, restart_s: float,
                replicas: int = 1) -> float:
    """Predicted share lost of the requests that the fault reaches, in its window, by all kinds but
    those that only make late, and leak.

    `calls_per_s`: their rate; `restart_s`: how long an ended process is away.
    """
    if fault.kind in _ENDS_PROCESSES:
        away = fault.dose * calls_per_s * restart_s / replicas
        return 1 - (1 - fault.dose) / (1 + away)
    if fault.kind == "replica_kill":
        return min(restart_s / fault.for_s, 1.0) / replicas if fault.for_s else 0.0
    if fault.kind == "replica_freeze":
        return 1.0 / replicas
    return fault.dose


def later_ms(fault: FaultRecord, request: Request) -> float:
    """How much later a request is that the fault hits: the delay, as often as it is met.

    A fault point is passed once in a request.  On a way every round trip is late twice, there and
    back: each statement on the way to the databases, one call to the bank.  Calls to a module are
    not recorded apart: those of a request are shared out evenly among the modules it calls.
    """
    if fault.kind != "network_delay":
        return fault.delay_ms
    trips: float = 1
    if fault.module == "database":
        trips = request.statements
    elif fault.module != "bank":
        called = NEEDS[request.endpoint] - {BY_NAME[request.endpoint].domain, "bank"}
        trips = max(1.0, request.service_calls / len(called))
    return 2 * fault.delay_ms * trips


def predict(fault: FaultRecord, place: Place, requests: Sequence[Request], window_s: float,
            slo_ms: float, restart_s: float) -> dict[str, float] | None:
    """Feature → predicted share of its requests lost; None: nothing can be predicted.

    `requests`: of the matched run, in the same window of `window_s`.
    """
    if fault.kind == "leak" and fault.applies:
        return None
    hit = [one for one in requests if fault.applies and reaches(fault, one.endpoint, place)]
    if fault.kind in ONLY_LATE:
        late = [one for one in hit if one.good
                and one.response_ms + later_ms(fault, one) > slo_ms]
        return _shares(late, [one for one in requests if one.good], fault.dose)
    lost = lost_of_hit(fault, len(hit) / window_s if window_s else 0.0, restart_s, place.replicas)
    return _shares(hit, requests, lost)


def _shares(some: Sequence[Request], of: Sequence[Request], times: float) -> dict[str, float]:
    own, whole = (Counter(one.feature for one in them) for them in (some, of))
    return {feature: times * own[feature] / n for feature, n in whole.items()}
