"""Whom a fault reaches, by where it acts and how the store is laid out."""

from __future__ import annotations

import pytest

from contract.endpoints import NEEDS
from contract.reach import Place, place_of, reaches

SPLIT = Place(is_split=True)
A_SERVER_EACH = Place(is_split=True, one_server=False)


def hit_by(kind: str, module: str, place: Place = SPLIT) -> set[str]:
    return {name for name in NEEDS if reaches(module, kind, name, place)}


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


def test_a_trial_may_ask_for_more_of_every_program() -> None:
    services = {"deployables": {"catalog": {"replicas": 2}}}
    assert place_of(services, "microservices", "catalog", times=2).replicas == 4
    assert place_of(services, "microservices", "cart", times=2).replicas == 2
    assert place_of({}, "monolith", "cart", times=3) == Place(False, True, 3)
