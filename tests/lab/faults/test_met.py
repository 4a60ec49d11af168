"""Which requests met a broken database, lock or way: those that need it, while it was broken."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from contract.reach import Place
from contract.results import REQUESTS, write_table
from contract.run_record import FaultRecord
from lab.faults.met import requests_met

NEVER = math.nan
SPLIT, WHOLE = Place(is_split=True), Place()


def fault(module: str, kind: str, armed_at_s: float | None = 2.0) -> FaultRecord:
    return FaultRecord(name="x", module=module, kind=kind, dose=1, delay_ms=0, at_s=2, for_s=3,
                       armed_at_s=armed_at_s, cleared_at_s=5.0)


def rows(folder: Path, *sent: tuple[str, float]) -> Path:
    path = folder / "rows.parquet"
    write_table([(1, number, 0, "shop", "cart", endpoint, 0.0, 0.0, at_s, at_s + 0.1, 200, "ok", "",
                  0, 9, "", 1, 1) for number, (endpoint, at_s) in enumerate(sent)], REQUESTS, path)
    return path


@pytest.mark.parametrize(("at_s", "met"), [(1.9, 0), (2.0, 1), (4.9, 1), (5.0, 0), (NEVER, 0)])
def test_only_what_was_sent_meanwhile_counts(at_s: float, met: int, tmp_path: Path) -> None:
    path = rows(tmp_path, ("search_products", at_s))
    assert requests_met(fault("search", "database_lock"), path, SPLIT) == met


@pytest.mark.parametrize(("module", "kind", "met"), [
    ("catalog", "database_lock", 3), ("catalog", "network_cut", 2),  # its own pages come otherwise
    ("catalog", "network_delay", 2), ("cart", "network_drop", 1),
    ("bank", "network_cut", 1), ("bank", "down", 1),
    ("search", "database_down", 4), ("database", "network_drop", 4), ("database", "down", 4)])
def test_a_request_counts_when_the_fault_reaches_its_endpoint(
        module: str, kind: str, met: int, tmp_path: Path) -> None:
    path = rows(tmp_path, ("get_product", 3.0), ("show_cart", 3.0), ("place_order", 3.0),
                ("list_orders", 3.0), ("livez", 3.0))
    assert requests_met(fault(module, kind), path, SPLIT) == met


def test_a_delay_that_only_a_service_s_own_polls_met_has_met_no_request(tmp_path: Path) -> None:
    """Search asks the catalog for news by itself: those deliveries left late, and were counted."""
    path = rows(tmp_path, ("get_product", 3.0), ("search_products", 3.0))
    assert requests_met(fault("catalog", "network_delay"), path, SPLIT) == 0


def test_what_shares_a_table_in_one_store_only_meets_its_lock_there(tmp_path: Path) -> None:
    path = rows(tmp_path, ("get_product", 3.0), ("search_products", 3.0), ("list_orders", 3.0))
    met = [requests_met(fault("search", "database_lock"), path, place) for place in (SPLIT, WHOLE)]
    assert met == [1, 2]


@pytest.mark.parametrize("planted", [
    fault("catalog", "error"), fault("catalog", "replica_kill"),
    fault("catalog", "network_cut", armed_at_s=None)])
def test_other_kinds_and_what_was_not_armed_are_not_counted(planted: FaultRecord,
                                                            tmp_path: Path) -> None:
    assert requests_met(planted, rows(tmp_path, ("place_order", 3.0)), WHOLE) is None
