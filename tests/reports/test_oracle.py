"""The oracle: what each kind of fault is expected to cost."""

from __future__ import annotations

import pytest

from contract.endpoints import NEEDS
from contract.run_record import FaultRecord
from reports.oracle import Place, lost_of_hit, place_of, predict, reaches


def fault(kind: str, **changes: object) -> FaultRecord:
    return FaultRecord.model_validate({
        "name": "x", "module": "payments", "kind": kind, "dose": 1.0, "delay_ms": 0.0,
        "at_s": 3.0, "for_s": 4.0, **changes})


@pytest.mark.parametrize(("kind", "changes", "expected"), [
    ("error", {"dose": 0.5}, 0.5),
    ("hang", {}, 1.0),
    ("down", {}, 1.0),
    ("network_cut", {}, 1.0),
    ("network_cut", {"applies": False}, 0.0),
    ("leak", {}, 0.0),
    ("slow", {"delay_ms": 249.0}, 0.0),
    ("slow", {"delay_ms": 251.0, "dose": 0.25}, 0.25),
    ("network_delay", {"delay_ms": 120.0}, 0.0),
    ("network_delay", {"delay_ms": 130.0}, 1.0),
    ("replica_kill", {}, 0.25),
    ("replica_freeze", {}, 1.0),
    ("crash", {}, 1.0),
    ("poison", {"dose": 0.05}, 1 - 0.95 / 1.5),  # 10 calls/s: one crash in 2 s, away for 1 s
])
def test_the_share_lost_follows_from_the_kind(kind: str, changes: dict[str, object],
                                              expected: float) -> None:
    assert lost_of_hit(fault(kind, **changes), 10.0, 250.0, 1.0) == pytest.approx(expected)


def test_one_of_two_replicas_takes_half_along() -> None:
    assert lost_of_hit(fault("replica_freeze"), 10.0, 250.0, 1.0, 2) == 0.5
    assert lost_of_hit(fault("replica_kill"), 10.0, 250.0, 1.0, 2) == 0.125


SPLIT = Place(is_split=True)
A_SERVER_EACH = Place(is_split=True, one_server=False)


def test_only_requests_that_need_the_module_are_expected_to_be_lost() -> None:
    mix = {("checkout", "place_order"): 30, ("orders", "list_orders"): 30,
           ("orders", "get_payment"): 10, ("browse", "get_product"): 100}
    assert predict(fault("error", dose=0.4), SPLIT, mix, 4.0, 250.0, 1.0) == pytest.approx(
        {"checkout": 0.4, "orders": 0.1, "browse": 0.0})


def hit_by(kind: str, module: str, place: Place = SPLIT) -> set[str]:
    return {name for name in NEEDS if reaches(fault(kind, module=module), name, place)}


def test_every_request_needs_the_databases() -> None:
    assert hit_by("down", "database") == hit_by("network_cut", "database") == set(NEEDS)
    assert hit_by("down", "bank") == {"place_order", "cancel_order"}


@pytest.mark.parametrize("kind", ["network_cut", "network_drop", "network_delay"])
def test_a_broken_way_between_parts_is_met_by_calls_only(kind: str) -> None:
    """Visitors come to a module through the edge: its own endpoints are not hit."""
    in_cart = {"show_cart", "put_item", "remove_item"}
    assert hit_by(kind, "catalog") == in_cart | {"place_order", "cancel_order"}
    assert hit_by(kind, "cart") == {"place_order"}
    assert hit_by(kind, "payments") == hit_by(kind, "bank") == {"place_order", "cancel_order"}
    mix = {("browse", "get_product"): 40, ("cart", "show_cart"): 10, ("checkout", "place_order"): 5}
    cut = fault(kind, module="catalog", delay_ms=1000.0)
    assert predict(cut, SPLIT, mix, 4.0, 250.0, 1.0) == {"browse": 0.0, "cart": 1.0,
                                                         "checkout": 1.0}


def test_a_server_that_is_down_takes_all_its_databases_along() -> None:
    assert hit_by("database_down", "catalog", SPLIT) == set(NEEDS)
    assert hit_by("database_down", "catalog", Place()) == set(NEEDS)
    assert hit_by("database_down", "catalog", A_SERVER_EACH) == {
        name for name, needed in NEEDS.items() if "catalog" in needed}


def test_locked_tables_hold_up_all_who_read_them() -> None:
    """In the monolith the search's index is a column of the catalog's products."""
    of_catalog = {name for name, needed in NEEDS.items() if "catalog" in needed}
    assert hit_by("database_lock", "catalog", SPLIT) == of_catalog
    assert hit_by("database_lock", "search", SPLIT) == {"search_products"}
    assert hit_by("database_lock", "catalog", Place()) == of_catalog | {"search_products"}
    assert hit_by("database_lock", "search", Place()) == (
        of_catalog | {"search_products"}) - {"list_categories"}
    assert hit_by("database_lock", "payments", Place()) == hit_by("database_lock", "payments")


def test_a_place_is_read_from_the_topology_of_the_scenario_file() -> None:
    services = {"deployables": {"catalog": {"replicas": 2}, "cart": {}}}
    assert place_of(services, "microservices", "catalog") == Place(True, True, 2)
    assert place_of(services, "microservices", "cart") == SPLIT
    assert place_of(services | {"database_servers": "each"}, "microservices",
                    "cart") == A_SERVER_EACH
    assert place_of({"deployables": {"monolith": {"replicas": 3}}, "database_servers": "each"},
                    "monolith", "cart") == Place(False, True, 3)
    assert place_of({}, "microservices", "bank") == SPLIT
