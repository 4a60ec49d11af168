"""Whom a fault reaches: by where it acts, the declared graph, and how the store is laid out.

The lab asks it to prove that a fault met a request, the oracle to predict what is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from contract.endpoints import BY_NAME, NEEDS
from contract.faults import PointKind

ON_A_LINK: Final = frozenset({"network_cut", "network_drop", "network_delay"})
"""Kinds that act on the way between parts."""
_WHOLE: Final = frozenset({"monolith", "colocated"})
"""Programs that run every module."""
_OF_PRODUCTS: Final = frozenset({"catalog", "search"})
"""Modules that read `products` where one database holds all tables."""
_PAST_ITS_POINT: Final[Mapping[str, frozenset[str]]] = {
    "catalog": frozenset({"cancel_order", "create_product", "change_product"}),
    "payments": frozenset({"cancel_order", "get_payment"}),
}
"""Module → endpoints that need it and pass no fault point of its code: refunds, administration."""
_AT_A_POINT: Final = frozenset(get_args(PointKind))
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


def place_of(topology: Mapping[str, Any], store: str, module: str, times: int = 1) -> Place:
    """Read a topology as the scenario file defines it; what it leaves out is the default.

    `times`: as many of every program as the trial asked for.
    """
    programs = topology.get("deployables", {})
    program = next((name for name in programs if name in _WHOLE), module)
    is_split = store == "microservices"
    return Place(is_split, not is_split or topology.get("database_servers", "one") == "one",
                 programs.get(program, {}).get("replicas", 1) * times)


def reaches(module: str, kind: str, endpoint: str, place: Place) -> bool:
    """Does an answer of this endpoint pass what the fault breaks?

    A broken way between parts is met by the calls of other parts only: visitors come to a module
    through the edge.  A server that is down takes all its databases along.  A defect of code acts
    where the module's fault point is passed.
    """
    needed = NEEDS.get(endpoint, frozenset())
    if module == "database" or (kind == "database_down" and place.one_server):
        return endpoint in NEEDS
    if kind in ON_A_LINK:
        return module in needed and BY_NAME[endpoint].domain != module
    if kind == "database_lock" and not place.is_split and module in _OF_PRODUCTS:
        reads = bool(needed & _OF_PRODUCTS)
        return reads and (module == "catalog" or endpoint not in _WITHOUT_PRODUCTS)
    is_past = kind in _AT_A_POINT and endpoint in _PAST_ITS_POINT.get(module, ())
    return module in needed and not is_past
